"""The model client against a real HTTP server that was not written here; its journal counts the requests."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import pytest

from flowagents.adapters.model_config import parse_llm_config
from flowagents.adapters.openai import OpenAIModel
from flowagents.errors import (
    ModelError,
    ModelRefused,
    ModelServerError,
    ModelUnreachable,
    QuotaExhausted,
    RateLimited,
    WireError,
)
from flowagents.ports import Json, ModelReply, ModelRequest

pytestmark = pytest.mark.wire

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
STREAMS = [pytest.param(False, id="whole"), pytest.param(True, id="stream")]


class Server(Protocol):
    """What the tests use of the server fixture."""

    @property
    def url(self) -> str: ...
    def entry(self, **fields: Json) -> dict[str, Json]: ...
    def journal(self) -> list[dict[str, Json]]: ...
    def statuses(self) -> list[int]: ...


class Waits:
    """Notes the waits between tries without waiting."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def asking(text: str, *later: Mapping[str, Json], tools: Sequence[Mapping[str, Json]] = ()) -> ModelRequest:
    return ModelRequest(messages=[{"role": "user", "content": text}, *later], tools=tools)


def ask(
    request: ModelRequest,
    *configs: dict[str, Json],
    on_delta: Callable[[str], None] | None = None,
    waits: Waits | None = None,
) -> ModelReply:
    settings = parse_llm_config({"config_list": list(configs)}, agent="bob")

    async def once() -> ModelReply:
        model = OpenAIModel(settings, sleep=waits or Waits())
        try:
            return await model.create(request, on_delta)
        finally:
            await model.aclose()

    return asyncio.run(once())


def failure(request: ModelRequest, *configs: dict[str, Json], waits: Waits | None = None) -> ModelError:
    with pytest.raises(ModelError) as caught:
        ask(request, *configs, waits=waits)
    return caught.value


def calls_of(reply: ModelReply) -> list[tuple[str, Json]]:
    calls = reply.message["tool_calls"]
    return [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls]


def errors_of(attempts: Sequence[Mapping[str, Json]]) -> list[Json]:
    return [attempt["error"] for attempt in attempts]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_plain_answer_takes_one_request(server: Server, stream: bool) -> None:
    reply = ask(asking("plain"), server.entry(stream=stream, temperature=0))
    assert reply.message == {"content": "Hello from the wire."}
    assert reply.usage == {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    assert (reply.model, reply.finish_reason, reply.source) == ("m-1", "stop", "live")
    (seen,) = server.journal()
    assert seen["path"] == "/v1/chat/completions"
    assert seen["body"]["temperature"] == 0


def test_a_stream_arrives_in_pieces(server: Server) -> None:
    pieces: list[str] = []
    reply = ask(asking("slow but steady"), server.entry(), on_delta=pieces.append)
    assert pieces == ["One pi", "ece af", "ter th", "e othe", "r."]
    assert reply.message == {"content": "".join(pieces)}
    assert server.statuses() == [200]


@pytest.mark.parametrize("stream", STREAMS)
def test_parallel_tool_calls_arrive_in_order(server: Server, stream: bool) -> None:
    reply = ask(asking("weather", tools=[WEATHER]), server.entry(stream=stream))
    assert calls_of(reply) == [("weather", {"city": "Bonn"}), ("weather", {"city": "Rome"})]
    assert [call["id"] for call in reply.message["tool_calls"]] == ["call_bonn", "call_rome"]
    assert reply.finish_reason == "tool_calls"


@pytest.mark.parametrize("stream", STREAMS)
def test_a_proposed_call_and_its_result_go_back_as_they_came(server: Server, stream: bool) -> None:
    first = ask(asking("weather", tools=[WEATHER]), server.entry(stream=stream))
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "rain"} for call in first.message["tool_calls"]]
    proposed = {"role": "assistant", **first.message}
    second = ask(asking("weather", proposed, *results, tools=[WEATHER]), server.entry(stream=stream))
    assert second.message == {"content": "Rain in Bonn, sun in Rome."}
    assert server.statuses() == [200, 200]


@pytest.mark.parametrize("stream", STREAMS)
def test_text_may_come_with_a_call(server: Server, stream: bool) -> None:
    reply = ask(asking("text and tool", tools=[WEATHER]), server.entry(stream=stream))
    assert reply.message["content"] == "Let me see."
    assert calls_of(reply) == [("weather", {"city": "Bonn"})]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_busy_server_is_asked_again_after_the_time_it_names(server: Server, stream: bool) -> None:
    waits = Waits()
    reply = ask(asking("busy once"), server.entry(stream=stream), waits=waits)
    assert reply.message == {"content": "Now I have time."}
    assert waits.seconds == [3.0]
    assert [(each["status"], each["waited_seconds"]) for each in reply.attempts] == [(429, 3.0), (200, 0.0)]
    assert server.statuses() == [429, 200]


def test_a_server_that_is_busy_for_long_is_asked_once(server: Server) -> None:
    error = failure(asking("busy for long"), server.entry())
    assert isinstance(error, RateLimited)
    assert "asked to wait 600 seconds" in str(error)
    assert server.statuses() == [429]


@pytest.mark.parametrize("stream", STREAMS)
def test_an_empty_account_is_asked_once(server: Server, stream: bool) -> None:
    error = failure(asking("quota"), server.entry(model="poor", stream=stream))
    assert isinstance(error, QuotaExhausted)
    assert server.statuses() == [429]


def test_after_an_empty_account_the_next_configuration_answers(server: Server) -> None:
    reply = ask(asking("quota"), server.entry(model="poor"), server.entry(model="rich"))
    assert (reply.message, reply.config) == ({"content": "Paid."}, 1)
    assert server.statuses() == [429, 200]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_broken_server_is_asked_three_times(server: Server, stream: bool) -> None:
    error = failure(asking("broken"), server.entry(model="ill", stream=stream))
    assert isinstance(error, ModelServerError)
    assert errors_of(error.attempts) == ["ModelServerError"] * 3
    assert server.statuses() == [500, 500, 500]


def test_after_a_broken_server_the_next_configuration_answers(server: Server) -> None:
    reply = ask(asking("broken"), server.entry(model="ill", max_retries=1), server.entry(model="well"))
    assert (reply.message, reply.config) == ({"content": "I am well."}, 1)
    assert server.statuses() == [500, 500, 200]


def test_after_a_dead_port_the_next_configuration_answers(server: Server) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = server.entry(base_url=f"http://127.0.0.1:{unused.getsockname()[1]}/v1")
        reply = ask(asking("plain"), dead, server.entry())
    assert errors_of(reply.attempts) == ["ModelUnreachable"] * 3 + [None]
    assert server.statuses() == [200]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_refusal_ends_it_and_tells_no_key(server: Server, stream: bool) -> None:
    error = failure(asking("refused"), server.entry(stream=stream), server.entry(model="other"))
    assert isinstance(error, ModelRefused)
    assert error.status == 401
    told = "".join(traceback.format_exception(error)) + repr(error.attempts)
    assert "Incorrect API key" in told
    assert "sk-wire-0123456789abcdef" not in told
    assert server.statuses() == [401]


def test_a_slow_stream_ends_at_the_deadline(server: Server) -> None:
    error = failure(asking("too slow"), server.entry(stream=True, timeout=1, max_retries=0))
    assert isinstance(error, ModelUnreachable)
    assert "no complete answer within 1 seconds" in str(error)
    assert server.statuses() == [200]


def test_a_late_answer_ends_at_the_deadline(server: Server) -> None:
    error = failure(asking("late answer"), server.entry(timeout=0.3, max_retries=0))
    assert isinstance(error, ModelUnreachable)


def test_a_cut_stream_is_a_failed_try(server: Server) -> None:
    pieces: list[str] = []
    reply = ask(asking("cut once"), server.entry(), on_delta=pieces.append)
    assert reply.message == {"content": "This is whole."}
    assert "".join(pieces).endswith("This is whole.")
    assert len(reply.attempts) == 2
    assert [bool(entry["response"].get("interrupted")) for entry in server.journal()] == [True, False]


def test_a_stream_that_is_always_cut_is_no_answer(server: Server) -> None:
    error = failure(asking("always cut"), server.entry(stream=True))
    assert isinstance(error, ModelUnreachable | WireError)
    assert len(server.journal()) == 3


def test_a_damaged_answer_is_a_wire_error(server: Server) -> None:
    error = failure(asking("damaged"), server.entry(max_retries=1))
    assert isinstance(error, WireError)
    assert "{malformed json" in str(error)
    assert len(server.journal()) == 2


def test_a_connection_that_is_hung_up_is_tried_again(server: Server) -> None:
    error = failure(asking("hung up"), server.entry(max_retries=1))
    assert isinstance(error, ModelUnreachable)
    assert len(server.journal()) == 2


@pytest.mark.parametrize("stream", STREAMS)
def test_azure_is_reached_by_its_own_path(server: Server, stream: bool) -> None:
    azure = {"api_type": "azure", "api_version": "2024-10-21", "base_url": server.url}
    reply = ask(asking("plain"), server.entry(model="my-deployment", stream=stream, **azure))
    assert reply.message == {"content": "Hello from the wire."}
    (seen,) = server.journal()
    assert seen["path"] == "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"


def test_one_client_serves_many_calls_at_once(server: Server) -> None:
    settings = parse_llm_config(server.entry(), agent="bob")

    async def many() -> list[ModelReply]:
        model = OpenAIModel(settings)
        try:
            return await asyncio.gather(*(model.create(asking("plain")) for _ in range(8)))
        finally:
            await model.aclose()

    assert [reply.message["content"] for reply in asyncio.run(many())] == ["Hello from the wire."] * 8
    assert server.statuses() == [200] * 8
