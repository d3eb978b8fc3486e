"""Going through a trace again: replay verifies, resume goes on, fork goes another way.

A replay performs nothing: it feeds the recorded events to the program and compares what the program asks for with what
was recorded. The first difference is named with its place and shown as a comparison a person can read.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowagents.core.canonical import form
from flowagents.core.effects import name_text
from flowagents.core.events import Answered, Event, Failed, Started
from flowagents.core.plain import plain
from flowagents.core.program import Program
from flowagents.core.step import Taken, advance
from flowagents.core.task import State
from flowagents.errors import Diverged, TraceDamaged, TraceError
from flowagents.runtime.codec import memory_from_json, memory_to_json
from flowagents.runtime.trace import (
    InnerTrace,
    Trace,
    TraceWriter,
    continue_trace,
    is_begun,
    read_trace,
    require_graph,
)

if TYPE_CHECKING:
    from flowagents.runtime.driver import Driver

SHOWN_MAX = 40
"""Lines of a comparison that are shown."""


def replay(program: Program, trace: Trace, *, strict: bool = True, taken: Taken | None = None) -> State:
    """Return the state at the end of a trace, having verified every request and the final digest.

    With ``strict`` the graph must be the recorded one; without, another may be tried, and the first event at which it
    asks for something else is named. Raises WrongGraph or Diverged.
    """
    if strict:
        require_graph(trace, program)
    state = State()
    for index, (event, asked) in enumerate(zip(trace.events, trace.asked, strict=True)):
        verify(state, event, asked, index)
        with _damage_told(index):
            advance(program, state, event, taken)
    if trace.stopped is not None:
        verify_end(state, trace)
    return state


@contextmanager
def _damage_told(index: int) -> Iterator[None]:
    """Raise TraceDamaged where an answer of the trace has a shape that no performer gives."""
    try:
        yield
    except (TypeError, KeyError, AttributeError, IndexError, ValueError) as error:
        if isinstance(error, TraceError):
            raise
        raise TraceDamaged(
            f"event {index} holds an answer that nobody gives ({type(error).__name__}: {error})"
        ) from error


def verify(state: State, event: Event, asked: Any, index: int) -> None:
    """Raise Diverged unless the state waits for exactly what the event answers."""
    if not isinstance(event, (Answered, Failed)):
        return
    name = name_text(event.name)
    effect = state.waits.get(event.name)
    if effect is None:
        waiting = {name_text(other): form(item) for other, item in state.waits.items()}
        place = f"effect {name} ({_place(asked)})"
        found = ", ".join(f"{other} ({_place(item)})" for other, item in waiting.items()) or "nothing"
        stop = f"; the run has stopped: {state.stop.rule or state.stop.name}" if state.stop is not None else ""
        raise Diverged(place, asked, waiting, f"recorded was {place}, asked for is {found}{stop}", index)
    now = json.loads(json.dumps(form(effect)))
    if now != asked:
        place = f"effect {name} ({_place(now)})"
        raise Diverged(place, asked, now, difference(asked, now), index)


def verify_end(state: State, trace: Trace) -> None:
    """Raise Diverged unless the run ended as recorded."""
    now = json.loads(json.dumps(form(state.stop)))
    recorded = trace.stopped.get("stop")
    index = len(trace.events)
    if now != recorded:
        raise Diverged("the stop", recorded, now, difference(recorded, now), index)
    if state.digest != trace.stopped.get("digest"):
        text = f"the final state has the digest {state.digest}, recorded was {trace.stopped.get('digest')}"
        raise Diverged("the final state", trace.stopped.get("digest"), state.digest, text, index)


def _place(asked: Any) -> str:
    """Return what is asked and where, of an effect's form."""
    return f"{asked.get('kind')} at {asked.get('at')}" if isinstance(asked, dict) else "nothing"


def difference(recorded: Any, asked: Any) -> str:
    """Return a comparison of two JSON values, line by line; ``-`` was recorded, ``+`` is asked now.

    >>> print(difference({"tool": "add"}, {"tool": "sub"}))
    --- recorded
    +++ asked
    @@ -1,3 +1,3 @@
     {
    -  "tool": "add"
    +  "tool": "sub"
     }
    """
    before, after = (json.dumps(item, indent=2, sort_keys=True).splitlines() for item in (recorded, asked))
    lines = list(difflib.unified_diff(before, after, "recorded", "asked", lineterm=""))
    if len(lines) > SHOWN_MAX:
        lines = [*lines[:SHOWN_MAX], f"... {len(lines) - SHOWN_MAX} more lines"]
    return "\n".join(lines)


def prefix(trace: Trace, length: int) -> Trace:
    """Return the trace cut after its first ``length`` events, without its stop: where a fork begins."""
    return Trace(
        trace.graph,
        trace.fingerprint,
        trace.run_id,
        trace.events[:length],
        trace.asked[:length],
        None,
        trace.size,
    )


Start = tuple[Mapping[str, Any], Mapping[tuple[str, ...], Any], int]
"""What a run begins with: registers, memory, seed."""


def begin_from_file(driver: Driver, path: Path, verb: str, source: str | None, start: Start) -> None:
    """Begin a run that is recorded, replayed or resumed (``verb``), with ``path`` as its trace."""
    if verb == "record" or (verb == "resume" and not is_begun(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        driver.run_id = path.stem
        driver.log = TraceWriter(path, driver.program, driver.run_id, source=source)
        driver.start(*start)
        return
    if not path.exists():
        raise TraceError(f"there is no trace {path} to {verb} from; record one with recording({str(path)!r})")
    trace = read_trace(path)
    driver.run_id = trace.run_id
    driver.inner = trace.inner
    _go_through(driver, trace, start)
    if trace.stopped is not None:
        verify_end(driver.state, trace)
    elif verb == "replay":
        raise TraceDamaged(f"{path} ends before its run does, so it cannot be replayed; resume it instead")
    else:
        driver.log = continue_trace(path, trace, driver.program)
        if not trace.events:
            driver.start(*start)


def begin_from_inner(driver: Driver, trace: InnerTrace, start: Start) -> None:
    """Bring a run that is started inside an effect, again, to the end of what was recorded of it.

    It begins with the memory it had, which the runs before it inside the same program may have left.
    """
    log, driver.log = driver.log, None
    recorded = trace.events[0] if trace.events else None
    _go_through(driver, trace, (start[0], recorded.memory if isinstance(recorded, Started) else {}, start[2]))
    driver.log = log


def _go_through(driver: Driver, trace: Trace | InnerTrace, start: Start) -> None:
    """Verify and take every recorded event."""
    require_graph(trace, driver.program)
    _same_start(trace, start)
    for index, (event, asked) in enumerate(zip(trace.events, trace.asked, strict=True)):
        verify(driver.state, event, asked, index)
        with _damage_told(index):
            driver.adopt([event])


def _same_start(trace: Trace | InnerTrace, start: Start) -> None:
    """Raise Diverged if the run begins with other registers or another memory than was recorded."""
    if not trace.events:
        return
    first = trace.events[0]
    if not isinstance(first, Started):
        raise TraceDamaged("the first event of the trace is not its start")
    data, memory, _ = start
    recorded = {**_named(first.memory), **first.data}
    asked = {**_named(memory_from_json(memory_to_json(memory))), **plain(data)}
    differs = [name for name in sorted({*recorded, *asked}) if recorded.get(name) != asked.get(name)]
    if differs:
        before, now = ({name: known.get(name) for name in differs} for known in (recorded, asked))
        raise Diverged(f"the start ({', '.join(differs)})", before, now, difference(before, now), 0)


def _named(memory: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """Return what is remembered as JSON, by names that people can read: ``system of bot``."""
    return {f"{key[0]} of {' and '.join(key[1:])}": item for key, item in memory_to_json(memory)}
