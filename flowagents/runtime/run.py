"""A run to look at after it has ended, and the two verbs that make one. Drawing is injected by whoever knows how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flowagents.core.events import Answered, Event, Failed, Stop
from flowagents.core.graph import Graph
from flowagents.core.program import Program
from flowagents.core.step import Taken, advance, fold
from flowagents.core.task import Memory, State
from flowagents.errors import RunFailed
from flowagents.runtime.driver import Driver, Watcher
from flowagents.runtime.interrupts import Held, interrupts_held
from flowagents.runtime.loops import run_async, run_sync
from flowagents.runtime.performing import Bindings
from flowagents.runtime.recording import Plan, next_plan
from flowagents.runtime.usage import cost_of

if TYPE_CHECKING:
    from pathlib import Path

Drawer = Callable[..., Any]
"""Draws a graph, or a graph with the events of a run: ``drawer(graph, format, events=None)``."""


class GraphHandle:
    """A graph that can draw itself; ``graph`` is the graph."""

    def __init__(self, graph: Graph, drawer: Drawer) -> None:
        """Wrap a graph."""
        self.graph = graph
        self._drawer = drawer

    def draw(self, format: str = "svg", **options: Any) -> Any:
        """Return the picture as ``svg``, ``dot`` or ``mermaid`` text, or ``png`` bytes."""
        return self._drawer(self.graph, format, **options)

    def __repr__(self) -> str:
        """Show the name of the graph."""
        return f"<Graph {self.graph.name!r}>"


class Run:
    """How a run went: its stop, its events, its path, what it used and what it left.

    ``raised`` is the exception behind a failure, None in a replay; ``trace`` the file it was recorded in, if any.
    """

    def __init__(self, driver: Driver, plan: Plan, drawer: Drawer) -> None:
        """Wrap a driver that has come to its stop."""
        self.program = driver.program
        self.events: tuple[Event, ...] = tuple(driver.events)
        self.state: State = driver.state
        self.raised = driver.raised
        self.trace: Path | None = plan.path
        self._stop = driver.stop
        self._drawer = drawer
        plan.collect(self)

    @property
    def stop(self) -> Stop:
        """Why the run came to rest."""
        assert self._stop is not None, "a run is only shown at its stop"
        return self._stop

    @property
    def graph(self) -> Graph:
        """The graph that ran."""
        return self.program.graph

    @property
    def handle(self) -> GraphHandle:
        """The graph that ran, with a way to draw it."""
        return GraphHandle(self.graph, self._drawer)

    @property
    def result(self) -> Any:
        """What the end that was reached gave; None if it gave nothing."""
        return self.state.result

    @property
    def memory(self) -> Memory:
        """What the run left: threads, counters, typed texts."""
        return self.state.memory

    @property
    def cost(self) -> dict[str, dict[str, Any]]:
        """Tokens and dollars of all nodes; see ``cost_of``."""
        return cost_of(self.events)

    @property
    def path(self) -> tuple[str, ...]:
        """The nodes of the graph that were entered, in order: agents, humans, functions, the end; no bookkeeping."""
        taken: Taken = []
        fold(self.program, self.events, taken)
        nodes = {node.name: node for node in self.graph.nodes}
        entered = [self.graph.start]
        for way in [way for path, way in taken if not path]:
            entered += [nodes[place].edges[position].to for place, position in way.drawn if place in nodes]
        return tuple(name for name in entered if nodes[name].kind != "step")

    def draw(self, format: str = "svg", **options: Any) -> Any:
        """Draw the graph with the path taken and counts on it; see ``draw_run``."""
        return self._drawer(self.graph, format, events=self.events, **options)

    def save(self, path: str | Path) -> None:
        """Write the trace of this run, as if it had been recorded from the start."""
        from flowagents.runtime.trace import TraceWriter

        writer, state = TraceWriter(path, self.program, "run"), State()
        for event in self.events:
            answers = isinstance(event, (Answered, Failed))
            writer.write(event, state.waits.get(event.name) if answers else None)  # type: ignore[union-attr]  # has a name
            advance(self.program, state, event)
        writer.close(state)

    def require_success(self) -> None:
        """Raise what made the run fail, with this run attached as ``.run``; nothing if it did not fail."""
        ended_well = self.stop.kind in ("finished", "limit", "waiting") and self.stop.failure is None
        if ended_well and not isinstance(self.raised, KeyboardInterrupt):
            return
        error = self.raised if self.raised is not None else RunFailed(self.stop.failure)
        error.run = self  # type: ignore[attr-defined]  # our own errors declare it; foreign ones get it
        raise error

    def __repr__(self) -> str:
        """Show graph and stop."""
        return f"<Run of {self.graph.name!r}: {self.stop.kind}, {self.stop.name}>"


def perform(
    program: Program,
    bindings: Bindings,
    data: Mapping[str, Any],
    memory: Mapping[tuple[str, ...], Any],
    *,
    drawer: Drawer,
    watchers: Sequence[Watcher] = (),
    seed: int = 0,
) -> Run:
    """Run a program to its stop and return the run; also from inside a running event loop.

    Failures do not raise here; see ``Run.require_success``. What ``recording`` and its like ask for is obeyed.
    """
    with interrupts_held() as held:
        driver, plan = _begin(program, bindings, data, memory, watchers, seed, held)
        run_sync(driver)
    return Run(driver, plan, drawer)


async def perform_async(
    program: Program,
    bindings: Bindings,
    data: Mapping[str, Any],
    memory: Mapping[tuple[str, ...], Any],
    *,
    drawer: Drawer,
    watchers: Sequence[Watcher] = (),
    seed: int = 0,
) -> Run:
    """Run a program to its stop on the caller's event loop; otherwise as ``perform``.

    If the caller is cancelled so is the run; the CancelledError then carries it as ``.run``.
    """
    from asyncio import CancelledError

    driver, plan = _begin(program, bindings, data, memory, watchers, seed, None)
    try:
        await run_async(driver)
    except CancelledError as cancelled:
        cancelled.run = Run(driver, plan, drawer)  # type: ignore[attr-defined]  # foreign errors get it too
        raise
    return Run(driver, plan, drawer)


def _begin(
    program: Program,
    bindings: Bindings,
    data: Mapping[str, Any],
    memory: Mapping[tuple[str, ...], Any],
    watchers: Sequence[Watcher],
    seed: int,
    held: Held | None,
) -> tuple[Driver, Plan]:
    """Make the driver and bring it to where it goes on living: its start, or the end of what was recorded."""
    plan = next_plan()
    driver = Driver(program, bindings, watchers=(*watchers, *plan.watchers), held=held, **plan.driver_options())
    try:
        plan.begin(driver, data, memory, seed)
    except KeyboardInterrupt as interrupt:
        driver.interrupt(interrupt)
        if driver.stop is None:
            driver.finish()
            raise
    except BaseException:
        driver.finish()
        raise
    return driver, plan
