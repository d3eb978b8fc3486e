"""Ctrl-C between steps, not inside one: an event is recorded and taken in whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Held:
    """Holds an interrupt back while ``busy``; ``release`` lets one that came meanwhile take effect."""

    __slots__ = ("busy", "came", "previous")

    def __init__(self) -> None:
        """Hold nothing back yet."""
        self.busy = False
        self.came: tuple[Any, ...] | None = None
        self.previous: Callable[..., Any] | None = None

    def on_interrupt(self, *what: Any) -> None:
        """Take note of an interrupt that comes inside a step; let any other take effect at once."""
        if self.busy:
            self.came = what
        elif self.previous is not None:
            self.previous(*what)

    def release(self) -> None:
        """End what must not be cut, and let an interrupt that came meanwhile take effect."""
        self.busy = False
        came, self.came = self.came, None
        if came is not None and self.previous is not None:
            self.previous(*came)


@contextmanager
def interrupts_held() -> Iterator[Held]:
    """Give what holds interrupts back inside the block; outside of the main thread none come, so nothing is done.

    >>> with interrupts_held() as held:
    ...     held.busy
    False
    """
    import signal

    held = Held()
    previous = signal.getsignal(signal.SIGINT)
    if not callable(previous):
        yield held
        return
    held.previous = previous
    try:
        signal.signal(signal.SIGINT, held.on_interrupt)
    except ValueError:  # not the main thread
        yield held
        return
    try:
        yield held
    finally:
        signal.signal(signal.SIGINT, previous)
