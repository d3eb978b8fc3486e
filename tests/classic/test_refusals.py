"""What is refused before anything runs, and in which words; nothing is then recorded, asked or remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowagents import ConversableAgent, UserProxyAgent, recording
from flowagents.errors import ConfigError, FlowAgentsError, MissingKey, NameConflict, SetupError
from tests.classic.acting import awaited, conversable, requests, said, speaker

CONFIG = {"config_list": [{"model": "gpt-4", "api_key": "sk-0123456789abcdef"}]}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({**CONFIG, "temprature": 0}, r"'bot'.*temprature.*temperature"),
        ({"config_list": [{"model": "gpt-4", "api_kye": "x"}]}, r"'bot'.*api_kye.*api_key"),
        ({"config_list": []}, "'bot'.*config_list"),
        ({"config_list": {}}, "'bot'.*config_list"),
        ({"config_list": [{"model": ""}]}, "'bot'.*model"),
        ({}, "'bot'"),
        ({"model": ""}, "'bot'"),
        (True, "'bot' has llm_config True; give False, a dict with a config_list, or a model client"),
        ("gpt-4", "'bot' has llm_config 'gpt-4'; give False"),
    ],
)
def test_a_model_setting_that_nobody_could_obey_is_refused_at_construction(config: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        ConversableAgent("bot", llm_config=config)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("mode", ["Never", "never", "", None, "SOMETIMES", 1])
def test_an_unknown_input_mode_is_refused_at_construction(mode: Any) -> None:
    with pytest.raises(ConfigError, match=r"has human_input_mode .*; give one of ALWAYS, TERMINATE, NEVER"):
        ConversableAgent("bot", human_input_mode=mode)
    with pytest.raises(ConfigError, match="has human_input_mode"):
        UserProxyAgent("bot", human_input_mode=mode)


@pytest.mark.parametrize("name", ["", "  ", None, 5, ["a"]])
def test_an_agent_has_to_have_a_name(name: Any) -> None:
    with pytest.raises(ConfigError, match=r"an agent was named .*; give a text that is not empty"):
        ConversableAgent(name)


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "\x1b[31m", "a\ud800", "x" * 201, "x" * 10_000, "\u202eb"])
def test_a_name_that_cannot_be_shown_on_a_line_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="give at most 200 characters, all of them printable") as caught:
        ConversableAgent(name)
    assert len(str(caught.value)) < 250


def no_key(monkeypatch: pytest.MonkeyPatch) -> ConversableAgent:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return conversable("bot", llm_config={"config_list": [{"model": "gpt-4"}]})


Starter = Callable[[ConversableAgent, Any], Any]
STARTERS: dict[str, Starter] = {
    "initiate_chat": lambda user, bot: user.initiate_chat(bot, message="hi", silent=True),
    "a_initiate_chat": lambda user, bot: awaited(lambda: user.a_initiate_chat(bot, message="hi", silent=True)),
    "send": lambda user, bot: user.send("hi", bot, silent=True),
    "a_send": lambda user, bot: awaited(lambda: user.a_send("hi", bot, silent=True)),
    "receive": lambda user, bot: user.receive("hi", bot, silent=True),
    "a_receive": lambda user, bot: awaited(lambda: user.a_receive("hi", bot, silent=True)),
    "generate_reply": lambda user, bot: user.generate_reply(sender=bot),
    "a_generate_reply": lambda user, bot: awaited(lambda: user.a_generate_reply(sender=bot)),
}
starters = pytest.mark.parametrize("start", STARTERS.values(), ids=STARTERS.keys())


def refused(start: Starter, user: ConversableAgent, bot: Any, folder: Path) -> FlowAgentsError:
    """Return what is raised, having made sure that nothing was recorded."""
    with recording(folder / "trace.jsonl"), pytest.raises(FlowAgentsError) as caught:
        start(user, bot)
    assert list(folder.iterdir()) == []
    assert caught.value.run is None
    return caught.value


@starters
def test_an_agent_that_talks_to_itself_is_refused(start: Starter, tmp_path: Path) -> None:
    bot = speaker("bot", "1")
    error = refused(start, bot, bot, tmp_path)
    assert (type(error), str(error)) == (NameConflict, "'bot' cannot talk to itself; give it a partner")
    assert (requests(bot), bot.chat_messages) == ([], {})


@starters
def test_two_agents_of_one_name_are_refused(start: Starter, tmp_path: Path) -> None:
    one, other = speaker("bot", "1"), speaker("bot", "1")
    error = refused(start, one, other, tmp_path)
    assert type(error) is NameConflict
    assert str(error) == "two agents of one conversation are called 'bot'; give one another name"
    assert (requests(one), requests(other), one.chat_messages) == ([], [], {})


@starters
@pytest.mark.parametrize("nobody", ["bot", 5])
def test_somebody_who_is_no_agent_is_refused(start: Starter, nobody: Any, tmp_path: Path) -> None:
    error = refused(start, conversable("user"), nobody, tmp_path)
    assert (type(error), str(error)) == (ConfigError, f"a conversation needs agents; found {nobody!r}")


@pytest.mark.parametrize("name", ["initiate_chat", "a_initiate_chat", "send", "a_send"])
def test_a_model_without_a_key_is_refused(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    user, bot = conversable("user"), no_key(monkeypatch)
    error = refused(STARTERS[name], user, bot, tmp_path)
    assert type(error) is MissingKey
    assert "'bot'" in str(error)
    assert "OPENAI_API_KEY" in str(error)
    assert (said(user, bot), user.ledger.counts) == ([], {})


def test_a_single_reply_of_a_model_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingKey, match="'bot'"):
        no_key(monkeypatch).generate_reply([{"role": "user", "content": "hi"}])


@pytest.mark.parametrize("message", [{}, {"content": None}, {"content": 5}, 5])
@pytest.mark.parametrize("name", ["initiate_chat", "a_initiate_chat", "send", "a_send"])
def test_a_message_without_content_is_refused(name: str, message: Any, tmp_path: Path) -> None:
    calls: dict[str, Starter] = {
        "initiate_chat": lambda user, bot: user.initiate_chat(bot, message=message, silent=True),
        "a_initiate_chat": lambda user, bot: awaited(lambda: user.a_initiate_chat(bot, message=message, silent=True)),
        "send": lambda user, bot: user.send(message, bot, silent=True),
        "a_send": lambda user, bot: awaited(lambda: user.a_send(message, bot, silent=True)),
    }
    user, bot = conversable("user"), speaker("bot", "1")
    user.initiate_chat(bot, message="earlier", max_turns=1, silent=True)
    error = refused(calls[name], user, bot, tmp_path)
    assert "'user' was" in str(error)
    assert (said(user, bot), len(requests(bot))) == (["earlier", "1"], 1)


OVERRIDES = [
    "send",
    "a_send",
    "receive",
    "a_receive",
    "initiate_chat",
    "a_initiate_chat",
    "spec_for",
    "_process_received_message",
    "generate_oai_reply",
    "execute_function",
]


@pytest.mark.parametrize("method", OVERRIDES)
def test_a_class_that_overrides_what_is_never_called_is_refused_by_name(method: str) -> None:
    kind = type("Mine", (ConversableAgent,), {method: lambda *_: None})
    words = f"Mine overrides {method}, which the engine replaces.*override get_human_input or generate_reply"
    with pytest.raises(SetupError, match=words):
        kind("a")
