"""What agents keep between runs, and how programs read and change it: histories, limits, the system message."""

from __future__ import annotations

from typing import Any

import pytest

from flowagents import Agent, AssistantAgent, ConversableAgent, UserProxyAgent
from flowagents.classic import texts
from flowagents.errors import MessageError, SetupError
from tests.classic.acting import (
    Humans,
    contents,
    conversable,
    count,
    proposing,
    requests,
    said,
    speaker,
    user_proxy,
)

NOBODY: Any = [Agent, None]


def chatted() -> tuple[ConversableAgent, ConversableAgent]:
    user, bot = conversable("user"), speaker("bot", "1", "2", "3", "4")
    user.initiate_chat(bot, message="hi", max_turns=2, silent=True)
    return user, bot


def test_the_last_message_is_that_of_the_only_partner() -> None:
    user, bot = chatted()
    assert (user.last_message() or {})["content"] == "2"
    assert user.last_message(bot) == user.last_message()
    assert conversable("nobody").last_message() is None


def test_with_several_partners_one_has_to_say_whose_message() -> None:
    user, bot = chatted()
    other = speaker("other", "x")
    user.initiate_chat(other, message="hi", max_turns=1, silent=True)
    assert ((user.last_message(bot) or {})["content"], (user.last_message(other) or {})["content"]) == ("2", "x")
    with pytest.raises(SetupError, match="'user' has talked with bot, other; say whose last message you want"):
        user.last_message()
    user.clear_history(other)
    assert (user.last_message() or {})["content"] == "2"
    assert user.last_message(other) is None


def test_a_stranger_has_no_last_message() -> None:
    user, _ = chatted()
    with pytest.raises(SetupError, match="'user' has not talked with 'stranger'"):
        user.last_message(conversable("stranger"))


def test_clearing_a_history_clears_ones_own_view_of_it() -> None:
    user, bot = chatted()
    user.clear_history(bot)
    assert (said(user, bot), len(said(bot, user))) == ([], 4)


def test_clearing_without_a_partner_clears_all() -> None:
    user, bot = chatted()
    other = speaker("other", "x")
    user.initiate_chat(other, message="hi", max_turns=1, silent=True)
    user.clear_history()
    assert (said(user, bot), said(user, other), user.last_message()) == ([], [], None)


@pytest.mark.parametrize(("keep", "left"), [(1, ["2"]), (3, ["1", "", "2"]), (9, ["hi", "1", "", "2"]), (0, [])])
def test_the_newest_messages_can_be_preserved(keep: int, left: list[str]) -> None:
    user, bot = chatted()
    bot.clear_history(nr_messages_to_preserve=keep)
    assert said(bot, user) == left
    bot.generate_reply(sender=user)
    assert [message["content"] for message in requests(bot)[-1]][1:] == left


def test_results_of_tools_are_preserved_with_the_message_that_proposed_the_calls() -> None:
    user = conversable("user", function_map={"f": lambda: 1})
    bot = speaker("bot", proposing(("c", "f", "{}")), "done")
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    bot.clear_history(user, 2)
    assert [message["role"] for message in bot.chat_messages[user]] == ["assistant", "tool", "assistant"]


def test_what_was_cleared_twice_stays_cleared() -> None:
    user, bot = chatted()
    user.clear_history(bot, 1)
    user.clear_history(bot, 3)
    assert said(user, bot) == ["2"]


def test_a_history_that_was_cleared_goes_on_from_there() -> None:
    user, bot = chatted()
    bot.clear_history(user)
    user.initiate_chat(bot, message="ho", max_turns=1, silent=True, clear_history=False)
    assert (said(bot, user), said(user, bot)) == (["ho", "3"], ["hi", "1", "", "2", "ho", "3"])
    assert len(requests(bot)[-1]) == 2


def test_a_reset_forgets_histories_counters_and_whom_to_answer() -> None:
    user, bot = conversable("user", default_auto_reply=None), speaker("bot", "1", "2")
    user.initiate_chat(bot, message="hi", silent=True)
    assert count(bot, user) == 1
    bot.reset()
    user.send("again", bot, silent=True)
    assert (said(bot, user), count(bot, user)) == (["again"], 0)


def test_the_system_message_can_be_changed() -> None:
    user, bot = chatted()
    bot.update_system_message("Be brief.")
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert (requests(bot)[-1][0]["content"], bot.system_message) == ("Be brief.", "Be brief.")


def test_a_reply_function_can_change_limit_system_message_and_history_of_the_chat_it_is_in() -> None:
    changed: list[Any] = []

    def change(agent: Any, messages: Any, sender: Any, config: Any) -> Any:
        if messages[-1]["content"] == "" and not changed:
            changed.append(agent)
            agent.update_system_message("Now differently.")
            agent.update_max_consecutive_auto_reply(2, sender)
            agent.clear_history(sender, 1)
            agent.reset_consecutive_auto_reply_counter(sender)
            agent.stop_reply_at_receive(sender)
            assert len(agent.chat_messages[sender]) == 1
        return False, None

    user, bot = conversable("user"), speaker("bot", *"123456")
    bot.register_reply(NOBODY, change, 2)
    result = user.initiate_chat(bot, message="hi", silent=True)
    assert [request[0]["content"] for request in requests(bot)][1:] == ["Now differently."] * 3
    assert [len(request) for request in requests(bot)] == [2, 2, 4, 6]
    assert (result.stop.rule, bot.max_consecutive_auto_reply(user)) == (
        "bot reached max_consecutive_auto_reply 2",
        2,
    )
    user.send("more", bot, silent=True)
    assert said(user, bot)[-1] == "more"


def test_what_a_program_gives_as_history_is_what_its_owner_remembers() -> None:
    bot = speaker("bot", "1")
    given = [{"role": "assistant", "content": "earlier"}, {"role": "user", "content": "yes", "name": "Bo"}]
    user = conversable("user", chat_messages={bot: given})
    assert user.chat_messages[bot] == given
    assert bot.chat_messages[user] == []
    user.initiate_chat(bot, message="go on", max_turns=1, silent=True, clear_history=False)
    assert said(user, bot) == ["earlier", "yes", "go on", "1"]
    assert contents(requests(bot)[0])[1:] == ["go on"]


def test_a_history_that_is_given_reaches_the_model_of_its_owner() -> None:
    user = conversable("user")
    bot = speaker("bot", "1", chat_messages={user: [{"role": "user", "content": "earlier"}]})
    bot.generate_reply(sender=user)
    assert requests(bot)[0][1:] == [{"content": "earlier", "role": "user"}]
    bot.clear_history(user, 1)
    assert said(bot, user) == ["earlier"]


@pytest.mark.parametrize("message", ["hi", {"content": 5}, {}, {"content": None}])
def test_a_given_history_that_nobody_could_read_is_refused(message: Any) -> None:
    with pytest.raises(MessageError, match="'user' was"):
        conversable("user", chat_messages={conversable("bot"): [message]})


def test_the_defaults_of_the_three_kinds_of_agents() -> None:
    plain, writer, proxy = ConversableAgent("a"), AssistantAgent("b"), UserProxyAgent("c")
    modes = [agent.human_input_mode for agent in (plain, writer, proxy)]
    assert modes == ["TERMINATE", "NEVER", "ALWAYS"]
    assert [agent.default_auto_reply for agent in (plain, writer, proxy)] == ["", "", ""]
    assert [agent.client for agent in (plain, writer, proxy)] == [None, None, None]
    assert (writer.system_message, proxy.system_message) == (texts.ASSISTANT_SYSTEM, "")
    assert plain.description == plain.system_message == texts.CONVERSABLE_SYSTEM
    assert writer.description == texts.ASSISTANT_DESCRIPTION
    assert AssistantAgent("b", "Own words.").description == "Own words."
    assert AssistantAgent("b", description="D").description == "D"
    for mode, text in texts.USER_PROXY_DESCRIPTIONS.items():
        assert UserProxyAgent("c", human_input_mode=mode).description == text
    assert UserProxyAgent("c", description="D").description == "D"
    assert ConversableAgent("a", None).system_message == ""
    assert repr(plain) == "ConversableAgent('a')"


def test_a_human_who_typed_in_one_chat_is_remembered_in_the_next_with_another() -> None:
    user = user_proxy("user", Humans(["exit", "exit"]))
    one, other = speaker("one", "1"), speaker("other", "1")
    user.initiate_chat(one, message="hi", silent=True)
    result = user.initiate_chat(other, message="hi", silent=True, clear_history=False)
    assert result.human_input == ["exit", "exit"]
