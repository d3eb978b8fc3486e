"""``flowagents run`` and what it leaves behind, as processes."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from flowagents.cli.running import model_config
from flowagents.errors import ConfigError
from tests.cli.conftest import CHAT, ROOT, TOUCH, Shell

SLEEPER = """
import time
from flowagents import ConversableAgent

def reply(agent, messages, sender, config):
    print("ready", flush=True)
    time.sleep(60)

def main():
    bot = ConversableAgent("bot", human_input_mode="NEVER")
    bot.register_reply("user", reply)
    ConversableAgent("user", human_input_mode="NEVER").initiate_chat(bot, message="ping", silent=True)
"""
EXHAUSTED = """
from flowagents import ConversableAgent, ScriptedModel

def main():
    bot = ConversableAgent("bot", llm_config=ScriptedModel([]), human_input_mode="NEVER")
    ConversableAgent("user", human_input_mode="NEVER").initiate_chat(bot, message="ping", silent=True)
"""
KEYLESS = """
from flowagents import ConversableAgent

def main(llm_config={"model": "m-1"}):
    bot = ConversableAgent("bot", llm_config=llm_config, human_input_mode="NEVER")
    ConversableAgent("user", human_input_mode="NEVER").initiate_chat(bot, message="ping", silent=True)
"""


def test_the_coding_example_mends_its_program_and_leaves_a_trace_and_a_picture(shell: Shell) -> None:
    shutil.copytree(ROOT / "examples", shell.folder / "examples")
    done = shell("run", "examples/two_agent_coding.py")
    assert done.returncode == 0, done.stderr
    first_line, *rest = done.stdout.splitlines()
    assert first_line.startswith("model: scripted")
    assert "no LLM is called" in first_line
    assert "IndexError: list index out of range" in rest
    assert "Friday, 13 December" in rest
    assert f"trace    {Path('runs/two_agent_coding.jsonl')}" in rest
    assert (shell.folder / "runs" / "two_agent_coding.jsonl").exists()
    pictures = [path.suffix for path in (shell.folder / "runs").glob("two_agent_coding.*")]
    assert {".svg", ".mmd"} & set(pictures)


def test_the_command_it_prints_replays_the_run(shell: Shell) -> None:
    done = shell("run", shell.write(CHAT))
    (command,) = (line.split(maxsplit=1)[1] for line in done.stdout.splitlines() if line.startswith("replay "))
    replayed = subprocess.run(
        command, shell=True, cwd=shell.folder, env=shell.environ, capture_output=True, text=True, check=False
    )
    assert replayed.returncode == 0, replayed.stderr
    assert replayed.stdout.startswith("ok: ")


def test_every_run_of_a_program_has_its_own_trace(shell: Shell) -> None:
    done = shell("run", shell.write(CHAT + "    user.initiate_chat(bot, message='ping', max_turns=1, silent=True)\n"))
    assert done.returncode == 1  # its script has one reply, so the second chat fails
    assert "trace    runs/program.jsonl" in done.stdout
    assert "trace    runs/program-2.jsonl" in done.stdout


def test_a_trace_goes_where_it_is_told(shell: Shell) -> None:
    done = shell("run", shell.write(CHAT), "--trace", "here/chat.jsonl")
    assert done.returncode == 0, done.stderr
    assert (shell.folder / "here" / "chat.jsonl").exists()
    assert not (shell.folder / "runs").exists()


def test_without_a_trace_nothing_is_left(shell: Shell) -> None:
    done = shell("run", shell.write(CHAT), "--no-trace")
    assert "pong" in done.stdout
    assert "trace" not in done.stdout
    assert not (shell.folder / "runs").exists()


def test_a_silent_run_shows_only_where_things_are(shell: Shell) -> None:
    done = shell("run", shell.write(CHAT), "--silent")
    assert "pong" not in done.stdout
    assert "trace    runs/program.jsonl" in done.stdout


def test_another_function_of_a_module_can_be_run(shell: Shell) -> None:
    shell.write(CHAT + "\nasync def other():\n    print('other one')\n")
    done = shell("run", "program:other")
    assert (done.returncode, done.stdout) == (0, "other one\n")


def test_without_graphviz_the_picture_is_mermaid(shell: Shell) -> None:
    shell.write("raise ImportError('not here')", "pygraphviz.py")
    program = shell.write(CHAT)
    done = shell("run", program, PATH=str(shell.folder), PYTHONPATH=f"{shell.folder}:{ROOT}")
    assert done.returncode == 0, done.stderr
    assert "picture  runs/program.mmd" in done.stdout
    assert "flowchart" in (shell.folder / "runs" / "program.mmd").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "arguments", "complaint"),
    [
        (CHAT, ("nowhere.py",), "there is no file 'nowhere.py'"),
        (CHAT, ("no_such_module",), "there is no module 'no_such_module'"),
        (CHAT, ("program.py:play",), "program.py has no function 'play'"),
        (CHAT, ("program.py", "--model", "gpt"), "give openai:NAME"),
        (CHAT, ("program.py", "--model", "openai:gpt"), "no parameter llm_config"),
        (CHAT, ("program.py", "--trace", "x", "--no-trace"), "give one of them"),
        (CHAT, ("program.py", "--loud"), "--loud"),
        (KEYLESS, ("program.py",), "OPENAI_API_KEY"),
        (KEYLESS, ("program.py", "--model", "openai:m-2"), "model 'm-2' needs a key"),
    ],
)
def test_what_cannot_be_used_is_refused_with_2_in_one_message(
    shell: Shell, text: str, arguments: tuple[str, ...], complaint: str
) -> None:
    shell.write(text)
    done = shell("run", *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_run_is_1_and_its_trace_stays(shell: Shell) -> None:
    done = shell("run", shell.write(EXHAUSTED))
    assert done.returncode == 1
    assert done.stderr.startswith("ScriptExhausted: ScriptedModel 'scripted-model' has given all 0 replies")
    assert "Traceback" not in done.stderr
    assert "trace    runs/program.jsonl" in done.stdout


def test_debug_shows_where_an_error_comes_from(shell: Shell) -> None:
    done = shell("--debug", "run", shell.write(EXHAUSTED))
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ScriptExhausted" in done.stderr


def test_an_error_of_the_program_itself_is_1_with_its_traceback(shell: Shell) -> None:
    done = shell("run", shell.write("def main():\n    1 / 0\n"))
    assert done.returncode == 1
    assert "program.py" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_what_must_be_installed_is_4(shell: Shell) -> None:
    text = "from flowagents.errors import EngineUnavailable\ndef main():\n    raise EngineUnavailable('no engine')\n"
    done = shell("run", shell.write(text))
    assert (done.returncode, done.stderr) == (4, "EngineUnavailable: no engine\n")


def test_ctrl_c_is_130_and_the_trace_is_whole(shell: Shell) -> None:
    process = subprocess.Popen(
        shell.command("run", shell.write(SLEEPER)),
        cwd=shell.folder,
        env=shell.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "trace    runs/program.jsonl" in out
    assert errors == "\ninterrupted\n"
    shown = shell("show", "runs/program.jsonl")
    assert "stopped: cancelled" in shown.stdout
    assert shell("replay", "runs/program.jsonl").returncode == 0


def test_a_human_can_answer_through_a_pipe(shell: Shell) -> None:
    shutil.copytree(ROOT / "examples", shell.folder / "examples")
    done = shell("run", "examples/human_in_the_loop.py", typed="Shorter, please.\nexit\n")
    assert done.returncode == 0, done.stderr
    assert "Street party this Saturday at four" in done.stdout


def test_a_human_who_is_not_there_fails_the_run(shell: Shell) -> None:
    shutil.copytree(ROOT / "examples", shell.folder / "examples")
    done = shell("run", "examples/human_in_the_loop.py")
    assert done.returncode == 1
    assert done.stderr.startswith("HumanGone: ")


@pytest.mark.parametrize("text", ["gpt-4o", "openai:", "other:gpt", "openai:gpt@localhost", "openai:@http://x/v1"])
def test_a_model_is_named_in_one_way_only(text: str) -> None:
    with pytest.raises(ConfigError, match="give openai:NAME"):
        model_config(text)


def test_drawing_a_program_performs_nothing(shell: Shell) -> None:
    done = shell("draw", shell.write(TOUCH), "--format", "mermaid")
    assert done.returncode == 0, done.stderr
    assert "flowchart" in done.stdout
    assert not (shell.folder / "touched").exists()
