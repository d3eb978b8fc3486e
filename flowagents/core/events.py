"""What has happened, in the past tense. Each event carries its time in seconds since the epoch and never changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from flowagents.core.effects import Name
from flowagents.core.value import value


@value
class Failure:
    """Why a task could not go on, as a comparable value.

    ``kind`` is ``error`` (a performer raised), ``refused`` (a message or answer nobody can use), ``interrupt``
    (Ctrl-C), ``limit`` (a declared limit), ``stuck`` (no edge matched) or ``conflict`` (siblings changed one thing).
    ``error`` names the type, ``text`` says what happened, ``place`` the node.
    """

    kind: str
    error: str
    text: str
    place: str = ""


@value
class Started:
    """A run began with these registers and this memory; ``seed`` is for draws."""

    at: float
    data: Mapping[str, Any]
    memory: Mapping[tuple[str, ...], Any]
    seed: int = 0


@value
class Answered:
    """The effect ``name`` was performed and gave ``value``."""

    at: float
    name: Name
    value: Any


@value
class Failed:
    """The effect ``name`` could not be performed."""

    at: float
    name: Name
    failure: Failure


@value
class Interrupted:
    """Somebody stopped the whole run from outside."""

    at: float
    reason: str


Event: TypeAlias = Started | Answered | Failed | Interrupted


@value
class Stop:
    """How a run ended.

    ``kind`` is ``finished``, ``limit``, ``stuck``, ``waiting``, ``cancelled`` or ``failed``; ``name`` the end that was
    reached (``ended``, ``max_turns``, ...); ``rule`` the rule or limit that caused it, in words; ``agent`` the agent it
    belongs to, if any; ``evidence`` what it was judged by.
    """

    kind: str
    name: str
    rule: str = ""
    agent: str | None = None
    evidence: Any = None
    failure: Failure | None = None
