"""Output of code within a budget: the beginning and the end are kept, everything is counted.

Knows bytes only; no process and no file.
"""

from __future__ import annotations

import codecs


class Output:
    r"""Bytes that arrive piece by piece. Never holds more than about one and a half times ``bytes_max``.

    >>> output = Output(bytes_max=4)
    >>> output.feed(b"abcdefgh")
    >>> output.text()
    'ab\n[... 4 bytes left out ...]\ngh'
    """

    def __init__(self, bytes_max: int) -> None:
        self.total_bytes = 0
        self._tail_max = bytes_max // 2
        self._head_max = bytes_max - self._tail_max
        self._head = bytearray()
        self._tail = bytearray()

    @property
    def left_out_bytes(self) -> int:
        """Say how many bytes are not in the text."""
        return self.total_bytes - len(self._head) - min(len(self._tail), self._tail_max)

    def feed(self, data: bytes | bytearray) -> None:
        """Take the next piece."""
        self.total_bytes += len(data)
        room = max(self._head_max - len(self._head), 0)
        self._head += data[:room]
        if room < len(data):
            self._tail += data[max(room, len(data) - self._tail_max) :]
        if len(self._tail) > 2 * self._tail_max:
            del self._tail[: len(self._tail) - self._tail_max]

    def add(self, other: Output, removed: tuple[bytes, ...] = ()) -> None:
        """Take all that ``other`` took as if it had come here, without the texts in ``removed``."""
        head, tail = bytes(other._head), bytes(other._tail[-other._tail_max :] if other._tail_max else b"")
        left_out = other.left_out_bytes
        if not left_out:
            self.feed(_without(head + tail, removed))
            return
        self.feed(_without(head, removed))
        self._skip(left_out)
        self.feed(_without(tail, removed))

    def text(self) -> str:
        """Return the text: UTF-8 with broken parts replaced, all line ends as newlines."""
        head, tail = bytes(self._head), bytes(self._tail[-self._tail_max :] if self._tail_max else b"")
        if not self.left_out_bytes:
            return _newlines((head + tail).decode("utf-8", "replace"))
        start = codecs.getincrementaldecoder("utf-8")("replace").decode(head)
        end = _from_character(tail).decode("utf-8", "replace")
        return _newlines(f"{start}\n[... {self.left_out_bytes} bytes left out ...]\n{end}")

    def _skip(self, count: int) -> None:
        self._head_max = len(self._head)
        self._tail.clear()
        self.total_bytes += count


def _without(data: bytes, removed: tuple[bytes, ...]) -> bytes:
    for text in removed:
        data = data.replace(text, b"")
    return data


def _from_character(tail: bytes) -> bytes:
    """Drop the rest of a character that was cut in two."""
    for start in range(min(4, len(tail))):
        if tail[start] & 0xC0 != 0x80:
            return tail[start:]
    return tail


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


__all__ = ["Output"]
