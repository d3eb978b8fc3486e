"""What importing the library costs: nothing heavy comes along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("openai", "docker", "graphviz", "networkx", "pydantic", "tenacity", "asyncio")
LOADED_BY_IMPORT = """
import sys
before = set(sys.modules)
import {module}
print(*sorted(set(sys.modules) - before))
"""


def modules_loaded_by(module: str) -> set[str]:
    """Import a module in an interpreter of its own, away from what this suite has loaded."""
    program = LOADED_BY_IMPORT.format(module=module)
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={}, capture_output=True, text=True, check=True
    )
    return set(found.stdout.split())


@pytest.mark.parametrize("module", ["flowagents", "flowagents.testing.plugin"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    loaded = modules_loaded_by(module)
    assert module in loaded
    assert loaded.isdisjoint(HEAVY)
