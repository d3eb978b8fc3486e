"""The one picture model: a graph as boxes, arrows and groups with final texts. Writers only spell it out.

Closed, an agent is one box, and steps that only keep the books are folded away: an edge through them is
one arrow. Open, the inside of an agent is a group. Every arrow knows the moves it stands for, so a run can be
counted on any picture.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from flowagents.core.graph import Call, Child, End, Fan, Graph, Node, Part, inner_graphs
from flowagents.view.folding import Frame, Loose, entered, folded_names, onward
from flowagents.view.model import Move, PicEdge, PicGroup, PicNode, Picture, Spot
from flowagents.view.words import (
    LABEL_MAX,
    LINE_MAX,
    LONG_LABEL_MAX,
    TITLE_MAX,
    RuleText,
    asks_human_only,
    box_lines,
    clean,
    cut,
    exit_rules,
    inside,
    speaks,
    title_of,
)

NODES_MAX = 300
"""From here on groups are drawn as boxes, the innermost first, unless a depth is asked for."""
LINES_MAX = 5


def picture(graph: Graph, *, open: bool | Collection[str] = False, depth: int | None = None) -> Picture:
    """Return the picture of ``graph``.

    ``open`` shows the inside of all agents, or of those named by node or place. Groups more than ``depth``
    deep become boxes; without a depth that happens only in a picture of more than 300 boxes. Raises KeyError
    if an edge leads nowhere.

    >>> from flowagents.core.graph import Edge
    >>> pic = picture(Graph("g", "a", (Node("a", Fan(()), (Edge("end"),)), Node("end", End()))))
    >>> [node.title for node in pic.nodes], len(pic.edges)
    (['', 'a', 'end'], 2)
    """
    if depth is not None:
        return _Draft(graph, open, depth).picture()
    drawn = _Draft(graph, open, None).picture()
    level = max((_level(drawn, group) for group in drawn.groups), default=0)
    while len(drawn.nodes) > NODES_MAX and level > 0:
        level -= 1
        drawn = _Draft(graph, open, level).picture()
    return drawn


def drawn_edges(graph: Graph) -> frozenset[Move]:
    """Return every move that a picture with all agents open draws as an arrow or as a part of one.

    >>> from flowagents.core.graph import Edge
    >>> sorted(drawn_edges(Graph("g", "a", (Node("a", Fan(()), (Edge("end"),)), Node("end", End())))))
    [('a', 0)]
    """
    drawn = _Draft(graph, True, None).picture()
    return frozenset(move for arrow in drawn.edges for way in arrow.ways for move in way)


class _Draft:
    """Collects the boxes, then the arrows."""

    def __init__(self, graph: Graph, open: bool | Collection[str], depth: int | None) -> None:
        self.graph = graph
        self.open = open
        self.depth = depth
        self.nodes: list[PicNode] = []
        self.edges: list[PicEdge] = []
        self.groups: list[PicGroup] = []
        self.spots: dict[str, Spot] = {}
        self.rescues: dict[Move, None] = {}
        self.frames: list[Frame] = []

    def picture(self) -> Picture:
        """Return the finished picture."""
        self._task(self.graph, "", "", 0)
        for frame in self.frames:
            if frame.outer is None:
                self._arrows(frame.start, Loose(frame, frame.graph.start, (), RuleText("", ""), "start"))
            for node in frame.graph.nodes:
                if node.name not in frame.folded:
                    self._leave(frame, node)
        graph, edges = self.graph, _merged(self.edges)
        return Picture(
            graph.name,
            clean(graph.title) or clean(graph.name),
            (*(clean(note) for note in graph.notes), *_limit_lines(graph)),
            tuple(self.nodes),
            edges,
            tuple(self._tied(group) for group in self.groups),
            self.spots,
            frozenset(self.rescues),
            legend=_legend(edges),
        )

    # -- boxes

    def _task(self, graph: Graph, prefix: str, group: str, level: int) -> None:
        """Draw the graph that a task walks: its start mark, then its boxes."""
        start = self._box(PicNode("", prefix, "start", "", tooltip="start", group=group))
        self._frame(Frame(graph, prefix, group, start, None), level)

    def _frame(self, frame: Frame, level: int) -> None:
        """Draw the boxes of one graph and of what is open in it."""
        self.frames.append(frame)
        frame.folded = folded_names(frame)
        if frame.wraps:
            frame.folded |= {node.name: None for node in frame.graph.nodes if isinstance(node.does, End)}
        for node in frame.graph.nodes:
            place = frame.prefix + node.name
            self.rescues |= {(place, p): None for p, edge in enumerate(node.edges) if edge.on == "failure"}
            if node.name in frame.folded:
                self.spots[place] = Spot("folded", frame.start)
            elif frame.wraps and isinstance(node.does, Call):
                self.spots[place] = Spot("box", frame.group)
                self._task(node.does.graph, f"{place}/", frame.group, level)
            elif self._is_open(node, place, level):
                self._open(frame, node, place, level + 1)
            else:
                self._closed(frame, node, place)

    def _is_open(self, node: Node, place: str, level: int) -> bool:
        """Tell whether the inside of a node is drawn."""
        if not any(True for _ in inner_graphs(node)) or (self.depth is not None and level >= self.depth):
            return False
        if not speaks(node) or isinstance(self.open, bool):
            return not speaks(node) or self.open is True
        return node.name in self.open or place in self.open

    def _open(self, frame: Frame, node: Node, place: str, level: int) -> None:
        """Draw a node as a group with what is inside."""
        group = f"g{len(self.groups)}"
        kind = "agent" if speaks(node) else "graph"
        lines = tuple(cut(line, LINE_MAX) for line in (*_calls(node), *node.notes) if line)
        self.groups.append(PicGroup(group, place, kind, cut(title_of(node), TITLE_MAX), lines, frame.group))
        match node.does:
            case Part(graph=graph):
                self.spots[place] = Spot("part", group)
                frame.parts[node.name] = inner = Frame(graph, f"{place}/", group, frame.start, (frame, node))
                self._frame(inner, level)
            case Fan(children=children):
                self.spots[place] = Spot("box", group)
                self._children(children, place, group, level)
            case Call(graph=graph):
                self.spots[place] = Spot("box", group)
                self._task(graph, f"{place}/", group, level)

    def _children(self, children: tuple[Child, ...], place: str, group: str, level: int) -> None:
        """Draw the children of a Fan, each in a group, and who needs whom."""
        ids: dict[str, str] = {}
        for child in children:
            ids[child.name] = inner = f"g{len(self.groups)}"
            lines = (cut(f"needs {', '.join(child.needs)}", LINE_MAX),) if child.needs else ()
            title = cut(child.name, TITLE_MAX)
            self.groups.append(PicGroup(inner, f"{place}/{child.name}", "child", title, lines, group))
            self._task(child.graph, f"{place}/{child.name}/", inner, level)
        for child in children:
            for name in child.needs:
                self._arrow(ids[name], ids[child.name], "needs", RuleText("", ""), ())

    def _closed(self, frame: Frame, node: Node, place: str) -> None:
        """Draw a node as a box that hides what is inside."""
        kind = _kind(frame, node)
        title, lines, hidden = title_of(node), box_lines(node), inside(node)
        tooltip = " · ".join([title, *(clean(line) for line in lines), *([f"inside: {hidden}"] if hidden else [])])
        lines = [cut(line, LINE_MAX) for line in lines][:LINES_MAX]
        box = self._box(PicNode("", place, kind, cut(title, TITLE_MAX), tuple(lines), tooltip, frame.group))
        self.spots[place] = Spot("box", box)
        for name in _places_inside(node, place):
            self.spots[name] = Spot("inside", box)

    def _box(self, node: PicNode) -> str:
        """Add a box and return its id."""
        made = f"n{len(self.nodes)}"
        self.nodes.append(PicNode(made, node.place, node.kind, node.title, node.lines, node.tooltip, node.group))
        return made

    def _tied(self, group: PicGroup) -> PicGroup:
        """Return a group with the boxes at which its arrows are tied: its first, and its last end."""
        below = {group.id: None}
        for other in self.groups:
            if other.group in below:
                below[other.id] = None
        boxes = [node for node in self.nodes if node.group in below]
        ends = [node for node in boxes if node.kind in ("end", "exit")] or boxes
        return PicGroup(
            group.id, group.place, group.kind, group.title, group.lines, group.group, boxes[0].id, ends[-1].id
        )

    # -- arrows

    def _leave(self, frame: Frame, node: Node) -> None:
        """Draw the arrows out of a node; out of an end inside a part, those that the part's edges give it."""
        place, texts = frame.prefix + node.name, frame.texts[node.name]
        spot = self.spots[place]
        if isinstance(node.does, End) and frame.outer is not None:
            outer, part = frame.outer
            texts, place = exit_rules(part, node.name), outer.prefix + part.name
            frame, node = outer, part
        elif spot.how == "part":
            texts = {p: text for p, text in texts.items() if node.edges[p].on == "failure"}
        for position, text in sorted(texts.items()):
            edge = node.edges[position]
            if frame.wraps and not frame.chooses:
                text = RuleText("", "", text.never)
            style = "never" if text.never else "failure" if edge.on == "failure" else "rule"
            self._arrows(spot.id, Loose(frame, edge.to, ((place, position),), text, style))

    def _arrows(self, tail: str, loose: Loose) -> None:
        """Draw an arrow to where its loose end leads; through folded steps, on to where those lead."""
        pending = [loose]
        while pending:
            loose = entered(pending.pop())
            frame, node = loose.frame, loose.frame.nodes[loose.to]
            if loose.to in frame.folded:
                pending.extend(reversed(onward(loose, node)))
                continue
            limit = loose.style == "rule" and isinstance(node.does, End) and node.does.stop == "limit"
            head = self.spots[frame.prefix + loose.to].id
            self._arrow(tail, head, "limit" if limit else loose.style, loose.text, loose.moves)

    def _arrow(self, tail: str, head: str, style: str, text: RuleText, moves: tuple[Move, ...]) -> None:
        """Add an arrow."""
        longest = LONG_LABEL_MAX if " · " in text.when else LABEL_MAX
        words = " ".join(part for part in (text.order, cut(text.when, longest)) if part)
        label = f"{words} (never reached)".strip() if style == "never" else words
        self.edges.append(PicEdge("", tail, head, style, label, text.text, (moves,)))


def _merged(edges: list[PicEdge]) -> tuple[PicEdge, ...]:
    """Return the arrows, those that look alike as one that stands for all their ways."""
    merged: dict[tuple[str, ...], PicEdge] = {}
    for edge in edges:
        alike = (edge.tail, edge.head, edge.style, edge.tooltip)
        first = merged.get(alike)
        made = f"e{len(merged)}" if first is None else first.id
        ways = edge.ways if first is None else (*first.ways, *edge.ways)
        merged[alike] = PicEdge(made, edge.tail, edge.head, edge.style, edge.label, edge.tooltip, ways)
    return tuple(merged.values())


def _kind(frame: Frame, node: Node) -> str:
    """Return the kind of a closed box."""
    if isinstance(node.does, End):
        return "end" if frame.outer is None else "exit"
    if speaks(node) and asks_human_only(node):
        return "human"
    return "graph" if node.kind == "step" and any(True for _ in inner_graphs(node)) else node.kind


def _calls(node: Node) -> tuple[str, ...]:
    """Say how often the graph in a group is run."""
    match node.does:
        case Call(over=str(over)):
            return (f"for each item of {over}",)
        case Fan():
            return ("side by side",)
        case Call(graph=graph) if clean(graph.title or graph.name) != title_of(node):
            return (f"runs: {graph.title or graph.name}",)
        case _:
            return ()


def _places_inside(node: Node, place: str) -> Iterator[str]:
    """Yield the places of all nodes that a node hides."""
    names = [f"{child.name}/" for child in node.does.children] if isinstance(node.does, Fan) else [""]
    for name, graph in zip(names, inner_graphs(node), strict=False):
        for inner in graph.nodes:
            yield f"{place}/{name}{inner.name}"
            yield from _places_inside(inner, f"{place}/{name}{inner.name}")


def _limit_lines(graph: Graph) -> list[str]:
    """Say the limits of a graph that its author has set."""
    limits, usual = graph.limits, type(graph.limits)()
    said = []
    if limits.moves_max != usual.moves_max:
        said.append(f"at most {limits.moves_max} moves")
    if limits.seconds_max is not None:
        said.append(f"at most {limits.seconds_max:g} seconds")
    return said


def _legend(edges: tuple[PicEdge, ...]) -> tuple[str, ...]:
    """Explain the signs that a picture uses."""
    styles = {edge.style for edge in edges}
    said = ["①② rules are tried in this order"] if any("①" in edge.label for edge in edges) else []
    if "limit" in styles:
        said.append("dashed: a limit")
    if "failure" in styles:
        said.append("red: after a failure")
    return tuple(said)


def _level(drawn: Picture, group: PicGroup) -> int:
    """Return how many groups a group lies in, itself included."""
    above = {other.id: other.group for other in drawn.groups}
    level, name = 0, group.id
    while name:
        level, name = level + 1, above[name]
    return level
