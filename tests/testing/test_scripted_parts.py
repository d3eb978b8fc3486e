"""Scripted humans, tools and clocks in real conversations."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import pytest

from flowagents import AssistantAgent, ConversableAgent, UserProxyAgent, recording, register_function
from flowagents.errors import ConfigError, ScriptExhausted
from flowagents.flow import END, Flow, human
from flowagents.testing import FakeClock, ScriptedHuman, ScriptedModel, ScriptedTool

CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": {"city": "Bonn"}},
}


def weather(city: Annotated[str, "Name of a city"]) -> str:
    """Tell the weather."""
    raise AssertionError("the real tool was called")


def asking(person: ScriptedHuman) -> tuple[UserProxyAgent, ConversableAgent]:
    bot = ConversableAgent("bot", human_input_mode="NEVER", default_auto_reply="And now?")
    return person.attach(UserProxyAgent("user")), bot


def test_a_scripted_human_answers_for_an_agent() -> None:
    person = ScriptedHuman(["go on", "exit"])
    user, bot = asking(person)
    result = user.initiate_chat(bot, message="Hello.", silent=True)
    assert result.human_input == ["go on", "exit"]
    assert result.stop.name == "left"
    assert len(person.prompts) == 2
    person.assert_used_up()


def test_a_scripted_human_answers_in_an_asynchronous_chat() -> None:
    person = ScriptedHuman(["exit"])
    user, bot = asking(person)
    result = asyncio.run(user.a_initiate_chat(bot, message="Hello.", silent=True))
    assert result.human_input == ["exit"]


def test_a_scripted_human_answers_in_a_flow() -> None:
    person = ScriptedHuman(["blue"])
    editor = human("editor", "Which colour? ", ask=person)
    run = Flow("colours").start(editor).edge(editor, END("said")).build().run("Red?")
    assert run.result["content"] == "blue"
    assert person.prompts[0].endswith("Which colour? ")


def test_a_scripted_human_can_press_ctrl_c() -> None:
    user, bot = asking(ScriptedHuman([KeyboardInterrupt()]))
    with pytest.raises(KeyboardInterrupt) as caught:
        user.initiate_chat(bot, message="Hello.", silent=True)
    assert vars(caught.value)["run"].stop.kind == "cancelled"


def test_a_scripted_human_who_is_asked_too_often_says_so() -> None:
    user, bot = asking(ScriptedHuman([]))
    with pytest.raises(ScriptExhausted, match="ScriptedHuman has given all 0 answers"):
        user.initiate_chat(bot, message="Hello.", silent=True)


def test_a_scripted_tool_takes_the_place_of_a_function() -> None:
    tool = ScriptedTool(["rain"], like=weather)
    model = ScriptedModel([{"tool_calls": [CALL]}, "It rains."])
    assistant = AssistantAgent("assistant", llm_config=model)
    user = UserProxyAgent(
        "user", human_input_mode="NEVER", is_termination_msg=lambda message: not message.get("tool_calls")
    )
    register_function(tool, caller=assistant, executor=user, description="Tell the weather.")
    result = user.initiate_chat(assistant, message="How is the weather?", silent=True)
    assert result.summary == "It rains."
    assert tool.calls == [{"city": "Bonn"}]
    assert model.requests[0].tools[0]["function"]["parameters"]["required"] == ["city"]
    tool.assert_used_up()
    model.assert_used_up()


def test_a_scripted_tool_can_be_part_of_a_function_map() -> None:
    tool = ScriptedTool([OSError("no network")], name="weather")
    user = UserProxyAgent("user", human_input_mode="NEVER", function_map={"weather": tool})
    message = {"content": None, "function_call": {"name": "weather", "arguments": '{"city": "Bonn"}'}}
    reply = user.generate_reply(messages=[message])
    assert "no network" in reply["content"]


@pytest.mark.parametrize("script", [ScriptedHuman(["a", "b"]), ScriptedTool(["a", "b"])], ids=["human", "tool"])
def test_what_was_not_needed_is_an_assertion_error(script: ScriptedHuman | ScriptedTool) -> None:
    with pytest.raises(AssertionError, match=r"2 of 2 answers were never given. The next one: 'a'"):
        script.assert_used_up()


@pytest.mark.parametrize("kind", [ScriptedHuman, ScriptedTool])
def test_one_text_is_no_list_of_answers(kind: type[ScriptedHuman] | type[ScriptedTool]) -> None:
    with pytest.raises(ConfigError, match="takes a list of answers"):
        kind("yes")


def test_with_a_fake_clock_two_traces_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        user, bot = asking(ScriptedHuman(["exit"]))
        with recording(tmp_path / name / "chat.jsonl", clock=FakeClock(100.0, step=0.25)):
            user.initiate_chat(bot, message="Hello.", silent=True)
    texts = [(tmp_path / name / "chat.jsonl").read_text(encoding="utf-8") for name in ("one", "two")]
    assert texts[0] == texts[1]
    assert '"at":100.25' in texts[0]


def test_a_clock_can_be_set() -> None:
    clock = FakeClock(5.0, step=0.0)
    assert (clock(), clock()) == (5.0, 5.0)
    clock.now = 9.0
    assert clock() == 9.0
