"""How what several children changed in memory becomes one memory again. Rules go by the kind of key, its first word."""

from __future__ import annotations

from collections.abc import Iterable

from flowagents.core.task import Memory

APPENDED = frozenset({"typed"})
"""Kinds whose values are tuples that children append to; the additions are put one after the other in child order."""


class MemoryConflict(Exception):
    """Two children changed the same key; ``key`` says which. Becomes a failure of kind ``conflict``, never escapes."""

    def __init__(self, key: tuple[str, ...]) -> None:
        self.key = key
        super().__init__(f"two children changed {' '.join(key)!r}")


def join_memory(base: Memory, changes: Iterable[tuple[Memory, Memory]]) -> Memory:
    """Return ``base`` with the changes of each child, given in child order as (what it began with, what it ended with).

    A child that began with another's change may change it again. Raises MemoryConflict where two changed a key that
    neither had from the other.

    >>> join_memory({("count", "a", "b"): 1}, [({("count", "a", "b"): 1}, {("count", "a", "b"): 2})])
    {('count', 'a', 'b'): 2}
    """
    joined = dict(base)
    for start, end in changes:
        for key in [*start.keys(), *(key for key in end if key not in start)]:
            before, after, now = start.get(key), end.get(key), joined.get(key)
            if after is before or after == before:
                continue
            if key[0] in APPENDED:
                joined[key] = (*(now or ()), *(after or ())[len(before or ()) :])
            elif now is before or now == before:
                joined[key] = after
            elif now != after:
                raise MemoryConflict(key)
    return joined
