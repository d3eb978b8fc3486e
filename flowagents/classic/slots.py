"""The order in which an agent tries to reply: its own steps and the functions a program registered between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from inspect import iscoroutinefunction
from typing import Any, TypeAlias

from flowagents.classic.base import Agent
from flowagents.errors import ConfigError, SenderRequired
from flowagents.patterns.spec import CheckStep, CodeStep, FunctionStep, ModelStep, ReplyStep, Step, ToolStep

Trigger: TypeAlias = type | str | Agent | Callable[[Any], Any] | list[Any] | tuple[Any, ...] | None
"""For whom a reply function answers: a class, a name, an agent, a predicate on the sender, any of a list, or None."""


class ReplySlot:
    """One place in the order: a step of the engine, a reply function, or nothing where classic counts a place."""

    __slots__ = (
        "config",
        "function",
        "ignored_in_sync",
        "initial_config",
        "is_async",
        "key",
        "reset_config",
        "step",
        "trigger",
    )

    def __init__(self, step: Step | None) -> None:
        """Make a slot of the engine's own; ``function_slot`` makes one for a function."""
        self.step = step
        self.key = ""
        self.function: Callable[..., Any] | None = None
        self.trigger: Trigger = None
        self.config: Any = None
        self.initial_config: Any = None
        self.reset_config: Callable[[Any], Any] | None = None
        self.is_async = False
        self.ignored_in_sync = False

    def reset(self) -> None:
        """Give the function a fresh copy of its configuration, or let the program's own function reset it."""
        if self.reset_config is not None:
            self.reset_config(self.config)
        else:
            self.config = copy(self.initial_config)


def base_slots(scan: int | str | None) -> list[ReplySlot]:
    """Return the order of an agent without functions: check, function, tools, code (if it runs any), model.

    Positions are those that programs written for the classic API count, where each step but code has two.
    """
    steps: list[Step | None] = [None, CheckStep(), None, FunctionStep(), None, ToolStep()]
    if scan is not None:
        steps.append(CodeStep(scan))
    steps += [None, ModelStep()]
    return [ReplySlot(step) for step in steps]


def function_slot(
    function: Callable[..., Any], trigger: Trigger, config: Any, key: str, *, ignored_in_sync: bool
) -> ReplySlot:
    """Return the slot of a reply function."""
    _check_trigger(trigger)
    slot = ReplySlot(None)
    slot.key = key
    slot.function = function
    slot.trigger = trigger
    slot.config, slot.initial_config = copy(config), config
    slot.is_async = iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004  - not whether
    slot.ignored_in_sync = ignored_in_sync
    return slot


def _check_trigger(trigger: Trigger) -> None:
    """Raise ConfigError for a trigger nobody could match."""
    if isinstance(trigger, (list, tuple)):
        for one in trigger:
            _check_trigger(one)
    elif trigger is not None and not isinstance(trigger, (str, type, Agent)) and not callable(trigger):
        raise ConfigError(
            f"a trigger is {trigger!r:.80}; give a class, a name, an agent, a predicate on the sender, "
            "a list of those, or None"
        )


def matches(trigger: Trigger, peer: Agent | None) -> bool | None:
    """Tell whether a trigger matches a sender; None if that must be asked when it is tried.

    So it is for predicates, and for a name where there is no sender, which is an error only if it comes to that.
    """
    if trigger is None:
        return peer is None
    if isinstance(trigger, str):
        return None if peer is None else peer.name == trigger
    if isinstance(trigger, type):
        return isinstance(peer, trigger)
    if isinstance(trigger, (list, tuple)):
        found = [matches(one, peer) for one in trigger]
        return next((known for known in found if known is not False), False)
    return trigger is peer if isinstance(trigger, Agent) else None


def asked(trigger: Trigger, peer: Agent | None) -> Any:
    """Tell whether a trigger matches a sender, asking predicates; a name without a sender is SenderRequired."""
    if isinstance(trigger, (list, tuple)):
        return any(asked(one, peer) for one in trigger)
    known = matches(trigger, peer)
    if known is not None:
        return known
    if isinstance(trigger, str):
        raise SenderRequired(
            f"a reply function waits for the sender {trigger!r}, but this reply has no sender; give one"
        )
    return trigger(peer)  # type: ignore[operator, misc]  # what is nothing else is a predicate


def steps_of(slots: Iterable[ReplySlot], peer: Agent | None, *, has_model: bool, synchronous: bool) -> tuple[Step, ...]:
    """Return the steps that can apply to what ``peer`` says, in order."""
    steps: list[Step] = []
    for slot in slots:
        if slot.function is not None:
            if synchronous and slot.is_async:
                continue
            known = matches(slot.trigger, peer)
            if known is not False:
                title = getattr(slot.function, "__name__", type(slot.function).__name__)
                steps.append(ReplyStep(slot.key, title, known is None))
        elif slot.step is not None and (has_model or not isinstance(slot.step, ModelStep)):
            steps.append(slot.step)
    return tuple(steps)


def refused_in_sync(slots: Iterable[ReplySlot]) -> list[str]:
    """Return the names of asynchronous reply functions that a synchronous chat must refuse."""
    return [
        getattr(slot.function, "__name__", slot.key)
        for slot in slots
        if slot.is_async and not slot.ignored_in_sync and slot.function is not None
    ]
