"""L8: the synchronous and the asynchronous loop make the same events and reach the same state."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import pytest
from hypothesis import assume, given

from flowagents.core.effects import Effect, name_text
from flowagents.runtime.driver import Driver
from flowagents.runtime.loops import run_async
from flowagents.runtime.performing import Blocking, Performer, Ticket
from flowagents.testing.strategies import World, worlds
from tests.laws.playing import MEMORY, any_failure, driver_of, play, without_times


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


def mixed(world: World) -> Performer:
    """Answer some effects at once, some by an awaitable and some by a call that blocks."""

    async def later(effect: Effect, ticket: Ticket) -> Any:
        await asyncio.sleep(0)
        return world.script.perform(effect, ticket)

    def perform(effect: Effect, ticket: Ticket) -> Any:
        way = crc32(name_text(ticket.name).encode()) % 3
        if way == 0:
            return world.script.perform(effect, ticket)
        if way == 1:
            return later(effect, ticket)
        return Blocking(lambda: world.script.perform(effect, ticket))

    return perform


def play_async(runner: asyncio.Runner, world: World, performer: Performer | None = None) -> Driver:
    """Run a world to its stop on an event loop."""
    driver = driver_of(world, performer)
    driver.start(world.data, MEMORY)
    runner.run(run_async(driver))
    return driver


@given(worlds())
def test_with_answers_given_at_once_both_loops_make_the_same_events_in_the_same_order(
    runner: asyncio.Runner, world: World
) -> None:
    plain, other = play(world), play_async(runner, world)
    assert other.events == plain.events
    assert other.state.digest == plain.state.digest


@given(worlds(parallel=False))
def test_one_after_the_other_both_loops_make_the_same_events_in_the_same_order(
    runner: asyncio.Runner, world: World
) -> None:
    plain = play(world)
    for other in (play(world, mixed(world)), play_async(runner, world, mixed(world))):
        assert other.events == plain.events
        assert other.state.digest == plain.state.digest


@given(worlds(failures=False))
def test_side_by_side_both_loops_make_the_same_events_in_some_order(runner: asyncio.Runner, world: World) -> None:
    plain = play(world)
    assume(not any_failure(plain.program, plain.events))
    for other in (play(world, mixed(world)), play_async(runner, world, mixed(world))):
        assert sorted(map(repr, without_times(other.events))) == sorted(map(repr, without_times(plain.events)))
        assert other.state.digest == plain.state.digest
