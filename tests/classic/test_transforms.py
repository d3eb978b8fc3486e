"""Limits on what a model sees: what stays, what is cut, and that calls keep their results."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowagents.adapters.scripted import ScriptedModel
from flowagents.classic.agent import ConversableAgent
from flowagents.classic.tokens import estimate_tokens, message_tokens
from flowagents.classic.transforms import (
    MessageHistoryLimiter,
    Messages,
    MessageTokenLimiter,
    TransformMessages,
    pieces_of,
)
from flowagents.errors import ConfigError


def said(*texts: str) -> Messages:
    return [{"role": "user", "content": text} for text in texts]


def contents(messages: Messages) -> list[Any]:
    return [message.get("content") for message in messages]


def call(*ids: str) -> dict[str, Any]:
    calls = [{"id": each, "type": "function", "function": {"name": "now", "arguments": "{}"}} for each in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def results(*ids: str, text: str = "noon") -> dict[str, Any]:
    responses = [{"role": "tool", "tool_call_id": each, "content": text} for each in ids]
    return {"role": "tool", "content": "\n\n".join(text for _ in ids), "tool_responses": responses}


def result(call_id: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "noon"}


# -- limits on the number of messages


def test_the_newest_messages_stay() -> None:
    assert contents(MessageHistoryLimiter(2).apply_transform(said("a", "b", "c"))) == ["b", "c"]


def test_a_short_history_stays_as_it_is() -> None:
    assert contents(MessageHistoryLimiter(3).apply_transform(said("a", "b", "c"))) == ["a", "b", "c"]


def test_no_limit_limits_nothing() -> None:
    assert contents(MessageHistoryLimiter().apply_transform(said("a", "b", "c"))) == ["a", "b", "c"]


def test_the_first_message_can_be_one_of_those_that_stay() -> None:
    limiter = MessageHistoryLimiter(2, keep_first_message=True)
    assert contents(limiter.apply_transform(said("a", "b", "c"))) == ["a", "c"]


def test_a_call_is_not_left_out_while_its_result_stays() -> None:
    messages = [*said("a"), call("1"), results("1"), *said("b")]
    assert MessageHistoryLimiter(2).apply_transform(messages) == messages[3:]


def test_a_call_with_its_results_stays_if_it_fits() -> None:
    messages = [*said("a"), call("1"), results("1"), *said("b")]
    assert MessageHistoryLimiter(3).apply_transform(messages) == messages[1:]


def test_the_newest_result_stays_with_its_call_beyond_the_limit() -> None:
    messages = [*said("a"), call("1", "2"), result("1"), result("2")]
    assert MessageHistoryLimiter(1).apply_transform(messages) == messages[1:]


def test_what_was_said_between_a_call_and_its_result_belongs_to_them() -> None:
    messages = [*said("a"), call("1"), *said("wait"), results("1"), *said("b")]
    assert [len(piece) for piece in pieces_of(messages)] == [1, 3, 1]


def test_a_legacy_call_stays_with_its_result() -> None:
    proposed = {"role": "assistant", "content": None, "function_call": {"name": "now", "arguments": "{}"}}
    answered = {"role": "function", "name": "now", "content": "noon"}
    assert [len(piece) for piece in pieces_of([proposed, answered, proposed, answered])] == [2, 2]


def test_a_human_who_interrupts_calls_answers_them() -> None:
    typed = {**results("1"), "role": "user", "content": "stop it"}
    assert [len(piece) for piece in pieces_of([call("1"), typed])] == [2]


def test_the_same_id_used_again_begins_a_new_piece() -> None:
    messages = [call("call_0"), results("call_0"), call("call_0"), results("call_0")]
    assert [len(piece) for piece in pieces_of(messages)] == [2, 2]


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "3"])
def test_a_limit_nobody_could_keep_to_is_refused(limit: Any) -> None:
    with pytest.raises(ConfigError, match="max_messages is"):
        MessageHistoryLimiter(limit)


def test_room_for_the_first_message_only_is_refused() -> None:
    with pytest.raises(ConfigError, match="keep_first_message"):
        MessageHistoryLimiter(1, keep_first_message=True)


# -- limits on tokens


def test_a_long_message_keeps_its_beginning() -> None:
    assert contents(MessageTokenLimiter(2).apply_transform(said("one two three"))) == ["one two "]


def test_the_newest_messages_stay_within_the_sum() -> None:
    left = MessageTokenLimiter(max_tokens=10).apply_transform(said("a", "b", "c"))
    assert contents(left) == ["b", "c"]


def test_the_oldest_message_that_fits_in_part_is_cut() -> None:
    left = MessageTokenLimiter(max_tokens=11).apply_transform(said("one two", "b"))
    assert contents(left) == ["one two", "b"]
    left = MessageTokenLimiter(max_tokens=10).apply_transform(said("x", "one two", "b"))
    assert contents(left) == ["one ", "b"]


def test_nothing_before_a_message_that_was_cut_stays() -> None:
    def ten_for_each_x(text: str) -> int:
        return 10 * text.count("x")

    limiter = MessageTokenLimiter(max_tokens=34, count_tokens=ten_for_each_x)
    assert contents(limiter.apply_transform(said("short", "xxx", "newest"))) == ["xx", "newest"]


def test_nothing_is_done_below_the_least() -> None:
    messages = said("one two three", "four")
    assert MessageTokenLimiter(1, max_tokens=5, min_tokens=100).apply_transform(messages) == messages


def test_the_result_of_a_tool_is_cut_where_the_model_reads_it() -> None:
    _, left = MessageTokenLimiter(1).apply_transform([call("1"), results("1", text="one two")])
    assert left["tool_responses"][0]["content"] == "one "


def test_the_arguments_of_a_call_are_never_cut() -> None:
    messages = [call("1")]
    assert MessageTokenLimiter(1, max_tokens=1).apply_transform(messages) == messages


def test_a_call_goes_with_its_results_when_they_do_not_fit() -> None:
    messages = [call("1"), results("1", text="word " * 50), *said("b")]
    assert contents(MessageTokenLimiter(max_tokens=60).apply_transform(messages)) == ["b"]


def test_the_newest_results_are_cut_alike_and_short_ones_stay_whole() -> None:
    newest = results("1", "2", text="word " * 100)
    newest["tool_responses"][1]["content"] = "noon"
    messages = [call("1", "2"), newest]
    left = MessageTokenLimiter(max_tokens=150).apply_transform(messages)
    assert sum(map(message_tokens, left)) <= 150
    first, second = left[1]["tool_responses"]
    assert estimate_tokens(first["content"]) > 20
    assert second["content"] == "noon"


def test_text_parts_are_cut_and_others_stay() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:"}}
    message = {"role": "user", "content": [{"type": "text", "text": "one two"}, image]}
    (left,) = MessageTokenLimiter(1).apply_transform([message])
    assert left["content"] == [{"type": "text", "text": "one "}, image]


def test_messages_of_a_filter_are_not_cut() -> None:
    messages = [{"role": "user", "name": "boss", "content": "one two"}, *said("one two")]
    limiter = MessageTokenLimiter(1, filter_dict={"name": ["boss"]})
    assert contents(limiter.apply_transform(messages)) == ["one two", "one "]


def test_a_filter_can_name_the_only_messages_to_cut() -> None:
    messages = [{"role": "user", "name": "boss", "content": "one two"}, *said("one two")]
    limiter = MessageTokenLimiter(1, filter_dict={"name": ["boss"]}, exclude_filter=False)
    assert contents(limiter.apply_transform(messages)) == ["one ", "one two"]


def test_tokens_can_be_counted_by_a_function_of_the_caller() -> None:
    assert contents(MessageTokenLimiter(3, count_tokens=len).apply_transform(said("abcdef"))) == ["abc"]


def test_the_messages_given_are_not_changed() -> None:
    messages = [call("1"), results("1", text="one two"), *said("one two")]
    before = [call("1"), results("1", text="one two"), *said("one two")]
    MessageTokenLimiter(1, max_tokens=8).apply_transform(messages)
    assert messages == before


MESSAGE = st.one_of(
    st.builds(lambda text: said(text), st.text(max_size=60)),
    st.builds(lambda text: [call("1"), results("1", text=text)], st.text(max_size=60)),
    st.builds(lambda text: [call("1", "2"), results("1", "2", text=text)], st.text(max_size=60)),
    st.just([call("1", "2"), result("2"), result("1")]),
)
HISTORY: st.SearchStrategy[Messages] = st.lists(MESSAGE, min_size=1, max_size=8).map(
    lambda pieces: [message for piece in pieces for message in piece]
)
LIMITER = st.one_of(
    st.builds(MessageHistoryLimiter, st.integers(2, 9), st.booleans()),
    st.builds(MessageTokenLimiter, st.none() | st.integers(1, 20), st.none() | st.integers(1, 200)),
)


def answers_without_a_call(messages: Messages) -> int:
    """Count calls without all their results, and results without their call, directly before them."""
    faults = 0
    open_ids: set[str] = set()
    for message in messages:
        answered = {each["tool_call_id"] for each in message.get("tool_responses", [])}
        if "tool_call_id" in message:
            answered = {message["tool_call_id"]}
        faults += len(answered - open_ids)
        open_ids -= answered
        if not answered:
            faults += len(open_ids)
            open_ids = {each["id"] for each in message.get("tool_calls", [])}
    return faults + len(open_ids)


@given(HISTORY, LIMITER)
def test_no_limit_separates_a_call_from_its_results(
    messages: Messages, limiter: MessageHistoryLimiter | MessageTokenLimiter
) -> None:
    assert answers_without_a_call(limiter.apply_transform(messages)) == 0


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8), st.integers(5, 100))
def test_plain_messages_never_exceed_the_sum(texts: list[str], limit: int) -> None:
    left = MessageTokenLimiter(max_tokens=limit).apply_transform(said(*texts))
    assert sum(map(message_tokens, left)) <= limit


@given(HISTORY, LIMITER)
def test_the_newest_message_is_always_left(
    messages: Messages, limiter: MessageHistoryLimiter | MessageTokenLimiter
) -> None:
    assert limiter.apply_transform(messages)[-1]["role"] == messages[-1]["role"]


# -- on an agent


def test_the_model_sees_what_is_left_and_the_history_keeps_everything() -> None:
    model = ScriptedModel(["1", "2", "3"])
    bot = ConversableAgent("bot", llm_config=model, human_input_mode="NEVER")
    user = ConversableAgent("user", human_input_mode="NEVER", default_auto_reply="next")
    TransformMessages([MessageHistoryLimiter(1)]).add_to_agent(bot)
    chat = user.initiate_chat(bot, message="hi", max_turns=3, silent=True)
    assert [contents(list(request.messages))[1:] for request in model.requests] == [["hi"], ["next"], ["next"]]  # type: ignore[arg-type]  # dicts
    assert len(chat.chat_history) == 6


def test_a_real_tool_call_keeps_its_result() -> None:
    def noon() -> str:
        return "12:00"

    proposal = {"content": None, "tool_calls": [{"id": "c", "function": {"name": "noon", "arguments": "{}"}}]}
    model = ScriptedModel([proposal, "It is noon."])
    bot = ConversableAgent("bot", llm_config=model, human_input_mode="NEVER")
    user = ConversableAgent("user", human_input_mode="NEVER")
    bot.register_for_llm(description="Tell the time.")(noon)
    user.register_for_execution()(noon)
    TransformMessages([MessageHistoryLimiter(1)]).add_to_agent(bot)
    user.initiate_chat(bot, message="What time is it?", max_turns=2, silent=True)
    roles = [message["role"] for message in model.requests[1].messages]
    assert roles == ["system", "assistant", "tool"]


def test_a_system_message_in_front_is_left_alone() -> None:
    system = {"role": "system", "content": "one two"}
    left = TransformMessages([MessageHistoryLimiter(1), MessageTokenLimiter(1)]).apply([system, *said("a", "one two")])
    assert left == [system, *said("one ")]


def test_what_is_no_transform_is_refused() -> None:
    with pytest.raises(ConfigError, match="apply_transform"):
        TransformMessages([3])  # type: ignore[list-item]  # what is tested


def test_a_line_tells_what_was_left_out_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    TransformMessages([MessageHistoryLimiter(1)], verbose=True).apply(said("a", "b"))
    assert capsys.readouterr().out == "Messages were limited: 2 to 1 messages, about 10 to 5 tokens.\n"


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("word", 1), ("internationalization", 4), ("12345", 2), ("日本", 3)]
)
def test_tokens_are_estimated_as_documented(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens
