"""The front of the pictures: a graph, or a run of it, as dot, mermaid, svg or png."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, overload

from flowagents.core.events import Event
from flowagents.core.graph import Graph
from flowagents.core.program import Program
from flowagents.errors import SetupError
from flowagents.view.model import Picture
from flowagents.view.picture import picture

TextFormat = Literal["svg", "dot", "mermaid"]
BytesFormat = Literal["png", "pdf"]
FORMATS = ("dot", "mermaid", "svg", "png", "pdf")


@overload
def draw_graph(
    graph: Graph, format: TextFormat = ..., *, open: bool | Collection[str] = ..., depth: int | None = ...
) -> str: ...
@overload
def draw_graph(
    graph: Graph, format: BytesFormat, *, open: bool | Collection[str] = ..., depth: int | None = ...
) -> bytes: ...
@overload
def draw_graph(
    graph: Graph, format: str, *, open: bool | Collection[str] = ..., depth: int | None = ...
) -> str | bytes: ...
def draw_graph(
    graph: Graph,
    format: str = "svg",
    *,
    open: bool | Collection[str] = False,
    depth: int | None = None,
) -> str | bytes:
    """Return a picture of ``graph``: text as ``svg``, ``dot`` or ``mermaid``, bytes as ``png`` or ``pdf``.

    ``open`` shows the inside of all agents, or of those named; groups more than ``depth`` deep become boxes.
    Raises SetupError for another format, LayoutEngineMissing for all but dot and mermaid where no Graphviz is
    installed.

    >>> from flowagents.core.graph import End, Node
    >>> draw_graph(Graph("g", "end", (Node("end", End()),)), "dot").splitlines()[0]
    'digraph flowagents {'
    """
    return draw_picture(picture(graph, open=open, depth=depth), format)


@overload
def draw_run(
    graph: Graph,
    events: Iterable[Event],
    format: TextFormat = ...,
    *,
    open: bool | Collection[str] = ...,
    depth: int | None = ...,
) -> str: ...
@overload
def draw_run(
    graph: Graph,
    events: Iterable[Event],
    format: BytesFormat,
    *,
    open: bool | Collection[str] = ...,
    depth: int | None = ...,
) -> bytes: ...
@overload
def draw_run(
    graph: Graph,
    events: Iterable[Event],
    format: str,
    *,
    open: bool | Collection[str] = ...,
    depth: int | None = ...,
) -> str | bytes: ...
def draw_run(
    graph: Graph,
    events: Iterable[Event],
    format: str = "svg",
    *,
    open: bool | Collection[str] = False,
    depth: int | None = None,
) -> str | bytes:
    """Return a picture of a run of ``graph``: the way taken with counts, where it stands, how it stopped.

    The first few of its events give the picture of the run at that point. Formats and errors are those of
    draw_graph.

    >>> from flowagents.core.events import Started
    >>> from flowagents.core.graph import End, Node
    >>> "finished: end" in draw_run(Graph("g", "end", (Node("end", End()),)), [Started(1.0, {}, {})], "dot")
    True
    """
    from flowagents.view.overlay import overlay

    return draw_picture(overlay(picture(graph, open=open, depth=depth), Program(graph), events), format)


def draw(
    graph: Graph,
    format: str = "svg",
    *,
    events: Iterable[Event] | None = None,
    open: bool | Collection[str] = False,
    depth: int | None = None,
) -> str | bytes:
    """Return a picture of ``graph``, or where ``events`` are given of that run; for callers that have either.

    >>> from flowagents.core.graph import End, Node
    >>> "finished" in draw(Graph("g", "end", (Node("end", End()),)), "dot")
    False
    """
    if events is None:
        return draw_graph(graph, format, open=open, depth=depth)
    return draw_run(graph, events, format, open=open, depth=depth)


def draw_picture(drawn: Picture, format: str) -> str | bytes:
    """Return a picture in a format.

    >>> draw_picture(Picture("g", "nothing", (), (), (), (), {}, frozenset()), "gif")
    Traceback (most recent call last):
        ...
    flowagents.errors.SetupError: a picture as 'gif' was asked for; there are dot, mermaid, svg, png, pdf
    """
    if format == "mermaid":
        from flowagents.view.mermaid import to_mermaid

        return to_mermaid(drawn)
    if format == "dot":
        from flowagents.view.dot import to_dot

        return to_dot(drawn)
    if format not in FORMATS:
        raise SetupError(f"a picture as {format!r} was asked for; there are {', '.join(FORMATS)}")
    from flowagents.view.engines import render

    made = render(drawn, format)
    return made.decode() if format == "svg" else made
