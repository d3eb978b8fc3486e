"""Guards: when each holds, how it reads, and what is left of it once an end is known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowagents.core.graph import End, Graph, Node
from flowagents.core.guards import (
    AtLeast,
    Carries,
    Contains,
    EndsWith,
    Exited,
    Guard,
    Has,
    Is,
    Remembers,
    Says,
    VisitsAtLeast,
    exits_of,
    settle_exit,
    text_of,
)
from flowagents.core.program import Program
from flowagents.core.task import Task
from flowagents.testing.strategies import guards

ROW = Program(Graph("g", "end", (Node("end", End()),))).start
X, Y = Is("x"), Is("y")


def task(**data: Any) -> Task:
    """Return a task with registers."""
    return Task((), ROW, data, {})


@pytest.mark.parametrize(
    ("guard", "holds", "fails", "words"),
    [
        (Is("x"), {"x": True}, {"x": False}, "x"),
        (Is("x", "auto"), {"x": "auto"}, {}, "x is auto"),
        (Is("x", None), {}, {"x": 0}, "x is None"),
        (Has("x"), {"x": [0]}, {"x": ""}, "has x"),
        (Carries("x", "calls"), {"x": {"calls": [1]}}, {"x": {"calls": []}}, "x has calls"),
        (Carries("x", "calls"), {"x": {"calls": [1]}}, {"x": "calls"}, "x has calls"),
        (AtLeast("x", 2), {"x": 2}, {"x": 1.5}, "x ≥ 2"),
        (AtLeast("x", 2), {"x": 2.5}, {"x": "3"}, "x ≥ 2"),
        (AtLeast("x", 0), {}, {"x": [1]}, "x ≥ 0"),
        (Contains("x", "b"), {"x": "abc"}, {"x": "ac"}, "x contains 'b'"),
        (Contains("x", "b"), {"x": {"content": "abc"}}, {"x": {"content": None}}, "x contains 'b'"),
        (Says("x", "done"), {"x": {"content": "done"}}, {"x": "done."}, "x is 'done'"),
        (EndsWith("x", "done"), {"x": "all done \n"}, {"x": "done!"}, "x ends with 'done'"),
        (Exited("left"), {"exit": "left"}, {"exit": "said"}, "left"),
        (X & Y, {"x": True, "y": True}, {"x": True}, "x and y"),
        (X & Y, {"x": True, "y": True}, {"y": True}, "x and y"),
        (X | Y, {"y": True}, {}, "x or y"),
        (X | Y, {"x": True}, {"x": 2, "y": 0}, "x or y"),
        (~X, {}, {"x": True}, "not x"),
        (~AtLeast("x", 2), {"x": 1}, {"x": 2}, "x < 2"),
        (~(X | Y) & Has("z"), {"z": 1}, {"y": True, "z": 1}, "not (x or y) and has z"),
        ((X & Y) | ~X, {}, {"x": True}, "(x and y) or not x"),
    ],
)
def test_a_guard_reads_registers(guard: Guard, holds: dict[str, Any], fails: dict[str, Any], words: str) -> None:
    assert guard(task(**holds))
    assert not guard(task(**fails))
    assert guard.words() == words


def test_a_guard_reads_visits() -> None:
    walker = task()
    walker.visits["n"] = 2
    assert (VisitsAtLeast("n", 2)(walker), VisitsAtLeast("n", 3)(walker)) == (True, False)
    assert not VisitsAtLeast("other", 1)(walker)
    assert VisitsAtLeast("n", 2).words() == "visits(n) ≥ 2"
    assert (~VisitsAtLeast("n", 2)).words() == "visits(n) < 2"


def test_a_guard_reads_memory() -> None:
    walker = Task((), ROW, {}, {("flag", "x"): True, ("flag", "y"): ()})
    assert Remembers(("flag", "x"))(walker)
    assert not Remembers(("flag", "y"))(walker)
    assert not Remembers(("flag", "z"))(walker)
    assert Remembers(("flag", "x")).words() == "flag x"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("plain", "plain"),
        (None, ""),
        ({"content": "inner"}, "inner"),
        ({}, ""),
        (7, "7"),
        ({"content": 7}, "7"),
        ([{"type": "text", "text": "a"}, "b", {"type": "image_url"}, {"type": "other"}, 5], "ab<image>"),
        ({"content": [{"text": 1}]}, "1"),
    ],
)
def test_the_text_of_a_message(message: Any, text: str) -> None:
    assert text_of(message) == text


SAID, LEFT = Exited("said"), Exited("left")


@pytest.mark.parametrize(
    ("guard", "left"),
    [
        (SAID, True),
        (LEFT, False),
        (X, X),
        (~SAID, False),
        (~LEFT, True),
        (~X, ~X),
        (SAID & X, X),
        (X & SAID, X),
        (LEFT & X, False),
        (X & LEFT, False),
        (X & Y, X & Y),
        (SAID | X, True),
        (X | SAID, True),
        (LEFT | X, X),
        (X | LEFT, X),
        (X | Y, X | Y),
        (~(LEFT | X), ~X),
        (SAID & ~LEFT, True),
    ],
)
def test_what_is_left_of_a_guard_when_the_end_said_was_reached(guard: Guard, left: Guard | bool) -> None:
    assert settle_exit(guard, "said") == left


@given(guards(("n",)), guards(), st.sampled_from(["said", "left"]), st.integers(0, 4))
def test_settling_an_end_keeps_what_a_guard_decides(first: Guard, second: Guard, name: str, shape: int) -> None:
    shapes: tuple[Guard, ...] = (
        first & SAID,
        ~LEFT | second,
        ~(first | SAID),
        SAID & (first | second),
        ~(~LEFT) & ~first,
    )
    walker = task(exit=name, answer="a", tag="a")
    left = settle_exit(shapes[shape], name)
    assert shapes[shape](walker) == (left if isinstance(left, bool) else left(walker))


def test_the_ends_a_guard_asks_for() -> None:
    assert exits_of((SAID & X) | ~LEFT) == {"said", "left"}
    assert exits_of(X) == set()


def test_a_guard_is_not_true_or_false_by_itself() -> None:
    with pytest.raises(TypeError, match="combine guards with"):
        bool(X)
