"""Random small graphs and scripts for Hypothesis: what the laws of the engine are tried on.

Needs the package hypothesis, which nothing else here imports. Every graph made is sound: all nodes can be reached, an
end can be reached from each, and every loop has a limit. Runs of it may still fail, get stuck or reach a limit. Graphs
are read off a text of random bytes, 0 being the simplest choice: that shrinks well, and is ten times as fast as
drawing each choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from zlib import crc32

from hypothesis import strategies as st

from flowagents.core.effects import Effect, Name, name_text
from flowagents.core.graph import (
    Act,
    Call,
    Child,
    Compute,
    Edge,
    End,
    Fan,
    Graph,
    Node,
    Part,
    Work,
    inner_graphs,
)
from flowagents.core.guards import (
    AtLeast,
    Carries,
    Contains,
    EndsWith,
    Exited,
    Guard,
    Has,
    Is,
    Remembers,
    Says,
    VisitsAtLeast,
)
from flowagents.core.limits import Limits
from flowagents.core.value import value
from flowagents.testing.rules import (
    AppendTo,
    AskPlace,
    CountUp,
    Increment,
    KeepAnswer,
    Refuse,
    Remember,
    RememberMore,
    SetRegister,
)

T = TypeVar("T")
BYTES = 256
"""How many choices one graph is made of, a byte each; where they are used up, the simplest is chosen."""
TAGS = ("a", "b", "c", "d")
"""What the register ``tag`` may hold; a node with an edge for each of them finds its way through a table."""
COPIES = ("tag", "items", "answer")
"""The registers that children get from their parent."""
REFUSED = "refused"
"""The answer that a node with a take may fail on."""

ANSWERS: tuple[Any, ...] = (
    "a",
    "b",
    "c",
    "d done",
    1,
    2.5,
    True,
    None,
    [],
    ["a"],
    ["b", 2, None],
    {"content": "done"},
    {"content": None, "calls": [1]},
    REFUSED,
)
ANSWERED: tuple[Guard, ...] = (Contains("answer", "a"), Says("answer", "b"), Is("answer", None), AtLeast("answer", 2))
"""Guards that different answers decide differently."""
LEAVES: tuple[Guard, ...] = (
    Is("tag", "a"),
    Is("tag", "b"),
    Has("answer"),
    Has("trail"),
    AtLeast("count", 2),
    AtLeast("answer", 1),
    Contains("answer", "a"),
    Says("answer", "done"),
    EndsWith("answer", "done"),
    Carries("answer", "calls"),
    Remembers(("flag", "x")),
    Remembers(("count", "x")),
)
SAFE_RULES = (
    SetRegister("tag", "a"),
    SetRegister("tag", "b"),
    SetRegister("tag", "d"),
    SetRegister("items", ["p", "q"]),
    AppendTo("trail", "step"),
    AppendTo("items", "r"),
    Increment("count"),
)
MEMORY_RULES = (
    Remember(("flag", "x"), True),
    Remember(("flag", "x"), False),
    RememberMore(("typed", "x"), "answer"),
    RememberMore(("notes", "x"), "count"),
    CountUp(("count", "x")),
)


@value
class Script:
    """What the world answers, by nothing but the name and place of an effect; ``failing`` of 100 effects fail.

    >>> script = Script(7)
    >>> script.answer(((), 1), "n0") == script.answer(((), 1), "n0")
    True
    """

    seed: int
    failing: int = 0

    def answer(self, name: Name, at: str) -> Any:
        """Return the answer of an effect. Raises Scripted where the script says that it fails.

        >>> Script(1, failing=100).answer(((), 1), "n0")
        Traceback (most recent call last):
        ...
        flowagents.testing.strategies.Scripted: 1 at n0
        """
        chance = crc32(f"{self.seed}:{name_text(name)}:{at}".encode("ascii"))
        if chance % 100 < self.failing:
            raise Scripted(f"{name_text(name)} at {at}")
        return ANSWERS[chance // 100 % len(ANSWERS)]

    def perform(self, effect: Effect, ticket: Any) -> Any:
        """Perform an effect; bind it at every place.

        >>> Script(1).perform.__name__
        'perform'
        """
        return self.answer(ticket.name, effect.at)


class Scripted(Exception):
    """A script says that an effect fails."""


@value
class World:
    """A graph, the script it runs on and the registers it starts with."""

    graph: Graph
    script: Script
    data: Mapping[str, Any]


def scripts(*, failures: bool = True) -> st.SearchStrategy[Script]:
    """Make scripts; with ``failures``, about half of them fail some effects.

    >>> scripts(failures=False)
    binary(min_size=2, max_size=2).map(lambda raw: _Maker(raw, failures=failures).script())
    """
    return st.binary(min_size=2, max_size=2).map(lambda raw: _Maker(raw, failures=failures).script())


def guards(nodes: tuple[str, ...] = ()) -> st.SearchStrategy[Guard]:
    """Make guards, some composed; they may ask for visits of ``nodes``.

    >>> guards(("n0",))
    binary(min_size=3, max_size=3).map(lambda raw: _Maker(raw).guard(nodes))
    """
    return st.binary(min_size=3, max_size=3).map(lambda raw: _Maker(raw).guard(nodes))


def graphs(
    *, failures: bool = True, parallel: bool = True, depth: int = 3, seconds: bool = False
) -> st.SearchStrategy[Graph]:
    """Make sound graphs; see ``worlds`` for the options.

    >>> isinstance(graphs(depth=1), st.SearchStrategy)
    True
    """

    def made(raw: bytes) -> Graph:
        return _Maker(raw, failures=failures, parallel=parallel, seconds=seconds).graph("g", depth)

    return st.binary(min_size=BYTES, max_size=BYTES).map(made)


def worlds(
    *, failures: bool = True, parallel: bool = True, depth: int = 3, seconds: bool = False
) -> st.SearchStrategy[World]:
    """Make graphs with scripts and registers.

    ``failures`` allows effects and rules to fail, ``parallel`` allows several children at once, ``depth`` is how deep
    graphs lie in each other, ``seconds`` allows a limit of time.

    >>> isinstance(worlds(parallel=False), st.SearchStrategy)
    True
    """

    def made(raw: bytes) -> World:
        return world_from_bytes(raw, failures=failures, parallel=parallel, depth=depth, seconds=seconds)

    return st.binary(min_size=BYTES, max_size=BYTES).map(made)


def world_from_bytes(
    raw: bytes, *, failures: bool = True, parallel: bool = True, depth: int = 3, seconds: bool = False
) -> World:
    """Read a world off bytes; the same bytes always give the same world.

    >>> world_from_bytes(b"").graph.start
    'n0'
    """
    maker = _Maker(raw, failures=failures, parallel=parallel, seconds=seconds)
    script, data = maker.script(), maker.registers()
    return World(maker.graph("g", depth), script, data)


class _Maker:
    """Reads graphs and scripts off a text of bytes."""

    def __init__(self, raw: bytes, *, failures: bool = True, parallel: bool = True, seconds: bool = False) -> None:
        self.rest = iter(raw)
        self.failures = failures
        self.parallel = parallel
        self.seconds = seconds

    def below(self, count: int) -> int:
        """Choose a number below ``count``."""
        return next(self.rest, 0) % count

    def of(self, options: Sequence[T]) -> T:
        """Choose one of the options."""
        return options[self.below(len(options))]

    def chance(self, count: int) -> bool:
        """Choose true once in ``count`` times."""
        return self.below(count) == count - 1

    def script(self) -> Script:
        """Make a script."""
        return Script(next(self.rest, 0), self.of((0, 0, 5, 20)) if self.failures else 0)

    def registers(self) -> dict[str, Any]:
        """Make what a run starts with."""
        items: tuple[list[Any], ...] = ([], ["i"], ["i", "j", 3], ["i", "j"])
        return {"tag": self.of(TAGS), "items": self.of(items)}

    def guard(self, nodes: tuple[str, ...]) -> Guard:
        """Make a guard; compound once in three times."""
        leaves = ANSWERED + LEAVES + tuple(VisitsAtLeast(node, 2) for node in nodes)
        first, shape = self.of(leaves), self.below(9)
        if shape == 6:
            return ~first
        if shape == 7:
            return first & self.of(leaves)
        if shape == 8:
            return first | ~self.of(leaves)
        return first

    def limits(self) -> Limits:
        """Make limits, some of them small enough to be reached."""
        if not self.chance(4):
            return Limits(moves_max=30, quiet_moves_max=25, depth_max=5)
        return Limits(
            moves_max=1 + self.below(14),
            quiet_moves_max=1 + self.below(8),
            children_max=1 + self.below(3),
            depth_max=1 + self.below(4),
            seconds_max=self.of((None, 2.0, 6.0)) if self.seconds else None,
        )

    def graph(self, name: str, depth: int, *, part: bool = False) -> Graph:
        """Make a graph; one that is spelled out in place has no limits of its own."""
        count = self.below(3) + (2 if depth == 3 else 1)
        names = tuple(f"n{number}" for number in range(count))
        ends = ("done", "left")[: 1 + self.below(2)]
        nodes = []
        for position, node in enumerate(names):
            work = self.work(f"{name}.{node}", depth)
            later = (*names[position + 1 :], *ends)
            edges = self.exits(work, later)
            if position == len(names) - 1:
                edges += [Edge(end, self.guard(names)) for end in ends[1:]]
            edges += [*self.ways(names, later, position), *self.rescues(later)]
            nodes.append(Node(node, work, _first_of_each(edges)))
        stops = {
            "done": End(gives=self.of((None, "answer", "trail", "results"))),
            "left": End(rule="left early"),
        }
        nodes += [Node(end, stops[end], kind="end") for end in ends]
        return Graph(name, names[0], tuple(nodes), Limits() if part else self.limits())

    def ways(self, names: tuple[str, ...], later: tuple[str, ...], position: int) -> list[Edge]:
        """Make edges to take after success: some guarded, at most one back, mostly a last one that is always open."""
        if self.chance(8) and position < len(names) - 1:
            return [Edge(self.of(later) if tag != "a" else later[0], Is("tag", tag)) for tag in TAGS]
        edges = []
        if self.chance(3):
            edges.append(Edge(self.of(later), self.guard(names)))
        if self.chance(3):
            back, guard = self.of(names[: position + 1]), self.guard(names)
            edges.append(Edge(back, guard if self.chance(4) else ~VisitsAtLeast(back, 3) & guard))
        stuck = self.failures and self.chance(16)
        return [*edges, Edge(later[0], AtLeast("count", 0) & self.guard(names) if stuck else None)]

    def rescues(self, later: tuple[str, ...]) -> list[Edge]:
        """Make edges that are looked at after a failure."""
        if not self.chance(2):
            return []
        options: tuple[Guard | None, ...] = (None, Is("failed", "error"), ~Is("failed", "limit"))
        return [Edge(self.of(later), self.of(options), "failure")]

    def exits(self, work: Work, later: tuple[str, ...]) -> list[Edge]:
        """Make edges that ask by which end an inner graph ended."""
        if not isinstance(work, (Part, Call)) or not self.chance(2):
            return []
        if isinstance(work, Call) and work.over is not None:
            return []
        ends = [node.name for node in work.graph.nodes if isinstance(node.does, End)]
        asked = Exited(self.of(ends))
        options: tuple[Guard, ...] = (asked, asked, asked, ~asked, asked & LEAVES[0], asked | LEAVES[1])
        return [Edge(self.of(later) if len(ends) > 1 else later[0], self.of(options))]

    def work(self, at: str, depth: int) -> Work:
        """Make what a node does: a rule or an effect mostly, an inner graph where depth is left."""
        kinds = ["compute", "compute", "act", "act", "act"]
        if depth > 1:
            kinds += ["part", "call"] + ["over", "fan", "fan"] * self.parallel
        kind = self.of(kinds)
        if kind == "compute":
            return self.compute()
        if kind == "act":
            return self.act(at)
        if kind == "fan":
            return self.fan(at, depth)
        inner = self.graph(at, depth - 1, part=kind == "part")
        if kind == "part":
            return Part(inner)
        over = self.of(("items", "items", "items", "answer")) if kind == "over" else None
        return Call(inner, over=over, copies=COPIES)

    def compute(self) -> Compute:
        """Make a rule; a few fail."""
        if self.failures and self.chance(16):
            return Compute(Refuse())
        return Compute(self.of(self.of((SAFE_RULES, MEMORY_RULES))))

    def act(self, at: str) -> Act:
        """Make an effect; some answers are taken into another register, where some are refused."""
        registers = self.of(((), ("tag", "count")))
        ask = AskPlace(at, registers, self.of((None, None, None, "terminal")))
        takes = (None, KeepAnswer("answer"), KeepAnswer("kept"))
        return Act(ask, self.of(takes) if self.failures else None)

    def fan(self, at: str, depth: int) -> Fan:
        """Make a Fan of children that need some of those made before them, listed forwards or backwards."""
        children: list[Child] = []
        for number in range(1 + self.below(3)):
            needs = tuple(child.name for child in children if self.chance(2))
            inner = self.graph(f"{at}.c{number}", depth - 1)
            children.append(Child(f"c{number}", inner, needs, {"count": number}))
        return Fan(tuple(children[::-1] if self.chance(2) else children), copies=COPIES)


def _first_of_each(edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """Return the edges without those that have the guard of an earlier one."""
    found: dict[tuple[str, Guard | None], Edge] = {}
    for edge in edges:
        found.setdefault((edge.on, edge.when), edge)
    return tuple(found.values())


def effect_places(graph: Graph) -> Iterator[str]:
    """Yield the ``at`` of every effect that a graph of ours, or one inside it, can ask for.

    >>> list(effect_places(Graph("g", "n", (Node("n", Act(AskPlace("there"))),))))
    ['there']
    """
    for node in graph.nodes:
        if isinstance(node.does, Act) and isinstance(node.does.ask, AskPlace):
            yield node.does.ask.at
        for inner in inner_graphs(node):
            yield from effect_places(inner)


__all__ = [
    "Script",
    "Scripted",
    "World",
    "effect_places",
    "graphs",
    "guards",
    "scripts",
    "world_from_bytes",
    "worlds",
]
