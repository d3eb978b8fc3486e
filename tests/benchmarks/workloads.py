"""The work that is measured, each piece at any size. What is returned tells that it was done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowagents import ConversableAgent, ScriptedModel, recording
from flowagents.core.effects import Effect
from flowagents.core.graph import Act, Call, Child, Edge, End, Fan, Graph, Node
from flowagents.core.program import Program
from flowagents.ports import ModelReply, ModelRequest
from flowagents.runtime.performing import Ticket
from flowagents.runtime.run import Run, perform, perform_async
from flowagents.testing.rules import AskPlace

NO_LIMIT = 10**9


def pair(**bot: Any) -> tuple[ConversableAgent, ConversableAgent]:
    """Return two agents that go on for ever by themselves."""
    common: dict[str, Any] = {"human_input_mode": "NEVER", "max_consecutive_auto_reply": NO_LIMIT}
    user = ConversableAgent("user", default_auto_reply="ping", **common)
    return user, ConversableAgent("bot", default_auto_reply="pong", **common, **bot)


def chat(messages: int) -> Run:
    """Chat with default replies, in memory."""
    user, bot = pair()
    return _chatted(user, bot, messages)


def chat_traced(messages: int, path: Path, clock: Callable[[], float] | None = None) -> Run:
    """Chat with default replies, each event written and flushed."""
    with recording(path, clock=clock):
        return chat(messages)


def chat_functions(messages: int) -> Run:
    """Chat with reply functions of the user on both sides, which get a copy of the history."""
    user, bot = pair()
    for agent in (user, bot):
        agent.register_reply([ConversableAgent], lambda agent, messages, sender, config: (True, "pong"))
    return _chatted(user, bot, messages)


def chat_model(messages: int) -> Run:
    """Chat with a scripted model on one side, which gets the whole conversation."""
    user, bot = pair(llm_config=ScriptedModel(default="pong", requests_max=1))
    return _chatted(user, bot, messages)


def _chatted(user: ConversableAgent, bot: ConversableAgent, messages: int) -> Run:
    """Let the user begin a chat of so many messages, an even number."""
    run: Run = user.initiate_chat(bot, message="hi", max_turns=messages // 2, silent=True).run
    assert len(user.chat_messages[bot]) == messages
    return run


def nested(depth: int) -> Run:
    """Run an effect in a graph called by a graph, ``depth`` calls deep."""
    return perform(Program(nested_graph(depth)), {"ask": answer}, {}, {}, drawer=print)


def nested_graph(depth: int) -> Graph:
    """Return a graph that calls a graph that calls a graph, and so on."""
    graph = asking("leaf")
    for level in range(depth):
        nodes = (Node("call", Call(graph, into="answer"), (Edge("end"),)), Node("end", End(gives="answer")))
        graph = Graph(f"level {level}", "call", nodes)
    return graph


def fan(children: int) -> Run:
    """Ask for many effects at once, answered at once."""
    return perform(Program(fan_graph(children)), {"ask": answer}, {}, {}, drawer=print)


def fan_awaited(children: int) -> Run:
    """Ask for many effects at once, all under way together."""
    program = Program(fan_graph(children))
    return asyncio.run(perform_async(program, {"ask": answer_later}, {}, {}, drawer=print))


def fan_graph(children: int) -> Graph:
    """Return a graph that runs many children at once."""
    leaf = asking("leaf")
    work = Fan(tuple(Child(f"c{number}", leaf) for number in range(children)))
    return Graph("fan", "fan", (Node("fan", work, (Edge("end"),)), Node("end", End(gives="results"))))


def asking(name: str) -> Graph:
    """Return a graph that asks once."""
    nodes = (Node("ask", Act(AskPlace("ask")), (Edge("end"),)), Node("end", End(gives="answer")))
    return Graph(name, "ask", nodes)


def answer(effect: Effect, ticket: Ticket) -> str:
    """Answer at once."""
    return "answer"


async def answer_later(effect: Effect, ticket: Ticket) -> str:
    """Answer when everybody else has begun."""
    await asyncio.sleep(0)
    return "answer"


class SleepyModel:
    """A model that takes its time and always says the same."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def create(self, request: ModelRequest, on_delta: Callable[[str], None] | None = None) -> ModelReply:
        """Sleep, then answer."""
        await asyncio.sleep(self.seconds)
        return ModelReply({"content": "pong"}, "sleepy", source="scripted")


async def chats_at_once(chats: int, messages: int, seconds: float) -> int:
    """Chat many times at once, a model on both sides; return how many messages were said."""

    async def one() -> int:
        common: dict[str, Any] = {
            "human_input_mode": "NEVER",
            "llm_config": SleepyModel(seconds),
            "max_consecutive_auto_reply": NO_LIMIT,
        }
        user, bot = ConversableAgent("user", **common), ConversableAgent("bot", **common)
        result = await user.a_initiate_chat(bot, message="hi", max_turns=messages // 2, silent=True)
        return len(result.chat_history)

    return sum(await asyncio.gather(*(one() for _ in range(chats))))
