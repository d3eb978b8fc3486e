"""The benchmarks run, and what they measure grows as it should. No test here looks at a time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flowagents import recording, watching
from flowagents.core.events import Answered
from flowagents.core.thread import Entry, Thread
from tests.benchmarks import __main__ as report
from tests.benchmarks import floor, workloads

CHATS: dict[str, Callable[[int], Any]] = {
    "default": workloads.chat,
    "functions": workloads.chat_functions,
    "model": workloads.chat_model,
}


def calls_of(work: Callable[[], object]) -> int:
    """Count the functions that some work calls, in Python and in C."""
    calls = 0

    def counts(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counts)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Hold some work to growth in proportion to its size, counted in calls."""
    work(2)  # what is loaded at the first time does not count
    short, middle, long = (calls_of(lambda: work(times * size)) for times in (1, 2, 4))  # noqa: B023
    assert long - middle == pytest.approx(2 * (middle - short), rel=0.05)


def test_every_benchmark_gives_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "ROUNDS_MAX", 1)
    figures = [
        *report.processes(1),
        *report.chats((2, 4)),
        *report.compositions(2, 3),
        *report.at_once(2, 4, 0.0),
    ]
    assert len(figures) == 2 + 4 * 3 + 3 + 1
    assert all(figure["ratio"] > 0 and figure["size"] > 0 for figure in figures)
    assert all(report.told(figure).startswith(figure["work"]) for figure in figures)
    assert [figure["work"] for figure in figures if figure["work"].endswith("flatness")] == [
        f"chat, {kind}: flatness" for kind in ("default replies", "trace written", "reply functions", "scripted model")
    ]


def test_the_work_by_hand_is_the_same_work(tmp_path: Path) -> None:
    assert floor.chat(10) == floor.chat(10, tmp_path / "floor.jsonl") == 10
    assert len((tmp_path / "floor.jsonl").read_text(encoding="ascii").splitlines()) == 10
    assert floor.nested(5) == 5
    assert floor.fan(5) == asyncio.run(floor.fan_awaited(5)) == 5
    assert asyncio.run(floor.chats_at_once(2, 4, 0.0)) == asyncio.run(workloads.chats_at_once(2, 4, 0.0)) == 8


@pytest.mark.parametrize("kind", CHATS)
def test_every_message_but_the_first_is_one_event(kind: str) -> None:
    for messages in (10, 50):
        events = CHATS[kind](messages).events
        assert len(events) == messages
        assert sum(isinstance(event, Answered) for event in events) == messages - 1


def test_the_work_a_message_takes_does_not_grow() -> None:
    assert_linear(workloads.chat, 100)


def test_the_work_a_traced_message_takes_does_not_grow(tmp_path: Path) -> None:
    assert_linear(lambda messages: workloads.chat_traced(messages, tmp_path / "chat.jsonl"), 100)


def test_entries_of_a_thread_are_copied_once_and_not_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[int] = []
    entries = Thread.entries

    def counts(thread: Thread, start: int = 0) -> list[Entry]:
        found = entries(thread, start)
        copied.append(len(found))
        return found

    monkeypatch.setattr(Thread, "entries", counts)
    times = []
    for messages in (20, 200):
        copied.clear()
        user, bot = workloads.pair()
        user.initiate_chat(bot, message="hi", max_turns=messages // 2, silent=True)
        times.append(sum(copied) / messages)
    assert times[0] == times[1]


def test_all_versions_of_a_thread_share_one_list() -> None:
    threads: list[Thread] = []

    class Watching:
        def on_event(self, run: Any, event: Any) -> None:
            for task in run.state.tasks.values():
                threads.extend(item for item in task.memory.values() if isinstance(item, Thread))

        def on_delta(self, place: str, text: str) -> None: ...

    with watching(Watching()):
        workloads.chat(40)
    assert len(threads) > 30
    assert all(later.continues(earlier) for earlier, later in pairwise(threads))


@pytest.mark.parametrize("kind", CHATS)
def test_a_message_takes_as_many_bytes_of_a_trace_late_as_early(kind: str, tmp_path: Path) -> None:
    sizes = []
    for messages in (100, 200, 400):
        path = tmp_path / f"{messages}.jsonl"
        with recording(path, clock=lambda: 1.0):
            CHATS[kind](messages)
        sizes.append(path.stat().st_size)
    early, late = (sizes[1] - sizes[0]) / 100, (sizes[2] - sizes[1]) / 200
    assert late == pytest.approx(early, rel=0.02)


def test_graphs_in_graphs_take_the_same_work_at_every_level() -> None:
    assert_linear(workloads.nested, 10)


def test_children_answered_at_once_take_the_same_work_each() -> None:
    assert_linear(workloads.fan, 50)
