"""A code graph as a graph: speakers who say one message per visit into one thread, routes between them.

A function or a human is one node. An agent is its reply procedure, spelled out in place. A graph is called as
a child, and what it came to is said. Who hears what: everybody hears everything; guards look at the newest
message, in the register ``heard``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flowagents.core.effects import AskHuman, Invoke
from flowagents.core.events import Failure
from flowagents.core.graph import Act, Call, Compute, Edge, End, Graph, Node, Part, Work
from flowagents.core.guards import Either, Exited, Guard, exits_of, settle_exit, text_of
from flowagents.core.limits import Limits
from flowagents.core.task import Task
from flowagents.core.thread import Thread
from flowagents.core.value import value
from flowagents.patterns import keys
from flowagents.patterns.pair import ENDINGS, exits
from flowagents.patterns.takes import value_of
from flowagents.patterns.talk import Say, view_of

INPUT = "input"
"""The node where a code graph begins, and the author of what it begins with."""


# -- rules


@value
class Begin:
    """Begin the thread of a code graph with what is ``heard``: the input of a run, or of a caller.

    The thread is new, and ``agents`` have not yet gone on by themselves in it.
    """

    thread: str
    agents: tuple[str, ...] = ()

    def __call__(self, task: Task) -> Failure | None:
        """Change thread, counters and registers."""
        memory = task.memory
        memory[keys.thread(self.thread)] = Thread()
        for agent in self.agents:
            memory[keys.count(agent, self.thread)] = 0
            memory.pop(keys.since(agent, self.thread), None)
            memory.pop(keys.edits(agent, self.thread), None)
        return _say(task, INPUT, self.thread, task.data.get("heard"))


@value
class AskWithText:
    """Ask a function of the user, bound at ``at``, what it says to the text of the newest message."""

    at: str

    def __call__(self, task: Task) -> Invoke:
        """Return the effect."""
        return Invoke(self.at, None, {"text": text_of(task.data.get("heard"))})


@value
class AskPerson:
    """Ask the human called ``name`` what to say; the effect shows what it sees of the thread."""

    name: str
    thread: str
    prompt: str

    def __call__(self, task: Task) -> AskHuman:
        """Return the effect."""
        return AskHuman(f"{self.name}/human", self.name, self.prompt, view_of(task, self.name, self.thread))


@value
class SayAnswer:
    """Say what a function of the user returned."""

    author: str
    thread: str

    def __call__(self, task: Task, answer: object) -> Failure | None:
        """Change thread and registers."""
        return _say(task, self.author, self.thread, value_of(task, answer))


@value
class SayTyped:
    """Say what a human typed, and keep it."""

    author: str
    thread: str

    def __call__(self, task: Task, answer: object) -> Failure | None:
        """Change thread, registers and typed texts."""
        key = keys.typed(self.author)
        task.memory[key] = (*task.memory.get(key, ()), answer)
        return _say(task, self.author, self.thread, answer)


@value
class SayResult:
    """Say what a called graph gave, in the register ``result``, under the caller's name."""

    author: str
    thread: str

    def __call__(self, task: Task) -> Failure | None:
        """Change thread and registers."""
        return _say(task, self.author, self.thread, task.data.get("result"))


def _say(task: Task, author: str, thread: str, message: object) -> Failure | None:
    """Say a message as one of ``author``, whoever said it first."""
    task.data["why"] = None
    if isinstance(message, dict):
        message = {key: item for key, item in message.items() if key != "name"}
    task.data["message"] = message
    return Say(author, thread)(task)


# -- speakers


@value
class Speaker:
    """Somebody who says one message whenever visited.

    Where the work has exits, it has said something at those in ``spoken``; the others end the whole graph
    unless a route asks for them. ``thread`` is the thread of the code graph it was made for.
    """

    name: str
    does: Work
    kind: str
    thread: str
    spoken: tuple[str, ...] = ()
    title: str = ""
    notes: tuple[str, ...] = ()


def function_speaker(name: str, thread: str) -> Speaker:
    """Return a speaker whose words a function of the user gives, bound at ``name/function``.

    >>> function_speaker("shout", "talk").kind
    'function'
    """
    return Speaker(name, Act(AskWithText(f"{name}/function"), SayAnswer(name, thread)), "function", thread)


def human_speaker(name: str, thread: str, prompt: str) -> Speaker:
    """Return a speaker whose words a human types, bound at ``name/human``.

    >>> human_speaker("editor", "talk", "Your text: ").kind
    'human'
    """
    return Speaker(name, Act(AskPerson(name, thread, prompt), SayTyped(name, thread)), "human", thread)


def agent_speaker(name: str, thread: str, reply: Graph, kind: str = "agent") -> Speaker:
    """Return a speaker who replies by the procedure ``reply``, which says its reply itself.

    >>> from flowagents.patterns.agent import Setting, reply_graph
    >>> from flowagents.patterns.spec import AgentSpec
    >>> agent_speaker("bot", "talk", reply_graph(AgentSpec("bot", ()), Setting("talk", "talk"))).spoken
    ('said',)
    """
    spoken = tuple(name for name in exits(reply) if name == "said")
    return Speaker(name, Part(reply), kind, thread, spoken, reply.title, reply.notes)


def graph_speaker(name: str, thread: str, graph: Graph, spoken: Iterable[str] | None = None) -> Speaker:
    """Return a speaker who runs ``graph`` as a child and says its result at the ends ``spoken``, or at all.

    >>> graph = Graph("inner", "done", (Node("done", End(gives="heard")),))
    >>> [node.name for node in graph_speaker("review", "talk", graph).does.graph.nodes]
    ['run', 'say done', 'done']
    """
    ends = exits(graph)
    said = tuple(ends) if spoken is None else tuple(end for end in ends if end in set(spoken))
    leads = {end: f"say {end}" if end in said else end for end in ends}
    run = Node("run", Call(graph, into="result", copies=("heard",)), _fork(leads), "graph", graph.title)
    saying = [Node(f"say {end}", Compute(SayResult(name, thread)), (Edge(end),)) for end in said]
    closing = [Node(end, graph.node(end).does, kind="end") for end in ends]
    inside = Graph(name, "run", (run, *saying, *closing), title=graph.title or graph.name)
    return Speaker(name, Part(inside), "graph", thread, said, graph.title or graph.name, graph.notes)


def _fork(leads: Mapping[str, str]) -> tuple[Edge, ...]:
    """Return an edge for each end of a called graph; without a guard if there is only one."""
    if len(leads) == 1:
        return tuple(Edge(to) for to in leads.values())
    return tuple(Edge(to, Exited(end)) for end, to in leads.items())


# -- the graph


@value
class Route:
    """A way from a speaker on: where to, when (None: in all other cases), and after what.

    A guard that asks for no exit counts only where the speaker has said something. ``on`` is ``done`` or
    ``failure``.
    """

    to: str
    when: Guard | None = None
    on: str = "done"


def code_graph(
    name: str,
    start: str,
    speakers: Iterable[Speaker],
    routes: Mapping[str, tuple[Route, ...]],
    ends: Iterable[str],
    limits: Limits | None = None,
) -> Graph:
    """Return the graph of a conversation that ``start`` begins; ``routes`` go by the speaker they leave.

    >>> routes = {"shout": (Route("done"),)}
    >>> graph = code_graph("talk", "shout", [function_speaker("shout", "talk")], routes, ["done"])
    >>> [(node.name, node.kind) for node in graph.nodes]
    [('input', 'step'), ('shout', 'function'), ('done', 'end')]
    """
    speakers = tuple(speakers)
    agents = tuple(one.name for one in speakers if isinstance(one.does, Part) and one.kind != "graph")
    nodes = [Node(INPUT, Compute(Begin(name, agents)), (Edge(start),), "step")]
    closing = {end: End("finished", _reason(routes, end), "heard") for end in ends}
    for one in speakers:
        edges, unasked = _edges(one, routes.get(one.name, ()))
        for end in unasked:
            closing.setdefault(end, _ending(one, end))
        nodes.append(Node(one.name, one.does, edges, one.kind, one.title, one.notes))
    nodes += [Node(end, work, kind="end") for end, work in closing.items()]
    return Graph(name, INPUT, tuple(nodes), limits or Limits(), title=name)


def _reason(routes: Mapping[str, tuple[Route, ...]], end: str) -> str:
    """Say in words what leads to an end."""
    reasons = []
    for name, leaving in routes.items():
        for route in leaving:
            if route.to == end:
                after = f"after {name}" if route.on == "done" else f"after a failure of {name}"
                reasons.append(after if route.when is None else f"{after}: {route.when.words()}")
    return ", or ".join(reasons)


def _edges(speaker: Speaker, routes: tuple[Route, ...]) -> tuple[tuple[Edge, ...], list[str]]:
    """Return the edges of a speaker, and the exits that no route asks for, which lead to ends of their names.

    Without routes there are no edges: such a speaker is a dead end, which is for the check to say.
    """
    others = [name for name in _exits(speaker) if name not in speaker.spoken]
    edges, unasked = [], []
    for route in routes:
        when = route.when
        if others and speaker.spoken and route.on == "done" and (when is None or not exits_of(when)):
            when = _spoken(speaker) if when is None else _spoken(speaker) & when
        edges.append(Edge(route.to, when, route.on))
    for name in others if edges else ():
        if not any(edge.on == "done" and _always(edge.when, name) for edge in edges):
            unasked.append(name)
            edges.append(Edge(name, Exited(name)))
    return tuple(edges), unasked


def _exits(speaker: Speaker) -> list[str]:
    """Return the exits of a speaker's work."""
    return exits(speaker.does.graph) if isinstance(speaker.does, Part) else []


def _spoken(speaker: Speaker) -> Guard:
    """Return the guard that holds where a speaker has said something."""
    first, *rest = speaker.spoken
    guard: Guard = Exited(first)
    for name in rest:
        guard = Either(guard, Exited(name))
    return guard


def _always(guard: Guard | None, exit_name: str) -> bool:
    """Tell whether a guard holds after an exit, whatever else is the case."""
    return guard is None or settle_exit(guard, exit_name) is True


def _ending(speaker: Speaker, exit_name: str) -> End:
    """Return the end for an exit that nobody asked for; it stops as the exit itself would."""
    assert isinstance(speaker.does, Part)
    inner = speaker.does.graph.node(exit_name).does
    if speaker.kind == "graph" and isinstance(inner, End):
        return End(inner.stop, inner.rule, "heard")
    stop, rule = ENDINGS.get(exit_name, ("finished", f"{speaker.name} came to its end {exit_name!r}"))
    return End(stop, rule, "heard")


__all__ = [
    "INPUT",
    "Route",
    "Speaker",
    "agent_speaker",
    "code_graph",
    "function_speaker",
    "graph_speaker",
    "human_speaker",
]
