"""Which trace a run is recorded in, replayed from or resumed from: said around the code that starts runs.

    with recording("chat.jsonl"):
        user.initiate_chat(bot, message="hi")

The first run started inside uses the file itself, the n-th ``chat-n.jsonl``. Outside of these nothing is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowagents.core.events import Started
from flowagents.core.plain import plain
from flowagents.errors import Diverged, TraceDamaged
from flowagents.runtime.codec import event_to_json, memory_from_json, memory_to_json
from flowagents.runtime.replay import difference, verify, verify_end
from flowagents.runtime.trace import Trace, TraceWriter, continue_trace, read_trace, require_graph

if TYPE_CHECKING:
    from flowagents.runtime.driver import Driver


class _Mode:
    """What ``recording``, ``replaying`` or ``resuming`` asks of the runs started inside it."""

    def __init__(
        self, verb: str, path: str | Path, clock: Callable[[], float] | None, source: str | None
    ) -> None:
        self.verb = verb
        self.path = Path(path)
        self.clock = clock
        self.source = source
        self.runs = 0

    def next_path(self) -> Path:
        """Return the file of the next run."""
        self.runs += 1
        path = self.path
        return path if self.runs == 1 else path.with_name(f"{path.stem}-{self.runs}{path.suffix}")


_mode: ContextVar[_Mode | None] = ContextVar("flowagents_recording", default=None)


@contextmanager
def recording(
    path: str | Path, *, clock: Callable[[], float] | None = None, source: str | None = None
) -> Iterator[None]:
    """Record every run started inside. ``source`` names the program, so that the command line can replay it.

    >>> with recording("chat.jsonl"):
    ...     pass
    """
    with _inside(_Mode("record", path, clock, source)):
        yield


@contextmanager
def replaying(path: str | Path) -> Iterator[None]:
    """Let every run started inside take all answers from its trace and perform nothing.

    Raises WrongGraph or Diverged, naming the first difference, and TraceDamaged if the trace ends before its run.

    >>> with replaying("chat.jsonl"):
    ...     pass
    """
    with _inside(_Mode("replay", path, None, None)):
        yield


@contextmanager
def resuming(path: str | Path) -> Iterator[None]:
    """Let every run started inside go on from its trace: recorded answers are taken, the rest is performed and recorded.

    A file that does not exist yet is begun; a run that had stopped is only replayed.

    >>> with resuming("chat.jsonl"):
    ...     pass
    """
    with _inside(_Mode("resume", path, None, None)):
        yield


@contextmanager
def _inside(mode: _Mode) -> Iterator[None]:
    """Set the mode for the block; runs started by runs inside are not affected twice."""
    token = _mode.set(mode)
    try:
        yield
    finally:
        _mode.reset(token)


def next_plan() -> Plan:
    """Return what the run that is about to start has to do."""
    mode = _mode.get()
    return Plan(None, None) if mode is None else Plan(mode, mode.next_path())


class Plan:
    """How one run begins: anew, anew and recorded, or with what its trace holds."""

    def __init__(self, mode: _Mode | None, path: Path | None) -> None:
        """Note mode and file; both are None where nothing was asked for."""
        self.mode = mode
        self.path = path

    def driver_options(self) -> dict[str, Any]:
        """Return the options of the driver that the mode sets."""
        if self.mode is None or self.mode.clock is None:
            return {}
        return {"clock": self.mode.clock}

    def begin(
        self, driver: Driver, data: Mapping[str, Any], memory: Mapping[tuple[str, ...], Any], seed: int
    ) -> None:
        """Start the driver, or bring it to the end of what was recorded."""
        mode, path = self.mode, self.path
        if mode is None or path is None:
            driver.start(data, memory, seed)
            return
        if mode.verb == "record" or (mode.verb == "resume" and not path.exists()):
            path.parent.mkdir(parents=True, exist_ok=True)
            driver.run_id = path.stem
            driver.log = TraceWriter(path, driver.program, driver.run_id, source=mode.source)
            driver.start(data, memory, seed)
            return
        trace = read_trace(path)
        driver.run_id = trace.run_id
        _go_through(driver, trace, data, memory)
        if mode.verb == "resume" and trace.stopped is None:
            driver.log = continue_trace(path, trace, driver.program)
            if not trace.events:
                driver.start(data, memory, seed)
        elif trace.stopped is None:
            raise TraceDamaged(
                f"{os.fspath(path)} ends before its run does, so it cannot be replayed; resume it instead"
            )
        else:
            verify_end(driver.state, trace)


def _go_through(
    driver: Driver, trace: Trace, data: Mapping[str, Any], memory: Mapping[tuple[str, ...], Any]
) -> None:
    """Verify and take every recorded event."""
    _same_start(trace, data, memory)
    require_graph(trace, driver.program)
    for index, (event, asked) in enumerate(zip(trace.events, trace.asked, strict=True)):
        verify(driver.state, event, asked, index)
        driver.adopt([event])


def _same_start(trace: Trace, data: Mapping[str, Any], memory: Mapping[tuple[str, ...], Any]) -> None:
    """Raise Diverged if the run begins with other registers or another memory than was recorded."""
    if not trace.events:
        return
    start = trace.events[0]
    if not isinstance(start, Started):
        raise TraceDamaged("the first event of the trace is not its start")
    now = Started(start.at, plain(data), memory_from_json(memory_to_json(memory)), start.seed)
    recorded, asked = event_to_json(start, None), event_to_json(now, None)
    if recorded != asked:
        raise Diverged("the start", recorded, asked, difference(recorded, asked), 0)


__all__ = ["Plan", "next_plan", "recording", "replaying", "resuming"]
