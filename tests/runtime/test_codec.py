"""Events as JSON and back: the same values, on every interpreter."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flowagents.core.effects import AskHuman
from flowagents.core.events import Answered, Event, Failed, Failure, Interrupted, Started
from flowagents.core.thread import Entry, Thread
from flowagents.errors import TraceDamaged
from flowagents.runtime.codec import event_from_json, event_to_json, memory_from_json, memory_to_json

MEMORY = {
    ("thread", "t"): Thread([Entry("a", {"content": "ü"}, ("b",))]),
    ("edits", "a", "t"): {2: "two", 10: "ten"},
    ("typed", "a"): ("one", "two"),
    ("count", "a", "b"): 3,
    ("asked", "a", "b"): False,
    ("system", "a"): None,
}
EVENTS: dict[str, Event] = {
    "started": Started(1.5, {"message": "hi"}, MEMORY, 7),
    "answered": Answered(2.5, ((3, 0), 1), {"value": [1, None, "ü"]}),
    "failed": Failed(3.5, ((), 2), Failure("error", "OSError", "gone", "bot/model")),
    "failed nowhere": Failed(3.5, ((), 2), Failure("limit", "LimitReached", "moves_max")),
    "interrupted": Interrupted(4.5, "KeyboardInterrupt"),
}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_what_is_read_is_what_was_written(event: Event) -> None:
    effect = AskHuman("a/human", "a", "Well?") if isinstance(event, (Answered, Failed)) else None
    written = json.loads(json.dumps(event_to_json(event, effect)))
    assert event_from_json(written) == event


def test_the_effect_stands_beside_its_answer() -> None:
    line = event_to_json(EVENTS["answered"], AskHuman("a/human", "a", "Well?"))
    assert line["asked"] == {
        "kind": "AskHuman",
        "at": "a/human",
        "agent": "a",
        "prompt": "Well?",
        "resource": "terminal",
    }


def test_memory_is_written_in_the_order_of_its_keys() -> None:
    backwards = dict(reversed(MEMORY.items()))
    assert json.dumps(memory_to_json(backwards)) == json.dumps(memory_to_json(MEMORY))


def test_memory_keeps_the_types_of_its_values() -> None:
    found = memory_from_json(json.loads(json.dumps(memory_to_json(MEMORY))))
    assert found == MEMORY
    assert [type(found[key]) for key in MEMORY] == [type(item) for item in MEMORY.values()]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ({}, "KeyError: 'event'"),
        ({"event": "answered", "at": "noon"}, "ValueError"),
        ({"event": "answered", "at": 1.0, "name": "x.y", "value": 1}, "ValueError"),
        ({"event": "answered", "at": 1.0, "name": 7, "value": 1}, "AttributeError"),
        ({"event": "answered", "at": 10**400, "name": "7", "value": 1}, "OverflowError"),
        ({"event": "started", "at": 1.0, "data": 7, "memory": [], "seed": 0}, "TypeError"),
        ({"event": "started", "at": 1.0, "data": {}, "memory": [[[], 1]], "seed": 0}, "IndexError"),
        ({"event": "started", "at": 1.0, "data": {}, "memory": [[["thread", "t"], [1]]], "seed": 0}, "TypeError"),
        ({"event": "failed", "at": 1.0, "name": "7", "failure": {"kind": "error"}}, "KeyError"),
        ({"event": "interrupted", "at": None}, "TypeError"),
    ],
)
def test_an_event_that_cannot_be_read_says_why(line: dict[str, Any], complaint: str) -> None:
    with pytest.raises(TraceDamaged, match=f"an event cannot be read \\({complaint}"):
        event_from_json(line)


def test_an_unknown_event_asks_for_a_newer_version() -> None:
    with pytest.raises(TraceDamaged, match="'paused' is not known here; was the trace written by a newer version"):
        event_from_json({"event": "paused", "at": 1.0})
