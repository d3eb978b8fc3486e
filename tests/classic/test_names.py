"""Names of agents that look like something else: nothing is confused by them."""

from __future__ import annotations

from typing import Any

import pytest

from flowagents import END, Agent, ConversableAgent, Flow, recording, replaying
from flowagents.core.check import check
from flowagents.patterns.pair import (
    BOOKKEEPING,
    ChatSettings,
    chat_graph,
    node_names,
    one_reply_graph,
    send_graph,
    thread_of,
)
from flowagents.patterns.spec import AgentSpec, CheckStep, Hooks
from tests.classic.acting import Humans, conversable, count, said, speaker

CHECKS = (CheckStep(),)
ODD = [
    *sorted(BOOKKEEPING),
    "before send 1",
    "after ended",
    "say",
    "check",
    "bot",
    "bot/check",
    "bot/reply",
    "bot/reply/1 x",
    "a/b",
    "/",
    "a & b",
    "bot & bot",
    "&",
    'a "quoted" name',
    "it's",
    "a|b",
    "agent user",
    "agent open",
    "x" * 200,
    "Ünïcödé 漢字",
    "<b>&amp;</b>",
    "{a}",
    "%s",
]


def pair_of(name: str, partner: str) -> tuple[ConversableAgent, ConversableAgent]:
    user = conversable(name, default_auto_reply="ok")
    bot = conversable(partner, default_auto_reply="ho")
    return user, bot


def odd_chat(name: str, partner: str) -> tuple[ConversableAgent, ConversableAgent, Any]:
    """Return two agents and the result of a chat of theirs that has every kind of node."""
    user, bot = pair_of(name, partner)
    for agent in (user, bot):
        agent.register_hook("process_message_before_send", lambda sender, message, recipient, silent: message)
        agent.register_reply([Agent, None], lambda *_, **__: (False, None))
    result = user.initiate_chat(bot, message=lambda *_: "hi", max_turns=2, silent=True, summary_method=lambda *_: "sum")
    return user, bot, result


@pytest.mark.parametrize("partner", ["partner", "open", "a|b"])
@pytest.mark.parametrize("name", ODD)
def test_a_chat_of_oddly_named_agents_goes_as_any(name: str, partner: str, tmp_path: Any) -> None:
    partner = "another" if name == partner else partner
    with recording(tmp_path / "trace.jsonl"):
        user, bot, result = odd_chat(name, partner)
    assert (said(user, bot), said(bot, user)) == (["hi", "ho", "ok", "ho"], ["hi", "ho", "ok", "ho"])
    assert (result.summary, result.stop.name, result.stop.kind) == ("sum", "max_turns", "limit")
    assert (count(user, bot), count(bot, user)) == (1, 2)
    assert [finding for finding in check(result.run.graph) if finding.severity == "error"] == []
    with replaying(tmp_path / "trace.jsonl"):
        *_, again = odd_chat(name, partner)
    assert again.messages == result.messages


@pytest.mark.parametrize("name", ODD)
def test_messages_and_single_replies_of_oddly_named_agents_go_as_any(name: str) -> None:
    user, bot = pair_of(name, "other")
    user.send("hi", bot, request_reply=True, silent=True)
    assert (said(user, bot), bot.generate_reply(sender=user)) == (["hi", "ho"], "ho")


@pytest.mark.parametrize("name", ODD)
def test_the_end_keeps_its_name_whatever_agents_are_called(name: str) -> None:
    user = conversable(name, human=Humans(["exit"]))
    stop = user.initiate_chat(speaker("the other", "1"), message="hi", silent=True).stop
    assert (stop.name, stop.agent) == ("left", name)


@pytest.mark.parametrize("first", ODD)
@pytest.mark.parametrize("settings", [ChatSettings(1), ChatSettings(None, True, "human", "function")])
def test_every_graph_of_oddly_named_agents_is_sound(first: str, settings: ChatSettings) -> None:
    hooks = Hooks(1, 1, 2)
    for second in ("user", "open", "agent open", "a|b"):
        one, other = AgentSpec(first, CHECKS, hooks=hooks), AgentSpec(second, CHECKS, hooks=hooks)
        if first == second:
            continue
        for graph in (chat_graph(one, other, settings), send_graph(one, other), one_reply_graph(one, second, "t")):
            assert [finding for finding in check(graph) if finding.severity == "error"] == []


def test_no_two_pairs_share_a_thread() -> None:
    pairs = {(a, b) for a in ODD for b in ODD if a < b}
    assert len({thread_of(*pair) for pair in pairs}) == len(pairs)
    assert thread_of("a & b", "c") != thread_of("a", "b & c")


def test_the_node_of_an_agent_has_its_name_where_it_can() -> None:
    assert node_names("user", "bot") == ["user", "bot"]
    assert node_names("open", "agent open", "after ended") == ["agent open", "agent agent open", "agent after ended"]
    assert node_names("a/b", "a|b") == ["a|b", "agent a|b"]


def test_an_agent_whose_node_is_called_otherwise_is_shown_by_its_name() -> None:
    graph = chat_graph(AgentSpec("open", ()), AgentSpec("bot", ()))
    assert [node.title for node in graph.nodes if node.kind == "agent"] == ["", "open"]


def test_agents_of_the_same_names_in_an_inner_chat_are_others() -> None:
    user, bot = conversable("user"), conversable("bot")

    def ask_others(agent: Any, messages: Any, sender: Any, config: Any) -> Any:
        inner_user, inner_bot = conversable("user"), speaker("bot", "inner")
        assert inner_bot.chat_messages == {}
        inner_bot.update_system_message("inner words")
        inner_user.initiate_chat(inner_bot, message="inner hi", max_turns=1, silent=True)
        assert said(inner_user, inner_bot) == ["inner hi", "inner"]
        return True, said(inner_user, inner_bot)[-1]

    bot.register_reply([Agent, None], ask_others)
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert said(user, bot) == ["hi", "inner"]
    assert bot.system_message != "inner words"


def test_what_goes_on_around_an_inner_chat_is_seen_from_inside_it() -> None:
    user, bot = conversable("user"), conversable("bot")
    seen: list[Any] = []

    def look(agent: Any, messages: Any, sender: Any, config: Any) -> Any:
        seen.append(said(user, bot))
        return False, None

    def ask_others(agent: Any, messages: Any, sender: Any, config: Any) -> Any:
        one, other = conversable("one"), conversable("other")
        other.register_reply([Agent, None], look)
        one.initiate_chat(other, message="inner", max_turns=1, silent=True)
        return True, "ho"

    bot.register_reply([Agent, None], ask_others)
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert seen == [["hi"]]


def test_a_function_inside_a_chat_cannot_begin_another_of_the_same_two() -> None:
    user, bot = conversable("user"), conversable("bot")

    def again(agent: Any, messages: Any, sender: Any, config: Any) -> Any:
        agent.send("again", sender)
        return True, "ho"

    bot.register_reply([Agent, None], again)
    with pytest.raises(ValueError, match="'bot' and 'user' are in the middle of a conversation"):
        user.initiate_chat(bot, message="hi", silent=True)
    assert said(user, bot) == ["hi"]


def test_a_function_inside_a_flow_sees_what_its_agent_keeps() -> None:
    bot, user = speaker("bot", "1", "2"), conversable("user")
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    seen: list[Any] = []

    def look(agent: Any, messages: Any, sender: Any, config: Any) -> Any:
        seen.append(said(agent, user))
        return False, None

    bot.register_reply([Agent, None], look)
    Flow("flow").start(bot).edge(bot, END("done")).build().run("question")
    assert seen == [["hi", "1"]]
