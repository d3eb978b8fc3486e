"""Events as JSON lines and back. What is read gives the values that were written, on every interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from flowagents.core.canonical import form
from flowagents.core.effects import Effect, name_from_text, name_text
from flowagents.core.events import Answered, Event, Failed, Failure, Interrupted, Started
from flowagents.core.task import Memory
from flowagents.core.thread import Entry, Thread
from flowagents.errors import TraceDamaged


def event_to_json(event: Event, effect: Effect | None) -> dict[str, Any]:
    """Return an event as JSON, with the effect it answers.

    >>> event_to_json(Interrupted(1.5, "KeyboardInterrupt"), None)
    {'event': 'interrupted', 'at': 1.5, 'reason': 'KeyboardInterrupt'}
    """
    match event:
        case Started(at, data, memory, seed):
            return {
                "event": "started",
                "at": at,
                "data": data,
                "memory": memory_to_json(memory),
                "seed": seed,
            }
        case Answered(at, name, value):
            return {
                "event": "answered",
                "at": at,
                "name": name_text(name),
                "asked": form(effect),
                "value": value,
            }
        case Failed(at, name, failure):
            return {
                "event": "failed",
                "at": at,
                "name": name_text(name),
                "asked": form(effect),
                "failure": form(failure),
            }
        case Interrupted(at, reason):
            return {"event": "interrupted", "at": at, "reason": reason}
        case _:
            assert_never(event)


def event_from_json(line: Mapping[str, Any]) -> Event:
    """Return the event that ``event_to_json`` made. Raises TraceDamaged if it is none.

    >>> event_from_json({"event": "interrupted", "at": 1.5, "reason": "KeyboardInterrupt"})
    Interrupted(at=1.5, reason='KeyboardInterrupt')
    """
    try:
        kind, at = line["event"], float(line["at"])
        if kind == "started":
            return Started(at, dict(line["data"]), memory_from_json(line["memory"]), int(line["seed"]))
        if kind == "answered":
            return Answered(at, name_from_text(line["name"]), line["value"])
        if kind == "failed":
            failure = line["failure"]
            made = Failure(failure["kind"], failure["error"], failure["text"], failure.get("place", ""))
            return Failed(at, name_from_text(line["name"]), made)
        if kind == "interrupted":
            return Interrupted(at, str(line["reason"]))
    except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise TraceDamaged(f"an event cannot be read ({type(error).__name__}: {error}): {line!s:.200}") from None
    raise TraceDamaged(f"an event of the kind {kind!r} is not known here; was the trace written by a newer version?")


def memory_to_json(memory: Mapping[tuple[str, ...], Any]) -> list[Any]:
    """Return memory as a list of pairs, sorted by key; threads with all their entries.

    >>> memory_to_json({("count", "a", "b"): 1})
    [[['count', 'a', 'b'], 1]]
    """
    return [[list(key), _write_value(memory[key])] for key in sorted(memory)]


def memory_from_json(pairs: list[Any]) -> Memory:
    """Return the memory that ``memory_to_json`` wrote.

    >>> memory_from_json([[["count", "a", "b"], 1]])
    {('count', 'a', 'b'): 1}
    """
    return {tuple(key): _read_value(key[0], item) for key, item in pairs}


def _write_value(item: Any) -> Any:
    """Return one value of memory as JSON."""
    if isinstance(item, Thread):
        return [[entry.author, entry.body, list(entry.audience)] for entry in item.entries()]
    return form(item)


def _read_value(kind: str, item: Any) -> Any:
    """Return one value of memory; its kind tells which type it had."""
    if kind == "thread":
        return Thread([Entry(author, body, tuple(audience)) for author, body, audience in item])
    if kind == "edits":
        return {int(position): content for position, content in item.items()}
    if kind == "typed":
        return tuple(item)
    return item
