"""How children are begun, what they leave, and how they are cancelled. When each happens is decided in step.py."""

from __future__ import annotations

from typing import Any

from flowagents.core.events import Failure
from flowagents.core.graph import Call, Fan
from flowagents.core.join import MemoryConflict, in_order, join_memory, needs_of
from flowagents.core.program import Row
from flowagents.core.task import Children, Memory, State, Task
from flowagents.core.value import value


@value
class _Beginning:
    """What a child begins with."""

    ordinal: int
    start: Row
    data: dict[str, Any]
    memory: Memory


def begin_children(state: State, ready: list[Task], task: Task, row: Row) -> Failure | None:
    """Start the children of a node. Without any, the results are empty and the task may go on."""
    limits = row.limits
    if len(task.path) // 2 >= limits.depth_max:
        return limit_reached("depth_max", limits.depth_max, row)
    work = row.work
    if isinstance(work, Fan):
        return _fan_out(state, ready, task, row, work)
    if work.over is None:
        task.children = Children(1)
        memory, task.memory = task.memory, {}
        _begin(state, ready, task, _Beginning(0, row.starts[0], {}, memory))
        return None
    items = task.data.get(work.over) or ()
    refused = _refused(items, row)
    if refused is not None:
        return refused
    if not items:
        task.data[work.into] = []
        return None
    task.children = Children(len(items))
    for ordinal in range(len(items) - 1, -1, -1):
        task.children.starts[ordinal] = task.memory
        data = {"item": items[ordinal], "index": ordinal}
        _begin(state, ready, task, _Beginning(ordinal, row.starts[0], data, dict(task.memory)))
    return None


def _fan_out(state: State, ready: list[Task], task: Task, row: Row, fan: Fan) -> Failure | None:
    """Start those children of a Fan that need nobody."""
    if len(fan.children) > row.limits.children_max:
        return limit_reached("children_max", row.limits.children_max, row)
    if not fan.children:
        task.data[fan.into] = {}
        return None
    children = task.children = Children(len(fan.children))
    children.needs = needs_of(fan)
    for ordinal in range(len(fan.children) - 1, -1, -1):
        needs = children.needs[ordinal]
        if needs:
            children.waiting[ordinal] = frozenset(needs)
        else:
            _begin_named(state, ready, task, ordinal)
    return None


def _begin_named(state: State, ready: list[Task], task: Task, ordinal: int) -> None:
    """Start one child of a Fan with what it needs: its registers, and the memory its prerequisites left."""
    children, fan = task.children, task.row.work
    assert children is not None
    child = fan.children[ordinal]
    needed = children.needs[ordinal]
    start = join_memory(task.memory, children.changes(in_order(children.needs, needed)))
    children.starts[ordinal] = start
    data = dict(child.data or {})
    data["needed"] = {fan.children[other].name: children.results[other] for other in needed}
    _begin(state, ready, task, _Beginning(ordinal, task.row.starts[ordinal], data, dict(start)))


def _begin(state: State, ready: list[Task], task: Task, beginning: _Beginning) -> None:
    """Make a child and set it going."""
    data = beginning.data
    for key in task.row.work.copies:
        data[key] = task.data.get(key)
    child = Task((*task.path, task.moves, beginning.ordinal), beginning.start, data, beginning.memory)
    state.tasks[child.path] = child
    ready.append(child)


def begin_freed(state: State, ready: list[Task], task: Task, ended: int) -> None:
    """Start the children of a Fan that waited for nobody but the one that has ended."""
    children = task.children
    assert children is not None
    for ordinal in sorted(children.waiting, reverse=True):
        children.waiting[ordinal] -= {ended}
        if not children.waiting[ordinal]:
            del children.waiting[ordinal]
            _begin_named(state, ready, task, ordinal)


def gather(task: Task) -> None:
    """Take what the children of a task left: memory, and where all have ended, the results."""
    children, work = task.children, task.row.work
    assert children is not None
    if isinstance(work, Call) and work.over is None:
        task.memory = children.ends.get(0, task.memory)
    else:
        ordinals = range(len(children.results))
        order = in_order(children.needs, ordinals) if children.needs else ordinals
        task.memory = join_memory(task.memory, children.changes(order))
    if children.open:
        return
    if isinstance(work, Fan):
        names = [child.name for child in work.children]
        task.data[work.into] = dict(zip(names, children.results, strict=True))
    else:
        task.data[work.into] = children.results[0] if work.over is None else list(children.results)


def cancel_children(state: State, task: Task) -> None:
    """Cancel everything below a task; what it remembered is handed up, deepest first, as far as it agrees."""
    depth = len(task.path)
    below = [path for path in state.tasks if len(path) > depth and path[:depth] == task.path]
    for path in sorted(below, key=lambda path: (-len(path), path)):
        child = state.tasks.pop(path)
        if child.children is not None:
            _gather_agreed(child)
        above = state.tasks[path[:-2]].children
        assert above is not None
        above.ends[path[-1]] = child.memory
    for name in [name for name in state.waits if len(name[0]) > depth and name[0][:depth] == task.path]:
        del state.waits[name]
    _gather_agreed(task)


def _gather_agreed(task: Task) -> None:
    """Take what the children of a cancelled task remember; where they disagree, what the task had before stays."""
    try:
        gather(task)
    except MemoryConflict:
        return


def _refused(items: Any, row: Row) -> Failure | None:
    """Return why a Call cannot go over what its register holds; None if it can."""
    if not isinstance(items, (list, tuple)):
        text = f"{row.place!r} goes over the register {row.work.over!r}; expected a list, found {items!r:.200}"
        return Failure("refused", "NotAList", text, row.place)
    if len(items) > row.limits.children_max:
        return limit_reached("children_max", row.limits.children_max, row)
    return None


def limit_reached(name: str, number: float, row: Row) -> Failure:
    """Return the failure for a limit that would be exceeded."""
    return Failure("limit", "LimitReached", f"{name} {number} reached at {row.place!r}", row.place)
