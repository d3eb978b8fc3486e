"""L5: every move taken is a drawn edge, and every edge that can be taken is drawn by a way of the program."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given

from flowagents.core.effects import Path
from flowagents.core.graph import Edge, End, Graph, Node, Part
from flowagents.core.guards import Both, Either, Exited, Guard, Not
from flowagents.core.program import Program, Row, Way
from flowagents.core.step import Taken, fold
from flowagents.testing.strategies import World, graphs, worlds
from tests.laws.playing import Place, drawn_edges, owners, places, play


@given(worlds())
def test_every_move_taken_follows_drawn_edges(world: World) -> None:
    driver = play(world)
    nodes, rows = places(world.graph), owners(driver.program)
    taken: Taken = []
    fold(driver.program, driver.events, taken)
    stands_on: dict[Path, Row] = {}
    for path, way in taken:
        row = rows[id(way)]
        if path in stands_on:
            assert row is stands_on[path], "a task left another row than it had come to"
        assert_follows(nodes, row, way)
        stands_on[path] = way.to
    for path, task in driver.state.tasks.items():
        assert path not in stands_on or task.row is stands_on[path]


@given(graphs())
def test_every_way_of_the_program_follows_drawn_edges(graph: Graph) -> None:
    program, nodes = Program(graph), places(graph)
    for row in program.rows.values():
        for way in (*row.ways, *row.rescues):
            assert_follows(nodes, row, way)


@given(graphs())
def test_exactly_the_edges_that_can_be_taken_are_drawn_each_way_once(graph: Graph) -> None:
    rows = Program(graph).rows.values()
    expected = {(place, position) for place, at in places(graph).items() for position in open_edges(at.node)}
    assert drawn_edges(way for row in rows for way in (*row.ways, *row.rescues)) == expected
    for row in rows:
        drawn = [way.drawn for way in (*row.ways, *row.rescues)]
        assert len(drawn) == len(set(drawn))


def assert_follows(nodes: dict[str, Place], row: Row, way: Way) -> None:
    """A way must lead from its row to where it goes by drawn edges that follow each other."""
    at = row.place
    for number, (place, position) in enumerate(way.drawn):
        edge = nodes[place].node.edges[position]
        failure = number == 0 and edge.on == "failure"
        assert place in standing(nodes, at, failure=failure), f"no edge of {place!r} leads on from {at!r}"
        assert edge.on == "done" or failure
        at = nodes[place].prefix + edge.to
    assert way.to.place in standing(nodes, at, failure=False)


def standing(nodes: dict[str, Place], at: str, *, failure: bool) -> Iterator[str]:
    """Yield the places whose edges are looked at by a task at ``at``: entered parts, and the part that is left."""
    while True:
        yield at
        node = nodes[at].node
        if isinstance(node.does, End) or failure:
            outer = nodes[at].prefix.rstrip("/")
            while outer in nodes and isinstance(nodes[outer].node.does, Part):
                yield outer
                if not failure:
                    break
                outer = nodes[outer].prefix.rstrip("/")
        if not isinstance(node.does, Part):
            return
        at = f"{at}/{node.does.graph.start}"


def open_edges(node: Node) -> Iterator[int]:
    """Yield the positions of the edges that can be taken at all."""
    done: tuple[str | None, ...] = (None,)
    if isinstance(node.does, End):
        return
    if isinstance(node.does, Part):
        done = tuple(inner.name for inner in node.does.graph.nodes if isinstance(inner.does, End))
    found = {position for exit_name in done for position in before_the_default(node, "done", exit_name)}
    if not isinstance(node.does, Part) or can_fail(node.does.graph):
        found |= set(before_the_default(node, "failure", None))
    yield from found


def before_the_default(node: Node, on: str, exit_name: str | None) -> Iterator[int]:
    """Yield the edges that may be taken after one end, up to the first that always is."""
    for position, edge in enumerate(node.edges):
        known = verdict(edge, exit_name)
        if edge.on != on or known is False:
            continue
        yield position
        if known is True:
            return


def verdict(edge: Edge, exit_name: str | None) -> bool | None:
    """Tell whether an edge is surely open or surely shut; None if that depends on more than the end reached."""
    return True if edge.when is None else settled(edge.when, exit_name)


def settled(guard: Guard, exit_name: str | None) -> bool | None:
    """Judge a guard by the end reached alone, with three truth values."""
    match guard:
        case Exited(name):
            return None if exit_name is None else name == exit_name
        case Not(inner):
            known = settled(inner, exit_name)
            return None if known is None else not known
        case Both(first, second):
            known_both = {settled(first, exit_name), settled(second, exit_name)}
            return False if False in known_both else None if None in known_both else True
        case Either(first, second):
            known_both = {settled(first, exit_name), settled(second, exit_name)}
            return True if True in known_both else None if None in known_both else False
        case _:
            return None


def can_fail(graph: Graph) -> bool:
    """Tell whether a part holds anything that may fail."""
    return any(
        can_fail(node.does.graph) if isinstance(node.does, Part) else not isinstance(node.does, End)
        for node in graph.nodes
    )
