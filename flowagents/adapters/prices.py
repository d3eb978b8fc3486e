"""What a reply cost, by the price table of the extra ``prices``. The only importer of genai_prices, when first asked.

A price that the user gave wins and is not looked up here. What is not in the table has no price: None, never 0. The
table comes with the package and is not fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from flowagents.core.value import value

OPENAI_URL = "https://api.openai.com/v1"


@value
class Cost:
    """What one reply cost in dollars, and the table, its version, and the entry that says so."""

    dollars: float
    by: str


def price_of(model: str, base_url: str | None, usage: Mapping[str, int] | None) -> Cost | None:
    """Return what the reply of a model cost; None if the server, the model or the usage is unknown.

    ``base_url`` is where it was asked, None for OpenAI: a model of the same name on another server is another model.
    ``cached_tokens`` in ``usage`` count at the price of cached input. None without the extra ``prices``, too.

    >>> price_of("llama3", "http://localhost:11434/v1", {"prompt_tokens": 3, "completion_tokens": 2}) is None
    True
    """
    if not usage:
        return None
    try:
        from genai_prices import Usage, __version__, calc_price
    except ImportError:
        return None
    counted = Usage(
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
        cache_read_tokens=usage.get("cached_tokens"),
    )
    with suppress(LookupError, ValueError):  # not in the table, or counts that cannot be
        found = calc_price(counted, model, provider_api_url=base_url or OPENAI_URL)
        return Cost(float(found.total_price), f"genai-prices {__version__}: {found.provider.id}/{found.model.id}")
    return None
