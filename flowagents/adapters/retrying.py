"""When a failed model call is tried again, how long to wait before, and the one loop that does it.

The only importer of tenacity. What a failure means is decided in ``judge``, from facts.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from flowagents.core.value import value
from flowagents.errors import (
    ModelError,
    ModelRefused,
    ModelServerError,
    ModelUnreachable,
    QuotaExhausted,
    RateLimited,
)

if TYPE_CHECKING:
    from tenacity import RetryCallState

Answer = TypeVar("Answer")
Sleep = Callable[[float], Awaitable[None]]

FIRST_WAIT_SECONDS = 0.5
OWN_WAIT_SECONDS_MAX = 8.0
JITTER_SECONDS_MAX = 0.5
SERVER_WAIT_SECONDS_MAX = 120.0
QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "account_deactivated",
        "access_terminated",
        "quota_exceeded",
        "insufficient_balance",
    }
)
"""Error codes of accounts that cannot pay: waiting does not help."""


@value
class Verdict:
    """What a failure means. ``wait_seconds`` is what the server asked for, None if it did not say."""

    kind: type[ModelError]
    retry: bool
    wait_seconds: float | None = None


class TryFailed(Exception):
    """One try failed. ``error`` is what the caller gets if it was the last one."""

    def __init__(self, error: ModelError, *, retry: bool, wait_seconds: float | None = None) -> None:
        self.error = error
        self.retry = retry
        self.wait_seconds = wait_seconds
        super().__init__(str(error))


def judge(status: int | None, codes: tuple[str, ...], headers: Mapping[str, str], now: float) -> Verdict:
    """Say what an HTTP failure means; ``status`` None stands for no answer at all.

    ``codes`` are the error's code and type; header names are in lower case; ``now`` is in seconds since 1970.

    >>> judge(429, (), {"retry-after": "3"}, 0.0).wait_seconds
    3.0
    >>> judge(429, ("insufficient_quota",), {}, 0.0).retry
    False
    """
    kind = _kind(status, codes)
    if kind is QuotaExhausted:
        return Verdict(kind, retry=False)
    wait_seconds = server_wait_seconds(headers, now)
    if wait_seconds is not None and wait_seconds > SERVER_WAIT_SECONDS_MAX:
        return Verdict(kind, retry=False, wait_seconds=wait_seconds)
    wish = headers.get("x-should-retry", "").strip().lower()
    retry = kind is not ModelRefused if wish not in ("true", "false") else wish == "true"
    return Verdict(kind, retry, wait_seconds)


def server_wait_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """Read how long the server wants to be left alone: ``retry-after-ms``, else ``retry-after``.

    >>> server_wait_seconds({"retry-after-ms": "250", "retry-after": "9"}, 0.0)
    0.25
    >>> server_wait_seconds({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, 20.0)
    40.0
    """
    for name, unit_seconds in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        wait_seconds = _number(headers.get(name))
        if wait_seconds is not None:
            return wait_seconds * unit_seconds
    return _until(headers.get("retry-after"), now)


async def ask_with_retries(
    ask: Callable[[], Awaitable[Answer]],
    *,
    tries_max: int,
    sleep: Sleep,
    report: Callable[[TryFailed | None, float], None],
) -> Answer:
    """Ask until an answer comes; raise TryFailed if a failure is not worth another try or the tries ran out.

    ``report`` is called once a try, with its failure (None for the answer) and the seconds waited after it.

    >>> import asyncio
    >>> async def ask() -> str:
    ...     return "hello"
    >>> asyncio.run(ask_with_retries(ask, tries_max=2, sleep=asyncio.sleep, report=print))
    None 0.0
    'hello'
    """
    from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

    async def one_try() -> Answer:  # tenacity awaits what it can see to be a coroutine function
        return await ask()

    loop = AsyncRetrying(
        stop=stop_after_attempt(tries_max),
        retry=retry_if_exception(lambda error: isinstance(error, TryFailed) and error.retry),
        wait=_wait_seconds,
        before_sleep=lambda state: report(_failure(state), state.upcoming_sleep),
        sleep=sleep,
        reraise=True,
    )
    try:
        answer: Answer = await loop(one_try)
    except TryFailed as failed:
        report(failed, 0.0)
        raise
    report(None, 0.0)
    return answer


def _kind(status: int | None, codes: tuple[str, ...]) -> type[ModelError]:
    if status == 402 or not QUOTA_CODES.isdisjoint(codes):
        return QuotaExhausted
    if status is None or status == 408:
        return ModelUnreachable
    if status == 429:
        return RateLimited
    if status == 409 or status >= 500:
        return ModelServerError
    return ModelRefused


def _wait_seconds(state: RetryCallState) -> float:
    from tenacity import wait_exponential_jitter

    failed = _failure(state)
    if failed is not None and failed.wait_seconds is not None:
        return failed.wait_seconds
    wait = wait_exponential_jitter(multiplier=FIRST_WAIT_SECONDS, max=OWN_WAIT_SECONDS_MAX, jitter=JITTER_SECONDS_MAX)
    return wait(state)


def _failure(state: RetryCallState) -> TryFailed | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, TryFailed) else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(text: str | None, now: float) -> float | None:
    from email.utils import mktime_tz, parsedate_tz

    parsed = parsedate_tz(text) if text else None
    return None if parsed is None else max(0.0, mktime_tz(parsed) - now)
