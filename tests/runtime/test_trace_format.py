"""The page on the trace format tells the truth: its example is what is written, and its tables name what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from flowagents import ConversableAgent, ScriptedModel, recording
from flowagents.core import events
from flowagents.core.effects import AskHuman, CallModel, Draw, GiveReply, Invoke, RunCode, RunTool
from flowagents.core.value import fields_of

EFFECTS = (CallModel, AskHuman, RunTool, RunCode, Invoke, GiveReply, Draw)
PAGE = (Path(__file__).parents[2] / "docs" / "trace-format.md").read_text(encoding="utf-8")


def example(path: Path) -> list[str]:
    """Record the conversation of the page; return its lines, those that differ from run to run made alike."""
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
    model = ScriptedModel([{"content": None, "tool_calls": [call], "usage": usage}])
    bot = ConversableAgent("bot", "Add.", llm_config=model, human_input_mode="NEVER")
    user = ConversableAgent("user", human_input_mode="NEVER", function_map={"add": stops})
    with recording(path, clock=lambda: 1767225600.5), pytest.raises(KeyboardInterrupt):
        user.initiate_chat(bot, message="1 + 1?", silent=True)
    return path.read_text(encoding="ascii").splitlines()


def stops(a: int) -> int:
    raise KeyboardInterrupt


def shown(line: str) -> Any:
    """Return a line as JSON without what the texts and graphs of the library decide, which may change."""
    found = json.loads(re.sub(r'"[0-9a-f]{64}"', '"0123..."', line))
    if "memory" in found:
        found["memory"] = [pair for pair in found["memory"] if pair[0] != ["system", "user"]]
    return found


def test_the_example_is_what_is_written(tmp_path: Path) -> None:
    block = re.search(r"<!-- the example: .*?-->\n```json\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    told = [json.loads(line) for line in block[1].splitlines()]
    assert told == [shown(line) for line in example(tmp_path / "chat.jsonl")]


@pytest.mark.parametrize("kind", EFFECTS)
def test_every_effect_is_described_with_all_its_fields(kind: type) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{kind.__name__}` |"))
    told = re.findall(r"`([a-z_]+)`", row.split("|")[2])
    assert ["at", *told, "resource"] == list(fields_of(kind) or ())


def test_every_kind_of_event_is_described() -> None:
    kinds = [events.Started, events.Answered, events.Failed, events.Interrupted]
    assert re.findall(r"^\*\*`(\w+)`\*\*", PAGE, re.MULTILINE) == [kind.__name__.lower() for kind in kinds]
