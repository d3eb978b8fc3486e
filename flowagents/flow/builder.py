"""The builder of code graphs: verbs that note nodes and ways, and ``build``, which refuses what is wrong."""

from __future__ import annotations

from typing import Self, cast

from flowagents.adapters.human import TerminalHuman
from flowagents.core.check import check
from flowagents.core.faults import Finding, nearest
from flowagents.core.limits import Limits
from flowagents.errors import GraphError
from flowagents.flow.code_graph import CodeGraph, Inside
from flowagents.flow.conditions import END, Case, Target
from flowagents.flow.nodes import Function, NodeLike, Parts, describe, name_of, parts_of
from flowagents.patterns.code_graph import Route, code_graph

FAULTS = {
    "F101": "a node has no name",
    "F102": "no node starts the flow",
    "F103": "two nodes share a name",
    "F104": "a switch has no default as its last rule",
    "F105": "ways leave a node that is not there",
    "F106": "nodes of a flow and of a flow inside it share what should be their own",
    "F107": "something cannot be a node",
}
"""The codes of what only the builder can find; the others are in ``core.faults``."""


class Flow:
    """A code graph in the making. Every verb returns the flow itself; ``build`` returns what can be run.

    Every node says one message per visit, into one thread that all of them hear. A function is a node by its
    own name: it gets the text of the newest message and returns a text, or a dict with ``content``. Agents,
    ``human(...)``, another built flow and ``subgraph(...)`` are nodes too. A node may also be given by its
    name.

    >>> from flowagents.flow import END, contains, default, visits, when
    >>> def write(text):
    ...     return text + "."
    >>> def judge(text):
    ...     return "good" if text.endswith("...") else text
    >>> flow = (
    ...     Flow("dots")
    ...     .start(write)
    ...     .edge(write, judge)
    ...     .switch(
    ...         judge,
    ...         when(contains("good")) >> END("good"),
    ...         when(visits(write) < 5) >> write,
    ...         default >> END("bad"),
    ...     )
    ...     .build()
    ... )
    >>> flow.run("hm").path
    ('write', 'judge', 'write', 'judge', 'write', 'judge', 'good')
    """

    def __init__(self, name: str) -> None:
        """Begin a flow; its name is also that of its thread."""
        self.name = name
        self._start: str | None = None
        self._nodes: dict[str, NodeLike] = {}
        self._routes: dict[str, list[Route]] = {}
        self._ends: dict[str, None] = {}
        self._limits = Limits()
        self._found: list[Finding] = []

    # -- the verbs

    def start(self, node: NodeLike) -> Self:
        """Say which node hears the input of a run.

        >>> Flow("loud").start("shout").name
        'loud'
        """
        self._start = self._name(node)
        return self

    def node(self, name: str, function: Function) -> Self:
        """Name a function, for one that has no name of its own or is to be known by another.

        >>> from flowagents.flow import END
        >>> flow = Flow("loud").node("shout", lambda text: text.upper()).start("shout").edge("shout", END()).build()
        >>> flow.run("hm").result["content"]
        'HM'
        """
        self._add(name, function)
        return self

    def edge(self, source: NodeLike, target: Target) -> Self:
        """Lead from one node to another, or to an end, always.

        >>> Flow("loud").edge("shout", END("shouted")).name
        'loud'
        """
        self._lead(source, Route(self._target(target)))
        return self

    def switch(self, source: NodeLike, *cases: Case) -> Self:
        """Lead on by rules that are tried in order; the last one must be ``default >> target``.

        A rule that asks for no exit counts only if the node has said something. Where an agent ends without a
        word (``ended``, ``limit``, ``left``, ``silent``) and no rule asks for that with ``exited``, the flow
        ends there too.

        >>> from flowagents.flow import contains, default, when
        >>> Flow("loud").switch("judge", when(contains("good")) >> END("good"), default >> "shout").name
        'loud'
        """
        name = self._name(source)
        if not cases or any((case.guard is None) != (case is cases[-1]) for case in cases):
            text = f"the last rule of the switch at {name!r}, and no other, should be the default"
            self._fault("F104", name, text, "end it with default >> target")
        for case in cases:
            self._lead(name, Route(self._target(case.target), case.guard))
        return self

    def on_failure(self, source: NodeLike, target: Target) -> Self:
        """Lead on after a failure of the node, which would end the run otherwise.

        >>> Flow("loud").on_failure("shout", END("hoarse")).name
        'loud'
        """
        self._lead(source, Route(self._target(target), on="failure"))
        return self

    def limits(self, *, moves_max: int | None = None, seconds_max: float | None = None) -> Self:
        """Limit a run: the edges it may take, those inside an agent's reply included, and its seconds.

        >>> Flow("loud").limits(moves_max=30, seconds_max=60).name
        'loud'
        """
        moves = Limits().moves_max if moves_max is None else moves_max
        self._limits = Limits(moves_max=moves, seconds_max=seconds_max)
        return self

    def build(self) -> CodeGraph:
        """Return the flow, checked and ready to run. Raises GraphError with everything that is wrong with it.

        >>> from flowagents.flow import END
        >>> def write(text):
        ...     return text
        >>> Flow("stuck").start(write).edge("writer", write).edge(write, END()).build()
        Traceback (most recent call last):
        flowagents.errors.GraphError: graph 'stuck' has 1 fault(s):
          F105 at 'writer': ways leave 'writer', which is no node; did you mean 'write'?
        """
        found = [*self._found, *self._missing()]
        terminal = TerminalHuman()
        parts = {name: parts_of(node, name, self.name, terminal) for name, node in self._nodes.items()}
        found += self._shared(parts)
        routes = {name: tuple(routes) for name, routes in self._routes.items()}
        speakers = [part.speaker for part in parts.values()]
        start = self._start if self._start is not None else next(iter(parts), "")
        graph = code_graph(self.name, start, speakers, routes, self._ends, self._limits)
        if parts:
            found += check(graph)
        errors = tuple(finding for finding in found if finding.severity == "error")
        if errors:
            raise GraphError(self.name, errors)
        threads = [self.name, *(thread for part in parts.values() for thread in part.threads)]
        origins = {at: one for part in parts.values() for at, one in part.origins.items()}
        return CodeGraph(
            graph,
            {at: performer for part in parts.values() for at, performer in part.bindings.items()},
            {key: item for part in parts.values() for key, item in part.memory.items()},
            inside=Inside(tuple(self._ends), tuple(dict.fromkeys(threads)), origins),
            warnings=tuple(found),
        )

    # -- names

    def _target(self, target: Target) -> str:
        """Return the name of where a way leads, and note the node or the end."""
        if target is END:
            target = END()
        if isinstance(target, END):
            self._ends[target.name] = None
            return target.name
        return self._name(cast("NodeLike", target))  # the class END itself is gone by now

    def _name(self, node: NodeLike) -> str:
        """Return the name of a node, and note the node; a text only refers to one."""
        if isinstance(node, str):
            return node
        for name, known in self._nodes.items():
            if known is node:
                return name
        own = name_of(node)
        if own is None:
            own = f"node {len(self._nodes) + 1}"
            if callable(node):
                fix = "name it with Flow.node(name, function)"
                self._fault("F101", own, f"{describe(node)} has no name", fix)
            else:
                fix = "give a function, an agent, human(...), a built flow or the name of a node"
                self._fault("F107", own, f"{node!r:.80} cannot be a node", fix)
                node = str
        self._add(own, node)
        return own

    def _add(self, name: str, node: NodeLike) -> None:
        """Note a node under its name."""
        known = self._nodes.setdefault(name, node)
        if known is not node and known != node:
            text = f"{describe(known)} and {describe(node)} are both called {name!r}"
            self._fault("F103", name, text, "rename one of them")

    def _lead(self, source: NodeLike, route: Route) -> None:
        """Note a way out of a node."""
        self._routes.setdefault(self._name(source), []).append(route)

    # -- faults

    def _fault(self, code: str, node: str, text: str, fix: str) -> None:
        """Note a finding, once."""
        finding = Finding(code, self.name, node, None, text, fix)
        if finding not in self._found:
            self._found.append(finding)

    def _missing(self) -> list[Finding]:
        """Return what is missing: a start, and the nodes that ways leave."""
        found = []
        if self._start is None or not self._nodes:
            text, fix = "no node starts the flow", "add .start(node)"
            found.append(Finding("F102", self.name, "", None, text, fix))
        for name in self._routes:
            if name not in self._nodes:
                text = f"ways leave {name!r}, which is no node"
                found.append(Finding("F105", self.name, name, None, text, nearest(name, self._nodes)))
        return found

    def _shared(self, parts: dict[str, Parts]) -> list[Finding]:
        """Return the threads and places that this flow and those inside it have in common by mistake."""
        found, origins = [], dict[str, object]()
        for name, part in parts.items():
            if self.name in part.threads:
                text = f"a flow called {self.name!r} is inside a flow of that name"
                found.append(Finding("F106", self.name, name, None, text, "rename one of them"))
            for at, origin in part.origins.items():
                if origins.setdefault(at, origin) is not origin and origins[at] != origin:
                    text = f"{describe(origins[at])} and {describe(origin)} are both to perform {at!r}"
                    found.append(Finding("F106", self.name, name, None, text, "rename one of the nodes"))
        return found
