"""What answers where an example is started without a model: replies that are written down in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowagents import ScriptedModel


def scripted(file: str, replies: Mapping[str, Any], *, default: str | None = None) -> ScriptedModel:
    """Say that no model is called, and how to call one. The first reply whose key is in the last message is given."""
    example = f"examples/{Path(file).name}"
    print(
        f"model: scripted, by the replies in {example}; no LLM is called; real run: "
        f"OPENAI_API_KEY=... flowagents run {example} --model openai:<name>[@base_url]\n"
    )
    return ScriptedModel(rules=replies, default=default)
