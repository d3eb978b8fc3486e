"""Writes a picture in the language of Graphviz. The only module that imports graphviz, only when it draws.

Arrows that close a loop are handed over turned round and drawn with their head at the back: so the start
stays on top.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from flowagents.view.look import BLUE, GREY, GROUPS, INK, SOFT, BoxLook, arrow_look, box_look
from flowagents.view.model import PicEdge, PicGroup, PicNode, Picture
from flowagents.view.rounds import closing_steps
from flowagents.view.words import JOINER, TIMES

if TYPE_CHECKING:
    import graphviz

FONT = "Helvetica,Arial,sans-serif"


def to_dot(drawn: Picture) -> str:
    """Return a picture as dot text; the same picture gives the same bytes.

    >>> from flowagents.core.graph import End, Graph, Node
    >>> from flowagents.view.picture import picture
    >>> to_dot(picture(Graph("g", "end", (Node("end", End()),)))).splitlines()[0]
    'digraph flowagents {'
    """
    import graphviz

    dot = graphviz.Digraph(
        "flowagents",
        graph_attr={
            "label": _html(_heading(drawn)),
            "labelloc": "t",
            "fontname": FONT,
            "fontcolor": INK,
            "compound": "true",
            "nodesep": "0.55",
            "ranksep": "0.75",
            "pad": "0.25",
            "tooltip": _text(drawn.title),
            "bgcolor": "#FFFFFF",
        },
        node_attr={"fontname": FONT, "shape": "box", "margin": "0.16,0.09"},
        edge_attr={"fontname": FONT, "fontsize": "11", "arrowsize": "0.8"},
    )
    _boxes(dot, drawn, "")
    back = closing(drawn)
    anchors = {group.id: group for group in drawn.groups}
    for edge in drawn.edges:
        _arrow(dot, edge, anchors, edge.id in back)
    return str(dot.source)


def closing(drawn: Picture) -> dict[str, None]:
    """Return the ids of the arrows that close a loop, walking from the start in the order of the rules.

    >>> from flowagents.core.graph import Edge, Fan, Graph, Node
    >>> from flowagents.view.picture import picture
    >>> loop = Graph("g", "a", (Node("a", Fan(()), (Edge("b"),)), Node("b", Fan(()), (Edge("a"),))))
    >>> list(closing(picture(loop)))
    ['e2']
    """
    exits = {group.id: group.exit for group in drawn.groups}
    entries = {group.id: group.entry for group in drawn.groups}
    leads: dict[str, list[tuple[str, str]]] = {node.id: [] for node in drawn.nodes}
    for edge in drawn.edges:
        tail = exits.get(edge.tail, edge.tail)
        leads[tail].append((edge.id, entries.get(edge.head, edge.head)))
    return closing_steps(leads, leads)


def pipe(source: str, format: str) -> bytes | None:
    """Return dot text laid out by the program dot; None if that program is not there.

    >>> pipe("digraph { a }", "svg") is None or True
    True
    """
    import graphviz

    try:
        return bytes(graphviz.pipe("dot", format, source.encode(), quiet=True))
    except graphviz.ExecutableNotFound:
        return None


def version() -> str | None:
    """Return the version of the program dot; None if it is not there.

    >>> isinstance(version(), str | None)
    True
    """
    import graphviz

    try:
        return ".".join(str(number) for number in graphviz.version())
    except graphviz.ExecutableNotFound:
        return None


def _boxes(dot: graphviz.Digraph, drawn: Picture, group: str) -> None:
    """Write the boxes and groups that lie directly in a group."""
    for node in drawn.nodes:
        if node.group == group:
            _box(dot, node)
    for inner in drawn.groups:
        if inner.group == group:
            with dot.subgraph(name=f"cluster_{inner.id}", graph_attr=_group(inner)) as cluster:
                _boxes(cluster, drawn, inner.id)


def _group(group: PicGroup) -> dict[str, str]:
    """Return the attributes of a group."""
    look = GROUPS[group.kind]
    color = {"failed": "#B42318", "current": "#C2410C", "waiting": "#C2410C"}.get(group.mark, look.border)
    lines = [_span(group.title, INK, 13, bold=True), *(_span(line, SOFT, 10) for line in group.lines)]
    if group.note:
        lines.append(_span(group.note, color, 11, bold=True))
    return {
        "label": _html("<br/>".join(lines)),
        "style": "rounded,filled",
        "fillcolor": look.fill,
        "color": color,
        "margin": "14",
        "penwidth": "3" if group.mark else "1.2",
        "tooltip": _text(group.title),
        "id": group.id,
        "class": group.kind,
    }


def _box(dot: graphviz.Digraph, node: PicNode) -> None:
    """Write a box."""
    look = box_look(node)
    names = " ".join(part for part in (node.kind, node.mark) if part)
    common = {"id": node.id, "class": names, "color": look.border, "tooltip": _text(node.tooltip)}
    if node.kind == "start":
        dot.node(
            node.id,
            "",
            **common,
            shape="circle",
            style="filled",
            fillcolor=look.fill,
            width="0.2",
            fixedsize="true",
        )
        return
    dashed = ",dashed" if look.dashed else ""
    dot.node(
        node.id,
        _html(_label(node, look)),
        **common,
        style=f"rounded,filled{dashed}",
        fillcolor=look.fill,
        penwidth=f"{look.width:g}",
        peripheries="2" if node.kind in ("end", "exit") else "1",
    )


def _label(node: PicNode, look: BoxLook) -> str:
    """Return the lines of a box: its title, what it can do, and what a run did there."""
    soft = SOFT if look.text == INK else look.text
    lines = [_span(node.title, look.text, 14, bold=True)]
    lines += [_span(line, soft, 10.5) for line in node.lines]
    if node.counts:
        lines.append(_span(node.counts, BLUE if look.text == INK else look.text, 10.5, bold=True))
    if node.note:
        lines.append(_span(node.note, look.border, 11, bold=True))
    return "<br/>".join(lines)


def _arrow(dot: graphviz.Digraph, edge: PicEdge, anchors: dict[str, PicGroup], back: bool) -> None:
    """Write an arrow, turned round if it closes a loop; an arrow of a group is tied to a box inside."""
    look = arrow_look(edge)
    ends = {}
    tail, head = edge.tail, edge.head
    if tail in anchors:
        ends["lhead" if back else "ltail"] = f"cluster_{tail}"
        tail = anchors[tail].exit
    if head in anchors:
        ends["ltail" if back else "lhead"] = f"cluster_{head}"
        head = anchors[head].entry
    attributes = {
        **ends,
        "id": edge.id,
        "class": edge.style + (" taken" if edge.count else ""),
        "color": look.line,
        "penwidth": f"{look.width:g}",
        "style": "dashed" if look.dashed else "dotted" if look.dotted else "solid",
        "tooltip": _text(edge.tooltip or "then"),
    }
    label = _span(edge.label, look.text, 11) if edge.label else ""
    if edge.count:
        label = f"{label} {_span(f'{TIMES}{edge.count}', look.line, 11, bold=True)}".strip()
    if label:
        attributes["label"] = _html(f" {label} ")
        attributes["labeltooltip"] = _text(edge.tooltip or "then")
    if back:
        attributes["dir"] = "back"
    dot.edge(*((head, tail) if back else (tail, head)), **attributes)


def _heading(drawn: Picture) -> str:
    """Return the heading: title, limits, how a run ended, and what the signs mean."""
    lines = [_span(drawn.title, INK, 17, bold=True)]
    if drawn.lines:
        lines.append(_span(" · ".join(drawn.lines), SOFT, 12))
    if drawn.stop:
        lines.append(_span(drawn.stop, BLUE, 12, bold=True))
    if drawn.legend:
        lines.append(_span(" · ".join(drawn.legend), GREY, 10))
    return "<br/>".join(lines) + "<br/> "


def _span(text: str, color: str, size: float, *, bold: bool = False) -> str:
    """Return text in a colour and size, with everything escaped that has a meaning."""
    inner = html.escape(text).replace("\\", f"\\{JOINER}") or " "
    inner = f"<b>{inner}</b>" if bold else inner
    return f'<font color="{color}" point-size="{size:g}">{inner}</font>'


def _html(text: str) -> str:
    """Mark text as formatted."""
    return f"<{text}>"


def _text(text: str) -> str:
    """Return text that Graphviz takes as it stands; the space in front keeps it from being markup."""
    return " " + html.escape(text).replace("\\", f"\\\\{JOINER}")
