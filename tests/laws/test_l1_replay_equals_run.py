"""L1: replay equals run."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from flowagents.core.program import Program
from flowagents.core.step import advance, fold, step
from flowagents.core.task import State
from flowagents.runtime.loops import run_sync
from flowagents.runtime.replay import replay
from flowagents.runtime.trace import TraceWriter, read_trace
from flowagents.testing.strategies import World, world_from_bytes, worlds
from tests.laws.playing import MEMORY, Ticks, driver_of, play

SEEDS = 100 if os.environ.get("CI", "").lower() == "true" else 6
ROOT = Path(__file__).parents[2]
REPLAYED = 12
"""How many traces each hash seed replays."""
CHILD = """
import pickle, sys
from flowagents.core.program import Program
from flowagents.core.step import fold
from flowagents.runtime.replay import replay
from flowagents.runtime.trace import read_trace
for path in sys.argv[1:]:
    with open(path + ".graph", "rb") as file:
        program = Program(pickle.load(file))
    trace = read_trace(path)
    print(replay(program, trace).digest, fold(program, trace.events[:-1]).digest, program.fingerprint)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


@given(worlds(seconds=True))
def test_folding_the_events_of_a_run_gives_its_state(world: World) -> None:
    driver = play(world, clock=Ticks())
    folded = fold(Program(world.graph), driver.events)
    assert folded.form() == driver.state.form()
    assert folded.digest == driver.state.digest


@given(worlds(seconds=True))
def test_stepping_on_copies_gives_the_states_of_a_fold(world: World) -> None:
    program, state, folded = Program(world.graph), State(), State()
    for event in play(world, clock=Ticks()).events:
        state = step(program, state, event)
        advance(program, folded, event)
        assert state.form() == folded.form()


@given(worlds(seconds=True))
def test_a_trace_that_was_written_and_read_replays_to_the_same_state(folder: Path, world: World) -> None:
    path = folder / "one.jsonl"
    recorded = record(world, path)
    trace = read_trace(path)
    replayed = replay(Program(world.graph), trace)
    assert replayed.digest == recorded.digest == trace.stopped["digest"]


def record(world: World, path: Path) -> State:
    """Run a world and write its trace."""
    program = Program(world.graph)
    driver = driver_of(world, clock=Ticks(), log=TraceWriter(path, program, "run"), program=program)
    driver.start(world.data, MEMORY)
    run_sync(driver)
    return driver.state


def rich_worlds() -> Iterator[World]:
    """Yield worlds, always the same ones, whose runs take in several events."""
    chance = random.Random(0)
    while True:
        world = world_from_bytes(chance.randbytes(256))
        if len(play(world).events) > 5:
            yield world


def test_traces_replay_alike_under_every_hash_seed(folder: Path) -> None:
    expected, paths = [], []
    for number, world in zip(range(REPLAYED), rich_worlds(), strict=False):
        path = folder / f"seeded-{number}.jsonl"
        state, program = record(world, path), Program(world.graph)
        path.with_name(path.name + ".graph").write_bytes(pickle.dumps(world.graph))
        cut = fold(program, read_trace(path).events[:-1])
        expected.append(f"{state.digest} {cut.digest} {program.fingerprint}")
        paths.append(str(path))
    for seed in range(0, SEEDS, 2):
        pair = [replaying(paths, seed), replaying(paths, seed + 1)]
        for number, child in enumerate(pair, seed):
            printed, errors = child.communicate()
            assert printed.splitlines() == expected, f"under PYTHONHASHSEED={number}: {errors}"


def replaying(paths: list[str], seed: int) -> subprocess.Popen[str]:
    """Start an interpreter with a hash seed that replays traces and prints the digests."""
    # Not frozen: reading a pickle sets the fields of a value.
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT), "FLOWAGENTS_FROZEN": "0"}
    command = [sys.executable, "-c", CHILD, *paths]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
