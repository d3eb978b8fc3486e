"""Small closed rules for graphs made in tests: they set, append, count, remember, ask and keep."""

from __future__ import annotations

from typing import Any

from flowagents.core.effects import Invoke
from flowagents.core.events import Failure
from flowagents.core.task import Task
from flowagents.core.value import value


@value
class SetRegister:
    """Set the register ``key`` to ``item``.

    >>> from flowagents.core.graph import Compute
    >>> Compute(SetRegister("tag", "a")).rule.item
    'a'
    """

    key: str
    item: Any

    def __call__(self, task: Task) -> None:
        """Change the register."""
        task.data[self.key] = self.item


@value
class AppendTo:
    """Append ``item`` to the list in the register ``key``; an absent register is an empty list."""

    key: str
    item: Any

    def __call__(self, task: Task) -> None:
        """Replace the list by a longer one."""
        task.data[self.key] = [*(task.data.get(self.key) or ()), self.item]


@value
class Increment:
    """Add one to the number in the register ``key``; an absent register is 0."""

    key: str

    def __call__(self, task: Task) -> None:
        """Change the register."""
        task.data[self.key] = (task.data.get(self.key) or 0) + 1


@value
class Remember:
    """Set the memory ``key`` to ``item``."""

    key: tuple[str, ...]
    item: Any

    def __call__(self, task: Task) -> None:
        """Change the memory."""
        task.memory[self.key] = self.item


@value
class RememberMore:
    """Append the register ``register`` to the tuple in the memory ``key``; an absent one is empty."""

    key: tuple[str, ...]
    register: str

    def __call__(self, task: Task) -> None:
        """Replace the tuple by a longer one."""
        task.memory[self.key] = (*(task.memory.get(self.key) or ()), task.data.get(self.register))


@value
class CountUp:
    """Add one to the number in the memory ``key``; an absent one is 0."""

    key: tuple[str, ...]

    def __call__(self, task: Task) -> None:
        """Change the memory."""
        task.memory[self.key] = (task.memory.get(self.key) or 0) + 1


@value
class Refuse:
    """Fail the task with a failure of kind ``refused``."""

    text: str = "refused by a rule"

    def __call__(self, task: Task) -> Failure:
        """Return the failure."""
        return Failure("refused", "Refused", self.text)


@value
class AskPlace:
    """Ask the function bound at ``at``; ``registers`` are handed over as its arguments."""

    at: str
    registers: tuple[str, ...] = ()
    resource: str | None = None

    def __call__(self, task: Task) -> Invoke:
        """Return the effect."""
        arguments = {key: task.data.get(key) for key in self.registers} if self.registers else None
        return Invoke(self.at, None, arguments, self.resource)


@value
class KeepAnswer:
    """Take an answer into the register ``key``; an answer that is ``refused`` fails the task."""

    key: str
    refused: Any = "refused"

    def __call__(self, task: Task, answer: Any) -> Failure | None:
        """Change the register."""
        if answer == self.refused:
            return Failure("refused", "Refused", f"the answer {answer!r} is no use")
        task.data[self.key] = answer
        return None
