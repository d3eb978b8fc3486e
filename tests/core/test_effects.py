"""Effects: their names as text, and what stands for them in a trace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowagents.core.canonical import form
from flowagents.core.effects import AskHuman, CallModel, GiveReply, Invoke, Name, name_from_text, name_text
from flowagents.core.thread import Shown

NAMES = st.tuples(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=4).map(
        lambda pairs: tuple(number for pair in pairs for number in pair)
    ),
    st.integers(0, 10**6),
)


@given(NAMES)
def test_a_name_is_read_as_it_was_written(name: Name) -> None:
    assert name_from_text(name_text(name)) == name


@given(NAMES, NAMES)
def test_different_names_have_different_texts(one: Name, other: Name) -> None:
    assert (name_text(one) == name_text(other)) == (one == other)


@pytest.mark.parametrize("text", ["", "a", "1/", "1.x/2"])
def test_a_text_that_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        name_from_text(text)


def test_a_model_call_shows_the_system_message_by_its_beginning_and_digest() -> None:
    made = form(CallModel("bot/model", "bot", Shown("bot", ()), "be kind " * 20))
    assert made["system"]["begins"] == ("be kind " * 20)[:60]
    assert len(made["system"]["digest"]) == 16


def test_a_model_call_without_a_system_message_shows_none() -> None:
    assert "system" not in form(CallModel("bot/model", "bot", Shown("bot", ())))


def test_a_human_is_asked_one_question_at_a_time() -> None:
    assert AskHuman("bot/human", "bot", "?").resource == "terminal"


def test_what_is_none_is_left_out_of_a_form() -> None:
    assert form(Invoke("f", None, {"a": None})) == {"kind": "Invoke", "at": "f", "arguments": {"a": None}}
    assert form(GiveReply("r", "bot")) == {"kind": "GiveReply", "at": "r", "agent": "bot"}
