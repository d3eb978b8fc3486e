"""A clock that a test sets. Give it to ``recording(clock=...)``, so that a trace is the same every time."""

from __future__ import annotations


class FakeClock:
    """Tells ``start`` first and ``step`` seconds more each time it is read; ``now`` may be set in between.

    >>> clock = FakeClock(100.0, step=0.5)
    >>> clock(), clock()
    (100.0, 100.5)
    """

    def __init__(self, start: float = 0.0, step: float = 1.0) -> None:
        """Set the clock."""
        self.now = start
        self.step = step

    def __call__(self) -> float:
        """Return the time now and go on by a step."""
        told = self.now
        self.now += self.step
        return told
