"""Prints figures, each beside the same work written by hand in the same run: ``python -m tests.benchmarks``.

Times depend on the machine and on what else runs on it; ratios less, growth hardly. No test looks at a time.
"""

from __future__ import annotations

import asyncio
import gc
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SIZES = (100, 1_000, 10_000)
SLEEP_SECONDS = 0.01
SECONDS = 1.0
ROUNDS_MAX = 20
HELLO = """
from flowagents import ConversableAgent
bot = ConversableAgent("bot", human_input_mode="NEVER", default_auto_reply="hello")
user = ConversableAgent("user", human_input_mode="NEVER")
user.initiate_chat(bot, message="hi", max_turns=1)
"""
MODULES = "import sys; before = set(sys.modules)\n{work}\nprint(len(set(sys.modules) - before), file=sys.stderr)"

Figure = dict[str, Any]
"""One line of the report: what was done, at which size, what it cost and what that is compared with."""


def cpu_of(work: Callable[[], object], units: int) -> float:
    """Return the CPU microseconds a unit takes at best, tried for about a second, without garbage from before."""
    best, spent, rounds = float("inf"), 0.0, 0
    while rounds == 0 or (spent < SECONDS and rounds < ROUNDS_MAX):
        gc.collect()
        before = time.process_time()
        work()
        best = min(best, time.process_time() - before)
        spent, rounds = spent + best, rounds + 1
    return best / units * 1e6


def compared(name: str, unit: str, size: int, ours: Callable[[], object], by_hand: Callable[[], object]) -> Figure:
    """Measure one piece of work and the same written by hand."""
    cost, floor = cpu_of(ours, size), cpu_of(by_hand, size)
    return {
        "work": name,
        "size": size,
        "unit": unit,
        "us": cost,
        "floor_us": floor,
        "ratio": cost / max(floor, 1e-3),
    }


def chats(sizes: tuple[int, ...]) -> Iterator[Figure]:
    """Measure chats of two, and how much a message costs more in the longest than in the shortest."""
    from tests.benchmarks import floor, workloads

    with tempfile.TemporaryDirectory() as folder:
        path, other = Path(folder) / "chat.jsonl", Path(folder) / "floor.jsonl"
        kinds: dict[str, tuple[Callable[[int], object], Callable[[int], object]]] = {
            "chat, default replies": (workloads.chat, floor.chat),
            "chat, trace written": (
                lambda size: workloads.chat_traced(size, path),
                lambda size: floor.chat(size, other),
            ),
            "chat, reply functions": (workloads.chat_functions, floor.chat),
            "chat, scripted model": (workloads.chat_model, floor.chat),
        }
        for name, (ours, by_hand) in kinds.items():
            figures = []
            for size in sizes:
                figures.append(compared(name, "message", size, lambda: ours(size), lambda: by_hand(size)))  # noqa: B023
                yield figures[-1]
            yield {"work": f"{name}: flatness", "size": sizes[-1], "ratio": figures[-1]["us"] / figures[0]["us"]}


def compositions(depth: int, children: int) -> Iterator[Figure]:
    """Measure graphs in graphs, and many children at once."""
    from tests.benchmarks import floor, workloads

    yield compared("Call in Call", "level", depth, lambda: workloads.nested(depth), lambda: floor.nested(depth))
    yield compared(
        "Fan, answered at once", "child", children, lambda: workloads.fan(children), lambda: floor.fan(children)
    )
    yield compared(
        "Fan, under way together",
        "child",
        children,
        lambda: workloads.fan_awaited(children),
        lambda: asyncio.run(floor.fan_awaited(children)),
    )


def at_once(count: int, messages: int, seconds: float = SLEEP_SECONDS) -> Iterator[Figure]:
    """Measure many chats on one event loop, in wall time: beside the sleeping, and beside bare coroutines."""
    from tests.benchmarks import floor, workloads

    def wall(work: Callable[[int, int, float], Any]) -> float:
        gc.collect()
        before = time.perf_counter()
        assert asyncio.run(work(count, messages, seconds)) >= count * (messages - 1)
        return time.perf_counter() - before

    ours, by_hand = wall(workloads.chats_at_once), wall(floor.chats_at_once)
    yield {
        "work": f"{count} chats at once",
        "size": messages,
        "unit": "second of wall time",
        "seconds": ours,
        "floor_seconds": by_hand,
        "ratio": ours / by_hand,
    }


def processes(rounds: int) -> Iterator[Figure]:
    """Measure whole processes: an empty one, one that imports the library, one that has a chat of two messages."""
    empty = _process("pass", rounds)
    for name, work in (("import flowagents", "import flowagents"), ("hello world", HELLO)):
        seconds, modules = _process(work, rounds)
        yield {
            "work": name,
            "size": 1,
            "unit": "second of CPU",
            "seconds": seconds,
            "floor_seconds": empty[0],
            "ratio": seconds / empty[0],
            "modules": modules,
        }


def _process(work: str, rounds: int) -> tuple[float, int]:
    """Return the CPU seconds of a process, the median of some, and how many modules it loaded."""
    spent, modules = [], 0
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FLOWAGENTS_FROZEN": ""}
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-c", MODULES.format(work=work)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        modules = int(done.stderr)
    return statistics.median(spent), modules


def told(figure: Figure) -> str:
    """Return a figure as a line."""
    size = f"{figure['work']:<32} {figure['size']:>7,}"
    if "us" in figure:
        cost = f"{figure['us']:9.2f} us CPU a {figure['unit']}, by hand {figure['floor_us']:.2f}"
    elif "seconds" in figure:
        cost = f"{figure['seconds']:9.3f} {figure['unit']}, by hand or empty {figure['floor_seconds']:.3f}"
        cost += f", {figure['modules']} modules" if "modules" in figure else ""
    else:
        return f"{size}  {figure['ratio']:9.2f} times the cost of a message of the shortest chat"
    return f"{size}  {cost}: {figure['ratio']:.1f} times"


def main() -> None:
    """Print all figures as they come."""
    load = ", ".join(f"{number:.2f}" for number in os.getloadavg())
    print(f"CPython {platform.python_version()}, {os.cpu_count()} CPUs, load {load}")
    for figures in (processes(9), chats(SIZES), compositions(50, 1_000), at_once(1_000, 20)):
        for figure in figures:
            print(told(figure), flush=True)


if __name__ == "__main__":
    main()
