"""A graph: nodes that compute, ask, contain or end, and ordered edges with guards. Immutable, and data only.

A node does one of six things. `Compute` changes registers and memory by a closed rule. `Act` asks for an effect and
takes in its answer. `Part` spells out another graph in place: same task, same registers. `Call` runs a graph as a child
task, once or once per item. `Fan` runs several named children with prerequisites. `End` ends the graph under a name.

The first edge whose guard holds is taken; edges with ``on="failure"`` are looked at only after a failure. ``kind``,
``title``, ``notes`` and ``label`` are for people; the scheduler never reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from flowagents.core.guards import Guard
from flowagents.core.limits import Limits
from flowagents.core.value import value

if TYPE_CHECKING:
    from flowagents.core.effects import Effect
    from flowagents.core.events import Failure
    from flowagents.core.task import Task


class Rule(Protocol):
    """A closed rule over the registers and memory of a task: a value, pure, named by its class."""

    def __call__(self, task: Task) -> Failure | None:
        """Change registers and memory; return a failure to fail the task instead."""
        ...


class Ask(Protocol):
    """Makes the effect of an Act node out of what the task knows: a value, pure."""

    def __call__(self, task: Task) -> Effect:
        """Return the effect to perform."""
        ...


class Take(Protocol):
    """Takes in the answer of an effect: a value, pure."""

    def __call__(self, task: Task, answer: Any) -> Failure | None:
        """Change registers and memory; return a failure to fail the task instead."""
        ...


@value
class Compute:
    """Apply a rule; no effect, no event."""

    rule: Rule


@value
class Act:
    """Ask for one effect and wait. Without ``take`` the answer goes to the register ``answer``."""

    ask: Ask
    take: Take | None = None


@value
class Part:
    """Spell out ``graph`` in place. Its ends are exits; edges of this node ask for them with ``Exited``."""

    graph: Graph


@value
class Call:
    """Run ``graph`` as a child task, and wait.

    Without ``over`` it runs once, works on this task's memory, and its result goes to the register ``into`` and its end
    to ``exit``. With ``over``, the name of a register holding a list, it runs once per item, each with the registers
    ``item`` and ``index``; the results go to ``into`` in the order of the items. ``copies`` names registers that the
    children get.
    """

    graph: Graph
    into: str = "results"
    over: str | None = None
    copies: tuple[str, ...] = ()


@value
class Child:
    """A named child of a Fan; it starts when those named in ``needs`` have ended.

    ``data`` are registers it starts with; the results of what it needs are in its register ``needed``, by name.
    """

    name: str
    graph: Graph
    needs: tuple[str, ...] = ()
    data: Mapping[str, Any] | None = None


@value
class Fan:
    """Run several children, each as soon as what it needs has ended; results by name go to the register ``into``."""

    children: tuple[Child, ...]
    into: str = "results"
    copies: tuple[str, ...] = ()


@value
class End:
    """End the graph under this node's name. ``gives`` names the register that is its result.

    ``stop`` and ``rule`` say how a run ends that ends here; the register ``why``, if a rule filled it in, adds to it.
    """

    stop: str = "finished"
    rule: str = ""
    gives: str | None = None


Work: TypeAlias = Compute | Act | Part | Call | Fan | End


@value
class Edge:
    """A move that may be taken: where to, when (None: always), and whether after success or after a failure."""

    to: str
    when: Guard | None = None
    on: str = "done"
    label: str = ""


@value
class Node:
    """A place in a graph. ``kind`` is for pictures: agent, human, tool, function, step or end."""

    name: str
    does: Work
    edges: tuple[Edge, ...] = ()
    kind: str = "step"
    title: str = ""
    notes: tuple[str, ...] = ()


@value
class Graph:
    """A whole graph. ``start`` names the node a task enters first."""

    name: str
    start: str
    nodes: tuple[Node, ...]
    limits: Limits = Limits()
    title: str = ""
    notes: tuple[str, ...] = ()

    def node(self, name: str) -> Node:
        """Return the node called ``name``. Raises KeyError if there is none.

        >>> Graph("g", "end", (Node("end", End()),)).node("end").name
        'end'
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)


def inner_graphs(node: Node) -> Iterator[Graph]:
    """Yield the graphs that a node contains or calls, in order.

    >>> [g.name for g in inner_graphs(Node("n", Part(Graph("inner", "e", (Node("e", End()),)))))]
    ['inner']
    """
    match node.does:
        case Part(graph):
            yield graph
        case Call(graph=graph):
            yield graph
        case Fan(children=children):
            for child in children:
                yield child.graph
        case _:
            return
