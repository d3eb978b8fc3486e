"""What performs an agent's effects: its model, human, tools, code executor and functions, each bound by place."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from flowagents.classic.base import Agent
from flowagents.classic.slots import ReplySlot, Trigger, asked
from flowagents.core.effects import AskHuman, CallModel, Invoke, RunCode, RunTool
from flowagents.core.plain import plain
from flowagents.errors import ScriptExhausted, WireError
from flowagents.patterns.talk import fault_of, for_model
from flowagents.ports import CodeBlock, ModelClient, ModelReply, ModelRequest
from flowagents.runtime.performing import Blocking, Performer, Ticket
from flowagents.runtime.seen import Seen

Peers = Mapping[str, "Agent"]
"""The agents of a conversation by name."""

FLAT = frozenset({"content", "role", "name"})
"""The keys of a plain message, whose values are texts."""


def bindings_of(
    agent: Agent, peers: Peers, seen: Seen, *, asynchronous: bool, cache: Any = None
) -> dict[str, Performer]:
    """Return the performers of one agent by place. ``asynchronous`` prefers the asynchronous human of the agent.

    ``cache`` is used instead of any cache that its model has.
    """
    name = agent.name
    bound: dict[str, Performer] = {
        f"{name}/human": _human(agent, asynchronous=asynchronous),
        f"{name}/tools": _tools(agent),
        f"{name}/ended": _rule(agent, seen),
        f"{name}/reply/generate_reply": _overridden(agent, peers, seen, asynchronous=asynchronous),
    }
    if agent.client is not None:
        client = agent.client
        if cache is not None:
            from flowagents.adapters.cache import with_cache

            client = with_cache(client, cache)
        bound[f"{name}/model"] = model_performer(client, agent, seen)
    if agent.executor is not None:
        bound[f"{name}/code"] = _code(agent.executor)
    for slot in agent.reply_slots:
        if slot.function is not None:
            bound[f"{name}/reply/{slot.key}"] = _reply(agent, slot, peers, seen)
            bound[f"{name}/trigger/{slot.key}"] = _trigger(slot.trigger, peers)
    for kind, hooks in agent.hooks.items():
        for number, hook in enumerate(hooks, 1):
            bound[f"{name}/{kind} {number}"] = _hook(agent, kind, hook, peers, seen)
    return bound


def model_performer(client: ModelClient, agent: Agent, seen: Seen) -> Performer:
    """Return what asks a model client and records its whole reply."""

    def perform(effect: CallModel, ticket: Ticket) -> Any:
        messages = for_model(effect.system, seen.messages(effect.view))
        tools, functions = agent.offered_tools()
        reply = client.create(ModelRequest(messages, tools, functions), ticket.delta if ticket.watched else None)
        return _then(reply, lambda done: _replied(done, agent.name))

    return perform


def _replied(reply: Any, agent: str) -> dict[str, Any]:
    """Return a reply as the answer that is recorded. Raises WireError for anything that is none."""
    message = reply.message if isinstance(reply, ModelReply) else reply
    if not isinstance(reply, ModelReply) or not isinstance(message, Mapping):
        raise WireError(f"the model of {agent!r} answered {message!r:.200}; return a ModelReply with a message")
    fault = fault_of(message)
    if fault is not None:
        raise WireError(f"the model of {agent!r} answered {message!r:.200}; {fault}")
    priced = {} if reply.cost is None else {"cost": reply.cost, "priced_by": reply.priced_by}
    return {
        **priced,
        "message": message,
        "model": reply.model,
        "usage": reply.usage,
        "finish_reason": reply.finish_reason,
        "config": reply.config,
        "attempts": reply.attempts,
        "source": reply.source,
        "price": reply.price,
    }


async def _when_done(awaitable: Awaitable[Any], then: Callable[[Any], Any]) -> Any:
    """Return what ``then`` makes of the outcome."""
    return then(await awaitable)


def _human(agent: Agent, *, asynchronous: bool) -> Performer:
    """Return what asks the human of an agent, in a thread, or the agent's own asynchronous way where it has one."""
    own_async = type(agent).a_get_human_input is not Agent.a_get_human_input

    def ask(prompt: str) -> Any:
        try:
            return agent.get_human_input(prompt)
        except StopIteration:
            # Nothing that is awaited may raise it, and only scripts do: next() of an iterator without answers.
            raise ScriptExhausted(f"get_human_input of {agent.name!r} has no answer left for {prompt!r}") from None

    def perform(effect: AskHuman, ticket: Ticket) -> Any:
        if asynchronous and own_async:
            return agent.a_get_human_input(effect.prompt)
        return Blocking(lambda: ask(effect.prompt))

    return perform


def _tools(agent: Agent) -> Performer:
    """Return what runs one proposed call."""

    def perform(effect: RunTool, ticket: Ticket) -> Any:
        from flowagents.adapters.tools import call_tool

        return call_tool(agent.tools, effect.tool, effect.arguments)

    return perform


def _code(executor: Any) -> Performer:
    """Return what runs code in an executor: one with ``execute_code_blocks``, or with an asynchronous ``execute``."""

    def perform(effect: RunCode, ticket: Ticket) -> Any:
        blocks = [CodeBlock(code=code, language=language) for language, code in effect.blocks]
        if hasattr(executor, "execute_code_blocks"):
            return Blocking(lambda: _ran(executor.execute_code_blocks(blocks)))
        return _when_done(executor.execute(blocks), _ran)

    return perform


def _ran(result: Any) -> dict[str, Any]:
    """Return what code did as the answer that is recorded; any result with an exit code and an output will do."""
    return {
        "exit_code": result.exit_code,
        "output": result.output,
        "truncated": bool(getattr(result, "truncated", False)),
        "timed_out": bool(getattr(result, "timed_out", False)),
    }


def returned(value: Any) -> Any:
    """Return what a function of the user returned as the answer that is recorded."""
    return _then(value, lambda done: {"value": done})


def _then(value: Any, make: Callable[[Any], Any]) -> Any:
    """Return what ``make`` makes of a value, or an awaitable of it if the value has to be awaited."""
    return _when_done(value, make) if hasattr(value, "__await__") else make(value)


def _own(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return messages that a function of the user may change without changing what is remembered."""
    return [_own_message(message) for message in messages]


def _own_message(message: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a message; one that holds texts only, as nearly all do, is copied in one go."""
    if message.keys() <= FLAT and type(message.get("content")) is str:
        return message.copy()
    return {key: _own_item(item) for key, item in message.items()}


def _own_item(item: Any) -> Any:
    """Return a value of a message that shares no list or dict with it."""
    return item if type(item) is str else plain(item)


def _rule(agent: Agent, seen: Seen) -> Performer:
    """Return what asks the termination rule about the newest message."""

    def perform(effect: Invoke, ticket: Ticket) -> Any:
        assert effect.view is not None
        (message,) = _own([effect.view.last() or {}])
        if message.get("content", "") is None:
            message["content"] = ""
        rule = agent.is_termination_msg
        assert rule is not None
        return _then(rule(message), lambda held: {"value": bool(held)})

    return perform


def _reply(agent: Agent, slot: ReplySlot, peers: Peers, seen: Seen) -> Performer:
    """Return what asks a reply function: it gets the agent, the messages, the sender and its config."""
    function = slot.function
    assert function is not None

    def perform(effect: Invoke, ticket: Ticket) -> Any:
        assert effect.view is not None
        assert effect.arguments is not None
        sender = peers.get(effect.arguments["peer"])
        messages = _own(seen.messages(effect.view))
        return returned(function(agent, messages=messages, sender=sender, config=slot.config))

    return perform


def _overridden(agent: Agent, peers: Peers, seen: Seen, *, asynchronous: bool) -> Performer:
    """Return what asks the ``generate_reply`` of a subclass: what it returns is final."""

    def perform(effect: Invoke, ticket: Ticket) -> Any:
        assert effect.view is not None
        assert effect.arguments is not None
        sender = peers.get(effect.arguments["peer"])
        reply = agent.a_generate_reply if asynchronous and agent.overrides_async else agent.generate_reply
        return _then(reply(_own(seen.messages(effect.view)), sender), lambda said: {"value": (True, said)})

    return perform


def _trigger(trigger: Trigger, peers: Peers) -> Performer:
    """Return what asks a trigger about the sender."""

    def perform(effect: Invoke, ticket: Ticket) -> Any:
        assert effect.arguments is not None
        return _then(asked(trigger, peers.get(effect.arguments["peer"])), lambda held: {"value": bool(held)})

    return perform


def _hook(agent: Agent, kind: str, hook: Callable[..., Any], peers: Peers, seen: Seen) -> Performer:
    """Return what asks a hook: about the text of the newest message, all messages, or the message to be sent."""

    def perform(effect: Invoke, ticket: Ticket) -> Any:
        if kind == "before send":
            assert effect.arguments is not None
            recipient = peers.get(effect.arguments["peer"])
            message = _own_item(effect.arguments["message"])
            return returned(hook(sender=agent, message=message, recipient=recipient, silent=agent.silent))
        assert effect.view is not None
        if kind == "last received":
            return returned(hook((effect.view.last() or {}).get("content")))
        return returned(hook(_own(seen.messages(effect.view))))

    return perform


def keyed(client: Any, environ: Mapping[str, str] = os.environ) -> None:
    """Make sure, before a run, that a model client has what it needs; see ``ModelSettings.require_keys``."""
    require = getattr(client, "require_keys", None)
    if require is not None:
        require(environ)
