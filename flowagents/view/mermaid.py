"""Writes a picture as a Mermaid flowchart: plain text, no program needed, a picture on many sites."""

from __future__ import annotations

import json

from flowagents.view.look import GROUPS, BoxLook, arrow_look, box_look
from flowagents.view.model import PicEdge, PicGroup, PicNode, Picture
from flowagents.view.words import JOINER, TIMES

PLAIN_SIGNS = " ,:=≥≤\u00d7·…①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳▸▶⏸✖—?!()/"
SETTINGS = ("config:", "  flowchart:", "    wrappingWidth: 420")
"""A line of a box is as long as it is; Mermaid would break it."""
WIDE = str.maketrans("<>&", "\uff1c\uff1e\uff06")
"""The heading takes no numbers for signs; these stand for those that are markup there."""
BETWEEN_WORDS = "_-.'"
"""Signs that are safe between two letters or digits; elsewhere they may be markup."""


def to_mermaid(drawn: Picture) -> str:
    """Return a picture as Mermaid text; the same picture gives the same bytes.

    >>> from flowagents.core.graph import End, Graph, Node
    >>> from flowagents.view.picture import picture
    >>> "flowchart TD" in to_mermaid(picture(Graph("g", "end", (Node("end", End()),))))
    True
    """
    heading = " · ".join(part for part in (drawn.title, *drawn.lines, drawn.stop) if part)
    title = json.dumps(heading.translate(WIDE), ensure_ascii=False)
    lines = ["---", f"title: {title}", *SETTINGS, "---", "flowchart TD"]
    lines += [f"  accTitle: {_spoken(drawn.title)}"]
    lines += _boxes(drawn, "", "  ")
    lines += [_arrow(edge) for edge in drawn.edges]
    lines += [_style(node) for node in drawn.nodes]
    lines += [_group_style(group) for group in drawn.groups]
    lines += [_arrow_style(position, edge) for position, edge in enumerate(drawn.edges)]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return text with every sign that may mean something to Mermaid or Markdown written as a number.

    >>> escape('say "<b>" to max_turns')
    'say #34;#60;b#62;#34; to max_turns'
    """
    made = []
    for position, char in enumerate(text):
        between = 0 < position < len(text) - 1 and text[position - 1].isalnum() and text[position + 1].isalnum()
        plain = char.isalnum() or char in PLAIN_SIGNS or (between and char in BETWEEN_WORDS)
        made.append(char if plain else f"#{ord(char)};")
        # Mermaid looks for line breaks, formulas and icons after it has put the numbers back.
        if char in "\\$:" and position < len(text) - 1 and text[position + 1] != " ":
            made.append(JOINER)
    return "".join(made) or " "


def _boxes(drawn: Picture, group: str, indent: str) -> list[str]:
    """Return the lines of the boxes and groups that lie directly in a group."""
    lines = [indent + _box(node) for node in drawn.nodes if node.group == group]
    for inner in drawn.groups:
        if inner.group == group:
            title = " · ".join(escape(line) for line in (inner.title, *inner.lines, inner.note) if line)
            lines.append(f'{indent}subgraph {inner.id}["{title}"]')
            lines += _boxes(drawn, inner.id, indent + "  ")
            lines.append(f"{indent}end")
    return lines


def _box(node: PicNode) -> str:
    """Return the line of a box."""
    if node.kind == "start":
        return f'{node.id}(("start"))' if not node.group else f'{node.id}((" "))'
    text = _joined(node.title, node.lines, (node.counts, node.note))
    left, right = {"end": ("([", "])"), "exit": ("([", "])")}.get(node.kind, ("(", ")"))
    return f'{node.id}{left}"{text}"{right}'


def _joined(title: str, lines: tuple[str, ...], more: tuple[str, ...]) -> str:
    """Return the lines of a box as one label."""
    return "<br/>".join([f"<b>{escape(title)}</b>", *(escape(line) for line in (*lines, *more) if line)])


def _arrow(edge: PicEdge) -> str:
    """Return the line of an arrow."""
    look = arrow_look(edge)
    sign = "-.->" if look.dashed or look.dotted else "==>" if edge.count else "-->"
    text = f"{edge.label} {TIMES}{edge.count}".strip() if edge.count else edge.label
    label = f'|"{escape(text)}"|' if text else ""
    return f"  {edge.tail} {sign}{label} {edge.head}"


def _style(node: PicNode) -> str:
    """Return the line with the colours of a box."""
    return f"  style {node.id} {_colours(box_look(node))}"


def _group_style(group: PicGroup) -> str:
    """Return the line with the colours of a group."""
    return f"  style {group.id} {_colours(GROUPS[group.kind])}"


def _colours(look: BoxLook) -> str:
    """Return colours the way Mermaid takes them."""
    dashes = ",stroke-dasharray:4 3" if look.dashed else ""
    return f"fill:{look.fill},stroke:{look.border},color:{look.text},stroke-width:{look.width:g}px{dashes}"


def _arrow_style(position: int, edge: PicEdge) -> str:
    """Return the line with colour and width of an arrow."""
    look = arrow_look(edge)
    return f"  linkStyle {position} stroke:{look.line},stroke-width:{look.width:g}px,color:{look.text}"


def _spoken(text: str) -> str:
    """Return text for the accessible title, which is one line and takes no escapes."""
    return "".join(char for char in text if char.isalnum() or char in " ,.-_&'") or "flow"
