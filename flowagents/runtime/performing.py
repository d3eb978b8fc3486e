"""What a performer is given and may return. Performers do; the driver in the next module decides nothing either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from flowagents.core.effects import Effect, Name, name_text
from flowagents.errors import SetupError

if TYPE_CHECKING:
    from flowagents.runtime.driver import Driver


class Ticket:
    """One performance of one effect: its name, what the run knows now, and where pieces of an answer go."""

    __slots__ = ("changes", "driver", "inner_runs", "may_change", "name")

    def __init__(self, driver: Driver, name: Name) -> None:
        """Make the ticket that the driver hands to a performer."""
        self.driver = driver
        self.name = name
        self.changes: list[Any] = []
        self.inner_runs = 0
        self.may_change = False

    @property
    def key(self) -> str:
        """The idempotency key: the same when this effect is performed again after a crash."""
        return f"{self.driver.run_id}/{name_text(self.name)}"

    @property
    def memory(self) -> Mapping[tuple[str, ...], Any]:
        """What the task that asked remembers now; do not change it, use ``change``."""
        task = self.driver.state.tasks.get(self.name[0])
        return task.memory if task is not None else {}

    def change(self, key: tuple[str, ...], value: Any) -> None:
        """Note that the memory under ``key`` is to become ``value`` when the answer is taken.

        Raises SetupError inside a tool, a human or a model, whose answers have no place for changes.
        """
        if not self.may_change:
            raise SetupError(
                "a tool, a model or a human cannot change agents while they talk, because only the answers of reply "
                "functions, hooks and rules carry changes; let one of those do it"
            )
        self.changes.append([list(key), value])

    def next_inner(self) -> str:
        """Return the name of the next run started inside: the same again when the effect is performed again."""
        self.inner_runs += 1
        return f"{self.driver.within}{name_text(self.name)}#{self.inner_runs}"

    @property
    def watched(self) -> bool:
        """Whether anybody wants pieces of the answer before it is whole."""
        return bool(self.driver.watchers)

    def delta(self, text: str) -> None:
        """Tell observers a piece of the answer. Progress only; the answer itself is what counts."""
        self.driver.tell_delta(self.name, text)


class Blocking:
    """An answer that takes a while and is not awaitable: code to run, a human to wait for.

    The loops call it in a thread, or in the caller's thread where nothing else is under way. ``withdraw`` is called if
    the answer is no longer wanted.
    """

    __slots__ = ("call", "withdraw")

    def __init__(self, call: Callable[[], Any], withdraw: Callable[[], None] | None = None) -> None:
        """Wrap a function without arguments."""
        self.call = call
        self.withdraw = withdraw


class Waiting:
    """An answer that will come from outside, later: the run rests, and is resumed with the answer."""

    __slots__ = ()


WAITING = Waiting()

Performer: TypeAlias = Callable[[Any, Ticket], Any]
"""Takes an effect and a ticket; returns the answer, an awaitable of it, a Blocking, or WAITING; raises to fail."""

Bindings: TypeAlias = Mapping[str, Performer]
"""Performers by place, the ``at`` of effects."""

__all__ = ["WAITING", "Bindings", "Blocking", "Effect", "Performer", "Ticket", "Waiting"]
