"""Linking: what rows and ways a graph becomes."""

from __future__ import annotations

import pytest

from flowagents.core.graph import Act, Call, Child, Compute, Edge, End, Fan, Graph, Node, Part, inner_graphs
from flowagents.core.guards import AtLeast, Exited, Guard, Is, VisitsAtLeast
from flowagents.core.limits import Limits
from flowagents.core.program import ACT, CALL, COMPUTE, END, FAN, PASS, Program, Row
from flowagents.testing.rules import AskPlace, Increment

ASK = Node("ask", Act(AskPlace("ask")), (Edge("end"),))
DONE = Node("end", End())
ASKING = Graph("asking", "ask", (ASK, DONE))


def graph(*nodes: Node, limits: Limits | None = None) -> Graph:
    """Return a graph that starts at its first node and has an end called ``end``."""
    return Graph("g", nodes[0].name, (*nodes, DONE), limits or Limits())


def ways(row: Row) -> list[tuple[Guard | None, str, tuple[tuple[str, int], ...]]]:
    """Return the ways of a row: guard, place it leads to, edges drawn."""
    return [(way.when, way.to.place, way.drawn) for way in row.ways]


def test_every_node_becomes_a_row_where_it_stands() -> None:
    made = graph(
        Node("p", Part(ASKING), (Edge("c"),)),
        Node("c", Call(ASKING), (Edge("f"),)),
        Node("f", Fan((Child("a", ASKING),)), (Edge("n"),)),
        Node("n", Compute(Increment("n")), (Edge("end"),)),
    )
    kinds = {place: row.kind for place, row in Program(made).rows.items()}
    assert kinds == {
        "p": PASS,
        "p/ask": ACT,
        "p/end": PASS,
        "c": CALL,
        "c/ask": ACT,
        "c/end": END,
        "f": FAN,
        "f/a/ask": ACT,
        "f/a/end": END,
        "n": COMPUTE,
        "end": END,
    }


def test_a_row_shows_its_place() -> None:
    assert repr(Program(ASKING).start) == "Row(ask)"


def test_ways_end_with_the_first_edge_that_is_always_open() -> None:
    made = graph(Node("n", Compute(Increment("n")), (Edge("end", Is("x")), Edge("end"), Edge("n"))))
    assert ways(Program(made).start) == [(Is("x"), "end", (("n", 0),)), (None, "end", (("n", 1),))]


def test_a_way_out_of_a_part_draws_both_edges() -> None:
    made = graph(Node("p", Part(ASKING), (Edge("p", Exited("other")), Edge("end", Exited("end")))))
    assert ways(Program(made).rows["p/ask"]) == [(None, "end", (("p/ask", 0), ("p", 1)))]


def test_where_an_exit_leaves_something_to_decide_a_task_stops_there() -> None:
    made = graph(Node("p", Part(ASKING), (Edge("end", Exited("end") & Is("x")), Edge("p"))))
    program = Program(made)
    assert ways(program.rows["p/ask"]) == [(None, "p/end", (("p/ask", 0),))]
    assert [when for when, _, _ in ways(program.rows["p/end"])] == [Is("x"), None]


def test_a_part_that_leads_back_into_itself_is_linked() -> None:
    quick = Graph("quick", "end", (DONE,))
    made = graph(Node("p", Part(quick), (Edge("p", ~Is("x")), Edge("end"))), Node("q", Part(quick), (Edge("q"),)))
    assert ways(Program(made).rows["q"])[0][1] in ("q", "q/end")


def test_a_failure_in_a_part_looks_at_the_edges_of_all_parts_around() -> None:
    inner = graph(Node("a", Act(AskPlace("a")), (Edge("end"), Edge("end", Is("x"), "failure"))))
    middle = graph(Node("m", Part(inner), (Edge("end"),)))
    made = graph(Node("o", Part(middle), (Edge("end"), Edge("end", None, "failure"))))
    rescues = Program(made).rows["o/m/a"].rescues
    assert [way.drawn[0] for way in rescues] == [("o/m/a", 1), ("o", 1)]


def test_visits_are_asked_for_by_place() -> None:
    inner = graph(Node("a", Act(AskPlace("a")), (Edge("a", ~VisitsAtLeast("a", 2) & Is("x")), Edge("end"))))
    program = Program(graph(Node("p", Part(inner), (Edge("end", VisitsAtLeast("p", 1) | Is("x")), Edge("p")))))
    assert program.rows["p/a"].ways[0].when == ~VisitsAtLeast("p/a", 2) & Is("x")
    assert program.rows["p/end"].ways[0].when == VisitsAtLeast("p", 1) | Is("x")
    assert [row.place for row in program.rows.values() if row.counted] == ["p", "p/a"]


def test_a_counted_part_is_entered_and_not_passed_over() -> None:
    again = Edge("p", ~VisitsAtLeast("p", 2))
    program = Program(
        graph(Node("s", Compute(Increment("n")), (Edge("p"),)), Node("p", Part(ASKING), (again, Edge("end"))))
    )
    assert ways(program.rows["s"]) == [(None, "p", (("s", 0),))]


FOUR = tuple(Edge("end", Is("x", letter)) for letter in "abcd")


@pytest.mark.parametrize(
    ("edges", "keys"),
    [
        pytest.param(FOUR, ["a", "b", "c", "d"], id="four that ask for one register"),
        pytest.param(FOUR[:3], None, id="too few"),
        pytest.param((*FOUR, Edge("end")), None, id="one that is always open"),
        pytest.param((*FOUR, Edge("end", Is("x", 5))), None, id="one that asks for no text"),
        pytest.param((*FOUR, Edge("end", Is("y", "e"))), None, id="one that asks for another register"),
        pytest.param((*FOUR, Edge("end", AtLeast("x", 1))), None, id="one that asks for something else"),
    ],
)
def test_many_edges_that_ask_for_one_register_become_a_table(edges: tuple[Edge, ...], keys: list[str] | None) -> None:
    jump = Program(graph(Node("a", Act(AskPlace("a")), edges))).start.jump
    assert (None if jump is None else list(jump[1])) == keys


def test_of_two_edges_with_one_guard_the_table_holds_the_first() -> None:
    made = graph(Node("a", Act(AskPlace("a")), (*FOUR, Edge("a", Is("x", "a")))))
    jump = Program(made).start.jump
    assert jump is not None
    assert jump[1]["a"].drawn == (("a", 0),)


@pytest.mark.parametrize(
    ("outer", "inner", "depth", "seconds"),
    [
        (Limits(), Limits(depth_max=3, seconds_max=9.0), 3, 9.0),
        (Limits(depth_max=2, seconds_max=5.0), Limits(), 2, 5.0),
        (Limits(depth_max=2, seconds_max=5.0), Limits(depth_max=7, seconds_max=4.0), 2, 4.0),
        (Limits(), Limits(), 100, None),
    ],
)
def test_a_child_has_the_narrower_limits_of_depth_and_time(
    outer: Limits, inner: Limits, depth: int, seconds: float | None
) -> None:
    called = Graph("c", "ask", (ASK, DONE), inner)
    row = Program(graph(Node("c", Call(called), (Edge("end"),)), limits=outer)).rows["c/ask"]
    assert (row.limits.depth_max, row.limits.seconds_max) == (depth, seconds)


def test_a_child_has_its_own_limits_of_moves() -> None:
    called = Graph("c", "ask", (ASK, DONE), Limits(moves_max=5))
    made = graph(Node("c", Call(called), (Edge("end"),)), limits=Limits(moves_max=3))
    rows = Program(made).rows
    assert (rows["c"].limits.moves_max, rows["c/ask"].limits.moves_max) == (3, 5)


def test_an_edge_that_leads_nowhere_cannot_be_linked() -> None:
    with pytest.raises(KeyError):
        Program(graph(Node("a", Act(AskPlace("a")), (Edge("nowhere"),))))


def test_the_fingerprint_is_that_of_the_graph() -> None:
    program = Program(ASKING)
    assert program.fingerprint == program.fingerprint == Program(Graph("asking", "ask", (ASK, DONE))).fingerprint
    assert program.fingerprint != Program(graph(ASK)).fingerprint


def test_nodes_are_found_by_name() -> None:
    assert ASKING.node("end") is DONE
    with pytest.raises(KeyError):
        ASKING.node("nobody")


def test_the_graphs_inside_a_node() -> None:
    for work, count in ((Part(ASKING), 1), (Call(ASKING), 1), (Fan((Child("a", ASKING),) * 2), 2), (End(), 0)):
        assert list(inner_graphs(Node("n", work))) == [ASKING] * count
