"""Writes the rules of a graph as a plain table, exact where a picture has to be brief. Needs no program."""

from __future__ import annotations

from collections.abc import Collection

from flowagents.core.graph import Graph
from flowagents.view.model import PicEdge, Picture
from flowagents.view.picture import picture
from flowagents.view.words import TIMES

COLUMN_MAX = 60


def rules_table(graph: Graph, *, open: bool | Collection[str] = False) -> str:
    """Return the rules of ``graph`` in the order in which they are tried, one a line.

    >>> from flowagents.core.graph import Edge, End, Fan, Node
    >>> print(rules_table(Graph("loop", "a", (Node("a", Fan(()), (Edge("end"),)), Node("end", End())))))
    loop
    <BLANKLINE>
    from   to   when
    -----  ---  ------
    start  a    always
    a      end  always
    """
    return picture_table(picture(graph, open=open))


def picture_table(drawn: Picture) -> str:
    """Return the arrows of a picture as a table; with a run, how often each was taken.

    >>> picture_table(Picture("g", "nothing", (), (), (), (), {}, frozenset())).splitlines()[0]
    'nothing'
    """
    names = _names(drawn)
    counted = any(edge.count is not None for edge in drawn.edges)
    rows: list[tuple[str, ...]] = [("from", "to", "when", "taken")]
    before = ""
    for edge in _in_order(drawn):
        tail = names[edge.tail] if edge.tail != before else ""
        rows.append((tail, names[edge.head], _when(edge), f"{TIMES}{edge.count}" if edge.count else "·"))
        before = edge.tail
    if not counted:
        rows = [row[:3] for row in rows]
    heading = [line for line in (drawn.title, " · ".join(drawn.lines), drawn.stop) if line]
    return "\n".join([*heading, "", *_aligned(rows)])


def _in_order(drawn: Picture) -> list[PicEdge]:
    """Return the arrows by the box they leave, in the order of the boxes."""
    order = {node.id: position for position, node in enumerate(drawn.nodes)}
    entries = {group.id: order[group.exit] for group in drawn.groups}
    return sorted(drawn.edges, key=lambda edge: order.get(edge.tail, entries.get(edge.tail, 0)))


def _names(drawn: Picture) -> dict[str, str]:
    """Return what each box and group is called, with the group it lies in where there is one."""
    above = {group.id: group for group in drawn.groups}
    names: dict[str, str] = {}
    for group in drawn.groups:
        names[group.id] = f"{names[group.group]}/{group.title}" if group.group else group.title
    for node in drawn.nodes:
        name = "start" if node.kind == "start" else node.title
        names[node.id] = f"{names[node.group]}/{name}" if node.group in above else name
    return names


def _when(edge: PicEdge) -> str:
    """Return when an arrow is taken, uncut."""
    if edge.style == "needs":
        return "when done"
    text = edge.tooltip or "always"
    return f"{text} (never reached)" if edge.style == "never" else text


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows as lines with aligned columns, a rule under the first."""
    cells = [[cell if len(cell) <= COLUMN_MAX else f"{cell[: COLUMN_MAX - 1]}…" for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    cells.insert(1, ["-" * width for width in widths])
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
