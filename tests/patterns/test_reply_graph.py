"""Reply procedures that no classic agent has: a graph as a step, and a first step that always answers."""

from __future__ import annotations

from typing import Any

import pytest

from flowagents.core.effects import GiveReply
from flowagents.core.graph import Act, Edge, End, Graph, Node
from flowagents.core.program import Program
from flowagents.patterns.agent import Setting, reply_graph
from flowagents.patterns.asks import AskDefault
from flowagents.patterns.spec import AgentSpec, FunctionStep, GraphStep
from flowagents.patterns.takes import TakeDefault
from flowagents.runtime.run import perform


def inner(reply: Any) -> Graph:
    """Return a graph that gives a reply."""
    ask = Act(AskDefault(GiveReply("inner/reply", "inner", reply)), TakeDefault("inner"))
    return Graph("inner", "give", (Node("give", ask, (Edge("done"),)), Node("done", End(gives="message"), kind="end")))


@pytest.mark.parametrize(("reply", "exit_name"), [("from inside", "said"), (None, "silent")])
def test_what_a_graph_gives_is_the_reply(reply: Any, exit_name: str) -> None:
    spec = AgentSpec("bot", (GraphStep("nested", inner(reply)),), reply="default")
    graph = reply_graph(spec, Setting("user", "t", says=False))
    run = perform(Program(graph), {}, {}, {}, drawer=print)
    assert (run.stop.name, run.result) == (exit_name, reply)


def test_where_every_step_answers_there_is_no_default() -> None:
    graph = reply_graph(AgentSpec("bot", (FunctionStep(),)), Setting("user", "t"))
    assert [node.name for node in graph.nodes] == ["function", "say", "said"]
