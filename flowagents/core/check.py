"""What is wrong with a graph: every fault at once, each with a stable code and a way to mend it.

Faults are judged from what is drawn: names, edges, guards, limits. What registers will hold is not known, so
a guard counts as one that may hold or not. An accepted graph can be linked, and every walk over it ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flowagents.core.faults import Finding, nearest
from flowagents.core.graph import Call, Edge, End, Fan, Graph, Node, Part, inner_graphs
from flowagents.core.guards import Both, Either, Exited, Guard, Not, VisitsAtLeast, exits_of, settle_exit
from flowagents.core.limits import Limits
from flowagents.core.program import ACT, CALL, END, FAN, Program, Row, Way
from flowagents.errors import GraphError

if TYPE_CHECKING:
    from networkx import DiGraph

_UNLINKABLE = frozenset({"F001", "F002"})


def check(graph: Graph) -> tuple[Finding, ...]:
    """Return all faults of a graph and of the graphs inside it, outer ones first.

    >>> [finding.code for finding in check(Graph("g", "strat", (Node("start", End()),)))]
    ['F001']
    """
    found = [finding for place in _places(graph, "", graph.name) for finding in _faults(place)]
    if not any(finding.code in _UNLINKABLE for finding in found):
        found += _quiet_loops(graph)
    return tuple(found)


def require_sound(graph: Graph) -> tuple[Finding, ...]:
    """Raise GraphError with every fault that is an error; return the warnings.

    >>> require_sound(Graph("g", "done", (Node("done", End()),)))
    ()
    """
    found = check(graph)
    errors = tuple(finding for finding in found if finding.severity == "error")
    if errors:
        raise GraphError(graph.name, errors)
    return found


class _Place:
    """One graph where it stands: what its places begin with, and its nodes by name."""

    def __init__(self, graph: Graph, prefix: str, top: str) -> None:
        self.graph = graph
        self.prefix = prefix
        self.top = top
        self.nodes = {node.name: node for node in graph.nodes}

    def fault(self, code: str, node: str | None, text: str, fix: str, edge: int | None = None) -> Finding:
        """Return a finding at a node of this graph, or about the graph."""
        place = self.prefix[:-1] if node is None else self.prefix + node
        return Finding(code, self.top, place, edge, text, fix)


def _places(graph: Graph, prefix: str, top: str) -> Iterator[_Place]:
    """Yield a graph and every graph inside it, each in its place."""
    yield _Place(graph, prefix, top)
    for node in graph.nodes:
        begin = f"{prefix}{node.name}/"
        if isinstance(node.does, Fan):
            for child in node.does.children:
                yield from _places(child.graph, f"{begin}{child.name}/", top)
        else:
            for inner in inner_graphs(node):
                yield from _places(inner, begin, top)


def _faults(place: _Place) -> Iterator[Finding]:
    """Yield the faults of one graph, those of the graphs inside it aside."""
    yield from _limit_faults(place)
    yield from _name_faults(place)
    for node in place.graph.nodes:
        yield from _edge_faults(place, node)
        yield from _guard_faults(place, node)
        if isinstance(node.does, Fan):
            yield from _fan_faults(place, node.name, node.does)
        elif isinstance(node.does, Part) and node.does.graph.limits != Limits():
            text = f"the limits of {node.does.graph.name!r} do not count, because it is spelled out in place"
            yield place.fault("F024", node.name, text, "set them on the graph around it, or call it as a child")
    yield from _reach_faults(place)


# -- names and limits


def _limit_faults(place: _Place) -> Iterator[Finding]:
    """Yield the limits that allow nothing."""
    limits = place.graph.limits
    numbers = {
        "moves_max": limits.moves_max,
        "quiet_moves_max": limits.quiet_moves_max,
        "children_max": limits.children_max,
        "depth_max": limits.depth_max,
        "seconds_max": limits.seconds_max,
    }
    for name, number in numbers.items():
        if number is not None and not number > 0:
            yield place.fault("F016", None, f"{name} is {number}", f"give {name} a number above 0, or leave it out")


def _name_faults(place: _Place) -> Iterator[Finding]:
    """Yield what is wrong with the names of the nodes and with the start."""
    graph = place.graph
    seen = set[str]()
    for node in graph.nodes:
        if not node.name or "/" in node.name:
            fix = "give it a name without a slash, which stands between the parts of a place"
            yield place.fault("F020", node.name, f"a node is called {node.name!r}", fix)
        if node.name in seen:
            yield place.fault("F003", node.name, f"two nodes are called {node.name!r}", "rename one of them")
        seen.add(node.name)
    if graph.start not in place.nodes:
        text = f"the graph is to start at {graph.start!r}, which is no node"
        yield place.fault("F001", None, text, nearest(graph.start, place.nodes))


# -- edges and guards


def _edge_faults(place: _Place, node: Node) -> Iterator[Finding]:
    """Yield what is wrong with the edges of a node, whatever their guards mean."""
    if isinstance(node.does, End):
        if node.edges:
            yield place.fault("F022", node.name, "an end has edges, which are never taken", "remove them")
        return
    if all(edge.on != "done" for edge in node.edges):
        text = f"{node.name!r} is no end, and no edge leaves it"
        yield place.fault("F005", node.name, text, "give it an edge without a guard, or make it an end")
    for position, edge in enumerate(node.edges):
        if edge.to not in place.nodes:
            text = f"the edge leads to {edge.to!r}, which is no node"
            yield place.fault("F002", node.name, text, nearest(edge.to, place.nodes), position)
        if edge.on not in ("done", "failure"):
            text = f"the edge is for {edge.on!r}"
            yield place.fault("F021", node.name, text, "say 'done' or 'failure'", position)
        before = [earlier for earlier in node.edges[:position] if earlier.on == edge.on]
        if any(earlier.when is None for earlier in before):
            text = f"the edge to {edge.to!r} stands behind one without a guard and is never taken"
            yield place.fault("F007", node.name, text, "put it before that edge, or remove it", position)
        elif edge.when is not None and any(earlier.when == edge.when for earlier in before):
            text = f"an earlier edge asks for {edge.when.words()!r} too, so this one is never taken"
            yield place.fault("F012", node.name, text, "change its guard, or remove it", position)


def _guard_faults(place: _Place, node: Node) -> Iterator[Finding]:
    """Yield what is wrong with what the guards of a node ask for."""
    exits = _exits(node)
    for position, edge in enumerate(node.edges):
        for guard in _leaves(edge.when):
            if isinstance(guard, VisitsAtLeast) and guard.node not in place.nodes:
                text = f"the guard counts visits of {guard.node!r}, which is no node of this graph"
                yield place.fault("F017", node.name, text, nearest(guard.node, place.nodes), position)
            elif isinstance(guard, Exited) and (exits is None or guard.name not in exits):
                yield _exit_fault(place, node, guard.name, exits, position)
    done = [(position, edge) for position, edge in enumerate(node.edges) if edge.on == "done"]
    if done and not isinstance(node.does, End):
        yield from _default_faults(place, node, exits, done)


def _exit_fault(place: _Place, node: Node, name: str, exits: tuple[str, ...] | None, position: int) -> Finding:
    """Return the finding for a guard that asks for an end which its node does not have."""
    if exits is not None:
        text = f"the guard asks for the end {name!r}, which {node.name!r} does not have"
        return place.fault("F009", node.name, text, nearest(name, exits), position)
    text = f"the guard asks for the end {name!r}, and {node.name!r} does not run exactly one graph"
    return place.fault("F009", node.name, text, "ask for a register instead", position)


def _default_faults(
    place: _Place, node: Node, exits: tuple[str, ...] | None, done: list[tuple[int, Edge]]
) -> Iterator[Finding]:
    """Yield the ends that lead nowhere or only perhaps somewhere, and the edges that none leads to."""
    used = set[int]()
    for name in (None,) if exits is None else exits:
        ways = _ways(done, name)
        used |= {position for position, _ in ways}
        after = f"after the end {name!r} of {node.name!r}" if name is not None else f"after {node.name!r}"
        if not ways:
            text = f"no edge can be taken {after}"
            yield place.fault("F010", node.name, text, f"add an edge for {name!r}, or one without a guard last")
        elif not _exhaustive([guard for _, guard in ways]):
            fix = "add an edge without a guard as the last one"
            yield place.fault("F008", node.name, f"perhaps no edge can be taken {after}", fix)
    open_to_all = next((position for position, edge in done if edge.when is None), len(node.edges))
    for position, edge in done:
        known = exits is not None and (edge.when is None or exits_of(edge.when) <= set(exits))
        if known and position not in used and position <= open_to_all:
            text = f"no end of {node.name!r} leads to the edge to {edge.to!r}"
            yield place.fault("F018", node.name, text, "remove it, or put it further up", position)


def _exits(node: Node) -> tuple[str, ...] | None:
    """Return the names of the ends of a node's graph; None if it does not run exactly one graph."""
    match node.does:
        case Part(graph=graph) | Call(graph=graph, over=None):
            return tuple(inner.name for inner in graph.nodes if isinstance(inner.does, End))
        case _:
            return None


def _ways(done: list[tuple[int, Edge]], exit_name: str | None) -> list[tuple[int, Guard | None]]:
    """Return the edges that may be taken after an end, up to the default, with the rest of their guards."""
    made: list[tuple[int, Guard | None]] = []
    for position, edge in done:
        left: Guard | bool | None = edge.when
        if edge.when is not None and exit_name is not None:
            left = settle_exit(edge.when, exit_name)
        if left is False:
            continue
        made.append((position, None if left is True else left))
        if made[-1][1] is None:
            break
    return made


def _exhaustive(guards: list[Guard | None]) -> bool:
    """Tell whether one of the guards always holds: the last is none, or there is one with its opposite."""
    return guards[-1] is None or any(Not(guard) in guards for guard in guards if guard is not None)


def _leaves(guard: Guard | None) -> Iterator[Guard]:
    """Yield the simple guards that a guard is made of."""
    match guard:
        case None:
            return
        case Both(first, second) | Either(first, second):
            yield from _leaves(first)
            yield from _leaves(second)
        case Not(inner):
            yield from _leaves(inner)
        case _:
            yield guard


# -- children


def _fan_faults(place: _Place, node: str, fan: Fan) -> Iterator[Finding]:
    """Yield what is wrong with the children of a node and with what they need."""
    import networkx

    names = [child.name for child in fan.children]
    if not names:
        yield place.fault("F023", node, "the node has no children", "give it children, or remove it")
    for name in names:
        if not name or "/" in name:
            text = f"a child is called {name!r}"
            yield place.fault("F020", node, text, "give it a name without a slash")
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield place.fault("F015", node, f"two children are called {name!r}", "rename one of them")
    for child in fan.children:
        for need in child.needs:
            if need not in names:
                text = f"the child {child.name!r} needs {need!r}, which is no child"
                yield place.fault("F013", node, text, nearest(need, names))
    needed: DiGraph[str] = networkx.DiGraph([(need, child.name) for child in fan.children for need in child.needs])
    for circle in networkx.strongly_connected_components(needed):
        if _is_loop(needed, circle):
            inside = ", ".join(repr(name) for name in dict.fromkeys(names) if name in circle)
            yield place.fault("F014", node, f"{inside} need each other in a circle", "let one of them need nobody")


# -- where a walk can come


def _reach_faults(place: _Place) -> Iterator[Finding]:
    """Yield the nodes that are never entered, and those from which no end can be reached."""
    import networkx

    net: DiGraph[str] = networkx.DiGraph()
    net.add_nodes_from(place.nodes)
    net.add_edges_from(
        (node.name, edge.to) for node in place.graph.nodes for edge in node.edges if edge.to in place.nodes
    )
    start = place.graph.start
    if start in net:
        reached = networkx.descendants(net, start) | {start}
        for name in place.nodes:
            if name not in reached:
                text = f"no edges lead from the start {start!r} to {name!r}"
                yield place.fault("F004", name, text, "lead an edge to it, or remove it")
    if not any(isinstance(node.does, End) for node in place.graph.nodes):
        yield place.fault("F019", None, "no node is an end", "add an end, and an edge to it")
        return
    leaving = set[str]()
    for node in place.graph.nodes:
        if not node.edges or any(edge.to not in place.nodes for edge in node.edges):
            leaving |= networkx.ancestors(net, node.name) | {node.name}
    caught = [name for name in place.nodes if name not in leaving]
    if caught:
        text = f"no end can be reached from {', '.join(map(repr, caught))}"
        yield place.fault("F006", caught[0], text, "lead an edge from there towards an end")


# -- loops


def _quiet_loops(graph: Graph) -> list[Finding]:
    """Return the loops that may go round for ever without asking the world for anything.

    A way that can only be taken while some node of the loop was visited fewer than so many times is a limit.
    Ways after a failure are left out, because rules that never fail have them too.
    """
    import networkx

    program = Program(graph)
    quiet = [row for row in program.rows.values() if not _asks(row)]
    inside = {row.place for row in quiet}
    ways: dict[tuple[str, str], list[set[str]]] = {}
    for row in quiet:
        for position, way in enumerate(row.ways):
            if way.to.place in inside:
                ways.setdefault((row.place, way.to.place), []).append(_counted(row.ways[: position + 1]))
    net: DiGraph[str] = networkx.DiGraph(list(ways))
    for names in networkx.strongly_connected_components(net):
        loop = net.subgraph(names)
        limited = [edge for edge in loop.edges if all(_is_limited(loop, edge, counted) for counted in ways[edge])]
        net.remove_edges_from(limited)
    found = []
    for names in networkx.strongly_connected_components(net):
        if _is_loop(net, names):
            round_ = [place for place in program.rows if place in names]
            text = f"{', '.join(map(repr, round_))} may go round for ever without an effect"
            fix = "lead it past a node that asks for something, or leave it by a guard on the visits of one"
            found.append(Finding("F011", graph.name, round_[0], None, text, fix))
    return sorted(found, key=lambda finding: finding.node)


def _is_loop(net: DiGraph[str], names: set[str]) -> bool:
    """Tell whether a strongly connected component is a loop."""
    return len(names) > 1 or any(net.has_edge(name, name) for name in names)


def _asks(row: Row) -> bool:
    """Tell whether a row asks the world for something before it is left; one child that does is enough."""
    return row.kind == ACT or (row.kind in (CALL, FAN) and any(_always_asks(start) for start in row.starts))


def _always_asks(start: Row) -> bool:
    """Tell whether no walk from a row comes to an end without asking for anything."""
    seen, pending = {start.place}, [start]
    while pending:
        row = pending.pop()
        if row.kind == END:
            return False
        if _asks(row):
            continue
        pending += [way.to for way in row.ways if way.to.place not in seen]
        seen |= {way.to.place for way in row.ways}
    return True


def _is_limited(loop: DiGraph[str], edge: tuple[str, str], counted: set[str]) -> bool:
    """Tell whether every round that takes ``edge`` visits one of the places whose visits limit the edge."""
    import networkx

    for place in counted:
        if place in edge:
            return True
        if place in loop:
            rest = loop.subgraph(name for name in loop if name != place)
            if not networkx.has_path(rest, edge[1], edge[0]):
                return True
    return False


def _counted(ways: tuple[Way, ...]) -> set[str]:
    """Return the places whose visits limit how often the last way is taken, the others being shut."""
    counted = set[str]()
    for way in ways:
        if way.when is not None:
            counted |= _fewer(way.when, holds=way is ways[-1])
    return counted


def _fewer(guard: Guard, *, holds: bool) -> set[str]:
    """Return the places that were visited fewer than so many times if ``guard`` holds, or if it does not."""
    match guard:
        case VisitsAtLeast(place):
            return set() if holds else {place}
        case Not(inner):
            return _fewer(inner, holds=not holds)
        case Both(first, second) | Either(first, second):
            one, other = _fewer(first, holds=holds), _fewer(second, holds=holds)
            return one | other if holds == isinstance(guard, Both) else one & other
        case _:
            return set()


__all__ = ["Finding", "check", "require_sound"]
