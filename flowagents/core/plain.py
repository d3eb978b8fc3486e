"""Making answers recordable: what comes from outside becomes JSON values before the core sees it."""

from __future__ import annotations

from typing import Any

from flowagents.core.value import fields_of


class NotPlain(Exception):
    """A value has no JSON form; ``found`` says what was in the way. Becomes a failure of the effect."""

    def __init__(self, found: object) -> None:
        self.found = type(found).__name__
        super().__init__(f"a value of type {self.found} cannot be recorded; return text, numbers, lists, dicts or None")


def plain(value: Any) -> Any:
    """Return ``value`` as JSON values, new where it was not: tuples become lists, models and dataclasses dicts.

    Raises NotPlain for anything else, for keys that are no text, and for numbers that JSON does not have.

    >>> plain((1, {"a": None}))
    [1, {'a': None}]
    """
    kind = type(value)
    if kind is str or value is None or kind is int or kind is bool:
        return value
    if kind is dict:
        return {_plain_key(key): plain(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [plain(item) for item in value]
    return _convert(value)


def _convert(value: Any) -> Any:
    """Return the JSON form of a value of a less common type."""
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise NotPlain(value)
        return float(value)
    if isinstance(value, (str, int)):
        return str.__str__(value) if isinstance(value, str) else int(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return plain(dump(mode="json"))
    if fields_of(type(value)) is not None or hasattr(type(value), "__dataclass_fields__"):
        names = fields_of(type(value)) or tuple(type(value).__dataclass_fields__)
        return {name: plain(getattr(value, name)) for name in names}
    if hasattr(value, "keys"):
        return {_plain_key(key): plain(value[key]) for key in value.keys()}  # noqa: SIM118  - any mapping
    raise NotPlain(value)


def _plain_key(key: Any) -> str:
    """Return a key of a mapping, which must be text."""
    if not isinstance(key, str):
        raise NotPlain(key)
    return key
