"""What replies cost by the table; what is unknown stays unknown."""

from __future__ import annotations

import sys

import pytest

from flowagents.adapters.prices import price_of

USAGE = {"prompt_tokens": 1_000, "completion_tokens": 10, "total_tokens": 1_010}


def dollars(model: str, base_url: str | None, usage: dict[str, int] | None) -> float | None:
    cost = price_of(model, base_url, usage)
    return None if cost is None else cost.dollars


def test_a_known_model_has_a_price_and_says_where_it_is_from() -> None:
    cost = price_of("gpt-4o-2024-08-06", None, USAGE)
    assert cost is not None
    assert 0 < cost.dollars < 0.1
    assert cost.by.startswith("genai-prices ")
    assert cost.by.endswith(": openai/gpt-4o")


def test_cached_input_costs_less() -> None:
    cached = dollars("gpt-4o", None, {**USAGE, "cached_tokens": 800})
    whole = dollars("gpt-4o", None, USAGE)
    assert cached is not None
    assert whole is not None
    assert 0 < cached < whole


def test_the_server_counts_not_only_the_name() -> None:
    assert dollars("gpt-4o", "http://localhost:8000/v1", USAGE) is None
    assert dollars("gpt-4o", "https://me.openai.azure.com/", USAGE) is not None


@pytest.mark.parametrize("usage", [None, {}])
def test_a_reply_without_usage_has_no_price(usage: dict[str, int] | None) -> None:
    assert dollars("gpt-4o", None, usage) is None


def test_an_unknown_model_has_no_price() -> None:
    assert dollars("no-such-model", None, USAGE) is None


def test_counts_that_cannot_be_have_no_price() -> None:
    assert dollars("gpt-4o", None, {**USAGE, "cached_tokens": 5_000}) is None


def test_without_the_extra_nothing_has_a_price(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert dollars("gpt-4o", None, USAGE) is None
