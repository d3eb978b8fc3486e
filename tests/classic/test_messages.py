"""What agents store of what they say, and what of that a model is sent: roles, names, keys, both kinds of calls."""

from __future__ import annotations

from typing import Any

import pytest

from flowagents.errors import ConfigError, MessageError
from tests.classic.acting import calling, conversable, proposing, requests, said, speaker


def test_an_ordinary_message_is_stored_with_the_name_of_its_sender() -> None:
    user, bot = conversable("user"), speaker("bot", "ho")
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert user.chat_messages[bot] == [
        {"content": "hi", "role": "assistant", "name": "user"},
        {"content": "ho", "role": "user", "name": "bot"},
    ]
    assert bot.chat_messages[user] == [
        {"content": "hi", "role": "user", "name": "user"},
        {"content": "ho", "role": "assistant", "name": "bot"},
    ]


def test_a_name_that_is_given_is_kept() -> None:
    user, bot = conversable("user"), speaker("bot", "ho")
    user.initiate_chat(bot, message={"content": "hi", "name": "Alice"}, max_turns=1, silent=True)
    assert bot.chat_messages[user][0]["name"] == "Alice"


def test_a_message_keeps_its_context_and_loses_every_other_key() -> None:
    user, bot = conversable("user"), speaker("bot", "ho")
    message = {"content": "hi", "context": {"a": 1}, "role": "system", "extra": 1, "function_call": None}
    user.initiate_chat(bot, message=message, max_turns=1, silent=True)
    assert bot.chat_messages[user][0] == {
        "content": "hi",
        "context": {"a": 1},
        "role": "user",
        "name": "user",
    }


@pytest.mark.parametrize("call", [proposing(("c1", "add", "{}")), calling("add", "{}")])
def test_a_message_with_calls_is_the_assistants_in_both_copies_without_a_name(call: dict[str, Any]) -> None:
    user, bot = conversable("user"), conversable("bot", default_auto_reply="done")
    del call["content"]
    user.initiate_chat(bot, message=call, max_turns=1, silent=True)
    expected = {**call, "content": None, "role": "assistant"}
    assert user.chat_messages[bot][0] == expected
    assert bot.chat_messages[user][0] == expected


@pytest.mark.parametrize("role", ["tool", "function"])
def test_the_roles_of_results_are_kept_on_both_sides(role: str) -> None:
    user, bot = conversable("user"), speaker("bot", "ho")
    user.initiate_chat(
        bot,
        message={"content": "5", "role": role, "name": "add", "tool_call_id": "c1"},
        max_turns=1,
        silent=True,
    )
    assert (
        user.chat_messages[bot][0]["role"],
        bot.chat_messages[user][0]["role"],
        requests(bot)[0][1]["role"],
    ) == (
        role,
        role,
        role,
    )


def test_an_empty_text_is_a_message() -> None:
    user, bot = conversable("user"), speaker("bot", "ho")
    user.initiate_chat(bot, message="", max_turns=1, silent=True)
    assert said(bot, user) == ["", "ho"]


def test_a_list_of_parts_is_stored_and_sent_as_it_is() -> None:
    parts = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "http://test/a.png"}},
    ]
    user, bot = conversable("user"), speaker("bot", "ho")
    user.initiate_chat(bot, message={"content": parts}, max_turns=1, silent=True)
    assert bot.chat_messages[user][0]["content"] == parts
    assert requests(bot)[0][1]["content"] == parts


@pytest.mark.parametrize("parts", [["TERMINATE"], ["TERMI", "NATE"]])
def test_the_default_rule_sees_the_parts_of_a_list_joined(parts: list[str]) -> None:
    user, bot = conversable("user"), speaker("bot")
    content = [{"type": "text", "text": part} for part in parts]
    result = user.initiate_chat(bot, message={"content": content}, silent=True)
    assert (result.stop.name, result.stop.agent) == ("ended", "bot")


@pytest.mark.parametrize("message", [{}, {"content": None}, {"role": "user"}, {"tool_calls": None}])
def test_a_message_with_neither_content_nor_call_is_refused_before_anything_runs(
    message: dict[str, Any],
) -> None:
    user, bot = conversable("user"), speaker("bot", "ho")
    with pytest.raises(MessageError, match=r"'user' was to say .* neither content nor a call; give"):
        user.initiate_chat(bot, message=message, silent=True)
    assert (said(user, bot), requests(bot)) == ([], [])


def test_a_reply_with_neither_content_nor_call_fails_the_chat_on_the_sending_side() -> None:
    user, bot = conversable("user"), conversable("bot")
    bot.register_reply("user", lambda *_, **__: (True, {"role": "user"}))
    with pytest.raises(Exception, match=r"'bot' was to say .*neither content nor a call") as caught:
        user.initiate_chat(bot, message="hi", silent=True)
    assert caught.value.run.stop.failure.error == "MessageError"  # type: ignore[attr-defined]
    assert said(user, bot) == ["hi"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"content": 5}, "its content is 5; give a text"),
        ({"content": {"a": 1}}, "its content is"),
        ({"content": [1]}, "its content is"),
        ({"content": "", "tool_calls": "rubbish"}, "its tool_calls are 'rubbish'; give a list of dicts"),
        ({"tool_calls": ["rubbish"]}, "its tool_calls are"),
        ({"tool_calls": [{"id": "c"}]}, "each with an id and a function with a name"),
        ({"tool_calls": [{"id": "c", "function": {"name": 1}}]}, "its tool_calls are"),
        ({"function_call": "add"}, "its function_call is 'add'; give a dict with name and arguments"),
        ({"content": "", "tool_responses": "rubbish"}, "its tool_responses are 'rubbish'"),
        ({"content": object()}, "type object cannot be recorded"),
        ({"content": float("nan")}, "type float cannot be recorded"),
        (5, "'user' was to say 5; give a text or a dict"),
    ],
)
def test_a_message_that_nobody_could_read_is_refused_before_anything_runs(message: Any, words: str) -> None:
    user, bot = conversable("user"), speaker("bot", "ho")
    with pytest.raises(MessageError, match=words):
        user.initiate_chat(bot, message=message, silent=True)
    with pytest.raises(MessageError, match=words):
        user.send(message, bot, silent=True)
    assert (said(user, bot), requests(bot)) == ([], [])


def test_the_system_message_comes_first_and_without_a_name() -> None:
    user, bot = conversable("user"), speaker("bot", "ho", system_message="Be kind.")
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert requests(bot)[0][0] == {"content": "Be kind.", "role": "system"}


def test_results_of_tools_reach_the_model_as_one_message_each() -> None:
    user = conversable("user", function_map={"add": lambda a, b: a + b})
    bot = speaker("bot", proposing(("c1", "add", '{"a": 1, "b": 2}'), ("c2", "add", '{"a": 3, "b": 4}')), "done")
    user.initiate_chat(bot, message="go", max_turns=2, silent=True)
    assert requests(bot)[1][3:] == [
        {"tool_call_id": "c1", "role": "tool", "content": "3"},
        {"tool_call_id": "c2", "role": "tool", "content": "7"},
    ]


def test_a_dict_message_may_be_a_reply_of_its_own() -> None:
    user, bot = conversable("user"), conversable("bot", default_auto_reply={"content": "ho", "name": "x"})
    assert (
        user.initiate_chat(bot, message="hi", max_turns=1, silent=True).chat_history[-1]["name"],
        bot.default_auto_reply,
    ) == ("x", {"content": "ho", "name": "x"})


@pytest.mark.parametrize("reply", [5, {}, {"content": None}, ["a"]])
def test_a_default_reply_that_nobody_could_read_is_refused_at_construction(reply: Any) -> None:
    with pytest.raises(MessageError, match="'bot' was to say"):
        conversable("bot", default_auto_reply=reply)


@pytest.mark.parametrize(
    ("carryover", "text"),
    [
        ("a", "go\nContext: \na"),
        (["a", {"content": "b"}, 3], "go\nContext: \na\nb\n3"),
        ("", "go"),
        ([], "go"),
        (None, "go"),
    ],
)
def test_what_is_carried_over_follows_a_text(carryover: Any, text: str) -> None:
    user, bot = conversable("user"), speaker("bot", "ho", "ho")
    for message in ("go", {"content": "go"}):
        user.initiate_chat(bot, message=message, max_turns=1, silent=True, carryover=carryover)
        assert said(bot, user)[0] == text


def test_what_is_carried_over_stands_before_a_list_of_parts_and_not_in_a_call() -> None:
    user, bot = conversable("user"), conversable("bot")
    parts = [{"type": "text", "text": "go"}]
    user.initiate_chat(bot, message={"content": parts}, max_turns=1, silent=True, carryover="a")
    assert said(bot, user)[0] == [{"type": "text", "text": "\nContext: \na"}, *parts]
    user.initiate_chat(bot, message=calling("f", ""), max_turns=1, silent=True, carryover="a")
    assert said(bot, user)[0] is None


def test_a_carryover_that_is_neither_text_nor_list_is_refused() -> None:
    with pytest.raises(ConfigError, match="carryover is 5; give a text or a list"):
        conversable("user").initiate_chat(conversable("bot"), message="go", carryover=5)


def test_a_message_function_gets_both_agents_and_the_context_and_no_carryover_is_added() -> None:
    user, bot = conversable("user"), speaker("bot", "ho")
    got: list[Any] = []

    def make(sender: Any, recipient: Any, context: dict[str, Any]) -> str:
        got.append((sender, recipient, context))
        return f"about {context['topic']}"

    user.initiate_chat(bot, message=make, max_turns=1, silent=True, topic="x", carryover="c")
    assert got == [(user, bot, {"topic": "x", "carryover": "c"})]
    assert said(bot, user) == ["about x", "ho"]


def test_the_messages_a_reader_gets_are_copies() -> None:
    user, bot = conversable("user"), speaker("bot", "ho")
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    user.chat_messages[bot].clear()
    user.chat_messages[bot][0].update(content="changed")
    assert said(user, bot) == ["hi", "ho"]
