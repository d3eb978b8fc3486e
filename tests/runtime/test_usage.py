"""What a run used, by model; an unknown price is unknown, never 0."""

from __future__ import annotations

from typing import Any

import pytest

from flowagents.core.events import Answered, Event
from flowagents.runtime.usage import cost_of


def answer(usage: dict[str, int] | None, model: str = "m", source: str = "live", price: Any = (0.5, 2.0)) -> Event:
    value = {
        "message": {"content": "x"},
        "model": model,
        "finish_reason": "stop",
        "source": source,
        "price": price,
        "usage": usage,
    }
    return Answered(1.0, ((), 1), value)


TOKENS = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def test_tokens_and_dollars_are_added_up_by_model() -> None:
    cost = cost_of([answer(TOKENS), answer(TOKENS), answer(TOKENS, "other")])
    including = cost["usage_including_cached_inference"]
    assert including["m"] == {
        "cost": pytest.approx(0.14),
        "prompt_tokens": 200,
        "completion_tokens": 20,
        "total_tokens": 220,
    }
    assert including["total_cost"] == pytest.approx(0.21)


def test_answers_from_a_cache_are_counted_on_one_side_only() -> None:
    cost = cost_of([answer(TOKENS, source="cache")])
    assert cost["usage_including_cached_inference"]["total_cost"] == pytest.approx(0.07)
    assert cost["usage_excluding_cached_inference"] == {"total_cost": 0}


@pytest.mark.parametrize("unknown", [answer(TOKENS, price=None), answer(None)], ids=["price", "usage"])
def test_one_unknown_price_makes_the_sum_unknown(unknown: Event) -> None:
    cost = cost_of([unknown, answer(TOKENS)])["usage_including_cached_inference"]
    assert cost["m"]["cost"] is None
    assert cost["total_cost"] is None


def test_other_answers_cost_nothing() -> None:
    others = [Answered(1.0, ((), 1), value) for value in ("text", {"finish_reason": "stop"}, {"source": "live"})]
    assert cost_of(others)["usage_including_cached_inference"] == {"total_cost": 0}
