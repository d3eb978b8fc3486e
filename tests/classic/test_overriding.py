"""What a subclass may override: how its human is asked, and its reply as a whole."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from flowagents import ConversableAgent, ScriptedModel, recording, replaying
from tests.classic.acting import Humans, answers_of, awaited, conversable, count, requests, said, speaker


class Shouting(ConversableAgent):
    """Says what it would say, loudly."""

    def generate_reply(self, messages: Any = None, sender: Any = None, **options: Any) -> Any:
        reply = super().generate_reply(messages, sender, **options)
        return reply if reply is None else reply.upper()


class ShoutingLater(ConversableAgent):
    """Says what it would say, loudly, and only in asynchronous chats."""

    async def a_generate_reply(self, messages: Any = None, sender: Any = None, **options: Any) -> Any:
        reply = await super().a_generate_reply(messages, sender, **options)
        return reply if reply is None else reply.upper()


def shouting(kind: type[ConversableAgent], *replies: str, **settings: Any) -> ConversableAgent:
    return kind("bot", human_input_mode="NEVER", llm_config=ScriptedModel(list(replies)), **settings)


def test_a_reply_of_its_own_takes_part_in_a_chat() -> None:
    class Fixed(ConversableAgent):
        def generate_reply(self, messages: Any = None, sender: Any = None, **options: Any) -> Any:
            return f"{len(messages)} from {sender.name}"

    user = conversable("user")
    user.initiate_chat(Fixed("bot"), message="hi", max_turns=2, silent=True)
    (bot,) = user.chat_messages
    assert said(user, bot) == ["hi", "1 from user", "", "3 from user"]  # type: ignore[arg-type]  # the fixed one


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_reply_of_its_own_can_ask_for_the_usual_one(*, asynchronous: bool) -> None:
    user, bot = conversable("user"), shouting(Shouting, "a", "b")
    if asynchronous:
        awaited(lambda: user.a_initiate_chat(bot, message="hi", max_turns=2, silent=True))
    else:
        user.initiate_chat(bot, message="hi", max_turns=2, silent=True)
    assert (said(user, bot), count(bot, user)) == (["hi", "A", "", "B"], 2)
    assert [len(request) for request in requests(bot)] == [2, 4]


def test_an_asynchronous_reply_of_its_own_is_asked_in_asynchronous_chats() -> None:
    user, bot = conversable("user"), shouting(ShoutingLater, "a", "b")
    awaited(lambda: user.a_initiate_chat(bot, message="hi", max_turns=1, silent=True))
    assert said(user, bot) == ["hi", "A"]
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert said(user, bot) == ["hi", "b"]


def test_rules_limits_humans_and_hooks_work_inside_a_reply_of_its_own() -> None:
    humans = Humans(["typed words"])
    user = conversable("user")

    class Asking(Shouting):
        def get_human_input(self, prompt: str) -> str:
            return str(humans(prompt))

        def generate_reply(self, messages: Any = None, sender: Any = None, **options: Any) -> Any:
            reply = ConversableAgent.generate_reply(self, None, sender)
            return reply["content"] if isinstance(reply, dict) else reply

    bot = Asking(
        "bot", human_input_mode="TERMINATE", max_consecutive_auto_reply=1, llm_config=ScriptedModel(["a", "b"])
    )
    bot.register_hook("process_last_received_message", lambda text: text + "?")
    result = user.initiate_chat(bot, message="hi", max_turns=3, silent=True)
    assert said(user, bot) == ["hi", "a", "", "typed words", "", "b"]
    assert said(bot, user) == ["hi?", "a", "?", "typed words", "?", "b"]
    assert (count(bot, user), bot.ledger.typed, result.stop.name) == (1, ("typed words",), "max_turns")


def test_a_reply_of_its_own_may_ask_twice() -> None:
    class Twice(ConversableAgent):
        def generate_reply(self, messages: Any = None, sender: Any = None, **options: Any) -> Any:
            replies = [ConversableAgent.generate_reply(self, messages, sender) for _ in range(2)]
            return " ".join(replies)

    user, bot = conversable("user"), shouting(Twice, "a", "b")
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert (said(user, bot), count(bot, user)) == (["hi", "a b"], 2)


def test_a_reply_of_its_own_that_is_none_is_silence() -> None:
    user, bot = conversable("user"), shouting(Shouting, is_termination_msg=lambda message: True)
    stop = user.initiate_chat(bot, message="hi", silent=True).stop
    assert (stop.name, stop.agent, said(user, bot)) == ("silent", "bot", ["hi"])


def test_a_reply_of_its_own_works_for_messages_outside_chats() -> None:
    user, bot = conversable("user"), shouting(Shouting, "a", "b", "c")
    user.send("hi", bot, request_reply=True, silent=True)
    assert said(user, bot) == ["hi", "A"]
    assert bot.generate_reply(sender=user) == "B"
    assert bot.generate_reply([{"role": "user", "content": "x"}]) == "C"
    assert count(bot, user) == 2


def test_a_hook_before_sending_gets_what_a_reply_of_its_own_says() -> None:
    user, bot = conversable("user"), shouting(Shouting, "a")
    bot.register_hook("process_message_before_send", lambda sender, message, recipient, silent: message + "!")
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert said(user, bot) == ["hi", "A!"]


def test_a_chat_with_a_reply_of_its_own_replays_without_calling_it(tmp_path: Any) -> None:
    user, bot = conversable("user"), shouting(Shouting, "a", "b")
    with recording(tmp_path / "trace.jsonl"):
        first = user.initiate_chat(bot, message="hi", max_turns=2, silent=True)
    user, bot = conversable("user"), shouting(Shouting)
    with replaying(tmp_path / "trace.jsonl"):
        again = user.initiate_chat(bot, message="hi", max_turns=2, silent=True)
    assert answers_of(again.run.events) == answers_of(first.run.events)
    assert (again.messages, count(bot, user)) == (first.messages, 2)


def test_the_human_of_a_subclass_is_asked_in_both_kinds_of_chats() -> None:
    for asynchronous in (False, True):
        humans = Humans(["words", "exit"])
        user, bot = conversable("user", human=humans), speaker("bot", "1", "2")
        if asynchronous:
            awaited(partial(user.a_initiate_chat, bot, message="hi", silent=True))
        else:
            user.initiate_chat(bot, message="hi", silent=True)
        assert (said(user, bot), len(humans.asked)) == (["hi", "1", "words", "2"], 2)
        assert humans.asked[0].startswith("Your reply to bot (press Enter to let user go on by itself")


def test_an_asynchronous_human_is_asked_in_asynchronous_chats_only() -> None:
    class Elsewhere(ConversableAgent):
        def get_human_input(self, prompt: str) -> str:
            return "exit"

        async def a_get_human_input(self, prompt: str) -> str:
            later.append(prompt)
            return "words" if len(later) == 1 else await super().a_get_human_input(prompt)

    later: list[str] = []
    user, bot = Elsewhere("user", human_input_mode="ALWAYS"), speaker("bot", "1", "2", "3")
    awaited(lambda: user.a_initiate_chat(bot, message="hi", silent=True))
    assert (said(user, bot), len(later)) == (["hi", "1", "words", "2"], 2)
    user.initiate_chat(bot, message="hi", silent=True)
    assert (said(user, bot), len(later)) == (["hi", "3"], 2)


def test_the_human_can_look_at_the_chat_it_is_in() -> None:
    class Looking(ConversableAgent):
        def get_human_input(self, prompt: str) -> str:
            (partner,) = self.chat_messages
            seen.append(said(self, partner))  # type: ignore[arg-type]  # a conversable agent
            return "exit"

    seen: list[Any] = []
    user = Looking("user", human_input_mode="ALWAYS")
    user.initiate_chat(speaker("bot", "1"), message="hi", silent=True)
    assert seen == [["hi", "1"]]


def test_an_agent_without_a_human_of_its_own_asks_at_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: "exit")
    for asynchronous in (False, True):
        user, bot = ConversableAgent("user", human_input_mode="ALWAYS"), speaker("bot", "1")
        if asynchronous:
            result = awaited(partial(user.a_initiate_chat, bot, message="hi", silent=True))
        else:
            result = user.initiate_chat(bot, message="hi", silent=True)
        assert (result.human_input, result.stop.name) == (["exit"], "left")
