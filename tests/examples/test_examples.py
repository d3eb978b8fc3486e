"""The examples: they run as they stand, replay from their traces, and their graphs are those in graphs/."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flowagents.core.canonical import canonical
from flowagents.testing import FlowReplay

ROOT = Path(__file__).resolve().parents[2]
TRACES = ROOT / "tests" / "traces"
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py") if path.stem != "model_choice")
WITH_MODEL = [name for name in EXAMPLES if name != "code_graph"]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs_by_itself(example: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / f"{example}.py")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        input="Shorter, please.\nexit\n",
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("example", WITH_MODEL)
def test_an_example_says_first_that_no_model_is_called(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    from flowagents.testing.programs import compiled, load

    compiled(load(str(ROOT / "examples" / f"{example}.py")))
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("model: scripted")
    assert f"flowagents run examples/{example}.py --model openai:<name>" in line


def test_an_edited_task_does_not_get_the_old_answer() -> None:
    from flowagents.errors import ScriptExhausted
    from flowagents.testing.programs import load

    source = load(str(ROOT / "examples" / "two_agent_coding.py"))
    source.function.__globals__["TASK"] = "How many primes are below 1,000?"
    with pytest.raises(ScriptExhausted, match="How many primes are below 1,000"):
        source()


def test_the_coding_example_replays(flow_replay: FlowReplay) -> None:
    run = flow_replay("tests/traces/two_agent_coding.jsonl")
    run.assert_path("assistant", "user", "assistant", "user", "assistant", "user", "assistant", "user", "ended")
    run.assert_stop("ended")
    said = [text for _, text in run.transcript]
    assert "IndexError: list index out of range" in said[2]
    assert "Friday, 13 December" in said[4]


def test_the_tool_example_replays(flow_replay: FlowReplay) -> None:
    run = flow_replay("tests/traces/tool_use.jsonl")
    run.assert_path("assistant", "user", "assistant", "user", "ended")
    assert run.transcript[2] == ("user", "6\n\n8")


def test_the_joke_example_replays(flow_replay: FlowReplay) -> None:
    flow_replay("tests/traces/tell_a_joke.jsonl").assert_stop("max_turns")


def test_the_human_example_replays(flow_replay: FlowReplay) -> None:
    run = flow_replay("tests/traces/human_in_the_loop.jsonl")
    run.assert_path("writer", "editor", "writer", "editor", "left")


def test_the_code_graph_example_replays(flow_replay: FlowReplay) -> None:
    run = flow_replay("tests/traces/code_graph.jsonl")
    run.assert_path("writer", "critic", "writer", "critic", "writer", "critic", "approved")


def same_everywhere(item: Any) -> Any:
    """Return a line of a trace without what code printed, and what follows from that."""
    if isinstance(item, dict):
        return {key: same_everywhere(value) for key, value in item.items() if key not in ("output", "digest")}
    return [same_everywhere(value) for value in item] if isinstance(item, list) else item


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_new_trace_is_like_the_kept_one(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    script("record_traces").record(example, tmp_path)
    for made in tmp_path.iterdir():
        kept, new = ((folder / made.name).read_text(encoding="utf-8").splitlines() for folder in (TRACES, tmp_path))
        if example != "two_agent_coding":  # the text of a traceback is that of the interpreter
            assert new == kept, "run `make traces` if this was meant to change"
        assert [same_everywhere(json.loads(line)) for line in new] == [
            same_everywhere(json.loads(line)) for line in kept
        ], "run `make traces` if this was meant to change"


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_graph_of_an_example_is_the_one_in_graphs(example: str) -> None:
    drawing = script("draw_graphs")
    graph = drawing.graph_of(ROOT / "examples" / f"{example}.py")
    for suffix, text in drawing.texts_of(graph).items():
        kept = (ROOT / "graphs" / example).with_suffix(suffix).read_text(encoding="utf-8")
        assert text == kept, "run `make graphs` if this was meant to change"
    stored = json.loads((ROOT / "graphs" / f"{example}.json").read_text(encoding="utf-8"))
    assert canonical(stored) == canonical(graph)
    assert (ROOT / "graphs" / f"{example}.svg").exists()


def test_every_graph_has_its_example() -> None:
    assert sorted(path.stem for path in (ROOT / "graphs").glob("*.json")) == EXAMPLES
