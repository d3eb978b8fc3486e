"""What agents ask of the world: values that make effects out of the registers and memory of a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowagents.core.canonical import canonical
from flowagents.core.effects import AskHuman, CallModel, GiveReply, Invoke, RunCode, RunTool
from flowagents.core.task import Task
from flowagents.core.value import value
from flowagents.patterns import keys
from flowagents.patterns.talk import EXIT, view_of


@value
class AskModel:
    """Ask the model of ``agent`` to continue what it sees of ``thread``."""

    agent: str
    thread: str

    def __call__(self, task: Task) -> CallModel:
        """Return the effect."""
        system = task.memory.get(keys.system(self.agent))
        return CallModel(f"{self.agent}/model", self.agent, view_of(task, self.agent, self.thread), system)


@value
class AskWhatNow:
    """Ask the human behind ``agent`` what to say to ``peer``."""

    agent: str
    peer: str
    thread: str

    def __call__(self, task: Task) -> AskHuman:
        """Return the effect; the question says what an empty answer does."""
        enter = f"to let {self.agent} go on by itself"
        if task.data.get("ended"):
            enter = "to end the conversation"
        prompt = f"Your reply to {self.peer} (press Enter {enter}, type {EXIT!r} to leave): "
        return AskHuman(f"{self.agent}/human", self.agent, prompt, view_of(task, self.agent, self.thread))


@value
class AskFirstMessage:
    """Ask the human behind ``agent`` how to begin."""

    agent: str
    peer: str

    def __call__(self, task: Task) -> AskHuman:
        """Return the effect."""
        return AskHuman(f"{self.agent}/human", self.agent, f"Your message to {self.peer}: ")


@value
class AskFunction:
    """Ask a function of the user, bound at ``at``; it gets the view of ``owner`` if there is one, and ``arguments``.

    ``registers`` names registers that are handed over too.
    """

    at: str
    owner: str | None = None
    thread: str | None = None
    arguments: Mapping[str, Any] | None = None
    registers: tuple[str, ...] = ()

    def __call__(self, task: Task) -> Invoke:
        """Return the effect."""
        view = view_of(task, self.owner, self.thread) if self.owner is not None and self.thread is not None else None
        arguments = self.arguments
        if self.registers:
            arguments = {**(arguments or {}), **{key: task.data.get(key) for key in self.registers}}
        return Invoke(self.at, view, arguments)


@value
class AskLegacyFunction:
    """Run the function that the heard message calls the legacy way."""

    agent: str

    def __call__(self, task: Task) -> RunTool:
        """Return the effect."""
        return _run(self.agent, task.data["heard"]["function_call"])


@value
class AskTool:
    """Run the tool of the call in the register ``item``."""

    agent: str

    def __call__(self, task: Task) -> RunTool:
        """Return the effect."""
        return _run(self.agent, task.data["item"]["function"])


def _run(agent: str, call: Mapping[str, Any]) -> RunTool:
    """Return the effect for one proposed call; arguments that are no text become their JSON."""
    arguments = call.get("arguments", "")
    text = arguments if isinstance(arguments, str) else canonical(arguments)
    return RunTool(f"{agent}/tools", agent, call["name"], text)


@value
class AskCode:
    """Run the code in the register ``blocks``."""

    agent: str

    def __call__(self, task: Task) -> RunCode:
        """Return the effect; one sandbox runs one thing at a time."""
        at = f"{self.agent}/code"
        return RunCode(at, self.agent, tuple(task.data["blocks"]), at)


@value
class AskDefault:
    """Give the reply of an agent for which nothing else answers. The effect never changes, so it is made once."""

    effect: GiveReply

    def __call__(self, task: Task) -> GiveReply:
        """Return the effect."""
        return self.effect
