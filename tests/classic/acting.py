"""Agents for tests: models and humans say what a test tells them to, and note what they were asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flowagents import AssistantAgent, ConversableAgent, ScriptedModel, UserProxyAgent
from flowagents.core.events import Answered, Event, Failed

Messages = list[dict[str, Any]]


class Humans:
    """Answers of a human, in order; an exception among them is raised. ``asked`` holds the questions."""

    def __init__(self, answers: Iterable[Any] = ()) -> None:
        self.left = list(answers)
        self.asked: list[str] = []

    def __call__(self, prompt: str) -> Any:
        self.asked.append(prompt)
        answer = self.left.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def with_human(agent_class: type[ConversableAgent], humans: Humans) -> type[ConversableAgent]:
    """Return a subclass whose human gives these answers."""
    return type(agent_class.__name__, (agent_class,), {"get_human_input": lambda agent, prompt: humans(prompt)})


def conversable(name: str, *, human: Humans | None = None, **settings: Any) -> ConversableAgent:
    """Return an agent that asks nobody, unless it is given a human."""
    settings.setdefault("human_input_mode", "NEVER" if human is None else "ALWAYS")
    return with_human(ConversableAgent, human or Humans())(name, **settings)


def speaker(name: str, *replies: Any, **settings: Any) -> ConversableAgent:
    """Return an agent whose model gives these replies; ``llm_config`` is the model."""
    return conversable(name, llm_config=ScriptedModel(list(replies)), **settings)


def user_proxy(name: str, human: Humans | None = None, **settings: Any) -> UserProxyAgent:
    """Return a user proxy with a human."""
    made = with_human(UserProxyAgent, human or Humans())(name, **settings)
    assert isinstance(made, UserProxyAgent)
    return made


def assistant(name: str, *replies: Any, **settings: Any) -> AssistantAgent:
    """Return an assistant whose model gives these replies."""
    return AssistantAgent(name, llm_config=ScriptedModel(list(replies)), **settings)


def requests(agent: ConversableAgent) -> list[Messages]:
    """Return the messages of each request that the model of an agent got."""
    assert isinstance(agent.client, ScriptedModel)
    return [[dict(message) for message in request.messages] for request in agent.client.requests]


def contents(messages: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Return the contents of messages."""
    return [message["content"] for message in messages]


def said(first: ConversableAgent, second: ConversableAgent) -> list[Any]:
    """Return what was said between two agents, as the first sees it."""
    return contents(first.chat_messages[second])


def count(agent: ConversableAgent, peer: ConversableAgent) -> int:
    """Return how often an agent has gone on by itself with a peer."""
    return agent.ledger.counts.get(peer, 0)


def proposing(*calls: tuple[str, str, str], content: str | None = None) -> dict[str, Any]:
    """Return a message that proposes calls, each (id, name, arguments)."""
    return {
        "content": content,
        "tool_calls": [
            {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}
            for identity, name, arguments in calls
        ],
    }


def calling(name: str, arguments: str, content: str | None = None) -> dict[str, Any]:
    """Return a message that proposes a call of the legacy kind."""
    return {"content": content, "function_call": {"name": name, "arguments": arguments}}


def answers_of(events: Iterable[Event]) -> list[Any]:
    """Return what happened in a run, without times."""
    return [
        (event.name, event.value)
        if isinstance(event, Answered)
        else (event.name, event.failure)
        if isinstance(event, Failed)
        else type(event).__name__
        for event in events
    ]


def awaited(make: Callable[[], Any]) -> Any:
    """Await what ``make`` gives on an event loop of its own, and return it."""

    async def wait() -> Any:
        return await make()

    return asyncio.run(wait())
