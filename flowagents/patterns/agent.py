"""An agent's reply procedure as a graph: what it does with what it heard, step by step, until it says something or not.

The steps are tried in the order of the agent; a step that cannot apply to any message is not in the graph. Exits:
`said`, `ended` (a termination rule), `limit` (the auto-reply limit), `left` (the human typed exit), `silent`.
"""

from __future__ import annotations

from typing import assert_never

from flowagents.core.effects import GiveReply
from flowagents.core.graph import Act, Call, Compute, Edge, End, Graph, Node, Part
from flowagents.core.guards import Carries, Guard, Has, Is
from flowagents.core.value import value
from flowagents.patterns.asks import (
    AskCode,
    AskDefault,
    AskFunction,
    AskLegacyFunction,
    AskModel,
    AskTool,
    AskWhatNow,
)
from flowagents.patterns.spec import (
    AgentSpec,
    CheckStep,
    CodeStep,
    FunctionStep,
    GraphStep,
    ModelStep,
    ReplyStep,
    Step,
    ToolStep,
)
from flowagents.patterns.takes import (
    Heed,
    SettleGraph,
    TakeCode,
    TakeDefault,
    TakeEdited,
    TakeFunctionResult,
    TakeMessage,
    TakeModel,
    TakeReply,
    TakeRule,
    TakeShown,
)
from flowagents.patterns.talk import Check, Hookable, JoinResults, ListCalls, Say, ScanCode

EXITS = ("said", "ended", "limit", "left", "silent")

ENTRIES: dict[type, str] = {FunctionStep: "function", ToolStep: "tools", CodeStep: "scan", ModelStep: "model"}
"""The first node of each step that always begins with the same one."""


@value
class Setting:
    """Where an agent replies: to which peer, over which thread, and whether the reply is said or only given back.

    ``counts`` marks the initiator of a chat, whose messages are its turns.
    """

    peer: str
    thread: str
    says: bool = True
    counts: bool = False


def reply_graph(agent: AgentSpec, setting: Setting) -> Graph:
    """Return the reply procedure of an agent in one place.

    >>> spec = AgentSpec("bot", (CheckStep(), ModelStep()), mode="NEVER", ended=Is("never"))
    >>> [node.name for node in reply_graph(spec, Setting("user", "user|bot")).nodes][:4]
    ['check', 'model', 'default', 'say']
    """
    return _Procedure(agent, setting).graph()


class _Procedure:
    """Builds one reply graph; every method adds the nodes of one step."""

    def __init__(self, agent: AgentSpec, setting: Setting) -> None:
        self.agent = agent
        self.setting = setting
        self.nodes: list[Node] = []
        self.exits: dict[str, None] = {}
        self.speak = "say" if setting.says else "said"
        if setting.says and agent.hooks.before_send:
            self.speak = "before send 1"

    def graph(self) -> Graph:
        """Return the whole graph."""
        agent = self.agent
        starts = [*self._hear_hooks(), self._entry(0)]
        for position, step in enumerate(agent.steps):
            self._step(position, step)
        self._default()
        self._saying()
        ends = [Node(name, End(gives="message" if name == "said" else None), kind="end") for name in self.exits]
        nodes = reachable(starts[0], (*self.nodes, *ends))
        return Graph(agent.name, starts[0], nodes, title=agent.title or agent.name, notes=agent.notes)

    # -- where to go next

    def _exit(self, name: str) -> str:
        """Return the name of an exit, which from now on the graph has."""
        self.exits[name] = None
        return name

    def _entry(self, position: int) -> str:
        """Return the first node of the step at ``position``; the default after the last."""
        steps = self.agent.steps
        if position >= len(steps):
            return "default"
        match steps[position]:
            case CheckStep():
                return "rule" if self.agent.ended is None else "check"
            case ReplyStep(key=key, asks_trigger=asks):
                return f"trigger {key}" if asks else f"reply {key}"
            case GraphStep(key=key):
                return key
            case step:
                return ENTRIES[type(step)]

    def _later(self, position: int) -> tuple[Edge, ...]:
        """Return the edges from a step that settled nothing to those after it, up to the first that always applies."""
        edges = []
        for later in range(position + 1, len(self.agent.steps)):
            condition = _condition(self.agent.steps[later])
            edges.append(Edge(self._entry(later), condition))
            if condition is None:
                return tuple(edges)
        return (*edges, Edge("default"))

    def _settled(self) -> tuple[Edge, ...]:
        """Return the edges of a step whose answer was final: silence, or what is said."""
        return (
            Edge(self._exit("silent"), Is("final") & Is("message", None)),
            Edge(self.speak, Is("final")),
        )

    # -- the steps

    def _hear_hooks(self) -> list[str]:
        """Add the hooks that come before the steps; return their names and leave the last open to the first step."""
        agent, setting, hooks = self.agent, self.setting, self.agent.hooks
        names = [f"last received {number + 1}" for number in range(hooks.last_received)]
        names += [f"all messages {number + 1}" for number in range(hooks.all_messages)]
        for position, name in enumerate(names):
            after = names[position + 1] if position + 1 < len(names) else self._entry(0)
            ask = AskFunction(f"{agent.name}/{name}", agent.name, setting.thread)
            if name.startswith("last"):
                work = Act(ask, TakeEdited(agent.name, setting.thread))
                self._add(name, Compute(Hookable()), (Edge(f"{name} asks", Has("hookable")), Edge(after)))
                self._add(f"{name} asks", work, (Edge(after),), kind="function")
            else:
                self._add(name, Act(ask, TakeShown(agent.name)), (Edge(after),), kind="function")
        return names

    def _step(self, position: int, step: Step) -> None:
        """Add the nodes of one step."""
        match step:
            case CheckStep():
                self._check(position)
            case FunctionStep():
                self._add(
                    "function",
                    Act(AskLegacyFunction(self.agent.name), TakeFunctionResult()),
                    self._said(),
                    kind="tool",
                )
            case ToolStep():
                self._tools()
            case CodeStep(scan=scan):
                self._code(position, scan)
            case ModelStep():
                ask = AskModel(self.agent.name, self.setting.thread)
                edges = (Edge(self.speak, Is("final")), *self._later(position))
                self._add("model", Act(ask, TakeModel(self.agent.name)), edges, kind="model")
            case ReplyStep():
                self._reply(position, step)
            case GraphStep(key=key, graph=graph):
                edges = (*self._settled(), *self._later(position))
                self._add(key, Call(graph, into="reply"), (Edge(f"{key} done"),), kind="graph")
                self._add(f"{key} done", Compute(SettleGraph(self.agent.name)), edges)
            case _:
                assert_never(step)

    def _check(self, position: int) -> None:
        """Add the termination rule, the check and, where the mode asks, the human."""
        agent, setting = self.agent, self.setting
        if agent.ended is None:
            ask = AskFunction(f"{agent.name}/ended", agent.name, setting.thread)
            self._add("rule", Act(ask, TakeRule("ended")), (Edge("check"),), kind="function")
        asks = agent.mode in ("ALWAYS", "TERMINATE")
        edges: tuple[Edge, ...] = ()
        if asks:
            edges += (Edge("ask", Is("verdict", "ask")),)
        else:
            edges += (
                Edge(self._exit("ended"), Is("verdict", "ended")),
                Edge(self._exit("limit"), Is("verdict", "limit")),
            )
        later = self._later(position)
        if agent.mode != "ALWAYS":
            edges += later
        check = Check(agent.name, setting.peer, agent.mode, agent.ended)
        notes = () if agent.limit is None else (f"at most {agent.limit} auto replies",)
        self._add("check", Compute(check), edges, notes=notes)
        if asks:
            work = Act(
                AskWhatNow(agent.name, setting.peer, setting.thread),
                Heed(agent.name, setting.peer, agent.mode),
            )
            answers = (
                Edge(self.speak, Is("verdict", "said") | Is("verdict", "empty")),
                Edge(self._exit("left"), Is("verdict", "left")),
                Edge(self._exit("ended"), Is("verdict", "ended")),
            )
            self._add("ask", work, (*answers, *later), kind="human")

    def _tools(self) -> None:
        """Add the tools: one child per call, then one message of all results."""
        agent = self.agent.name
        call = Graph(
            f"{agent}'s tool",
            "run",
            (
                Node("run", Act(AskTool(agent)), (Edge("done"),), kind="tool"),
                Node("done", End(gives="answer"), kind="end"),
            ),
        )
        self._add("tools", Compute(ListCalls()), (Edge("each call"),), kind="tool")
        self._add("each call", Call(call, over="calls"), (Edge("results"),), kind="tool")
        self._add("results", Compute(JoinResults()), self._said(), kind="tool")

    def _code(self, position: int, scan: int | str) -> None:
        """Add the scan for code and its execution."""
        agent, thread = self.agent.name, self.setting.thread
        edges = (Edge("code", Has("blocks")), *self._later(position))
        self._add("scan", Compute(ScanCode(agent, thread, scan)), edges, kind="code")
        self._add("code", Act(AskCode(agent), TakeCode()), self._said(), kind="code")

    def _reply(self, position: int, step: ReplyStep) -> None:
        """Add a reply function of the user and, where it has one, its trigger."""
        agent, setting = self.agent.name, self.setting
        later = self._later(position)
        at = f"{agent}/reply/{step.key}"
        if step.asks_trigger:
            ask = AskFunction(f"{agent}/trigger/{step.key}", arguments={"peer": setting.peer})
            edges = (Edge(f"reply {step.key}", Is("matched")), *later)
            self._add(f"trigger {step.key}", Act(ask, TakeRule("matched")), edges, kind="function")
        asked = AskFunction(at, agent, setting.thread, {"peer": setting.peer})
        edges = (*self._settled(), *later)
        self._add(
            f"reply {step.key}",
            Act(asked, TakeReply(agent, step.title or step.key)),
            edges,
            kind="function",
            title=step.title,
        )

    def _default(self) -> None:
        """Add the reply that is given when no step settled one, if any step can come to that."""
        if not any(edge.to == "default" for node in self.nodes for edge in node.edges) and self.agent.steps:
            return
        agent = self.agent
        effect = GiveReply(f"{agent.name}/default", agent.name, agent.reply)
        target = self._exit("silent") if agent.reply is None else self.speak
        self._add("default", Act(AskDefault(effect), TakeDefault(agent.name)), (Edge(target),))

    def _saying(self) -> None:
        """Add the hooks before sending, and the saying itself."""
        agent, setting = self.agent, self.setting
        self._exit("said")
        if not setting.says:
            return
        for number in range(1, agent.hooks.before_send + 1):
            after = f"before send {number + 1}" if number < agent.hooks.before_send else "say"
            ask = AskFunction(
                f"{agent.name}/before send {number}", arguments={"peer": setting.peer}, registers=("message",)
            )
            work = Act(ask, TakeMessage(f"a hook of {agent.name!r} before sending"))
            self._add(f"before send {number}", work, (Edge(after),), kind="function")
        self._add("say", Compute(Say(agent.name, setting.thread, setting.counts)), (Edge("said"),))

    def _said(self) -> tuple[Edge, ...]:
        """Return the edge of a step that always gives a message."""
        return (Edge(self.speak),)

    def _add(
        self,
        name: str,
        work: Act | Compute | Call | Part,
        edges: tuple[Edge, ...],
        *,
        kind: str = "step",
        title: str = "",
        notes: tuple[str, ...] = (),
    ) -> None:
        """Add a node."""
        self.nodes.append(Node(name, work, edges, kind, title, notes))


def reachable(start: str, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return the nodes that can be reached from ``start``, in the given order.

    >>> [node.name for node in reachable("a", (Node("a", End()), Node("b", End())))]
    ['a']
    """
    by_name, found, pending = {node.name: node for node in nodes}, {start}, [start]
    while pending:
        for edge in by_name[pending.pop()].edges:
            if edge.to not in found:
                found.add(edge.to)
                pending.append(edge.to)
    return tuple(node for node in nodes if node.name in found)


def _condition(step: Step) -> Guard | None:
    """Return what must hold for a step to apply; None if it always may."""
    match step:
        case FunctionStep():
            return Carries("heard", "function_call")
        case ToolStep():
            return Carries("heard", "tool_calls")
        case _:
            return None
