from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from flowagents.adapters.retrying import (
    FIRST_WAIT_SECONDS,
    JITTER_SECONDS_MAX,
    SERVER_WAIT_SECONDS_MAX,
    TryFailed,
    ask_with_retries,
    judge,
    server_wait_seconds,
)
from flowagents.errors import (
    ModelError,
    ModelRefused,
    ModelServerError,
    ModelUnreachable,
    QuotaExhausted,
    RateLimited,
)

Outcome = str | TryFailed | Exception


class Run:
    """A question that is asked again: its outcomes in order, and what was waited and reported."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.waits: list[float] = []
        self.reports: list[tuple[TryFailed | None, float]] = []

    async def ask(self) -> str:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def report(self, failed: TryFailed | None, waited_seconds: float) -> None:
        self.reports.append((failed, waited_seconds))

    def go(self, tries_max: int = 3) -> str:
        asked = ask_with_retries(self.ask, tries_max=tries_max, sleep=self.sleep, report=self.report)
        return asyncio.run(asked)


def failed(wait_seconds: float | None = None, *, retry: bool = True) -> TryFailed:
    return TryFailed(ModelServerError("broken"), retry=retry, wait_seconds=wait_seconds)


@pytest.mark.parametrize(
    ("status", "codes", "kind", "retry"),
    [
        (None, (), ModelUnreachable, True),
        (408, (), ModelUnreachable, True),
        (409, (), ModelServerError, True),
        (429, (), RateLimited, True),
        (429, ("rate_limit_exceeded",), RateLimited, True),
        (429, ("insufficient_quota",), QuotaExhausted, False),
        (429, ("billing_not_active", "x"), QuotaExhausted, False),
        (402, (), QuotaExhausted, False),
        (500, (), ModelServerError, True),
        (503, (), ModelServerError, True),
        (400, (), ModelRefused, False),
        (401, (), ModelRefused, False),
        (403, (), ModelRefused, False),
        (404, (), ModelRefused, False),
        (422, (), ModelRefused, False),
    ],
)
def test_a_status_tells_what_failed_and_whether_to_try_again(
    status: int | None, codes: tuple[str, ...], kind: type[ModelError], retry: bool
) -> None:
    verdict = judge(status, codes, {}, 0.0)
    assert (verdict.kind, verdict.retry) == (kind, retry)


@pytest.mark.parametrize(("status", "wish", "retry"), [(400, "true", True), (500, "false", False), (500, "x", True)])
def test_the_servers_wish_counts(status: int, wish: str, retry: bool) -> None:
    assert judge(status, (), {"x-should-retry": wish}, 0.0).retry is retry


def test_no_wish_makes_an_empty_account_worth_asking() -> None:
    assert not judge(429, ("insufficient_quota",), {"x-should-retry": "true"}, 0.0).retry


def test_a_wait_above_the_cap_is_not_waited_but_said() -> None:
    verdict = judge(429, (), {"retry-after": "600"}, 0.0)
    assert (verdict.retry, verdict.wait_seconds) == (False, 600.0)
    assert judge(429, (), {"retry-after": str(SERVER_WAIT_SECONDS_MAX)}, 0.0).retry


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 90.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_the_servers_wait_is_read(headers: dict[str, str], expected: float | None) -> None:
    assert server_wait_seconds(headers, 10.0) == expected


def test_an_answer_ends_it_and_every_try_is_reported() -> None:
    first, second = failed(1.0), failed(2.0)
    run = Run(first, second, "hello")
    assert run.go() == "hello"
    assert run.waits == [1.0, 2.0]
    assert run.reports == [(first, 1.0), (second, 2.0), (None, 0.0)]


def test_the_tries_run_out() -> None:
    last = failed(0.0)
    run = Run(failed(0.0), last, "never asked")
    with pytest.raises(TryFailed) as caught:
        run.go(tries_max=2)
    assert caught.value is last
    assert run.outcomes == ["never asked"]
    assert run.reports[-1] == (last, 0.0)


def test_what_is_not_worth_another_try_gets_none() -> None:
    only = failed(retry=False)
    run = Run(only, "never asked")
    with pytest.raises(TryFailed):
        run.go()
    assert run.waits == []
    assert run.reports == [(only, 0.0)]


def test_a_foreign_exception_passes_at_once() -> None:
    run = Run(KeyError("x"), "never asked")
    with pytest.raises(KeyError):
        run.go()
    assert run.outcomes == ["never asked"]


def within_own_wait(waits: Sequence[float]) -> bool:
    bounds = [FIRST_WAIT_SECONDS * 2**index for index in range(len(waits))]
    return all(low <= wait <= low + JITTER_SECONDS_MAX for low, wait in zip(bounds, waits, strict=True))


def test_without_a_word_of_the_server_the_waits_double() -> None:
    run = Run(failed(), failed(), failed(), "hello")
    run.go(tries_max=4)
    assert len(run.waits) == 3
    assert within_own_wait(run.waits)
