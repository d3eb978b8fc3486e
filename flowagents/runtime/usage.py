"""What a run used: tokens and money, folded from its events. An unknown price is unknown, never 0."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flowagents.core.events import Answered, Event

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def cost_of(events: Iterable[Event]) -> dict[str, dict[str, Any]]:
    """Return tokens and dollars by model, once with and once without answers from a cache, over all nodes of a run.

    ``cost`` and ``total_cost`` are None where a price is unknown; a scripted model without a price costs nothing.

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


def _totals(answers: list[Any]) -> dict[str, Any]:
    """Add up answers by model."""
    models: dict[str, dict[str, Any]] = {}
    for answer in answers:
        used = answer.get("usage") or {}
        price = answer.get("price")
        entry = models.setdefault(answer["model"], {"cost": 0, **dict.fromkeys(COUNTS, 0)})
        for count in COUNTS:
            entry[count] += used.get(count) or 0
        if answer["source"] == "scripted" and price is None:
            continue
        if price is None or not answer.get("usage"):
            entry["cost"] = None
        elif entry["cost"] is not None:
            entry["cost"] += (used["prompt_tokens"] * price[0] + used["completion_tokens"] * price[1]) / 1000
    costs = [entry["cost"] for entry in models.values()]
    return {"total_cost": None if None in costs else sum(costs), **models}
