"""Awaiting a blocking call from any event loop, so that a cancelled wait is over only when the call is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")


async def in_thread(threads: ThreadPoolExecutor, call: Callable[[], T], withdrawn: threading.Event | None = None) -> T:
    """Return what ``call`` returns in a thread.

    On cancellation ``withdrawn`` is set, so that the call can end early, and the cancellation goes on only
    after the call has ended; a call that has not begun never begins.

    >>> import asyncio
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(1) as threads:
    ...     asyncio.run(in_thread(threads, lambda: 42))
    42
    """
    import asyncio

    job = threads.submit(call)
    answer = asyncio.wrap_future(job)
    try:
        return await asyncio.shield(answer)
    except asyncio.CancelledError:
        if withdrawn is not None:
            withdrawn.set()
        if not job.cancel():
            await _until_done(answer)
        raise


async def _until_done(answer: asyncio.Future[Any]) -> None:
    import asyncio

    while not answer.done():
        try:
            await asyncio.wait([answer])
        except asyncio.CancelledError:
            # Asked again: the first cancellation is raised as soon as the call has ended.
            continue
    if not answer.cancelled():
        answer.exception()


__all__ = ["in_thread"]
