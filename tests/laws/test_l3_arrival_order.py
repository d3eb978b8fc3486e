"""L3: where nothing fails, the order in which parallel effects are answered cannot change the result."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from flowagents.core.program import Program
from flowagents.core.step import fold
from flowagents.testing.strategies import World, worlds
from tests.laws.playing import any_failure, events_in_order


@given(worlds(failures=False), st.lists(st.binary(min_size=24, max_size=24), min_size=3, max_size=3))
def test_arrival_order_is_moot(world: World, orders: list[bytes]) -> None:
    program = Program(world.graph)
    first = list(events_in_order(world, program, b""))
    assume(not any_failure(program, first))
    expected = fold(program, first).digest
    for order in orders:
        events = list(events_in_order(world, program, order))
        assert fold(program, events).digest == expected
        assert {event.name for event in events[1:]} == {event.name for event in first[1:]}  # type: ignore[union-attr]
