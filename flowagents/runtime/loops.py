"""The two loops over the driver: one for callers without an event loop, one for callers with. They decide nothing.

The synchronous loop runs plain performers inline and awaits awaitables on one background event loop, made when first
needed; it therefore also works where an event loop is running already, as in a notebook.
"""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any, TypeAlias

from flowagents.core.effects import Name
from flowagents.runtime.driver import Driver
from flowagents.runtime.performing import Blocking, Waiting

if TYPE_CHECKING:
    import asyncio

    from flowagents.runtime.flights import Flights


def run_sync(driver: Driver) -> None:
    """Drive a run to its stop. A KeyboardInterrupt becomes part of the run; it is then in ``driver.raised``."""
    flights: Flights | None = None
    try:
        while driver.stop is None:
            try:
                if flights is None:
                    flights = _turn_at_once(driver)
                else:
                    _turn(driver, flights)
            except KeyboardInterrupt as interrupt:
                driver.interrupt(interrupt)
    finally:
        if flights is not None:
            flights.cancel_all()
        driver.finish()


def _turn_at_once(driver: Driver) -> Flights | None:
    """Perform what is outstanding if it is one effect that answers at once; else return flights for the rest."""
    waits = driver.state.waits
    if len(waits) == 1 and not driver.resting:
        ((name, effect),) = waits.items()
        value = _performed(driver, name, effect, alone=True)
        if value is TAKEN:
            return None
    else:
        name, value = None, TAKEN
    from flowagents.runtime.flights import Flights

    flights = Flights()
    if name is not None:
        _launch(driver, flights, name, value)
    return flights


def _turn(driver: Driver, flights: Flights) -> None:
    """Start what is to be started; if nothing answered at once, take one outcome."""
    waits = driver.state.waits
    flights.cancel([name for name in flights.flying if name not in waits])
    starting = driver.to_start(flights.flying)
    for name, effect in starting:
        if name in waits:
            value = _performed(driver, name, effect, alone=not flights.flying and len(starting) == 1)
            if value is not TAKEN:
                _launch(driver, flights, name, value)
    if flights.flying and driver.stop is None and not driver.to_start(flights.flying):
        name, value, raised = flights.take()
        if raised is not None:
            driver.fail(name, raised)
        else:
            driver.answer(name, value)


TAKEN = object()
"""Stands for an answer that has been taken already."""


def _performed(driver: Driver, name: Name, effect: Any, *, alone: bool) -> Any:
    """Perform one effect and take its answer; return what takes longer, else TAKEN."""
    try:
        value = driver.perform(name, effect)
        if isinstance(value, Blocking) and alone:
            value = value.call()
    except (Exception, KeyboardInterrupt) as error:
        driver.fail(name, error)
        return TAKEN
    if isinstance(value, Blocking) or hasattr(value, "__await__"):
        return value
    if isinstance(value, Waiting):
        driver.rest(name)
    else:
        driver.answer(name, value)
    return TAKEN


def _launch(driver: Driver, flights: Flights, name: Name, value: Any) -> None:
    """Let something fly that takes longer."""
    if isinstance(value, Blocking):
        flights.start_thread(name, value)
    else:
        flights.start_task(name, value)


Flying: TypeAlias = "dict[asyncio.Future[Any], tuple[Name, Blocking | None]]"
"""What is under way for an asynchronous run: futures, each with the effect it answers and what blocks behind it."""


async def run_async(driver: Driver) -> None:
    """Drive a run to its stop on the caller's event loop. Cancelling the caller cancels the run, which is recorded."""
    from asyncio import CancelledError

    flights: Flying = {}
    try:
        while driver.stop is None:
            try:
                await _turn_async(driver, flights)
            except (KeyboardInterrupt, CancelledError) as interrupt:
                driver.interrupt(interrupt)
                if isinstance(interrupt, CancelledError):
                    raise
    finally:
        _withdraw_unwanted(flights, ())
        driver.finish()


async def _turn_async(driver: Driver, flights: Flying) -> None:
    """Start what is to be started; if nothing answered at once, take what has landed."""
    waits = driver.state.waits
    if len(waits) == 1 and not flights and not driver.resting:
        ((name, effect),) = waits.items()
        await _start_async(driver, flights, name, effect, alone=True)
    else:
        _withdraw_unwanted(flights, waits)
        for name, effect in driver.to_start({name for name, _ in flights.values()}):
            if name in waits:
                await _start_async(driver, flights, name, effect, alone=False)
    if flights and driver.stop is None and not driver.to_start({name for name, _ in flights.values()}):
        await _land(driver, flights)


async def _start_async(driver: Driver, flights: Flying, name: Name, effect: Any, *, alone: bool) -> None:
    """Perform one effect: take its answer if there is one, await it if it is the only one, else let it fly."""
    from asyncio import CancelledError, ensure_future

    try:
        value = driver.perform(name, effect)
        if alone and hasattr(value, "__await__"):
            value = await value
    except (Exception, KeyboardInterrupt, CancelledError) as error:
        if _caller_is_cancelled(error):
            raise
        driver.fail(name, error)
        return
    if isinstance(value, Blocking):
        from flowagents.runtime.flights import in_thread

        flights[in_thread(value)] = (name, value)
    elif isinstance(value, Waiting):
        driver.rest(name)
    elif hasattr(value, "__await__"):
        flights[ensure_future(value)] = (name, None)
    else:
        driver.answer(name, value)


async def _land(driver: Driver, flights: Flying) -> None:
    """Wait until something has landed, and take it, in path order."""
    import asyncio

    done, _ = await asyncio.wait(flights, return_when=asyncio.FIRST_COMPLETED)
    for future in sorted(done, key=lambda future: flights[future][0]):
        name, _ = flights.pop(future)
        raised = asyncio.CancelledError() if future.cancelled() else future.exception()
        if raised is not None:
            driver.fail(name, raised)
        else:
            driver.answer(name, future.result())


def _withdraw_unwanted(flights: Flying, waits: Container[Name]) -> None:
    """Withdraw what is no longer waited for; a late answer is dropped."""
    for future, (name, blocking) in list(flights.items()):
        if name not in waits:
            from flowagents.runtime.flights import withdraw

            del flights[future]
            withdraw(future, blocking)


def _caller_is_cancelled(error: BaseException) -> bool:
    """Tell whether an error means that the caller was cancelled, and not only what it awaited."""
    import asyncio

    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
