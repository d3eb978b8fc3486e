"""What a picture is made of: boxes, arrows and groups with final texts. Writers read only this."""

from __future__ import annotations

from collections.abc import Mapping

from flowagents.core.value import value

Move = tuple[str, int]
"""A drawn edge: the place of its node, and its position among the edges of the node."""


@value
class PicNode:
    """A box. ``kind`` is start, agent, human, model, tool, function, code, graph, step, end or exit.

    An exit is the end of an open part. A run fills in ``counts``, what happened here, ``mark``: current,
    waiting, failed, reached or missed, and ``note``, a line about the mark.
    """

    id: str
    place: str
    kind: str
    title: str
    lines: tuple[str, ...] = ()
    tooltip: str = ""
    group: str = ""
    counts: str = ""
    mark: str = ""
    note: str = ""


@value
class PicEdge:
    """An arrow between boxes or groups. ``style`` is rule, start, limit, failure, never or needs.

    ``ways`` are what it stands for, each the edges in the order they are taken; ``count`` is how often a run
    took any of them, None without a run.
    """

    id: str
    tail: str
    head: str
    style: str
    label: str = ""
    tooltip: str = ""
    ways: tuple[tuple[Move, ...], ...] = ()
    count: int | None = None


@value
class PicGroup:
    """A frame around boxes; ``entry`` and ``exit`` are the boxes inside at which its arrows are tied."""

    id: str
    place: str
    kind: str
    title: str
    lines: tuple[str, ...] = ()
    group: str = ""
    entry: str = ""
    exit: str = ""
    mark: str = ""
    note: str = ""


@value
class Spot:
    """Where a node of the graph is in the picture.

    ``how`` is ``box`` (of its own), ``inside`` (of a closed one), ``part`` or ``folded``. ``id`` is the box,
    the group of a part, or for a folded step the start mark of its task's graph.
    """

    how: str
    id: str


@value
class Picture:
    """A whole picture. ``spots`` finds any node by its place, ``rescues`` are the moves after a failure."""

    name: str
    title: str
    lines: tuple[str, ...]
    nodes: tuple[PicNode, ...]
    edges: tuple[PicEdge, ...]
    groups: tuple[PicGroup, ...]
    spots: Mapping[str, Spot]
    rescues: frozenset[Move]
    stop: str = ""
    legend: tuple[str, ...] = ()
