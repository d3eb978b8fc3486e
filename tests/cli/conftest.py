"""A folder with programs, and the command line as a process in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 60
CHAT = """
from flowagents import ConversableAgent, ScriptedModel

def main(reply="pong"):
    bot = ConversableAgent("bot", llm_config=ScriptedModel([reply]), human_input_mode="NEVER")
    user = ConversableAgent("user", human_input_mode="NEVER")
    user.initiate_chat(bot, message="ping", max_turns=1)
"""
TOUCH = """
from pathlib import Path
from flowagents import ConversableAgent

def reply(agent, messages, sender, config):
    Path("touched").write_text("yes")
    return True, "done"

def main():
    bot = ConversableAgent("bot", human_input_mode="NEVER")
    bot.register_reply("user", reply)
    user = ConversableAgent("user", human_input_mode="NEVER")
    user.initiate_chat(bot, message="ping", max_turns=1)
"""


class Shell:
    """A folder to work in. ``write`` makes a program, a call runs the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "AZURE"))}
        self.environ = kept | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}

    def write(self, text: str, name: str = "program.py") -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "flowagents.cli", *arguments]

    def __call__(self, *arguments: str, typed: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environ | environ,
            input=typed,
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )


Say = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)
