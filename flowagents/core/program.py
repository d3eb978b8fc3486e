"""A graph made ready to run: parts spelled out, names replaced by rows that point at each other.

A row is one node in one place. A way out of a row is a drawn edge, or several in a row where nothing is decided between
them: the exit of a part and the edge that follows it. Linking settles which exit was reached, and nothing else.
"""

from __future__ import annotations

from typing import Any, assert_never

from flowagents.core.fingerprint import fingerprint
from flowagents.core.graph import Act, Call, Compute, End, Fan, Graph, Node, Part, inner_graphs
from flowagents.core.guards import Both, Either, Guard, Is, Not, VisitsAtLeast, settle_exit
from flowagents.core.limits import Limits

COMPUTE, ACT, CALL, FAN, END, PASS = range(6)
JUMP_LEAST = 4
"""From so many ways on, ways that all ask for one register are found through a table."""


class Way:
    """One way out of a row: a guard (None: always), the row it leads to, and the drawn edges it takes.

    ``drawn`` names each edge as (place of its node, position among the node's edges).
    """

    __slots__ = ("drawn", "to", "when")

    def __init__(self, when: Guard | None, to: Row, drawn: tuple[tuple[str, int], ...]) -> None:
        """Make a way."""
        self.when = when
        self.to = to
        self.drawn = drawn


class Row:
    """One node in one place. ``kind`` is COMPUTE, ACT, CALL, FAN, END or PASS (a part's entrance or exit).

    ``ways`` are tried in order after success, ``rescues`` after a failure. ``jump`` is a register and a table from its
    value to the way, where the ways are many and all ask for that register.
    """

    __slots__ = ("counted", "jump", "kind", "limits", "name", "place", "rescues", "starts", "ways", "work")

    def __init__(self, place: str, node: Node, kind: int, limits: Limits) -> None:
        """Make a row without ways; they are joined when all rows exist."""
        self.place = place
        self.name = node.name
        self.kind = kind
        self.work: Any = node.does
        self.limits = limits
        self.ways: tuple[Way, ...] = ()
        self.rescues: tuple[Way, ...] = ()
        self.jump: tuple[str, dict[Any, Way]] | None = None
        self.starts: tuple[Row, ...] = ()
        self.counted = False

    def __repr__(self) -> str:
        """Show the place."""
        return f"Row({self.place})"


class Program:
    """A linked graph: ``start`` is its first row, ``rows`` holds all by place, ``graph`` is what it was made from."""

    __slots__ = ("_fingerprint", "graph", "rows", "start")

    def __init__(self, graph: Graph) -> None:
        """Link ``graph``. Raises KeyError if an edge leads nowhere; ``check`` says so together with all other faults.

        >>> Program(Graph("g", "end", (Node("end", End()),))).start.place
        'end'
        """
        self.graph = graph
        self.rows: dict[str, Row] = {}
        self.start = _link(graph, "", self.rows, None)
        self._fingerprint = ""

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the graph, which a trace is bound to."""
        if not self._fingerprint:
            self._fingerprint = fingerprint(self.graph)
        return self._fingerprint


class _Frame:
    """One graph in one place: its rows by node name, and the part it is spelled out for, if any."""

    def __init__(self, graph: Graph, prefix: str, limits: Limits, outer: tuple[_Frame, Node] | None) -> None:
        self.graph = graph
        self.prefix = prefix
        self.limits = limits
        self.outer = outer
        self.rows: dict[str, Row] = {}
        self.inner: dict[str, _Frame] = {}


def _link(graph: Graph, prefix: str, rows: dict[str, Row], outer: Limits | None) -> Row:
    """Make the rows of one task's graph and return the first; ``outer`` are the limits of the task that starts it."""
    frames: list[_Frame] = []
    limits = graph.limits if outer is None else _within(graph.limits, outer)
    top = _lay_out(graph, prefix, limits, None, rows, frames)
    for frame in frames:
        counted = {name for node in frame.graph.nodes for edge in node.edges for name in _visited(edge.when)}
        for node in frame.graph.nodes:
            row = frame.rows[node.name]
            row.counted = node.name in counted
            _join(frame, node, row)
    for frame in frames:
        for row in frame.rows.values():
            row.ways = tuple(_shorten(way) for way in row.ways)
            row.rescues = tuple(_shorten(way) for way in row.rescues)
            row.jump = _jump(row.ways)
    return top.rows[graph.start]


def _within(limits: Limits, outer: Limits) -> Limits:
    """Return the limits of a child; depth and time are those of the run, so what is around it holds for it too."""
    seconds = [limit for limit in (limits.seconds_max, outer.seconds_max) if limit is not None]
    return Limits(
        limits.moves_max,
        limits.quiet_moves_max,
        limits.children_max,
        min(limits.depth_max, outer.depth_max),
        min(seconds, default=None),
    )


def _lay_out(
    graph: Graph,
    prefix: str,
    limits: Limits,
    outer: tuple[_Frame, Node] | None,
    rows: dict[str, Row],
    frames: list[_Frame],
) -> _Frame:
    """Make the rows of one graph and of its parts, not yet joined."""
    frame = _Frame(graph, prefix, limits, outer)
    frames.append(frame)
    for node in graph.nodes:
        place = prefix + node.name
        row = Row(place, node, _kind(node, outer is not None), limits)
        rows[place] = frame.rows[node.name] = row
        match node.does:
            case Part(graph=inner):
                frame.inner[node.name] = _lay_out(inner, place + "/", limits, (frame, node), rows, frames)
            case Call() | Fan():
                row.starts = tuple(
                    _link(inner, f"{place}/{name}", rows, limits)
                    for name, inner in zip(_child_prefixes(node), inner_graphs(node), strict=True)
                )
    return frame


def _kind(node: Node, in_part: bool) -> int:
    """Return the kind of a node's row."""
    match node.does:
        case Compute():
            return COMPUTE
        case Act():
            return ACT
        case Call():
            return CALL
        case Fan():
            return FAN
        case Part():
            return PASS
        case End():
            return PASS if in_part else END
        case _:
            assert_never(node.does)


def _child_prefixes(node: Node) -> list[str]:
    """Return what the places of each child of a Call or Fan begin with, after the node's own place and a slash."""
    return [f"{child.name}/" for child in node.does.children] if isinstance(node.does, Fan) else [""]


def _join(frame: _Frame, node: Node, row: Row) -> None:
    """Give a row its ways and rescues."""
    if isinstance(node.does, Part):
        inner = frame.inner[node.name]
        row.ways = (Way(None, inner.rows[inner.graph.start], ()),)
    elif isinstance(node.does, End):
        if frame.outer is not None:
            row.ways = _ways(*frame.outer, "done", node.name)
    else:
        row.ways = _ways(frame, node, "done", None)
        row.rescues = _ways(frame, node, "failure", None)
        outer = frame.outer
        while outer is not None:
            row.rescues += _ways(*outer, "failure", None)
            outer = outer[0].outer


def _ways(frame: _Frame, node: Node, on: str, exit_name: str | None) -> tuple[Way, ...]:
    """Return the ways that the edges of a node give, up to the first that is always open."""
    made: list[Way] = []
    for position, edge in enumerate(node.edges):
        if edge.on != on:
            continue
        when: Guard | bool | None = edge.when
        if exit_name is not None and edge.when is not None:
            when = settle_exit(edge.when, exit_name)
        if when is False:
            continue
        guard = None if when is None or when is True else _placed(when, frame.prefix)
        made.append(Way(guard, frame.rows[edge.to], ((frame.prefix + node.name, position),)))
        if guard is None:
            break
    return tuple(made)


def _shorten(way: Way) -> Way:
    """Return a way that leads past entrances and exits where there is nothing to decide or to count."""
    to, drawn, seen = way.to, way.drawn, set[str]()
    while to.kind == PASS and not to.counted and len(to.ways) == 1 and to.ways[0].when is None and to.place not in seen:
        seen.add(to.place)
        drawn += to.ways[0].drawn
        to = to.ways[0].to
    return Way(way.when, to, drawn)


def _jump(ways: tuple[Way, ...]) -> tuple[str, dict[Any, Way]] | None:
    """Return the register and the table by which the way can be found, if all ways ask for one register's text."""
    if len(ways) < JUMP_LEAST:
        return None
    table: dict[Any, Way] = {}
    keys = set[str]()
    for way in ways:
        if not isinstance(way.when, Is) or not isinstance(way.when.value, str):
            return None
        keys.add(way.when.key)
        table.setdefault(way.when.value, way)
    return (keys.pop(), table) if len(keys) == 1 else None


def _placed(guard: Guard, prefix: str) -> Guard:
    """Return a guard that asks for visits by place, as rows count them; two graphs may have nodes of one name."""
    match guard:
        case VisitsAtLeast(node, least):
            return VisitsAtLeast(prefix + node, least)
        case Both(first, second):
            return Both(_placed(first, prefix), _placed(second, prefix))
        case Either(first, second):
            return Either(_placed(first, prefix), _placed(second, prefix))
        case Not(inner):
            return Not(_placed(inner, prefix))
        case _:
            return guard


def _visited(guard: Guard | None) -> set[str]:
    """Return the names of the nodes whose visits a guard asks for."""
    match guard:
        case VisitsAtLeast(node):
            return {node}
        case Both(first, second) | Either(first, second):
            return _visited(first) | _visited(second)
        case Not(inner):
            return _visited(inner)
        case _:
            return set()
