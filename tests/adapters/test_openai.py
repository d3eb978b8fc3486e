"""The real openai client over a transport that answers from a list: what is sent, read, tried again, said."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Sequence

import httpx2
import pytest

from flowagents.adapters.model_config import ModelConfig, parse_llm_config
from flowagents.adapters.openai import OpenAIModel
from flowagents.errors import (
    MessageError,
    MissingKey,
    ModelError,
    ModelRefused,
    ModelServerError,
    ModelUnreachable,
    QuotaExhausted,
    RateLimited,
    WireError,
)
from flowagents.ports import Json, ModelReply, ModelRequest

KEY = "sk-0123456789abcdef"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
ASKED = ModelRequest(messages=[{"role": "user", "content": "hi"}])
TOOL = {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}

Answer = httpx2.Response | Exception


class Server:
    """Answers from a list and keeps what it was sent."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []
        self.connections = 0

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def connect(self, config: ModelConfig) -> httpx2.AsyncClient:
        self.connections += 1
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self.answer))

    def bodies(self) -> list[Json]:
        return [json.loads(request.content) for request in self.requests]


class Waits:
    """Waits without waiting."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def entry(**fields: Json) -> dict[str, Json]:
    return {"model": "m-1", "api_key": KEY, "base_url": "http://test/v1", **fields}


def ask(
    server: Server,
    *configs: dict[str, Json],
    request: ModelRequest = ASKED,
    on_delta: Callable[[str], None] | None = None,
    waits: Waits | None = None,
) -> ModelReply:
    settings = parse_llm_config({"config_list": list(configs) or [entry()]}, agent="bob")

    async def once() -> ModelReply:
        model = OpenAIModel(settings, sleep=waits or Waits(), http_client_factory=server.connect, clock=lambda: 0.0)
        try:
            return await model.create(request, on_delta)
        finally:
            await model.aclose()

    return asyncio.run(once())


def plain(content: Json = "hello", **message: Json) -> httpx2.Response:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content, **message},
        "finish_reason": "stop",
    }
    return httpx2.Response(200, json={"id": "x", "model": "m-1-2026", "choices": [choice], "usage": USAGE})


def broken(status: int, code: str | None = None, message: str = "no", **headers: str) -> httpx2.Response:
    error = {"message": message, "type": "some_error", "code": code}
    return httpx2.Response(status, json={"error": error}, headers={k.replace("_", "-"): v for k, v in headers.items()})


def events(*chunks: Json, done: bool = True) -> httpx2.Response:
    lines = [f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n" for each in chunks]
    text = "".join([*lines, "data: [DONE]\n\n"] if done else lines)
    return httpx2.Response(200, text=text, headers={"content-type": "text/event-stream"})


def chunk(content: str | None = None, finish_reason: str | None = None, **delta: Json) -> Json:
    made = {"content": content, **delta} if content is not None else delta
    choice = {"index": 0, "delta": made, "finish_reason": finish_reason}
    return {"id": "x", "model": "m-1-2026", "choices": [choice]}


def failure(server: Server, *configs: dict[str, Json], waits: Waits | None = None) -> ModelError:
    with pytest.raises(ModelError) as caught:
        ask(server, *configs, waits=waits)
    return caught.value


def columns(attempts: Sequence[Json], *names: str) -> list[tuple[Json, ...]]:
    return [tuple(attempt[name] for name in names) for attempt in attempts]


def test_a_plain_answer_becomes_a_reply() -> None:
    reply = ask(Server(plain()), entry(price=[1, 2]))
    assert reply == ModelReply(
        message={"content": "hello"},
        model="m-1-2026",
        usage=USAGE,
        finish_reason="stop",
        attempts=({"config": 0, "model": "m-1", "status": 200, "error": None, "waited_seconds": 0.0},),
        price=(1.0, 2.0),
    )


def test_the_request_carries_what_was_configured() -> None:
    server = Server(plain())
    ask(server, entry(temperature=0, seed=7, extra_body={"top_k": 3}, default_headers={"x-team": "a"}))
    assert server.bodies() == [
        {
            "model": "m-1",
            "messages": [{"role": "user", "content": "hi"}],
            "temperature": 0,
            "seed": 7,
            "top_k": 3,
        }
    ]
    (request,) = server.requests
    assert str(request.url) == "http://test/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["x-team"] == "a"


def test_without_an_address_the_public_one_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere/v1")
    server = Server(plain())
    ask(server, entry(base_url=None))
    assert server.requests[0].url.host == "api.openai.com"


def test_tools_and_functions_are_sent() -> None:
    server = Server(plain())
    function = {"name": "f", "parameters": {}}
    ask(
        server,
        entry(tool_choice="auto"),
        request=ModelRequest(ASKED.messages, tools=[TOOL], functions=[function]),
    )
    (body,) = server.bodies()
    assert (body["tools"], body["functions"], body["tool_choice"]) == ([TOOL], [function], "auto")


def test_what_only_makes_sense_with_tools_is_left_out_without() -> None:
    server = Server(plain())
    ask(server, entry(tool_choice="auto", parallel_tool_calls=False, function_call="auto", tools=[]))
    assert set(server.bodies()[0]) == {"model", "messages"}


def test_configured_tools_join_those_of_the_request() -> None:
    server = Server(plain())
    other = {"type": "function", "function": {"name": "other"}}
    shadowed = {"type": "function", "function": {"name": "now", "description": "old"}}
    ask(server, entry(tools=[shadowed, other]), request=ModelRequest(ASKED.messages, tools=[TOOL]))
    assert server.bodies()[0]["tools"] == [TOOL, other]


def test_azure_has_its_own_path_and_header() -> None:
    server = Server(plain())
    ask(server, entry(api_type="azure", base_url="http://test", api_version="2024-10-21"))
    (request,) = server.requests
    assert request.url.path == "/openai/deployments/m-1/chat/completions"
    assert request.url.params["api-version"] == "2024-10-21"
    assert request.headers["api-key"] == KEY


def test_an_azure_address_may_name_the_deployment_itself() -> None:
    server = Server(plain())
    ask(server, entry(api_type="azure", base_url="http://test/openai/deployments/d", api_version="v"))
    assert server.requests[0].url.path == "/openai/deployments/d/chat/completions"


def test_half_a_surrogate_pair_is_replaced_on_the_way_out_and_kept_on_the_way_in() -> None:
    server = Server(httpx2.Response(200, text='{"choices": [{"message": {"content": "\\ud83d"}}]}'))
    asked = ModelRequest(messages=[{"role": "user", "content": "a\ud83db \ud83d\ude00"}])
    assert ask(server, request=asked).message == {"content": "\ud83d"}
    assert server.bodies()[0]["messages"][0]["content"] == "a\ufffdb \U0001f600"


def test_a_message_that_is_no_json_is_refused_before_anything_is_sent() -> None:
    server = Server()
    with pytest.raises(MessageError, match="cannot be written as JSON"):
        ask(server, request=ModelRequest(messages=[{"role": "user", "content": object()}]))
    assert server.requests == []


def test_a_stream_is_read_piece_by_piece() -> None:
    pieces: list[str] = []
    server = Server(events(chunk("Hel"), chunk("lo"), chunk(finish_reason="stop"), {"choices": [], "usage": USAGE}))
    reply = ask(server, on_delta=pieces.append)
    assert pieces == ["Hel", "lo"]
    assert (reply.message, reply.usage, reply.finish_reason) == ({"content": "Hello"}, USAGE, "stop")
    (body,) = server.bodies()
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


def test_a_configuration_may_ask_for_a_stream() -> None:
    server = Server(events(chunk("hello", "stop")))
    assert ask(server, entry(stream=True, stream_options={"x": 1})).message == {"content": "hello"}
    assert server.bodies()[0]["stream_options"] == {"include_usage": True, "x": 1}


def test_stream_options_are_not_sent_without_a_stream() -> None:
    server = Server(plain())
    ask(server, entry(stream_options={"include_usage": True}))
    assert "stream_options" not in server.bodies()[0]


def test_streamed_tool_calls_are_put_together() -> None:
    def piece(index: int, **fields: Json) -> Json:
        return chunk(tool_calls=[{"index": index, **fields}])

    server = Server(
        events(
            piece(0, id="a", type="function", function={"name": "one", "arguments": ""}),
            piece(1, id="", type="function", function={"name": "two", "arguments": "{}"}),
            piece(0, function={"arguments": '{"x": 1}'}),
            chunk(finish_reason="tool_calls"),
        )
    )
    assert ask(server, entry(stream=True)).message == {
        "content": None,
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "one", "arguments": '{"x": 1}'}},
            {"id": "call_1", "type": "function", "function": {"name": "two", "arguments": "{}"}},
        ],
    }


def test_a_server_that_knows_no_stream_options_is_asked_without_once_and_for_all() -> None:
    refusal = broken(400, message="Unknown parameter: 'stream_options'")
    server = Server(refusal, events(chunk("a", "stop")), events(chunk("b", "stop")))
    settings = parse_llm_config(entry(stream=True, max_retries=0), agent="bob")

    async def twice() -> list[ModelReply]:
        model = OpenAIModel(settings, http_client_factory=server.connect)
        replies = [await model.create(ASKED), await model.create(ASKED)]
        await model.aclose()
        return replies

    first, second = asyncio.run(twice())
    assert columns(first.attempts, "status", "error") == [(400, "ModelRefused"), (200, None)]
    assert columns(second.attempts, "status") == [(200,)]
    assert ["stream_options" in body for body in server.bodies()] == [True, False, False]


def test_another_refusal_of_a_stream_stays_one() -> None:
    server = Server(broken(400, message="bad request"))
    assert isinstance(failure(server, entry(stream=True)), ModelRefused)


def test_a_server_that_does_not_stream_is_understood() -> None:
    pieces: list[str] = []
    assert ask(Server(plain()), on_delta=pieces.append).message == {"content": "hello"}
    assert pieces == ["hello"]


class Lost(httpx2.AsyncByteStream):
    """A body that breaks off."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"choices": '
        raise httpx2.ReadError("connection lost")


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_that_is_lost_on_the_way_is_no_answer(content_type: str, stream: bool) -> None:
    lost = httpx2.Response(200, stream=Lost(), headers={"content-type": content_type})
    error = failure(Server(lost), entry(stream=stream, max_retries=0))
    assert isinstance(error, ModelUnreachable)
    assert "connection lost" in str(error)


def test_a_web_page_instead_of_a_stream_is_a_wire_error() -> None:
    error = failure(Server(httpx2.Response(200, html="<h1>Hello</h1>")), entry(stream=True, max_retries=0))
    assert isinstance(error, WireError)
    assert "a web page" in str(error)


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        (broken(400), ModelRefused, 400),
        (broken(401), ModelRefused, 401),
        (broken(403), ModelRefused, 403),
        (broken(404), ModelRefused, 404),
        (broken(422), ModelRefused, 422),
        (broken(429, "insufficient_quota"), QuotaExhausted, 429),
        (broken(402), QuotaExhausted, 402),
    ],
)
def test_what_would_not_help_is_not_sent_again(answer: Answer, kind: type[ModelError], status: int) -> None:
    server = Server(answer)
    error = failure(server)
    assert type(error) is kind
    assert error.status == status
    assert columns(error.attempts, "config", "status", "error", "waited_seconds") == [(0, status, kind.__name__, 0.0)]


@pytest.mark.parametrize(
    ("make", "kind", "status"),
    [
        (lambda: broken(408), ModelUnreachable, 408),
        (lambda: broken(409), ModelServerError, 409),
        (lambda: broken(429), RateLimited, 429),
        (lambda: broken(500), ModelServerError, 500),
        (lambda: httpx2.Response(503, text="<h1>Sorry</h1>"), ModelServerError, 503),
        (lambda: httpx2.ConnectError("Connection refused"), ModelUnreachable, None),
        (lambda: httpx2.ReadTimeout("slow"), ModelUnreachable, None),
        (lambda: httpx2.Response(200, html="<h1>Hello</h1>"), WireError, None),
        (lambda: httpx2.Response(200, json={"choices": None}), WireError, None),
        (lambda: httpx2.Response(200, text='{"choices": [{"mess'), WireError, None),
    ],
)
def test_what_may_pass_is_tried_three_times_and_no_more(
    make: Callable[[], Answer], kind: type[ModelError], status: int | None
) -> None:
    server = Server(*(make() for _ in range(3)))
    error = failure(server)
    assert type(error) is kind
    assert error.status == status
    assert columns(error.attempts, "status", "error") == [(status, kind.__name__)] * 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: events(chunk("Hel"), done=False),
        lambda: events(chunk("Hel"), '{"choi', done=False),
        lambda: events(done=False),
        lambda: events(chunk("Hel"), "3"),
        lambda: events(chunk("Hel"), "null"),
        lambda: events(chunk("Hel"), "[" * 100_000),
    ],
)
def test_a_damaged_stream_is_a_wire_error(make: Callable[[], Answer]) -> None:
    assert isinstance(failure(Server(make(), make(), make()), entry(stream=True)), WireError)


@pytest.mark.parametrize(
    ("code", "kind", "tries"),
    [
        ("overloaded", ModelServerError, 3),
        (429, RateLimited, 3),
        (400, ModelRefused, 1),
        ("insufficient_quota", QuotaExhausted, 1),
    ],
)
def test_an_error_in_the_middle_of_a_stream_is_read(code: Json, kind: type[ModelError], tries: int) -> None:
    error = {"error": {"message": "broken", "code": code}}
    server = Server(*(events(chunk("Hel"), error) for _ in range(tries)))
    found = failure(server, entry(stream=True))
    assert type(found) is kind
    assert "broke off its stream" in str(found)


def test_the_next_try_may_succeed() -> None:
    waits = Waits()
    server = Server(broken(429, retry_after="7"), broken(500, retry_after_ms="250"), plain())
    reply = ask(server, waits=waits)
    assert waits.seconds == [7.0, 0.25]
    assert columns(reply.attempts, "status", "error", "waited_seconds") == [
        (429, "RateLimited", 7.0),
        (500, "ModelServerError", 0.25),
        (200, None, 0.0),
    ]


def test_a_date_to_come_back_is_obeyed() -> None:
    waits = Waits()
    ask(Server(broken(503, retry_after="Thu, 01 Jan 1970 00:00:30 GMT"), plain()), waits=waits)
    assert waits.seconds == [30.0]


def test_a_wait_that_is_too_long_is_said_instead() -> None:
    waits = Waits()
    error = failure(Server(broken(429, retry_after="600")), waits=waits)
    assert isinstance(error, RateLimited)
    assert "asked to wait 600 seconds" in str(error)
    assert waits.seconds == []


def test_pieces_of_a_failed_try_are_followed_by_those_of_the_next() -> None:
    pieces: list[str] = []
    server = Server(events(chunk("Hel"), done=False), events(chunk("Hello", "stop")))
    assert ask(server, on_delta=pieces.append).message == {"content": "Hello"}
    assert pieces == ["Hel", "Hello"]


def test_an_error_of_the_listener_passes_through() -> None:
    def listen(piece: str) -> None:
        raise ValueError(piece)

    server = Server(events(chunk("Hel"), chunk("lo", "stop")))
    with pytest.raises(ValueError, match="Hel"):
        ask(server, on_delta=listen)
    assert len(server.requests) == 1


def test_a_timeout_of_the_listener_is_not_taken_for_ours() -> None:
    def listen(piece: str) -> None:
        raise TimeoutError(piece)

    with pytest.raises(TimeoutError, match="Hel"):
        ask(Server(events(chunk("Hel", "stop"))), on_delta=listen)


class Trickle(httpx2.AsyncByteStream):
    """A stream that never ends and never pauses for long."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield f"data: {json.dumps(chunk('a'))}\n\n".encode()
        while True:
            yield b": still there\n\n"
            await asyncio.sleep(0)


def test_a_trickling_stream_ends_at_the_deadline() -> None:
    trickle = httpx2.Response(200, stream=Trickle(), headers={"content-type": "text/event-stream"})
    error = failure(Server(trickle), entry(stream=True, timeout=0.05, max_retries=0))
    assert isinstance(error, ModelUnreachable)
    assert "no complete answer within 0.05 seconds" in str(error)


@pytest.mark.parametrize("answers", [[broken(429, "insufficient_quota")], [broken(500)] * 3])
def test_the_next_configuration_is_asked_after_a_failure_that_is_not_ours(answers: list[Answer]) -> None:
    server = Server(*answers, plain())
    reply = ask(server, entry(), entry(model="m-2", price=1))
    assert (reply.config, reply.price) == (1, (1.0, 1.0))
    assert [body["model"] for body in server.bodies()] == ["m-1"] * len(answers) + ["m-2"]
    assert columns(reply.attempts, "config", "model")[-1] == (1, "m-2")


def test_a_refusal_ends_it_even_if_there_is_another_configuration() -> None:
    server = Server(broken(400))
    assert isinstance(failure(server, entry(), entry(model="m-2")), ModelRefused)
    assert len(server.requests) == 1


def test_if_all_fail_the_error_lists_them() -> None:
    server = Server(broken(429, "insufficient_quota"), broken(500))
    error = failure(server, entry(max_retries=0), entry(model="m-2", max_retries=0))
    assert type(error) is ModelServerError
    for said in ("2 configurations were asked", "0: model 'm-1'", "1: model 'm-2'"):
        assert said in str(error)
    assert columns(error.attempts, "config", "error") == [(0, "QuotaExhausted"), (1, "ModelServerError")]


def test_an_error_says_what_was_asked_what_was_found_and_what_to_do() -> None:
    text = str(failure(Server(broken(401, "invalid_api_key", "Incorrect API key"))))
    for said in (
        "model 'm-1' at http://test/v1",
        "status 401 (invalid_api_key",
        "'Incorrect API key'",
        "Check api_key",
    ):
        assert said in text


def test_the_cause_of_a_lost_connection_is_said() -> None:
    error = failure(Server(httpx2.ConnectError("Connection refused")), entry(max_retries=0))
    assert "connection error (Connection refused)" in str(error)


def everything_told(error: BaseException) -> str:
    told = ["".join(traceback.format_exception(error)), repr(error), repr(getattr(error, "attempts", ""))]
    chain = [each for each in (error.__cause__, error.__context__) if each is not None]
    return "\n".join([*told, *(everything_told(each) for each in chain)])


@pytest.mark.parametrize(
    "make",
    [
        lambda: broken(401, message=f"Incorrect API key provided: {KEY}"),
        lambda: broken(429, code=KEY, message=KEY),
        lambda: httpx2.Response(500, text=f"key {KEY} for \x00 http://user:secret-pass@test"),
        lambda: httpx2.Response(200, text=f"<h1>{KEY} secret-pass team-secret</h1>"),
        lambda: httpx2.Response(200, json={"error": {"message": f"{KEY} Bearer {KEY}"}}),
        lambda: events(chunk("a"), {"error": {"message": KEY, "code": KEY}}),
        lambda: events({"choices": [KEY]}),
        lambda: events(chunk(KEY), done=False),
        lambda: httpx2.ConnectError(f"no route for {KEY} team-secret"),
        lambda: httpx2.LocalProtocolError(f"Illegal header value b'Bearer {KEY}'"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_no_error_tells_a_key(make: Callable[[], Answer], stream: bool) -> None:
    config = entry(
        stream=stream,
        max_retries=0,
        base_url="http://user:secret-pass@test/v1?k=1",
        default_headers={"x-key": "team-secret"},
    )
    told = everything_told(failure(Server(make()), config))
    for secret in (KEY, "secret-pass", "team-secret"):
        assert secret not in told


def test_no_log_tells_a_key(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(Server(plain()))
    assert caplog.records
    assert KEY not in caplog.text


def test_its_text_form_tells_the_models_only() -> None:
    settings = parse_llm_config({"config_list": [entry(), entry(model="m-2")]}, agent="bob")
    assert repr(OpenAIModel(settings)) == "OpenAIModel('m-1', 'm-2')"


def test_a_key_must_be_there_before_the_first_request() -> None:
    settings = parse_llm_config({"model": "m-1"}, agent="bob")
    with pytest.raises(MissingKey, match="'bob'"):
        asyncio.run(OpenAIModel(settings).create(ASKED))


def test_one_connection_pool_serves_many_calls_of_one_loop() -> None:
    server = Server(plain(), plain(), plain())
    settings = parse_llm_config(entry(), agent="bob")
    model = OpenAIModel(settings, http_client_factory=server.connect)

    async def calls(count: int) -> None:
        for _ in range(count):
            await model.create(ASKED)
        await model.aclose()

    asyncio.run(calls(2))
    assert server.connections == 1
    asyncio.run(calls(1))
    assert server.connections == 2


def test_connections_of_a_closed_loop_are_forgotten() -> None:
    server = Server(plain(), plain())
    model = OpenAIModel(parse_llm_config(entry(), agent="bob"), http_client_factory=server.connect)
    asyncio.run(model.create(ASKED))
    asyncio.run(model.create(ASKED))
    assert server.connections == 2
    assert len(model._clients) == 1


def test_a_cancelled_call_is_not_tried_again() -> None:
    server = Server(httpx2.Response(200, stream=Trickle(), headers={"content-type": "text/event-stream"}))
    settings = parse_llm_config(entry(stream=True), agent="bob")

    async def cancelled() -> bool:
        model = OpenAIModel(settings, http_client_factory=server.connect)
        begun = asyncio.Event()
        task = asyncio.ensure_future(model.create(ASKED, lambda _: begun.set()))
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        await model.aclose()
        return task.cancelled()

    assert asyncio.run(cancelled())
    assert len(server.requests) == 1


def test_importing_the_client_loads_neither_the_sdk_nor_the_loop() -> None:
    program = (
        "import sys, flowagents.adapters.openai as o, flowagents.adapters.model_config as c\n"
        "import flowagents.adapters.scripted\n"
        "o.OpenAIModel(c.parse_llm_config({'model': 'm', 'api_key': 'k-123456'}, agent='a'))\n"
        "heavy = {'openai', 'tenacity', 'asyncio', 'pydantic', 'httpx2', 'networkx', 'docker', 'graphviz'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
