"""Replaying a trace through the code that recorded it, without a network, and what a test asks of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, Protocol

from flowagents.core.guards import text_of
from flowagents.core.thread import Thread
from flowagents.errors import RunError, RunFailed, SetupError
from flowagents.runtime.recording import collecting, replaying
from flowagents.runtime.run import Run
from flowagents.testing.programs import play


def replayed_runs(trace: str | Path, starts: Callable[[], object]) -> list[Run]:
    """Call what starts runs, every answer taken from the trace, and return the runs.

    Nothing is performed and no socket is connected. A failure that was recorded is not raised again. Raises
    Diverged or WrongGraph at the first difference, TraceDamaged, and SetupError if no run is started.
    """
    with offline(), replaying(trace), collecting() as runs:
        try:
            play(starts)
        except RunFailed as failed:
            if all(run is not failed.run for run in runs):
                raise
    if not runs:
        raise SetupError(f"{trace} was not replayed: what was to start its run started none")
    return runs


@contextmanager
def offline() -> Iterator[None]:
    """Refuse every connection and every look-up of a name with a RunError, in all threads.

    >>> import socket
    >>> with offline():
    ...     socket.create_connection(("localhost", 9))
    Traceback (most recent call last):
    flowagents.errors.RunError: the program tried to reach the network while it was replayed (localhost, 9)
    """
    import socket

    def refuse_connection(_: socket.socket, address: object) -> NoReturn:
        _refuse(address)

    def refuse_name(host: object, port: object, *_: object, **__: object) -> NoReturn:
        _refuse(f"({host}, {port})")

    names = {"connect": refuse_connection, "connect_ex": refuse_connection}
    looking_up = socket.getaddrinfo
    hidden = {name: vars(socket.socket).get(name) for name in names}
    for name, refuse in names.items():
        setattr(socket.socket, name, refuse)
    socket.getaddrinfo = refuse_name
    try:
        yield
    finally:
        socket.getaddrinfo = looking_up
        for name, before in hidden.items():
            if before is None:
                delattr(socket.socket, name)
            else:
                setattr(socket.socket, name, before)


def _refuse(address: object) -> NoReturn:
    """Raise what a program gets that connects while it is replayed."""
    raise RunError(f"the program tried to reach the network while it was replayed {address}")


class Named(Protocol):
    """A node or an end as a flow was built with: an agent, ``END("good")``."""

    @property
    def name(self) -> str:
        """The name of the node."""
        ...


class ReplayedRun(Run):
    """A run that was replayed, with what tests ask of it."""

    def __init__(self, run: Run) -> None:
        """Be the same run."""
        vars(self).update(vars(run))

    @property
    def transcript(self) -> list[tuple[str, str]]:
        """Who said what, oldest first; of several threads, one after the other by name."""
        return transcript_of(self)

    def assert_path(self, *names: str | Named) -> None:
        """Raise AssertionError unless exactly these nodes were entered, in this order."""
        expected = tuple(_name(name) for name in names)
        if self.path != expected:
            raise AssertionError(_compared("the path of the run differs", expected, self.path))

    def assert_stop(self, name: str) -> None:
        """Raise AssertionError unless the run stopped at the end of that name."""
        if self.stop.name != name:
            rule = f" ({self.stop.rule})" if self.stop.rule else ""
            raise AssertionError(f"the run stopped at {self.stop.name!r}{rule}, expected was {name!r}")

    def assert_same_transcript(self, expected: Run | Sequence[tuple[str, str]]) -> None:
        """Raise AssertionError unless the same was said as in another run, or a list of (author, text)."""
        wanted = transcript_of(expected) if isinstance(expected, Run) else [tuple(pair) for pair in expected]
        if self.transcript != wanted:
            raise AssertionError(_compared("the transcript differs", wanted, self.transcript))


def transcript_of(run: Run) -> list[tuple[str, str]]:
    """Return who said what in a run, oldest first; of several threads, one after the other by name."""
    threads = sorted((key, item) for key, item in run.memory.items() if isinstance(item, Thread))
    return [(entry.author, text_of(entry.body)) for _, thread in threads for entry in thread.entries()]


def _name(name: str | Named) -> str:
    """Return the name of a node or an end."""
    return name if isinstance(name, str) else name.name


def _compared(what: str, expected: Sequence[object], found: Sequence[object]) -> str:
    """Return a comparison, one item a line."""
    import difflib

    before, after = [f"{item!r}" for item in expected], [f"{item!r}" for item in found]
    lines = difflib.unified_diff(before, after, "expected", "found", lineterm="", n=max(len(before), len(after)))
    return "\n".join([what, *lines])
