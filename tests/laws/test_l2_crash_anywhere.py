"""L2: cut a trace anywhere, resume with the same answers, and the state is the same; nothing is asked twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowagents.core.effects import Effect, Name
from flowagents.core.events import Answered, Event, Failed
from flowagents.core.program import Program
from flowagents.runtime.driver import Driver
from flowagents.runtime.loops import run_sync
from flowagents.runtime.performing import Ticket
from flowagents.runtime.trace import TraceWriter, continue_trace, read_trace
from flowagents.testing.strategies import World, worlds
from tests.laws.playing import MEMORY, any_failure, driver_of, events_in_order, play


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


class Counting:
    """Performs by a world's script and counts how often it was asked for each effect."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: Counter[Name] = Counter()

    def __call__(self, effect: Effect, ticket: Ticket) -> Any:
        self.asked[ticket.name] += 1
        return self.world.script.perform(effect, ticket)


def resume(world: World, events: Sequence[Event]) -> tuple[Driver, Counter[Name]]:
    """Bring a new run to the end of what was recorded and let it go on."""
    counting = Counting(world)
    driver = driver_of(world, counting)
    driver.adopt(events)
    run_sync(driver)
    return driver, counting.asked


def cuts(events: Sequence[Event]) -> range:
    """Return the lengths at which to cut: all, or of a long run a dozen, from the first event to the last."""
    return range(1, len(events) + 1, 1 + len(events) // 12)


def assert_resumes_everywhere(world: World, run: Driver) -> None:
    """Cut a run after each event; the rest must lead to its state and ask for nothing that was recorded."""
    for length in cuts(run.events):
        kept = run.events[:length]
        resumed, asked = resume(world, kept)
        assert resumed.state.digest == run.state.digest
        recorded = {event.name for event in kept if isinstance(event, (Answered, Failed))}
        assert not recorded & set(asked)
        assert set(asked.values()) <= {1}


@given(worlds(parallel=False))
def test_a_run_without_siblings_resumes_after_every_event(world: World) -> None:
    assert_resumes_everywhere(world, play(world))


@given(worlds(failures=False))
def test_a_run_with_siblings_resumes_after_every_event(world: World) -> None:
    run = play(world)
    assume(not any_failure(run.program, run.events))
    assert_resumes_everywhere(world, run)


@given(worlds(), st.binary(max_size=30))
def test_siblings_that_fail_resume_to_the_same_state_if_the_rest_arrives_as_it_did(world: World, order: bytes) -> None:
    program = Program(world.graph)
    events = list(events_in_order(world, program, order))
    whole = driver_of(world)
    whole.adopt(events)
    for length in cuts(events):
        resumed = driver_of(world)
        resumed.adopt(events[:length])
        for event in events[length:]:
            resumed.take(event)
        assert resumed.events == events
        assert resumed.state.digest == whole.state.digest


@given(worlds(parallel=False), st.floats(0, 1))
def test_a_trace_cut_at_any_byte_goes_on_to_the_same_bytes(folder: Path, world: World, part: float) -> None:
    path, program = folder / "cut.jsonl", Program(world.graph)
    driver = driver_of(world, log=TraceWriter(path, program, "run"), program=program)
    driver.start(world.data, MEMORY)
    run_sync(driver)
    whole = path.read_bytes()
    header = whole.index(b"\n") + 1
    path.write_bytes(whole[: header + int(part * (len(whole) - header))])
    trace = read_trace(path)
    assume(trace.stopped is None)
    resumed = driver_of(world, log=continue_trace(path, trace, program), program=program)
    resumed.adopt(trace.events)
    if not trace.events:
        resumed.start(world.data, MEMORY)
    run_sync(resumed)
    assert path.read_bytes() == whole
