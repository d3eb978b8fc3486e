"""The examples with a real model server: OpenAI-compatible, over HTTP, not written here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flowagents.testing.programs import load
from tests.wire.conftest import LISTENING, PROGRAM, STOP_SECONDS, find_node

ROOT = Path(__file__).resolve().parents[2]
APOLLO = [("call_1", "1968-12-21", "1968-12-27"), ("call_2", "1969-07-16", "1969-07-24")]


@contextmanager
def server(folder: Path, fixtures: list[dict[str, Any]]) -> Iterator[str]:
    """Start a server that answers by fixtures; give its address."""
    node = find_node()
    if node is None or not PROGRAM.exists():
        missing = "Node" if node is None else str(PROGRAM)
        pytest.skip(f"{missing} is not there. Run `make wire-server` (it needs the npm registry), then again")
    file = folder / "fixtures.json"
    file.write_text(json.dumps({"fixtures": fixtures}), encoding="utf-8")
    command = [node, str(PROGRAM), "--port", "0", "--fixtures", str(file), "--strict"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        found = next((LISTENING.search(line) for line in process.stdout if LISTENING.search(line)), None)
        assert found is not None, "the server did not start"
        yield f"{found[1]}/v1"
    finally:
        process.terminate()
        process.communicate(timeout=STOP_SECONDS)


def flowagents(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flowagents.cli", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def test_the_coding_example_runs_with_a_server_and_replays_without(folder: Path) -> None:
    replies = load(str(ROOT / "examples" / "two_agent_coding.py")).function.__globals__["REPLIES"]
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    fixtures = [
        {"match": {"userMessage": heard}, "response": {"content": reply, "usage": usage}}
        for heard, reply in replies.items()
    ]
    with server(folder, fixtures) as url:
        done = flowagents(folder, "run", "examples/two_agent_coding.py", "--model", f"openai:m-1@{url}")
    assert done.returncode == 0, done.stderr
    assert "scripted" not in done.stdout
    assert "IndexError: list index out of range" in done.stdout
    assert "Friday, 13 December" in done.stdout
    shown = flowagents(folder, "show", "runs/two_agent_coding.jsonl")
    assert "model m-1: 4 answers, 40 + 20 tokens, cost unknown" in shown.stdout
    replayed = flowagents(folder, "replay", "runs/two_agent_coding.jsonl")
    assert replayed.returncode == 0, replayed.stderr


def test_the_tool_example_makes_the_calls_that_a_server_proposes(folder: Path) -> None:
    calls = [
        {"id": name, "name": "days_between", "arguments": {"first": first, "last": last}}
        for name, first, last in APOLLO
    ]
    fixtures: list[dict[str, Any]] = [
        {"match": {"userMessage": "Apollo", "hasToolResult": True}, "response": {"content": "Apollo 11, by 2 days."}},
        {"match": {"userMessage": "Apollo", "hasToolResult": False}, "response": {"toolCalls": calls}},
    ]
    with server(folder, fixtures) as url:
        done = flowagents(folder, "run", "examples/tool_use.py", "--model", f"openai:m-1@{url}")
    assert done.returncode == 0, done.stderr
    assert "← call_1: 6\n← call_2: 8\n" in done.stdout
    assert "Answer: Apollo 11, by 2 days.\n" in done.stdout
