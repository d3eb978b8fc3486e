"""What is under way: whatever way it ends, the run hears of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowagents.core.graph import Graph
from flowagents.runtime.flights import background
from flowagents.runtime.loops import run_async
from flowagents.runtime.performing import Blocking
from tests.runtime.building import driver_of, giving, in_line, run_on, side_by_side

ROOT = Path(__file__).parents[2]
ENDINGS = [SystemExit("exit"), asyncio.CancelledError("cancelled inside"), KeyboardInterrupt()]
NAMES = ["exit", "cancelled", "interrupt"]


@pytest.mark.parametrize("way", ["blocks", "awaits"])
@pytest.mark.parametrize("error", ENDINGS, ids=NAMES)
def test_a_flight_that_ends_badly_is_a_failure_and_hangs_nobody(error: BaseException, way: str) -> None:
    bound = {"a": lambda effect, ticket: raising(error, way), "b": giving(Blocking(lambda: 1))}
    driver = driver_of(side_by_side("a", "b"), bindings=bound)
    run_on("sync", driver)
    assert driver.raised is error
    assert driver.state.result == "after answers"


@pytest.mark.parametrize("error", [*ENDINGS, StopIteration("no more")], ids=[*NAMES, "stop"])
def test_a_thread_that_ends_badly_is_a_failure_on_an_event_loop_too(error: BaseException) -> None:
    driver = driver_of(in_line("a"), bindings={"a": lambda effect, ticket: raising(error, "blocks")})
    run_on("async", driver)
    assert driver.stop is not None
    assert driver.stop.failure is not None
    assert type(error).__name__ in driver.stop.failure.error + driver.stop.failure.text


@pytest.mark.parametrize("graph", [in_line("a"), side_by_side("a", "b")], ids=["alone", "one of two"])
def test_a_task_that_cancels_itself_is_a_failure_on_an_event_loop_too(graph: Graph) -> None:
    bound = {
        "a": lambda effect, ticket: raising(asyncio.CancelledError("inside"), "awaits"),
        "b": giving(Blocking(lambda: 1)),
    }
    driver = driver_of(graph, bindings=bound)
    asyncio.run(run_async(driver))
    assert isinstance(driver.raised, asyncio.CancelledError)


def test_a_fork_of_the_process_makes_a_background_loop_of_its_own() -> None:
    answer = background.submit(asyncio.sleep(0, "here")).result(10)
    program = (
        "import asyncio, os, warnings\n"
        "from flowagents.runtime.flights import background\n"
        "background.submit(asyncio.sleep(0)).result(10)\n"
        "warnings.simplefilter('ignore')\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(background.submit(asyncio.sleep(0, 7)).result(10))\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer == "here"
    assert done.stdout == "7\n", done.stderr


def raising(error: BaseException, way: str) -> Any:
    def block() -> None:
        raise error

    async def wait() -> None:
        raise error

    return Blocking(block) if way == "blocks" else wait()
