"""What a run asks of the world, in the imperative. Nothing here does anything; performers do.

``at`` is the place of the performer in the bindings (``bot/model``). ``resource``, if not None, names something
that only one effect at a time may use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from flowagents.core.canonical import digest, form
from flowagents.core.thread import Shown, View
from flowagents.core.value import value

Path: TypeAlias = tuple[int, ...]
"""The place of a task in the call tree: a move and a child's ordinal for each level, () for the root."""

Name: TypeAlias = tuple[Path, int]
"""The name of an effect: the path of its task and the move at which it was asked for."""


@value
class CallModel:
    """Ask the model of an agent to continue what it sees. ``system`` is None for no system message.

    Answered with ``{"message", "model", "usage", "finish_reason", "config", "attempts", "source", "price"}``.
    """

    at: str
    agent: str
    view: View | Shown
    system: str | None = None
    resource: str | None = None

    def form(self) -> dict[str, Any]:
        """Return the effect as JSON, the system message by its first words and its digest."""
        made = {"kind": "CallModel", "at": self.at, "agent": self.agent, "view": form(self.view)}
        if self.system is not None:
            made["system"] = {"begins": self.system[:60], "digest": digest(self.system)[:16]}
        return made


@value
class AskHuman:
    """Ask the human behind an agent. Answered with the text typed."""

    at: str
    agent: str
    prompt: str
    view: View | Shown | None = None
    resource: str | None = "terminal"


@value
class RunTool:
    """Run one tool for one proposed call; ``arguments`` is the text the model wrote. Answered with the result text."""

    at: str
    agent: str
    tool: str
    arguments: str
    resource: str | None = None


@value
class RunCode:
    """Run blocks of code, each a pair of language and text. Answered with ``{"exit_code", "output", ...}``."""

    at: str
    agent: str
    blocks: tuple[tuple[str, str], ...]
    resource: str | None = None


@value
class Invoke:
    """Call a function of the user. Answered with ``{"value": ..., "changes": [...]}``; changes may be absent."""

    at: str
    view: View | Shown | None = None
    arguments: Mapping[str, Any] | None = None
    resource: str | None = None


@value
class GiveReply:
    """Give the reply that an agent always gives when nothing else answers. Answered with ``reply`` itself."""

    at: str
    agent: str
    reply: Any = None
    resource: str | None = None


@value
class Draw:
    """Draw one of the options by chance. Answered with its position."""

    at: str
    options: tuple[str, ...]
    resource: str | None = None


Effect: TypeAlias = CallModel | AskHuman | RunTool | RunCode | Invoke | GiveReply | Draw


def name_text(name: Name) -> str:
    """Return the name of an effect as text; it is also the idempotency key handed to tools.

    >>> name_text(((), 7)), name_text(((3, 0), 1))
    ('7', '3.0/1')
    """
    path, move = name
    return "/".join([f"{path[i]}.{path[i + 1]}" for i in range(0, len(path), 2)] + [str(move)])


def name_from_text(text: str) -> Name:
    """Return the name that ``name_text`` wrote. Raises ValueError if it is none.

    >>> name_from_text("3.0/1")
    ((3, 0), 1)
    """
    *parts, move = text.split("/")
    return tuple(int(number) for part in parts for number in part.split(".")), int(move)
