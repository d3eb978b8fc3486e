"""One chat, one bare message, one reply: from agents and settings to a program, from its run to what a caller gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from flowagents.classic.base import Agent
from flowagents.classic.bindings import bindings_of, keyed, returned
from flowagents.classic.histories import AgentBindings, Snapshot, inside
from flowagents.classic.messages import Message, MessageSource, checked_message, checked_part, turns_of, with_carryover
from flowagents.classic.printing import Printer
from flowagents.classic.result import ChatResult
from flowagents.classic.slots import refused_in_sync
from flowagents.core.effects import Invoke
from flowagents.core.graph import Graph
from flowagents.core.program import Program
from flowagents.core.task import Memory
from flowagents.core.thread import Thread
from flowagents.errors import ConfigError, HistoryChanged, MessageError, NameConflict, SetupError
from flowagents.patterns import keys
from flowagents.patterns.pair import ChatSettings, chat_graph, one_reply_graph, send_graph
from flowagents.patterns.talk import last_message_summary
from flowagents.runtime.performing import Performer, Ticket
from flowagents.runtime.run import Run
from flowagents.runtime.seen import Seen

PROGRAMS_MAX = 256
"""How many linked programs are kept."""


class Conversation:
    """What every kind of run over two agents shares: names that differ, bindings, what both know."""

    linked: Program

    def __init__(self, first: Agent, second: Agent, *, asynchronous: bool, cache: Any = None) -> None:
        """Check the pair and note what it knows. Raises SetupError for what no run could do."""
        check_pair(first, second)
        _refuse_own_pair(first, second)
        self.first = first
        self.second = second
        self.asynchronous = asynchronous
        self.seen = Seen()
        self.snapshot = Snapshot(first, second)
        self.memory: Memory = self.snapshot.memory()
        self.data: dict[str, Any] = {}
        self.specs = (
            first.spec_for(second, synchronous=not asynchronous),
            second.spec_for(first, synchronous=not asynchronous),
        )
        peers = {first.name: first, second.name: second}
        self.bindings = AgentBindings(first, second)
        for agent in (first, second):
            keyed(agent.client)
            self.bindings.update(bindings_of(agent, peers, self.seen, asynchronous=asynchronous, cache=cache))

    def publish(self, run: Run, *, replaces: bool) -> None:
        """Give both agents what the run left, and raise what made it fail."""
        publish(self.snapshot, run, replaces=replaces)

    def watchers(self, *, silent: bool) -> list[Printer]:
        """Return who watches: a printer, unless the caller or the agent is silent."""
        if silent:
            return []
        return [Printer({self.first.name: self.first, self.second.name: self.second}, self.snapshot.thread)]


class Chat(Conversation):
    """A chat that ``first`` begins."""

    def __init__(
        self,
        first: Agent,
        second: Agent,
        *,
        message: MessageSource,
        clear_history: bool,
        max_turns: int | None,
        summary_method: Any,
        summary_args: Mapping[str, Any] | None,
        context: Mapping[str, Any],
        asynchronous: bool,
        cache: Any = None,
    ) -> None:
        """Check everything the caller gave, before anything runs."""
        super().__init__(first, second, asynchronous=asynchronous, cache=cache)
        if not asynchronous:
            _refuse_async(first)
            _refuse_async(second)
        self.clear = clear_history
        self._forget()
        self.context = dict(context)
        self.summary_method = summary_method
        self.summary_args = dict(summary_args or {})
        source = "human" if message is None else "function" if callable(message) else "given"
        if source == "given":
            self.data["message"] = with_carryover(checked_message(message, first.name), self.context.get("carryover"))
        elif source == "function":
            self.bindings[f"{first.name}/message"] = self._message(message)  # type: ignore[arg-type]  # source says so
        self.settings = ChatSettings(turns_of(max_turns), clear_history, source, self._summary_kind())
        if self.settings.summary != "none":
            self.bindings[f"{first.name}/summary"] = self._summary()
        self.linked = linked(chat_graph, *self.specs, self.settings)

    def _forget(self) -> None:
        """Leave out what the chat resets when it opens, so that agents that have talked before replay like new ones."""
        memory, thread = self.memory, self.snapshot.thread
        for agent, peer in ((self.first.name, self.second.name), (self.second.name, self.first.name)):
            memory[keys.count(agent, peer)] = 0
            memory[keys.asked(agent, peer)] = False
            if self.clear:
                memory[keys.typed(agent)] = ()
                memory.pop(keys.since(agent, thread), None)
                memory.pop(keys.edits(agent, thread), None)
        if self.clear:
            memory[keys.thread(thread)] = Thread()

    def _message(self, function: Callable[..., Any]) -> Performer:
        """Return what asks the caller's function for the first message."""

        def perform(effect: Invoke, ticket: Ticket) -> Any:
            return returned(function(self.first, self.second, dict(self.context)))

        return perform

    def _summary_kind(self) -> str:
        """Return which kind of summary the graph has to make."""
        method = self.summary_method
        if method is None or method == "last_msg":
            return "none"
        if callable(method):
            return "function"
        raise ConfigError(
            f"summary_method is {method!r}; give 'last_msg', None, or a function of (sender, recipient, summary_args)"
        )

    def _summary(self) -> Performer:
        """Return what asks the caller's function for the summary."""

        def perform(effect: Invoke, ticket: Ticket) -> Any:
            return returned(self.summary_method(self.first, self.second, dict(self.summary_args)))

        return perform

    def finish(self, run: Run) -> ChatResult:
        """Publish what the run left, raise what made it fail, and return the result."""
        self.publish(run, replaces=self.clear)
        typed = list(run.memory.get(keys.typed(self.first.name), ()))
        return ChatResult((self.first, self.second), run, self._summary_of(run), typed)

    def _summary_of(self, run: Run) -> Any:
        """Return the summary."""
        if self.settings.summary != "none":
            return "" if run.result is None else run.result
        if self.summary_method is None:
            return ""
        return last_message_summary(self.snapshot.pair.view(self.second, self.first).messages())


class BareMessage(Conversation):
    """A message outside a chat, answered as long as each side is asked to answer."""

    def __init__(
        self,
        first: Agent,
        second: Agent,
        message: Message,
        *,
        request_reply: bool | None,
        asynchronous: bool,
    ) -> None:
        """Check the message. ``request_reply`` overrides whether the recipient is asked to answer this one message."""
        super().__init__(first, second, asynchronous=asynchronous)
        self.data["message"] = checked_message(message, first.name)
        self.request_reply = request_reply
        self.linked = linked(send_graph, *self.specs)
        asked = self.memory[keys.asked(second.name, first.name)]
        self.data["request_reply"] = asked if request_reply is None else request_reply

    def finish(self, run: Run) -> None:
        """Publish what the run left, and raise what made it fail."""
        self.publish(run, replaces=False)


class OneReply:
    """A reply that is given back and not said: to given messages, or to the history with a sender."""

    def __init__(
        self,
        agent: Agent,
        messages: Sequence[Mapping[str, Any]] | None,
        sender: Agent | None,
        *,
        asynchronous: bool,
    ) -> None:
        """Check what the caller gave."""
        if messages is None and sender is None:
            raise MessageError(
                f"{agent.name!r} is to reply to nothing: give messages, or the sender whose messages it has"
            )
        if sender is not None:
            check_pair(agent, sender)
        self.agent, self.sender = agent, sender
        self.peer = "" if sender is None else sender.name
        self.snapshot = None if sender is None else Snapshot(agent, sender)
        self.thread = "" if self.snapshot is None else self.snapshot.thread
        self.memory: Memory = {} if self.snapshot is None else self.snapshot.memory()
        if self.snapshot is None:
            ledger = agent.ledger
            self.memory[keys.count(agent.name, "")] = ledger.counts.get(None, 0)
            self.memory[keys.limit(agent.name, "")] = ledger.limit_for(None)
            self.memory[keys.system(agent.name)] = agent.system_message
        self.data: dict[str, Any] = {}
        if messages is not None:
            self.data["messages"] = [checked_part(message, agent.name) for message in messages]
        keyed(agent.client)
        peers = {agent.name: agent} | ({} if sender is None else {sender.name: sender})
        self.bindings = AgentBindings(*peers.values())
        self.bindings.update(bindings_of(agent, peers, Seen(), asynchronous=asynchronous))
        spec = agent.spec_for(sender, synchronous=not asynchronous, replying=True)
        self.linked = linked(one_reply_graph, spec, self.peer, self.thread)

    def finish(self, run: Run) -> Any:
        """Publish what the run left and return the reply; None if the agent gave none."""
        if self.snapshot is not None:
            publish(self.snapshot, run, replaces=False)
        else:
            ledger, memory = self.agent.ledger, run.memory
            ledger.counts[None] = memory.get(keys.count(self.agent.name, ""), 0)
            ledger.typed += tuple(memory.get(keys.typed(self.agent.name), ()))
        run.require_success()
        return run.result


def linked(make: Callable[..., Graph], *given: Any) -> Program:
    """Return the program of the graph that ``make`` gives for specs and settings; equal ones share one.

    >>> from flowagents.patterns.spec import AgentSpec
    >>> linked(send_graph, AgentSpec("a", ()), AgentSpec("b", ())).graph.name
    'a to b'
    """
    try:
        return _linked(make, *given)
    except TypeError:  # a default reply that is a dict has no hash
        return Program(make(*given))


@lru_cache(maxsize=PROGRAMS_MAX)
def _linked(make: Callable[..., Graph], *given: Any) -> Program:
    """Link a graph, for values that can be hashed."""
    return Program(make(*given))


def publish(snapshot: Snapshot, run: Run, *, replaces: bool) -> None:
    """Give agents what a run left, also if it failed; raise what made it fail, else HistoryChanged."""
    changed: HistoryChanged | None = None
    try:
        snapshot.publish(run.memory, replaces=replaces)
    except HistoryChanged as problem:
        problem.run = run
        changed = problem
    run.require_success()
    if changed is not None:
        raise changed


def check_pair(first: Agent, second: Agent) -> None:
    """Raise NameConflict unless two agents can be told apart, and ConfigError if one is no agent."""
    for agent in (first, second):
        if not isinstance(agent, Agent):
            raise ConfigError(f"a conversation needs agents; found {agent!r:.80}")
    if first is second:
        raise NameConflict(f"{first.name!r} cannot talk to itself; give it a partner")
    if first.name == second.name:
        raise NameConflict(f"two agents of one conversation are called {first.name!r}; give one another name")


def _refuse_own_pair(first: Agent, second: Agent) -> None:
    """Raise SetupError if code inside a run of two agents would begin another run of the same two."""
    if inside(first, second) is not None:
        raise SetupError(
            f"{first.name!r} and {second.name!r} are in the middle of a conversation, so a function called inside it "
            "cannot begin another with the same two; return a reply instead, or let other agents talk"
        )


def _refuse_async(agent: Agent) -> None:
    """Raise SetupError if a synchronous run would need an asynchronous reply function."""
    refused = refused_in_sync(agent.reply_slots)
    if refused:
        raise SetupError(
            f"{agent.name!r} has asynchronous reply functions ({', '.join(refused)}), which a synchronous chat "
            "cannot call; use a_initiate_chat, or register them with ignore_async_in_sync_chat=True"
        )
