"""Who stops, who asks and who goes on: the table of input modes, the counters, the limits, what a human types."""

from __future__ import annotations

from typing import Any

import pytest

from flowagents.errors import ConfigError, MessageError
from tests.classic.acting import Humans, calling, conversable, count, proposing, requests, said, speaker

STOP, AUTO = "stop", "auto"


def ends(message: dict[str, Any]) -> bool:
    return bool(message["content"] == "END")


# mode, auto replies before, limit, what is heard, what is typed (None: nobody is asked), what becomes of it
TABLE = [
    ("ALWAYS", 0, 5, "hi", "exit", STOP),
    ("ALWAYS", 0, 5, "hi", "words", "words"),
    ("ALWAYS", 0, 5, "END", "", STOP),
    ("ALWAYS", 0, 5, "hi", "", AUTO),
    ("ALWAYS", 9, 5, "hi", "", AUTO),
    ("TERMINATE", 5, 5, "hi", "exit", STOP),
    ("TERMINATE", 5, 5, "hi", "words", "words"),
    ("TERMINATE", 5, 5, "END", "", STOP),
    ("TERMINATE", 5, 5, "hi", "", AUTO),
    ("TERMINATE", 9, 5, "hi", "", AUTO),
    ("TERMINATE", 4, 5, "END", "exit", STOP),
    ("TERMINATE", 4, 5, "END", "", STOP),
    ("TERMINATE", 4, 5, "END", "words", "words"),
    ("TERMINATE", 4, 5, "hi", None, AUTO),
    ("NEVER", 5, 5, "hi", None, STOP),
    ("NEVER", 0, 5, "END", None, STOP),
    ("NEVER", 4, 5, "hi", None, AUTO),
    ("NEVER", 0, 0, "hi", None, STOP),
]


@pytest.mark.parametrize(("mode", "before", "limit", "heard", "typed", "outcome"), TABLE)
def test_the_table_decides(mode: str, before: int, limit: int, heard: str, typed: str | None, outcome: str) -> None:
    humans = Humans([] if typed is None else [typed])
    user = conversable("user", human=humans, human_input_mode=mode, is_termination_msg=ends)
    bot = conversable("bot")
    user.update_max_consecutive_auto_reply(limit)
    user.default_auto_reply = "auto"
    user.ledger.counts[bot] = before
    bot.send(heard, user, request_reply=False, silent=True)
    reply = user.generate_reply(sender=bot)
    assert len(humans.asked) == (0 if typed is None else 1)
    if outcome == STOP:
        assert (reply, count(user, bot)) == (None, 0)
    elif outcome == AUTO:
        assert (reply, count(user, bot)) == ("auto", before + 1)
    else:
        assert (reply, count(user, bot)) == ({"content": outcome}, 0)


@pytest.mark.parametrize(("mode", "heard"), [("ALWAYS", "hi"), ("TERMINATE", "hi")])
def test_with_a_limit_of_none_going_on_means_an_empty_message(mode: str, heard: str) -> None:
    user = conversable("user", human=Humans([""]), human_input_mode=mode, max_consecutive_auto_reply=0)
    user.default_auto_reply = "auto"
    bot = conversable("bot")
    bot.send(heard, user, request_reply=False, silent=True)
    assert (user.generate_reply(sender=bot), count(user, bot)) == ("", 0)


@pytest.mark.parametrize("typed", ["Exit", " exit", "exit ", "EXIT", "exit\n"])
def test_only_the_exact_word_leaves(typed: str) -> None:
    user, bot = conversable("user", human=Humans([typed, "exit"])), speaker("bot", "1", "2")
    result = user.initiate_chat(bot, message="hi", silent=True)
    assert (said(user, bot), result.stop.name) == (["hi", "1", typed, "2"], "left")


def test_the_stop_tells_who_ended_it_and_by_what() -> None:
    user, bot = conversable("user", human=Humans(["exit"])), speaker("bot", "1")
    stop = user.initiate_chat(bot, message="hi", silent=True).stop
    assert (stop.kind, stop.agent, stop.rule) == (
        "finished",
        "user",
        "the human behind user typed 'exit'",
    )
    bot = speaker("bot", "TERMINATE")
    user = conversable("user")
    stop = user.initiate_chat(bot, message="hi", silent=True).stop
    assert (stop.name, stop.agent, stop.evidence["message"]["content"]) == ("ended", "user", "TERMINATE")
    user = conversable("user", max_consecutive_auto_reply=0)
    stop = user.initiate_chat(speaker("bot", "1"), message="hi", silent=True).stop
    assert (stop.kind, stop.rule) == ("limit", "user reached max_consecutive_auto_reply 0")


def test_a_human_who_lets_the_rule_decide_is_told_so_and_named_in_the_stop() -> None:
    humans = Humans([""])
    user = conversable("user", human=humans, human_input_mode="TERMINATE")
    stop = user.initiate_chat(speaker("bot", "TERMINATE"), message="hi", silent=True).stop
    assert (stop.name, stop.rule) == (
        "ended",
        "the human behind user let the termination rule decide",
    )
    assert "press Enter to end the conversation" in humans.asked[0]


@pytest.mark.parametrize("text", ["TERMINATE ", "terminate", "done. TERMINATE"])
def test_the_default_rule_wants_exactly_its_word(text: str) -> None:
    user, bot = conversable("user", max_consecutive_auto_reply=1), speaker("bot", text, "TERMINATE")
    user.initiate_chat(bot, message="hi", silent=True)
    assert said(user, bot) == ["hi", text, "", "TERMINATE"]


def test_a_rule_is_asked_only_about_what_was_received() -> None:
    heard: list[Any] = []

    def rule(message: dict[str, Any]) -> bool:
        heard.append(message["content"])
        return False

    user = conversable("user", is_termination_msg=rule, max_consecutive_auto_reply=1)
    user.initiate_chat(speaker("bot", "1", "2"), message="hi", silent=True)
    assert heard == ["1", "2"]


def test_a_rule_gets_a_text_where_the_message_is_a_call() -> None:
    user = conversable("user", is_termination_msg=lambda message: message["content"].endswith("END"))
    bot = speaker("bot", calling("f", "{}"), "END")
    user.initiate_chat(bot, message="hi", silent=True)
    assert said(user, bot)[-1] == "END"


def test_a_rule_that_matches_a_call_wins_over_running_it() -> None:
    ran: list[int] = []
    user = conversable("user", is_termination_msg=lambda message: bool(message.get("tool_calls")))
    user.register_for_execution(name="f")(lambda: ran.append(1))
    result = user.initiate_chat(speaker("bot", proposing(("c", "f", "{}"))), message="hi", silent=True)
    assert (ran, result.stop.name) == ([], "ended")


def test_a_rule_may_be_asynchronous() -> None:
    async def rule(message: dict[str, Any]) -> bool:
        return bool(message["content"] == "2")

    user = conversable("user", is_termination_msg=rule)
    bot = speaker("bot", "1", "2")
    assert user.initiate_chat(bot, message="hi", silent=True).stop.name == "ended"
    assert said(user, bot) == ["hi", "1", "", "2"]


def test_a_rule_cannot_change_what_it_is_shown() -> None:
    def rule(message: dict[str, Any]) -> bool:
        message["tool_calls"][0]["function"]["name"] = "changed"
        message.clear()
        return False

    user = conversable("user", is_termination_msg=rule)
    bot = speaker("bot", proposing(("c", "f", "{}")))
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    user.generate_reply(sender=bot)
    assert user.chat_messages[bot][1]["tool_calls"][0]["function"]["name"] == "f"


def test_words_over_a_call_tell_each_call_that_it_was_interrupted() -> None:
    user = conversable("user", human=Humans(["no, wait", "exit"]))
    bot = speaker("bot", proposing(("c1", "f", "{}"), ("c2", "g", "{}")), "ok")
    user.initiate_chat(bot, message="hi", silent=True)
    responses = [{"role": "tool", "tool_call_id": identity, "content": "USER INTERRUPTED"} for identity in ("c1", "c2")]
    assert user.chat_messages[bot][2] == {
        "content": "no, wait",
        "tool_responses": responses,
        "role": "assistant",
        "name": "user",
    }
    assert requests(bot)[1][3:] == [
        *responses,
        {"content": "no, wait", "role": "user", "name": "user"},
    ]


def test_words_over_a_legacy_call_name_its_function() -> None:
    user = conversable("user", human=Humans(["no", "exit"]))
    bot = speaker("bot", calling("f", "{}"), "ok")
    user.initiate_chat(bot, message="hi", silent=True)
    assert user.chat_messages[bot][2]["tool_responses"] == [
        {"role": "function", "name": "f", "content": "USER INTERRUPTED"}
    ]


def test_counters_are_kept_per_partner() -> None:
    user, one, other = conversable("user"), speaker("one", *"123"), speaker("other", *"123")
    user.initiate_chat(one, message="hi", max_turns=3, silent=True)
    user.initiate_chat(other, message="hi", max_turns=2, silent=True)
    assert (count(user, one), count(user, other)) == (2, 1)
    user.reset_consecutive_auto_reply_counter(one)
    assert (count(user, one), count(user, other)) == (0, 1)


def test_results_of_tools_and_code_count_as_automatic_replies() -> None:
    user = conversable("user", function_map={"f": lambda: 1})
    user.initiate_chat(speaker("bot", proposing(("c", "f", "{}")), "done"), message="hi", max_turns=2, silent=True)
    assert sum(user.ledger.counts.values()) == 1


def test_a_limit_is_copied_for_a_partner_when_the_two_first_meet() -> None:
    user, one, other = conversable("user", max_consecutive_auto_reply=3), conversable("a"), conversable("b")
    user.send("hi", one, silent=True)
    user.update_max_consecutive_auto_reply(1, other)
    user.ledger.limit = 7
    assert [user.max_consecutive_auto_reply(peer) for peer in (one, other, None)] == [3, 1, 7]


def test_a_general_limit_replaces_those_of_known_partners() -> None:
    user, one, other = conversable("user", max_consecutive_auto_reply=3), conversable("a"), conversable("b")
    user.update_max_consecutive_auto_reply(1, one)
    user.update_max_consecutive_auto_reply(5)
    assert [user.max_consecutive_auto_reply(peer) for peer in (one, other, None)] == [5, 5, 5]


@pytest.mark.parametrize("limit", [-1, 1.5, "3", True])
def test_a_limit_that_is_no_count_is_refused(limit: Any) -> None:
    words = "'user' has max_consecutive_auto_reply .*; give a whole number of 0 or more"
    with pytest.raises(ConfigError, match=words):
        conversable("user", max_consecutive_auto_reply=limit)
    user = conversable("user")
    with pytest.raises(ConfigError, match=words):
        user.update_max_consecutive_auto_reply(limit)


def test_without_a_limit_of_its_own_an_agent_goes_on_a_hundred_times() -> None:
    assert conversable("user").max_consecutive_auto_reply() == 100


@pytest.mark.parametrize("answer", [None, 5, ["a"]])
def test_a_human_who_answers_with_no_text_fails_the_chat_by_name(answer: Any) -> None:
    user = conversable("user", human=Humans([answer]))
    with pytest.raises(Exception, match=r"get_human_input of 'user' returned .*; return a text") as caught:
        user.initiate_chat(speaker("bot", "1"), message="hi", silent=True)
    assert caught.value.run.stop.failure.error == MessageError.__name__  # type: ignore[attr-defined]
    with pytest.raises(Exception, match=r"get_human_input of 'user' returned .*; return a text"):
        conversable("user", human=Humans([answer])).initiate_chat(speaker("bot", "1"), silent=True)
