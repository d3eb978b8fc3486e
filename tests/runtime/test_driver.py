"""The driver: what it records, whom it tells, and what it hands to a performer."""

from __future__ import annotations

from typing import Any

import pytest

from flowagents.core.effects import Effect
from flowagents.core.events import Answered, Event, Started
from flowagents.core.program import Program
from flowagents.core.task import State
from flowagents.errors import NotRecordable
from flowagents.runtime.driver import Driver
from flowagents.runtime.loops import run_sync
from flowagents.runtime.performing import WAITING, Blocking, Ticket
from tests.runtime.building import driver_of, giving, in_line, run_on, side_by_side, unstarted


class Memo:
    """Notes in order what it is told, as log and as watcher."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, event: Event, effect: Effect | None) -> None:
        self.lines.append(f"written {type(event).__name__}{f' of {effect.at}' if effect else ''}")

    def close(self, state: State) -> None:
        self.lines.append(f"closed {state.stop and state.stop.name}")

    def inner(self, name: str, program: Program) -> Memo:
        return self

    def on_event(self, run: Any, event: Event) -> None:
        self.lines.append(f"told {type(event).__name__} with {len(run.state.waits)} waiting")

    def on_delta(self, place: str, text: str) -> None:
        self.lines.append(f"{place} says {text}")


class Full(Memo):
    """A log on a full disk: the second event can no longer be written."""

    def write(self, event: Event, effect: Effect | None) -> None:
        if not isinstance(event, Started):
            raise OSError(28, "No space left on device")


def test_an_event_is_written_before_it_is_taken_and_told_after() -> None:
    memo = Memo()
    run_sync(driver_of(in_line("one"), log=memo, watchers=[memo]))
    assert memo.lines == [
        "written Started",
        "told Started with 1 waiting",
        "written Answered of one",
        "told Answered with 0 waiting",
        "closed done",
    ]


@pytest.mark.parametrize("loop", ["sync", "async"])
def test_nothing_acts_on_an_event_that_could_not_be_written(loop: str) -> None:
    asked: list[str] = []

    def notes(effect: Effect, ticket: Ticket) -> str:
        asked.append(effect.at)
        return "x"

    driver = driver_of(in_line("one", "two"), bindings={"one": notes, "two": notes}, log=Full())
    with pytest.raises(OSError, match="No space left"):
        run_here(loop, driver)
    assert asked == ["one"]
    assert len(driver.events) == 1
    assert driver.log is None


def run_here(loop: str, driver: Driver) -> None:
    """Run a driver in this thread, so that what it raises is raised."""
    import asyncio

    from flowagents.runtime.loops import run_async

    if loop == "sync":
        run_sync(driver)
    else:
        asyncio.run(run_async(driver))


def test_pieces_of_an_answer_are_told_while_it_is_wanted() -> None:
    memo, tickets = Memo(), list[Ticket]()

    def speaks(effect: Effect, ticket: Ticket) -> str:
        tickets.append(ticket)
        assert ticket.watched
        ticket.delta("hel")
        return "hello"

    run_sync(driver_of(in_line("one"), bindings={"one": speaks}, watchers=[memo]))
    tickets[0].delta("too late")
    assert [line for line in memo.lines if "says" in line] == ["one says hel"]


def test_without_watchers_nobody_wants_pieces() -> None:
    watched: list[bool] = []
    bound = {"one": lambda effect, ticket: watched.append(ticket.watched)}
    run_sync(driver_of(in_line("one"), bindings=bound))
    assert watched == [False]


def test_the_key_of_an_effect_is_the_same_when_it_is_performed_again() -> None:
    keys: list[str] = []

    def notes(effect: Effect, ticket: Ticket) -> None:
        keys.append(ticket.key)

    for _ in range(2):
        bound = {"a": notes, "b": notes}
        run_sync(driver_of(side_by_side("a", "b"), bindings=bound, run_id="chat"))
    assert keys == ["chat/0.0/0", "chat/0.1/0"] * 2


def test_a_ticket_shows_what_the_task_remembers() -> None:
    found: list[Any] = []
    driver = unstarted(in_line("one"), bindings={"one": lambda effect, ticket: found.append(dict(ticket.memory))})
    driver.start({}, {("flag", "x"): True})
    run_sync(driver)
    assert found == [{("flag", "x"): True}]
    assert Ticket(driver, ((), 0)).memory == {}


@pytest.mark.parametrize(
    ("answer", "recorded"),
    [({"value": 1}, {"value": 1, "changes": [[["flag", "x"], True]]}), ("text", "text")],
    ids=["with room", "without"],
)
def test_what_user_code_changed_is_recorded_with_an_answer_that_has_room(answer: Any, recorded: Any) -> None:
    def changes(effect: Effect, ticket: Ticket) -> Any:
        ticket.change(("flag", "x"), True)
        return answer

    driver = driver_of(in_line("one"), bindings={"one": changes})
    run_sync(driver)
    assert isinstance(driver.events[1], Answered)
    assert driver.events[1].value == recorded


def test_an_answer_to_nothing_is_dropped() -> None:
    driver = driver_of(in_line("one"))
    driver.answer(((), 99), "late")
    driver.take(Answered(1.0, ((), 99), "late"))
    assert len(driver.events) == 1


def test_a_failure_of_nothing_is_dropped() -> None:
    driver = driver_of(in_line("one"))
    driver.fail(((), 99), OSError("late"))
    assert len(driver.events) == 1
    assert driver.stop is None


def test_an_answer_is_made_of_plain_values() -> None:
    driver = driver_of(in_line("one"), bindings={"one": giving((1, {"a": (2,)}))})
    run_sync(driver)
    assert isinstance(driver.events[1], Answered)
    assert driver.events[1].value == [1, {"a": [2]}]


def test_what_cannot_be_recorded_is_raised_as_such() -> None:
    driver = driver_of(in_line("one"), bindings={"one": giving(object())})
    run_sync(driver)
    assert isinstance(driver.raised, NotRecordable)
    assert "a value of type object cannot be recorded" in str(driver.raised)


def test_the_times_of_events_are_those_of_the_clock() -> None:
    times = iter([10.0, 11.0])
    driver = driver_of(in_line("one"), clock=lambda: next(times))
    run_sync(driver)
    assert [event.at for event in driver.events] == [10.0, 11.0]


def test_finishing_twice_closes_the_log_once() -> None:
    memo = Memo()
    driver = driver_of(in_line("one"), log=memo)
    run_sync(driver)
    driver.finish()
    assert memo.lines.count("closed done") == 1


def test_adopted_events_are_told_and_neither_written_nor_performed() -> None:
    first, memo = driver_of(in_line("one")), Memo()
    run_sync(first)
    again = unstarted(in_line("one"), log=memo, watchers=[memo])
    again.adopt(first.events)
    assert memo.lines == ["told Started with 1 waiting", "told Answered with 0 waiting"]
    assert again.state.digest == first.state.digest


@pytest.mark.parametrize("loop", ["sync", "async"])
def test_an_event_that_nobody_may_see_ends_the_run(loop: str) -> None:
    class Broken(Memo):
        def on_event(self, run: Any, event: Event) -> None:
            if isinstance(event, Answered):
                raise OSError("the screen is gone")

    driver = driver_of(in_line("one", "two"), watchers=[Broken()])
    run_here(loop, driver)
    assert driver.stop is not None
    assert driver.stop.kind == "cancelled"
    assert str(driver.raised) == "the screen is gone"


def test_a_question_that_was_withdrawn_is_no_longer_pending() -> None:
    def fails_later(effect: Effect, ticket: Ticket) -> Any:
        def fail() -> None:
            raise OSError("b is broken")

        return Blocking(fail)

    bound = {"a": giving(WAITING), "b": fails_later, "after": giving(WAITING)}
    driver = driver_of(side_by_side("a", "b"), bindings=bound)
    run_on("sync", driver)
    assert driver.stop is not None
    assert driver.stop.evidence == {"pending": ["1"]}
