"""Flows: what is built from the verbs, how it runs, and everything that is refused."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowagents.core.graph import Compute, Edge, End, Graph, Node
from flowagents.core.guards import Contains
from flowagents.core.thread import Thread
from flowagents.errors import GraphError
from flowagents.flow import (
    END,
    CodeGraph,
    Flow,
    contains,
    default,
    exited,
    human,
    subgraph,
    visits,
    visits_at_least,
    when,
)
from flowagents.patterns import keys
from flowagents.patterns.agent import Setting, reply_graph
from flowagents.patterns.spec import AgentSpec, CheckStep, ReplyStep
from flowagents.patterns.talk import Hookable
from flowagents.ports import NodeParts
from flowagents.runtime.recording import recording, replaying


def write(text: str) -> str:
    """Add a dot."""
    return text + "."


def judge(text: str) -> str:
    """Approve of three dots."""
    return "APPROVED" if text.endswith("...") else text


class Talker:
    """An agent that says what a function makes of all it heard, until it hears STOP or spoke too often."""

    def __init__(self, name: str, reply: Callable[[list[dict[str, Any]]], Any], limit: int | None = None) -> None:
        self.name = name
        self.reply = reply
        self.limit = limit

    def as_node(self, peer: str) -> NodeParts:
        """Return the parts of a node."""
        spec = AgentSpec(
            self.name,
            (CheckStep(), ReplyStep("0")),
            mode="NEVER",
            ended=Contains("heard", "STOP"),
            reply=None,
        )

        def perform(effect: Any, ticket: Any) -> dict[str, Any]:
            return {"value": [True, self.reply(effect.view.messages())]}

        graph = reply_graph(spec, Setting(peer, peer))
        return NodeParts(graph, {f"{self.name}/reply/0": perform}, {keys.limit(self.name, peer): self.limit})


def review(editor: Callable[[str], str]) -> CodeGraph:
    """Return a loop of two functions with a human who ends it if it takes too long."""
    person = human("editor", ask=editor)
    return (
        Flow("review")
        .start(write)
        .edge(write, judge)
        .switch(
            judge,
            when(contains("APPROVED")) >> END("approved"),
            when(~visits_at_least(write, 3)) >> write,
            default >> person,
        )
        .edge(person, END("edited"))
        .limits(moves_max=30)
        .build()
    )


def codes(flow: Flow) -> list[str]:
    """Return the codes of all findings of a flow that is refused."""
    with pytest.raises(GraphError) as refused:
        flow.build()
    return [finding.code for finding in refused.value.findings]


def said(flow: CodeGraph, message: str) -> list[tuple[str, Any]]:
    """Run a flow; return who said what."""
    thread: Thread = flow.run(message).memory[keys.thread(flow.name)]
    return [(entry.author, entry.body["content"]) for entry in thread.entries()]


# -- running


def test_the_first_rule_that_holds_decides_where_a_flow_goes() -> None:
    run = review(lambda question: "unused").run("x.")
    assert run.path == ("write", "judge", "write", "judge", "approved")
    assert (run.stop.kind, run.stop.name) == ("finished", "approved")
    assert run.stop.rule == "after judge: heard contains 'APPROVED'"
    assert run.result == {"content": "APPROVED", "name": "judge"}


def test_the_default_is_taken_when_no_rule_holds() -> None:
    flow = Flow("f").start(write).switch(write, when(contains("a")) >> END("a"), default >> END("other")).build()
    assert (flow.run("a").stop.name, flow.run("b").stop.name) == ("a", "other")


def test_a_loop_is_left_by_a_guard_on_visits() -> None:
    def doubt(text: str) -> str:
        return "no"

    flow = (
        Flow("f")
        .start(doubt)
        .switch(doubt, when(~visits_at_least(doubt, 3)) >> doubt, default >> END("given up"))
        .build()
    )
    assert flow.run("x").path == ("doubt", "doubt", "doubt", "given up")


def test_a_human_sees_the_newest_message_and_the_prompt() -> None:
    questions: list[str] = []

    def shorten(question: str) -> str:
        questions.append(question)
        return "short"

    person = human("editor", "Shorter: ", shorten)
    flow = Flow("cut").start(write).edge(write, person).edge(person, END()).build()
    assert flow.run("long").result == {"content": "short", "name": "editor"}
    assert questions == ["write: long.\nShorter: "]


def test_a_human_without_a_function_is_asked_at_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("fine\n"))
    person = human("editor")
    run = Flow("ask").start(person).edge(person, END()).build().run("Go on?")
    assert run.result == {"content": "fine", "name": "editor"}
    assert run.memory[keys.typed("editor")] == ("fine",)
    assert capsys.readouterr().out == "input: Go on?\neditor, your message: "


def test_every_node_says_its_word_into_one_thread() -> None:
    assert said(review(lambda question: "no"), "x..") == [
        ("input", "x.."),
        ("write", "x..."),
        ("judge", "APPROVED"),
    ]


def test_a_function_may_return_a_whole_message() -> None:
    def answer(text: str) -> dict[str, Any]:
        return {"content": text, "context": {"score": 3}}

    run = Flow("scored").start(answer).edge(answer, END()).build().run("x")
    assert run.result == {"content": "x", "context": {"score": 3}, "name": "answer"}


def test_an_async_function_runs_in_both_loops() -> None:
    async def fetch(text: str) -> str:
        await asyncio.sleep(0)
        return text.upper()

    flow = Flow("search").start(fetch).edge(fetch, END()).build()
    assert flow.run("x").result["content"] == "X"
    assert asyncio.run(flow.arun("x")).result["content"] == "X"


def test_a_flow_runs_inside_a_running_loop() -> None:
    flow = Flow("loud").start(write).edge(write, END()).build()

    async def inside() -> Any:
        return flow.run("x").result["content"]

    assert asyncio.run(inside()) == "x."


def test_a_function_that_raises_fails_the_run() -> None:
    def fall(text: str) -> str:
        raise ValueError("too short")

    run = Flow("falls").start(fall).edge(fall, END()).build().run("x")
    assert (run.stop.kind, run.stop.rule) == ("failed", "too short")
    assert isinstance(run.raised, ValueError)


def test_a_function_that_says_nothing_is_refused() -> None:
    def mute(text: str) -> Any:
        return None

    run = Flow("mute").start(mute).edge(mute, END()).build().run("x")
    assert run.stop.kind == "failed"
    assert "'mute' was to say None" in run.stop.rule


def test_a_way_after_a_failure_is_taken_only_then() -> None:
    def fall(text: str) -> str:
        if text == "bad":
            raise ValueError("too short")
        return text

    flow = Flow("falls").start(fall).edge(fall, END("up")).on_failure(fall, write).edge(write, END("down")).build()
    assert flow.run("bad").path == ("fall", "write", "down")
    assert flow.run("bad").stop.rule == "after write"
    assert flow.run("good").path == ("fall", "up")


def test_a_declared_limit_stops_a_flow() -> None:
    def again(text: str) -> str:
        return text

    flow = (
        Flow("round")
        .start(again)
        .switch(again, when(contains("out")) >> END(), default >> again)
        .limits(moves_max=5)
        .build()
    )
    run = flow.run("x")
    assert (run.stop.kind, run.stop.rule) == ("limit", "moves_max 5 reached at 'again'")


def test_visits_can_be_compared() -> None:
    flow = Flow("dots").start(write).switch(write, when(visits(write) < 4) >> write, default >> END("enough")).build()
    assert flow.run("").result["content"] == "...."


def test_a_flow_may_be_run_again_and_begins_anew() -> None:
    flow = review(lambda question: "no")
    assert said(flow, "x.") == said(flow, "x.")


def test_a_recorded_flow_can_be_replayed(tmp_path: Path) -> None:
    flow = review(lambda question: "no")
    with recording(tmp_path / "run.jsonl"):
        first = flow.run("x")
    with replaying(tmp_path / "run.jsonl"):
        again = flow.run("x")
    assert again.state.digest == first.state.digest


def test_a_flow_and_its_run_can_be_drawn() -> None:
    flow = review(lambda question: "no")
    assert "judge" in str(flow.draw("mermaid"))
    assert flow.run("x.").draw("mermaid") != flow.draw("mermaid")


# -- agents


def last(messages: list[dict[str, Any]]) -> str:
    """Repeat the newest message."""
    return str(messages[-1]["content"])


def test_an_agent_sees_the_whole_thread_as_its_own_view() -> None:
    seen: list[list[tuple[str, str]]] = []

    def look(messages: list[dict[str, Any]]) -> str:
        seen.append([(message["role"], message["name"]) for message in messages])
        return "x"

    bot = Talker("bot", look)
    Flow("talk").start(bot).switch(bot, when(visits(bot) < 2) >> write, default >> END()).edge(write, bot).build().run(
        "x"
    )
    assert seen == [
        [("user", "input")],
        [("user", "input"), ("assistant", "bot"), ("user", "write")],
    ]


def test_an_exit_that_no_rule_asks_for_ends_the_flow() -> None:
    bot = Talker("bot", last, limit=1)
    flow = Flow("talk").start(bot).edge(bot, write).edge(write, bot).build()
    assert [node.name for node in flow.graph.nodes] == ["input", "bot", "write", "ended", "limit", "silent"]
    run = flow.run("x")
    assert run.path == ("bot", "write", "bot", "limit")
    assert (run.stop.kind, run.stop.rule) == ("limit", "bot reached max_consecutive_auto_reply 1")
    assert run.result == {"content": "x.", "name": "write"}
    assert flow.run("STOP").stop.rule == "bot's termination rule matched"


def test_a_rule_may_ask_for_an_exit() -> None:
    bot = Talker("bot", last)
    flow = (
        Flow("talk")
        .start(bot)
        .switch(bot, when(exited("ended")) >> write, default >> END("heard"))
        .edge(write, END("over"))
    )
    built = flow.build()
    assert built.run("STOP").path == ("bot", "write", "over")
    assert built.run("x").path == ("bot", "heard")


def test_a_rule_that_asks_for_no_exit_needs_a_word() -> None:
    bot = Talker("bot", lambda messages: None)
    flow = Flow("talk").start(bot).switch(bot, when(contains("x")) >> write, default >> END()).edge(write, END("over"))
    assert flow.build().run("x").path == ("bot", "silent")


def test_an_agent_begins_each_run_of_a_called_flow_uncounted() -> None:
    bot = Talker("bot", last, limit=1)
    inner = Flow("inner").start(bot).edge(bot, END("said it")).build()
    outer = Flow("outer").start(inner).switch(inner, when(visits(inner) < 3) >> inner, default >> END()).build()
    assert outer.run("x").path == ("inner", "inner", "inner", "end")


# -- flows in flows


def test_a_flow_can_be_a_node_and_its_result_is_what_it_says() -> None:
    inner = review(lambda question: "no")
    outer = Flow("outer").start(inner).edge(inner, write).edge(write, END()).build()
    assert said(outer, "x") == [("input", "x"), ("review", "APPROVED"), ("write", "APPROVED.")]


def test_the_ends_of_a_called_flow_can_be_asked_for() -> None:
    inner = Flow("inner").start(write).switch(write, when(contains("no")) >> END("bad"), default >> END("good")).build()
    outer = (
        Flow("outer").start(inner).switch(inner, when(exited("bad")) >> END("refused"), default >> END("kept")).build()
    )
    assert (outer.run("no").stop.name, outer.run("yes").stop.name) == ("refused", "kept")


def test_a_failure_may_lead_to_an_end() -> None:
    def fall(text: str) -> str:
        raise ValueError("too short")

    flow = Flow("falls").start(fall).edge(fall, END("up")).on_failure(fall, END("down")).build()
    assert flow.run("x").stop.rule == "after a failure of fall"


def test_a_called_flow_with_several_ends_goes_on_only_from_those_it_was_given() -> None:
    bot = Talker("bot", last, limit=1)
    inner = Flow("inner").start(bot).switch(bot, when(contains("no")) >> END("bad"), default >> END("good")).build()
    outer = Flow("outer").start(inner).edge(inner, write).edge(write, END()).build()
    assert outer.run("no").path == outer.run("yes").path == ("inner", "write", "end")
    assert outer.run("STOP").path == ("inner", "ended")


def test_an_end_that_a_called_flow_was_not_given_ends_the_caller() -> None:
    bot = Talker("bot", last, limit=0)
    inner = Flow("inner").start(bot).edge(bot, END("said it")).build()
    run = Flow("outer").start(inner).edge(inner, END("done")).build().run("x")
    assert run.path == ("inner", "limit")
    assert (run.stop.kind, run.result) == ("limit", {"content": "x", "name": "input"})


def test_a_bare_graph_can_be_a_node() -> None:
    echo = subgraph("echo", Graph("any", "done", (Node("done", End(gives="heard")),)))
    flow = Flow("outer").start(echo).edge(echo, END()).build()
    assert flow.run("x").result == {"content": "x", "name": "echo"}


def test_a_bare_graph_with_several_ends_says_its_result_at_each() -> None:
    ways = (Edge("good", Contains("heard", "good")), Edge("bad"))
    ends = (Node("good", End(gives="heard")), Node("bad", End(gives="heard")))
    node = subgraph("route", Graph("any", "look", (Node("look", Compute(Hookable()), ways), *ends)))
    flow = Flow("outer").start(node).switch(node, when(exited("good")) >> END("yes"), default >> END("no")).build()
    assert (flow.run("good").stop.name, flow.run("x").stop.name) == ("yes", "no")


def test_the_same_function_may_be_in_both_flows() -> None:
    inner = Flow("inner").start(write).edge(write, END()).build()
    outer = Flow("outer").start(inner).edge(inner, write).edge(write, END()).build()
    assert outer.run("x").result["content"] == "x.."


def test_two_nodes_of_one_name_cannot_share_a_place() -> None:
    inner = Flow("inner").node("write", str.upper).start("write").edge("write", END()).build()
    assert codes(Flow("outer").start(inner).edge(inner, write).edge(write, END())) == ["F106"]


def test_a_flow_cannot_contain_one_of_its_name() -> None:
    inner = Flow("same").start(write).edge(write, END()).build()
    middle = Flow("middle").start(inner).edge(inner, END()).build()
    assert codes(Flow("same").start(middle).edge(middle, END())) == ["F106"]


# -- what is refused


def test_all_faults_are_told_at_once() -> None:
    flow = (
        Flow("faulty")
        .start(write)
        .switch(write, when(contains("a")) >> "jugde", when(visits("nobody") > 2) >> END("a"))
        .edge("ghost", write)
        .node("idle", judge)
        .limits(moves_max=0)
    )
    assert codes(flow) == ["F104", "F105", "F016", "F002", "F017", "F005", "F004"]


def test_a_function_needs_a_name() -> None:
    unnamed = lambda text: text  # noqa: E731
    with pytest.raises(GraphError, match=r"F101 at 'node 1': function '.*<lambda>' \(line \d+\) has no name"):
        Flow("f").start(unnamed).edge(unnamed, END()).build()


def test_a_function_can_be_given_a_name() -> None:
    unnamed = lambda text: text + "!"  # noqa: E731
    flow = Flow("f").node("shout", unnamed).start(unnamed).edge("shout", END()).build()
    assert flow.run("x").path == ("shout", "end")


def test_a_flow_needs_a_start() -> None:
    assert codes(Flow("f").edge(write, END())) == ["F102"]
    assert codes(Flow("f")) == ["F102"]


def test_two_nodes_need_two_names() -> None:
    assert codes(Flow("f").node("write", judge).start(write).edge(write, END())) == ["F103"]


@pytest.mark.parametrize(
    "cases",
    [
        (),
        (when(contains("a")) >> END(),),
        (default >> END(), when(contains("a")) >> END()),
    ],
)
def test_a_switch_needs_a_default_as_its_last_rule(cases: tuple[Any, ...]) -> None:
    assert "F104" in codes(Flow("f").start(write).switch(write, *cases))


def test_the_second_way_out_of_a_node_is_never_taken() -> None:
    assert codes(Flow("f").start(write).edge(write, END()).edge(write, END())) == ["F007"]


@pytest.mark.parametrize("wrong", [3, None, Flow("not built")])
def test_what_is_no_node_is_refused(wrong: Any) -> None:
    assert codes(Flow("f").start(write).edge(write, wrong)) == ["F107", "F005", "F019"]


def test_a_node_and_an_end_cannot_share_a_name() -> None:
    assert "F003" in codes(Flow("f").start(write).edge(write, END("write")))


def test_a_flow_that_comes_to_no_end_is_refused() -> None:
    assert codes(Flow("f").start(write).edge(write, judge).edge(judge, write)) == ["F019"]


def test_a_guard_for_an_exit_that_is_not_there_is_refused() -> None:
    bot = Talker("bot", last)
    assert codes(Flow("f").start(bot).switch(bot, when(exited("lmit")) >> END("a"), default >> END())) == ["F009"]


def test_a_flow_tells_its_nodes() -> None:
    flow = Flow("f").start(write).edge(write, END).build()
    assert repr(flow) == "<CodeGraph 'f': input, write, end>"
    assert flow.warnings == ()
