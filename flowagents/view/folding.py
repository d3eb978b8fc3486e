"""Which steps a picture leaves out, and where an arrow through them leads. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Mapping

from flowagents.core.graph import Call, Compute, End, Graph, Node, Part
from flowagents.core.guards import exits_of
from flowagents.core.value import value
from flowagents.patterns.talk import Say
from flowagents.view.model import Move
from flowagents.view.rounds import closing_steps
from flowagents.view.words import RuleText, exit_rules, rule_texts, speaks


class Frame:
    """One graph in one place. ``start`` is the start mark of its task, ``outer`` the part it belongs to."""

    def __init__(self, graph: Graph, prefix: str, group: str, start: str, outer: tuple[Frame, Node] | None) -> None:
        self.prefix = prefix
        self.graph = graph
        self.group = group
        self.start = start
        self.outer = outer
        self.nodes = {node.name: node for node in graph.nodes}
        self.parts: dict[str, Frame] = {}
        self.folded: dict[str, None] = {}
        self.texts = {node.name: rule_texts(node) for node in graph.nodes}
        self.wraps = outer is not None and wraps(outer[1])
        rules = () if outer is None else outer[1].edges
        self.chooses = any(edge.when is not None and exits_of(edge.when) for edge in rules)


@value
class Loose:
    """The loose end of an arrow: the node it leads to, and what it has gathered on its way there."""

    frame: Frame
    to: str
    moves: tuple[Move, ...]
    text: RuleText
    style: str


def folded_names(frame: Frame) -> dict[str, None]:
    """Return the names of the steps that are folded away: they decide nothing, or right after a step."""
    graph, nodes = frame.graph, frame.nodes
    comes: dict[str, list[Node]] = {name: [] for name in nodes}
    for node in graph.nodes:
        for edge in node.edges:
            comes[edge.to].append(node)
    folded: dict[str, None] = {}
    for node in graph.nodes:
        name = node.name
        reached = name == graph.start or comes[name]
        if node.kind != "step" or not isinstance(node.does, Compute) or node.notes or not node.edges or not reached:
            continue
        if any(edge.on == "failure" for edge in node.edges):
            continue
        if _passes(node) or (not in_agent(frame) and _follows_only(node, graph.start, comes[name])):
            folded[name] = None
    return _without_rounds(folded, nodes)


def in_agent(frame: Frame) -> bool:
    """Tell whether a graph is the inside of an open agent."""
    return frame.outer is not None and speaks(frame.outer[1])


def _passes(node: Node) -> bool:
    """Tell whether a node has just one way on, which is always open."""
    return len(node.edges) == 1 and node.edges[0].when is None


def _follows_only(node: Node, start: str, before: list[Node]) -> bool:
    """Tell whether a node is entered in one way only, where there was nothing to choose."""
    if node.name == start:
        return not before
    return len(before) == 1 and _passes(before[0])


def _without_rounds(folded: dict[str, None], nodes: Mapping[str, Node]) -> dict[str, None]:
    """Return the folded steps less one of each circle that goes through folded steps only."""
    leads = {name: [(edge.to, edge.to) for edge in nodes[name].edges if edge.to in folded] for name in folded}
    kept = closing_steps(folded, leads)
    return {name: None for name in folded if name not in kept}


def entered(loose: Loose) -> Loose:
    """Return a loose end with open parts entered."""
    frame, to = loose.frame, loose.to
    while to in frame.parts:
        frame = frame.parts[to]
        to = frame.graph.start
    return Loose(frame, to, loose.moves, loose.text, loose.style)


def onward(loose: Loose, node: Node) -> list[Loose]:
    """Return the loose ends that lead on from a folded step, or from a folded end of a part."""
    frame, texts = loose.frame, loose.frame.texts[node.name]
    if isinstance(node.does, End) and frame.outer is not None:
        texts = exit_rules(frame.outer[1], node.name)
        frame, node = frame.outer
    said = "" if in_agent(frame) else _said(node)
    made = []
    for position, own in texts.items():
        words = " · ".join(part for part in (loose.text.when, said, own.when) if part)
        text = RuleText(loose.text.order or own.order, words, own.never)
        moves = (*loose.moves, (frame.prefix + node.name, position))
        style = "never" if own.never else loose.style
        made.append(Loose(frame, node.edges[position].to, moves, text, style))
    return made


def wraps(node: Node) -> bool:
    """Tell whether a part only calls one graph and takes note of how it ended; then one frame shows both."""
    if not isinstance(node.does, Part) or node.kind != "graph":
        return False
    graph = node.does.graph
    others = [inner for inner in graph.nodes if inner.name != graph.start]
    notes = all(isinstance(inner.does, End) or (isinstance(inner.does, Compute) and _passes(inner)) for inner in others)
    return notes and isinstance(graph.node(graph.start).does, Call)


def _said(node: Node) -> str:
    """Say whose message a folded step adds to a conversation, if it does."""
    if isinstance(node.does, Compute) and isinstance(node.does.rule, Say):
        return f"{node.does.rule.author}'s message"
    return ""
