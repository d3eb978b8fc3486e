"""A trace that one interpreter wrote replays on others: under other hash seeds, and on a newer CPython."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("travelling.py")
SEEDS = 100 if os.environ.get("CI", "").lower() == "true" else 6
AT_ONCE = 2
CANDIDATES = (
    os.environ.get("NEWER_PYTHON", ""),
    str(ROOT / ".venv" / "bin" / "newer-python"),
    *(f"python3.{minor}" for minor in range(19, sys.version_info[1], -1)),
)
VERSION = "import hashlib, json, sys; print(sys.version_info[1])"
OWN_MODULES = """
import sys
import {module}
names = {{name.partition(".")[0] for name in sys.modules}}
print(*sorted(names - set(sys.stdlib_module_names) - {{"__main__", "flowagents"}}))
"""


def started(verb: str, folder: Path, *python: str, seed: str = "0") -> subprocess.Popen[str]:
    """Start the travelling program in an interpreter of its own, which sees none of the packages installed here."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": seed,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [*(python or (sys.executable, "-S")), str(PROGRAM), verb, str(folder)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(process: subprocess.Popen[str]) -> list[str]:
    """Return what a process printed."""
    printed, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return printed.splitlines()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("travelling")
    return folder, told(started("record", folder))


def test_the_travelling_program_does_everything(recorded: tuple[Path, list[str]]) -> None:
    folder, printed = recorded
    written = "".join(path.read_text(encoding="ascii") for path in folder.iterdir())
    assert [line.split()[-1] for line in printed] == ["finished", "finished"]
    for kind in ("CallModel", "AskHuman", "RunTool", "RunCode", "Invoke", "GiveReply"):
        assert f'"asked":{{"kind":"{kind}"' in written
    assert '"event":"failed"' in written


def test_a_trace_replays_under_every_hash_seed(recorded: tuple[Path, list[str]]) -> None:
    folder, expected = recorded
    for first in range(1, SEEDS + 1, AT_ONCE):
        seeds = range(first, first + AT_ONCE)
        for seed, process in [(seed, started("replay", folder, seed=str(seed))) for seed in seeds]:
            assert told(process) == expected, f"under PYTHONHASHSEED={seed}"


def newer_python() -> str:
    """Return a newer CPython than this one; skip where there is none."""
    for candidate in filter(None, CANDIDATES):
        try:
            done = subprocess.run([candidate, "-c", VERSION], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        if int(done.stdout) > sys.version_info[1]:
            return candidate
    pytest.skip(
        f"there is no CPython newer than {sys.version.split()[0]}: run scripts/newer_python.sh (make test does; it "
        "takes one from Debian testing, through apt), or name one with NEWER_PYTHON=/path/to/python"
    )


def test_a_trace_replays_on_a_newer_python(recorded: tuple[Path, list[str]]) -> None:
    folder, expected = recorded
    assert told(started("replay", folder, newer_python(), seed="random")) == expected


def test_a_trace_of_a_newer_python_replays_here(recorded: tuple[Path, list[str]], tmp_path: Path) -> None:
    _, expected = recorded
    there = told(started("record", tmp_path, newer_python()))
    assert [line.split()[0] for line in there] == [line.split()[0] for line in expected]
    assert told(started("replay", tmp_path)) == there


@pytest.mark.parametrize("module", ["flowagents.runtime.replay", "flowagents.patterns.pair", "flowagents.flow"])
def test_replaying_needs_the_standard_library_only(module: str) -> None:
    program = OWN_MODULES.format(module=module)
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
