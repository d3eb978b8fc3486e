"""Compares the result of playing a scenario with its recorded truth. Level 1: what a caller sees; 2: also every request
to a model; 3: also what each agent keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

CHAT_KEYS = ("chat_id", "chat_history", "summary", "human_input")
OP_KEYS = ("reply", "last_agent", "last_message", "message", "found")
MODEL_WORDS = (
    "BadRequest",
    "InternalServer",
    "APIError",
    "APIStatus",
    "RateLimit",
    "Model",
    "Wire",
    "Connection",
    "Script",
)


def differences(scenario: Mapping[str, Any], actual: Mapping[str, Any], level: int) -> list[tuple[str, Any, Any]]:
    """Return every difference as (where, wanted, found)."""
    golden = scenario["golden"]
    pairs = list(_pairs(scenario, golden, actual, level))
    return [(where, wanted, found) for where, wanted, found in pairs if _text(wanted) != _text(found)]


def _pairs(scenario: Mapping[str, Any], golden: Any, actual: Any, level: int) -> Iterator[tuple[str, Any, Any]]:
    """Yield everything that is compared."""
    yield "exception family", family(golden["exception"]), family(actual.get("exception"))
    yield "number of ops", len(golden["ops"]), len(actual["ops"])
    unordered = bool(scenario.get("compare", {}).get("unordered_requests"))
    for number, (wanted, found) in enumerate(zip(golden["ops"], actual["ops"], strict=False)):
        yield from _op_pairs(f"ops[{number}]", wanted, found, scenario["feature"], level, unordered=unordered)
    keys = ["human_requests", *(["group_speakers"] if "group_speakers" in golden else [])]
    if level >= 3:
        keys += ["conversations", "counters", *(["group_messages"] if "group_messages" in golden else [])]
    for key in keys:
        yield key, golden[key], actual.get(key)
    if level >= 2:
        wanted, found = _ordered(golden["model_requests"], unordered), _ordered(actual["model_requests"], unordered)
        yield "number of model requests", len(wanted), len(found)
        for number, (one, other) in enumerate(zip(wanted, found, strict=False)):
            yield f"model_requests[{number}]", one, other


def _op_pairs(
    where: str, wanted: Any, found: Any, feature: str, level: int, *, unordered: bool
) -> Iterator[tuple[str, Any, Any]]:
    """Yield what is compared of one operation."""
    for key in OP_KEYS:
        if key in wanted:
            yield f"{where}.{key}", wanted[key], found.get(key)
    one, other = wanted.get("chats", []), found.get("chats", [])
    yield f"{where} number of chats", len(one), len(other)
    keys = CHAT_KEYS + (("cost",) if level >= 2 and feature == "cost" else ())
    for number, (chat, played) in enumerate(zip(one, other, strict=False)):
        for key in keys:
            yield f"{where}.chats[{number}].{key}", (chat or {}).get(key), (played or {}).get(key)
    if level >= 3:
        sent, delivered = (_ordered(op.get("deliveries") or [], unordered) for op in (wanted, found))
        yield f"{where}.deliveries", sent, delivered


def family(exception: Mapping[str, Any] | None) -> str:
    """Return none, interrupt, model (the model client failed) or refused (anything else)."""
    name = (exception or {}).get("type")
    if name is None:
        return "none"
    if name == "KeyboardInterrupt":
        return "interrupt"
    return "model" if any(word in name for word in MODEL_WORDS) else "refused"


def _ordered(items: list[Any], unordered: bool) -> list[Any]:
    """Return items sorted by content where their order does not count."""
    return sorted(items, key=_text) if unordered else items


def _text(item: Any) -> str:
    """Return a value as text, numbers rounded."""
    return json.dumps(_rounded(item), sort_keys=True, ensure_ascii=False)


def _rounded(item: Any) -> Any:
    """Return a value with its floats rounded."""
    if isinstance(item, float):
        return round(item, 8)
    if isinstance(item, dict):
        return {key: _rounded(inner) for key, inner in item.items()}
    return [_rounded(inner) for inner in item] if isinstance(item, list) else item
