"""The graphs that the laws are tried on are what they claim to be: sound, and of every kind."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from flowagents.core.check import check
from flowagents.core.graph import Graph
from flowagents.core.program import Program
from flowagents.core.step import advance
from flowagents.core.task import State, Task
from flowagents.testing.strategies import World, graphs, guards, scripts, world_from_bytes, worlds
from tests.laws.playing import any_failure, events_in_order


@settings(max_examples=100)
@given(graphs())
def test_graphs_have_no_fault_but_loops_that_only_a_limit_ends(graph: Graph) -> None:
    errors = {finding.code for finding in check(graph) if finding.severity == "error"}
    assert errors <= {"F011"}


@settings(max_examples=100)
@given(worlds(failures=False), st.binary(max_size=30))
def test_without_failures_only_limits_conflicts_and_unfit_registers_end_a_run_early(world: World, order: bytes) -> None:
    program, state = Program(world.graph), State()
    for event in events_in_order(world, program, order):
        advance(program, state, event)
    assert state.stop is not None
    assert state.stop.failure is None or state.stop.failure.kind in ("limit", "conflict", "refused")


@settings(max_examples=100)
@given(worlds(parallel=False))
def test_without_siblings_one_effect_at_a_time_is_outstanding(world: World) -> None:
    program, state = Program(world.graph), State()
    for event in events_in_order(world, program, b""):
        advance(program, state, event)
        assert len(state.waits) <= 1


@settings(max_examples=100)
@given(guards(("n0",)), scripts())
def test_guards_judge_any_answer(guard: object, script: object) -> None:
    row = Program(world_from_bytes(b"").graph).start
    assert callable(guard)
    assert guard(Task((), row, {"answer": ["a"]}, {})) in (True, False)
    assert 0 <= getattr(script, "failing") <= 20  # noqa: B009


def test_worlds_of_every_kind_come_up() -> None:
    chance, found = random.Random(1), Counter[str]()
    for _ in range(600):
        world = world_from_bytes(chance.randbytes(256), seconds=True)
        program, state, wide = Program(world.graph), State(), 0
        events = list(events_in_order(world, program, b"", seconds=1.0))
        for event in events:
            advance(program, state, event)
            wide = max(wide, len(state.waits))
        assert state.stop is not None
        limit = state.stop.rule.split()[0] if state.stop.kind == "limit" else ""
        found[limit or state.stop.name] += 1
        found["siblings"] += wide > 1
        found["rescued"] += state.stop.failure is None and any_failure(program, events)
    kinds = ("done", "left", "error", "refused", "stuck", "siblings", "rescued")
    limits = ("moves_max", "quiet_moves_max", "children_max", "depth_max", "seconds_max")
    assert {kind: found[kind] for kind in (*kinds, *limits) if found[kind] < 6} == {}
