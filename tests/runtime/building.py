"""Small graphs, performers and runs that the tests of the shell share."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

from flowagents.core.effects import AskHuman, Effect
from flowagents.core.graph import Act, Child, Edge, End, Fan, Graph, Node
from flowagents.core.program import Program
from flowagents.core.task import Task
from flowagents.core.value import value
from flowagents.runtime.driver import Driver
from flowagents.runtime.loops import run_async, run_sync
from flowagents.runtime.performing import Performer, Ticket
from flowagents.runtime.run import Run, perform
from flowagents.testing.rules import AskPlace, KeepAnswer

HANGING_SECONDS = 20.0
"""After so long a run that should have ended counts as hanging."""


@value
class AskAtTerminal:
    """Asks a human at ``at``; humans share the resource ``terminal``."""

    at: str

    def __call__(self, task: Task) -> AskHuman:
        return AskHuman(self.at, "user", f"{self.at}?")


def in_line(*places: str, resource: str | None = None) -> Graph:
    """Return a graph that asks at each place, one after the other; each answer goes to the register of that name."""
    nodes = []
    for place, after in zip(places, (*places[1:], "done"), strict=True):
        work = Act(AskPlace(place, (), resource), KeepAnswer(place))
        nodes.append(Node(place, work, (Edge(after),)))
    return Graph("line", places[0], (*nodes, Node("done", End(gives=places[-1]), kind="end")))


def side_by_side(*places: str, ask: Callable[[str], Any] = AskPlace) -> Graph:
    """Return a graph that asks at all places at once, ends when all have answered, goes to ``after`` if one fails."""
    children = tuple(Child(place, asking(place, ask(place))) for place in places)
    nodes = (
        Node("both", Fan(children), (Edge("done"), Edge("after", on="failure"))),
        Node("after", Act(AskPlace("after"), KeepAnswer("results")), (Edge("done"),)),
        Node("done", End(gives="results"), kind="end"),
    )
    return Graph("side by side", "both", nodes)


def asking(name: str, ask: Any) -> Graph:
    """Return a graph that asks once and gives the answer."""
    nodes = (Node("ask", Act(ask), (Edge("end"),)), Node("end", End(gives="answer"), kind="end"))
    return Graph(name, "ask", nodes)


def giving(answer: Any) -> Performer:
    """Return a performer that always gives one answer."""
    return lambda effect, ticket: answer


def echo(effect: Effect, ticket: Ticket) -> Any:
    """Answer with the place that was asked."""
    return f"{effect.at} answers"


def failing(error: BaseException) -> Performer:
    """Return a performer that raises."""

    def perform(effect: Effect, ticket: Ticket) -> Any:
        raise error

    return perform


def driver_of(graph: Graph, /, **options: Any) -> Driver:
    """Return a driver of a graph, performed by ``bindings`` (default: echo everywhere the graph asks), and started."""
    driver = unstarted(graph, **options)
    driver.start({}, {})
    return driver


def unstarted(graph: Graph, /, bindings: dict[str, Performer] | None = None, **options: Any) -> Driver:
    """Return a driver that has not started."""
    bound = dict.fromkeys((node.name for node in graph.nodes), echo) | (bindings or {})
    return Driver(Program(graph), bound, **{"clock": lambda: 1.0, **options})


def run_of(graph: Graph, /, **bindings: Performer) -> Run:
    """Run a graph as a program would, with what ``recording`` and its like ask for."""
    bound = dict.fromkeys((node.name for node in graph.nodes), echo) | bindings
    return perform(Program(graph), bound, {}, {}, drawer=drawn)


def drawn(graph: Graph, format: str = "svg", **options: Any) -> tuple[str, str, list[str]]:
    """Stand in for the pictures: say what was to be drawn."""
    return graph.name, format, sorted(options)


def run_on(loop: str, driver: Driver) -> None:
    """Run a driver on the loop called ``sync`` or ``async``; a run that hangs is an error."""
    hanging = threading.Thread(target=_run, args=(loop, driver), daemon=True)
    hanging.start()
    hanging.join(HANGING_SECONDS)
    assert not hanging.is_alive(), f"the {loop} loop hangs; it waits for {list(driver.state.waits)}"


def _run(loop: str, driver: Driver) -> None:
    """Run a driver here."""
    if loop == "sync":
        run_sync(driver)
    else:
        asyncio.run(run_async(driver))


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something holds that another thread brings about."""
    until = time.monotonic() + HANGING_SECONDS
    while not condition():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.001)
