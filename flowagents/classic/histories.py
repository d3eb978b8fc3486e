"""What agents keep between runs: what was said with whom, counters, limits. A run works on a snapshot and publishes at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowagents.classic.base import Agent
from flowagents.core.task import Memory
from flowagents.core.thread import Entry, Thread, View, body_of
from flowagents.errors import HistoryChanged
from flowagents.patterns import keys
from flowagents.patterns.pair import thread_of
from flowagents.runtime.inside import current


class PairHistory:
    """What two agents said to each other: one thread, and what each has cleared or sees differently.

    ``version`` grows with every change, so that two runs cannot overwrite each other unseen.
    """

    __slots__ = ("edits", "since", "thread", "version")

    def __init__(self) -> None:
        """Begin with nothing said."""
        self.thread = Thread()
        self.since: dict[Agent, int] = {}
        self.edits: dict[Agent, Mapping[int, Any]] = {}
        self.version = 0

    def view(self, owner: Agent, peer: Agent) -> View:
        """Return what one of the two sees; inside a run of the two, what the run knows now."""
        ticket = current()
        thread = thread_of(owner.name, peer.name)
        if ticket is not None and keys.thread(thread) in ticket.memory:
            memory = ticket.memory
            return View(
                owner.name,
                memory[keys.thread(thread)],
                memory.get(keys.since(owner.name, thread), 0),
                memory.get(keys.edits(owner.name, thread)),
            )
        return View(owner.name, self.thread, self.since.get(owner, 0), self.edits.get(owner))

    def clear(self, owner: Agent, peer: Agent, keep: int = 0) -> None:
        """Forget all but the last ``keep`` messages for one of the two; the other still sees them."""
        thread = thread_of(owner.name, peer.name)
        start = max(0, len(self.view(owner, peer).thread) - keep)
        if noted(keys.since(owner.name, thread), start, keys.thread(thread)):
            return
        self.since[owner] = max(self.since.get(owner, 0), len(self.thread) - keep)
        self.version += 1


class Ledger:
    """What one agent keeps: histories, counters, limits and flags by peer, and what its human typed."""

    def __init__(self, limit: int | None) -> None:
        """Begin with nothing; ``limit`` is the auto-reply limit for peers that have none of their own."""
        self.pairs: dict[Agent, PairHistory] = {}
        self.counts: dict[Agent | None, int] = {}
        self.limits: dict[Agent | None, int | None] = {}
        self.asked: dict[Agent, bool] = {}
        self.typed: tuple[str, ...] = ()
        self.limit = limit

    def limit_for(self, peer: Agent | None) -> int | None:
        """Return the auto-reply limit for a peer, which from now on has one of its own."""
        return self.limits.setdefault(peer, self.limit)


def noted(key: tuple[str, ...], item: Any, present: tuple[str, ...] | None = None) -> bool:
    """Inside a run that remembers ``key``, or ``present``, note that ``key`` becomes ``item``; False outside of one."""
    ticket = current()
    if ticket is None or (present or key) not in ticket.memory:
        return False
    ticket.change(key, item)
    return True


def pair_of(first: Agent, second: Agent) -> PairHistory:
    """Return the history of two agents, begun if they have none."""
    pair = first.ledger.pairs.get(second)
    if pair is None:
        pair = second.ledger.pairs.get(first) or PairHistory()
        first.ledger.pairs[second] = second.ledger.pairs[first] = pair
    return pair


class Snapshot:
    """What a run over two agents begins with, and where its outcome goes."""

    def __init__(self, first: Agent, second: Agent) -> None:
        """Note what the two know now."""
        self.agents = (first, second)
        self.pair = pair_of(first, second)
        self.version = self.pair.version
        self.thread = thread_of(first.name, second.name)

    def memory(self) -> Memory:
        """Return the memory that the run begins with."""
        pair = self.pair
        memory: Memory = {keys.thread(self.thread): pair.thread.fork()}
        for agent, peer in (self.agents, self.agents[::-1]):
            ledger = agent.ledger
            memory[keys.count(agent.name, peer.name)] = ledger.counts.get(peer, 0)
            memory[keys.limit(agent.name, peer.name)] = ledger.limit_for(peer)
            memory[keys.asked(agent.name, peer.name)] = ledger.asked.get(peer, False)
            memory[keys.typed(agent.name)] = ledger.typed
            memory[keys.system(agent.name)] = agent.system_message
            if agent in pair.since:
                memory[keys.since(agent.name, self.thread)] = pair.since[agent]
            if agent in pair.edits:
                memory[keys.edits(agent.name, self.thread)] = pair.edits[agent]
        return memory

    def publish(self, memory: Memory, *, replaces: bool) -> None:
        """Give the agents what the run left.

        With ``replaces`` the run began a new history. Otherwise HistoryChanged is raised, and nothing stored, if the
        pair has changed since the run began.
        """
        pair = self.pair
        if not replaces and pair.version != self.version:
            names = " and ".join(agent.name for agent in self.agents)
            raise HistoryChanged(
                f"the history of {names} changed while this run worked on it, so what it added was not stored; "
                "give parallel chats agents of their own, or run them one after the other"
            )
        if not memory:
            return
        pair.thread = memory.get(keys.thread(self.thread), pair.thread)
        pair.version += 1
        for agent, peer in (self.agents, self.agents[::-1]):
            ledger = agent.ledger
            ledger.limits[peer] = memory.get(keys.limit(agent.name, peer.name))
            agent.system_message = memory.get(keys.system(agent.name), agent.system_message)
            ledger.counts[peer] = memory.get(keys.count(agent.name, peer.name), 0)
            ledger.asked[peer] = bool(memory.get(keys.asked(agent.name, peer.name)))
            ledger.typed = memory.get(keys.typed(agent.name), ())
            _put(pair.since, agent, memory.get(keys.since(agent.name, self.thread)))
            _put(pair.edits, agent, memory.get(keys.edits(agent.name, self.thread)))


def _put(table: dict[Any, Any], key: Any, item: Any) -> None:
    """Store an item, or forget the key if there is none."""
    if item is None:
        table.pop(key, None)
    else:
        table[key] = item


def given_history(owner: Agent, peer: Agent, messages: Sequence[Mapping[str, Any]]) -> None:
    """Append messages that a program gives as ``owner``'s history with ``peer``; the peer does not see them."""
    pair = pair_of(owner, peer)
    for message in messages:
        author = owner if message.get("role") == "assistant" else peer
        entry = Entry(author.name, body_of(message, author.name), (owner.name,))
        pair.thread = pair.thread.append(entry)
    pair.version += 1
