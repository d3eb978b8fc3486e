"""The state of a run: its tasks and what they wait for. Values in registers and memory are replaced, never changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from flowagents.core.canonical import digest, form
from flowagents.core.effects import Effect, Name, Path, name_text
from flowagents.core.events import Stop

if TYPE_CHECKING:
    from flowagents.core.program import Row

Memory: TypeAlias = dict[tuple[str, ...], Any]
"""What outlives a chat: threads, counters, flags, typed texts. The first word of a key is its kind."""


class Task:
    """One walk over one graph. ``row`` is where it stands, ``moves`` counts the edges it took."""

    __slots__ = ("children", "data", "memory", "moves", "path", "quiet", "row", "visits")

    def __init__(self, path: Path, row: Row, data: dict[str, Any], memory: Memory) -> None:
        """Place a task before its first node; it owns ``data`` and ``memory`` from now on."""
        self.path = path
        self.row = row
        self.data = data
        self.memory = memory
        self.moves = 0
        self.quiet = 0
        self.visits: dict[str, int] = {}
        self.children: Children | None = None

    def copy(self) -> Task:
        """Return an independent copy; register values are shared because nobody changes them."""
        made = Task(self.path, self.row, dict(self.data), dict(self.memory))
        made.moves, made.quiet, made.visits = self.moves, self.quiet, dict(self.visits)
        made.children = self.children.copy() if self.children else None
        return made

    def form(self) -> dict[str, Any]:
        """Return the task as JSON; memory as a list of pairs in the order of the keys."""
        return {
            "at": self.row.place,
            "moves": self.moves,
            "visits": form(self.visits),
            "data": form(self.data),
            "memory": [[list(key), form(item)] for key, item in sorted(self.memory.items(), key=lambda pair: pair[0])],
            "children": form(self.children.results) if self.children else None,
        }


class Children:
    """What a task knows of the children it waits for, each under its ordinal.

    ``open`` counts those that have not ended; ``starts`` and ``ends`` are the memories with which each began and ended;
    ``waiting`` holds, for each that has not begun, the ordinals it still needs; ``needs`` those that each child of a
    Fan needs from the beginning.
    """

    __slots__ = ("ends", "needs", "open", "results", "starts", "waiting")

    def __init__(self, count: int) -> None:
        """Expect ``count`` children."""
        self.open = count
        self.results: list[Any] = [None] * count
        self.starts: dict[int, Memory] = {}
        self.ends: dict[int, Memory] = {}
        self.waiting: dict[int, frozenset[int]] = {}
        self.needs: tuple[tuple[int, ...], ...] = ()

    def copy(self) -> Children:
        """Return an independent copy; the memories are shared because nobody changes them any more."""
        made = Children(0)
        made.open, made.results, made.needs = self.open, list(self.results), self.needs
        made.starts, made.ends, made.waiting = dict(self.starts), dict(self.ends), dict(self.waiting)
        return made

    def changes(self, ordinals: Iterable[int]) -> list[tuple[Memory, Memory]]:
        """Return the memories of those of the given children that have ended, in the order given."""
        return [(self.starts[ordinal], self.ends[ordinal]) for ordinal in ordinals if ordinal in self.ends]


class State:
    """Everything a run is: ``tasks`` by path, ``waits`` by name, and the stop once there is one.

    ``result`` is the register that the end gave, ``memory`` what the run leaves behind; times are of the events.
    """

    __slots__ = ("memory", "now", "result", "started_at", "stop", "tasks", "waits")

    def __init__(self) -> None:
        """Make the state of a run that has not started."""
        self.tasks: dict[Path, Task] = {}
        self.waits: dict[Name, Effect] = {}
        self.stop: Stop | None = None
        self.result: Any = None
        self.memory: Memory = {}
        self.started_at = 0.0
        self.now = 0.0

    def copy(self) -> State:
        """Return an independent copy: a step on the one does not show in the other."""
        made = State()
        made.tasks = {path: task.copy() for path, task in self.tasks.items()}
        made.waits = dict(self.waits)
        made.stop, made.result, made.memory = self.stop, self.result, dict(self.memory)
        made.started_at, made.now = self.started_at, self.now
        return made

    def form(self) -> dict[str, Any]:
        """Return the state as JSON, in an order that does not depend on who answered first; times are left out."""
        return {
            "tasks": {name_text((path, 0)): task.form() for path, task in sorted(self.tasks.items())},
            "waits": {name_text(name): form(self.waits[name]) for name in sorted(self.waits)},
            "stop": form(self.stop),
            "result": form(self.result),
            "memory": [[list(key), form(item)] for key, item in sorted(self.memory.items(), key=lambda pair: pair[0])],
        }

    @property
    def digest(self) -> str:
        """The SHA-256 of the state's form."""
        return digest(self.form())
