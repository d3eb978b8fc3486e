"""A classic agent as a node of a code graph: the same reply procedure, with the whole graph as its one partner."""

from __future__ import annotations

from flowagents.classic.base import Agent
from flowagents.classic.bindings import bindings_of, keyed
from flowagents.core.task import Memory
from flowagents.patterns import keys
from flowagents.patterns.agent import Setting, reply_graph
from flowagents.ports import NodeParts
from flowagents.runtime.seen import Seen


def node_parts(agent: Agent, peer: str) -> NodeParts:
    """Return what an agent brings to a code graph, where it talks to everybody as to one ``peer``.

    Its histories with other agents play no part and stay as they are. Raises MissingKey if its model needs a key.

    >>> from flowagents import ConversableAgent
    >>> bot = ConversableAgent("bot", human_input_mode="NEVER", default_auto_reply="pong")
    >>> sorted(node_parts(bot, "flow").memory)
    [('limit', 'bot', 'flow'), ('system', 'bot')]
    """
    keyed(agent.client)
    spec = agent.spec_for(None, synchronous=False)
    memory: Memory = {
        keys.limit(agent.name, peer): agent.ledger.limit,
        keys.system(agent.name): agent.system_message,
    }
    bindings = bindings_of(agent, {agent.name: agent}, Seen(), asynchronous=False)
    return NodeParts(reply_graph(spec, Setting(peer, peer)), bindings, memory)
