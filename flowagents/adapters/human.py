"""The human at the terminal: one question, one line, as it was typed.

What an answer means is decided by the graph. Ctrl-C passes through; a closed terminal is HumanGone. A
question that nobody needs any more can be withdrawn, which plain ``input()`` in a thread cannot.
"""

from __future__ import annotations

import builtins
import os
import sys
import types
from collections.abc import Callable

from flowagents.adapters.printing import Write, sayable, visible, write_to_screen
from flowagents.errors import HumanGone

POLL_SECONDS = 0.05
"""How often an open question looks whether it was withdrawn."""

_BYTES_MAX = 65_536


def ask_at_terminal(prompt: str, *, read: Callable[[], str] | None = None, write: Write | None = None) -> str:
    r"""Ask one question and wait for the line that answers it, without its newline and otherwise as typed.

    ``read`` gives a line or raises EOFError, ``write`` shows the prompt; without them the question goes to
    ``input()``, which also takes piped answers in order. Raises HumanGone at the end of the input.

    >>> ask_at_terminal("Go on?", read=lambda: "yes ", write=print)
    Go on?
    'yes '
    """
    if read is None and (sys.stdin is None or sys.stdin.closed):
        raise _gone(prompt)
    try:
        if read is None and write is None:
            return input(sayable(visible(prompt)))
        (write or write_to_screen)(visible(prompt))
        return input("") if read is None else read()
    except (EOFError, OSError) as problem:
        raise _gone(prompt) from problem


class TerminalHuman:
    """Someone at a terminal whose open question can be withdrawn. Ask one question at a time.

    Where ``fd`` is given, or standard input is a real terminal, an open question ends within a tenth of a
    second of its withdrawal, and what was typed for it is thrown away. Piped input goes through ``input()``,
    like that of the program itself, and a withdrawn question there waits for its line.
    """

    def __init__(self, *, fd: int | None = None, write: Write | None = None) -> None:
        self._fd = fd
        self._write = write
        self._pending = b""

    def ask(self, prompt: str, withdrawn: Callable[[], bool] = lambda: False) -> str | None:
        r"""Ask one question, in any thread; return the line, or None if ``withdrawn`` said True first.

        Raises HumanGone at the end of the input.

        >>> reading, writing = os.pipe()
        >>> os.write(writing, b"yes\n")
        4
        >>> TerminalHuman(fd=reading, write=print).ask("Go on?")
        Go on?
        'yes'
        """
        fd = _terminal_fd() if self._fd is None else self._fd
        if fd is None or os.name != "posix":
            answer = ask_at_terminal(prompt, write=self._write)
            return None if withdrawn() else answer
        (self._write or write_to_screen)(visible(prompt))
        return self._line(fd, prompt, withdrawn)

    def _line(self, fd: int, prompt: str, withdrawn: Callable[[], bool]) -> str | None:
        import select

        while b"\n" not in self._pending:
            if withdrawn():
                self._forget(fd)
                return None
            if not select.select([fd], [], [], POLL_SECONDS)[0]:
                continue
            piece = _read(fd)
            if not piece and not self._pending:
                raise _gone(prompt)
            self._pending += piece or b"\n"
        line, _, self._pending = self._pending.partition(b"\n")
        return line.removesuffix(b"\r").decode("utf-8", "replace")

    def _forget(self, fd: int) -> None:
        """Throw away what was typed for a withdrawn question, so that it does not answer the next one."""
        self._pending = b""
        if os.isatty(fd):
            import termios

            termios.tcflush(fd, termios.TCIFLUSH)
        (self._write or write_to_screen)("\n(this question was withdrawn)\n")


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _BYTES_MAX)
    except OSError:  # a terminal that hung up
        return b""


def _terminal_fd() -> int | None:
    """Find the terminal behind standard input; None if there is none, or if ``input`` was replaced."""
    if not isinstance(builtins.input, types.BuiltinFunctionType):
        return None
    try:
        return sys.stdin.fileno() if sys.stdin.isatty() else None
    except (AttributeError, OSError, ValueError):
        return None


def _gone(prompt: str) -> HumanGone:
    question = " ".join(visible(prompt).split())
    shown = question if len(question) <= 80 else question[:79] + "…"
    return HumanGone(
        f"the terminal was closed while it was asked {shown!r}; pipe one line for each question into the "
        'program, or set human_input_mode="NEVER" if nobody is there'
    )
