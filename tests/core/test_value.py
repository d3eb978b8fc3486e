"""Values: made, compared, shown and replaced by their fields; never changed."""

from __future__ import annotations

import runpy

import pytest

from flowagents.core import value as value_module
from flowagents.core.value import fields_of, replaced, value


@value
class Point:
    x: int
    y: int = 0


@value
class Other:
    x: int
    y: int = 0


@value
class Loud:
    """Says itself how it is shown."""

    x: int

    def __repr__(self) -> str:
        return "loud"


def test_values_are_equal_by_class_and_fields() -> None:
    assert Point(1) == Point(1, 0)
    assert Point(1) != Point(2)
    assert Point(1) != Other(1)  # type: ignore[comparison-overlap]  # two classes on purpose


def test_equal_values_have_one_hash() -> None:
    assert len({Point(1), Point(1, 0), Point(1, 1)}) == 2


def test_a_value_with_a_field_that_has_no_hash_has_none() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point([]))  # type: ignore[arg-type]  # a list on purpose


def test_a_value_is_shown_as_the_call_that_makes_it() -> None:
    assert repr(Point(1)) == "Point(x=1, y=0)"
    assert repr(Loud(1)) == "loud"


def test_a_value_cannot_be_changed() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="Point is a value"):
        point.x = 2  # type: ignore[misc]  # refused by the type checker too
    with pytest.raises(AttributeError, match="'y'"):
        del point.y


def test_a_value_is_matched_by_position() -> None:
    match Point(1, 2):
        case Point(first, second):
            assert (first, second) == (1, 2)


def test_the_fields_of_a_class_of_values() -> None:
    assert fields_of(Point) == ("x", "y")
    assert fields_of(int) is None


def test_a_replaced_value_is_a_new_one() -> None:
    point = Point(1, 2)
    assert (replaced(point, y=3), point) == (Point(1, 3), Point(1, 2))


def test_a_field_that_is_not_there_cannot_be_replaced() -> None:
    with pytest.raises(TypeError, match="Point has no field z"):
        replaced(Point(1), z=1)


def test_outside_of_tests_assignment_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWAGENTS_FROZEN", "")
    module = runpy.run_path(value_module.__file__)
    made = module["value"](type("Point", (), {"__annotations__": {"x": int}}))(1)
    made.x = 2
    assert made.x == 2
