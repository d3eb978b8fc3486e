"""Models, humans and functions that do the worst they can: typed failures that name who did it, and nothing lost."""

from __future__ import annotations

from typing import Any

import pytest

from flowagents import Agent, ConversableAgent, ScriptedModel, recording
from flowagents.errors import MessageError, NotRecordable, RunFailed, ScriptExhausted, WireError
from flowagents.ports import ModelReply
from flowagents.runtime.trace import read_trace
from tests.classic.acting import (
    Humans,
    awaited,
    conversable,
    count,
    proposing,
    requests,
    said,
    speaker,
)

NOBODY: Any = [Agent, None]


class Boom(Exception):
    """What functions raise here."""


def boom(*_: Any, **__: Any) -> Any:
    raise Boom("boom")


def failing(user: ConversableAgent, bot: ConversableAgent, **options: Any) -> Any:
    """Return what the chat of two agents raises; histories and run are there all the same."""
    options = {"message": "hi", "silent": True, **options}
    with pytest.raises(BaseException) as caught:  # noqa: PT011  - what it is, each test says
        user.initiate_chat(bot, **options)
    return caught.value


# -- models


def test_a_lone_surrogate_passes_through_chat_and_trace(tmp_path: Any) -> None:
    user, bot = conversable("user"), speaker("bot", "a\ud800b")
    with recording(tmp_path / "trace.jsonl"):
        result = user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert result.summary == "a\ud800b"
    trace = read_trace(tmp_path / "trace.jsonl")
    assert trace.events[-1].value["message"]["content"] == "a\ud800b"  # type: ignore[union-attr]  # an answer


def test_a_lone_surrogate_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    conversable("user").initiate_chat(speaker("bot", "a\ud800b"), message="hi", max_turns=1)
    assert "bot" in capsys.readouterr().out


def test_an_answer_of_fifty_megabytes_is_an_answer() -> None:
    user, bot = conversable("user"), conversable("bot", llm_config=ScriptedModel(["x" * 50_000_000]))
    assert len(user.initiate_chat(bot, message="hi", max_turns=1, silent=True).summary) == 50_000_000


class Client:
    """A model client that answers what it is told to."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def create(self, request: Any, on_delta: Any = None) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("text", "the model of 'bot' answered 'text'; return a ModelReply with a message"),
        (None, "the model of 'bot' answered None; return a ModelReply"),
        ({"content": "x"}, "return a ModelReply"),
        (ModelReply("text", "m"), "the model of 'bot' answered 'text'; return a ModelReply"),  # type: ignore[arg-type]
        (ModelReply({"content": 5}, "m"), "the model of 'bot' answered .*its content is 5"),
        (ModelReply({"content": None, "tool_calls": "f"}, "m"), "its tool_calls are 'f'"),
        (ModelReply({"content": None, "tool_calls": [[]]}, "m"), "its tool_calls are"),
        (ModelReply({"content": None, "function_call": []}, "m"), "its function_call is"),
    ],
)
def test_a_model_client_that_answers_rubbish_is_named(answer: Any, words: str) -> None:
    user, bot = conversable("user"), conversable("bot", llm_config=Client(answer))
    error = failing(user, bot)
    assert isinstance(error, WireError)
    with pytest.raises(WireError, match=words):
        raise error
    assert (error.run.stop.kind, said(user, bot)) == ("failed", ["hi"])


def test_an_exhausted_model_fails_the_chat_and_keeps_what_was_said() -> None:
    user, bot = conversable("user"), speaker("bot", "1")
    error = failing(user, bot)
    assert isinstance(error, ScriptExhausted)
    assert (said(user, bot), count(bot, user)) == (["hi", "1", ""], 2)


# -- functions of the user


def with_hook(kind: str, function: Any) -> ConversableAgent:
    bot = speaker("bot", "1")
    bot.register_hook(kind, function)
    return bot


def with_reply(function: Any, position: int = 0) -> ConversableAgent:
    bot = speaker("bot", "1")
    bot.register_reply(NOBODY, function, position)
    return bot


def with_trigger(function: Any) -> ConversableAgent:
    bot = speaker("bot", "1")
    bot.register_reply(function, lambda *_, **__: (True, "x"))
    return bot


RAISING = {
    "a reply function": (lambda: with_reply(boom), {}, "bot/reply/1 boom"),
    "a trigger": (lambda: with_trigger(boom), {}, "bot/trigger/1 <lambda>"),
    "a rule": (lambda: speaker("bot", "1", is_termination_msg=boom), {}, "bot/ended"),
    "a last-message hook": (
        lambda: with_hook("process_last_received_message", boom),
        {},
        "bot/last received 1",
    ),
    "an all-messages hook": (
        lambda: with_hook("process_all_messages_before_reply", boom),
        {},
        "bot/all messages 1",
    ),
    "a sending hook": (lambda: with_hook("process_message_before_send", boom), {}, "bot/before send 1"),
    "a message function": (lambda: speaker("bot", "1"), {"message": boom}, "user/message"),
    "a summary function": (
        lambda: speaker("bot", "1"),
        {"summary_method": boom, "max_turns": 1},
        "user/summary",
    ),
}


@pytest.mark.parametrize(("make", "options", "place"), RAISING.values(), ids=RAISING.keys())
def test_what_a_function_raises_comes_out_with_the_run_that_names_it(
    make: Any, options: dict[str, Any], place: str
) -> None:
    user, bot = conversable("user"), make()
    error = failing(user, bot, **options)
    assert isinstance(error, Boom)
    failure = error.run.stop.failure  # type: ignore[attr-defined]  # the run is attached to what was raised
    assert (failure.error, failure.place) == ("Boom", place)
    assert said(user, bot) == ([] if "message" in options else ["hi", "1"] if "summary_method" in options else ["hi"])


@pytest.mark.parametrize(("make", "options", "place"), RAISING.values(), ids=RAISING.keys())
def test_what_a_function_raises_comes_out_of_an_asynchronous_chat_too(
    make: Any, options: dict[str, Any], place: str
) -> None:
    user, bot = conversable("user"), make()
    with pytest.raises(Boom) as caught:
        awaited(lambda: user.a_initiate_chat(bot, **{"message": "hi", "silent": True, **options}))
    assert caught.value.run.stop.failure.place == place  # type: ignore[attr-defined]  # attached


@pytest.mark.parametrize("returned", [None, True, "x", (True,), (True, "x", 3), {"final": True}, 5])
def test_a_reply_function_that_returns_no_pair_is_named(returned: Any) -> None:
    def rubbish(*_: Any, **__: Any) -> Any:
        return returned

    user, bot = conversable("user"), with_reply(rubbish)
    error = failing(user, bot)
    assert isinstance(error, RunFailed)
    assert "the reply function 'rubbish' of 'bot' returned" in str(error)
    assert "return a pair (final, reply)" in str(error)
    assert (error.failure.error, said(user, bot)) == ("MessageError", ["hi"])


@pytest.mark.parametrize("reply", [5, ["x"], {"a": 1}, {"content": 5}, {"tool_calls": [5]}, True])
def test_a_reply_that_nobody_could_read_is_refused_in_the_name_of_its_speaker(reply: Any) -> None:
    user, bot = conversable("user"), with_reply(lambda *_, **__: (True, reply))
    error = failing(user, bot)
    assert "'bot' was to say" in str(error)
    assert (error.failure.error, error.failure.place) == (MessageError.__name__, "bot/say")


UNRECORDABLE = {
    "a reply function": (lambda value: (with_reply(lambda *_, **__: (True, value)), {}), "bot/reply/"),
    "a hook": (
        lambda value: (with_hook("process_message_before_send", lambda **_: value), {}),
        "bot/before send 1",
    ),
    "a message function": (lambda value: (speaker("bot", "1"), {"message": lambda *_: value}), "user/message"),
    "a summary function": (
        lambda value: (speaker("bot", "1"), {"summary_method": lambda *_: value, "max_turns": 1}),
        "user/summary",
    ),
}


@pytest.mark.parametrize("value", [object(), {1: 2}, float("inf"), {"a": {object()}}])
@pytest.mark.parametrize(("make", "place"), UNRECORDABLE.values(), ids=UNRECORDABLE.keys())
def test_what_no_trace_could_hold_is_a_typed_failure_at_its_place(make: Any, place: str, value: Any) -> None:
    bot, options = make(value)
    error = failing(conversable("user"), bot, **options)
    assert isinstance(error, NotRecordable)
    assert "cannot be recorded; return text, numbers, lists, dicts or None" in str(error)
    assert error.run.stop.failure.place.startswith(place)


@pytest.mark.parametrize("returned", [None, 5, ["x"]])
def test_a_message_function_that_returns_rubbish_is_named(returned: Any) -> None:
    error = failing(conversable("user"), speaker("bot", "1"), message=lambda *_: returned)
    assert f"the message function of 'user' returned {returned!r}; return a text or a dict" in str(error)


def test_a_reply_function_may_have_no_name_and_be_a_method() -> None:
    class Answer:
        def __call__(self, *_: Any, **__: Any) -> Any:
            return True, "called"

    class Named:
        def a(self, *_: Any, **__: Any) -> Any:
            return False, None

    bot = with_reply(Answer())
    bot.register_reply(NOBODY, Named().a)
    assert bot.generate_reply([{"role": "user", "content": "hi"}]) == "called"


def test_a_function_whose_name_has_slashes_is_called_as_any() -> None:
    def odd(*_: Any, **__: Any) -> Any:
        return True, "ok"

    odd.__name__ = "a/b/model"
    user, bot = conversable("user"), with_reply(odd)
    user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    assert said(user, bot) == ["hi", "ok"]


def test_a_rule_may_answer_anything_true() -> None:
    user = conversable("user", is_termination_msg=lambda message: ["yes"])
    assert user.initiate_chat(speaker("bot", "1"), message="hi", silent=True).stop.name == "ended"


# -- interrupts


def chat(user: ConversableAgent, bot: ConversableAgent, *, asynchronous: bool) -> None:
    if asynchronous:
        awaited(lambda: user.a_initiate_chat(bot, message="hi", silent=True))
    else:
        user.initiate_chat(bot, message="hi", silent=True)


def interrupting_tool() -> Any:
    """Interrupt."""
    raise KeyboardInterrupt


def interrupting(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt


INTERRUPTED = {
    "a human": lambda: (
        conversable("user", human=Humans(["words", KeyboardInterrupt()])),
        speaker("bot", "1", "2"),
    ),
    "a model": lambda: (
        conversable("user", default_auto_reply="words"),
        speaker("bot", "1", KeyboardInterrupt()),
    ),
    "a tool": lambda: (
        conversable("user", function_map={"stop": interrupting_tool}),
        speaker("bot", proposing(("c", "stop", "{}"))),
    ),
    "a reply function": lambda: (
        conversable("user"),
        with_reply(interrupting, 2),
    ),
}


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("make", INTERRUPTED.values(), ids=INTERRUPTED.keys())
def test_an_interrupt_comes_out_with_the_run_and_what_was_said_is_kept(make: Any, *, asynchronous: bool) -> None:
    user, bot = make()
    with pytest.raises(KeyboardInterrupt) as caught:
        chat(user, bot, asynchronous=asynchronous)
    run = caught.value.run  # type: ignore[attr-defined]  # attached
    assert run.stop.kind == "cancelled"
    assert said(user, bot)[0] == "hi"
    assert (len(said(user, bot)), said(user, bot)) == (len(said(bot, user)), said(bot, user))
    assert count(user, bot) + count(bot, user) > 0


def test_what_was_typed_before_an_interrupt_is_kept() -> None:
    user = conversable("user", human=Humans(["words", KeyboardInterrupt()]))
    failing(user, speaker("bot", "1", "2"))
    assert user.ledger.typed == ("words",)


def test_a_chat_can_go_on_after_an_interrupt() -> None:
    humans = Humans([KeyboardInterrupt(), "exit"])
    user, bot = conversable("user", human=humans), speaker("bot", "1", "2")
    failing(user, bot)
    user.initiate_chat(bot, message="go on", clear_history=False, silent=True)
    assert said(user, bot) == ["hi", "1", "go on", "2"]
    assert [message["content"] for message in requests(bot)[1]][1:] == ["hi", "1", "go on"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_human_without_answers_left_fails_by_name_and_does_not_hang(*, asynchronous: bool) -> None:
    user, bot = conversable("user", human=Humans([StopIteration()])), speaker("bot", "1")
    with pytest.raises(ScriptExhausted, match="get_human_input of 'user' has no answer left for"):
        chat(user, bot, asynchronous=asynchronous)
