"""How what several children changed in memory becomes one memory again. Rules go by the kind of key, its first word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from flowagents.core.task import Memory

if TYPE_CHECKING:
    from flowagents.core.graph import Fan

APPENDED = frozenset({"typed"})
"""Kinds whose values are tuples that children append to; the additions are put one after the other in child order."""


class MemoryConflict(Exception):
    """Two children changed the same key; ``key`` says which. Becomes a failure of kind ``conflict``, never escapes."""

    def __init__(self, key: tuple[str, ...]) -> None:
        self.key = key
        super().__init__(f"two children changed {' '.join(key)!r}")


def join_memory(base: Memory, changes: Iterable[tuple[Memory, Memory]]) -> Memory:
    """Return ``base`` with the changes of each child, given as (what it began with, what it ended with).

    A child that began with another's change may change it again and comes after it. Raises MemoryConflict where two
    changed a key that neither had from the other.

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


def needs_of(fan: Fan) -> tuple[tuple[int, ...], ...]:
    """Return, for each child of a Fan, the ordinals of those it needs. Raises KeyError if one is not there.

    >>> from flowagents.core.graph import Child, End, Fan, Graph, Node
    >>> graph = Graph("g", "end", (Node("end", End()),))
    >>> needs_of(Fan((Child("a", graph, ("b",)), Child("b", graph))))
    ((1,), ())
    """
    ordinal_of = {child.name: ordinal for ordinal, child in enumerate(fan.children)}
    return tuple(tuple(sorted(ordinal_of[name] for name in child.needs)) for child in fan.children)


def in_order(needs: Sequence[Sequence[int]], wanted: Iterable[int]) -> list[int]:
    """Return the wanted ordinals and all that they need through others, each after what it needs, otherwise as given.

    >>> in_order(((2,), (), ()), range(3))
    [2, 0, 1]
    """
    found: dict[int, None] = {}
    for first in wanted:
        pending = [first]
        while pending:
            missing = [need for need in needs[pending[-1]] if need not in found and need not in pending]
            if missing:
                pending.append(missing[0])
            else:
                found[pending.pop()] = None
    return list(found)
