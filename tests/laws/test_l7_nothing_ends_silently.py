"""L7: at every moment a run either waits for something or has stopped, and a stop says how and why."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from flowagents.core.effects import Effect, name_text
from flowagents.core.events import Interrupted, Stop
from flowagents.core.graph import Act, Child, Edge, End, Fan, Graph, Node
from flowagents.core.program import Program
from flowagents.core.step import advance, fold
from flowagents.core.task import State
from flowagents.runtime.performing import WAITING, Ticket
from flowagents.testing.rules import AskPlace
from flowagents.testing.strategies import Script, World, worlds
from tests.laws.playing import Place, events_in_order, places, play

KIND_OF = {"error": "failed", "refused": "failed", "conflict": "failed", "limit": "limit", "stuck": "stuck"}
"""The kind of stop that each kind of failure gives."""


@given(worlds(seconds=True), st.binary(max_size=30))
def test_a_run_waits_or_has_stopped_and_never_both(world: World, order: bytes) -> None:
    program, state = Program(world.graph), State()
    for event in events_in_order(world, program, order, seconds=1.0):
        assert state.stop is None
        assert advance(program, state, event)
        assert (state.stop is None) == bool(state.waits)
        assert (state.stop is None) == bool(state.tasks)
        assert all(path in state.tasks for path, _ in state.waits)
    assert state.stop is not None
    assert_says_why(state.stop, places(world.graph))


def assert_says_why(stop: Stop, nodes: dict[str, Place]) -> None:
    """A stop must name the end that was reached, or the failure with the place where it happened."""
    if stop.failure is None:
        assert stop.kind == "finished"
        assert isinstance(nodes[stop.name].node.does, End)
        return
    assert (stop.kind, stop.name) == (KIND_OF[stop.failure.kind], stop.failure.kind)
    assert stop.rule == stop.failure.text != ""
    assert stop.failure.place in nodes
    if stop.kind == "stuck":
        assert repr(stop.failure.place) in stop.rule


@given(worlds(), st.binary(max_size=30), st.floats(0, 1))
def test_an_interrupt_stops_whatever_goes_on(world: World, order: bytes, part: float) -> None:
    program = Program(world.graph)
    events = list(events_in_order(world, program, order))
    state = fold(program, events[: 1 + int(part * (len(events) - 1))])
    stopped = state.stop
    assert advance(program, state, Interrupted(9.0, "Ctrl-C")) == (stopped is None)
    assert not state.waits
    assert state.stop is not None
    assert stopped is not None or (state.stop.kind, state.stop.rule) == ("cancelled", "Ctrl-C")


@given(worlds())
def test_a_run_that_rests_for_answers_from_outside_says_which(world: World) -> None:
    def perform(effect: Effect, ticket: Ticket) -> Any:
        late = crc32(name_text(ticket.name).encode()) % 3 == 0
        return WAITING if late else world.script.perform(effect, ticket)

    driver = play(world, perform)
    stop = driver.stop
    assert stop is not None
    assert (stop.kind == "waiting") == bool(driver.state.waits)
    if stop.kind == "waiting":
        waits = driver.state.waits
        pending = [name for name in sorted(waits) if name in driver.resting]
        assert stop.evidence == {"pending": [name_text(name) for name in pending]}
        held = {waits[name].resource for name in pending} - {None}
        assert all(name in pending or effect.resource in held for name, effect in waits.items())


def asking(at: str, resource: str | None = None) -> Graph:
    """Return a graph that asks one place."""
    return Graph(at, "ask", (Node("ask", Act(AskPlace(at, (), resource)), (Edge("end"),)), Node("end", End())))


def test_what_was_cancelled_is_no_longer_waited_for() -> None:
    """The first child rests, the second fails: only what is asked after that is pending."""

    def perform(effect: Effect, ticket: Ticket) -> Any:
        if effect.at == "fails":
            raise ValueError("on purpose")
        return WAITING

    fan = Fan((Child("a", asking("rests")), Child("b", asking("fails"))))
    nodes = (Node("fan", fan, (Edge("end"), Edge("ask", None, "failure"))), *asking("later").nodes)
    driver = play(World(Graph("g", "fan", nodes), Script(0), {}), perform)
    assert driver.stop is not None
    assert driver.stop.evidence == {"pending": ["1"]}


def test_a_run_rests_though_a_second_question_for_the_same_human_was_not_asked_yet() -> None:
    fan = Fan((Child("a", asking("first", "terminal")), Child("b", asking("second", "terminal"))))
    graph = Graph("g", "fan", (Node("fan", fan, (Edge("end"),)), Node("end", End())))
    stop = play(World(graph, Script(0), {}), lambda effect, ticket: WAITING).stop
    assert stop is not None
    assert (stop.kind, stop.evidence) == ("waiting", {"pending": ["0.0/0"]})
