"""What `step` promises beside the laws: it changes nothing it was given, and nothing for an event nobody waits for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowagents.core.events import Answered, Event, Failed, Failure, Started
from flowagents.core.graph import Act, Call, Child, Compute, Edge, End, Fan, Graph, Node
from flowagents.core.limits import Limits
from flowagents.core.program import Program
from flowagents.core.step import advance, fold, step
from flowagents.core.task import State
from flowagents.testing.rules import AskPlace, CountUp, Increment
from flowagents.testing.strategies import World, worlds
from tests.laws.playing import events_in_order, outcome


@given(worlds(seconds=True), st.binary(max_size=30))
def test_step_leaves_the_state_it_was_given_as_it_was(world: World, order: bytes) -> None:
    program, state = Program(world.graph), State()
    for event in events_in_order(world, program, order, seconds=1.0):
        before = state.digest
        after = step(program, state, event)
        for name in sorted(state.waits):
            step(program, state, outcome(world, state, name, 5.0))
        assert state.digest == before
        state = after


@given(worlds(), st.binary(max_size=30))
def test_late_and_repeated_events_change_nothing(world: World, order: bytes) -> None:
    program, state = Program(world.graph), State()
    seen: list[Event] = []
    for event in events_in_order(world, program, order):
        advance(program, state, event)
        seen.append(event)
        before, now = state.digest, state.now
        for old in seen:
            assert not advance(program, state, old)
        for name in (((), 99), ((99, 0), 0), ((0, 0, 99, 0), 1)):
            assert not advance(program, state, Answered(99.0, name, "late"))
            assert not advance(program, state, Failed(99.0, name, Failure("error", "Late", "late")))
        assert (state.digest, state.now) == (before, now)


def test_a_thousand_children_side_by_side_end_in_any_order() -> None:
    inner = Graph("inner", "ask", (Node("ask", Act(AskPlace("ask")), (Edge("end"),)), Node("end", End(gives="answer"))))
    children = tuple(Child(f"c{number}", inner) for number in range(1_000))
    program = Program(
        Graph("g", "fan", (Node("fan", Fan(children), (Edge("end"),)), Node("end", End(gives="results"))))
    )
    state = fold(program, [Started(1.0, {}, {})])
    assert len(state.waits) == 1_000
    for name in sorted(state.waits, reverse=True):
        advance(program, state, Answered(2.0, name, name[0][-1]))
    assert state.result == {f"c{number}": number for number in range(1_000)}


def test_a_thousand_items_are_gone_over_at_once() -> None:
    inner = Graph(
        "inner",
        "up",
        (Node("up", Compute(Increment("index")), (Edge("end"),)), Node("end", End(gives="index"))),
    )
    graph = Graph(
        "g",
        "map",
        (Node("map", Call(inner, over="items"), (Edge("end"),)), Node("end", End(gives="results"))),
    )
    state = fold(Program(graph), [Started(1.0, {"items": list(range(1_000))}, {})])
    assert state.result == list(range(1, 1_001))


def nested(depth: int) -> Graph:
    """Return a graph that calls a graph that calls, so many times, and counts how often in memory."""
    graph = Graph("g0", "ask", (Node("ask", Act(AskPlace("ask")), (Edge("end"),)), Node("end", End(gives="answer"))))
    for number in range(1, depth + 1):
        nodes = (
            Node("count", Compute(CountUp(("count", "calls"))), (Edge("call"),)),
            Node("call", Call(graph), (Edge("end"),)),
            Node("end", End(gives="results")),
        )
        graph = Graph(f"g{number}", "count", nodes)
    return graph


def test_a_hundred_graphs_one_inside_the_other_work() -> None:
    program = Program(nested(100))
    state = fold(program, [Started(1.0, {}, {})])
    (name,) = state.waits
    assert len(name[0]) == 200
    advance(program, state, Answered(2.0, name, "deep"))
    assert (state.result, state.memory) == ("deep", {("count", "calls"): 100})
    assert len(program.fingerprint) == 64


def test_one_graph_more_is_stopped_by_the_limit_of_depth() -> None:
    stop = fold(Program(nested(Limits().depth_max + 1)), [Started(1.0, {}, {})]).stop
    assert stop is not None
    assert stop.kind == "limit"
    assert stop.rule.startswith("depth_max 100")
