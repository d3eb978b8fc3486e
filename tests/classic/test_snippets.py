"""Two programs for the classic API run as they stand but for their import line; chats are shown on the screen."""
# ruff: noqa: E501  - the two programs are quoted

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from flowagents import AssistantAgent, ConversableAgent, UserProxyAgent
from flowagents.adapters import openai as adapter
from flowagents.ports import CodeBlock, CodeResult, ModelReply, ModelRequest
from tests.classic.acting import Humans, conversable, speaker, user_proxy

QUESTION = "What date is today? Which big tech stock has the largest year-to-date gain this year? How much is the gain?"


class Scripted:
    """A server without a network: it notes requests and answers with these contents in turn."""

    def __init__(self, *contents: str) -> None:
        self.left = list(contents)
        self.requests: list[httpx2.Request] = []

    def connect(self, config: Any) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self.answer))

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        message = {"role": "assistant", "content": self.left.pop(0)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return httpx2.Response(200, json={"id": "x", "model": "gpt-4-0613", "choices": [choice]})


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scripted:
    """Put a scripted server in the place of the network, and the cache that the program asks for in a new folder."""
    monkeypatch.chdir(tmp_path)
    server = Scripted("Why did the chicken cross the road?", "TERMINATE")
    monkeypatch.setattr(adapter, "_connect", connected(adapter._connect, server))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    return server


def connected(connect: Any, server: Scripted) -> Any:
    return lambda config, agent, factory: connect(config, agent, server.connect)


def test_the_first_program_tells_a_joke(scripted: Scripted) -> None:
    agent = ConversableAgent(
        "chatbot",
        llm_config={
            "cache_seed": 41,
            "config_list": [{"model": "gpt-4", "api_key": os.environ["OPENAI_API_KEY"]}],
            "temperature": 0,
        },
        code_execution_config=False,
        function_map=None,
        human_input_mode="NEVER",
    )
    reply = agent.generate_reply(messages=[{"content": "Tell me a joke.", "role": "user"}])
    assert reply == "Why did the chicken cross the road?"
    (request,) = scripted.requests
    assert str(request.url) == "https://api.openai.com/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer sk-0123456789abcdef"


class Machine:
    """An executor object: it notes the code and says what a program would have printed."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def execute_code_blocks(self, blocks: Sequence[CodeBlock]) -> CodeResult:
        self.ran += [block.code for block in blocks]
        return CodeResult(0, "2026-11-22 ACME +40%")


def test_the_second_program_finds_a_stock(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted.left = ["```python\nprint(today())\n```", "ACME gained 40%."]
    answers = iter(["", "exit"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    config_list = [{"model": "gpt-4"}]
    code_executor = Machine()

    assistant = AssistantAgent(name="assistant", llm_config={"config_list": config_list})
    user_proxy = UserProxyAgent(name="user_proxy", code_execution_config={"executor": code_executor})
    chat_res = user_proxy.initiate_chat(
        assistant,
        message="What date is today? Which big tech stock has the largest year-to-date gain this year? How much is the gain?",
    )

    assert [message["content"] for message in chat_res.chat_history] == [
        QUESTION,
        "```python\nprint(today())\n```",
        "exitcode: 0 (execution succeeded)\nCode output: 2026-11-22 ACME +40%",
        "ACME gained 40%.",
    ]
    assert (chat_res.summary, chat_res.human_input) == ("ACME gained 40%.", ["", "exit"])
    assert (code_executor.ran, chat_res.chat_id) == (["print(today())"], None)
    assert set(chat_res.cost) == {"usage_including_cached_inference", "usage_excluding_cached_inference"}
    assert (chat_res.stop.name, chat_res.run.path[:2]) == ("left", ("assistant", "user_proxy"))
    assert "user_proxy" in chat_res.graph.draw("mermaid")


# -- on the screen


def test_a_chat_is_shown_message_by_message(capsys: pytest.CaptureFixture[str]) -> None:
    conversable("user").initiate_chat(speaker("bot", "ho"), message="hi", max_turns=1)
    shown = capsys.readouterr().out
    assert shown.index("hi") < shown.index("bot") or shown.index("user") < shown.index("hi")
    assert shown.index("hi") < shown.index("ho")


@pytest.mark.parametrize("silenced", ["chat", "agent"])
def test_a_silent_chat_and_a_silent_agent_show_nothing(silenced: str, capsys: pytest.CaptureFixture[str]) -> None:
    user, bot = conversable("user", silent=True), speaker("bot", "ho word", silent=silenced == "agent")
    user.initiate_chat(bot, message="hi word", max_turns=1, silent=silenced == "chat")
    assert "word" not in capsys.readouterr().out


class Streaming:
    """A model that gives its answer in pieces."""

    def create(self, request: ModelRequest, on_delta: Any = None) -> ModelReply:
        if on_delta is not None:
            for piece in ("pie", "ces"):
                on_delta(piece)
        return ModelReply({"content": "pieces"}, "streaming", source="scripted")


def test_the_words_of_a_model_are_shown_once_as_they_arrive(capsys: pytest.CaptureFixture[str]) -> None:
    conversable("user").initiate_chat(conversable("bot", llm_config=Streaming()), message="hi", max_turns=2)
    assert capsys.readouterr().out.count("pieces") == 2


def test_a_second_chat_shows_only_what_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    user, bot = conversable("user"), speaker("bot", "first", "second")
    user.initiate_chat(bot, message="hi", max_turns=1)
    capsys.readouterr()
    user.initiate_chat(bot, message="ho", max_turns=1, clear_history=False)
    shown = capsys.readouterr().out
    assert ("first" in shown, "second" in shown) == (False, True)


def test_a_message_outside_a_chat_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    conversable("user").send("a message", conversable("bot"))
    assert "a message" in capsys.readouterr().out


def test_a_user_proxy_runs_nothing_unless_told_to() -> None:
    user = user_proxy("user", Humans(["", "exit"]))
    result = user.initiate_chat(speaker("bot", "```python\nprint(1)\n```", "x"), message="hi", silent=True)
    assert [message["content"] for message in result.messages][2] == ""
