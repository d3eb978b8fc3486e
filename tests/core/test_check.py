"""The faults of graphs: for each code a graph that has it and one that is mended; what accepted graphs do."""

from __future__ import annotations

from typing import TypeVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowagents.core.check import Finding, check, require_sound
from flowagents.core.effects import Invoke
from flowagents.core.events import Answered, Failed, Failure, Started
from flowagents.core.faults import FAULTS, WARNINGS, nearest
from flowagents.core.graph import Act, Call, Child, Compute, Edge, End, Fan, Graph, Node, Part, Work
from flowagents.core.guards import Exited, Has, Is, VisitsAtLeast
from flowagents.core.limits import Limits
from flowagents.core.program import Program
from flowagents.core.step import advance
from flowagents.core.task import State, Task
from flowagents.core.value import value
from flowagents.errors import GraphError

T = TypeVar("T")


@value
class Ask:
    """Asks a function."""

    def __call__(self, task: Task) -> Invoke:
        """Return the effect."""
        return Invoke("f")


@value
class Pass:
    """Changes nothing."""

    def __call__(self, task: Task) -> None:
        """Do nothing."""


ASK, PASS, DONE = Act(Ask()), Compute(Pass()), Node("done", End())


def node(name: str, *edges: Edge | str, does: Work = ASK) -> Node:
    """Return a node; a text is an edge that is always taken."""
    return Node(name, does, tuple(Edge(edge) if isinstance(edge, str) else edge for edge in edges))


def graph(*nodes: Node, start: str = "a", limits: Limits = Limits(), name: str = "g") -> Graph:  # noqa: B008
    """Return a graph that begins at ``a``."""
    return Graph(name, start, nodes, limits)


def codes(checked: Graph) -> list[str]:
    """Return the codes of all findings."""
    return [finding.code for finding in check(checked)]


LINE = graph(node("a", "done"), DONE, name="line")
TWO_ENDS = graph(node("a", Edge("yes", Is("answer")), "no"), Node("yes", End()), Node("no", End()), name="two")


def around(work: Work, *edges: Edge | str) -> Graph:
    """Return a graph around one piece of work."""
    return graph(node("a", *edges, does=work), DONE)


def fan(*children: Child) -> Graph:
    """Return a graph around children."""
    return around(Fan(children), "done")


CASES = [
    ("F001", graph(node("a", "done"), DONE, start="A"), LINE),
    ("F002", graph(node("a", Edge("dnoe", Is("x")), "done"), DONE), LINE),
    ("F003", graph(node("a", "done"), node("a", "done"), DONE), LINE),
    (
        "F004",
        graph(node("a", "done"), node("b", "done"), DONE),
        graph(node("a", "b"), node("b", "done"), DONE),
    ),
    ("F005", graph(node("a", Edge("b", Is("x")), "done"), node("b"), DONE), LINE),
    (
        "F005",
        graph(node("a", Edge("done", on="failure")), DONE),
        graph(node("a", "done", Edge("done", on="failure")), DONE),
    ),
    (
        "F006",
        graph(node("a", Edge("b", Is("x")), "done"), node("b", "c"), node("c", "b"), DONE),
        graph(node("a", Edge("b", Is("x")), "done"), node("b", "c"), node("c", "a"), DONE),
    ),
    (
        "F007",
        graph(node("a", "done", Edge("a", Is("x"))), DONE),
        graph(node("a", Edge("a", Is("x")), "done"), DONE),
    ),
    ("F008", graph(node("a", Edge("done", Is("x"))), DONE), LINE),
    (
        "F008",
        around(Part(LINE), Edge("done", Exited("done") & Is("x"))),
        around(Part(LINE), Edge("done", Exited("done") & Is("x")), Edge("done", Exited("done"))),
    ),
    (
        "F009",
        around(Part(LINE), Edge("a", Exited("dnoe")), "done"),
        around(Part(LINE), Edge("done", Exited("done"))),
    ),
    ("F009", around(ASK, Edge("a", Exited("done")), "done"), LINE),
    ("F009", around(Call(LINE, over="items"), Edge("a", Exited("done")), "done"), around(Call(LINE), "done")),
    ("F010", around(Part(TWO_ENDS), Edge("done", Exited("yes"))), around(Part(TWO_ENDS), "done")),
    (
        "F010",
        around(Call(TWO_ENDS), Edge("done", Exited("yes"))),
        around(Call(TWO_ENDS), Edge("done", Exited("yes")), Edge("done", Exited("no"))),
    ),
    (
        "F011",
        graph(node("a", Edge("done", Is("x")), "b", does=PASS), node("b", "a", does=PASS), DONE),
        graph(node("a", Edge("done", Is("x")), "b", does=PASS), node("b", "a"), DONE),
    ),
    (
        "F012",
        graph(node("a", Edge("a", Is("x")), Edge("done", Is("x")), "done"), DONE),
        graph(node("a", Edge("a", Is("x")), Edge("done", Is("y")), "done"), DONE),
    ),
    ("F013", fan(Child("one", LINE, ("two",))), fan(Child("one", LINE), Child("two", LINE, ("one",)))),
    ("F014", fan(Child("one", LINE, ("two",)), Child("two", LINE, ("one",))), fan(Child("one", LINE))),
    ("F014", fan(Child("one", LINE, ("one",))), fan(Child("one", LINE))),
    ("F015", fan(Child("one", LINE), Child("one", LINE)), fan(Child("one", LINE), Child("two", LINE))),
    ("F016", graph(node("a", "done"), DONE, limits=Limits(moves_max=0)), LINE),
    (
        "F016",
        graph(node("a", "done"), DONE, limits=Limits(seconds_max=-1.0)),
        graph(node("a", "done"), DONE, limits=Limits(seconds_max=0.5)),
    ),
    (
        "F017",
        graph(node("a", Edge("done", VisitsAtLeast("A", 2)), "a"), DONE),
        graph(node("a", Edge("done", VisitsAtLeast("a", 2)), "a"), DONE),
    ),
    (
        "F018",
        around(Part(LINE), Edge("done", Exited("done")), Edge("a", Exited("done") & Is("x"))),
        around(Part(LINE), Edge("a", Exited("done") & Is("x")), Edge("done", Exited("done"))),
    ),
    ("F019", graph(node("a", "a")), LINE),
    (
        "F020",
        graph(node("a", "b/c"), node("b/c", "done"), DONE),
        graph(node("a", "b"), node("b", "done"), DONE),
    ),
    ("F020", fan(Child("", LINE)), fan(Child("one", LINE))),
    ("F021", graph(node("a", Edge("a", on="dnoe"), "done"), DONE), LINE),
    ("F022", graph(node("a", "done"), Node("done", End(), (Edge("a"),))), LINE),
    ("F023", fan(), fan(Child("one", LINE))),
    (
        "F024",
        around(Part(graph(node("a", "done"), DONE, limits=Limits(moves_max=3))), "done"),
        around(Call(graph(node("a", "done"), DONE, limits=Limits(moves_max=3))), "done"),
    ),
]


@pytest.mark.parametrize(("code", "faulty"), [(code, faulty) for code, faulty, _ in CASES])
def test_a_fault_is_found_under_its_code(code: str, faulty: Graph) -> None:
    assert code in codes(faulty)


@pytest.mark.parametrize("mended", [mended for _, _, mended in CASES])
def test_a_mended_graph_is_accepted(mended: Graph) -> None:
    assert codes(mended) == []


def test_every_code_has_a_case() -> None:
    assert {code for code, _, _ in CASES} == set(FAULTS)


def test_all_faults_are_found_at_once() -> None:
    faulty = graph(node("a", "b"), node("c", "done"), DONE, limits=Limits(moves_max=0))
    assert codes(faulty) == ["F016", "F002", "F004", "F004"]


def test_a_finding_names_place_and_edge_and_says_what_to_do() -> None:
    inner = graph(node("start", Edge("dnoe", Is("x")), "done"), DONE, start="start", name="inner")
    (found,) = check(around(Fan((Child("one", inner),)), "done"))
    assert found == Finding(
        "F002", "g", "a/one/start", 0, "the edge leads to 'dnoe', which is no node", "did you mean 'done'?"
    )
    assert str(found) == (
        "F002 at 'a/one/start', edge 1: the edge leads to 'dnoe', which is no node; did you mean 'done'?"
    )


def test_a_warning_says_that_it_is_one() -> None:
    (found,) = check(graph(node("a", Edge("done", Is("x"))), DONE))
    assert found.severity == "warning"
    assert str(found).startswith("F008 (warning) at 'a': ")


def test_a_sound_graph_may_have_warnings() -> None:
    assert [finding.code for finding in require_sound(graph(node("a", Edge("done", Is("x"))), DONE))] == ["F008"]


def test_an_unsound_graph_is_refused_with_its_errors_only() -> None:
    faulty = graph(node("a", Edge("done", Is("x"))), node("b", "done"), DONE)
    with pytest.raises(GraphError) as refused:
        require_sound(faulty)
    assert [finding.code for finding in refused.value.findings] == ["F004"]
    assert "graph 'g' has 1 fault(s):\n  F004 at 'b': " in str(refused.value)


def test_a_guard_and_its_opposite_need_no_default() -> None:
    assert codes(graph(node("a", Edge("a", Is("x")), Edge("done", ~Is("x"))), DONE)) == []


def test_where_nothing_is_near_the_known_names_are_listed() -> None:
    assert nearest("zzz", ()) == "there are none"


# -- loops


def loop(*edges: Edge | str) -> Graph:
    """Return a graph that goes round between ``a`` and ``b`` quietly, if the edges of ``a`` let it."""
    return graph(node("a", *edges, does=PASS), node("b", "a", does=PASS), DONE)


@pytest.mark.parametrize(
    "edges",
    [
        (Edge("done", VisitsAtLeast("a", 3)), "b"),
        (Edge("done", VisitsAtLeast("b", 3) | Is("x")), "b"),
        (Edge("b", ~VisitsAtLeast("b", 3)), "done"),
        (Edge("b", ~VisitsAtLeast("b", 3) & Is("x")), "done"),
        (Edge("b", ~(VisitsAtLeast("b", 3) | Is("x"))), "done"),
    ],
)
def test_a_loop_may_be_limited_by_visits(edges: tuple[Edge | str, ...]) -> None:
    assert codes(loop(*edges)) == []


@pytest.mark.parametrize(
    "edges",
    [
        (Edge("done", VisitsAtLeast("a", 3) & Is("x")), "b"),
        (Edge("b", ~VisitsAtLeast("b", 3) | Is("x")), "done"),
        (Edge("b", VisitsAtLeast("b", 3)), Edge("a", Is("y")), "done"),
        (Edge("b", ~VisitsAtLeast("done", 3)), "done"),
        (Edge("b", ~VisitsAtLeast("a", 3)), Edge("b", Is("x")), "done"),
    ],
)
def test_a_loop_is_not_limited_by_what_may_let_it_pass(edges: tuple[Edge | str, ...]) -> None:
    assert codes(loop(*edges)) == ["F011"]


def test_visits_of_a_node_that_the_loop_can_leave_out_do_not_limit_it() -> None:
    inner = node("b", Edge("c", ~VisitsAtLeast("a", 3)), Edge("done", Is("x")), "a", does=PASS)
    faulty = graph(node("a", "b"), inner, node("c", "b", does=PASS), DONE)
    assert codes(faulty) == ["F011"]


def test_visits_of_a_node_that_every_round_comes_by_limit_it() -> None:
    back = node("c", Edge("a", ~VisitsAtLeast("b", 3)), "done", does=PASS)
    assert codes(graph(node("a", "b", does=PASS), node("b", "c", does=PASS), back, DONE)) == []


def test_visits_of_a_node_that_only_some_rounds_come_by_do_not_limit_it() -> None:
    back = node("c", Edge("a", ~VisitsAtLeast("b", 3)), "done", does=PASS)
    fork = node("a", Edge("b", Is("x")), "c", does=PASS)
    assert codes(graph(fork, node("b", "c", does=PASS), back, DONE)) == ["F011"]


def test_a_loop_through_a_part_is_seen() -> None:
    inside = graph(node("b", "done", does=PASS), DONE, start="b")
    faulty = graph(node("a", Edge("done", Exited("done") & Is("x")), "a", does=Part(inside)), DONE)
    (found,) = check(faulty)
    assert (found.code, found.node) == ("F011", "a/b")


def test_an_effect_inside_a_part_ends_the_quiet() -> None:
    assert codes(graph(node("a", Edge("done", Exited("done") & Is("x")), "a", does=Part(LINE)), DONE)) == []


def test_a_child_that_asks_for_something_ends_the_quiet() -> None:
    assert codes(graph(node("a", Edge("done", Is("x")), "a", does=Call(LINE)), DONE)) == []


def test_a_child_that_may_ask_for_nothing_does_not_end_the_quiet() -> None:
    silent = graph(node("a", Edge("b", Is("x")), "done", does=PASS), node("b", "done"), DONE)
    assert codes(graph(node("a", Edge("done", Is("x")), "a", does=Call(silent)), DONE)) == ["F011"]


def test_trying_again_after_a_failure_is_no_quiet_loop() -> None:
    assert codes(graph(node("a", "done", Edge("a", on="failure"), does=PASS), DONE)) == []


# -- what an accepted graph does

PLAIN = (Is("answer", 1), Has("answer"), VisitsAtLeast("a", 2), ~VisitsAtLeast("b", 3))
EXITS = (Exited("done"), Exited("gone") & Is("answer", 1), ~Exited("gone"))


class Dice:
    """Picks by the bytes that Hypothesis gives."""

    def __init__(self, numbers: bytes) -> None:
        self.numbers = iter(numbers)

    def pick(self, *options: T) -> T:
        """Return one of the options, the first when the bytes are used up."""
        return options[next(self.numbers, 0) % len(options)]


def drawn_graph(dice: Dice, depth: int) -> Graph:
    """Return a graph, sound or not: a line of three nodes with other ways between them."""
    nodes = []
    for name, after in zip("abc", ("b", "c", "done"), strict=True):
        does = drawn_work(dice, depth)
        guards = PLAIN + EXITS if isinstance(does, (Part, Call)) else PLAIN
        edges = [
            Edge(dice.pick("a", "b", "c", "done", "gone"), dice.pick(*guards), dice.pick("done", "failure"))
            for _ in range(dice.pick(0, 1, 2))
        ]
        nodes.append(Node(name, does, (*edges, Edge(dice.pick(after, after, "a")))))
    led_to = {edge.to for one in nodes for edge in one.edges}
    ends = [Node(name, End()) for name in ("done", "gone") if name in led_to]
    return graph(*nodes, *ends, limits=Limits(moves_max=30, quiet_moves_max=10))


def drawn_work(dice: Dice, depth: int) -> Work:
    """Return what a node does; deeper than ``depth`` it contains nothing."""
    kind = dice.pick("ask", "pass") if not depth else dice.pick("ask", "pass", "part", "call", "each", "fan")
    if kind in ("ask", "pass"):
        return ASK if kind == "ask" else PASS
    inner = accepted_graph(dice, depth - 1)
    if kind == "fan":
        return Fan((Child("one", inner), Child("two", inner, ("one",))))
    return Part(inner) if kind == "part" else Call(inner, over="items" if kind == "each" else None)


def accepted_graph(dice: Dice, depth: int) -> Graph:
    """Return the first graph drawn that has no error."""
    while True:
        drawn = drawn_graph(dice, depth)
        if all(finding.severity == "warning" for finding in check(drawn)):
            return drawn


ACCEPTED = st.binary(min_size=60, max_size=120).map(lambda numbers: accepted_graph(Dice(numbers), 2))


@given(ACCEPTED, st.lists(st.integers(0, 2), min_size=1, max_size=20))
def test_an_accepted_graph_never_raises_and_comes_to_rest(drawn: Graph, answers: list[int]) -> None:
    program, state = Program(drawn), State()
    advance(program, state, Started(1.0, {"items": [1, 2]}, {}))
    for event in range(2_000):
        if state.stop is not None:
            break
        assert state.waits, "a run without a stop waits for something"
        name = sorted(state.waits)[event % len(state.waits)]
        answer = answers[event % len(answers)]
        happened = Answered(2.0, name, answer) if answer else Failed(2.0, name, Failure("error", "Error", "no"))
        assert advance(program, state, happened)
    assert state.stop is not None
    assert state.stop.kind in ("finished", "limit", "failed", "stuck")


@given(ACCEPTED)
def test_a_graph_without_findings_is_never_stuck(drawn: Graph) -> None:
    assume(not check(drawn))
    program, state = Program(drawn), State()
    advance(program, state, Started(1.0, {"items": [1, 2]}, {}))
    while state.stop is None:
        advance(program, state, Answered(2.0, min(state.waits), 1))
    assert state.stop.kind in ("finished", "limit")


def test_warnings_are_among_the_codes() -> None:
    assert set(FAULTS) >= WARNINGS
