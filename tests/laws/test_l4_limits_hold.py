"""L4: no declared limit is exceeded, and a run that reaches one says which."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from flowagents.core.effects import Path
from flowagents.core.limits import Limits
from flowagents.core.program import Program
from flowagents.core.step import Taken, advance
from flowagents.core.task import State
from flowagents.core.value import fields_of
from flowagents.testing.strategies import World, worlds
from tests.laws.playing import Place, events_in_order, owners, places


@given(worlds(seconds=True), st.binary(max_size=30))
def test_no_limit_is_exceeded(world: World, order: bytes) -> None:
    program = Program(world.graph)
    nodes, rows, state = places(world.graph), owners(program), State()
    at_of: dict[Path, Place] = {}
    moves: Counter[Path] = Counter()
    for event in list(events_in_order(world, program, order, seconds=1.0)):
        taken: Taken = []
        advance(program, state, event, taken)
        quiet: Counter[Path] = Counter(path for path, _ in taken)
        moves += quiet
        for path, way in taken:
            at_of[path] = nodes[rows[id(way)].place]
            assert_in_time(at_of[path], event.at - 1.0)
        for path, task in state.tasks.items():
            at_of[path] = nodes[task.row.place]
        for path, place in at_of.items():
            assert moves[path] <= place.tasks[-1].limits.moves_max
            assert quiet[path] <= place.tasks[-1].limits.quiet_moves_max
            assert len(path) // 2 <= min([task.limits.depth_max for task in place.tasks[:-1]], default=0)
    assert_few_children(at_of)


def assert_in_time(place: Place, spent: float) -> None:
    """A move at ``spent`` seconds must be within the time of the task and of all around it."""
    for task in place.tasks:
        assert task.limits.seconds_max is None or spent <= task.limits.seconds_max


def assert_few_children(at_of: dict[Path, Place]) -> None:
    """No node may have started more children than the task it is in allows."""
    for path, place in at_of.items():
        if path:
            siblings = [other for other in at_of if other[:-1] == path[:-1]]
            assert len(siblings) <= place.tasks[-2].limits.children_max


@given(worlds(seconds=True), st.binary(max_size=30))
def test_a_run_that_a_limit_stopped_names_limit_number_and_node(world: World, order: bytes) -> None:
    program, state = Program(world.graph), State()
    for event in events_in_order(world, program, order, seconds=1.0):
        advance(program, state, event)
    stop = state.stop
    assert stop is not None
    if stop.kind == "limit":
        assert stop.failure is not None
        name, number = stop.rule.split()[:2]
        assert name in set(fields_of(Limits) or ())
        declared = [getattr(task.limits, name) for task in places(world.graph)[stop.failure.place].tasks]
        assert float(number) in declared
        assert repr(stop.failure.place) in stop.rule
