"""Finding programs, and taking the graph of their first run without performing anything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flowagents import ConversableAgent
from flowagents.errors import ConfigError
from flowagents.testing.programs import compiled, load


def write(folder: Path, text: str, name: str = "program.py") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_a_program_finds_the_modules_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "WORD = 'beside'\n", "beside_the_program.py")
    before = list(sys.path)
    source = load(write(tmp_path, "def main():\n    import beside_the_program\n    print(beside_the_program.WORD)\n"))
    source()
    assert capsys.readouterr().out == "beside\n"
    assert sys.path == before


def test_a_program_does_not_see_the_arguments_of_the_process(tmp_path: Path) -> None:
    text = "import sys\n\ndef main():\n    assert sys.argv == [ARGUMENT], sys.argv\n"
    name = str(tmp_path / "program.py")
    load(write(tmp_path, text.replace("ARGUMENT", repr(name))))()


def test_a_program_is_loaded_anew_each_time(tmp_path: Path) -> None:
    name = write(tmp_path, "SEEN = []\n\ndef main():\n    SEEN.append(1)\n    assert SEEN == [1]\n")
    load(name)()
    load(name)()


def test_a_program_is_found_from_a_file_below_it(tmp_path: Path) -> None:
    write(tmp_path, "def main():\n    pass\n")
    (tmp_path / "tests" / "traces").mkdir(parents=True)
    assert load("program.py", near=tmp_path / "tests" / "traces" / "x.jsonl").folder == tmp_path


def test_what_is_missing_inside_a_module_is_not_taken_for_the_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "import no_such_thing_inside\n", "broken_program.py")
    with pytest.raises(ModuleNotFoundError, match="no_such_thing_inside"):
        load("broken_program")


def test_the_graph_of_a_program_is_taken_before_anything_is_performed() -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("performed")

    bot = ConversableAgent("bot", human_input_mode="NEVER")
    bot.register_reply("user", refuse)
    user = ConversableAgent("user", human_input_mode="NEVER")

    async def starts() -> None:
        await user.a_initiate_chat(bot, message="ping")

    assert compiled(starts).graph.name == "user and bot"
    assert compiled(lambda: user.initiate_chat(bot, message="ping")).graph.name == "user and bot"
    assert user.chat_messages[bot] == []


def test_a_program_without_a_run_has_no_graph() -> None:
    with pytest.raises(ConfigError, match="started no run"):
        compiled(lambda: None)
