"""The faults a graph can have: their codes, and how one is said. They are found elsewhere, by ``check``."""

from __future__ import annotations

from collections.abc import Iterable

from flowagents.core.value import value

FAULTS = {
    "F001": "the start is no node of the graph",
    "F002": "an edge leads to no node of the graph",
    "F003": "two nodes of one graph share a name",
    "F004": "a node can never be entered",
    "F005": "a node is no end and has no edge to leave it by",
    "F006": "from some nodes no end can be reached",
    "F007": "an edge stands behind one that is always taken",
    "F008": "a node may come to rest because none of its guards holds",
    "F009": "a guard asks for an end that its node does not have",
    "F010": "an end of an inner graph leads nowhere",
    "F011": "a loop has neither an effect nor a limit",
    "F012": "two edges of one node have the same guard",
    "F013": "a child needs another that is not there",
    "F014": "children need each other in a circle",
    "F015": "two children of one node share a name",
    "F016": "a limit is not positive",
    "F017": "a guard counts the visits of no node of the graph",
    "F018": "none of the ends of an inner graph leads to an edge",
    "F019": "the graph has no end",
    "F020": "a name is empty or has a slash in it",
    "F021": "an edge is followed neither after success nor after a failure",
    "F022": "an end has edges",
    "F023": "a node that runs children has none",
    "F024": "limits stand where they do not count",
}
"""Every code and what it stands for. A code is never given another meaning."""

WARNINGS = frozenset({"F008", "F018", "F023", "F024"})
"""The codes of what is odd and yet runs."""


@value
class Finding:
    """A fault of a graph: what was found, and what to do.

    ``graph`` names the graph that was checked, ``node`` is the place of the node, "" for the graph itself.
    ``edge`` is the position of the edge among the node's edges.
    """

    code: str
    graph: str
    node: str
    edge: int | None
    text: str
    fix: str

    @property
    def severity(self) -> str:
        """``error``, or ``warning`` for what is odd and yet runs."""
        return "warning" if self.code in WARNINGS else "error"

    def __str__(self) -> str:
        """Say the finding in one line."""
        where = f" at {self.node!r}" if self.node else ""
        edge = "" if self.edge is None else f", edge {self.edge + 1}"
        odd = " (warning)" if self.code in WARNINGS else ""
        return f"{self.code}{odd}{where}{edge}: {self.text}; {self.fix}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name was meant, or which there are.

    >>> nearest("critc", ["writer", "critic"])
    "did you mean 'critic'?"
    >>> nearest("x", ["writer", "critic"])
    "there are 'writer', 'critic'"
    """
    from difflib import get_close_matches

    names = list(known)
    close = get_close_matches(name, names, 1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(map(repr, names[:10])) or 'none'}"
