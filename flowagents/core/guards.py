"""Conditions on edges: closed values, combined with & | ~. A guard reads the registers of its task, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from flowagents.core.value import value

if TYPE_CHECKING:
    from flowagents.core.task import Task


class Combinable:
    """Gives guards their operators."""

    __slots__ = ()

    def __bool__(self) -> bool:
        """Refuse to be judged outside a run: ``and``, ``or``, ``not`` and chained comparisons would drop one half."""
        raise TypeError("a guard is true or false only in a run; combine guards with & | ~ instead of and, or, not")

    def __and__(self, other: Guard) -> Both:
        """Hold if both hold."""
        return Both(self, other)  # type: ignore[arg-type]  # every Combinable is a Guard

    def __or__(self, other: Guard) -> Either:
        """Hold if one of them holds."""
        return Either(self, other)  # type: ignore[arg-type]  # every Combinable is a Guard

    def __invert__(self) -> Not:
        """Hold if this does not."""
        return Not(self)  # type: ignore[arg-type]  # every Combinable is a Guard


@value
class Is(Combinable):
    """The register ``key`` equals ``value``; an absent register is None."""

    key: str
    value: Any = True

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        return bool(task.data.get(self.key) == self.value)

    def words(self) -> str:
        """Say the guard in words."""
        return self.key if self.value is True else f"{self.key} is {self.value}"


@value
class Has(Combinable):
    """The register ``key`` holds something other than nothing: not None, not empty, not zero."""

    key: str

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        return bool(task.data.get(self.key))

    def words(self) -> str:
        """Say the guard in words."""
        return f"has {self.key}"


@value
class Carries(Combinable):
    """The message in the register ``key`` has a non-empty field ``field``."""

    key: str
    field: str

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        message = task.data.get(self.key)
        return isinstance(message, dict) and bool(message.get(self.field))

    def words(self) -> str:
        """Say the guard in words."""
        return f"{self.key} has {self.field}"


@value
class AtLeast(Combinable):
    """The number in the register ``key`` is ``least`` or more; an absent register is 0, and no text is a number."""

    key: str
    least: int

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        number = task.data.get(self.key) or 0
        return isinstance(number, (int, float)) and number >= self.least

    def words(self) -> str:
        """Say the guard in words."""
        return f"{self.key} ≥ {self.least}"


@value
class Contains(Combinable):
    """The text in the register ``key``, or the content of the message in it, contains ``text``."""

    key: str
    text: str

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        return self.text in text_of(task.data.get(self.key))

    def words(self) -> str:
        """Say the guard in words."""
        return f"{self.key} contains {self.text!r}"


@value
class Says(Combinable):
    """The content of the message in the register ``key`` is exactly ``text``."""

    key: str
    text: str

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        return text_of(task.data.get(self.key)) == self.text

    def words(self) -> str:
        """Say the guard in words."""
        return f"{self.key} is {self.text!r}"


@value
class EndsWith(Combinable):
    """The content in the register ``key``, trailing blanks aside, ends with ``text``."""

    key: str
    text: str

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        return text_of(task.data.get(self.key)).rstrip(" \t\r\n").endswith(self.text)

    def words(self) -> str:
        """Say the guard in words."""
        return f"{self.key} ends with {self.text!r}"


@value
class VisitsAtLeast(Combinable):
    """The task has entered ``node`` ``least`` times or more."""

    node: str
    least: int

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        return task.visits.get(self.node, 0) >= self.least

    def words(self) -> str:
        """Say the guard in words."""
        return f"visits({self.node}) ≥ {self.least}"


@value
class Remembers(Combinable):
    """The memory holds something true under ``key``."""

    key: tuple[str, ...]

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        return bool(task.memory.get(self.key))

    def words(self) -> str:
        """Say the guard in words."""
        return " ".join(self.key)


@value
class Exited(Combinable):
    """The graph that this node contains or called ended at the end ``name``."""

    name: str

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        return bool(task.data.get("exit") == self.name)

    def words(self) -> str:
        """Say the guard in words."""
        return self.name


@value
class Both(Combinable):
    """Both guards hold; the second is not looked at if the first does not."""

    first: Guard
    second: Guard

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        return self.first(task) and self.second(task)

    def words(self) -> str:
        """Say the guard in words."""
        return f"{_inner(self.first)} and {_inner(self.second)}"


@value
class Either(Combinable):
    """One of the guards holds."""

    first: Guard
    second: Guard

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        return self.first(task) or self.second(task)

    def words(self) -> str:
        """Say the guard in words."""
        return f"{_inner(self.first)} or {_inner(self.second)}"


@value
class Not(Combinable):
    """The guard does not hold."""

    guard: Guard

    def __call__(self, task: Task) -> bool:
        """Tell whether the guard holds."""
        return not self.guard(task)

    def words(self) -> str:
        """Say the guard in words."""
        match self.guard:
            case AtLeast(key, least):
                return f"{key} < {least}"
            case VisitsAtLeast(node, least):
                return f"visits({node}) < {least}"
            case _:
                return f"not {_inner(self.guard)}"


Guard: TypeAlias = (
    Is | Has | Carries | AtLeast | Contains | Says | EndsWith | VisitsAtLeast | Remembers | Exited | Both | Either | Not
)


def _inner(guard: Guard) -> str:
    """Say a part of a compound guard, in brackets where the reading would be ambiguous."""
    return f"({guard.words()})" if isinstance(guard, (Both, Either)) else guard.words()


def text_of(message: Any) -> str:
    """Return the text of a message or of its content: parts joined, an image as ``<image>``, null as "".

    >>> text_of({"content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}]})
    'a<image>'
    """
    content = message.get("content") if isinstance(message, dict) else message
    if content is None:
        return ""
    if isinstance(content, list):
        return "".join(_part_text(part) for part in content)
    return content if isinstance(content, str) else str(content)


def _part_text(part: Any) -> str:
    """Return the text of one part of a list content."""
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and "text" in part:
        return str(part["text"])
    return "<image>" if isinstance(part, dict) and part.get("type") == "image_url" else ""


def exits_of(guard: Guard) -> set[str]:
    """Return the names of the ends a guard asks about; only to be tested for membership, never iterated in order.

    >>> sorted(exits_of(Exited("said") & ~Exited("left")))
    ['left', 'said']
    """
    match guard:
        case Exited(name):
            return {name}
        case Both(first, second) | Either(first, second):
            return exits_of(first) | exits_of(second)
        case Not(inner):
            return exits_of(inner)
        case _:
            return set()


def settle_exit(guard: Guard, name: str) -> Guard | bool:
    """Return what is left of a guard once it is known that the end ``name`` was reached.

    >>> settle_exit(Exited("said") & AtLeast("turns", 2), "said")
    AtLeast(key='turns', least=2)
    >>> settle_exit(Exited("said"), "left")
    False
    """
    match guard:
        case Exited(wanted):
            return wanted == name
        case Both(first, second):
            return _join(settle_exit(first, name), settle_exit(second, name), absorbing=False)
        case Either(first, second):
            return _join(settle_exit(first, name), settle_exit(second, name), absorbing=True)
        case Not(inner):
            left = settle_exit(inner, name)
            return (not left) if isinstance(left, bool) else Not(left)
        case _:
            return guard


def _join(first: Guard | bool, second: Guard | bool, *, absorbing: bool) -> Guard | bool:
    """Combine two settled halves; ``absorbing`` is the truth value that decides alone (True for or, False for and)."""
    for one, other in ((first, second), (second, first)):
        if isinstance(one, bool):
            return absorbing if one is absorbing else other
    return (Either if absorbing else Both)(first, second)  # type: ignore[arg-type]  # neither is a bool here
