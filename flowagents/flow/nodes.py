"""What can be a node of a flow: a function, an agent, a human, another graph; and who performs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from flowagents.core.effects import AskHuman, Invoke
from flowagents.core.graph import Graph
from flowagents.core.guards import text_of
from flowagents.core.value import value
from flowagents.errors import ConfigError
from flowagents.flow.code_graph import CodeGraph
from flowagents.patterns.code_graph import (
    Speaker,
    agent_speaker,
    function_speaker,
    graph_speaker,
    human_speaker,
)
from flowagents.ports import Compilable, Json
from flowagents.runtime.performing import Bindings, Blocking, Performer, Ticket

if TYPE_CHECKING:
    from flowagents.adapters.human import TerminalHuman

Reply: TypeAlias = str | Mapping[str, Json]
"""What a node says: a text, or a message with ``content`` and perhaps more."""

Function: TypeAlias = Callable[[str], Reply | Awaitable[Reply]]
"""Gets the text of the newest message and returns what the node says."""

Ask: TypeAlias = Callable[[str], str]
"""Gets a question and returns what a human answers to it."""


@value
class Human:
    """A human as a node; see ``human``."""

    name: str
    prompt: str
    ask: Ask | None = None


@value
class Subgraph:
    """A graph as a node; see ``subgraph``."""

    name: str
    graph: Graph
    bindings: Bindings
    memory: Mapping[tuple[str, ...], Any]


NodeLike: TypeAlias = str | Function | Compilable | Human | Subgraph | CodeGraph
"""Whatever names a node or can be one."""


def human(name: str, prompt: str = "", ask: Ask | None = None) -> Human:
    """Make a node of a human, who is shown the newest message and ``prompt`` and types what the node says.

    ``ask`` asks in place of the terminal; it is called in a thread if anything else is under way.

    >>> human("editor", "Shorten it: ", ask=lambda question: "done").name
    'editor'
    """
    return Human(name, prompt or f"{name}, your message: ", ask)


def subgraph(
    name: str,
    graph: Graph,
    bindings: Bindings | None = None,
    memory: Mapping[tuple[str, ...], Any] | None = None,
) -> Subgraph:
    """Make a node of a graph that no ``Flow`` built, with its performers and its memory at the start.

    It finds the newest message in the register ``heard`` and says the result of the end it comes to. A flow
    that was built is a node as it stands.

    >>> from flowagents.core.graph import End, Node
    >>> subgraph("echo", Graph("echo", "done", (Node("done", End(gives="heard")),))).name
    'echo'
    """
    return Subgraph(name, graph, bindings or {}, memory or {})


def is_agent(node: object) -> TypeGuard[Compilable]:
    """Tell whether something is an agent that can be a node.

    >>> is_agent("writer")
    False
    """
    return callable(getattr(node, "as_node", None)) and isinstance(getattr(node, "name", None), str)


def name_of(node: NodeLike) -> str | None:
    """Return the name of a node, None for a function without a usable one and for what is no node.

    >>> name_of(human("editor")), name_of(len), name_of(lambda text: text)
    ('editor', 'len', None)
    """
    if isinstance(node, str):
        return node
    if isinstance(node, (Human, Subgraph, CodeGraph)) or is_agent(node):
        return node.name
    name = getattr(node, "__name__", None)
    return name if isinstance(name, str) and name.isidentifier() and callable(node) else None


def require_name(node: NodeLike) -> str:
    """Return the name of a node. Raises ConfigError if it has none.

    >>> require_name("writer")
    'writer'
    """
    name = name_of(node)
    if name is None:
        raise ConfigError(
            f"{describe(node)} has no name to be known by; name it with Flow.node(name, function) and "
            "give the name here"
        )
    return name


def describe(node: object) -> str:
    """Say what something is, for a message about it.

    >>> describe(human("editor")), describe(3), describe(name_of)
    ("Human 'editor'", '3', "function 'name_of'")
    """
    name = getattr(node, "name", None) or getattr(node, "__qualname__", None)
    code = getattr(node, "__code__", None)
    where = f" (line {code.co_firstlineno})" if code is not None and "<lambda>" in str(name) else ""
    return f"{type(node).__name__} {name!r}{where}" if isinstance(name, str) else f"{node!r:.80}"


@value
class Parts:
    """A node made ready: its speaker, its performers, its memory at the start, the threads inside it.

    ``origins`` are the objects behind the places of performers, which tell whether two nodes of a name are
    one.
    """

    speaker: Speaker
    bindings: Bindings
    memory: Mapping[tuple[str, ...], Any]
    origins: Mapping[str, object]
    threads: tuple[str, ...] = ()


def parts_of(node: NodeLike, name: str, flow: str, terminal: TerminalHuman) -> Parts:
    """Return the parts of a node called ``name`` in ``flow``; ``terminal`` asks humans who have no ``ask``.

    >>> from flowagents.adapters.human import TerminalHuman
    >>> sorted(parts_of(human("editor"), "editor", "article", TerminalHuman()).bindings)
    ['editor/human']
    """
    if isinstance(node, Human):
        at = f"{name}/human"
        performer = _human_performer(node.ask) if node.ask is not None else _terminal_performer(terminal)
        return Parts(human_speaker(name, flow, node.prompt), {at: performer}, {}, {at: node})
    if isinstance(node, Subgraph):
        speaker = graph_speaker(name, flow, node.graph)
        return Parts(speaker, node.bindings, node.memory, dict.fromkeys(node.bindings, node))
    if isinstance(node, CodeGraph):
        speaker = graph_speaker(name, flow, node.graph, node.inside.ends)
        return Parts(speaker, node.bindings, node.memory, node.inside.origins, node.inside.threads)
    if is_agent(node):
        own = node.as_node(flow)
        speaker = agent_speaker(name, flow, own.graph, own.kind)
        return Parts(speaker, own.bindings, own.memory, dict.fromkeys(own.bindings, node))
    assert callable(node), "the builder lets nothing else through"
    at = f"{name}/function"
    return Parts(function_speaker(name, flow), {at: _function_performer(node)}, {}, {at: node})


def _function_performer(function: Callable[[str], Any]) -> Performer:
    """Return the performer of a function node."""

    def perform(effect: Invoke, ticket: Ticket) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        assert effect.arguments is not None, "function nodes are asked with a text"
        reply = function(effect.arguments["text"])
        return _awaited(reply) if hasattr(reply, "__await__") else {"value": reply}

    return perform


async def _awaited(reply: Awaitable[Any]) -> dict[str, Any]:
    """Return the answer of a function that is awaited."""
    return {"value": await reply}


def _human_performer(ask: Ask) -> Performer:
    """Return the performer of a human who is asked by a function of the user."""

    def perform(effect: AskHuman, ticket: Ticket) -> Blocking:
        return Blocking(lambda: ask(_question(effect)))

    return perform


def _terminal_performer(terminal: TerminalHuman) -> Performer:
    """Return the performer of a human at the terminal; a question that nobody needs any more is withdrawn."""

    def perform(effect: AskHuman, ticket: Ticket) -> Blocking:
        withdrawn: list[bool] = []
        return Blocking(
            lambda: terminal.ask(_question(effect), lambda: bool(withdrawn)), lambda: withdrawn.append(True)
        )

    return perform


def _question(effect: AskHuman) -> str:
    """Return what a human is asked: the newest message, then the prompt."""
    last = effect.view.last() if effect.view is not None else None
    return effect.prompt if last is None else f"{last.get('name', '')}: {text_of(last)}\n{effect.prompt}"
