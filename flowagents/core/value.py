"""The one way values are made: slots, compared and hashed by content, matched by position.

They are frozen for the type checker and, under test, at run time; otherwise an assignment is not checked, because the
scheduler makes a few values in every turn. The standard dataclass is not used here because defining one takes half a
millisecond, which adds up to most of the time that importing this library would take.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")
FROZEN = os.environ.get("FLOWAGENTS_FROZEN", "") == "1"
"""True under test: values then refuse assignment at run time too."""


def _equal(self: Any, other: Any) -> bool:
    """Tell whether both are of one class and have equal fields."""
    if self is other:
        return True
    if type(self) is not type(other):
        return False
    return all(getattr(self, name) == getattr(other, name) for name in self.__match_args__)


def _hash(self: Any) -> int:
    """Hash class and fields; raises TypeError if a field cannot be hashed."""
    return hash((type(self).__name__, *(getattr(self, name) for name in self.__match_args__)))


def _repr(self: Any) -> str:
    """Show class and fields as the call that makes the value."""
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({fields})"


def _refuse(self: Any, name: str, *unused: Any) -> None:
    """Refuse to change a value."""
    raise AttributeError(f"{type(self).__name__} is a value; make a new one instead of changing {name!r}")


def _make_init(names: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """Return a constructor that takes and stores the fields in order."""
    arguments = ", ".join(f"{name}=defaults[{name!r}]" if name in defaults else name for name in names)
    store = "    store(self, {0!r}, {0})" if FROZEN else "    self.{0} = {0}"
    body = "\n".join(store.format(name) for name in names) or "    pass"
    made: dict[str, Any] = {"defaults": defaults, "store": object.__setattr__}
    exec(f"def __init__(self, {arguments}):\n{body}", made)
    return made["__init__"]


if TYPE_CHECKING:
    from typing import dataclass_transform

    @dataclass_transform(frozen_default=True)
    def value(cls: type[T]) -> type[T]:
        """Tell the type checker that values are frozen."""
        ...

else:

    def value(cls: type[T]) -> type[T]:
        """Make a class of annotated fields a value; a field with a default may be left out.

        >>> @value
        ... class Point:
        ...     x: int
        ...     y: int = 0
        >>> Point(1) == Point(1, 0), Point(1)
        (True, Point(x=1, y=0))
        """
        space = dict(cls.__dict__)
        names = tuple(space.get("__annotations__", ()))
        defaults = {name: space.pop(name) for name in names if name in space}
        for name in ("__dict__", "__weakref__"):
            space.pop(name, None)
        space["__slots__"] = space["__match_args__"] = names
        space["__init__"] = _make_init(names, defaults)
        for name, method in (("__eq__", _equal), ("__hash__", _hash), ("__repr__", _repr)):
            if space.get(name) is None:
                space[name] = method
        if FROZEN:
            space["__setattr__"] = space["__delattr__"] = _refuse
        return type(cls)(cls.__name__, cls.__bases__, space)


def fields_of(kind: type) -> tuple[str, ...] | None:
    """Return the names of the fields of a class of values, in order; None for any other class.

    >>> fields_of(int) is None
    True
    """
    names = getattr(kind, "__match_args__", None)
    return names if names is not None and getattr(kind, "__repr__", None) is _repr else None


def replaced(given: T, **changes: Any) -> T:
    """Return a new value with some fields changed.

    >>> @value
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> replaced(Point(1), y=2)
    Point(x=1, y=2)
    """
    names = type(given).__match_args__  # type: ignore[attr-defined]  # values have it
    unknown = [name for name in changes if name not in names]
    if unknown:
        raise TypeError(f"{type(given).__name__} has no field {', '.join(unknown)}")
    return type(given)(*(changes[name] if name in changes else getattr(given, name) for name in names))
