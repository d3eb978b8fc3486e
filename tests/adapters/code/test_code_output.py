"""Output within a budget: exact counts, both ends kept, characters whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowagents.adapters.code.output import Output


def fed(bytes_max: int, *pieces: bytes) -> Output:
    output = Output(bytes_max)
    for piece in pieces:
        output.feed(piece)
    return output


def test_output_within_the_budget_is_whole() -> None:
    assert fed(6, b"abc", b"def").text() == "abcdef"
    assert fed(1, b"a").text() == "a"


def test_the_budget_may_be_one_byte() -> None:
    assert fed(1, b"abc").text() == "a\n[... 2 bytes left out ...]\n"


def test_a_character_cut_in_two_is_left_out() -> None:
    assert fed(4, "aäöüz".encode()).text() == "a\n[... 4 bytes left out ...]\nz"


def test_broken_text_is_replaced_and_line_ends_are_newlines() -> None:
    assert fed(99, b"\xff\xfe\r\n1%\r2%\r").text() == "\ufffd\ufffd\n1%\n2%\n"


def test_a_flood_is_counted_and_not_kept() -> None:
    output = Output(100)
    for _ in range(1_000):
        output.feed(b"y\n" * 50_000)
    assert output.total_bytes == 100_000_000
    assert len(output.text()) < 200


@given(st.integers(1, 9), st.lists(st.binary(max_size=9), max_size=6))
def test_pieces_make_no_difference(bytes_max: int, pieces: list[bytes]) -> None:
    assert fed(bytes_max, *pieces).text() == fed(bytes_max, b"".join(pieces)).text()


@given(st.integers(1, 9), st.lists(st.binary(max_size=30), max_size=5))
def test_adding_outputs_is_feeding_all_their_bytes(bytes_max: int, pieces: list[bytes]) -> None:
    total = Output(bytes_max)
    for piece in pieces:
        total.add(fed(bytes_max, piece))
    whole = fed(bytes_max, *pieces)
    assert (total.text(), total.total_bytes) == (whole.text(), whole.total_bytes)


def test_a_text_is_removed_from_both_ends() -> None:
    total = Output(12)
    total.add(fed(12, b"/w/x: " + b"." * 20 + b" /w/x!"), removed=(b"/w/",))
    assert total.text() == "x: \n[... 20 bytes left out ...]\n x!"
