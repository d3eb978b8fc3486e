from __future__ import annotations

import pytest

from flowagents.adapters.scripted import ScriptedModel
from flowagents.errors import ConfigError, ModelServerError, ScriptExhausted
from flowagents.ports import Json, ModelReply, ModelRequest


def asking(content: Json) -> ModelRequest:
    return ModelRequest(messages=[{"role": "system", "content": "s"}, {"role": "user", "content": content}])


def content_of(model: ScriptedModel, content: Json = "hi") -> Json:
    return model.create(asking(content)).message["content"]


def test_replies_come_in_order_and_say_they_are_scripted() -> None:
    model = ScriptedModel(["one", "two"], name="m")
    assert model.create(asking("hi")) == ModelReply(
        message={"content": "one"}, model="m", finish_reason="stop", source="scripted"
    )
    assert content_of(model) == "two"
    model.assert_used_up()


def test_a_script_that_ran_out_says_what_was_asked_and_what_to_do() -> None:
    model = ScriptedModel(["one"], name="m")
    content_of(model)
    with pytest.raises(ScriptExhausted) as caught:
        content_of(model, "and now?")
    for said in ("'m' has given all 1 replies", "'and now?'", "Add a reply"):
        assert said in str(caught.value)


def test_a_message_reply_has_the_shape_of_a_servers() -> None:
    call = {"function": {"name": "get time", "arguments": {"zone": "UTC"}}}
    usage = {"prompt_tokens": 1, "completion_tokens": 2}
    reply = ScriptedModel([{"role": "assistant", "tool_calls": [call], "usage": usage}]).create(asking("hi"))
    function = {"name": "get_time", "arguments": '{"zone": "UTC"}'}
    assert reply.message == {
        "content": None,
        "tool_calls": [{"id": "call_0", "type": "function", "function": function}],
    }
    assert reply.finish_reason == "tool_calls"
    assert reply.usage == {**usage, "total_tokens": 3}


def test_a_message_may_say_model_and_finish_reason() -> None:
    reply = ScriptedModel([{"content": "x", "model": "other", "finish_reason": "length"}]).create(asking("hi"))
    assert (reply.model, reply.finish_reason) == ("other", "length")


def test_null_content_stays_null() -> None:
    assert content_of(ScriptedModel([{"content": None}])) is None


def test_an_exception_is_raised() -> None:
    error = ModelServerError("broken")
    with pytest.raises(ModelServerError) as caught:
        content_of(ScriptedModel([error]))
    assert caught.value is error


def test_a_function_makes_the_reply_from_the_request() -> None:
    model = ScriptedModel([lambda request: f"{len(request.messages)} messages"])
    assert content_of(model) == "2 messages"


def test_rules_look_at_the_last_message_and_do_not_wear_out() -> None:
    model = ScriptedModel(["else"], rules={"name": "Bob", "age": "9"})
    assert [content_of(model, text) for text in ("your name?", "your age?", "name", "what?")] == [
        "Bob",
        "9",
        "Bob",
        "else",
    ]


def test_the_first_rule_that_matches_counts() -> None:
    model = ScriptedModel(rules=[("a", "first"), ("ab", "second")])
    assert content_of(model, "abc") == "first"


def test_rules_read_list_content() -> None:
    model = ScriptedModel(rules={"name": "Bob"})
    assert content_of(model, [{"type": "text", "text": "your name?"}]) == "Bob"


def test_no_rule_for_a_message_is_an_error_that_shows_it() -> None:
    with pytest.raises(ScriptExhausted, match=r"none of its 1 rule\(s\) matches. It was asked: 'your age\?'"):
        content_of(ScriptedModel(rules={"name": "Bob"}), "your age?")


def test_a_request_without_messages_matches_no_rule() -> None:
    with pytest.raises(ScriptExhausted):
        ScriptedModel(rules={"name": "Bob"}).create(ModelRequest(messages=[]))


def test_the_default_answers_what_is_left() -> None:
    model = ScriptedModel(["one"], default="TERMINATE")
    assert [content_of(model) for _ in range(3)] == ["one", "TERMINATE", "TERMINATE"]


def test_the_text_comes_word_by_word() -> None:
    pieces: list[str] = []
    ScriptedModel(["  Hello,\n big  world "]).create(asking("hi"), pieces.append)
    assert pieces == ["  Hello,", "\n big", "  world "]


def test_a_call_without_text_makes_no_pieces() -> None:
    pieces: list[str] = []
    ScriptedModel([{"function_call": {"name": "f"}}]).create(asking("hi"), pieces.append)
    assert pieces == []


def test_requests_are_kept_as_they_were_asked() -> None:
    messages: list[dict[str, Json]] = [{"role": "user", "content": "hi"}]
    model = ScriptedModel(["one"])
    model.create(ModelRequest(messages=messages))
    messages.append({"role": "user", "content": "later"})
    assert [len(request.messages) for request in model.requests] == [1]


def test_only_the_last_requests_are_kept() -> None:
    model = ScriptedModel(default="x", requests_max=2)
    for text in "abc":
        content_of(model, text)
    assert [request.messages[-1]["content"] for request in model.requests] == ["b", "c"]


def test_an_unused_reply_is_named() -> None:
    with pytest.raises(AssertionError, match=r"2 of 2 replies were never given. The next one: 'one'"):
        ScriptedModel(["one", "two"]).assert_used_up()


def test_an_unused_exception_is_named() -> None:
    with pytest.raises(AssertionError, match="KeyError"):
        ScriptedModel([KeyError("x")]).assert_used_up()


def test_an_unused_rule_is_named() -> None:
    model = ScriptedModel(rules={"name": "Bob", "age": "9"})
    content_of(model, "name")
    with pytest.raises(AssertionError, match=r"rules that never matched: \['age'\]"):
        model.assert_used_up()


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        ("hello", "takes a list of replies, not one text"),
        ([3], "not 3"),
        ([{"contents": "x"}], r"unknown fields \['contents'\]. Known are: content"),
        ([{"role": "assistant"}], "neither content nor a call"),
        ([{"tool_calls": [{"id": "a"}]}], "names no function"),
    ],
)
def test_a_reply_of_another_form_is_refused_at_once(replies: Json, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ScriptedModel(replies)


def test_its_text_form_tells_what_is_left() -> None:
    model = ScriptedModel(["one", "two"], name="m")
    content_of(model)
    assert repr(model) == "ScriptedModel('m', 1 of 2 replies left)"
