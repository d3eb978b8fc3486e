"""What a chat returns: the classic four, and what stands behind them."""

from __future__ import annotations

from typing import Any

from flowagents.classic.base import Agent
from flowagents.core.events import Stop
from flowagents.runtime.run import GraphHandle, Run


class ChatResult:
    """The outcome of a chat.

    ``summary``, ``cost`` and ``human_input`` are as the chat left them, ``messages`` is its history at the end.
    ``chat_history`` is the initiator's history with the recipient as it is now, which a later chat may have changed.
    ``stop`` says how and why it ended, ``graph`` is what ran and can be drawn, ``run`` what happened.
    """

    def __init__(
        self,
        pair: tuple[Agent, Agent],
        run: Run,
        summary: Any,
        human_input: list[str],
        chat_id: int | str | None = None,
    ) -> None:
        """Put together what a run left."""
        self._pair = pair
        self.run = run
        self.summary = summary
        self.human_input = human_input
        self.chat_id = chat_id
        self.cost: dict[str, dict[str, Any]] = run.cost
        self.messages: list[dict[str, Any]] = self.chat_history

    @property
    def chat_history(self) -> list[dict[str, Any]]:
        """The initiator's history with the recipient, oldest first: its own messages have the role ``assistant``."""
        first, second = self._pair
        return first.chat_messages[second]

    @property
    def stop(self) -> Stop:
        """How and why the chat ended."""
        return self.run.stop

    @property
    def graph(self) -> GraphHandle:
        """The graph that ran; ``graph.draw("mermaid")`` gives its picture."""
        return self.run.handle

    def __repr__(self) -> str:
        """Show the classic four and the stop."""
        return (
            f"ChatResult(chat_id={self.chat_id!r}, chat_history={self.messages!r}, summary={self.summary!r}, "
            f"cost={self.cost!r}, human_input={self.human_input!r}, stop={self.stop.name!r})"
        )
