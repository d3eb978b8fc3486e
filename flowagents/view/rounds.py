"""Finds the steps that close a circle in a graph of any size; knows neither graphs nor pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def closing_steps(names: Iterable[str], leads: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, None]:
    """Return the labels of the steps that lead back to where the walk is, walking from each name in order.

    ``leads`` gives for each name the steps from it, each a label and the name it leads to.

    >>> list(closing_steps(["a"], {"a": [("there", "b")], "b": [("back", "a")]}))
    ['back']
    """
    found: dict[str, None] = {}
    on_way, done = set[str](), set[str]()
    for name in names:
        stack = [] if name in done else [(name, iter(leads[name]))]
        on_way.update(top for top, _ in stack)
        while stack:
            top, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                stack.pop()
                on_way.discard(top)
                done.add(top)
            elif step[1] in on_way:
                found[step[0]] = None
            elif step[1] not in done:
                on_way.add(step[1])
                stack.append((step[1], iter(leads[step[1]])))
    return found
