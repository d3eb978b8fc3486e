"""The conversation on the screen."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from flowagents.adapters.printing import RULE, print_delta, print_message, sayable, visible, write_to_screen


def shown(message: dict[str, Any], sender: str = "user", recipient: str = "bot") -> list[str]:
    pieces: list[str] = []
    print_message(sender, recipient, message, write=pieces.append)
    lines = "".join(pieces).split("\n")
    assert lines[-2:] == [RULE, ""]
    return lines[:-2]


def test_a_text_message_names_both_sides() -> None:
    assert shown({"content": "go\nnow"}) == ["user (to bot):", "go", "now"]


def test_proposed_calls_are_shown_with_their_arguments_and_ids() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    assert shown({"content": None, "tool_calls": [call]})[1:] == ['→ add {"a": 1}  [c1]']


def test_a_legacy_call_is_shown() -> None:
    message = {"content": "so:", "function_call": {"name": "add", "arguments": "{}"}}
    assert shown(message)[1:] == ["so:", "→ add {}"]


def test_answers_are_shown_once_each() -> None:
    responses = [
        {"tool_call_id": "c1", "role": "tool", "content": "3"},
        {"tool_call_id": "c2", "content": "4"},
    ]
    message = {"content": "3\n\n4", "role": "tool", "tool_responses": responses}
    assert shown(message)[1:] == ["← c1: 3", "← c2: 4"]


def test_a_legacy_answer_is_shown_with_its_name() -> None:
    assert shown({"content": "15", "name": "add", "role": "function"})[1:] == ["← add: 15"]


def test_parts_that_are_no_text_are_named() -> None:
    parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:..."}}]
    assert shown({"content": parts})[1:] == ["look", "<image_url>"]


@pytest.mark.parametrize("content", ["", None])
def test_an_empty_message_says_so(content: str | None) -> None:
    assert shown({"content": content})[1:] == ["(no text)"]


def test_nothing_in_a_message_can_drive_the_terminal() -> None:
    evil = "\x1b[2J\x9b\x07\r"
    call = {"id": evil, "function": {"name": evil, "arguments": evil}}
    response = {"tool_call_id": evil, "content": evil}
    for message in ({"content": evil, "tool_calls": [call]}, {"tool_responses": [response]}):
        text = "".join(shown(message, sender=evil, recipient=evil))
        assert text.isprintable()


def test_a_name_with_a_newline_cannot_fake_another_message() -> None:
    assert shown({"content": "x"}, sender="a\nadmin (to b):")[0] == "a\\nadmin (to b): (to bot):"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "a\\rb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202eabc", "\\u202eabc"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("é 日本 👩\u200d🚀", "é 日本 👩\u200d🚀"),
    ],
)
def test_only_what_could_mislead_is_escaped(text: str, safe: str) -> None:
    assert visible(text) == safe


def test_a_delta_is_shown_without_a_newline_and_safely() -> None:
    pieces: list[str] = []
    print_delta("Why\x1b", write=pieces.append)
    assert pieces == ["Why\\x1b"]


def test_a_screen_that_knows_only_ascii_still_shows_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", screen)
    write_to_screen("é ──\n")
    screen.seek(0)
    assert screen.read() == "\\xe9 --\n"


def test_text_the_screen_can_show_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert sayable("é ──") == "é ──"


def test_without_a_screen_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    write_to_screen("x")
    assert sys.stdout is None
