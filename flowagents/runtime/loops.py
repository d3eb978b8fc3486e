"""The two loops over the driver: one for callers without an event loop, one for callers with. They decide nothing.

The synchronous loop runs plain performers inline and awaits awaitables on one background event loop, made when first
needed; it therefore also works where an event loop is running already, as in a notebook.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from flowagents.core.effects import Name
from flowagents.runtime.driver import Driver
from flowagents.runtime.performing import Blocking, Waiting

if TYPE_CHECKING:
    import asyncio


def run_sync(driver: Driver) -> None:
    """Drive a run to its stop. A KeyboardInterrupt becomes part of the run; the caller finds it in ``driver.raised``."""
    flights = _Flights()
    try:
        while driver.stop is None:
            try:
                _turn(driver, flights)
            except KeyboardInterrupt as interrupt:
                driver.interrupt(interrupt)
    finally:
        flights.cancel_all()
        driver.finish()


def _turn(driver: Driver, flights: _Flights) -> None:
    """Start what is to be started; if nothing answered at once, take one outcome."""
    waits = driver.state.waits
    if not flights.flying and len(waits) == 1 and not driver.resting:
        ((name, effect),) = waits.items()
        _perform(driver, flights, name, effect, alone=True)
        return
    flights.cancel(name for name in list(flights.flying) if name not in waits)
    starting = driver.to_start(flights.flying)
    for name, effect in starting:
        if name in driver.state.waits:
            _perform(driver, flights, name, effect, alone=not flights.flying and len(starting) == 1)
    if flights.flying and driver.stop is None and not driver.to_start(flights.flying):
        name, value, error = flights.take()
        if error is not None:
            driver.fail(name, error)
        else:
            driver.answer(name, value)


def _perform(driver: Driver, flights: _Flights, name: Name, effect: Any, *, alone: bool) -> None:
    """Perform one effect: take its answer if there is one, else let it fly."""
    try:
        value = driver.perform(name, effect)
        if isinstance(value, Blocking) and alone:
            value = value.call()
    except (Exception, KeyboardInterrupt) as error:
        driver.fail(name, error)
        return
    if isinstance(value, Blocking):
        flights.start_thread(name, value)
    elif isinstance(value, Waiting):
        driver.rest(name)
    elif hasattr(value, "__await__"):
        flights.start_task(name, value)
    else:
        driver.answer(name, value)


class _Flights:
    """What is under way for a synchronous run: threads, and tasks on the background loop."""

    def __init__(self) -> None:
        self.flying: dict[Name, Callable[[], None] | None] = {}
        self.landed: SimpleQueue[tuple[Name, Any, BaseException | None]] = SimpleQueue()

    def start_thread(self, name: Name, blocking: Blocking) -> None:
        """Call a function in a thread."""

        def call() -> None:
            try:
                self.landed.put((name, blocking.call(), None))
            except (Exception, KeyboardInterrupt) as error:
                self.landed.put((name, None, error))

        self.flying[name] = blocking.withdraw
        threading.Thread(target=call, name=f"flowagents {name}", daemon=True).start()

    def start_task(self, name: Name, awaitable: Any) -> None:
        """Await something on the background loop."""

        async def wait() -> None:
            try:
                self.landed.put((name, await awaitable, None))
            except Exception as error:
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


async def run_async(driver: Driver) -> None:
    """Drive a run to its stop on the caller's event loop. Cancelling the caller cancels the run, which is recorded."""
    import asyncio

    flights: dict[asyncio.Future[Any], tuple[Name, Blocking | None]] = {}
    try:
        while driver.stop is None:
            try:
                await _turn_async(driver, flights)
            except (KeyboardInterrupt, asyncio.CancelledError) as interrupt:
                driver.interrupt(interrupt)
                if isinstance(interrupt, asyncio.CancelledError):
                    raise
    finally:
        for future, (_, blocking) in flights.items():
            _withdraw(future, blocking)
        driver.finish()


async def _turn_async(
    driver: Driver, flights: dict[asyncio.Future[Any], tuple[Name, Blocking | None]]
) -> None:
    """Start what is to be started; if nothing answered at once, take one outcome."""
    import asyncio

    waits = driver.state.waits
    for future, (name, blocking) in list(flights.items()):
        if name not in waits:
            del flights[future]
            _withdraw(future, blocking)
    flying = {name for name, _ in flights.values()}
    starting = driver.to_start(flying)
    for name, effect in starting:
        if name not in waits:
            continue
        try:
            value = driver.perform(name, effect)
            if hasattr(value, "__await__") and not flights and len(waits) == 1:
                value = await value
        except (Exception, KeyboardInterrupt) as error:
            driver.fail(name, error)
            continue
        if isinstance(value, Blocking):
            flights[_in_thread(value)] = (name, value)
        elif isinstance(value, Waiting):
            driver.rest(name)
        elif hasattr(value, "__await__"):
            flights[asyncio.ensure_future(value)] = (name, None)
        else:
            driver.answer(name, value)
    if not flights or driver.stop is not None or driver.to_start({name for name, _ in flights.values()}):
        return
    done, _ = await asyncio.wait(flights, return_when=asyncio.FIRST_COMPLETED)
    for future in sorted(done, key=lambda future: flights[future][0]):
        name, _ = flights.pop(future)
        raised = future.exception()
        if raised is not None:
            driver.fail(name, raised)
        else:
            driver.answer(name, future.result())


def _in_thread(blocking: Blocking) -> asyncio.Future[Any]:
    """Call a function in a daemon thread of its own; return the future of its answer."""
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
        except (Exception, KeyboardInterrupt) as error:
            raised = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(land, value, raised)

    threading.Thread(target=call, name="flowagents call", daemon=True).start()
    return future


def _withdraw(future: asyncio.Future[Any], blocking: Blocking | None) -> None:
    """Cancel a flight."""
    future.cancel()
    if blocking is not None and blocking.withdraw is not None:
        blocking.withdraw()
