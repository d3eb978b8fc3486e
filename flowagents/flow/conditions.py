"""The words of a code graph: conditions on what was said and how often, ends, the rules of a switch.

Conditions are guards of core, combined with ``&``, ``|`` and ``~``; Python's ``and``, ``or`` and ``not``
cannot be given a meaning here. They look at the newest message, which is what the node just visited has said.
"""

from __future__ import annotations

from typing import TypeAlias

from flowagents.core.guards import Carries, Combinable, Contains, EndsWith, Exited, Guard, Says, VisitsAtLeast
from flowagents.core.value import value
from flowagents.errors import ConfigError
from flowagents.flow.nodes import NodeLike, require_name

HEARD = "heard"


@value
class END:
    """An end of a code graph; a run that comes to it is finished under its name.

    >>> END("approved").name
    'approved'
    """

    name: str = "end"


Target: TypeAlias = NodeLike | END | type[END]


@value
class Case:
    """A rule of a switch: where to go, and when; None for in all other cases."""

    guard: Guard | None
    target: Target


class When:
    """A condition that waits for its target."""

    __slots__ = ("guard",)

    def __init__(self, guard: Guard | None) -> None:
        self.guard = guard

    def __rshift__(self, target: Target) -> Case:
        """Return the rule that leads to ``target``."""
        return Case(self.guard, target)


default = When(None)
"""The last rule of every switch: ``default >> target`` is taken when none before it holds."""


def when(guard: Guard) -> When:
    """Begin a rule of a switch, ``when(guard) >> target``. Raises ConfigError if it is given no condition.

    >>> case = when(contains("yes") & ~ends_with("?")) >> END("agreed")
    >>> case.guard.words(), case.target.name
    ("heard contains 'yes' and not heard ends with '?'", 'agreed')
    """
    if not isinstance(guard, Combinable):
        raise ConfigError(
            f"when() was given {guard!r:.80}, which is no condition; build one of contains(), visits() and "
            "the like, and combine them with &, | and ~ instead of and, or and not"
        )
    return When(guard)


def contains(text: str) -> Guard:
    """Hold if the newest message contains ``text``.

    >>> contains("APPROVED").words()
    "heard contains 'APPROVED'"
    """
    return Contains(HEARD, text)


def says(text: str) -> Guard:
    """Hold if the newest message is exactly ``text``.

    >>> says("yes").words()
    "heard is 'yes'"
    """
    return Says(HEARD, text)


def ends_with(text: str) -> Guard:
    """Hold if the newest message ends with ``text``, blanks after it aside.

    >>> ends_with("TERMINATE").words()
    "heard ends with 'TERMINATE'"
    """
    return EndsWith(HEARD, text)


def proposes_calls() -> Guard:
    """Hold if the newest message proposes calls of tools or of a function.

    >>> proposes_calls().words()
    'heard has tool_calls or heard has function_call'
    """
    return Carries(HEARD, "tool_calls") | Carries(HEARD, "function_call")


def exited(name: str) -> Guard:
    """Hold if the node came to its exit ``name``.

    An agent has some of ``said``, ``ended``, ``limit``, ``left`` and ``silent``; a flow has the names of its
    ends.

    >>> exited("limit").words()
    'limit'
    """
    return Exited(name)


def visits_at_least(node: NodeLike, least: int) -> Guard:
    """Hold if ``node``, or the node of that name, was visited ``least`` times or more.

    >>> visits_at_least("writer", 4).words()
    'visits(writer) ≥ 4'
    """
    return VisitsAtLeast(require_name(node), least)


class Visits:
    """How often a node was visited; compare it with a number to get a condition."""

    __slots__ = ("node",)

    def __init__(self, node: str) -> None:
        self.node = node

    def __ge__(self, number: int) -> Guard:
        """Hold if the number is reached."""
        return VisitsAtLeast(self.node, number)

    def __gt__(self, number: int) -> Guard:
        """Hold if the number is exceeded."""
        return VisitsAtLeast(self.node, number + 1)

    def __lt__(self, number: int) -> Guard:
        """Hold if the number is not reached."""
        return ~VisitsAtLeast(self.node, number)

    def __le__(self, number: int) -> Guard:
        """Hold if the number is not exceeded."""
        return ~VisitsAtLeast(self.node, number + 1)


def visits(node: NodeLike) -> Visits:
    """Count the visits of ``node``, or of the node of that name; compare with ``<``, ``<=``, ``>`` or ``>=``.

    >>> (visits("writer") < 4).words()
    'visits(writer) < 4'
    """
    return Visits(require_name(node))
