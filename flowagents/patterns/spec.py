"""What a pattern knows of an agent: data only. Functions, clients and executors are bound by place, outside."""

from __future__ import annotations

from typing import Any, TypeAlias

from flowagents.core.graph import Graph
from flowagents.core.guards import Guard
from flowagents.core.value import value


@value
class CheckStep:
    """Ask whether the conversation is over, and the human where the input mode says so."""


@value
class FunctionStep:
    """Answer a legacy function call."""


@value
class ToolStep:
    """Answer tool calls, each in a child of its own."""


@value
class CodeStep:
    """Run the newest code heard. ``scan`` is how many messages back to look: a number, or "auto"."""

    scan: int | str = "auto"


@value
class ModelStep:
    """Ask the agent's model."""


@value
class ReplyStep:
    """Ask a reply function of the user, bound at ``agent/reply/key``; first its trigger, if ``asks_trigger``."""

    key: str
    title: str = ""
    asks_trigger: bool = False


@value
class GraphStep:
    """Run a graph as a child; its result is the reply. ``key`` names the step."""

    key: str
    graph: Graph


Step: TypeAlias = CheckStep | FunctionStep | ToolStep | CodeStep | ModelStep | ReplyStep | GraphStep


@value
class Hooks:
    """How many hooks of each kind an agent has; each is bound at ``agent/kind/number``."""

    last_received: int = 0
    all_messages: int = 0
    before_send: int = 0


@value
class AgentSpec:
    """An agent as far as the graph needs it.

    ``name`` is unique in its conversation. ``mode`` is ALWAYS, TERMINATE or NEVER. ``ended`` is a guard on the register
    ``heard``, or None where a function of the user decides, bound at ``name/ended``. ``steps`` are tried in order;
    ``reply`` is what is said when none answers, None for silence. ``limit`` is for pictures; what counts is in memory.
    """

    name: str
    steps: tuple[Step, ...]
    mode: str = "TERMINATE"
    ended: Guard | None = None
    reply: Any = ""
    hooks: Hooks = Hooks()
    kind: str = "agent"
    limit: int | None = None
    title: str = ""
    notes: tuple[str, ...] = ()
