"""Playing worlds in whatever way a law needs: by the loops, or event by event in a chosen order."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

from flowagents.core.effects import Effect, Name
from flowagents.core.events import Answered, Event, Failed, Failure, Started
from flowagents.core.graph import Graph, Node, Part, inner_graphs
from flowagents.core.program import Program, Row, Way
from flowagents.core.step import Taken, advance, fold
from flowagents.core.task import Memory, State
from flowagents.runtime.driver import Driver, Log
from flowagents.runtime.loops import run_sync
from flowagents.runtime.performing import Performer
from flowagents.testing.strategies import Scripted, World, effect_places

MEMORY: Memory = {("flag", "x"): False, ("typed", "x"): ("before",)}
"""What every run remembers when it starts."""


class Ticks:
    """A clock that is a second later whenever it is read."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def standstill() -> float:
    """Tell always the same time."""
    return 1.0


class Watched(Driver):
    """A driver that fails where its loop would go round for ever: nothing to start, nothing under way, and no stop."""

    idle = (0, 0)
    """How many events there were, and how often since then there was nothing to do."""

    def to_start(self, flying: Container[Name]) -> list[tuple[Name, Effect]]:
        found = super().to_start(flying)
        events, times = self.idle
        busy = found or any(name in flying for name in self.state.waits) or events != len(self.events)
        self.idle = (len(self.events), 0 if busy else times + 1)
        assert times < 10, f"nothing happens any more, and the run waits for {list(self.state.waits)}"
        return found


def driver_of(
    world: World,
    performer: Performer | None = None,
    *,
    clock: Callable[[], float] = standstill,
    log: Log | None = None,
    program: Program | None = None,
) -> Driver:
    """Make a driver with one performer at every place; without one, the world's script performs."""
    bound = dict.fromkeys(effect_places(world.graph), performer or world.script.perform)
    return Watched(program or Program(world.graph), bound, clock=clock, log=log)


def play(world: World, performer: Performer | None = None, *, clock: Callable[[], float] = standstill) -> Driver:
    """Run a world to its stop on the synchronous loop."""
    driver = driver_of(world, performer, clock=clock)
    driver.start(world.data, MEMORY)
    run_sync(driver)
    return driver


def outcome(world: World, state: State, name: Name, at: float) -> Event:
    """Return the event by which an outstanding effect of a state is answered."""
    place = state.waits[name].at
    try:
        return Answered(at, name, world.script.answer(name, place))
    except Scripted as error:
        return Failed(at, name, Failure("error", "Scripted", str(error)))


def events_in_order(world: World, program: Program, order: bytes, *, seconds: float = 0.0) -> Iterator[Event]:
    """Yield the events of a run in which ``order`` decides which outstanding effect is answered next."""
    state, at, choices = State(), 1.0, iter(order)
    event: Event = Started(at, world.data, MEMORY)
    while True:
        yield event
        advance(program, state, event)
        if not state.waits:
            return
        names = sorted(state.waits)
        at += seconds
        event = outcome(world, state, names[next(choices, 0) % len(names)], at)


def owners(program: Program) -> dict[int, Row]:
    """Return the row that each way leads out of, by the identity of the way."""
    return {id(way): row for row in program.rows.values() for way in (*row.ways, *row.rescues)}


def any_failure(program: Program, events: Iterable[Event]) -> bool:
    """Tell whether anything failed in a run: the whole, or a task that was rescued."""
    taken: Taken = []
    stop = fold(program, events, taken).stop
    rows = owners(program)
    rescued = any(any(way is other for other in rows[id(way)].rescues) for _, way in taken)
    return rescued or (stop is not None and stop.failure is not None)


class Place:
    """One node where it stands: its graph, the place before its name, and the graphs of the tasks around it."""

    def __init__(self, node: Node, graph: Graph, prefix: str, tasks: tuple[Graph, ...]) -> None:
        self.node = node
        self.graph = graph
        self.prefix = prefix
        self.tasks = tasks


def places(graph: Graph, prefix: str = "", tasks: tuple[Graph, ...] = ()) -> dict[str, Place]:
    """Return every node of a graph and of those inside it by its place; read off the graph, not the program."""
    around = tasks or (graph,)
    found: dict[str, Place] = {}
    for node in graph.nodes:
        place = prefix + node.name
        found[place] = Place(node, graph, prefix, around)
        names = [f"{child.name}/" for child in getattr(node.does, "children", ())] or [""]
        for name, inner in zip(names, inner_graphs(node), strict=False):
            inside = around if isinstance(node.does, Part) else (*around, inner)
            found |= places(inner, f"{place}/{name}", inside)
    return found


def drawn_edges(ways: Iterable[Way]) -> set[tuple[str, int]]:
    """Return the edges that ways draw."""
    return {edge for way in ways for edge in way.drawn}


def without_times(events: Iterable[Event]) -> list[Any]:
    """Return events as tuples without their times."""
    made: list[Any] = []
    for event in events:
        match event:
            case Answered(name=name, value=value):
                made.append((name, "answered", value))
            case Failed(name=name, failure=failure):
                made.append((name, "failed", failure))
            case _:
                made.append((((), -1), type(event).__name__, None))
    return made
