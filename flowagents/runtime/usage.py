"""What a run used: tokens and money, folded from its events. An unknown price is unknown, never 0."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flowagents.core.events import Answered, Event

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def cost_of(events: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """Return tokens and dollars by model, once with and once without answers from a cache, over all nodes of a run.

    ``cost`` and ``total_cost`` are None where a price is unknown, as that of a scripted model is; a run without a
    model call cost 0.

    >>> cost_of([])["usage_including_cached_inference"]
    {'total_cost': 0}
    """
    answers = [event.value for event in events if isinstance(event, Answered) and is_model_answer(event.value)]
    return {
        "usage_including_cached_inference": _totals(answers),
        "usage_excluding_cached_inference": _totals([answer for answer in answers if answer["source"] != "cache"]),
    }


def is_model_answer(answer: Any) -> bool:
    """Tell whether the answer of an effect came from a model.

    >>> is_model_answer("typed")
    False
    """
    return isinstance(answer, dict) and "finish_reason" in answer and "source" in answer


def _dollars(answer: Any) -> float | None:
    """Return what an answer cost: by the price the user gave, else as a table said when it came; None if unknown."""
    used, price = answer.get("usage"), answer.get("price")
    if price is None or not used:
        return answer.get("cost")  # type: ignore[no-any-return]  # a number or None
    dollars: float = (used.get("prompt_tokens", 0) * price[0] + used.get("completion_tokens", 0) * price[1]) / 1000
    return dollars


def _totals(answers: list[Any]) -> dict[str, Any]:
    """Add up answers by model."""
    models: dict[str, dict[str, Any]] = {}
    for answer in answers:
        used = answer.get("usage") or {}
        counts = [used.get(count) or 0 for count in COUNTS]
        if used.get("total_tokens") is None:
            counts[2] = counts[0] + counts[1]
        entry = models.setdefault(answer["model"], {"cost": 0, **dict.fromkeys(COUNTS, 0)})
        for count, number in zip(COUNTS, counts, strict=True):
            entry[count] += number
        cost = _dollars(answer)
        entry["cost"] = None if cost is None or entry["cost"] is None else entry["cost"] + cost
    costs = [entry["cost"] for entry in models.values()]
    return {"total_cost": None if None in costs else sum(costs), **models}
