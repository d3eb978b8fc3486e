"""Both loops over the driver: what flies together, what waits, what is withdrawn, how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import Any

import pytest

from flowagents import ConversableAgent, ScriptedModel
from flowagents.core.effects import Effect
from flowagents.core.events import Answered, Failed, Interrupted
from flowagents.core.program import Program
from flowagents.runtime.driver import Driver
from flowagents.runtime.loops import run_async, run_sync
from flowagents.runtime.performing import WAITING, Blocking, Ticket
from tests.runtime.building import (
    AskAtTerminal,
    driver_of,
    eventually,
    failing,
    giving,
    in_line,
    run_on,
    side_by_side,
    unstarted,
)

LOOPS = pytest.mark.parametrize("loop", ["sync", "async"])


class Meeting:
    """Performs by waiting until as many as expected wait here: only what overlaps in time can be answered."""

    def __init__(self, expected: int) -> None:
        self.barrier = threading.Barrier(expected, timeout=10)
        self.count = expected
        self.come: asyncio.Event | None = None

    def in_threads(self, effect: Effect, ticket: Ticket) -> Any:
        return Blocking(lambda: self.barrier.wait() * 0 + 1)

    async def on_loop(self, effect: Effect, ticket: Ticket) -> Any:
        self.come = self.come or asyncio.Event()
        self.count -= 1
        if not self.count:
            self.come.set()
        await asyncio.wait_for(self.come.wait(), 10)
        return 1


async def later(answer: Any) -> Any:
    await asyncio.sleep(0)
    return answer


async def never() -> Any:
    await asyncio.Event().wait()


@LOOPS
def test_answers_given_at_once_lead_to_the_stop(loop: str) -> None:
    driver = driver_of(in_line("one", "two"))
    run_on(loop, driver)
    assert driver.state.stop is not None
    assert driver.state.result == "two answers"


@LOOPS
@pytest.mark.parametrize(
    "made", [lambda: later("x"), lambda: Blocking(lambda: "x"), lambda: "x"], ids=["await", "block", "plain"]
)
def test_an_answer_may_be_given_in_three_ways(loop: str, made: Any) -> None:
    driver = driver_of(in_line("one", "two"), bindings={"one": lambda effect, ticket: made()})
    run_on(loop, driver)
    assert isinstance(driver.events[1], Answered)
    assert driver.events[1].value == "x"
    assert driver.state.result == "two answers"


@LOOPS
@pytest.mark.parametrize("way", ["in_threads", "on_loop"])
def test_what_is_asked_side_by_side_flies_together(loop: str, way: str) -> None:
    performer = getattr(Meeting(3), way)
    driver = driver_of(side_by_side("a", "b", "c"), bindings=dict.fromkeys("abc", performer))
    run_on(loop, driver)
    assert driver.state.result == {"a": 1, "b": 1, "c": 1}


@LOOPS
def test_threads_and_tasks_fly_together(loop: str) -> None:
    woken = threading.Event()

    def waits(effect: Effect, ticket: Ticket) -> Any:
        return Blocking(lambda: woken.wait(10))

    async def wakes() -> bool:
        woken.set()
        return True

    bound = {"a": waits, "b": lambda effect, ticket: wakes()}
    driver = driver_of(side_by_side("a", "b"), bindings=bound)
    run_on(loop, driver)
    assert driver.state.result == {"a": True, "b": True}


@LOOPS
@pytest.mark.parametrize("made", ["blocks", "awaits"])
def test_what_shares_a_resource_is_asked_one_at_a_time_in_order(loop: str, made: str) -> None:
    seen: list[str] = []

    def block(place: str) -> str:
        seen.extend((f"{place} begins", f"{place} ends"))
        return place

    async def wait(place: str) -> str:
        seen.append(f"{place} begins")
        await asyncio.sleep(0.005)
        seen.append(f"{place} ends")
        return place

    def perform(effect: Effect, ticket: Ticket) -> Any:
        return Blocking(lambda: block(effect.at)) if made == "blocks" else wait(effect.at)

    driver = driver_of(side_by_side("a", "b", ask=AskAtTerminal), bindings={"a": perform, "b": perform})
    run_on(loop, driver)
    assert seen == ["a begins", "a ends", "b begins", "b ends"]
    assert driver.state.result == {"a": "a", "b": "b"}


@LOOPS
def test_what_shares_no_resource_is_asked_while_a_human_thinks(loop: str) -> None:
    asked = threading.Event()

    def note() -> int:
        asked.set()
        return 1

    def notes(effect: Effect, ticket: Ticket) -> Any:
        return Blocking(note)

    bound = {"a": lambda effect, ticket: Blocking(lambda: asked.wait(10)), "b": notes}
    driver = driver_of(side_by_side("a", "b"), bindings=bound)
    run_on(loop, driver)
    assert driver.state.result == {"a": True, "b": 1}


@LOOPS
@pytest.mark.parametrize("way", ["at once", "awaited", "blocking"])
def test_a_performer_that_raises_fails_its_effect(loop: str, way: str) -> None:
    error = OSError("the world is not there")

    async def fails() -> None:
        raise error

    def perform(effect: Effect, ticket: Ticket) -> Any:
        if way == "awaited":
            return fails()
        blocking = Blocking(lambda: failing(error)(effect, ticket))
        return blocking if way == "blocking" else blocking.call()

    driver = driver_of(in_line("one"), bindings={"one": perform})
    run_on(loop, driver)
    assert driver.stop is not None
    assert (driver.stop.kind, driver.stop.rule) == ("failed", "the world is not there")
    assert driver.raised is error


@LOOPS
@pytest.mark.parametrize("way", ["awaited", "blocking"])
def test_one_of_several_that_raises_fails_them_all(loop: str, way: str) -> None:
    withdrawn = threading.Event()

    async def fails() -> None:
        raise OSError("b is broken")

    def broken(effect: Effect, ticket: Ticket) -> Any:
        return fails() if way == "awaited" else Blocking(lambda: failing(OSError("b is broken"))(effect, ticket))

    def waits(effect: Effect, ticket: Ticket) -> Any:
        return Blocking(lambda: withdrawn.wait(10), withdrawn.set)

    driver = driver_of(side_by_side("a", "b"), bindings={"a": waits, "b": broken, "after": giving("went on")})
    run_on(loop, driver)
    assert withdrawn.is_set()
    assert driver.state.result == "went on"


@LOOPS
def test_a_late_answer_is_dropped(loop: str) -> None:
    withdrawn, late = threading.Event(), list[threading.Thread]()

    def answers_late() -> str:
        late.append(threading.current_thread())
        withdrawn.wait(10)
        return "too late"

    async def in_time() -> str:
        await asyncio.to_thread(late[0].join, 10)
        return "in time"

    bound = {
        "a": lambda effect, ticket: Blocking(answers_late, withdrawn.set),
        "b": failing(OSError("b is broken")),
        "after": lambda effect, ticket: in_time(),
    }
    driver = driver_of(side_by_side("a", "b"), bindings=bound)
    run_on(loop, driver)
    assert driver.state.result == "in time"
    assert "too late" not in [event.value for event in driver.events if isinstance(event, Answered)]


@LOOPS
def test_a_task_that_is_no_longer_wanted_is_cancelled(loop: str) -> None:
    ended = threading.Event()

    async def waits() -> None:
        try:
            await never()
        finally:
            ended.set()

    async def broken() -> None:
        await asyncio.sleep(0.005)
        raise OSError("b is broken")

    bound = {
        "a": lambda effect, ticket: waits(),
        "b": lambda effect, ticket: broken(),
        "after": lambda effect, ticket: Blocking(lambda: ended.wait(10)),
    }
    driver = driver_of(side_by_side("a", "b"), bindings=bound)
    run_on(loop, driver)
    assert driver.state.result is True


@LOOPS
def test_an_effect_that_an_earlier_answer_made_moot_is_not_asked(loop: str) -> None:
    asked: list[str] = []

    def notes(effect: Effect, ticket: Ticket) -> Any:
        asked.append(effect.at)
        return later("b")

    driver = driver_of(side_by_side("a", "b"), bindings={"a": failing(OSError("a is broken")), "b": notes})
    run_on(loop, driver)
    assert asked == []
    assert driver.state.result == "after answers"


@LOOPS
def test_an_answer_that_cannot_be_recorded_is_a_failure(loop: str) -> None:
    driver = driver_of(in_line("one"), bindings={"one": giving({1, 2})})
    run_on(loop, driver)
    assert driver.stop is not None
    assert driver.stop.failure is not None
    assert driver.stop.failure.error == "NotRecordable"


@LOOPS
def test_a_place_without_a_performer_is_named_with_those_that_have_one(loop: str) -> None:
    driver = Driver(Program(in_line("one")), {"other": giving(1)})
    driver.start({}, {})
    run_on(loop, driver)
    assert driver.stop is not None
    assert driver.stop.rule == "nothing is bound at 'one'; bound are ['other']"


# -- resting


@LOOPS
def test_a_run_rests_while_its_answer_comes_from_outside(loop: str) -> None:
    driver = driver_of(in_line("one", "two"), bindings={"two": giving(WAITING)})
    run_on(loop, driver)
    assert driver.stop is not None
    assert (driver.stop.kind, driver.stop.evidence) == ("waiting", {"pending": ["1"]})
    assert driver.state.stop is None


@LOOPS
def test_a_run_does_not_rest_while_something_else_is_under_way(loop: str) -> None:
    bound = {"a": giving(WAITING), "b": lambda effect, ticket: later("b")}
    driver = driver_of(side_by_side("a", "b"), bindings=bound)
    run_on(loop, driver)
    assert driver.stop is not None
    assert driver.stop.kind == "waiting"
    assert [event.value for event in driver.events if isinstance(event, Answered)] == ["b"]


@LOOPS
def test_a_run_that_rested_goes_on_with_the_answer(loop: str) -> None:
    rested = driver_of(in_line("one", "two"), bindings={"one": giving(WAITING)})
    run_on(loop, rested)
    resumed = unstarted(in_line("one", "two"), bindings={"one": giving("at last")})
    resumed.adopt(rested.events)
    run_on(loop, resumed)
    assert resumed.state.result == "two answers"
    assert isinstance(resumed.events[1], Answered)
    assert resumed.events[1].value == "at last"


# -- Ctrl-C and cancellation


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_while_threads_are_under_way_stops_the_run_and_withdraws_them() -> None:
    withdrawn = threading.Event()

    def waits(effect: Effect, ticket: Ticket) -> Any:
        return Blocking(lambda: withdrawn.wait(10), withdrawn.set)

    def interrupt() -> None:
        ctrl_c()
        withdrawn.wait(10)

    def interrupts(effect: Effect, ticket: Ticket) -> Any:
        return Blocking(interrupt)

    driver = driver_of(side_by_side("a", "b"), bindings={"a": waits, "b": interrupts})
    run_sync(driver)
    assert withdrawn.is_set()
    assert isinstance(driver.events[-1], Interrupted)
    assert driver.stop is not None
    assert (driver.stop.kind, driver.stop.rule) == ("cancelled", "KeyboardInterrupt")
    assert isinstance(driver.raised, KeyboardInterrupt)


def test_ctrl_c_in_a_question_is_the_answer_to_that_question() -> None:
    driver = driver_of(in_line("one"), bindings={"one": lambda effect, ticket: Blocking(ctrl_c_and_wait)})
    run_sync(driver)
    assert isinstance(driver.events[-1], Failed)
    assert driver.events[-1].failure.kind == "interrupt"
    assert driver.stop is not None
    assert driver.stop.kind == "cancelled"


def ctrl_c_and_wait() -> None:
    ctrl_c()
    threading.Event().wait(10)


def test_ctrl_c_on_an_event_loop_cancels_the_run() -> None:
    driver = driver_of(in_line("one"), bindings={"one": lambda effect, ticket: interrupted()})

    async def interrupted() -> None:
        ctrl_c()
        await asyncio.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run_async(driver))
    assert driver.stop is not None
    assert (driver.stop.kind, driver.stop.rule) == ("cancelled", "CancelledError")


def test_a_keyboard_interrupt_between_effects_stops_an_asynchronous_run() -> None:
    driver = driver_of(side_by_side("a", "b"), bindings={"a": giving(1), "b": giving(2)})

    class Watching:
        def on_event(self, run: Any, event: Any) -> None:
            if isinstance(event, Answered):
                raise KeyboardInterrupt

        def on_delta(self, place: str, text: str) -> None: ...

    driver.watchers = [Watching()]
    run_on("async", driver)
    assert isinstance(driver.events[-1], Interrupted)


@pytest.mark.parametrize("way", ["alone", "one of two"])
def test_cancelling_the_caller_cancels_the_run_and_is_recorded(way: str) -> None:
    withdrawn = threading.Event()
    if way == "alone":
        driver = driver_of(in_line("a"), bindings={"a": lambda effect, ticket: never()})
    else:
        waiting = Blocking(lambda: withdrawn.wait(10), withdrawn.set)
        bound = {"a": lambda effect, ticket: never(), "b": giving(waiting)}
        driver = driver_of(side_by_side("a", "b"), bindings=bound)

    async def cancel() -> None:
        running = asyncio.ensure_future(run_async(driver))
        await asyncio.sleep(0.01)
        running.cancel()
        await running

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())
    assert driver.events[-1] == Interrupted(1.0, "CancelledError")
    assert driver.state.waits == {}
    assert withdrawn.is_set() is (way == "one of two")


# -- inside a running event loop


def test_a_synchronous_chat_with_an_asynchronous_tool_runs_inside_a_running_event_loop() -> None:
    calls = [{"id": name, "type": "function", "function": {"name": name, "arguments": "{}"}} for name in ("a", "b")]
    model = ScriptedModel([{"content": None, "tool_calls": calls}, "TERMINATE"])
    meeting = Meeting(2)

    async def meet() -> str:
        return str(await meeting.on_loop(None, None))  # type: ignore[arg-type]  # it looks at neither

    bot = ConversableAgent("bot", llm_config=model, human_input_mode="NEVER")
    user = ConversableAgent("user", human_input_mode="NEVER", function_map={"a": meet, "b": meet})

    async def notebook() -> Any:
        return user.initiate_chat(bot, message="go", silent=True, max_turns=3)

    ended: list[Any] = []
    thread = threading.Thread(target=lambda: ended.append(asyncio.run(notebook())), daemon=True)
    thread.start()
    thread.join(20)
    assert ended, "the chat hangs"
    assert ended[0].chat_history[2]["content"] == "1\n\n1"


def test_the_background_loop_serves_many_runs_one_after_the_other() -> None:
    for _ in range(3):
        driver = driver_of(in_line("one"), bindings={"one": lambda effect, ticket: later("x")})
        run_on("sync", driver)
        assert driver.state.result == "x"
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("flowagents loop") == 1


def test_a_thread_that_ends_after_its_event_loop_is_gone_does_no_harm() -> None:
    release, ended = threading.Event(), threading.Event()

    def waits() -> None:
        release.wait(10)
        ended.set()

    driver = driver_of(side_by_side("a", "b"), bindings={"a": giving(Blocking(waits)), "b": giving(1)})

    async def cancelled() -> None:
        running = asyncio.ensure_future(run_async(driver))
        await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(cancelled())
    release.set()
    eventually(ended.is_set)
    eventually(lambda: "flowagents call" not in [thread.name for thread in threading.enumerate()])
