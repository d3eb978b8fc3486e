"""Two agents as a graph: a chat, a bare message, a single reply. The agents are boxes, who speaks next are edges."""

from __future__ import annotations

from flowagents.core.graph import Act, Compute, Edge, End, Graph, Node, Part, Work
from flowagents.core.guards import AtLeast, Exited, Is, Remembers
from flowagents.core.limits import Limits
from flowagents.core.value import value
from flowagents.patterns import keys
from flowagents.patterns.agent import Setting, reply_graph
from flowagents.patterns.asks import AskFirstMessage, AskFunction
from flowagents.patterns.spec import AgentSpec
from flowagents.patterns.takes import KeepAnswer, TakeMessage, TakeTyped
from flowagents.patterns.talk import Because, EndAt, Hear, OpenChat, Say

ENDINGS = {
    "ended": ("finished", "a termination rule matched"),
    "limit": ("limit", "max_consecutive_auto_reply was reached"),
    "left": ("finished", "a human left"),
    "silent": ("finished", "an agent gave no reply"),
    "max_turns": ("limit", "max_turns was reached"),
    "nothing": ("finished", "max_turns allows no message"),
    "unasked": ("finished", "no reply was asked for"),
}
"""The ends of a conversation of two: how a run that ends there stops, and why."""


BOOKKEEPING = frozenset(("open", "message", "say first", "asked", "hear", "said", "summarise", "summarised", *ENDINGS))
"""The names of nodes that are no agents; so are all that begin with ``before send`` or ``after``."""


@value
class ChatSettings:
    """How two agents chat. ``message`` is given, human or function: where the first message comes from.

    ``turns_max`` is how many messages the initiator may send, None for no such limit. ``summary`` is "none" where the
    summary needs no effect, else "model" or "function".
    """

    turns_max: int | None = None
    clear: bool = True
    message: str = "given"
    summary: str = "none"


def thread_of(first: str, second: str) -> str:
    """Return the name of the thread that two agents share, whoever begins.

    >>> thread_of("user", "bot") == thread_of("bot", "user")
    True
    >>> thread_of("a & b", "c") == thread_of("a", "b & c")
    False
    """
    return " & ".join(name.replace("&", "&&") for name in sorted((first, second)))


def node_names(*agents: str) -> list[str]:
    """Return a name for the node of each agent: its own, unless a node cannot be called so or another one is.

    >>> node_names("user", "open", "a/b")
    ['user', 'agent open', 'a|b']
    """
    taken: list[str] = []
    for agent in agents:
        name = agent.replace("/", "|")
        while name in BOOKKEEPING or name in taken or name.startswith(("before send ", "after ")):
            name = f"agent {name}"
        taken.append(name)
    return taken


def chat_graph(first: AgentSpec, second: AgentSpec, settings: ChatSettings | None = None) -> Graph:
    """Return the graph of a chat that ``first`` begins.

    >>> graph = chat_graph(AgentSpec("user", ()), AgentSpec("bot", ()), ChatSettings(turns_max=2))
    >>> [node.name for node in graph.nodes if node.kind == "agent"]
    ['bot', 'user']
    """
    return _Chat(first, second, settings or ChatSettings()).graph()


class _Chat:
    """Builds one chat graph."""

    def __init__(self, first: AgentSpec, second: AgentSpec, settings: ChatSettings) -> None:
        self.first = first
        self.second = second
        self.settings = settings
        self.thread = thread_of(first.name, second.name)
        self.names = dict(zip((first.name, second.name), node_names(first.name, second.name), strict=True))
        self.nodes: list[Node] = []
        self.ends: dict[str, None] = {}

    def graph(self) -> Graph:
        """Return the whole graph."""
        first, second, settings = self.first, self.second, self.settings
        limited = settings.turns_max is not None
        opening = OpenChat(first.name, second.name, self.thread, settings.clear, not limited)
        begin = {"given": self._sending(), "human": "message", "function": "message"}[settings.message]
        empty = settings.turns_max is not None and settings.turns_max <= 0
        self._add("open", Compute(opening), (Edge(self._end("nothing") if empty else begin),))
        if not empty:
            self._first_message()
            self._agents()
        return Graph(
            f"{first.name} and {second.name}",
            "open",
            (*self.nodes, *self._ending()),
            Limits(),
            title=f"{first.name} chats with {second.name}",
            notes=() if settings.turns_max is None else (f"at most {settings.turns_max} turns of {first.name}",),
        )

    def _sending(self) -> str:
        """Return the node at which the first message is ready to be sent."""
        return "before send 1" if self.first.hooks.before_send else "say first"

    def _first_message(self) -> None:
        """Add how the first message comes about and is said."""
        first, second = self.first, self.second
        if self.settings.message == "human":
            work = Act(AskFirstMessage(first.name, second.name), TakeTyped(first.name))
            self._add("message", work, (Edge(self._sending()),), kind="human")
        elif self.settings.message == "function":
            take = TakeMessage(f"the message function of {first.name!r}")
            work = Act(AskFunction(f"{first.name}/message", arguments={"peer": second.name}), take)
            self._add("message", work, (Edge(self._sending()),), kind="function")
        self.nodes.extend(sending(first, second.name, self.thread, Edge(self.names[second.name])))

    def _agents(self) -> None:
        """Add both agents and who speaks after whom."""
        first, second, turns = self.first, self.second, self.settings.turns_max
        one, other = self.names[first.name], self.names[second.name]
        edges: tuple[Edge, ...] = ()
        if turns is not None:
            edges = (Edge(self._end("max_turns"), Exited("said") & AtLeast("turns", turns)),)
        last = turns == 1
        self._agent(second, first, (*edges, *(() if last else (Edge(one, Exited("said")),))), counts=False)
        if not last:
            self._agent(first, second, (Edge(other, Exited("said")),), counts=True)

    def _agent(self, agent: AgentSpec, peer: AgentSpec, edges: tuple[Edge, ...], *, counts: bool) -> None:
        """Add one agent: its reply procedure, where its word goes, and how it may end the chat."""
        graph = reply_graph(agent, Setting(peer.name, self.thread, counts=counts))
        leaving = tuple(Edge(self._end(name), Exited(name)) for name in exits(graph) if name != "said")
        edges = edges if "said" in exits(graph) else ()
        self.nodes.append(agent_node(self.names[agent.name], agent, graph, (*edges, *leaving)))

    def _end(self, name: str) -> str:
        """Return where an ending leads: its own end, or where the summary needs an effect, what comes before that."""
        self.ends[name] = None
        return name if self.settings.summary == "none" else f"after {name}"

    def _ending(self) -> list[Node]:
        """Return the ends and, where the summary needs an effect, what leads to it and from it to each end."""
        settings, first = self.settings, self.first
        if settings.summary == "none" or not self.ends:
            return [Node(name, End(*ENDINGS[name]), kind="end") for name in self.ends]
        nodes = [Node(f"after {name}", Compute(EndAt(name)), (Edge("summarise"),)) for name in self.ends]
        *others, last = self.ends
        edges = (*(Edge(name, Is("ending", name)) for name in others), Edge(last))
        ask = AskFunction(f"{first.name}/summary", first.name, self.thread, {"peer": self.second.name})
        nodes.append(Node("summarise", Act(ask, KeepAnswer("summary")), edges, kind="function"))
        ends = (Node(name, End(*ENDINGS[name], gives="summary"), kind="end") for name in self.ends)
        return [*nodes, *ends]

    def _add(
        self,
        name: str,
        work: Work,
        edges: tuple[Edge, ...],
        *,
        kind: str = "step",
        title: str = "",
        notes: tuple[str, ...] = (),
    ) -> None:
        """Add a node."""
        self.nodes.append(Node(name, work, edges, kind, title, notes))


def agent_node(name: str, agent: AgentSpec, graph: Graph, edges: tuple[Edge, ...]) -> Node:
    """Return the node of an agent; its title is the agent's name where the node could not have it.

    >>> bot = AgentSpec("open", ())
    >>> agent_node("agent open", bot, reply_graph(bot, Setting("user", "t")), ()).title
    'open'
    """
    title = agent.title or ("" if name == agent.name else agent.name)
    return Node(name, Part(graph), edges, "agent", title, agent.notes)


def sending(agent: AgentSpec, peer: str, thread: str, then: Edge) -> list[Node]:
    """Return the nodes that send the register ``message`` outside a reply: hooks, then the saying.

    >>> [node.name for node in sending(AgentSpec("user", ()), "bot", "t", Edge("bot"))]
    ['say first']
    """
    nodes = []
    for number in range(1, agent.hooks.before_send + 1):
        after = f"before send {number + 1}" if number < agent.hooks.before_send else "say first"
        ask = AskFunction(f"{agent.name}/before send {number}", arguments={"peer": peer}, registers=("message",))
        work = Act(ask, TakeMessage(f"a hook of {agent.name!r} before sending"))
        nodes.append(Node(f"before send {number}", work, (Edge(after),), "function"))
    nodes.append(Node("say first", Compute(Say(agent.name, thread, True)), (then,)))
    return nodes


def send_graph(first: AgentSpec, second: AgentSpec) -> Graph:
    """Return the graph of a bare message: the pair entered in the middle, without a reset.

    Each answers as long as it is asked to, which the memory says.

    >>> send_graph(AgentSpec("user", ()), AgentSpec("bot", ())).start
    'say first'
    """
    thread = thread_of(first.name, second.name)
    nodes = sending(first, second.name, thread, Edge("asked"))
    ends: dict[str, None] = {"unasked": None}
    names = dict(zip((first.name, second.name), node_names(first.name, second.name), strict=True))
    answers = Edge(names[second.name], Is("request_reply"))
    nodes.append(
        Node(
            "asked",
            Compute(Because("finished", "unasked", "no reply was asked for")),
            (answers, Edge("unasked")),
        )
    )
    for agent, peer in ((second, first), (first, second)):
        graph = reply_graph(agent, Setting(peer.name, thread))
        leaving = []
        for name in exits(graph):
            if name != "said":
                ends[name] = None
                leaving.append(Edge(name, Exited(name)))
        answered = Edge(names[peer.name], Exited("said") & Remembers(keys.asked(peer.name, agent.name)))
        edges = (answered, Edge("unasked", Exited("said")), *leaving)
        nodes.append(agent_node(names[agent.name], agent, graph, edges))
    nodes.extend(Node(name, End(*ENDINGS[name]), kind="end") for name in ends)
    return Graph(f"{first.name} to {second.name}", nodes[0].name, tuple(nodes))


def one_reply_graph(agent: AgentSpec, peer: str, thread: str) -> Graph:
    """Return the graph of a single reply that is given back and not said.

    >>> one_reply_graph(AgentSpec("bot", ()), "user", "t").start
    'hear'
    """
    graph = reply_graph(agent, Setting(peer, thread, says=False))
    edges = tuple(Edge(name, Exited(name)) for name in exits(graph))
    ends = []
    for name in exits(graph):
        stop, rule = ENDINGS.get(name, ("finished", ""))
        ends.append(Node(name, End(stop, rule, "message" if name == "said" else None), kind="end"))
    (name,) = node_names(agent.name)
    nodes = (
        Node("hear", Compute(Hear(agent.name, thread)), (Edge(name),)),
        agent_node(name, agent, graph, edges),
        *ends,
    )
    return Graph(f"a reply of {agent.name}", "hear", nodes)


def exits(graph: Graph) -> list[str]:
    """Return the names of the ends of a graph, in order.

    >>> exits(reply_graph(AgentSpec("bot", ()), Setting("user", "t")))
    ['said']
    """
    return [node.name for node in graph.nodes if isinstance(node.does, End)]
