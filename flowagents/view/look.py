"""How boxes and arrows look, for every writer: colours, and what a run changes.

No meaning is carried by colour alone.
"""

from __future__ import annotations

from flowagents.core.value import value
from flowagents.view.model import PicEdge, PicNode

INK = "#1F2937"
SOFT = "#4B5563"
GREY = "#6B7280"
PALE = "#9CA3AF"
BLUE = "#0B57B0"
RED = "#B42318"
ORANGE = "#C2410C"


@value
class BoxLook:
    """Colours of a box, the width of its border, and whether that is dashed."""

    fill: str
    border: str
    text: str = INK
    width: float = 1.2
    dashed: bool = False


@value
class ArrowLook:
    """Colour, width and dashing of an arrow, and the colour of its label."""

    line: str
    text: str
    width: float = 1.2
    dashed: bool = False
    dotted: bool = False


BOXES = {
    "agent": BoxLook("#EAF1FC", "#3B5B8C"),
    "human": BoxLook("#FFF3D6", "#9A6700"),
    "model": BoxLook("#EAF1FC", "#3B5B8C"),
    "tool": BoxLook("#E5F4E8", "#2F6F43"),
    "function": BoxLook("#E5F4E8", "#2F6F43"),
    "code": BoxLook("#DFF3F1", "#1F6F69"),
    "graph": BoxLook("#F3EFFB", "#6D5BA8"),
    "end": BoxLook("#1F2937", "#1F2937", "#FFFFFF"),
    "exit": BoxLook("#EEF1F5", GREY),
    "start": BoxLook("#1F2937", "#1F2937", "#FFFFFF"),
}
PLAIN = BoxLook("#FFFFFF", GREY)
GROUPS = {
    "agent": BoxLook("#F7FAFF", "#3B5B8C"),
    "graph": BoxLook("#F8F6FD", "#6D5BA8"),
    "child": BoxLook("#FFFFFF", "#6D5BA8"),
}


def box_look(node: PicNode) -> BoxLook:
    """Return how a box looks.

    >>> box_look(PicNode("n0", "a", "agent", "a", mark="failed")).border == RED
    True
    """
    look = BOXES.get(node.kind, PLAIN)
    match node.mark:
        case "failed":
            return BoxLook("#FEECEA", RED, INK, 3)
        case "current" | "waiting":
            return BoxLook("#FFF7ED", ORANGE, INK, 3.5)
        case "missed":
            return BoxLook("#FFFFFF", PALE, GREY, 1.2, dashed=True)
        case "reached" if node.kind != "start":
            return BoxLook(look.fill, BLUE if node.kind != "end" else look.border, look.text, 2)
        case _:
            return look


def arrow_look(edge: PicEdge) -> ArrowLook:
    """Return how an arrow looks; in a run its width grows with its count, up to a limit.

    >>> arrow_look(PicEdge("e0", "n0", "n1", "rule", count=0)).dashed
    True
    """
    if edge.count is not None:
        if edge.count == 0:
            return ArrowLook(PALE, GREY, dashed=True)
        line = RED if edge.style == "failure" else BLUE
        return ArrowLook(line, INK, min(2.0 + 0.4 * edge.count, 5.0))
    match edge.style:
        case "failure" | "never":
            return ArrowLook(RED, RED, dashed=True)
        case "limit":
            return ArrowLook(SOFT, INK, dashed=True)
        case "needs":
            return ArrowLook("#6D5BA8", INK, dotted=True)
        case _:
            return ArrowLook(SOFT, INK)
