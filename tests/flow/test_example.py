"""The example of a code graph does what its first line promises."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "code_graph.py"


def test_the_example_runs_without_a_model(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", [str(EXAMPLE)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    first, _, snails, approved, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("No model is called")
    assert snails.endswith("writer -> critic -> approved")
    assert approved == "finished at 'approved': APPROVED: Why we love snails: they are small"
    assert any(line.startswith("flowchart") for line in rest)
