"""The trace of a run as a file: one JSON value a line. The format is described in docs/trace-format.md.

First a header, then one line an event, last a line that says how the run stopped and the digest of its final state.
Each line is written whole and flushed before anything acts on it. A trace that lacks its last line can be resumed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from flowagents.core.canonical import form
from flowagents.core.effects import Effect
from flowagents.core.events import Event, Started
from flowagents.core.program import Program
from flowagents.core.task import State
from flowagents.core.value import value
from flowagents.errors import TraceDamaged, TraceError, WrongGraph
from flowagents.runtime.codec import event_from_json, event_to_json

VERSION = 1
"""The version of the format written here; older ones are read for ever."""

HEADER_BEGINS = b'{"flowagents":"trace",'
"""The first bytes of every trace."""

_encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


@value
class Trace:
    """A trace that was read: header facts, events, what each event answered (None: nothing), and how it stopped.

    ``stopped`` is None if the last line is missing; ``size`` is the number of bytes up to the last whole line.
    """

    graph: str
    fingerprint: str
    run_id: str
    events: tuple[Event, ...]
    asked: tuple[Any, ...]
    stopped: Any
    size: int
    source: str | None = None
    inner: Mapping[str, InnerTrace] = {}


class TraceWriter:
    """Writes the trace of one run. A write that fails raises, and so ends the run before anything acts on the event."""

    def __init__(
        self,
        path: str | Path,
        program: Program,
        run_id: str,
        *,
        append: bool = False,
        source: str | None = None,
    ) -> None:
        """Open ``path`` for a new trace, or with ``append`` to continue one whose whole lines end where it ends."""
        self.path = Path(path)
        self._failed: OSError | None = None
        self._file: IO[str] | None = self.path.open("a" if append else "w", encoding="ascii", newline="\n")
        if not append:
            header: dict[str, Any] = {
                "flowagents": "trace",
                "version": VERSION,
                "graph": program.graph.name,
                "fingerprint": program.fingerprint,
                "run": run_id,
            }
            if source is not None:
                header["source"] = source
            self.line(header)

    def inner(self, name: str, program: Program) -> InnerWriter:
        """Return what writes the events of a run started inside an effect."""
        return InnerWriter(self, name, program)

    def write(self, event: Event, effect: Effect | None) -> None:
        """Write one event with the effect it answers."""
        self.line(event_to_json(event, effect))

    def close(self, state: State) -> None:
        """Write how the run stopped, if it did, and close the file; one that could not be written is only closed."""
        if self._file is None:
            return
        if state.stop is not None:
            self.line({"event": "stopped", "stop": form(state.stop), "digest": state.digest})
        file, self._file = self._file, None
        file.close()

    def line(self, item: dict[str, Any]) -> None:
        """Write one line and flush it. After a write that failed, none is tried: the file may end in half a line."""
        if self._failed is not None:
            raise self._failed
        assert self._file is not None, "the trace is closed"
        try:
            self._file.write(_encode(item) + "\n")
            self._file.flush()
        except OSError as error:
            self._failed, file, self._file = error, self._file, None
            with suppress(OSError):  # it would say the same again
                file.close()
            raise


class InnerWriter:
    """Writes the events of a run started inside an effect into the trace of the outer one, each line under its name."""

    def __init__(self, writer: TraceWriter, name: str, program: Program) -> None:
        """Note the trace and the name."""
        self.writer = writer
        self.name = name
        self.program = program

    def write(self, event: Event, effect: Effect | None) -> None:
        """Write one event; the first also says which graph it is of."""
        line = {"within": self.name, **event_to_json(event, effect)}
        if isinstance(event, Started):
            line |= {"graph": self.program.graph.name, "fingerprint": self.program.fingerprint}
        self.writer.line(line)

    def close(self, state: State) -> None:
        """Write how the inner run stopped."""
        if state.stop is not None:
            self.writer.line({"within": self.name, "event": "stopped", "stop": form(state.stop)})

    def inner(self, name: str, program: Program) -> InnerWriter:
        """Return what writes the events of a run inside this one."""
        return InnerWriter(self.writer, name, program)


@value
class InnerTrace:
    """What a trace holds of a run that was started inside an effect."""

    graph: str
    fingerprint: str
    events: tuple[Event, ...]
    asked: tuple[Any, ...]


def is_begun(path: Path) -> bool:
    """Tell whether a trace has its header: not if the file is not there, or was cut while it was begun.

    >>> is_begun(Path("nowhere.jsonl"))
    False
    """
    if not path.exists():
        return False
    with path.open("rb") as file:
        found = file.readline()
    return found.endswith(b"\n") or not found.startswith(HEADER_BEGINS[: len(found)])


def read_trace(path: str | Path) -> Trace:
    """Read a trace. A last line that was cut is left out; anything else that cannot be read raises TraceDamaged.

    >>> read_trace("nowhere.jsonl")
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.jsonl'
    """
    raw = Path(path).read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    lines = whole.split(b"\n")[:-1]
    if not lines:
        raise TraceDamaged(f"{path} has no whole line, so it is no trace")
    header = _parse(path, 0, lines[0])
    if header.get("flowagents") != "trace":
        raise TraceDamaged(f"{path} does not begin with the header of a trace; found {lines[0][:80]!r}")
    if header.get("version") != VERSION:
        raise TraceDamaged(
            f"{path} has format version {header.get('version')!r}; this release reads version {VERSION}: "
            "use the release that wrote it, or a newer one"
        )
    events: list[Event] = []
    asked: list[Any] = []
    stopped: Any = None
    inner: dict[str, list[dict[str, Any]]] = {}
    for number, text in enumerate(lines[1:], 1):
        line = _parse(path, number, text)
        if "within" in line:
            _add_inner(inner, line)
        elif stopped is not None:
            raise TraceDamaged(f"{path}, line {number + 1}: there is more after the run had stopped")
        elif line.get("event") == "stopped":
            stopped = line
        else:
            events.append(event_from_json(line))
            asked.append(line.get("asked"))
    return Trace(
        str(header.get("graph")),
        str(header.get("fingerprint")),
        str(header.get("run")),
        tuple(events),
        tuple(asked),
        stopped,
        len(whole),
        None if header.get("source") is None else str(header["source"]),
        {name: _inner_trace(found) for name, found in inner.items()},
    )


def _add_inner(inner: dict[str, list[dict[str, Any]]], line: dict[str, Any]) -> None:
    """Add a line of an inner run to the others of its name; one that began anew replaces what was there."""
    name = str(line["within"])
    if line.get("event") == "started":
        inner[name] = []
    inner.setdefault(name, []).append(line)


def _inner_trace(lines: list[dict[str, Any]]) -> InnerTrace:
    """Return what was recorded of one inner run."""
    told = [line for line in lines if line.get("event") != "stopped"]
    return InnerTrace(
        str(lines[0].get("graph")),
        str(lines[0].get("fingerprint")),
        tuple(event_from_json(line) for line in told),
        tuple(line.get("asked") for line in told),
    )


def _parse(path: str | Path, number: int, text: bytes) -> dict[str, Any]:
    """Return one line as a dict."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TraceDamaged(f"{path}, line {number + 1} is no JSON ({error}): {text[:80]!r}") from None
    if not isinstance(line, dict):
        raise TraceDamaged(f"{path}, line {number + 1} is no JSON object: {text[:80]!r}")
    return line


def require_graph(trace: Trace | InnerTrace, program: Program) -> None:
    """Raise WrongGraph if a trace was recorded on another graph."""
    if trace.fingerprint != program.fingerprint:
        raise WrongGraph(
            f"the trace was recorded on the graph {trace.graph!r} with fingerprint {trace.fingerprint[:12]}, but this "
            f"is {program.graph.name!r} with {program.fingerprint[:12]}; replay it on the graph it was recorded on"
        )


def fork_trace(path: str | Path, into: str | Path, events: int) -> None:
    """Copy the first ``events`` events of a trace, without its stop, into a new file that can be resumed another way.

    Raises TraceError if ``into`` exists or the trace has fewer events.
    """
    if Path(into).exists():
        raise TraceError(f"{into} exists; give a fork a file of its own")
    have = len(read_trace(path).events)
    if not 0 < events <= have:
        raise TraceError(f"a fork of {path} after {events} events was asked for; it has {have}, so give 1 to {have}")
    kept: list[bytes] = []
    left = events
    for line in Path(path).read_bytes().splitlines(keepends=True):
        found = _parse(path, len(kept), line)
        told = "event" in found and "within" not in found
        if told and not left:
            break
        left -= told
        kept.append(line)
    Path(into).write_bytes(b"".join(kept))


def continue_trace(path: str | Path, trace: Trace, program: Program) -> TraceWriter:
    """Return a writer that goes on after the last whole line of a trace without a stop; half a line is cut off."""
    os.truncate(path, trace.size)
    return TraceWriter(path, program, trace.run_id, append=True)
