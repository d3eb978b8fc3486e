"""The order in which an agent tries to reply: registered functions, triggers, hooks, and single replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowagents import Agent, AssistantAgent, ConversableAgent, ScriptedModel
from flowagents.core.events import Started
from flowagents.errors import ConfigError, MessageError, NameConflict, SenderRequired
from tests.classic.acting import Humans, calling, conversable, count, proposing, requests, said, speaker

ANYBODY: Any = [Agent, None]
HI = [{"role": "user", "content": "hi"}]


def saying(reply: Any, *, final: bool = True) -> Callable[..., Any]:
    return lambda agent, messages, sender, config: (final, reply)


# -- order and position


def test_what_is_registered_later_is_tried_first() -> None:
    bot = speaker("bot")
    bot.register_reply(ANYBODY, saying("first"))
    bot.register_reply(ANYBODY, saying("second"))
    assert bot.generate_reply(HI) == "second"


def test_a_function_that_is_not_final_leaves_it_to_the_next() -> None:
    bot = speaker("bot", "model")
    bot.register_reply(ANYBODY, saying("ignored", final=False))
    assert bot.generate_reply(HI) == "model"


def test_a_final_nothing_is_silence() -> None:
    bot = speaker("bot", "model")
    bot.register_reply(ANYBODY, saying(None))
    assert bot.generate_reply(HI) is None


@pytest.mark.parametrize(
    ("position", "heard", "reply"),
    [
        (0, "TERMINATE", "f"),  # before the check
        (1, "TERMINATE", "f"),  # between the two places of the check
        (2, "TERMINATE", None),  # behind it
        (2, calling("add", "{}"), "f"),  # before the legacy call
        (3, calling("add", "{}"), "f"),
        (4, calling("add", "{}"), {"role": "function", "name": "add", "content": "ran"}),
        (4, proposing(("c", "add", "{}")), "f"),  # before tools
        (5, proposing(("c", "add", "{}")), "f"),
        (6, "hi", "f"),  # behind tools, before the model
        (7, "hi", "f"),
        (8, "hi", "model"),  # behind the model
        (99, "hi", "model"),
        (-1, "hi", "f"),  # before the last
    ],
)
def test_a_position_counts_both_places_of_each_step(position: int, heard: Any, reply: Any) -> None:
    bot = speaker("bot", "model", function_map={"add": lambda: "ran"})
    bot.register_reply(ANYBODY, saying("f"), position)
    message = {"content": heard} if isinstance(heard, str) else heard
    assert bot.generate_reply([{"role": "user", **message}]) == reply


def test_several_functions_stand_where_they_were_put() -> None:
    asked: list[str] = []

    def noting(name: str) -> Callable[..., Any]:
        def note(agent: Any, messages: Any, sender: Any, config: Any) -> Any:
            asked.append(name)
            return False, None

        return note

    bot = speaker("bot", "model")
    for name, position in (("a", 2), ("b", 2), ("c", 0), ("d", 4), ("e", 99)):
        bot.register_reply(ANYBODY, noting(name), position)
    assert bot.generate_reply(HI) == "model"
    assert asked == ["c", "b", "d", "a"]


def test_a_function_behind_all_others_answers_where_none_does() -> None:
    bot = conversable("bot")
    bot.register_reply(ANYBODY, saying("last"), 99)
    assert bot.generate_reply(HI) == "last"


def test_the_other_functions_can_be_removed() -> None:
    bot = speaker("bot", "model")
    bot.register_reply(ANYBODY, saying("earlier"))
    bot.register_reply(ANYBODY, saying("x", final=False), remove_other_reply_funcs=True)
    assert bot.generate_reply([{"role": "user", "content": "TERMINATE"}]) == ""


def test_a_reply_function_gets_agent_messages_sender_and_config() -> None:
    got: list[Any] = []

    def note(agent: Any, messages: Any = None, sender: Any = None, config: Any = None) -> Any:
        got.append((agent, [message["content"] for message in messages], sender, config))
        return False, None

    user, bot = conversable("user"), conversable("bot")
    bot.register_reply(Agent, note, config={"a": 1})
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert got == [(bot, ["hi"], user, {"a": 1})]


def test_a_config_that_a_function_changed_is_fresh_after_a_reset() -> None:
    def note(agent: Any, messages: Any = None, sender: Any = None, config: Any = None) -> Any:
        config["seen"] = config.get("seen", 0) + 1
        return True, str(config["seen"])

    given: dict[str, Any] = {}
    bot = conversable("bot")
    bot.register_reply(ANYBODY, note, config=given)
    assert [bot.generate_reply(HI), bot.generate_reply(HI)] == ["1", "2"]
    bot.reset()
    assert (bot.generate_reply(HI), given) == ("1", {})


def test_a_config_may_have_a_reset_of_its_own() -> None:
    bot = conversable("bot")
    config = {"n": 5}
    bot.register_reply(ANYBODY, saying("x"), config=config, reset_config=lambda kept: kept.update(n=0))
    bot.reset()
    assert bot.reply_slots[0].config == {"n": 0}
    assert config == {"n": 5}


def test_what_a_reply_function_does_to_its_messages_stays_with_it() -> None:
    def spoil(agent: Any, messages: Any, sender: Any, config: Any) -> Any:
        messages[0]["content"] = "changed"
        messages[-1].setdefault("context", {})["a"] = 2
        messages.clear()
        return False, None

    user, bot = conversable("user"), speaker("bot", "1", "2")
    bot.register_reply(ANYBODY, spoil)
    user.initiate_chat(bot, message={"content": "hi", "context": {"a": 1}}, max_turns=2, silent=True)
    assert user.chat_messages[bot][0]["context"] == {"a": 1}
    assert [message["content"] for message in requests(bot)[1]][1:3] == ["hi", "1"]


# -- triggers


@pytest.mark.parametrize(
    ("trigger", "matched"),
    [
        (ConversableAgent, True),
        (Agent, True),
        (AssistantAgent, False),
        ("user", True),
        ("User", False),
        (lambda sender: sender.name == "user", True),
        (lambda sender: False, False),
        (["other", "user"], True),
        (["other", AssistantAgent], False),
        ([AssistantAgent, lambda sender: sender.name == "user"], True),
        ([AssistantAgent, lambda sender: False], False),
        ([["other", [lambda sender: True]]], True),
        (("user",), True),
        ([], False),
        (None, False),
        ([None], False),
    ],
)
def test_a_trigger_is_matched_with_the_sender(trigger: Any, matched: bool) -> None:
    user, bot = conversable("user"), conversable("bot", default_auto_reply="no")
    bot.register_reply(trigger, saying("yes"))
    user.send("hi", bot, silent=True)
    assert bot.generate_reply(sender=user) == ("yes" if matched else "no")


def test_a_trigger_may_be_an_agent() -> None:
    user, other, bot = conversable("user"), conversable("other"), conversable("bot")
    bot.register_reply(user, saying("yes"))
    assert (bot.generate_reply(sender=user), bot.generate_reply(sender=other)) == ("yes", "")


def test_an_agent_that_can_be_called_is_still_an_agent() -> None:
    class Callable_(ConversableAgent):
        def __call__(self, sender: Any) -> bool:
            raise AssertionError

    user, bot = Callable_("user", human_input_mode="NEVER"), conversable("bot")
    bot.register_reply(user, saying("yes"))
    assert bot.generate_reply(sender=user) == "yes"


def test_nobody_is_matched_by_none_and_by_a_list_with_it() -> None:
    for trigger, matched in ((None, True), ([Agent, None], True), (Agent, False), ([Agent], False)):
        bot = conversable("bot", default_auto_reply="no")
        bot.register_reply(trigger, saying("yes"))
        assert bot.generate_reply(HI) == ("yes" if matched else "no")


def test_an_asynchronous_predicate_is_awaited() -> None:
    async def never(sender: Any) -> bool:
        return False

    user, bot = conversable("user"), conversable("bot", default_auto_reply="no")
    bot.register_reply(never, saying("yes"))
    assert bot.generate_reply(sender=user) == "no"


@pytest.mark.parametrize("trigger", ["user", ["other", "user"], ["user", None]])
def test_a_name_waits_for_a_sender_that_must_be_there(trigger: Any) -> None:
    bot = conversable("bot")
    bot.register_reply(trigger, saying("yes"))
    with pytest.raises(SenderRequired, match=r"waits for the sender .*but this reply has no sender; give one"):
        bot.generate_reply(HI)


def test_a_name_is_not_asked_for_where_an_earlier_function_answers() -> None:
    bot = conversable("bot")
    bot.register_reply("user", saying("late"))
    bot.register_reply(ANYBODY, saying("early"))
    assert bot.generate_reply(HI) == "early"


@pytest.mark.parametrize("trigger", [5, {"a": 1}, [5], ["a", [{}]]])
def test_a_trigger_that_nobody_could_match_is_refused(trigger: Any) -> None:
    with pytest.raises(ConfigError, match=r"a trigger is .*; give a class, a name, an agent"):
        conversable("bot").register_reply(trigger, saying("x"))


# -- single replies


def test_a_reply_to_nothing_is_refused() -> None:
    with pytest.raises(MessageError, match="'bot' is to reply to nothing: give messages, or the sender"):
        conversable("bot").generate_reply()


def test_a_reply_to_messages_says_nothing() -> None:
    user, bot = conversable("user"), speaker("bot", "1")
    assert bot.generate_reply(HI, user) == "1"
    assert (said(user, bot), count(bot, user)) == ([], 1)


def test_a_reply_to_a_sender_is_one_to_the_history() -> None:
    user, bot = conversable("user"), speaker("bot", "1", "2")
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    user.send("more", bot, silent=True)
    assert bot.generate_reply(sender=user) == "2"
    assert [message["content"] for message in requests(bot)[1]][1:] == ["hi", "1", "more"]


def test_a_reply_to_no_messages_asks_the_model_with_the_system_message_only() -> None:
    bot = speaker("bot", "1", system_message="S")
    assert bot.generate_reply([]) == "1"
    assert requests(bot)[0] == [{"content": "S", "role": "system"}]


def test_a_reply_that_carries_calls_is_a_dict() -> None:
    bot = speaker("bot", proposing(("c", "f", "{}")))
    assert bot.generate_reply(HI) == proposing(("c", "f", "{}"))


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        (["hi"], "'bot' was given the message 'hi'; give a dict"),
        ([{"role": "user", "content": 5}], "its content is 5"),
        ([{"tool_calls": 5}], "its tool_calls are 5"),
        ([{"content": object()}], "type object cannot be recorded"),
    ],
)
def test_messages_that_nobody_could_read_are_refused(messages: Any, words: str) -> None:
    bot = speaker("bot", "1")
    with pytest.raises(MessageError, match=words):
        bot.generate_reply(messages)
    assert requests(bot) == []


def test_an_agent_does_not_reply_to_itself_nor_to_one_of_its_name() -> None:
    bot = speaker("bot", "1")
    with pytest.raises(NameConflict, match="'bot' cannot talk to itself; give it a partner"):
        bot.generate_reply(sender=bot)
    with pytest.raises(NameConflict, match="two agents of one conversation are called 'bot'"):
        bot.generate_reply(sender=conversable("bot"))


def test_a_model_without_an_answer_leaves_it_to_the_default() -> None:
    bot = conversable("bot", llm_config=ScriptedModel([{"content": None}]), default_auto_reply="none")
    assert bot.generate_reply(HI) == "none"


# -- hooks


def test_a_hook_for_the_last_message_changes_only_what_its_owner_sees() -> None:
    user, bot = conversable("user"), speaker("bot", "1", "2")
    bot.register_hook("process_last_received_message", lambda text: text.upper())
    result = user.initiate_chat(bot, message="hi", max_turns=2, silent=True)
    assert (said(bot, user), said(user, bot)) == (["HI", "1", "", "2"], ["hi", "1", "", "2"])
    assert requests(bot)[1][1]["content"] == "HI"
    assert result.chat_history[0]["content"] == "hi"


@pytest.mark.parametrize(
    "message",
    [
        {"content": "exit"},
        {"content": [{"type": "text", "text": "hi"}]},
        {"content": "hi", "context": {"a": 1}},
        calling("f", "{}", "hi"),
    ],
)
def test_a_hook_for_the_last_message_passes_some_over(message: Any) -> None:
    user, bot = conversable("user"), conversable("bot")
    bot.register_hook("process_last_received_message", lambda text: "changed")
    user.send(message, bot, silent=True)
    bot.generate_reply(sender=user)
    assert said(bot, user) == [message["content"]]


def test_hooks_of_one_kind_follow_each_other() -> None:
    bot = speaker("bot", "1")
    bot.register_hook("process_last_received_message", lambda text: text + "a")
    bot.register_hook("process_last_received_message", lambda text: text + "b")
    bot.generate_reply(HI)
    assert requests(bot)[0][-1]["content"] == "hiab"


def test_a_hook_for_all_messages_shows_others_for_one_reply() -> None:
    user, bot = conversable("user"), speaker("bot", "1", "2")
    bot.register_hook("process_all_messages_before_reply", lambda messages: messages[-1:])
    user.initiate_chat(bot, message="hi", max_turns=2, silent=True)
    assert [len(request) for request in requests(bot)] == [2, 2]
    assert said(bot, user) == ["hi", "1", "", "2"]


def test_the_hook_for_the_last_message_comes_before_that_for_all() -> None:
    bot = speaker("bot", "1")
    seen: list[Any] = []

    def note(messages: Any) -> Any:
        seen.append(messages)
        return messages

    bot.register_hook("process_all_messages_before_reply", note)
    bot.register_hook("process_last_received_message", lambda text: text.upper())
    bot.generate_reply(HI)
    assert seen[0][-1]["content"] == "HI"


def test_a_hook_before_sending_changes_what_both_sides_store() -> None:
    user, bot = conversable("user"), speaker("bot", "ho")
    for agent in (user, bot):
        for mark in "?!":
            agent.register_hook(
                "process_message_before_send",
                lambda sender, message, recipient, silent, mark=mark: f"{sender.name}>{recipient.name} {message}{mark}",
            )
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    expected = ["user>bot user>bot hi?!", "bot>user bot>user ho?!"]
    assert (said(user, bot), said(bot, user)) == (expected, expected)


def test_a_hook_before_sending_cannot_change_what_was_recorded() -> None:
    user, bot = conversable("user"), conversable("bot")

    def spoil(sender: Any, message: Any, recipient: Any, silent: Any) -> Any:
        message["context"]["a"] = 2
        return message

    user.register_hook("process_message_before_send", spoil)
    given = {"content": "hi", "context": {"a": 1}}
    result = user.initiate_chat(bot, message=given, max_turns=1, silent=True)
    assert isinstance(result.run.events[0], Started)
    assert (given["context"], result.run.events[0].data["message"]["context"]) == ({"a": 1}, {"a": 1})
    assert result.chat_history[0]["context"] == {"a": 2}


def test_a_hook_for_messages_given_outright_changes_the_reply_only() -> None:
    user, bot = conversable("user"), speaker("bot", "1")
    user.send("hi", bot, silent=True)
    bot.register_hook("process_last_received_message", lambda text: text.upper())
    bot.generate_reply(HI, user)
    assert (requests(bot)[0][-1]["content"], said(bot, user)) == ("HI", ["hi"])


@pytest.mark.parametrize(
    ("hook", "returned", "words"),
    [
        ("process_last_received_message", None, "a hook of 'bot' for the last message received returned None"),
        ("process_last_received_message", 5, "return a text"),
        ("process_all_messages_before_reply", "x", "a hook of 'bot' for all messages returned 'x'; return a list"),
        ("process_all_messages_before_reply", ["x"], "return a list of messages"),
        ("process_all_messages_before_reply", [{"tool_calls": 5}], "its tool_calls are 5"),
        ("process_message_before_send", None, "a hook of 'bot' before sending returned None; return a text or"),
        ("process_message_before_send", {}, "'bot' was to say {}, which has neither content nor a call"),
    ],
)
def test_a_hook_that_returns_rubbish_fails_the_chat_by_name(hook: str, returned: Any, words: str) -> None:
    user, bot = conversable("user"), speaker("bot", "1")
    bot.register_hook(hook, lambda *_, **__: returned)
    with pytest.raises(Exception, match=words) as caught:
        user.initiate_chat(bot, message="hi", silent=True)
    assert caught.value.run.stop.failure.error == "MessageError"  # type: ignore[attr-defined]
    assert said(user, bot) == ["hi"]


def test_an_unknown_hook_is_refused() -> None:
    with pytest.raises(ConfigError, match="'process_x' cannot be hooked; hookable are process_last_received"):
        conversable("bot").register_hook("process_x", print)


def test_a_human_may_speak_where_nothing_was_heard() -> None:
    assert conversable("bot", human=Humans(["words"])).generate_reply([]) == {"content": "words"}


def test_what_a_hook_made_of_a_message_is_kept_with_the_history() -> None:
    user, bot = conversable("user"), speaker("bot", "1", "2")
    bot.register_hook("process_last_received_message", lambda text: text.upper())
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    user.initiate_chat(bot, message="ho", max_turns=1, silent=True, clear_history=False)
    assert (said(bot, user), said(user, bot)) == (["HI", "1", "HO", "2"], ["hi", "1", "ho", "2"])


def test_counters_and_typed_words_of_replies_without_a_sender_are_kept() -> None:
    bot = conversable("bot", human=Humans(["", "words"]), human_input_mode="ALWAYS")
    bot.generate_reply(HI)
    assert bot.ledger.counts == {None: 1}
    bot.generate_reply(HI)
    assert (bot.ledger.counts, bot.ledger.typed) == ({None: 0}, ("", "words"))
    bot.reset()
    assert bot.ledger.counts == {}
