"""Who lays out dot text: the program dot, else the libraries in the wheel of pygraphviz, else nobody.

Nothing is ever asked over the network.
"""

from __future__ import annotations

import html
import re

from flowagents.errors import LayoutEngineMissing
from flowagents.view.dot import pipe, to_dot, version
from flowagents.view.model import Picture

MISSING = (
    "{format} was asked for, but neither the program dot nor the package pygraphviz was found. "
    "Do one of these: install Graphviz (Debian, Ubuntu: apt install graphviz; macOS: brew install graphviz; "
    "Windows: winget install graphviz), or pip install 'flowagents[viz]', which brings the engine along. "
    "Without either, the formats dot and mermaid work; GitHub and many editors show mermaid as a picture."
)


def render(drawn: Picture, format: str) -> bytes:
    """Return a picture laid out, as ``svg``, ``png`` or ``pdf``. Raises LayoutEngineMissing if nobody can.

    >>> from flowagents.core.graph import End, Graph, Node
    >>> from flowagents.view.picture import picture
    >>> try:
    ...     made = render(picture(Graph("g", "end", (Node("end", End()),))), "svg")
    ... except LayoutEngineMissing:
    ...     made = b"<svg"
    >>> made[:4]
    b'<svg'
    """
    source = to_dot(drawn)
    made = pipe(source, format)
    if made is None:
        made = _pipe_wheel(source, format)
    if made is None:
        raise LayoutEngineMissing(MISSING.format(format=format))
    return _svg(made.decode(), drawn).encode() if format == "svg" else made


def engine_name() -> str | None:
    """Return which engine would draw, with its version; None if there is none.

    >>> isinstance(engine_name(), str | None)
    True
    """
    found = version()
    if found is not None:
        return f"dot {found}"
    try:
        import pygraphviz
    except ImportError:
        return None
    return f"pygraphviz {pygraphviz.__version__}"


def _pipe_wheel(source: str, format: str) -> bytes | None:
    """Lay out with pygraphviz, which needs no program; None if it is not installed."""
    try:
        import pygraphviz
    except ImportError:
        return None
    return bytes(pygraphviz.AGraph(string=source).draw(format=format, prog="dot"))


def _svg(text: str, drawn: Picture) -> str:
    """Return the picture element alone, with a title, a description, and a spoken name for every part."""
    text = text[text.index("<svg") :]
    text = re.sub(r'<a xlink:title="[^"]*">\n?|</a>\n?|\s*xmlns:xlink="[^"]*"|<!--.*?-->\n?', "", text)
    names = {node.id: node.tooltip for node in drawn.nodes}
    names |= {edge.id: edge.tooltip for edge in drawn.edges} | {group.id: group.title for group in drawn.groups}

    def spoken(found: re.Match[str]) -> str:
        return f"{found[1]}<title>{html.escape(names.get(found[2]) or 'then')}</title>"

    text = re.sub(r'(<g id="(\w+)" class="[^"]*">\s*)<title>[^<]*</title>', spoken, text)
    text = re.sub(r"<title>flowagents</title>\n?", "", text)
    described = " · ".join(part for part in (*drawn.lines, drawn.stop) if part)
    head, rest = text.split(">", 1)
    title = f"<title>{html.escape(drawn.title)}</title><desc>{html.escape(described)}</desc>"
    return f'{head} role="img" aria-label="{html.escape(drawn.title)}">\n{title}{rest}'
