"""The same work written by hand, without an engine: what the figures are compared with."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import IO, Any


class Speaker:
    """Half of a conversation: its history and its fixed reply."""

    def __init__(self, name: str, reply: str) -> None:
        self.name = name
        self.reply = reply
        self.replies = 0
        self.history: list[dict[str, str]] = []

    def answer(self, message: dict[str, str]) -> str | None:
        """Return what it says, None where the conversation is over."""
        if message["content"] == "TERMINATE" or self.replies >= 10**9:
            return None
        self.replies += 1
        return self.reply


def chat(messages: int, trace: Path | None = None) -> int:
    """Let two speak in turn; with ``trace``, write and flush a line for each message. Return how many were said."""
    first, second = Speaker("user", "ping"), Speaker("bot", "pong")
    file = None if trace is None else trace.open("w", encoding="ascii")
    said: str | None = "hi"
    author, hearer = first, second
    while said is not None and len(first.history) < messages:
        author.history.append({"content": said, "role": "assistant", "name": author.name})
        heard = {"content": said, "role": "user", "name": author.name}
        hearer.history.append(heard)
        if file is not None:
            _write(file, {"at": time.time(), "from": author.name, "content": said})
        author, hearer = hearer, author
        said = author.answer(heard)
    if file is not None:
        file.close()
    return len(first.history)


def _write(file: IO[str], line: dict[str, Any]) -> None:
    """Write a line."""
    file.write(json.dumps(line) + "\n")
    file.flush()


def nested(depth: int) -> int:
    """Call functions in each other; return how deep it went."""
    return 0 if depth == 0 else 1 + nested(depth - 1)


def fan(children: int) -> int:
    """Ask many things and collect the answers by name; return how many there are."""
    return len({f"c{number}": _answer(number) for number in range(children)})


def _answer(number: int) -> str:
    return f"answer {number}"


async def fan_awaited(children: int) -> int:
    """Await many things at once; return how many answers there are."""

    async def one(number: int) -> str:
        await asyncio.sleep(0)
        return _answer(number)

    return len(await asyncio.gather(*(one(number) for number in range(children))))


async def chats_at_once(chats: int, messages: int, seconds: float) -> int:
    """Let many conversations of two sleep and speak at the same time; return how many messages were said."""

    async def one() -> int:
        history = []
        for number in range(messages):
            await asyncio.sleep(seconds)
            history.append({"content": "pong", "role": ("user", "assistant")[number % 2]})
        return len(history)

    return sum(await asyncio.gather(*(one() for _ in range(chats))))
