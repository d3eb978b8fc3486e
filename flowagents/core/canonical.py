"""One text for one value: the canonical form that is compared, hashed and written to traces.

Values become JSON with sorted keys and ASCII only, so that the same value gives the same bytes on every interpreter.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from flowagents.core.value import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _encoder() -> Callable[[Any], str]:
    """Return the encoder; json is loaded when the first text is wanted, which a run without a trace never wants."""
    from json import JSONEncoder

    return JSONEncoder(ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":")).encode


def form(value: Any) -> Any:
    """Return ``value`` as JSON: values of this library become ``{"kind": class name, field: ...}``.

    Fields that are None are left out. Raises TypeError for anything that has no form.

    >>> from flowagents.core.guards import Is
    >>> form(Is("verdict", "auto"))
    {'kind': 'Is', 'key': 'verdict', 'value': 'auto'}
    """
    kind = type(value)
    if kind is str or value is None or kind is int or kind is bool or kind is float:
        return value
    if kind is dict:
        return {key if type(key) is str else _key(key): form(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [form(item) for item in value]
    own = getattr(value, "form", None)
    if own is not None:
        return own()
    names = fields_of(kind)
    if names is not None:
        made: dict[str, Any] = {"kind": kind.__name__}
        for name in names:
            item = getattr(value, name)
            if item is not None:
                made[name] = form(item)
        return made
    raise TypeError(f"{type(value).__name__} has no canonical form: {value!r:.80}")


def _key(key: Any) -> str:
    """Return a key that is not text as text; tuples of texts and numbers only."""
    return _encoder()(key if isinstance(key, int) else list(key))


def canonical(value: Any) -> str:
    """Return the canonical text of a value.

    >>> canonical({"b": 1, "a": [None, "ä"]})
    '{"a":[null,"\\\\u00e4"],"b":1}'
    """
    return _encoder()(form(value))


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical text, as 64 hexadecimal digits.

    >>> digest(None)[:8]
    '74234e98'
    """
    return sha256_of(canonical(value))


def sha256_of(text: str) -> str:
    """Return the SHA-256 of an ASCII text, as 64 hexadecimal digits.

    >>> sha256_of("")[:8]
    'e3b0c442'
    """
    from hashlib import sha256

    return sha256(text.encode("ascii")).hexdigest()
