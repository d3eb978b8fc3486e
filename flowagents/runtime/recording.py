"""Which trace a run is recorded in, replayed from or resumed from: said around the code that starts runs.

    with recording("chat.jsonl"):
        user.initiate_chat(bot, message="hi")

The first run started inside uses the file itself, the n-th ``chat-n.jsonl``. Outside of these nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from flowagents.runtime.inside import current

if TYPE_CHECKING:
    from pathlib import Path

    from flowagents.runtime.driver import Driver, Watcher
    from flowagents.runtime.performing import Ticket
    from flowagents.runtime.run import Run


class _Mode:
    """What ``recording``, ``replaying`` or ``resuming`` asks of the runs started inside it."""

    def __init__(self, verb: str, path: str | Path, clock: Callable[[], float] | None, source: str | None) -> None:
        from pathlib import Path

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
    """Let every run started inside go on from its trace: recorded answers are taken, the rest is performed and added.

    A file that does not exist yet is begun; a run that had stopped is only replayed.

    >>> with resuming("chat.jsonl"):
    ...     pass
    """
    with _inside(_Mode("resume", path, None, None)):
        yield


@contextmanager
def forking(path: str | Path, into: str | Path, *, events: int) -> Iterator[None]:
    """Let the run started inside go on from the first ``events`` events of a trace, recorded in a file of its own.

    The trace itself stays as it is. Raises TraceError if ``into`` exists or the trace has fewer events.

    >>> with forking("nowhere.jsonl", "fork.jsonl", events=3):
    ...     pass
    Traceback (most recent call last):
    ...
    FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.jsonl'
    """
    from flowagents.runtime.trace import fork_trace

    fork_trace(path, into, events)
    with resuming(into):
        yield


@contextmanager
def _inside(mode: _Mode) -> Iterator[None]:
    """Set the mode for the block; runs started by runs inside are not affected twice."""
    token = _mode.set(mode)
    try:
        yield
    finally:
        _mode.reset(token)


_watchers: ContextVar[tuple[Watcher, ...]] = ContextVar("flowagents_watchers", default=())


@contextmanager
def watching(*watchers: Watcher) -> Iterator[None]:
    """Let ``watchers`` see every event, and every piece of a model's answer, of the runs started inside.

    >>> with watching():
    ...     pass
    """
    token = _watchers.set((*_watchers.get(), *watchers))
    try:
        yield
    finally:
        _watchers.reset(token)


_collections: ContextVar[tuple[list[Run], ...]] = ContextVar("flowagents_collections", default=())


@contextmanager
def collecting() -> Iterator[list[Run]]:
    """Give a list that every run started inside joins when it comes to its stop, however it stops.

    >>> with collecting() as runs:
    ...     pass
    >>> runs
    []
    """
    runs: list[Run] = []
    token = _collections.set((*_collections.get(), runs))
    try:
        yield runs
    finally:
        _collections.reset(token)


def next_plan() -> Plan:
    """Return what the run that is about to start has to do."""
    ticket = current()
    if ticket is not None:
        return InnerPlan(ticket, _watchers.get(), _collections.get())
    mode = _mode.get()
    path = None if mode is None else mode.next_path()
    return Plan(mode, path, _watchers.get(), _collections.get())


class Plan:
    """How one run begins: anew, anew and recorded, or with what its trace holds."""

    def __init__(
        self,
        mode: _Mode | None,
        path: Path | None,
        watchers: tuple[Watcher, ...],
        collections: tuple[list[Run], ...] = (),
    ) -> None:
        """Note mode and file, both None where nothing was asked for, who else watches and who collects."""
        self.mode = mode
        self.path = path
        self.watchers = watchers
        self.collections = collections

    def collect(self, run: Run) -> None:
        """Hand the run that has come to its stop to those who collect."""
        for runs in self.collections:
            runs.append(run)

    def driver_options(self) -> dict[str, Any]:
        """Return the options of the driver that the mode sets."""
        if self.mode is None or self.mode.clock is None:
            return {}
        return {"clock": self.mode.clock}

    def begin(self, driver: Driver, data: Mapping[str, Any], memory: Mapping[tuple[str, ...], Any], seed: int) -> None:
        """Start the driver, or bring it to the end of what was recorded."""
        mode, path = self.mode, self.path
        if mode is None or path is None:
            driver.start(data, memory, seed)
            return
        from flowagents.runtime.replay import begin_from_file

        begin_from_file(driver, path, mode.verb, mode.source, (data, memory, seed))


class InnerPlan(Plan):
    """How a run begins that code of the user starts inside an effect: recorded where the outer run is, if anywhere."""

    def __init__(self, ticket: Ticket, watchers: tuple[Watcher, ...], collections: tuple[list[Run], ...]) -> None:
        """Note the effect."""
        super().__init__(None, None, watchers, collections)
        self.ticket = ticket

    def driver_options(self) -> dict[str, Any]:
        """Return the options of the driver: the clock of the outer run."""
        return {"clock": self.ticket.driver.clock}

    def begin(self, driver: Driver, data: Mapping[str, Any], memory: Mapping[tuple[str, ...], Any], seed: int) -> None:
        """Start the driver, or bring it to the end of what the outer trace recorded of it."""
        outer, name = self.ticket.driver, self.ticket.next_inner()
        driver.run_id = f"{outer.run_id}/{name}"
        driver.within = f"{name}:"
        driver.inner = outer.inner
        if outer.log is not None:
            driver.log = outer.log.inner(name, driver.program)
        recorded = outer.inner.get(name)
        if recorded is None:
            driver.start(data, memory, seed)
            return
        from flowagents.runtime.replay import begin_from_inner

        begin_from_inner(driver, recorded, (data, memory, seed))


__all__ = ["Plan", "collecting", "next_plan", "recording", "replaying", "resuming", "watching"]
