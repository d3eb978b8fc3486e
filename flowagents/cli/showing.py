"""The command show: a trace told in words, from its lines alone. The program that made it need not be there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flowagents.adapters.printing import RULE, print_message, visible
from flowagents.core.events import Answered, Event, Failed, Interrupted, Started
from flowagents.core.thread import Thread
from flowagents.runtime.trace import Trace, read_trace
from flowagents.runtime.usage import cost_of, is_model_answer


def tell(path: Path) -> Iterator[str]:
    """Tell a trace, piece by piece: where it comes from, what was said and done in order, models and costs, the stop.

    Nothing is made up: what a hook or a function did is told as what it returned. Raises TraceDamaged.
    """
    trace = read_trace(path)
    yield from _told(_heading(path, trace), "where it comes from")
    names = _Names(trace)
    for event, asked in zip(trace.events, trace.asked, strict=True):
        yield from _told(_event(event, asked if isinstance(asked, dict) else {}, names), event)
    yield from _told(_models(trace.events), "the costs")
    yield from _told(_stop(trace), "how it stopped")


def _told(lines: Iterator[str], what: object) -> list[str]:
    """Return the lines about something, or that it is not as this library writes it: a trace may come from anywhere."""
    try:
        return list(lines)
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        return [f"(cannot be told, {type(error).__name__}: {_line(f'{what!s:.200}')})", RULE]


class _Names:
    """Who talks to whom, as far as the memory at the start tells."""

    def __init__(self, trace: Trace) -> None:
        start = trace.events[0] if trace.events else None
        memory = start.memory if isinstance(start, Started) else {}
        self.pairs = [(key[1], key[2]) for key in memory if key[0] == "count" and len(key) == 3]
        self.first = next((one for one, two in self.pairs if trace.graph in _titles(one, two)), None)

    def peer(self, agent: str | None) -> str | None:
        """Return the only one that an agent talks to; None if there are several, or none is known."""
        peers = [two for one, two in self.pairs if one == agent and two]
        return peers[0] if len(peers) == 1 else None


def _titles(one: str, two: str) -> tuple[str, str]:
    """Return the names of the graphs in which the first of two begins."""
    return f"{one} and {two}", f"{one} to {two}"


def _heading(path: Path, trace: Trace) -> Iterator[str]:
    """Say what was recorded, when, from what."""
    times = [event.at for event in trace.events]
    took = f", {max(times) - min(times):.1f} s" if times else ""
    when = f", {datetime.fromtimestamp(min(times), UTC):%Y-%m-%d %H:%M:%S} UTC" if times else ""
    many = "event" if len(times) == 1 else "events"
    yield f"{visible(str(path))}: {_line(trace.graph)}, {len(times)} {many}{took}{when}"
    if trace.source is not None:
        yield f"recorded from {_line(trace.source)}"
    yield RULE


def _event(event: Event, asked: Mapping[str, Any], names: _Names) -> Iterator[str]:
    """Tell one event."""
    match event:
        case Started():
            yield from _start(event, names)
        case Answered():
            yield from _answer(asked, event.value, names)
            yield RULE
        case Failed(failure=failure):
            yield f"{_place(asked)} failed: {_line(failure.error)}: {visible(failure.text)}"
            yield RULE
        case Interrupted(reason=reason):
            yield f"interrupted: {_line(reason)}"
            yield RULE


def _start(event: Started, names: _Names) -> Iterator[str]:
    """Tell what a run began with."""
    before = sum(len(item) for item in event.memory.values() if isinstance(item, Thread))
    if before:
        yield f"({before} messages from before)"
        yield RULE
    message = event.data.get("message", event.data.get("heard"))
    if message is not None:
        yield _message(names.first or "input", names.peer(names.first), message)
    for given in event.data.get("messages") or ():
        yield _message(str(given.get("name") or given.get("role") or "given"), None, given)
    if message is not None or event.data.get("messages"):
        yield RULE


def _answer(asked: Mapping[str, Any], value: Any, names: _Names) -> Iterator[str]:
    """Tell what was done and what came of it."""
    agent = str(asked.get("agent") or "") or None
    match asked.get("kind"):
        case "CallModel" if is_model_answer(value):
            yield _message(agent, names.peer(agent), value.get("message"))
            yield _model(value)
        case "GiveReply":
            yield _message(agent, names.peer(agent), value)
        case "AskHuman":
            yield _message(f"the human of {agent}", names.peer(agent), value or "(only Enter)")
        case "RunCode" if isinstance(value, dict):
            languages = ", ".join(_line(str(block[0])) or "code" for block in asked.get("blocks") or ())
            yield f"{_line(str(agent))} ran {languages}: exit code {_line(str(value.get('exit_code')))}"
            yield visible(str(value.get("output", ""))).rstrip("\n")
        case "RunTool":
            yield f"{_line(str(agent))} called {_line(str(asked.get('tool')))} {_line(str(asked.get('arguments')))}"
            yield f"← {visible(value if isinstance(value, str) else _json(value))}"
        case "Invoke" if _place(asked).endswith("/function") and isinstance(value, dict):
            yield _message(_place(asked).removesuffix("/function"), None, value.get("value"))
        case _:
            shown = value.get("value") if isinstance(value, dict) and "value" in value else value
            yield f"{_place(asked)} returned {visible(_json(shown))}"


def _message(author: str | None, peer: str | None, message: Any) -> str:
    """Return a message as the screen showed it, without the rule under it."""
    pieces: list[str] = []
    body = message if isinstance(message, dict) else {"content": message}
    print_message(author or "somebody", peer or "", body, write=pieces.append)
    text = "".join(pieces).removesuffix(f"{RULE}\n").rstrip("\n")
    return text if peer else text.replace(" (to ):", ":", 1)


def _model(value: Mapping[str, Any]) -> str:
    """Tell which model answered, with how many tokens, after how many tries."""
    tries = len(value.get("attempts") or ())
    more = f", {tries} tries" if tries > 1 else ""
    source = _line(str(value.get("source")))
    counted = "" if source == "scripted" else f", {_tokens(value.get('usage'))}"
    return f"[{_line(str(value.get('model')))}, {source}{counted}{more}]"


def _models(events: tuple[Event, ...]) -> Iterator[str]:
    """Tell what each model was used for in all."""
    answers = [event.value for event in events if isinstance(event, Answered) and is_model_answer(event.value)]
    totals = cost_of(events)["usage_including_cached_inference"]
    for name, used in totals.items():
        if isinstance(used, dict):
            own = [answer for answer in answers if answer["model"] == name]
            scripted = all(answer["source"] == "scripted" for answer in own)
            known = used if any(answer["usage"] for answer in own) else None
            cost = "scripted, no cost" if scripted else f"{_tokens(known)}, {_cost(used['cost'])}"
            many = "1 answer" if len(own) == 1 else f"{len(own)} answers"
            yield f"model {_line(name)}: {many}, {cost}"


def _tokens(used: Mapping[str, Any] | None) -> str:
    """Return how many tokens a model took and gave."""
    if not used:
        return "tokens unknown"
    return f"{used.get('prompt_tokens', 0)} + {used.get('completion_tokens', 0)} tokens"


def _cost(cost: float | None) -> str:
    """Return a cost in words; what is not known is unknown, never 0."""
    return "cost unknown" if cost is None else f"${cost:.4f}"


def _stop(trace: Trace) -> Iterator[str]:
    """Tell how the run ended."""
    if trace.stopped is None:
        yield "not at an end: this trace stops in the middle of its run; it can be resumed"
        return
    stop = trace.stopped.get("stop") or {}
    rule = f" ({visible(str(stop['rule']))})" if stop.get("rule") else ""
    yield f"stopped: {_line(str(stop.get('kind')))}, {_line(str(stop.get('name')))}{rule}"


def _place(asked: Mapping[str, Any]) -> str:
    """Return the place of an effect."""
    return _line(str(asked.get("at", "something")))


def _line(text: str) -> str:
    """Return text as one line."""
    return visible(text).replace("\n", "\\n")


def _json(value: object) -> str:
    """Return a value as JSON."""
    return json.dumps(value, ensure_ascii=False)
