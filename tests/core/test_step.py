"""The scheduler as a table: a graph, what happened, and then who stands where, what is outstanding, how it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from flowagents.core.effects import Name, Path
from flowagents.core.events import Answered, Event, Failed, Failure, Interrupted, Started, Stop
from flowagents.core.graph import Act, Call, Child, Compute, Edge, End, Fan, Graph, Node, Part, Work
from flowagents.core.guards import AtLeast, Exited, Guard, Is, VisitsAtLeast
from flowagents.core.limits import Limits
from flowagents.core.program import Program
from flowagents.core.step import advance, fold, outstanding, step
from flowagents.core.task import Memory, State
from flowagents.testing.rules import (
    AppendTo,
    AskPlace,
    CountUp,
    Increment,
    KeepAnswer,
    Refuse,
    Remember,
    RememberMore,
    SetRegister,
)

OVER = Failure("error", "Boom", "boom")
"""What a performer raised."""


def node(name: str, does: Work, *edges: Edge) -> Node:
    """Return a node; without edges it leads to ``end``."""
    return Node(name, does, () if isinstance(does, End) else edges or (Edge("end"),))


def ask(name: str, *edges: Edge) -> Node:
    """Return a node that asks the place of its own name."""
    return node(name, Act(AskPlace(name)), *edges)


def rescue(to: str, when: Guard | None = None) -> Edge:
    """Return an edge to take after a failure."""
    return Edge(to, when, "failure")


def graph(*nodes: Node, gives: str | None = None, limits: Limits | None = None) -> Graph:
    """Return a graph that starts at its first node and has an end called ``end``."""
    ends = () if any(given.name == "end" for given in nodes) else (Node("end", End(gives=gives)),)
    return Graph("g", nodes[0].name, (*nodes, *ends), limits or Limits())


def after(made: Graph, *events: Event, data: Mapping[str, Any] | None = None, memory: Memory | None = None) -> State:
    """Return the state after a start and some events."""
    return fold(Program(made), [Started(1.0, data or {}, memory or {}), *events])


def answered(name: Name, value: Any = "yes", at: float = 2.0) -> Answered:
    """Return an answer."""
    return Answered(at, name, value)


def failed(name: Name) -> Failed:
    """Return a failure to perform."""
    return Failed(2.0, name, OVER)


ASKING = graph(ask("ask"), gives="answer")
TWO = (Child("a", ASKING), Child("b", ASKING))
ROOT: Path = ()


@pytest.mark.parametrize(
    ("made", "data", "events", "standing", "waiting"),
    [
        pytest.param(ASKING, {}, [], {ROOT: "ask"}, {((), 0): "ask"}, id="an effect is waited for"),
        pytest.param(ASKING, {}, [answered(((), 0))], {}, {}, id="an answer leads on to the end"),
        pytest.param(
            graph(ask("a", Edge("b")), ask("b")),
            {},
            [answered(((), 0))],
            {ROOT: "b"},
            {((), 1): "b"},
            id="the next effect has the name of the next move",
        ),
        pytest.param(
            graph(
                ask("a", Edge("b", Is("answer", "no")), Edge("c", Is("answer", "yes")), Edge("end")),
                ask("b"),
                ask("c"),
            ),
            {},
            [answered(((), 0))],
            {ROOT: "c"},
            {((), 1): "c"},
            id="the first open edge is taken",
        ),
        pytest.param(
            graph(ask("a", rescue("b"), Edge("end")), ask("b")),
            {},
            [failed(((), 0))],
            {ROOT: "b"},
            {((), 1): "b"},
            id="a failure takes the failure edge",
        ),
        pytest.param(
            graph(
                ask("a", rescue("b", Is("failed", "limit")), rescue("c", Is("failed", "error"))),
                ask("b"),
                ask("c"),
            ),
            {},
            [failed(((), 0))],
            {ROOT: "c"},
            {((), 1): "c"},
            id="failure edges have guards too",
        ),
        pytest.param(
            graph(node("a", Act(AskPlace("a"), KeepAnswer("kept")), rescue("b"), Edge("end")), ask("b")),
            {},
            [answered(((), 0), "refused")],
            {ROOT: "b"},
            {((), 1): "b"},
            id="an answer that is refused takes the failure edge",
        ),
        pytest.param(
            graph(node("a", Compute(Refuse()), rescue("b"), Edge("end")), ask("b")),
            {},
            [],
            {ROOT: "b"},
            {((), 1): "b"},
            id="a rule that fails takes the failure edge",
        ),
        pytest.param(
            graph(node("c", Call(ASKING))),
            {},
            [],
            {ROOT: "c", (0, 0): "c/ask"},
            {((0, 0), 0): "ask"},
            id="a call makes a child",
        ),
        pytest.param(
            graph(ask("a", Edge("c")), node("c", Call(graph(node("d", Call(ASKING)))))),
            {},
            [answered(((), 0))],
            {ROOT: "c", (1, 0): "c/d", (1, 0, 0, 0): "c/d/ask"},
            {((1, 0, 0, 0), 0): "ask"},
            id="a path is a move and an ordinal for each level",
        ),
        pytest.param(
            graph(node("c", Call(ASKING, over="items"))),
            {"items": ["x", "y"]},
            [],
            {ROOT: "c", (0, 0): "c/ask", (0, 1): "c/ask"},
            {((0, 0), 0): "ask", ((0, 1), 0): "ask"},
            id="a call over items makes a child for each",
        ),
        pytest.param(
            graph(node("c", Call(ASKING, over="items"), Edge("a")), ask("a")),
            {},
            [],
            {ROOT: "a"},
            {((), 1): "a"},
            id="a call over no items goes on at once",
        ),
        pytest.param(
            graph(node("f", Fan(TWO))),
            {},
            [answered(((0, 1), 0))],
            {ROOT: "f", (0, 0): "f/a/ask"},
            {((0, 0), 0): "ask"},
            id="a child that has ended is gone while its sibling goes on",
        ),
        pytest.param(
            graph(node("f", Fan((Child("b", ASKING, ("a",)), Child("a", ASKING))))),
            {},
            [],
            {ROOT: "f", (0, 1): "f/a/ask"},
            {((0, 1), 0): "ask"},
            id="a child waits for what it needs",
        ),
        pytest.param(
            graph(node("f", Fan((Child("b", ASKING, ("a",)), Child("a", ASKING))))),
            {},
            [answered(((0, 1), 0))],
            {ROOT: "f", (0, 0): "f/b/ask"},
            {((0, 0), 0): "ask"},
            id="a child starts when what it needs has ended",
        ),
        pytest.param(
            graph(node("f", Fan((Child("c", ASKING, ("a", "b")), *TWO)))),
            {},
            [answered(((0, 1), 0))],
            {ROOT: "f", (0, 2): "f/b/ask"},
            {((0, 2), 0): "ask"},
            id="a child that needs two waits for both",
        ),
        pytest.param(
            graph(node("f", Fan(()), Edge("a")), ask("a")),
            {},
            [],
            {ROOT: "a"},
            {((), 1): "a"},
            id="a fan without children goes on at once",
        ),
        pytest.param(
            graph(node("f", Fan(TWO), rescue("a"), Edge("end")), ask("a")),
            {},
            [failed(((0, 0), 0))],
            {ROOT: "a"},
            {((), 1): "a"},
            id="a child that fails cancels its sibling and fails its parent",
        ),
        pytest.param(
            graph(
                node("f", Fan((Child("a", graph(node("r", Compute(Refuse())))), *TWO[1:])), rescue("a")),
                ask("a"),
            ),
            {},
            [],
            {ROOT: "a"},
            {((), 1): "a"},
            id="a sibling that could not even move is cancelled too",
        ),
        pytest.param(
            graph(node("c", Call(graph(node("d", Call(ASKING)))), rescue("a"), Edge("end")), ask("a")),
            {},
            [failed(((0, 0, 0, 0), 0))],
            {ROOT: "a"},
            {((), 1): "a"},
            id="a failure goes up to the first parent that has a way out",
        ),
        pytest.param(
            graph(node("c", Call(graph(node("d", Call(ASKING), rescue("e")), ask("e"))))),
            {},
            [failed(((0, 0, 0, 0), 0))],
            {ROOT: "c", (0, 0): "c/e"},
            {((0, 0), 1): "e"},
            id="a failure goes up no further than needed",
        ),
        pytest.param(
            graph(node("p", Part(ASKING), Edge("b", Exited("end"))), ask("b")),
            {},
            [answered(((), 1))],
            {ROOT: "b"},
            {((), 2): "b"},
            id="the exit of a part leads on along the edge that asks for it",
        ),
        pytest.param(
            graph(node("p", Part(graph(node("q", Part(ASKING)))), rescue("b"), Edge("end")), ask("b")),
            {},
            [failed(((), 1))],
            {ROOT: "b"},
            {((), 2): "b"},
            id="a failure inside a part takes the failure edge of the part around",
        ),
        pytest.param(
            graph(ask("a", Edge("a", ~VisitsAtLeast("a", 2)), Edge("b")), ask("b")),
            {},
            [answered(((), 0)), answered(((), 1))],
            {ROOT: "b"},
            {((), 2): "b"},
            id="visits are counted",
        ),
        pytest.param(
            graph(
                node(
                    "p",
                    Part(graph(node("a", Compute(Increment("n")), Edge("a", ~VisitsAtLeast("a", 3)), Edge("end")))),
                    Edge("a"),
                ),
                ask("a", Edge("b", VisitsAtLeast("a", 2)), Edge("end")),
                ask("b"),
            ),
            {},
            [answered(((), 4))],
            {},
            {},
            id="nodes of one name in a part and around it are counted apart",
        ),
    ],
)
def test_after_what_happened_tasks_stand_and_wait(
    made: Graph,
    data: dict[str, Any],
    events: list[Event],
    standing: dict[Path, str],
    waiting: dict[Name, str],
) -> None:
    state = after(made, *events, data=data)
    assert {path: task.row.place for path, task in state.tasks.items()} == standing
    assert {name: effect.at for name, effect in outstanding(state).items()} == waiting
    assert (state.stop is None) == bool(waiting)


def stuck(place: str) -> Stop:
    """Return the stop of a run that no edge leads out of."""
    text = f"no edge out of {place!r} matches"
    return Stop("stuck", "stuck", text, failure=Failure("stuck", "Stuck", text, place))


def limit(text: str, place: str) -> Stop:
    """Return the stop of a run that reached a limit."""
    rule = f"{text} reached at {place!r}"
    return Stop("limit", "limit", rule, failure=Failure("limit", "LimitReached", rule, place))


def broken(kind: str, error: str, text: str, place: str) -> Stop:
    """Return the stop of a run that failed."""
    return Stop("failed", kind, text, failure=Failure(kind, error, text, place))


COUNTING = graph(node("n", Compute(Increment("n")), Edge("n")), limits=Limits(quiet_moves_max=5))
JUMP = tuple(Edge("end", Is("answer", letter)) for letter in "abcd")
NOTING = graph(ask("ask", Edge("note")), node("note", Compute(RememberMore(("notes",), "answer"))))
PAIR = Fan((Child("a", NOTING), Child("b", NOTING)))
THREE = Fan((Child("a", NOTING), Child("b", NOTING), Child("c", ASKING, ("a", "b")), Child("d", ASKING)))


@pytest.mark.parametrize(
    ("made", "events", "stop"),
    [
        pytest.param(graph(node("end", End())), [], Stop("finished", "end"), id="an end at once"),
        pytest.param(
            graph(node("end", End("limit", "enough"))),
            [],
            Stop("limit", "end", "enough"),
            id="an end says how it stops",
        ),
        pytest.param(
            graph(
                node(
                    "w",
                    Compute(SetRegister("why", {"rule": "said so", "agent": "bot", "evidence": 3})),
                    Edge("end"),
                ),
                node("end", End("finished", "otherwise")),
            ),
            [],
            Stop("finished", "end", "said so", "bot", 3),
            id="the register why says more",
        ),
        pytest.param(ASKING, [failed(((), 0))], broken("error", "Boom", "boom", "ask"), id="a failure nobody catches"),
        pytest.param(
            graph(node("r", Compute(Refuse("no")))),
            [],
            broken("refused", "Refused", "no", "r"),
            id="a rule that refuses",
        ),
        pytest.param(
            ASKING,
            [Failed(2.0, ((), 0), Failure("interrupt", "KeyboardInterrupt", ""))],
            Stop("cancelled", "interrupt", "", failure=Failure("interrupt", "KeyboardInterrupt", "", "ask")),
            id="Ctrl-C at an effect",
        ),
        pytest.param(
            graph(node("f", Fan(TWO))),
            [Interrupted(2.0, "Ctrl-C")],
            Stop("cancelled", "interrupt", "Ctrl-C", failure=Failure("interrupt", "Interrupted", "Ctrl-C")),
            id="a stop from outside",
        ),
        pytest.param(
            ask_end := graph(ask("a", Edge("end", Is("answer", "x")))),
            [answered(((), 0))],
            stuck("a"),
            id="stuck",
        ),
        pytest.param(
            graph(node("c", Call(ask_end))), [answered(((0, 0), 0))], stuck("c/a"), id="a child that is stuck"
        ),
        pytest.param(graph(ask("a", *JUMP)), [answered(((), 0), "c")], Stop("finished", "end"), id="a way by table"),
        pytest.param(graph(ask("a", *JUMP)), [answered(((), 0), "z")], stuck("a"), id="no way in the table"),
        pytest.param(graph(ask("a", *JUMP)), [answered(((), 0), ["a"])], stuck("a"), id="a list is in no table"),
        pytest.param(
            graph(ask("a", Edge("end", AtLeast("answer", 1)))),
            [answered(((), 0), "9")],
            stuck("a"),
            id="no text is a number",
        ),
        pytest.param(
            graph(node("p", Part(graph(node("i", Compute(Increment("n"))))), Edge("end", Exited("other")))),
            [],
            stuck("p/end"),
            id="an exit nobody asks for",
        ),
        pytest.param(
            graph(ask("a", Edge("a")), limits=Limits(moves_max=1)),
            [answered(((), 0)), answered(((), 1))],
            limit("moves_max 1", "a"),
            id="too many moves",
        ),
        pytest.param(COUNTING, [], limit("quiet_moves_max 5", "n"), id="too many moves without an event"),
        pytest.param(
            graph(ask("a", Edge("b")), ask("b"), limits=Limits(seconds_max=3.0)),
            [answered(((), 0), at=4.0), answered(((), 1), at=4.5)],
            limit("seconds_max 3.0", "b"),
            id="too much time",
        ),
        pytest.param(
            graph(ask("a"), limits=Limits(seconds_max=3.0)),
            [answered(((), 0), at=4.0)],
            Stop("finished", "end"),
            id="time that is just enough",
        ),
        pytest.param(
            graph(node("c", Call(graph(ask("a", Edge("a"))))), limits=Limits(seconds_max=3.0)),
            [answered(((0, 0), 0), at=5.0)],
            limit("seconds_max 3.0", "c/a"),
            id="a child obeys the time of its parent",
        ),
        pytest.param(
            graph(
                node("c", Call(graph(ask("a", Edge("a")), limits=Limits(seconds_max=2.0)))),
                limits=Limits(seconds_max=3.0),
            ),
            [answered(((0, 0), 0), at=3.5)],
            limit("seconds_max 2.0", "c/a"),
            id="a child obeys its own time",
        ),
        pytest.param(
            graph(node("f", Fan(TWO)), limits=Limits(children_max=1)),
            [],
            limit("children_max 1", "f"),
            id="too many children",
        ),
        pytest.param(
            graph(
                node("i", Compute(SetRegister("items", [1, 2])), Edge("c")),
                node("c", Call(ASKING, over="items")),
                limits=Limits(children_max=1),
            ),
            [],
            limit("children_max 1", "c"),
            id="too many items",
        ),
        pytest.param(
            graph(node("c", Call(graph(node("d", Call(ASKING))))), limits=Limits(depth_max=1)),
            [],
            limit("depth_max 1", "c/d"),
            id="too deep for the graph around",
        ),
        pytest.param(
            graph(node("i", Compute(SetRegister("items", 5)), Edge("c")), node("c", Call(ASKING, over="items"))),
            [],
            broken("refused", "NotAList", "'c' goes over the register 'items'; expected a list, found 5", "c"),
            id="items that are no list",
        ),
        pytest.param(
            graph(node("f", PAIR)),
            [answered(((0, 0), 0), 1), answered(((0, 1), 0), 2)],
            broken("conflict", "MemoryConflict", "two children changed 'notes'", "f"),
            id="siblings that changed one thing",
        ),
        pytest.param(
            graph(node("f", THREE)),
            [answered(((0, 0), 0), 1), answered(((0, 1), 0), 2)],
            broken("conflict", "MemoryConflict", "two children changed 'notes'", "f"),
            id="siblings whose changes a third one needs",
        ),
        pytest.param(
            graph(node("c", Call(COUNTING), rescue("c"), Edge("end")), limits=Limits(moves_max=2)),
            [],
            limit("moves_max 2", "c"),
            id="a failure edge counts as a move",
        ),
    ],
)
def test_a_run_stops(made: Graph, events: list[Event], stop: Stop) -> None:
    state = after(made, *events)
    assert state.stop == stop
    assert (state.tasks, state.waits) == ({}, {})


def registers(made: Graph, *events: Event, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the registers of the root."""
    return after(made, *events, data=data).tasks[()].data


def test_an_answer_without_a_take_goes_to_the_register_answer() -> None:
    assert registers(graph(ask("a", Edge("b")), ask("b")), answered(((), 0), [1])) == {"answer": [1]}


def test_a_failure_goes_to_registers_with_its_kind_and_place() -> None:
    found = registers(graph(ask("a", rescue("b")), ask("b")), failed(((), 0)))
    assert found["failed"] == "error"
    assert found["failure"] == {"kind": "error", "error": "Boom", "text": "boom", "place": "a"}


def test_a_call_leaves_result_and_end() -> None:
    made = graph(node("c", Call(ASKING, into="got"), Edge("b")), ask("b"))
    assert registers(made, answered(((0, 0), 0), 5)) == {"got": 5, "exit": "end"}


def test_the_results_of_items_are_in_the_order_of_the_items() -> None:
    made = graph(node("c", Call(ASKING, over="items"), Edge("b")), ask("b"))
    found = registers(made, answered(((0, 1), 0), "second"), answered(((0, 0), 0), "first"), data={"items": [1, 2]})
    assert found["results"] == ["first", "second"]


def test_children_side_by_side_leave_no_end_behind() -> None:
    made = graph(node("f", Fan(TWO), Edge("b")), ask("b"))
    found = registers(made, answered(((0, 1), 0), 2), answered(((0, 0), 0), 1))
    assert found == {"results": {"a": 1, "b": 2}}


def test_children_get_their_registers_copies_and_what_they_needed() -> None:
    fan = Fan((TWO[0], Child("b", ASKING, ("a",), {"x": 1})), copies=("tag", "none"))
    state = after(graph(node("f", fan)), answered(((0, 0), 0), "first"), data={"tag": "t", "other": 2})
    assert state.tasks[0, 1].data == {"x": 1, "needed": {"a": "first"}, "tag": "t", "none": None}


def test_items_come_with_their_position() -> None:
    state = after(graph(node("c", Call(ASKING, over="items"))), data={"items": ["x", "y"]})
    assert [state.tasks[0, ordinal].data for ordinal in (0, 1)] == [
        {"item": "x", "index": 0},
        {"item": "y", "index": 1},
    ]


def test_an_end_gives_a_register_as_the_result() -> None:
    assert after(ASKING, answered(((), 0), {"a": 1})).result == {"a": 1}


def test_a_call_works_on_the_memory_of_its_parent() -> None:
    inner = graph(node("n", Compute(CountUp(("count",)))))
    made = graph(node("b", Compute(CountUp(("count",))), Edge("c")), node("c", Call(inner)))
    assert after(made, memory={("other",): 1}).memory == {("other",): 1, ("count",): 2}


def test_children_begin_with_what_those_they_need_changed() -> None:
    up = graph(node("n", Compute(CountUp(("count",)))))
    fan = Fan((Child("c", up, ("b",)), Child("b", up, ("a",)), Child("a", up)))
    assert after(graph(node("f", fan))).memory == {("count",): 3}


def test_what_siblings_appended_is_joined_in_the_order_of_children() -> None:
    inner = graph(ask("ask", Edge("t")), node("t", Compute(RememberMore(("typed", "x"), "answer"))))
    made = graph(node("f", Fan((Child("a", inner), Child("b", inner)))))
    state = after(made, answered(((0, 1), 0), "b"), answered(((0, 0), 0), "a"))
    assert state.memory == {("typed", "x"): ("a", "b")}


DEEP = graph(
    node(
        "f",
        Fan(
            (
                Child("a", graph(node("n", Compute(Remember(("a",), 1)), Edge("c")), node("c", Call(ASKING)))),
                TWO[1],
            )
        ),
    )
)


def test_what_cancelled_children_remember_is_kept() -> None:
    state = after(DEEP, failed(((0, 1), 0)))
    assert state.memory == {("a",): 1}


def test_what_interrupted_children_remember_is_kept() -> None:
    assert after(DEEP, Interrupted(2.0, "Ctrl-C")).memory == {("a",): 1}


def test_where_cancelled_children_disagree_what_was_before_stays() -> None:
    late = graph(
        ask("ask", Edge("note")),
        node("note", Compute(RememberMore(("notes",), "answer")), Edge("z")),
        ask("z"),
    )
    made = graph(node("f", Fan((Child("a", late), Child("b", late), Child("c", ASKING)))))
    state = after(
        made,
        answered(((0, 0), 0), 1),
        answered(((0, 1), 0), 2),
        failed(((0, 2), 0)),
        memory={("notes",): (0,)},
    )
    assert state.memory == {("notes",): (0,)}


def test_a_conflict_can_be_caught() -> None:
    made = graph(node("f", PAIR, rescue("b"), Edge("end")), ask("b"))
    state = after(made, answered(((0, 0), 0), 1), answered(((0, 1), 0), 2))
    assert state.tasks[()].data["failed"] == "conflict"


def test_moves_without_an_event_are_counted_from_the_last_event() -> None:
    loop = graph(ask("a", Edge("n")), node("n", Compute(Increment("n")), Edge("a")), limits=Limits(quiet_moves_max=2))
    state = after(loop, *(answered(((), move)) for move in range(0, 20, 2)))
    assert state.tasks[()].data["n"] == 10


def test_an_event_in_a_child_is_one_for_its_parents_too() -> None:
    inner = graph(node("c", Call(ASKING)))
    made = graph(node("loop", Call(inner), Edge("loop")), limits=Limits(quiet_moves_max=2))
    state = after(made, *(answered(((move, 0, 0, 0), 0)) for move in range(9)))
    assert list(state.waits) == [((9, 0, 0, 0), 0)]


STARTED = Started(1.0, {}, {})


@pytest.mark.parametrize(
    ("before", "late"),
    [
        pytest.param([], answered(((), 0)), id="an answer before the start"),
        pytest.param([], failed(((), 0)), id="a failure before the start"),
        pytest.param([], Interrupted(2.0, "Ctrl-C"), id="an interrupt before the start"),
        pytest.param([STARTED], STARTED, id="a second start"),
        pytest.param([STARTED], answered(((), 1)), id="an answer to nothing"),
        pytest.param([STARTED], failed(((), 1)), id="a failure of nothing"),
        pytest.param([STARTED, answered(((), 0))], answered(((), 0)), id="a second answer"),
        pytest.param([STARTED, answered(((), 0))], Interrupted(9.0, "Ctrl-C"), id="an interrupt after the stop"),
        pytest.param([STARTED, answered(((), 0))], STARTED, id="a start after the stop"),
        pytest.param([STARTED, Interrupted(2.0, "Ctrl-C")], answered(((), 0)), id="an answer after the stop"),
    ],
)
def test_an_event_that_nobody_waits_for_changes_nothing(before: list[Event], late: Event) -> None:
    program = Program(ASKING)
    state = fold(program, before)
    digest, now = state.digest, state.now
    assert not advance(program, state, late)
    assert (state.digest, state.now) == (digest, now)


def test_step_leaves_the_given_state_as_it_was() -> None:
    program = Program(graph(node("f", Fan(TWO))))
    state = fold(program, [STARTED])
    digest = state.digest
    assert step(program, state, answered(((0, 0), 0))).digest != digest
    assert state.digest == digest


def test_time_is_that_of_the_last_event() -> None:
    state = after(ASKING, answered(((), 0), at=7.5))
    assert (state.started_at, state.now) == (1.0, 7.5)


def test_a_fold_tells_the_ways_that_were_taken_and_by_whom() -> None:
    taken: list[Any] = []
    made = graph(node("c", Call(ASKING)))
    fold(Program(made), [STARTED, answered(((0, 0), 0))], taken)
    assert [(path, way.drawn) for path, way in taken] == [((0, 0), (("c/ask", 0),)), ((), (("c", 0),))]


def test_a_list_grows_without_changing_the_one_before() -> None:
    items = ["x"]
    made = graph(node("a", Compute(AppendTo("items", "y")), Edge("b")), ask("b"))
    assert registers(made, data={"items": items})["items"] == ["x", "y"]
    assert items == ["x"]
