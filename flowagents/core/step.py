"""The scheduler: the only code that decides who moves where. Pure: no clock, no chance, no world.

`step` gives the state after an event; `outstanding` reads off what that state waits for. `advance` does it in place,
for a caller that owns the state. An event that answers nothing that is waited for changes nothing.

One event is taken in, then every task that can move moves until all of them wait or have ended. Children that end hand
their result, and what they changed in memory, to their parent; a child that fails cancels its siblings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from flowagents.core.canonical import form
from flowagents.core.children import begin_children, begin_freed, cancel_children, gather, limit_reached
from flowagents.core.effects import Effect, Name, Path
from flowagents.core.events import Answered, Event, Failed, Failure, Interrupted, Started, Stop
from flowagents.core.graph import Call
from flowagents.core.join import MemoryConflict
from flowagents.core.program import ACT, COMPUTE, END, PASS, Program, Row, Way
from flowagents.core.task import State, Task

Taken = list[tuple[Path, Way]]
"""The ways taken, in order, each with the path of the task that took it; a fold may ask for them."""

STOP_OF = {"interrupt": "cancelled", "limit": "limit", "stuck": "stuck"}
"""The kind of stop that a failure of this kind gives; every other failure gives ``failed``."""


def step(program: Program, state: State, event: Event) -> State:
    """Return the state after ``event``; the given one stays as it was.

    >>> from flowagents.core.graph import End, Graph, Node
    >>> program = Program(Graph("g", "done", (Node("done", End()),)))
    >>> step(program, State(), Started(0.0, {}, {})).stop.name
    'done'
    """
    after = state.copy()
    advance(program, after, event)
    return after


def outstanding(state: State) -> Mapping[Name, Effect]:
    """Return the effects the state waits for, by name.

    >>> outstanding(State())
    {}
    """
    return state.waits


def fold(program: Program, events: Iterable[Event], taken: Taken | None = None) -> State:
    """Return the state after all ``events``, copying nothing in between.

    >>> from flowagents.core.graph import End, Graph, Node
    >>> fold(Program(Graph("g", "done", (Node("done", End()),))), []).stop is None
    True
    """
    state = State()
    for event in events:
        advance(program, state, event, taken)
    return state


def advance(program: Program, state: State, event: Event, taken: Taken | None = None) -> bool:
    """Change ``state`` by ``event``; return False if the event answered nothing, and nothing changed.

    >>> advance(Program.__new__(Program), State(), Answered(0.0, ((), 1), "late"))
    False
    """
    walk = _Walk(state, taken)
    match event:
        case Answered():
            task = walk.woken(event.name)
            if task is None:
                return False
            state.now = event.at
            take = task.row.work.take
            failure = None if take is None else take(task, event.value)
            if take is None:
                task.data["answer"] = event.value
            walk.go_on(task, failure)
        case Failed():
            task = walk.woken(event.name)
            if task is None:
                return False
            state.now = event.at
            walk.go_on(task, event.failure)
        case Started():
            if state.started_at or state.tasks or state.stop:
                return False
            state.started_at = state.now = event.at
            task = Task((), program.start, dict(event.data), dict(event.memory))
            state.tasks[()] = task
            walk.enter(task)
        case Interrupted():
            if state.stop or () not in state.tasks:
                return False
            state.now = event.at
            walk.end_run(state.tasks[()], Failure("interrupt", "Interrupted", event.reason))
        case _:
            assert_never(event)
    return True


class _Walk:
    """The moves that follow one event. Tasks that can move are kept in a list; nothing here calls itself."""

    __slots__ = ("ready", "state", "taken")

    def __init__(self, state: State, taken: Taken | None) -> None:
        self.state = state
        self.taken = taken
        self.ready: list[Task] = []

    def woken(self, name: Name) -> Task | None:
        """Return the task that waited for the effect, which it does no longer; None if nobody did."""
        if self.state.waits.pop(name, None) is None:
            return None
        task = self.state.tasks[name[0]]
        path = task.path
        task.quiet = 0
        while path:
            path = path[:-2]
            self.state.tasks[path].quiet = 0
        return task

    def enter(self, task: Task) -> None:
        """Walk a task from the row it stands on, then every task that this set going."""
        ready, tasks = self.ready, self.state.tasks
        ready.append(task)
        while ready:
            task = ready.pop()
            if tasks.get(task.path) is task:
                self._walk(task)

    def go_on(self, task: Task, failure: Failure | None) -> None:
        """Leave the row whose work is done or has failed, and walk on."""
        failure = self._leave(task, failure)
        if failure is None:
            self.enter(task)
        else:
            survivor = self._fail(task, failure)
            if survivor is not None:
                self.enter(survivor)

    def _walk(self, task: Task) -> None:
        """Walk one task until it waits or has ended. This loop is the engine."""
        state = self.state
        while True:
            row = task.row
            if row.counted:
                task.visits[row.place] = task.visits.get(row.place, 0) + 1
            kind = row.kind
            failure = None
            if kind == COMPUTE:
                failure = row.work.rule(task)
            elif kind == ACT:
                state.waits[(task.path, task.moves)] = row.work.ask(task)
                return
            elif kind == END:
                self._end(task, row)
                return
            elif kind != PASS:
                failure = begin_children(state, self.ready, task, row)
                if task.children is not None:
                    return
            failure = self._leave(task, failure)
            if failure is not None:
                survivor = self._fail(task, failure)
                if survivor is not None:
                    self.ready.append(survivor)
                return

    def _leave(self, task: Task, failure: Failure | None) -> Failure | None:
        """Take the first way that is open; return why the task fails if there is none."""
        row = task.row
        if failure is None:
            if row.jump is not None:
                key, table = row.jump
                ways: tuple[Way, ...] = ()
                asked = task.data.get(key)
                found = table.get(asked) if isinstance(asked, str) else None
                if found is not None:
                    ways = (found,)
            else:
                ways = row.ways
        else:
            if not failure.place:
                failure = Failure(failure.kind, failure.error, failure.text, row.place)
            task.data["failed"] = failure.kind
            task.data["failure"] = form(failure)
            ways = row.rescues
        for way in ways:
            if way.when is None or way.when(task):
                break
        else:
            return failure or Failure("stuck", "Stuck", f"no edge out of {row.place!r} matches", row.place)
        task.moves += 1
        task.quiet += 1
        limits = row.limits
        if task.moves > limits.moves_max or task.quiet > limits.quiet_moves_max or limits.seconds_max is not None:
            over = self._over(task, row)
            if over is not None:
                return over
        if self.taken is not None:
            self.taken.append((task.path, way))
        task.row = way.to
        return None

    def _over(self, task: Task, row: Row) -> Failure | None:
        """Return the failure of the first limit that the next move would exceed."""
        limits, spent = row.limits, self.state.now - self.state.started_at
        if task.moves > limits.moves_max:
            return limit_reached("moves_max", limits.moves_max, row)
        if task.quiet > limits.quiet_moves_max:
            return limit_reached("quiet_moves_max", limits.quiet_moves_max, row)
        if limits.seconds_max is not None and spent > limits.seconds_max:
            return limit_reached("seconds_max", limits.seconds_max, row)
        return None

    def _end(self, task: Task, row: Row) -> None:
        """End a task: the run, or a child whose parent gets result and memory."""
        end, state = row.work, self.state
        result = task.data.get(end.gives) if end.gives is not None else None
        if not task.path:
            why = task.data.get("why") or {}
            self._rest(task, result)
            state.stop = Stop(end.stop, row.name, why.get("rule") or end.rule, why.get("agent"), why.get("evidence"))
            return
        parent = state.tasks[task.path[:-2]]
        children, ordinal = parent.children, task.path[-1]
        assert children is not None
        del state.tasks[task.path]
        children.open -= 1
        children.results[ordinal] = result
        children.ends[ordinal] = task.memory
        if isinstance(parent.row.work, Call) and parent.row.work.over is None:
            parent.data["exit"] = row.name
        try:
            if children.waiting:
                begin_freed(state, self.ready, parent, ordinal)
            if not children.open:
                gather(parent)
                self._resume(parent, None)
        except MemoryConflict as conflict:
            self._resume(parent, Failure("conflict", "MemoryConflict", str(conflict), parent.row.place))

    def _resume(self, task: Task, failure: Failure | None) -> None:
        """Let a task whose children are done leave its node."""
        if failure is not None:
            cancel_children(self.state, task)
        task.children = None
        failure = self._leave(task, failure)
        survivor: Task | None = task
        if failure is not None:
            survivor = self._fail(task, failure)
        if survivor is not None:
            self.ready.append(survivor)

    def _fail(self, task: Task, failure: Failure) -> Task | None:
        """Fail a task and upwards until one has a way out of the failure; return that one, None if the run is over."""
        while task.path:
            parent = self.state.tasks[task.path[:-2]]
            cancel_children(self.state, parent)
            parent.children = None
            left = self._leave(parent, failure)
            if left is None:
                return parent
            task, failure = parent, left
        self.end_run(task, failure)
        return None

    def end_run(self, task: Task, failure: Failure) -> None:
        """End the run with a failure; what all its tasks remember is kept."""
        if task.children is not None:
            cancel_children(self.state, task)
        self._rest(task, None)
        kind = STOP_OF.get(failure.kind, "failed")
        self.state.stop = Stop(kind, failure.kind, failure.text, failure=failure)

    def _rest(self, task: Task, result: Any) -> None:
        """Leave the run with its result and memory, no task and nothing outstanding."""
        state = self.state
        state.result = result
        state.memory = task.memory
        state.tasks.clear()
        state.waits.clear()
        self.ready.clear()
