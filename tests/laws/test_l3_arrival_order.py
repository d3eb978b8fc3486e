"""L3: where nothing fails, the order in which parallel effects are answered cannot change the result."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import assume, given
from hypothesis import strategies as st

from flowagents.core.effects import Name
from flowagents.core.events import Answered, Event
from flowagents.core.program import Program
from flowagents.core.step import advance
from flowagents.core.task import State
from flowagents.testing.strategies import World, worlds
from tests.laws.playing import any_failure, events_in_order


@given(worlds(failures=False), st.lists(st.binary(min_size=24, max_size=24), min_size=3, max_size=3))
def test_the_same_answers_make_the_same_state_in_whatever_order_they_arrive(world: World, orders: list[bytes]) -> None:
    program = Program(world.graph)
    first = list(events_in_order(world, program, b""))
    assume(not any_failure(program, first))
    known = digests(program, first)
    for order in orders:
        other = digests(program, events_in_order(world, program, order))
        assert max(other, key=len) == max(known, key=len), "other effects were asked for"
        for answered in other:
            assert known.setdefault(answered, other[answered]) == other[answered]


def digests(program: Program, events: Iterable[Event]) -> dict[frozenset[Name], str]:
    """Return the digest of the state after each event, by the names of what was answered until then."""
    state, answered, found = State(), frozenset[Name](), {}
    for event in events:
        advance(program, state, event)
        if isinstance(event, Answered):
            answered |= {event.name}
        found[answered] = state.digest
    return found
