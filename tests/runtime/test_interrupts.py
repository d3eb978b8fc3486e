"""Ctrl-C: never inside a step, always in the trace, and nothing that was said before it is lost."""

from __future__ import annotations

import asyncio
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from flowagents import ConversableAgent, recording, replaying
from flowagents.core.events import Event, Interrupted
from flowagents.runtime.interrupts import Held, interrupts_held
from flowagents.runtime.trace import read_trace


def pair() -> tuple[ConversableAgent, ConversableAgent]:
    """Return two agents that answer each other for ever."""
    first, second = (ConversableAgent(name, human_input_mode="NEVER", default_auto_reply="on") for name in ("u", "b"))
    return first, second


class InterruptingLog:
    """Interrupts this process when an event is written, in the middle of a step."""

    def __init__(self, log: Any, at: int) -> None:
        self.log = log
        self.left = at

    def write(self, event: Event, effect: Any) -> None:
        self.log.write(event, effect)
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)

    def close(self, state: Any) -> None:
        self.log.close(state)

    def inner(self, name: str, program: Any) -> Any:
        return self.log.inner(name, program)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_interrupt_inside_a_step_comes_after_it(at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flowagents.runtime import trace as module

    path = tmp_path / "chat.jsonl"
    real = module.TraceWriter

    def writer(*arguments: Any, **options: Any) -> Any:
        return InterruptingLog(real(*arguments, **options), at)

    monkeypatch.setattr("flowagents.runtime.replay.TraceWriter", writer)
    first, second = pair()
    with recording(path), pytest.raises(KeyboardInterrupt) as caught:
        first.initiate_chat(second, message="hi", silent=True)
    run = caught.value.run  # type: ignore[attr-defined]  # the library attaches it
    assert run.stop.kind == "cancelled"
    assert isinstance(read_trace(path).events[-1], Interrupted)
    first, second = pair()
    with replaying(path), pytest.raises(Exception, match="Interrupted"):
        first.initiate_chat(second, message="hi", silent=True)


def test_the_former_interrupt_takes_its_place_again() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupts_held():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_between_steps_takes_effect_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        signal.raise_signal(signal.SIGINT)


def test_a_held_interrupt_takes_effect_when_it_is_released() -> None:
    with interrupts_held() as held:
        held.busy = True
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            held.release()
        held.release()


def test_an_ignored_interrupt_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts_held() as held:
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    held.on_interrupt()
    assert held.came is None


def test_outside_the_main_thread_nothing_is_held() -> None:
    found: list[Held] = []

    def hold() -> None:
        with interrupts_held() as held:
            found.append(held)

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert not found[0].busy


def test_what_a_cancelled_chat_left_is_published() -> None:
    first, _ = pair()

    class Asked(ConversableAgent):
        async def a_get_human_input(self, prompt: str) -> str:
            await asyncio.sleep(60)
            return "never"

    asked = Asked("asked", human_input_mode="ALWAYS")

    seen: list[asyncio.CancelledError] = []

    async def chat() -> None:
        try:
            await first.a_initiate_chat(asked, message="hi", silent=True)
        except asyncio.CancelledError as cancelled:
            seen.append(cancelled)
            raise

    async def cancel() -> None:
        begun = asyncio.ensure_future(chat())
        await asyncio.sleep(0.05)
        begun.cancel()
        await asyncio.gather(begun, return_exceptions=True)

    asyncio.run(cancel())
    assert seen[0].run.stop.kind == "cancelled"  # type: ignore[attr-defined]  # the library attaches it
    assert [message["content"] for message in first.chat_messages[asked]] == ["hi"]
