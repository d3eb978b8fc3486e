"""Answers become JSON values before the core sees them, or are refused."""

from __future__ import annotations

import dataclasses
import enum
from collections import OrderedDict, UserDict, namedtuple
from typing import Any

import pytest

from flowagents.core.guards import Is
from flowagents.core.plain import NotPlain, plain


class Colour(str, enum.Enum):  # noqa: UP042  - its str is not its value, unlike that of a StrEnum
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()


class Real(float):
    __slots__ = ()


@dataclasses.dataclass
class Point:
    x: int
    inner: Any = None


class Model:
    """Has what a pydantic model has."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        return {"mode": mode, "items": (1,)}


Pair = namedtuple("Pair", "first second")


@pytest.mark.parametrize(
    ("given_value", "made"),
    [
        (None, None),
        ("text", "text"),
        (True, True),
        (2.5, 2.5),
        ((1, {"a": (None,)}), [1, {"a": [None]}]),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Text("t"), "t"),
        (Real(1.5), 1.5),
        (Pair(1, [2]), [1, [2]]),
        (OrderedDict(a=(1,)), {"a": [1]}),
        (UserDict(a=(1,)), {"a": [1]}),
        (Point(1, Point(2)), {"x": 1, "inner": {"x": 2, "inner": None}}),
        (Is("k", ("v",)), {"key": "k", "value": ["v"]}),
        (Model(), {"mode": "json", "items": [1]}),
    ],
)
def test_a_value_becomes_json(given_value: Any, made: Any) -> None:
    found = plain(given_value)
    assert found == made
    assert type(found) is type(made)


def test_lists_and_dicts_are_copied() -> None:
    given_value = {"a": [1]}
    made = plain(given_value)
    given_value["a"].append(2)
    assert made == {"a": [1]}


@pytest.mark.parametrize(
    ("given_value", "named"),
    [
        (object(), "object"),
        ([{1, 2}], "set"),
        ({"a": b"x"}, "bytes"),
        (float("nan"), "float"),
        (float("-inf"), "float"),
        ({1: "a"}, "int"),
        (UserDict({None: 1}), "NoneType"),
        (Point, "type"),
        (Is, "type"),
        (lambda: None, "function"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_type(given_value: Any, named: str) -> None:
    with pytest.raises(NotPlain, match=f"type {named} cannot be recorded") as caught:
        plain(given_value)
    assert caught.value.found == named
