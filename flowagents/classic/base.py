"""What the rest of this package knows of an agent; the agent itself is in agent.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowagents.adapters.tools import Tool
    from flowagents.classic.histories import Ledger
    from flowagents.classic.slots import ReplySlot
    from flowagents.patterns.spec import AgentSpec
    from flowagents.ports import ModelClient


class Agent:
    """Anybody who takes part in a conversation. Use it as a trigger that matches every agent."""

    name: str
    ledger: Ledger
    system_message: str
    silent: bool
    client: ModelClient | None
    executor: Any
    tools: dict[str, Tool]
    reply_slots: Sequence[ReplySlot]
    hooks: Mapping[str, Sequence[Callable[..., Any]]]
    human_input_mode: str
    is_termination_msg: Callable[[dict[str, Any]], Any] | None

    @property
    def overrides_async(self) -> bool:
        """Whether the class has an ``a_generate_reply`` of its own."""
        raise NotImplementedError

    def spec_for(self, peer: Agent | None, *, synchronous: bool, replying: bool = False) -> AgentSpec:
        """Return what a graph needs to know of this agent when it talks to ``peer``; ``replying`` in its own reply."""
        raise NotImplementedError

    def offered_tools(self) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
        """Return what its model is told it may call: tools, and functions of the legacy kind."""
        raise NotImplementedError

    def get_human_input(self, prompt: str) -> str:
        """Ask the human behind this agent."""
        raise NotImplementedError

    async def a_get_human_input(self, prompt: str) -> str:
        """Ask the human without blocking the event loop; override it to ask somewhere else."""
        import asyncio

        return await asyncio.to_thread(self.get_human_input, prompt)

    def generate_reply(
        self, messages: Sequence[Mapping[str, Any]] | None = None, sender: Agent | None = None, **unused: Any
    ) -> Any:
        """Return what this agent would say."""
        raise NotImplementedError

    async def a_generate_reply(
        self, messages: Sequence[Mapping[str, Any]] | None = None, sender: Agent | None = None, **unused: Any
    ) -> Any:
        """Return what this agent would say, on the running event loop."""
        raise NotImplementedError

    @property
    def chat_messages(self) -> Mapping[Agent, list[dict[str, Any]]]:
        """What was said with each peer, as this agent sees it."""
        raise NotImplementedError
