"""What agents keep between runs: what was said with whom, counters, limits.

A run works on a snapshot and publishes at its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowagents.classic.base import Agent
from flowagents.classic.messages import checked_message, checked_part
from flowagents.core.task import Memory
from flowagents.core.thread import Entry, Thread, View, body_of
from flowagents.errors import HistoryChanged
from flowagents.patterns import keys
from flowagents.patterns.pair import thread_of
from flowagents.patterns.takes import remembered
from flowagents.runtime.inside import current
from flowagents.runtime.performing import Performer, Ticket


class AgentBindings(dict[str, Performer]):
    """The performers of a run, and whose run it is; ``outer`` is the effect inside which it began, if any."""

    def __init__(self, *agents: Agent) -> None:
        """Bind nothing yet."""
        super().__init__()
        self.agents = agents
        self.outer = current()


def inside(*agents: Agent) -> Ticket | None:
    """Return the effect being performed here, in the innermost run of all these agents; None outside of one."""
    ticket = current()
    while ticket is not None:
        bindings = ticket.driver.bindings
        if not isinstance(bindings, AgentBindings):
            return None
        if all(agent in bindings.agents for agent in agents):
            return ticket
        ticket = bindings.outer
    return None


def known(ticket: Ticket) -> Memory:
    """Return what a run remembers now, with what the function of an effect has changed so far."""
    memory = dict(ticket.memory)
    for key, item in ticket.changes:
        memory[tuple(key)] = remembered(key[0], item)
    return memory


def noted(key: tuple[str, ...], item: Any, *agents: Agent) -> bool:
    """Inside a run of these agents, note that ``key`` becomes ``item``; False outside of one."""
    ticket = inside(*agents)
    if ticket is None:
        return False
    ticket.change(key, item)
    return True


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
        ticket = inside(owner, peer)
        if ticket is not None:
            thread, memory = thread_of(owner.name, peer.name), known(ticket)
            return View(
                owner.name,
                memory[keys.thread(thread)],
                memory.get(keys.since(owner.name, thread), 0),
                memory.get(keys.edits(owner.name, thread)),
            )
        return View(owner.name, self.thread, self.since.get(owner, 0), self.edits.get(owner))

    def clear(self, owner: Agent, peer: Agent, keep: int = 0) -> None:
        """Forget all but the last ``keep`` messages that one of the two sees; the other still sees them.

        Results of tools keep the message that proposed the calls, without which no model takes them.
        """
        view = self.view(owner, peer)
        seen = [position for position in range(view.start, len(view.thread)) if heard_by(owner, view.thread[position])]
        if 0 < keep < len(seen) and "tool_responses" in view.thread[seen[-keep]].body:
            keep += 1
        start = len(view.thread) if keep <= 0 else seen[-keep] if keep < len(seen) else view.start
        if not noted(keys.since(owner.name, thread_of(owner.name, peer.name)), start, owner, peer):
            self.since[owner] = start
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


def heard_by(owner: Agent, entry: Entry) -> bool:
    """Tell whether an agent can hear an entry."""
    return not entry.audience or owner.name in entry.audience


def pair_of(first: Agent, second: Agent) -> PairHistory:
    """Return the history of two agents, begun if they have none."""
    pair = first.ledger.pairs.get(second)
    if pair is None:
        pair = second.ledger.pairs.get(first) or PairHistory()
        first.ledger.pairs[second] = second.ledger.pairs[first] = pair
    return pair


class Snapshot:
    """What a run over two agents begins with, and where its outcome goes.

    It goes to the agents; or inside another run of the two, where only a reply that is given back may run, to that run.
    """

    def __init__(self, first: Agent, second: Agent) -> None:
        """Note what the two know now."""
        self.agents = (first, second)
        self.pair = pair_of(first, second)
        self.version = self.pair.version
        self.thread = thread_of(first.name, second.name)
        self.ticket = inside(first, second)
        self.start = self._kept() if self.ticket is None else known(self.ticket)

    def memory(self) -> Memory:
        """Return the memory that the run begins with."""
        return dict(self.start)

    def _kept(self) -> Memory:
        """Return what the two agents keep."""
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
        if not memory:
            return
        if self.ticket is not None:
            self._hand_over(memory, self.ticket)
            return
        pair = self.pair
        if not replaces and pair.version != self.version:
            names = " and ".join(agent.name for agent in self.agents)
            raise HistoryChanged(
                f"the history of {names} changed while this run worked on it, so what it added was not stored; "
                "give parallel chats agents of their own, or run them one after the other"
            )
        pair.thread = memory.get(keys.thread(self.thread), pair.thread)
        pair.version += 1
        for agent, peer in (self.agents, self.agents[::-1]):
            self._store(memory, agent, peer)

    def _store(self, memory: Memory, agent: Agent, peer: Agent) -> None:
        """Give one agent what the run left; what all its runs share, only as far as this one changed it."""
        ledger, pair = agent.ledger, self.pair
        ledger.counts[peer] = memory.get(keys.count(agent.name, peer.name), 0)
        ledger.asked[peer] = bool(memory.get(keys.asked(agent.name, peer.name)))
        limit = keys.limit(agent.name, peer.name)
        if memory.get(limit) != self.start[limit]:
            ledger.limits[peer] = memory[limit]
        _put(pair.since, agent, memory.get(keys.since(agent.name, self.thread)))
        _put(pair.edits, agent, memory.get(keys.edits(agent.name, self.thread)))
        system: Any = memory.get(keys.system(agent.name))
        if system != self.start[keys.system(agent.name)]:
            agent.system_message = system
        before, typed = self.start[keys.typed(agent.name)], memory.get(keys.typed(agent.name), ())
        continued = typed[: len(before)] == before
        if ledger.typed is before:
            ledger.typed = typed
        else:
            ledger.typed += typed[len(before) :] if continued else typed

    def _hand_over(self, memory: Memory, ticket: Ticket) -> None:
        """Give the run around this one what a reply changes: counters, typed texts, what hooks made of messages."""
        for key, item in memory.items():
            if item != self.start.get(key):
                ticket.change(key, list(item.items()) if key[0] == "edits" else item)


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
        found = checked_message(checked_part(message, owner.name), owner.name)
        author = owner if found.get("role") == "assistant" else peer
        body = body_of(found, author.name)
        if "name" not in found:
            body.pop("name", None)
        pair.thread = pair.thread.append(Entry(author.name, body, (owner.name,)))
    pair.version += 1
