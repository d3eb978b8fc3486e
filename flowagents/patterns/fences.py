"""Fenced code in a message, and the text that answers it.

Pure: finds blocks and formats replies. Inferring a language and running code live in adapters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowagents.core.value import value

# Possessive repeats and the forward-only search in _blocks keep this linear on any input.
_OPENING = re.compile(r"```[ \t]*+(\w++)?[ \t]*+\r?\n", re.ASCII)
_CLOSING = re.compile(r"\r?\n[ \t]*+```")


@value
class Fenced:
    """A fenced block. ``language`` is the word after the fence as written, "" if there was none."""

    language: str
    code: str


def find_blocks(text: str) -> tuple[Fenced, ...]:
    r"""Return the code blocks of a text in order.

    A block opens with three backticks, blanks, at most one word and blanks up to the end of the line; it
    closes at the next line that begins with blanks and three backticks. Tilde, one-line and unclosed fences
    are no code.

    >>> find_blocks("Try:\n```sh\necho hi\n```")
    (Fenced(language='sh', code='echo hi'),)
    >>> find_blocks("```two words\nx\n")
    ()
    """
    return tuple(_blocks(text))


def has_block(text: str) -> bool:
    r"""Tell whether a text holds a code block.

    >>> has_block("```\nx = 1\n```")
    True
    >>> has_block("`x = 1`")
    False
    """
    return next(_blocks(text), None) is not None


def format_reply(exit_code: int, output: str) -> str:
    r"""Return the message that tells a model what its code did.

    >>> format_reply(0, "42\n")
    'exitcode: 0 (execution succeeded)\nCode output: 42\n'
    """
    verdict = "execution succeeded" if exit_code == 0 else "execution failed"
    return f"exitcode: {exit_code} ({verdict})\nCode output: {output}"


def _blocks(text: str) -> Iterator[Fenced]:
    position = 0
    while opening := _OPENING.search(text, position):
        closing = _CLOSING.search(text, opening.end())
        if closing is None:
            return
        yield Fenced(opening[1] or "", text[opening.end() : closing.start()])
        position = closing.end()


__all__ = ["Fenced", "find_blocks", "format_reply", "has_block"]
