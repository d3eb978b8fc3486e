"""Canonical text: one text for one value, whatever order or type it was made in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowagents.core.canonical import canonical, digest, form
from flowagents.core.graph import Edge
from flowagents.core.guards import Is
from flowagents.core.thread import Entry, Thread

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
THREAD = Thread([Entry("a", {"content": "hi"})])


@pytest.mark.parametrize(
    ("given_value", "text"),
    [
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
        ((1, [2.5, "x"]), '[1,[2.5,"x"]]'),
        ("ä\ud800", '"\\u00e4\\ud800"'),
        ({3: "a"}, '{"3":"a"}'),
        ({("a", 1): "x"}, '{"[\\"a\\",1]":"x"}'),
        (Is("x", "y"), '{"key":"x","kind":"Is","value":"y"}'),
        (Edge("end"), '{"kind":"Edge","label":"","on":"done","to":"end"}'),
        ([None, True], "[null,true]"),
    ],
)
def test_a_value_has_one_text(given_value: Any, text: str) -> None:
    assert canonical(given_value) == text


def test_a_value_with_a_form_of_its_own_gives_that() -> None:
    assert form({"thread": THREAD}) == {"thread": {"length": 1, "digest": THREAD.digest}}


@pytest.mark.parametrize("strange", [{1, 2}, object(), b"bytes", Is])
def test_what_has_no_form_is_refused_by_type(strange: Any) -> None:
    with pytest.raises(TypeError):
        form([strange])


def test_numbers_that_json_does_not_have_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical(float("nan"))


@given(JSON)
def test_the_text_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    assert canonical(backwards(value)) == canonical(value)
    assert digest(backwards(value)) == digest(value)


@given(JSON)
def test_the_text_is_ascii(value: Any) -> None:
    assert canonical(value).isascii()


def backwards(value: Any) -> Any:
    """Return an equal value whose dicts were filled the other way round."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(item) for item in value] if isinstance(value, list) else value
