"""What an agent keeps between conversations, and how a program reads and changes it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from flowagents.classic.base import Agent
from flowagents.classic.histories import noted
from flowagents.errors import ConfigError, SetupError
from flowagents.patterns import keys


class Keeping(Agent):
    """Histories, counters, limits and the system message of an agent; inside a run, what it knows of them."""

    @property
    def chat_messages(self) -> dict[Agent, list[dict[str, Any]]]:
        """What was said with each partner, oldest first, as this agent sees it; a copy."""
        found: dict[Agent, list[dict[str, Any]]] = defaultdict(list)
        for peer, pair in self.ledger.pairs.items():
            found[peer] = pair.view(self, peer).messages()
        return found

    def last_message(self, agent: Agent | None = None) -> dict[str, Any] | None:
        """Return the newest message with ``agent``; without one, with the only partner there is.

        Raises SetupError if there are several partners, or none of that name.
        """
        pairs = self.ledger.pairs
        if agent is None:
            found = {peer.name: pair.view(self, peer).last() for peer, pair in pairs.items()}
            talked = {name: message for name, message in found.items() if message is not None}
            if len(talked) > 1:
                names = ", ".join(sorted(talked))
                raise SetupError(f"{self.name!r} has talked with {names}; say whose last message you want")
            return next(iter(talked.values()), None)
        if agent not in pairs:
            raise SetupError(f"{self.name!r} has not talked with {getattr(agent, 'name', agent)!r}")
        return pairs[agent].view(self, agent).last()

    def clear_history(self, recipient: Agent | None = None, nr_messages_to_preserve: int | None = None) -> None:
        """Forget what was said, with one partner or all, but for the last ``nr_messages_to_preserve`` messages."""
        for peer, pair in self.ledger.pairs.items():
            if recipient is None or peer is recipient:
                pair.clear(self, peer, nr_messages_to_preserve or 0)

    def reset(self) -> None:
        """Forget histories, counters, and whom to answer."""
        self.clear_history()
        self.reset_consecutive_auto_reply_counter()
        self.stop_reply_at_receive()
        for slot in self.reply_slots:
            slot.reset()

    def reset_consecutive_auto_reply_counter(self, sender: Agent | None = None) -> None:
        """Set the auto-reply counter to 0, for one partner or all."""
        for peer in self._peers(sender):
            if not noted(keys.count(self.name, peer.name), 0, self, peer):
                self.ledger.counts[peer] = 0
        if sender is None:
            self.ledger.counts.pop(None, None)

    def stop_reply_at_receive(self, sender: Agent | None = None) -> None:
        """Answer bare messages no longer, of one partner or all."""
        for peer in self._peers(sender):
            if not noted(keys.asked(self.name, peer.name), False, self, peer):
                self.ledger.asked[peer] = False

    def _peers(self, sender: Agent | None) -> list[Agent]:
        """Return one partner, or all there are so far."""
        return [*self.ledger.pairs] if sender is None else [sender]

    def max_consecutive_auto_reply(self, sender: Agent | None = None) -> int | None:
        """Return the auto-reply limit, for one partner or in general."""
        return self.ledger.limit if sender is None else self.ledger.limit_for(sender)

    def update_max_consecutive_auto_reply(self, value: int, sender: Agent | None = None) -> None:
        """Set the auto-reply limit, for one partner or in general and for all known partners."""
        check_limit(self.name, value)
        if sender is None:
            self.ledger.limit = value
        for peer in list(self.ledger.limits) if sender is None else [sender]:
            if not (peer and noted(keys.limit(self.name, peer.name), value, self, peer)):
                self.ledger.limits[peer] = value

    def update_system_message(self, system_message: str) -> None:
        """Set the system message, from the next question to the model on."""
        self.system_message = system_message
        noted(keys.system(self.name), system_message, self)


def check_limit(name: str, limit: object) -> None:
    """Raise ConfigError for an auto-reply limit that is no count."""
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise ConfigError(f"{name!r} has max_consecutive_auto_reply {limit!r}; give a whole number of 0 or more")
