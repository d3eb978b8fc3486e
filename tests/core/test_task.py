"""States and tasks: copies are independent, and a form has one order and no times."""

from __future__ import annotations

from flowagents.core.events import Answered, Started
from flowagents.core.graph import Act, Child, Edge, End, Fan, Graph, Node
from flowagents.core.guards import VisitsAtLeast
from flowagents.core.program import Program
from flowagents.core.step import fold
from flowagents.core.task import Memory, State
from flowagents.testing.rules import AskPlace

INNER = Graph(
    "i",
    "ask",
    (Node("ask", Act(AskPlace("ask")), (Edge("ask", ~VisitsAtLeast("ask", 2)), Edge("end"))), Node("end", End())),
)
FAN = Fan((Child("a", INNER), Child("b", INNER), Child("c", INNER, ("a",))))
PROGRAM = Program(Graph("g", "f", (Node("f", FAN, (Edge("end"),)), Node("end", End()))))
START = Started(1.0, {"x": [1]}, {("flag", "x"): True})
HALF = (START, Answered(2.0, ((0, 0), 0), 1), Answered(3.0, ((0, 0), 1), 2))


def test_a_copy_is_equal() -> None:
    state = fold(PROGRAM, HALF)
    copy = state.copy()
    assert copy.form() == state.form()
    assert (copy.now, copy.started_at) == (3.0, 1.0)


def test_nothing_done_to_a_copy_shows_in_the_state() -> None:
    state = fold(PROGRAM, HALF)
    before, copy = state.digest, state.copy()
    root = copy.tasks[()]
    root.data["y"], root.memory[("m",)], root.visits["f"], root.moves = 1, 1, 1, 9
    children = root.children
    assert children is not None
    children.results[0], children.open = "other", 0
    children.ends.clear()
    children.starts.clear()
    children.waiting[5] = frozenset()
    del copy.tasks[0, 1], copy.waits[(0, 1), 0]
    copy.memory[("m",)] = 1
    assert state.digest == before
    kept = state.tasks[()].children
    assert kept is not None
    assert (list(kept.ends), kept.waiting, kept.needs) == ([0], {}, ((), (), (0,)))


def test_a_form_shows_tasks_waits_and_memory_in_order() -> None:
    made = fold(PROGRAM, HALF).form()
    assert list(made["tasks"]) == ["0", "0.1/0", "0.2/0"]
    assert list(made["waits"]) == ["0.1/0", "0.2/0"]
    assert made["tasks"]["0"]["memory"] == [[["flag", "x"], True]]
    assert made["tasks"]["0"]["children"] == [None, None, None]
    assert made["tasks"]["0.1/0"]["visits"] == {"f/b/ask": 1}
    assert made["tasks"]["0.1/0"]["children"] is None


def test_times_do_not_show_in_a_digest() -> None:
    later = (START, Answered(20.0, ((0, 0), 0), 1), Answered(30.0, ((0, 0), 1), 2))
    assert fold(PROGRAM, later).digest == fold(PROGRAM, HALF).digest


def test_answers_show_in_a_digest() -> None:
    other = (START, Answered(2.0, ((0, 0), 0), 1), Answered(3.0, ((0, 0), 1), 3))
    assert fold(PROGRAM, other).tasks[0, 2].path == (0, 2)
    assert fold(PROGRAM, HALF[:2]).digest != fold(PROGRAM, HALF).digest
    assert State().digest != fold(PROGRAM, HALF[:1]).digest


def test_the_memory_of_an_ended_run_is_in_the_order_of_its_keys() -> None:
    ended = Program(Graph("g", "end", (Node("end", End()),)))
    memories: tuple[Memory, Memory] = ({("b",): 1, ("a",): 2}, {("a",): 2, ("b",): 1})
    forms = [fold(ended, [Started(1.0, {}, memory)]).form() for memory in memories]
    assert forms[0] == forms[1]
    assert forms[0]["memory"] == [[["a"], 2], [["b"], 1]]
