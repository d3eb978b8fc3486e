"""``replay``, ``show`` and ``draw`` of recorded runs, as processes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import CHAT, ROOT, TOUCH, Shell

TRACE = "runs/program.jsonl"


@pytest.fixture
def recorded(shell: Shell) -> Shell:
    assert shell("run", shell.write(CHAT)).returncode == 0
    return shell


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_replay_says_how_much_was_as_recorded(recorded: Shell) -> None:
    done = recorded("replay", TRACE)
    assert done.returncode == 0, done.stderr
    stopped = json.loads((recorded.folder / TRACE).read_text(encoding="utf-8").splitlines()[-1])
    assert done.stdout == f"ok: {TRACE}: 2 events as recorded, limit: max_turns, digest {stopped['digest']}\n"


def test_a_replay_performs_nothing(shell: Shell) -> None:
    shell("run", shell.write(TOUCH))
    (shell.folder / "touched").unlink()
    assert shell("replay", TRACE).returncode == 0
    assert not (shell.folder / "touched").exists()


def test_a_replay_finds_the_program_from_another_folder(recorded: Shell) -> None:
    (recorded.folder / "elsewhere").mkdir()
    recorded.folder /= "elsewhere"
    assert recorded("replay", f"../{TRACE}").returncode == 0


def test_a_changed_message_diverges_with_3_and_is_named(recorded: Shell) -> None:
    edit(recorded.folder / "program.py", '"ping"', '"pang"')
    done = recorded("replay", TRACE)
    assert done.returncode == 3
    assert done.stderr.startswith("Diverged: replay diverged at event 0, the start (message):\n")
    assert '-  "message": "ping"' in done.stderr
    assert '+  "message": "pang"' in done.stderr
    assert "Traceback" not in done.stderr


def test_another_graph_is_3(recorded: Shell) -> None:
    edit(recorded.folder / "program.py", "max_turns=1", "max_turns=2")
    done = recorded("replay", TRACE)
    assert done.returncode == 3
    assert done.stderr.startswith("WrongGraph: ")


def test_a_changed_answer_diverges_at_the_end(recorded: Shell) -> None:
    edit(recorded.folder / TRACE, '"content":"pong"', '"content":"peng"')
    done = recorded("replay", TRACE)
    assert done.returncode == 3
    assert "the final state" in done.stderr


def test_a_recorded_failure_replays_as_a_failure_that_is_as_recorded(shell: Shell) -> None:
    assert shell("run", shell.write(CHAT.replace("[reply]", "[]"))).returncode == 1
    done = shell("replay", TRACE)
    assert done.returncode == 0, done.stderr
    assert "2 events as recorded, failed" in done.stdout


def test_another_program_can_be_replayed_against(recorded: Shell) -> None:
    recorded.write(CHAT.replace("pong", "never asked"), "other.py")
    (recorded.folder / "program.py").unlink()
    assert recorded("replay", TRACE).returncode == 2
    assert recorded("replay", TRACE, "--source", "other.py").returncode == 0


def test_a_program_that_connects_while_it_is_replayed_fails(recorded: Shell) -> None:
    connects = "    import urllib.request\n    urllib.request.urlopen('http://127.0.0.1:9/')\n"
    edit(recorded.folder / "program.py", 'def main(reply="pong"):\n', f'def main(reply="pong"):\n{connects}')
    done = recorded("replay", TRACE)
    assert done.returncode == 1
    assert "tried to reach the network while it was replayed" in done.stderr


def test_a_program_that_starts_no_run_replays_nothing(recorded: Shell) -> None:
    recorded.write("def main():\n    pass\n", "idle.py")
    done = recorded("replay", TRACE, "--source", "idle.py")
    assert done.returncode == 2
    assert "started none" in done.stderr


@pytest.mark.parametrize("command", ["replay", "show", "draw"])
def test_what_is_no_trace_is_refused_with_2(shell: Shell, command: str) -> None:
    (shell.folder / "broken.jsonl").write_text('{"hello": 1}\n', encoding="utf-8")
    done = shell(command, "broken.jsonl")
    assert done.returncode == 2
    assert done.stderr.startswith("TraceDamaged: broken.jsonl does not begin with the header")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["replay", "show", "draw"])
def test_a_trace_that_is_not_there_is_2(shell: Shell, command: str) -> None:
    done = shell(command, "nowhere.jsonl")
    assert done.returncode == 2
    assert "nowhere.jsonl" in done.stderr


def test_a_conversation_is_shown_without_its_program(shell: Shell) -> None:
    shutil.copytree(ROOT / "tests" / "traces", shell.folder / "traces")
    done = shell("show", "traces/two_agent_coding.jsonl")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("traces/two_agent_coding.jsonl: user and assistant, 8 events")
    assert lines[1] == "recorded from examples/two_agent_coding.py"
    assert lines.index("user (to assistant):") < lines.index("assistant (to user):")
    assert "user ran python: exit code 1" in lines
    assert "user ran python: exit code 0" in lines
    assert lines[-2] == "model scripted-model: 4 answers, scripted, no cost"
    assert lines[-1].startswith("stopped: finished, ended")


def test_tools_and_humans_are_shown(shell: Shell) -> None:
    shutil.copytree(ROOT / "tests" / "traces", shell.folder / "traces")
    tools = shell("show", "traces/tool_use.jsonl").stdout
    assert 'user called days_between {"first": "1968-12-21", "last": "1968-12-27"}\n← 6\n' in tools
    human = shell("show", "traces/human_in_the_loop.jsonl").stdout
    assert "the human of editor (to writer):\nShorter, please.\n" in human


def test_a_flow_is_shown(shell: Shell) -> None:
    shutil.copytree(ROOT / "tests" / "traces", shell.folder / "traces")
    done = shell("show", "traces/code_graph.jsonl")
    assert done.returncode == 0, done.stderr
    assert "input:\nsnails\n" in done.stdout
    assert "critic:\nAPPROVED: Why we love snails: they are small\n" in done.stdout


def test_a_later_run_of_a_program_is_replayed_after_those_before_it(shell: Shell) -> None:
    twice = "    user.initiate_chat(bot, message='pang', max_turns=1)\n"
    shell("run", shell.write(CHAT.replace("[reply]", "[reply, reply]") + twice))
    done = shell("replay", "runs/program-2.jsonl")
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[1] for line in done.stdout.splitlines()] == [" runs/program.jsonl", " runs/program-2.jsonl"]


def test_a_trace_that_only_looks_like_a_later_run_is_replayed_by_itself(recorded: Shell) -> None:
    shutil.copy(recorded.folder / TRACE, recorded.folder / "runs" / "program-2.jsonl")
    done = recorded("replay", "runs/program-2.jsonl")
    assert done.stdout.startswith("ok: runs/program-2.jsonl: ")


def test_unknown_costs_are_called_unknown_and_known_ones_are_added_up(recorded: Shell) -> None:
    path = recorded.folder / TRACE
    edit(path, '"source":"scripted"', '"source":"live"')
    assert "model scripted-model: 1 answer, tokens unknown, cost unknown" in recorded("show", TRACE).stdout
    edit(path, '"price":null', '"price":[1,2]')
    edit(path, '"usage":null', '"usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}')
    assert "1000 + 500 tokens, $2.0000" in recorded("show", TRACE).stdout


def test_what_was_said_cannot_play_tricks_on_the_terminal(shell: Shell) -> None:
    shell("run", shell.write(CHAT.replace("pong", r"\x1b[2J\u202egone")))
    done = shell("show", TRACE)
    assert "\x1b" not in done.stdout
    assert r"\x1b[2J\u202egone" in done.stdout


@pytest.mark.parametrize(
    ("old", "new"),
    [('"message":{"content":"pong"}', '"message":[]'), ('"model":"scripted-model"', '"model":null'), ('"ping"', "[7]")],
)
def test_what_no_run_would_record_does_not_stop_the_telling(recorded: Shell, old: str, new: str) -> None:
    edit(recorded.folder / TRACE, old, new)
    done = recorded("show", TRACE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("stopped: limit, max_turns")


def test_a_trace_that_was_cut_is_shown_as_far_as_it_goes(recorded: Shell) -> None:
    path = recorded.folder / TRACE
    path.write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[:2]) + "\n", encoding="utf-8")
    done = recorded("show", TRACE)
    assert done.returncode == 0
    assert "ping" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("not at an end")


def test_a_recorded_run_is_drawn_with_its_counts(recorded: Shell) -> None:
    done = recorded("draw", TRACE, "--format", "mermaid")
    assert done.returncode == 0, done.stderr
    assert "1 model call" in done.stdout


@pytest.mark.parametrize(("name", "begins"), [("a.dot", "digraph"), ("a.mmd", "---"), ("a.gv", "digraph")])
def test_the_name_of_the_file_says_how_to_draw(recorded: Shell, name: str, begins: str) -> None:
    done = recorded("draw", "program.py", "-o", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"{name}\n")
    assert (recorded.folder / name).read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize("arguments", [("--format", "png"), ("--format", "gif")])
def test_a_picture_that_cannot_be_made_is_2(recorded: Shell, arguments: tuple[str, ...]) -> None:
    assert recorded("draw", "program.py", *arguments).returncode == 2


def test_without_graphviz_a_drawing_says_what_to_install_with_4(recorded: Shell) -> None:
    recorded.write("raise ImportError('not here')", "pygraphviz.py")
    folder = str(recorded.folder)
    done = recorded("draw", "program.py", PATH=folder, PYTHONPATH=f"{folder}:{ROOT}")
    assert done.returncode == 4
    assert "apt install graphviz" in done.stderr
