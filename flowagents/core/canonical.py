"""One text for one value: the canonical form that is compared, hashed and written to traces.

Values become JSON with sorted keys and ASCII only, so that the same value gives the same bytes on every interpreter.
"""

from __future__ import annotations

import dataclasses
import json
from hashlib import sha256
from typing import Any

_encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":")).encode

_FIELDS: dict[type, tuple[str, ...]] = {}
"""The field names of each class that was asked for; reading them anew is slow."""


def form(value: Any) -> Any:
    """Return ``value`` as JSON: values of this library become ``{"kind": class name, field: ...}``.

    Fields that are None are left out. Raises TypeError for anything that has no form.

    >>> from flowagents.core.guards import Is
    >>> form(Is("verdict", "auto"))
    {'kind': 'Is', 'key': 'verdict', 'value': 'auto'}
    """
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, dict):
        return {key if isinstance(key, str) else _key(key): form(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [form(item) for item in value]
    own = getattr(value, "form", None)
    if own is not None:
        return own()
    if dataclasses.is_dataclass(value):
        kind = type(value)
        names = _FIELDS.get(kind)
        if names is None:
            names = _FIELDS[kind] = tuple(field.name for field in dataclasses.fields(value))
        made: dict[str, Any] = {"kind": kind.__name__}
        for name in names:
            item = getattr(value, name)
            if item is not None:
                made[name] = form(item)
        return made
    raise TypeError(f"{type(value).__name__} has no canonical form: {value!r:.80}")


def _key(key: Any) -> str:
    """Return a key that is not text as text; tuples of texts and numbers only."""
    return _encode(key if isinstance(key, int) else list(key))


def canonical(value: Any) -> str:
    """Return the canonical text of a value.

    >>> canonical({"b": 1, "a": [None, "ä"]})
    '{"a":[null,"\\\\u00e4"],"b":1}'
    """
    return _encode(form(value))


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical text, as 64 hexadecimal digits.

    >>> digest(None)[:8]
    '74234e98'
    """
    return sha256(canonical(value).encode("ascii")).hexdigest()
