"""A conversation on the screen while it happens, for chats that are not silent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowagents.classic.base import Agent
from flowagents.core.events import Event, Started
from flowagents.core.thread import Thread
from flowagents.patterns import keys


class Printer:
    """Watches a run of two agents and prints each message when it is said, and models' words as they arrive.

    Agents that are silent themselves are not printed.
    """

    def __init__(self, agents: Mapping[str, Agent], thread: str) -> None:
        """Watch one thread."""
        self.agents = agents
        self.thread = thread
        self.shown = Thread()
        self.streaming = ""

    def on_event(self, run: Any, event: Event) -> None:
        """Print what was said since the last event."""
        if isinstance(event, Started):
            self.shown = event.memory.get(keys.thread(self.thread), self.shown)
        now = self._now(run)
        if now is None or now is self.shown:
            return
        start = len(self.shown) if now.continues(self.shown) else 0
        self.shown = now
        for entry in now.entries(start):
            self._print(entry.author, entry.body)

    def _now(self, run: Any) -> Thread | None:
        """Return the thread as it is after an event."""
        key = keys.thread(self.thread)
        for task in run.state.tasks.values():
            if key in task.memory:
                return task.memory[key]  # type: ignore[no-any-return]  # this kind of key holds threads
        return run.state.memory.get(key)  # type: ignore[no-any-return]  # this kind of key holds threads

    def _print(self, author: str, body: Mapping[str, Any]) -> None:
        """Print one message, or only its end if its words were printed as they came."""
        from flowagents.adapters.printing import print_message, print_rest

        streamed, self.streaming = self.streaming, ""
        if streamed == author:
            print_rest(body)
        elif not self.agents[author].silent:
            recipient = next(name for name in self.agents if name != author)
            print_message(author, recipient, body)

    def on_delta(self, place: str, text: str) -> None:
        """Print a piece of a model's answer."""
        from flowagents.adapters.printing import print_beginning, print_delta

        agent = place.rpartition("/")[0]
        if agent not in self.agents or self.agents[agent].silent:
            return
        if self.streaming != agent:
            self.streaming = agent
            recipient = next(name for name in self.agents if name != agent)
            print_beginning(agent, recipient)
        print_delta(text)
