"""Fences: what is a code block and what is not, on sane and on hostile text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowagents.patterns.fences import Fenced, find_blocks, format_reply, has_block


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("```python\nx\n```", [("python", "x")]),
        ("```\nx\n```", [("", "x")]),
        ("```\r\nx\r\ny\r\n```", [("", "x\r\ny")]),
        ("  ``` \t Python \t\nx\n \t```", [("Python", "x")]),
        ("see ```sh\nls\n``` there", [("sh", "ls")]),
        ("```a\n1\n```\n```b\n2\n```", [("a", "1"), ("b", "2")]),
        ("```a\n1\n```b\n2\n```", [("a", "1")]),
        ("```\n\n```", [("", "")]),
        ("````python\nx\n````", [("python", "x")]),
        ("```a\n  ```b\nx\n```", [("a", "  ```b\nx")]),
    ],
)
def test_a_block_is_found(text: str, blocks: list[tuple[str, str]]) -> None:
    assert [(found.language, found.code) for found in find_blocks(text)] == blocks


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no code",
        "`x`",
        "```x```",
        "```\n```",
        "~~~python\nx\n~~~",
        "```python\nx",
        "```python title=a\nx\n",
        "```c++\nx\n",
        "```größe\nx\n",
        "```python\nx ```",
    ],
)
def test_other_text_is_no_block(text: str) -> None:
    assert find_blocks(text) == ()
    assert not has_block(text)


@pytest.mark.parametrize(
    "text",
    [
        "`" * 1_000_000,
        "```\t " * 200_000,
        "```" + " " * 1_000_000,
        "```" + "a" * 1_000_000,
        "x```a\n" * 160_000,
        ("\n" + " " * 99) * 10_000,
        "```\n" + ("\n" + " " * 99) * 10_000,
        "```\n" + "\n\r" * 500_000,
    ],
    ids=["backticks", "openings", "blanks", "word", "unclosed", "lines", "open lines", "returns"],
)
def test_hostile_text_without_a_block_is_read_to_its_end(text: str) -> None:
    assert not has_block(text)


def test_many_blocks_are_all_found() -> None:
    assert len(find_blocks("```\nx\n```\n" * 50_000)) == 50_000


@given(st.text(alphabet="`a \t\n\r", max_size=40))
def test_blocks_are_those_of_a_reading_by_hand(text: str) -> None:
    assert find_blocks(text) == tuple(read_by_hand(text))


def test_a_reply_tells_success_and_failure() -> None:
    assert format_reply(0, "") == "exitcode: 0 (execution succeeded)\nCode output: "
    assert format_reply(-9, "x\n") == "exitcode: -9 (execution failed)\nCode output: x\n"


def read_by_hand(text: str) -> list[Fenced]:
    """Try every place for an opening and after it every place for the closing, letter by letter."""
    found: list[Fenced] = []
    place = 0
    while place < len(text):
        block = block_at(text, place)
        if block is None:
            place += 1
        else:
            place, fenced = block
            found.append(fenced)
    return found


def block_at(text: str, place: int) -> tuple[int, Fenced] | None:
    if not text.startswith("```", place):
        return None
    word_starts = skip(text, place + 3, " \t")
    word_ends = skip(text, word_starts, "a")
    line = newline(text, skip(text, word_ends, " \t"))
    if line is None:
        return None
    for end in range(line, len(text)):
        after = newline(text, end)
        if after is not None and text.startswith("```", skip(text, after, " \t")):
            return skip(text, after, " \t") + 3, Fenced(text[word_starts:word_ends], text[line:end])
    return None


def newline(text: str, place: int) -> int | None:
    return next((place + len(mark) for mark in ("\r\n", "\n") if text.startswith(mark, place)), None)


def skip(text: str, place: int, letters: str) -> int:
    while place < len(text) and text[place] in letters:
        place += 1
    return place
