"""What is under way while a run waits: threads, and tasks on an event loop. Loaded when something first takes long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from flowagents.core.effects import Name
from flowagents.runtime.performing import Blocking

if TYPE_CHECKING:
    import asyncio


class Flights:
    """What is under way for a synchronous run: threads, and tasks on the background loop."""

    def __init__(self) -> None:
        self.flying: dict[Name, Callable[[], None] | None] = {}
        self.landed: SimpleQueue[tuple[Name, Any, BaseException | None]] = SimpleQueue()

    def start_thread(self, name: Name, blocking: Blocking) -> None:
        """Call a function in a thread."""

        def call() -> None:
            try:
                self.landed.put((name, blocking.call(), None))
            except BaseException as error:  # whatever it is, the run waits for it
                self.landed.put((name, None, error))

        self.flying[name] = blocking.withdraw
        threading.Thread(target=call, name=f"flowagents {name}", daemon=True).start()

    def start_task(self, name: Name, awaitable: Any) -> None:
        """Await something on the background loop."""

        async def wait() -> None:
            try:
                self.landed.put((name, await awaitable, None))
            except BaseException as error:  # whatever it is, the run waits for it, and the loop must live on
                self.landed.put((name, None, error))

        future = background.submit(wait())
        self.flying[name] = lambda: (future.cancel(), None)[1]

    def take(self) -> tuple[Name, Any, BaseException | None]:
        """Wait for one outcome that is still wanted."""
        while True:
            name, value, error = self.landed.get()
            if name in self.flying:
                del self.flying[name]
                return name, value, error

    def cancel(self, names: Any) -> None:
        """Withdraw what is no longer wanted; a late answer is dropped."""
        for name in names:
            withdraw = self.flying.pop(name)
            if withdraw is not None:
                withdraw()

    def cancel_all(self) -> None:
        """Withdraw everything."""
        self.cancel(list(self.flying))


class _Background:
    """One event loop in a daemon thread, for the awaitables of synchronous runs; made when first needed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.pid = 0

    def submit(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Start a coroutine; return its concurrent future."""
        import asyncio
        import os

        with self.lock:
            if self.loop is None or self.pid != os.getpid():
                self.loop, self.pid = asyncio.new_event_loop(), os.getpid()
                threading.Thread(target=self.loop.run_forever, name="flowagents loop", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, self.loop)


background = _Background()


def in_thread(blocking: Blocking) -> asyncio.Future[Any]:
    """Call a function in a daemon thread of its own; return the future of its answer on the running loop.

    >>> import asyncio
    >>> async def wait():
    ...     return await in_thread(Blocking(lambda: 42))
    >>> asyncio.run(wait())
    42
    """
    import asyncio

    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def land(value: Any, raised: BaseException | None) -> None:
        if future.done():
            return
        if raised is not None:
            future.set_exception(raised)
        else:
            future.set_result(value)

    def call() -> None:
        value: Any = None
        raised: BaseException | None = None
        try:
            value = blocking.call()
        except StopIteration as error:
            raised = RuntimeError(f"StopIteration was raised: {error}")  # a future refuses it
        except BaseException as error:  # whatever it is, the run waits for it
            raised = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(land, value, raised)

    threading.Thread(target=call, name="flowagents call", daemon=True).start()
    return future


def withdraw(future: asyncio.Future[Any], blocking: Blocking | None) -> None:
    """Cancel a flight: the future, and what blocks behind it.

    >>> import asyncio
    >>> async def cancelled():
    ...     future = asyncio.get_running_loop().create_future()
    ...     withdraw(future, None)
    ...     return future.cancelled()
    >>> asyncio.run(cancelled())
    True
    """
    future.cancel()
    if blocking is not None and blocking.withdraw is not None:
        blocking.withdraw()
