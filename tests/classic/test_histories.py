"""Parts of what agents keep that no chat reaches."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowagents import Agent
from flowagents.classic.histories import Snapshot
from tests.classic.acting import conversable, said, speaker


def test_a_run_that_never_began_changes_nothing() -> None:
    user, bot = conversable("user"), speaker("bot", "1")
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    Snapshot(user, bot).publish({}, replaces=True)
    assert said(user, bot) == ["hi", "1"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda agent: agent.spec_for(None, synchronous=True),
        lambda agent: agent.offered_tools(),
        lambda agent: agent.get_human_input("?"),
        lambda agent: agent.generate_reply(),
        lambda agent: asyncio.run(agent.a_generate_reply()),
        lambda agent: agent.chat_messages,
        lambda agent: agent.overrides_async,
    ],
)
def test_an_agent_that_is_nothing_else_can_do_nothing(ask: Any) -> None:
    with pytest.raises(NotImplementedError):
        ask(Agent())
