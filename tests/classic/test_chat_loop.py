"""How a chat runs: turns, what is answered afterwards, what is kept and cleared, the summary."""

from __future__ import annotations

from typing import Any

import pytest

from flowagents import ConversableAgent
from flowagents.errors import ConfigError, SetupError
from tests.classic.acting import Humans, conversable, count, requests, said, speaker, user_proxy


@pytest.mark.parametrize("turns", [0, -1, -5])
def test_no_turn_means_that_nothing_is_sent_and_the_summary_is_empty(turns: int) -> None:
    user, bot = conversable("user"), speaker("bot")
    result = user.initiate_chat(bot, message="hi", max_turns=turns, silent=True)
    assert (result.summary, result.chat_history, result.stop.name) == ("", [], "nothing")


@pytest.mark.parametrize(("turns", "sent"), [(True, ["hi", "1"]), (1, ["hi", "1"]), (2, ["hi", "1", "", "2"])])
def test_the_initiator_sends_as_many_messages_as_it_has_turns(turns: int, sent: list[str]) -> None:
    user, bot = conversable("user"), speaker("bot", "1", "2")
    result = user.initiate_chat(bot, message="hi", max_turns=turns, silent=True)
    assert [message["content"] for message in result.chat_history] == sent
    assert (result.stop.kind, result.stop.name) == ("limit", "max_turns")


def test_a_silent_initiator_ends_a_chat_of_turns() -> None:
    user, bot = conversable("user", default_auto_reply=None), speaker("bot", "1", "2")
    result = user.initiate_chat(bot, message="hi", max_turns=3, silent=True)
    assert (said(user, bot), result.stop.name, result.stop.agent) == (["hi", "1"], "silent", "user")


@pytest.mark.parametrize("turns", [1.0, "2", [1]])
def test_turns_that_are_no_whole_number_are_refused(turns: Any) -> None:
    with pytest.raises(ConfigError, match=r"max_turns is .*; give a whole number, or None"):
        conversable("user").initiate_chat(conversable("bot"), message="hi", max_turns=turns)


def test_a_bare_message_after_a_chat_without_turns_is_answered() -> None:
    user, bot = conversable("user", default_auto_reply=None), speaker("bot", "1", "2")
    user.initiate_chat(bot, message="hi", silent=True)
    user.send("again", bot, silent=True)
    assert said(user, bot) == ["hi", "1", "again", "2"]


def test_a_bare_message_after_a_chat_of_turns_is_not_answered() -> None:
    user, bot = conversable("user"), speaker("bot", "1", "2")
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    user.send("again", bot, silent=True)
    assert said(user, bot) == ["hi", "1", "again"]


def test_a_bare_message_between_strangers_is_answered_only_if_asked() -> None:
    user, bot = conversable("user"), speaker("bot", "1")
    user.send("hi", bot, silent=True)
    assert said(user, bot) == ["hi"]
    user.send("again", bot, request_reply=True, silent=True)
    assert said(user, bot) == ["hi", "again", "1"]


def test_a_bare_message_says_whether_it_is_answered() -> None:
    user, bot = conversable("user", default_auto_reply=None), speaker("bot", "1", "2")
    user.initiate_chat(bot, message="hi", silent=True)
    user.send("again", bot, request_reply=False, silent=True)
    assert said(user, bot) == ["hi", "1", "again"]


def test_agents_that_are_to_reply_no_longer_do_not() -> None:
    user, bot = conversable("user", default_auto_reply=None), speaker("bot", "1", "2")
    user.initiate_chat(bot, message="hi", silent=True)
    bot.stop_reply_at_receive(user)
    user.send("again", bot, silent=True)
    assert said(user, bot) == ["hi", "1", "again"]


def test_what_is_received_is_what_was_sent() -> None:
    user, bot = conversable("user"), speaker("bot", "1")
    bot.receive("hi", user, request_reply=True, silent=True)
    assert said(user, bot) == ["hi", "1"]


def test_a_bare_message_keeps_the_history_and_the_counters() -> None:
    user = conversable("user", max_consecutive_auto_reply=1)
    bot = speaker("bot", "1", "2", "3", max_consecutive_auto_reply=5)
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    user.send("again", bot, request_reply=True, silent=True)
    assert (count(bot, user), said(user, bot)) == (2, ["hi", "1", "again", "2"])


def test_a_new_chat_begins_anew() -> None:
    user, bot = conversable("user"), speaker("bot", "1", "2")
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    user.initiate_chat(bot, message="ho", max_turns=1, silent=True)
    assert (said(user, bot), said(bot, user)) == (["ho", "2"], ["ho", "2"])
    assert len(requests(bot)[1]) == 2


def test_a_new_chat_goes_on_where_the_history_is_kept_and_counts_anew() -> None:
    user, bot = conversable("user"), speaker("bot", "1", "2", max_consecutive_auto_reply=1)
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    user.initiate_chat(bot, message="ho", max_turns=1, silent=True, clear_history=False)
    assert (said(user, bot), count(bot, user)) == (["hi", "1", "ho", "2"], 1)
    assert len(requests(bot)[1]) == 4


def test_a_history_kept_with_one_is_not_touched_by_a_chat_with_another() -> None:
    user, one, other = conversable("user"), speaker("one", "1"), speaker("other", "2")
    user.initiate_chat(one, message="hi", max_turns=1, silent=True)
    user.initiate_chat(other, message="ho", max_turns=1, silent=True)
    assert (said(user, one), said(user, other)) == (["hi", "1"], ["ho", "2"])


def test_what_a_human_typed_accumulates_where_the_history_is_kept() -> None:
    user, bot = user_proxy("user", Humans(["a", "exit", "b", "exit", "exit"])), speaker("bot", *"12345")
    first = user.initiate_chat(bot, message="hi", silent=True)
    second = user.initiate_chat(bot, message="hi", silent=True, clear_history=False)
    third = user.initiate_chat(bot, message="hi", silent=True, max_turns=2)
    assert (first.human_input, second.human_input) == (["a", "exit"], ["a", "exit", "b", "exit"])
    assert third.human_input == ["exit"]


def test_only_what_the_human_of_the_initiator_typed_is_in_the_result() -> None:
    user = user_proxy("user", Humans(["exit"]))
    bot = conversable("bot", human=Humans(["typed by the other"]))
    result = user.initiate_chat(bot, message="hi", silent=True)
    assert (result.human_input, bot.ledger.typed) == (["exit"], ("typed by the other",))


def test_without_a_message_the_human_is_asked_for_it() -> None:
    humans = Humans(["hello"])
    user, bot = conversable("user", human=humans, human_input_mode="NEVER"), speaker("bot", "1")
    result = user.initiate_chat(bot, max_turns=1, silent=True)
    assert (said(user, bot), result.human_input, humans.asked) == (
        ["hello", "1"],
        ["hello"],
        ["Your message to bot: "],
    )


def test_a_first_message_may_be_the_word_by_which_humans_leave() -> None:
    user, bot = conversable("user", human=Humans(["exit"]), human_input_mode="NEVER"), speaker("bot", "1")
    user.initiate_chat(bot, max_turns=1, silent=True)
    assert said(user, bot) == ["exit", "1"]


def test_the_word_by_which_humans_leave_is_ordinary_in_the_mouth_of_an_agent() -> None:
    user, bot = conversable("user", default_auto_reply="ok"), speaker("bot", "exit", "2")
    user.initiate_chat(bot, message="hi", max_turns=2, silent=True)
    assert said(user, bot) == ["hi", "exit", "ok", "2"]


@pytest.mark.parametrize(
    ("reply", "summary"),
    [
        ("42", "42"),
        ("42 TERMINATE", "42 "),
        ("TERMINATE 4 TERMINATE2", " 4 2"),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b TERMINATE"}]}, "a\nb "),
        ({"content": None, "function_call": {"name": "f", "arguments": ""}}, ""),
    ],
)
def test_the_summary_is_the_last_message_without_the_word_that_ends(reply: Any, summary: str) -> None:
    user, bot = conversable("user"), conversable("bot", default_auto_reply=reply)
    assert user.initiate_chat(bot, message="hi", max_turns=1, silent=True).summary == summary


def test_the_summary_may_be_the_initiators_own_words() -> None:
    user, bot = conversable("user"), conversable("bot", default_auto_reply=None)
    assert user.initiate_chat(bot, message="hi", silent=True).summary == "hi"


def test_no_summary_is_an_empty_one() -> None:
    user, bot = conversable("user"), speaker("bot", "1")
    assert user.initiate_chat(bot, message="hi", max_turns=1, silent=True, summary_method=None).summary == ""


@pytest.mark.parametrize("kept", [True, False])
def test_a_summary_function_sees_the_chat_as_it_ended(kept: bool) -> None:
    user, bot = conversable("user"), speaker("bot", "1", "2")
    user.initiate_chat(bot, message="earlier", max_turns=1, silent=True)

    def summarise(sender: Any, recipient: Any, arguments: dict[str, Any]) -> Any:
        last = recipient.last_message(sender)["content"]
        return [last, len(sender.chat_messages[recipient]), arguments]

    result = user.initiate_chat(
        bot,
        message="hi",
        max_turns=1,
        silent=True,
        clear_history=not kept,
        summary_method=summarise,
        summary_args={"a": 1},
    )
    assert result.summary == ["2", 4 if kept else 2, {"a": 1}]
    assert (result.stop.kind, result.stop.name) == ("limit", "max_turns")


def test_a_summary_function_that_returns_nothing_gives_an_empty_summary() -> None:
    user, bot = conversable("user"), speaker("bot", "1")
    result = user.initiate_chat(bot, message="hi", max_turns=1, silent=True, summary_method=lambda *_: None)
    assert result.summary == ""


def test_an_unknown_summary_method_is_refused_before_anything_runs() -> None:
    user, bot = conversable("user"), speaker("bot", "1")
    with pytest.raises(ConfigError, match="summary_method is 'first_msg'; give 'last_msg', None, or a function"):
        user.initiate_chat(bot, message="hi", summary_method="first_msg")
    assert (said(user, bot), requests(bot)) == ([], [])


def test_a_result_keeps_its_messages_where_a_later_chat_changes_the_history() -> None:
    user, bot = conversable("user"), speaker("bot", "1", "2")
    first = user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    user.initiate_chat(bot, message="ho", max_turns=1, silent=True)
    assert [message["content"] for message in first.messages] == ["hi", "1"]
    assert [message["content"] for message in first.chat_history] == ["ho", "2"]
    assert "summary='1'" in repr(first)


def test_a_synchronous_chat_refuses_asynchronous_functions_of_either_side() -> None:
    async def answer(*_: Any, **__: Any) -> Any:
        return True, "later"

    for owner in (0, 1):
        agents = conversable("user"), speaker("bot", "1")
        agents[owner].register_reply([ConversableAgent, None], answer)
        with pytest.raises(SetupError, match=r"asynchronous reply functions \(answer\).*a_initiate_chat"):
            agents[0].initiate_chat(agents[1], message="hi", silent=True)
        assert said(*agents) == []


def test_an_asynchronous_function_that_may_be_ignored_is() -> None:
    async def answer(*_: Any, **__: Any) -> Any:
        return True, "later"

    user, bot = conversable("user"), speaker("bot", "1")
    bot.register_reply([ConversableAgent, None], answer, ignore_async_in_sync_chat=True)
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert said(user, bot) == ["hi", "1"]


def test_a_bare_message_and_a_bare_reply_pass_asynchronous_functions_over() -> None:
    async def answer(*_: Any, **__: Any) -> Any:
        return True, "later"

    user, bot = conversable("user"), speaker("bot", "1", "2")
    bot.register_reply([ConversableAgent, None], answer)
    user.send("hi", bot, request_reply=True, silent=True)
    assert said(user, bot) == ["hi", "1"]
    assert bot.generate_reply([{"role": "user", "content": "hi"}]) == "2"


def test_a_chat_of_many_turns_needs_no_depth() -> None:
    user = conversable("user", default_auto_reply="a", max_consecutive_auto_reply=3000)
    bot = conversable("bot", default_auto_reply="b", max_consecutive_auto_reply=3000)
    result = user.initiate_chat(bot, message="hi", silent=True)
    assert (len(result.messages), result.stop.name) == (6001, "limit")
