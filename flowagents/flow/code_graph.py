"""A code graph that was built: checked, bound, and ready to be run and drawn. It never changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from flowagents.core.faults import Finding
from flowagents.core.graph import Graph
from flowagents.core.program import Program
from flowagents.core.value import value
from flowagents.runtime.performing import Bindings

if TYPE_CHECKING:
    from flowagents.core.events import Event
    from flowagents.ports import Json, Observer
    from flowagents.runtime.run import Run


@value
class Inside:
    """What flows around a flow have to know of it.

    ``ends`` are the names of the ends it was given, ``threads`` the names of the flows in it and its own,
    ``origins`` the objects behind its performers, by place.
    """

    ends: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()
    origins: Mapping[str, object] = field(default_factory=dict)


class CodeGraph:
    """What ``Flow.build()`` returns. It may be run any number of times, also as a node of another flow.

    ``graph`` is the graph, ``bindings`` are its performers by place, ``memory`` is what its agents know at
    the start, ``warnings`` is what is odd about it and yet runs, ``inside`` is for flows around it.
    """

    __slots__ = ("bindings", "graph", "inside", "memory", "program", "warnings")

    def __init__(
        self,
        graph: Graph,
        bindings: Bindings,
        memory: Mapping[tuple[str, ...], Any],
        *,
        inside: Inside,
        warnings: tuple[Finding, ...] = (),
    ) -> None:
        """Take over what a builder made."""
        self.graph = graph
        self.bindings = bindings
        self.memory = memory
        self.inside = inside
        self.warnings = warnings
        self.program = Program(graph)

    @property
    def name(self) -> str:
        """The name of the flow."""
        return self.graph.name

    def run(self, message: str | Mapping[str, Json], *, observers: Sequence[Observer] = (), seed: int = 0) -> Run:
        """Run the flow to its stop, also inside a running event loop. A failure is in the stop, not raised.

        ``message`` is what the first node hears. The result of the run is the last message that was said.

        >>> from flowagents.flow import END, Flow
        >>> def shout(text):
        ...     return text.upper() + "!"
        >>> flow = Flow("loud").start(shout).edge(shout, END("shouted")).build()
        >>> run = flow.run("hello")
        >>> run.path, run.result["content"], run.stop.name
        (('shout', 'shouted'), 'HELLO!', 'shouted')
        """
        from flowagents.runtime.run import perform

        data = {"heard": _as_message(message)}
        return perform(self.program, self.bindings, data, self.memory, watchers=observers, drawer=_draw, seed=seed)

    async def arun(
        self, message: str | Mapping[str, Json], *, observers: Sequence[Observer] = (), seed: int = 0
    ) -> Run:
        """Run the flow to its stop on the caller's event loop; otherwise as ``run``.

        >>> import asyncio
        >>> from flowagents.flow import END, Flow
        >>> async def fetch(text):
        ...     return f"found {text}"
        >>> flow = Flow("search").start(fetch).edge(fetch, END()).build()
        >>> asyncio.run(flow.arun("gold")).result["content"]
        'found gold'
        """
        from flowagents.runtime.run import perform_async

        data = {"heard": _as_message(message)}
        return await perform_async(
            self.program, self.bindings, data, self.memory, watchers=observers, drawer=_draw, seed=seed
        )

    def draw(
        self, format: str = "svg", *, open: bool | Collection[str] = False, depth: int | None = None
    ) -> str | bytes:
        """Draw the graph as svg, dot, mermaid, png or pdf; ``open`` shows the inside of nodes.

        >>> from flowagents.flow import END, Flow
        >>> def shout(text):
        ...     return text.upper()
        >>> flow = Flow("loud").start(shout).edge(shout, END("shouted")).build()
        >>> "flowchart" in flow.draw("mermaid")
        True
        """
        return _draw(self.graph, format, open=open, depth=depth)

    def __repr__(self) -> str:
        """Show the name and the nodes."""
        return f"<CodeGraph {self.name!r}: {', '.join(node.name for node in self.graph.nodes)}>"


def _as_message(message: str | Mapping[str, Json]) -> dict[str, Json]:
    """Return what a flow begins with as a message."""
    return {"content": message} if isinstance(message, str) else dict(message)


def _draw(
    graph: Graph,
    format: str,
    *,
    events: Iterable[Event] | None = None,
    open: bool | Collection[str] = False,
    depth: int | None = None,
) -> str | bytes:
    """Draw a graph, or if there are events, the run they make up."""
    from flowagents.view.draw import draw_graph, draw_run

    if events is None:
        return draw_graph(graph, format, open=open, depth=depth)
    return draw_run(graph, events, format, open=open, depth=depth)
