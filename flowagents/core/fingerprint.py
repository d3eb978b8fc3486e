"""What a graph is to a trace: everything that the scheduler reads, and none of the words for people."""

from __future__ import annotations

from flowagents.core.canonical import digest
from flowagents.core.graph import Call, Child, Fan, Graph, Node, Part, Work
from flowagents.core.value import replaced


def fingerprint(graph: Graph) -> str:
    """Return the SHA-256 of a graph without titles, notes, labels and kinds of boxes, as 64 hexadecimal digits.

    >>> from flowagents.core.graph import End
    >>> plain, told = Node("end", End()), Node("end", End(), title="The end", notes=("at last",))
    >>> fingerprint(Graph("g", "end", (plain,))) == fingerprint(Graph("g", "end", (told,)))
    True
    """
    return digest(wordless(graph))


def wordless(graph: Graph) -> Graph:
    """Return a graph without the words for people, in itself and in the graphs it contains or calls.

    >>> from flowagents.core.graph import End
    >>> wordless(Graph("g", "end", (Node("end", End()),), title="A graph")).title
    ''
    """
    return replaced(graph, title="", notes=(), nodes=tuple(_wordless_node(node) for node in graph.nodes))


def _wordless_node(node: Node) -> Node:
    """Return a node without the words for people."""
    edges = tuple(replaced(edge, label="") for edge in node.edges)
    return Node(node.name, _wordless_work(node.does), edges)


def _wordless_work(work: Work) -> Work:
    """Return what a node does, with the graphs in it wordless."""
    match work:
        case Part(graph=graph) | Call(graph=graph):
            return replaced(work, graph=wordless(graph))
        case Fan(children=children):
            return replaced(work, children=tuple(_wordless_child(child) for child in children))
        case _:
            return work


def _wordless_child(child: Child) -> Child:
    """Return a child with its graph wordless."""
    return replaced(child, graph=wordless(child.graph))
