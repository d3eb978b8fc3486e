"""Questions to the human at the terminal: real pipes, real terminals, real processes."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from flowagents.adapters.human import TerminalHuman, ask_at_terminal
from flowagents.errors import HumanGone, RunError

ASK_THRICE = (
    "from flowagents.adapters.human import ask_at_terminal as ask\nprint([ask('1? '), ask('2? '), ask('3? ')])\n"
)


def python(program: str, stdin: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], input=stdin, capture_output=True, text=True, check=False)


def silent(text: str) -> None: ...


def never() -> bool:
    return False


def after(count: int) -> Callable[[], bool]:
    """Say False ``count`` times, then True."""
    answers = iter([False] * count)
    return lambda: next(answers, True)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe's two ends; a test that closes the writing end puts /dev/null in its place."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The program's end of a terminal, and the keyboard's."""
    keyboard, program = pty.openpty()
    yield program, keyboard
    os.close(program)
    os.close(keyboard)


def close_writing(writing: int) -> None:
    """End the input, keeping the number taken so that the fixture can close it."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, writing)
    os.close(null)


# --- the plain question ----------


def test_piped_answers_are_taken_in_order_and_as_typed() -> None:
    done = python(ASK_THRICE, " one \n\nexit\n")
    assert done.stdout == "1? 2? 3? [' one ', '', 'exit']\n"


def test_a_last_line_without_newline_is_an_answer() -> None:
    assert python(ASK_THRICE, "a\nb\nc").stdout.endswith("['a', 'b', 'c']\n")


def test_answers_after_a_line_read_by_the_program_itself_are_not_lost() -> None:
    program = (
        "from flowagents.adapters.human import TerminalHuman\n"
        "first = input(); human = TerminalHuman(); print([first, human.ask('? '), human.ask('? ')])"
    )
    assert python(program, "a\nb\nc\n").stdout == "? ? ['a', 'b', 'c']\n"


def test_the_end_of_the_input_says_what_was_asked_and_what_to_do() -> None:
    done = python(ASK_THRICE, "a\n")
    assert "HumanGone: the terminal was closed while it was asked '2?'; pipe one line" in done.stderr
    assert 'human_input_mode="NEVER"' in done.stderr


def test_a_program_without_standard_input_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(HumanGone):
        ask_at_terminal("Go on? ")


def test_a_closed_standard_input_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdin", closed)
    with pytest.raises(RunError, match="Go on"):
        TerminalHuman().ask("Go on? ")


def test_a_long_question_is_shortened_in_the_error() -> None:
    def gone() -> str:
        raise EOFError

    with pytest.raises(HumanGone) as caught:
        ask_at_terminal("why " * 100, read=gone, write=silent)
    assert len(str(caught.value)) < 250


def test_ctrl_c_passes() -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask_at_terminal("Go on? ", read=interrupted, write=silent)


def test_the_prompt_cannot_drive_the_terminal() -> None:
    shown: list[str] = []
    ask_at_terminal("\x1b[2J\u202eGo\ton?\n", read=lambda: "", write=shown.append)
    assert shown == ["\\x1b[2J\\u202eGo\ton?\n"]


def test_a_replaced_input_is_respected(monkeypatch: pytest.MonkeyPatch, terminal: tuple[int, int]) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: f"exit {prompt}")
    with os.fdopen(terminal[0], closefd=False) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert (ask_at_terminal("1? "), TerminalHuman().ask("2? ")) == ("exit 1? ", "exit 2? ")


# --- the question that can be withdrawn ----------


def test_lines_of_a_pipe_answer_in_order(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], "é \r\n\nthree\n".encode())
    human = TerminalHuman(fd=pipe[0], write=silent)
    assert [human.ask("?"), human.ask("?"), human.ask("?")] == ["é ", "", "three"]


def test_a_line_that_comes_in_pieces_is_one_answer(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"on")
    looks = iter([False, False])

    def type_the_rest() -> bool:
        if next(looks, True):
            os.write(pipe[1], b"e\n")
        return False

    assert TerminalHuman(fd=pipe[0], write=silent).ask("?", type_the_rest) == "one"


def test_the_end_of_a_pipe_ends_the_last_line_then_nobody_is_there(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"last")
    close_writing(pipe[1])
    human = TerminalHuman(fd=pipe[0], write=silent)
    assert human.ask("?") == "last"
    with pytest.raises(HumanGone, match="'Go on"):
        human.ask("Go on?")


def test_a_question_withdrawn_before_it_is_read_is_none(pipe: tuple[int, int]) -> None:
    assert TerminalHuman(fd=pipe[0], write=silent).ask("?", lambda: True) is None


def test_an_open_question_ends_when_it_is_withdrawn(pipe: tuple[int, int]) -> None:
    assert TerminalHuman(fd=pipe[0], write=silent).ask("?", after(2)) is None


def test_a_question_in_a_thread_can_be_withdrawn_from_outside(pipe: tuple[int, int]) -> None:
    asked, withdrawn, answers = threading.Event(), threading.Event(), list[str | None]()
    human = TerminalHuman(fd=pipe[0], write=lambda text: asked.set())
    thread = threading.Thread(target=lambda: answers.append(human.ask("?", withdrawn.is_set)))
    thread.start()
    asked.wait(30)
    withdrawn.set()
    thread.join(30)
    assert answers == [None]


def test_half_an_answer_to_a_withdrawn_question_does_not_answer_the_next(pipe: tuple[int, int]) -> None:
    human = TerminalHuman(fd=pipe[0], write=silent)
    os.write(pipe[1], b"half")
    assert human.ask("1?", after(2)) is None
    os.write(pipe[1], b"whole\n")
    assert human.ask("2?") == "whole"


def test_a_withdrawal_is_shown(pipe: tuple[int, int]) -> None:
    shown: list[str] = []
    TerminalHuman(fd=pipe[0], write=shown.append).ask("1?", lambda: True)
    assert shown == ["1?", "\n(this question was withdrawn)\n"]


def test_a_line_typed_at_a_terminal_is_the_answer(terminal: tuple[int, int]) -> None:
    os.write(terminal[1], b"yes \n")
    assert TerminalHuman(fd=terminal[0], write=silent).ask("?") == "yes "


def test_half_a_line_typed_at_a_terminal_is_thrown_away_with_its_question(terminal: tuple[int, int]) -> None:
    human = TerminalHuman(fd=terminal[0], write=silent)
    os.write(terminal[1], b"delete every")
    assert human.ask("1?", after(2)) is None
    os.write(terminal[1], b"no\n")
    assert human.ask("2?") == "no"


def test_end_of_file_at_a_terminal_is_nobody(terminal: tuple[int, int]) -> None:
    os.write(terminal[1], b"\x04")
    with pytest.raises(HumanGone):
        TerminalHuman(fd=terminal[0], write=silent).ask("?")


def test_a_terminal_that_hangs_up_is_nobody() -> None:
    keyboard, program = pty.openpty()
    os.close(keyboard)
    with pytest.raises(HumanGone):
        TerminalHuman(fd=program, write=silent).ask("?", never)
    os.close(program)


def test_a_terminal_whose_other_end_failed_is_nobody() -> None:
    keyboard, program = pty.openpty()
    os.close(program)  # reading the other end is now an input/output error
    with pytest.raises(HumanGone):
        TerminalHuman(fd=keyboard, write=silent).ask("?", never)
    os.close(keyboard)


def test_standard_input_that_is_a_terminal_is_read_directly(
    monkeypatch: pytest.MonkeyPatch, terminal: tuple[int, int]
) -> None:
    os.write(terminal[1], b"typed\n")
    with os.fdopen(terminal[0], closefd=False) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert TerminalHuman(write=silent).ask("?", never) == "typed"


def test_a_withdrawn_question_to_piped_input_gives_none_for_the_late_line() -> None:
    program = (
        "from flowagents.adapters.human import TerminalHuman\n"
        "human = TerminalHuman(); print([human.ask('1? ', lambda: True), human.ask('2? ')])"
    )
    assert python(program, "late\nb\n").stdout.endswith("[None, 'b']\n")
