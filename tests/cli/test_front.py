"""The command line itself: help, version, doctor, what it loads, the installed command."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CHAT, ROOT, Shell

HEAVY = ("openai", "docker", "tenacity", "networkx", "graphviz")


def test_help_tells_the_commands_and_the_exit_codes(shell: Shell) -> None:
    done = shell("--help")
    assert done.returncode == 0
    for word in ("run", "draw", "replay", "show", "doctor", "--version", "--debug"):
        assert word in done.stdout
    codes = [line.split()[0] for line in done.stdout.partition("Exit codes:")[2].splitlines() if line.strip()]
    assert codes == ["0", "1", "2", "3", "4", "130"]


@pytest.mark.parametrize("command", ["run", "draw", "replay", "show", "doctor"])
def test_every_command_explains_itself(shell: Shell, command: str) -> None:
    done = shell(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: flowagents {command}")


def test_the_version_is_that_of_the_package(shell: Shell) -> None:
    from flowagents import __version__

    assert shell("--version").stdout == f"flowagents {__version__}\n"


@pytest.mark.parametrize("arguments", [("dance",), ("run",), ("replay",)])
def test_bad_usage_is_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    done = shell(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("show", "runs/program.jsonl"), ("replay", "runs/program.jsonl")])
def test_nothing_heavy_is_loaded_where_it_is_not_needed(shell: Shell, arguments: tuple[str, ...]) -> None:
    shell("run", shell.write(CHAT))
    command = [sys.executable, "-X", "importtime", "-m", "flowagents.cli", *arguments]
    done = subprocess.run(
        command, cwd=shell.folder, env=shell.environ, capture_output=True, encoding="utf-8", check=True
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in loaded
    assert not loaded & set(HEAVY)


def test_the_doctor_says_what_is_there(shell: Shell) -> None:
    done = shell("doctor")
    assert done.returncode == 0, done.stdout
    assert "ok       Python: 3." in done.stdout
    assert "ok       openai: " in done.stdout
    assert "ok       local code: " in done.stdout
    assert "missing  OPENAI_API_KEY: not set. To mend it: export OPENAI_API_KEY=..." in done.stdout
    assert "terminal: encoding utf-8" in done.stdout


def test_the_doctor_never_shows_a_key(shell: Shell) -> None:
    done = shell("doctor", OPENAI_API_KEY="sk-secret-0123456789")
    assert "ok       OPENAI_API_KEY: set" in done.stdout
    assert "sk-secret" not in done.stdout + done.stderr


def test_the_doctor_says_how_to_mend_what_is_missing(shell: Shell) -> None:
    shell.write("raise ImportError('not here')", "pygraphviz.py")
    folder = str(shell.folder)
    done = shell(
        "doctor",
        PATH=folder,
        PYTHONPATH=f"{folder}:{ROOT}",
        DOCKER_HOST=f"unix://{folder}/no.sock",
        PYTHONIOENCODING="ascii",
    )
    assert "missing  Graphviz: no dot program. To mend it: apt install graphviz" in done.stdout
    assert "missing  docker client: no docker program. To mend it: apt install docker.io" in done.stdout
    assert f"missing  docker daemon: unix://{folder}/no.sock does not answer" in done.stdout
    assert "missing  terminal: encoding ascii. To mend it: export PYTHONIOENCODING=utf-8" in done.stdout


def test_the_doctor_exits_with_4_where_nothing_can_run(shell: Shell) -> None:
    done = shell("doctor", TMPDIR="/nowhere", TEMP="/nowhere", TMP="/nowhere", PYTHONPATH=broken_temp(shell))
    assert done.returncode == 4
    assert "missing  local code: " in done.stdout


def broken_temp(shell: Shell) -> str:
    """Return a path with a module that leaves no folder for temporary files."""
    text = "import tempfile\ndef gone(*_, **__):\n    raise OSError('no folder')\ntempfile.mkdtemp = gone\n"
    shell.write(text, "sitecustomize.py")
    return f"{shell.folder}:{ROOT}"


def test_the_installed_command_works() -> None:
    command = Path(sys.executable).with_name("flowagents")
    if not command.exists():
        pytest.skip(f"{command} is not installed. Run `make test`, or pip install -e . in this environment")
    done = subprocess.run([str(command), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("flowagents ")
    assert shutil.which(str(command))
