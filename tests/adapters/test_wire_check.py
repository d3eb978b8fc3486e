from __future__ import annotations

import json

import pytest

from flowagents.adapters.wire import (
    StreamedReply,
    WireReply,
    check_reply,
    clean_tool_name,
    excerpt,
    read_body,
    read_usage,
    redacted,
)
from flowagents.errors import WireError
from flowagents.ports import Json

KEY = "k-0123456789abcdef"


def answer(message: Json, **choice: Json) -> Json:
    return {"id": "x", "model": "m-1", "choices": [{"index": 0, "message": message, **choice}]}


def tool_call(name: str = "now", arguments: Json = "{}", **fields: Json) -> dict[str, Json]:
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}, **fields}


def chunk(delta: Json, **choice: Json) -> Json:
    return {"model": "m-1", "choices": [{"index": 0, "delta": delta, **choice}]}


def streamed(*chunks: Json) -> WireReply:
    reply = StreamedReply()
    for each in chunks:
        reply.add(each)
    return reply.finish()


def calls_of(reply: WireReply) -> list[tuple[str, str, str]]:
    calls = reply.message["tool_calls"]
    return [(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in calls]


def test_a_plain_answer_keeps_only_what_is_needed() -> None:
    message: Json = {
        "role": "assistant",
        "content": "hi",
        "refusal": None,
        "reasoning_content": "hm",
        "annotations": [],
    }
    reply = check_reply(answer(message, finish_reason="stop", logprobs=None))
    assert reply == WireReply(message={"content": "hi"}, finish_reason="stop", model="m-1")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<!doctype html><h1>Welcome</h1>", "a web page (is the path of base_url right?"),
        ("", "an empty body"),
        ('{"choices": [{"mess', "JSON that breaks off"),
        ("OK", "text that is no JSON"),
        ("[" * 100_000, "JSON that breaks off or is damaged"),
        ("null", "a JSON null where an object was expected"),
        ('"hi"', "a JSON text"),
        ("[]", "a JSON list"),
        ("{}", "no choices"),
        ('{"choices": null}', "choices: null"),
        ('{"choices": []}', "choices: []"),
        ('{"choices": {}}', "choices: {}"),
        ('{"error": {"message": "overloaded"}}', "an error inside an answer with status 200"),
        ('{"choices": [null]}', "a first choice without a message"),
        ('{"choices": [{"message": "hi"}]}', "a first choice without a message"),
        ('{"choices": [{"message": {"role": "assistant"}}]}', "neither content nor a call"),
        ('{"choices": [{"message": {"content": 3}}]}', "content that is a number"),
        ('{"choices": [{"message": {"content": true}}]}', "content that is a boolean"),
        ('{"choices": [{"message": {"tool_calls": "x"}}]}', "tool_calls that are no list of objects"),
        ('{"choices": [{"message": {"tool_calls": [{"id": "a"}]}}]}', "a call that names no function"),
        (
            '{"choices": [{"message": {"function_call": {"name": "", "arguments": "{}"}}}]}',
            "a call that names no function",
        ),
        (
            '{"choices": [{"message": {"function_call": {"name": "f", "arguments": 1}}}]}',
            "arguments that are a",
        ),
    ],
)
def test_what_is_no_chat_completion_is_a_wire_error_that_shows_it(body: str, said: str) -> None:
    with pytest.raises(WireError) as caught:
        read_body(body)
    assert said in str(caught.value)
    assert "It sent: " in str(caught.value)


def test_an_excerpt_is_cut_and_has_no_secrets() -> None:
    with pytest.raises(WireError) as caught:
        read_body("<p>" + "x" * 190 + KEY + "y" * 500, [KEY])
    assert "x" * 190 + "***yyyy..." in str(caught.value)
    assert KEY[:6] not in str(caught.value)


def test_an_excerpt_can_always_be_printed() -> None:
    assert excerpt("a\ud83d").encode() == b"a\\ud83d"


def test_secrets_are_removed_in_every_form_they_take() -> None:
    key = 'a"b/c+dddd'
    for text in (key, json.dumps(key), "a%22b%2Fc%2Bdddd"):
        assert "***" in redacted(text, [key])
        assert "dddd" not in redacted(text, [key])


def test_what_looks_like_a_key_is_removed_unasked() -> None:
    assert redacted("Incorrect key sk-proj-abcdefgh1234, bearer abcdefgh1234.") == "Incorrect key ***, ***"


@pytest.mark.parametrize("given", [None, "", 3])
def test_a_missing_finish_reason_is_inferred(given: Json) -> None:
    assert check_reply(answer({"content": "hi"}, finish_reason=given)).finish_reason == "stop"
    assert check_reply(answer({"tool_calls": [tool_call()]}, finish_reason=given)).finish_reason == "tool_calls"
    legacy = {"function_call": {"name": "f", "arguments": "{}"}}
    assert check_reply(answer(legacy, finish_reason=given)).finish_reason == "function_call"


def test_list_content_is_joined() -> None:
    parts = [{"type": "thinking", "thinking": [{"text": "no"}]}, {"type": "text", "text": "a"}, "b"]
    assert check_reply(answer({"content": parts})).message == {"content": "ab"}


def test_null_content_without_a_call_is_an_empty_text() -> None:
    assert check_reply(answer({"content": None}, finish_reason="length")).message == {"content": ""}


def test_a_refusal_becomes_the_content() -> None:
    reply = check_reply(answer({"content": None, "refusal": "I will not."}, finish_reason="stop"))
    assert reply.message == {"content": "I will not."}
    assert reply.finish_reason == "refusal"


def test_tool_calls_are_brought_into_shape() -> None:
    given = [tool_call(extra_content={}), {"function": {"name": "at", "arguments": {"x": 1}}}]
    assert check_reply(answer({"content": None, "tool_calls": given})).message == {
        "content": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}},
            {"id": "call_1", "type": "function", "function": {"name": "at", "arguments": '{"x": 1}'}},
        ],
    }


def test_no_tool_calls_leave_no_key() -> None:
    assert check_reply(answer({"content": "hi", "tool_calls": []})).message == {"content": "hi"}


def test_call_ids_that_are_empty_or_repeated_get_one_of_our_own() -> None:
    given = [
        tool_call(id=""),
        tool_call(id="a"),
        tool_call(id="a"),
        tool_call(id="call_0"),
        tool_call(id=None),
    ]
    ids = [call[0] for call in calls_of(check_reply(answer({"tool_calls": given})))]
    assert ids == ["call_0_", "a", "call_2", "call_0", "call_4"]


def test_an_empty_argument_text_stays_and_null_becomes_no_arguments() -> None:
    given = [tool_call(arguments=""), tool_call(arguments=None, id="c2")]
    assert [call[2] for call in calls_of(check_reply(answer({"tool_calls": given})))] == ["", "{}"]


def test_tool_names_are_cleaned_and_cut() -> None:
    assert clean_tool_name("functions.get wétter!") == "functions_get_w_tter_"
    assert clean_tool_name("x" * 70) == "x" * 64
    assert calls_of(check_reply(answer({"tool_calls": [tool_call("a.b")]})))[0][1] == "a_b"


def test_a_legacy_call_of_empty_texts_is_none() -> None:
    message = {"content": "hi", "function_call": {"name": "", "arguments": ""}, "tool_calls": None}
    assert check_reply(answer(message, finish_reason="")) == WireReply({"content": "hi"}, "stop", model="m-1")


def test_a_legacy_call_stays_one() -> None:
    message = {"content": None, "function_call": {"name": "f.g", "arguments": "{}"}}
    expected = {"content": None, "function_call": {"name": "f_g", "arguments": "{}"}}
    assert check_reply(answer(message)).message == expected


def test_a_cut_off_answer_with_calls_is_kept_and_says_length() -> None:
    reply = check_reply(answer({"tool_calls": [tool_call(arguments='{"x": ')]}, finish_reason="length"))
    assert reply.finish_reason == "length"
    assert calls_of(reply) == [("c1", "now", '{"x": ')]


def test_half_a_surrogate_pair_survives() -> None:
    assert read_body('{"choices": [{"message": {"content": "a\\ud83d"}}]}').message == {"content": "a\ud83d"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ([], None),
        ({}, None),
        ({"prompt_tokens": "3", "completion_tokens": True}, None),
        ({"prompt_tokens": -1, "completion_tokens": None}, None),
        ({"prompt_tokens": 3}, {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}),
        (
            {"prompt_tokens": 3, "completion_tokens": 2.0, "total_tokens": 9, "prompt_tokens_details": None},
            {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 9},
        ),
        (
            {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}},
            {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "cached_tokens": 1},
        ),
    ],
)
def test_token_counts_are_read_or_unknown(given: Json, expected: Json) -> None:
    assert read_usage(given) == expected


def test_a_stream_is_put_together() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    reply = streamed(
        {"choices": [], "prompt_filter_results": []},
        chunk({"role": "assistant", "content": None}),
        chunk({"content": "Hel"}),
        chunk({"content": [{"type": "text", "text": "lo"}]}),
        chunk(None, finish_reason="stop"),
        {"choices": None, "usage": usage},
    )
    assert reply == WireReply({"content": "Hello"}, "stop", usage, "m-1")


def test_streamed_calls_are_put_together_by_index() -> None:
    reply = streamed(
        chunk({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "two", "arguments": ""}}]}),
        chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "one", "arguments": '{"x"'}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]}),
        chunk({"tool_calls": [{"index": 1, "function": {"name": None, "arguments": "{}"}}]}),
        chunk({}, finish_reason="tool_calls"),
    )
    assert calls_of(reply) == [("a", "one", '{"x": 1}'), ("b", "two", "{}")]
    assert reply.message["content"] is None


def test_streamed_calls_that_share_an_index_are_told_apart_by_id() -> None:
    reply = streamed(
        chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "one", "arguments": "{}"}}]}),
        chunk({"tool_calls": [{"index": 0, "id": "b", "function": {"name": "two", "arguments": "{}"}}]}),
        chunk({}, finish_reason="stop"),
    )
    assert calls_of(reply) == [("a", "one", "{}"), ("b", "two", "{}")]


def test_streamed_calls_without_an_index_continue_the_last_one() -> None:
    reply = streamed(
        chunk({"tool_calls": [{"id": "a", "function": {"name": "one", "arguments": "{"}}]}),
        chunk({"tool_calls": [{"id": "a", "function": {"name": "one", "arguments": "}"}}]}),
        chunk({"tool_calls": [{"id": "b", "function": {"name": "two", "arguments": {"x": 1}}}]}),
        chunk({}, finish_reason="stop"),
    )
    assert calls_of(reply) == [("a", "one", "{}"), ("b", "two", '{"x": 1}')]


def test_a_streamed_legacy_call_is_put_together() -> None:
    reply = streamed(
        chunk({"function_call": {"name": "f", "arguments": "{"}}),
        chunk({"function_call": {"arguments": "}"}}),
        chunk({}, finish_reason="function_call"),
    )
    assert reply.message == {"content": None, "function_call": {"name": "f", "arguments": "{}"}}


def test_a_stream_with_a_token_count_but_no_finish_reason_is_complete() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    assert streamed(chunk({"content": "hi"}), {"choices": [], "usage": usage}).finish_reason == "stop"


def test_a_streamed_refusal_becomes_the_content() -> None:
    reply = streamed(chunk({"refusal": "I "}), chunk({"refusal": "won't"}), chunk({}, finish_reason="stop"))
    assert (reply.message, reply.finish_reason) == ({"content": "I won't"}, "refusal")


def test_a_stream_that_breaks_off_is_a_wire_error() -> None:
    with pytest.raises(WireError, match=r"broke off after 2 chunk\(s\).*'Hello'"):
        streamed(chunk({"content": "Hel"}), chunk({"content": "lo"}))


def test_an_empty_stream_is_a_wire_error() -> None:
    with pytest.raises(WireError, match="empty stream"):
        streamed()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("hi", "a chunk that is a text"),
        ({"error": {"message": "overloaded"}}, "an error in the middle of a stream"),
        ({"choices": ["x"]}, "a chunk whose choice is no object"),
        ({"choices": [{"delta": "x"}]}, "a chunk whose delta is no object"),
        (chunk({"tool_calls": ["x"]}), "a piece of a tool call that is no object"),
        (chunk({"content": 3}), "content that is a number"),
    ],
)
def test_a_chunk_that_is_none_is_a_wire_error(given: Json, said: str) -> None:
    with pytest.raises(WireError, match=said):
        streamed(given)


def test_a_piece_without_a_function_adds_nothing() -> None:
    with pytest.raises(WireError, match="a call that names no function"):
        streamed(chunk({"tool_calls": [{"index": 0, "id": "a"}]}), chunk({}, finish_reason="stop"))
