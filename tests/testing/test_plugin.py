"""The fixture ``flow_replay``, in test runs of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
from flowagents import ConversableAgent, ScriptedModel

def chat(message="ping", model=None):
    bot = ConversableAgent("bot", llm_config=model or ScriptedModel([]), human_input_mode="NEVER")
    user = ConversableAgent("user", human_input_mode="NEVER")
    return user.initiate_chat(bot, message=message, max_turns=1, silent=True)

def main():
    return chat()
"""
RECORD = """
from flowagents import ScriptedModel, recording
from program import chat

with recording("traces/chat.jsonl", source="program.py"):
    chat(model=ScriptedModel(["pong"]))
with recording("traces/nameless.jsonl"):
    chat(model=ScriptedModel(["pong"]))
"""


class Suite:
    """A folder with a program and its recorded runs; a call runs pytest on the text of a test file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
        (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n", encoding="utf-8")
        self.python("-c", RECORD)

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{self.folder}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # where the package is installed, it would be loaded twice
        }
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)

    def __call__(self, body: str) -> subprocess.CompletedProcess[str]:
        lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
        text = f"from flowagents import ScriptedModel\nfrom program import chat\n\ndef test_it(flow_replay):\n{lines}"
        (self.folder / "test_it.py").write_text(text, encoding="utf-8")
        return self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "flowagents.testing.plugin")


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return Suite(tmp_path_factory.mktemp("plugin"))


@pytest.mark.parametrize(
    "body",
    [
        "flow_replay('traces/chat.jsonl').assert_stop('max_turns')",
        "flow_replay('traces/chat.jsonl', chat).assert_path('bot', 'max_turns')",
        "flow_replay('traces/nameless.jsonl', lambda: chat()).assert_stop('max_turns')",
        "flow_replay('traces/chat.jsonl').assert_same_transcript([('user', 'ping'), ('bot', 'pong')])",
        "run = flow_replay('traces/chat.jsonl')\nrun.assert_same_transcript(chat(model=ScriptedModel(['pong'])).run)",
        "async def play():\n    chat()\nflow_replay('traces/chat.jsonl', play)",
        "assert flow_replay('traces/chat.jsonl').result is None",
    ],
)
def test_a_replay_that_is_as_recorded_passes(suite: Suite, body: str) -> None:
    done = suite(body)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("flow_replay('traces/chat.jsonl', lambda: chat('pang'))", "replay diverged at event 0, the start"),
        ("flow_replay('traces/chat.jsonl', lambda: chat('pang'))", '+  "message": "pang"'),
        ("flow_replay('traces/nowhere.jsonl')", "there is no trace 'traces/nowhere.jsonl'"),
        ("flow_replay('traces/nameless.jsonl')", "does not say which program it was recorded from"),
        ("flow_replay('traces/chat.jsonl', lambda: None)", "started none"),
        ("flow_replay('traces/chat.jsonl').assert_stop('ended')", "stopped at 'max_turns' (max_turns was reached)"),
        ("flow_replay('traces/chat.jsonl').assert_path('bot', 'user')", "-'user'"),
        ("flow_replay('traces/chat.jsonl').assert_same_transcript([('user', 'pang')])", "+('bot', 'pong')"),
        (
            "import socket\nflow_replay('traces/chat.jsonl', lambda: socket.create_connection(('127.0.0.1', 9)))",
            "tried to reach the network while it was replayed",
        ),
        (
            "import socket\nflow_replay('traces/chat.jsonl', lambda: socket.socket().connect(('127.0.0.1', 9)))",
            "tried to reach the network while it was replayed",
        ),
    ],
)
def test_a_replay_that_differs_fails_and_says_where(suite: Suite, body: str, complaint: str) -> None:
    done = suite(body)
    assert done.returncode == 1, done.stdout
    assert complaint in done.stdout
    assert "1 failed" in done.stdout


def test_a_divergence_is_shown_without_the_inside_of_the_library(suite: Suite) -> None:
    done = suite("flow_replay('traces/chat.jsonl', lambda: chat('pang'))")
    assert "--- recorded" in done.stdout
    assert "flowagents/testing" not in done.stdout
    assert "flowagents/runtime" not in done.stdout


def test_after_a_replay_the_network_is_there_again(suite: Suite) -> None:
    body = """
import socket
flow_replay('traces/chat.jsonl')
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    pass
"""
    assert suite(body).returncode == 0


def test_loading_the_plugin_loads_nothing_else_of_the_library(suite: Suite) -> None:
    code = "import sys, flowagents.testing.plugin; print(*sorted(m for m in sys.modules if m.startswith('flowagents')))"
    done = suite.python("-c", code)
    assert done.stdout.split() == ["flowagents", "flowagents.testing", "flowagents.testing.plugin"]


def test_the_plugin_comes_with_the_package() -> None:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution("flowagents").entry_points.select(group="pytest11")
    except PackageNotFoundError:
        pytest.skip("the package is not installed. Run `make test`, or pip install -e . in this environment")
    assert [point.value for point in found] == ["flowagents.testing.plugin"]
