"""What was said, stored once, and how each agent sees it.

A thread is an append-only list shared by all its versions plus a length, so appending is O(1) and an old version stays
what it was: appending to an old length copies. A view is computed: role and name depend on who looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowagents.core.canonical import canonical, digest, sha256_of
from flowagents.core.value import value

Message = Mapping[str, Any]
"""A chat message: content, role, name, tool_calls, function_call, tool_responses, tool_call_id, context."""

KEPT = ("content", "function_call", "tool_calls", "tool_responses", "tool_call_id", "name", "context")
"""The keys of a message that are stored; others are dropped."""


@value
class Entry:
    """One message as it was said: its author, who could hear it (empty: everybody) and its stored body."""

    author: str
    body: Message
    audience: tuple[str, ...] = ()


class Thread:
    """A version of a list of entries. Versions share the list; each sees only its own length."""

    __slots__ = ("_digests", "_entries", "length")

    def __init__(self, entries: list[Entry] | None = None) -> None:
        """Take over ``entries``; the caller must not change the list any more."""
        self._entries: list[Entry] = [] if entries is None else entries
        self._digests: list[str] = []
        self.length = len(self._entries)

    def append(self, entry: Entry) -> Thread:
        """Return the version with one entry more. O(1), unless this version already has another successor.

        >>> first = Thread().append(Entry("a", {"content": "hi"}))
        >>> len(first), len(first.append(Entry("b", {"content": "ho"}))), len(first)
        (1, 2, 1)
        """
        longer = Thread.__new__(Thread)
        if len(self._entries) == self.length:
            longer._entries, longer._digests = self._entries, self._digests
        else:
            longer._entries, longer._digests = self._entries[: self.length], self._digests[: self.length]
        longer._entries.append(entry)
        longer.length = self.length + 1
        return longer

    def __len__(self) -> int:
        """Return the number of entries of this version."""
        return self.length

    def __getitem__(self, index: int) -> Entry:
        """Return the entry at ``index``, which counts from the end if negative."""
        position = index + self.length if index < 0 else index
        if not 0 <= position < self.length:
            raise IndexError(index)
        return self._entries[position]

    def entries(self, start: int = 0) -> list[Entry]:
        """Return a new list of the entries from ``start`` on."""
        return self._entries[start : self.length]

    def continues(self, older: Thread) -> bool:
        """Tell whether this is a later version of ``older``, or the same, without looking at the entries."""
        return self._entries is older._entries and self.length >= older.length

    def fork(self) -> Thread:
        """Return an equal thread that shares no list, for another run to append to."""
        return Thread(self.entries())

    @property
    def digest(self) -> str:
        """The SHA-256 chained over all entries; computed when first asked for, each entry once."""
        known = self._digests
        for entry in self._entries[len(known) : self.length]:
            last = known[-1] if known else ""
            known.append(sha256_of(last + canonical(entry)))
        return known[self.length - 1] if self.length else ""

    def form(self) -> dict[str, Any]:
        """Return length and digest, which stand for the entries."""
        return {"length": self.length, "digest": self.digest}

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same entries."""
        return isinstance(other, Thread) and self.entries() == other.entries()

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self.digest)

    def __repr__(self) -> str:
        """Show the length only."""
        return f"Thread({self.length} entries)"


@value
class View:
    """What one agent sees of a thread: entries from ``start`` that it can hear, with its own edits of their content.

    ``edits`` maps the position of an entry to the content this owner sees instead.
    """

    owner: str
    thread: Thread
    start: int = 0
    edits: Mapping[int, Any] | None = None

    def form(self) -> dict[str, Any]:
        """Return the view as JSON; the edits by number and digest, as there may be many."""
        made = {"kind": "View", "owner": self.owner, "thread": self.thread.form(), "start": self.start}
        if self.edits is not None:
            made["edits"] = {"length": len(self.edits), "digest": digest(self.edits)}
        return made

    def messages(self) -> list[dict[str, Any]]:
        """Return the messages as the owner sees them, oldest first, as new dicts.

        >>> thread = Thread().append(Entry("bot", {"content": "hi", "name": "bot"}))
        >>> View("user", thread).messages()
        [{'content': 'hi', 'name': 'bot', 'role': 'user'}]
        """
        return render(self, self.start)

    def newest(self) -> Iterator[dict[str, Any]]:
        """Yield the messages as the owner sees them, newest first."""
        for position in range(self.thread.length - 1, self.start - 1, -1):
            message = _seen(self, position, self.thread[position])
            if message is not None:
                yield message

    def last(self) -> dict[str, Any] | None:
        """Return the newest message, or None if there is none."""
        return next(self.newest(), None)


@value
class Shown:
    """Messages given outright, in place of a view: what a hook made of one, or what a caller passed."""

    owner: str
    given: tuple[Message, ...]

    def form(self) -> dict[str, Any]:
        """Return owner, length and digest, which stand for the messages."""
        return {"kind": "Shown", "owner": self.owner, "length": len(self.given), "digest": digest(list(self.given))}

    def messages(self) -> list[dict[str, Any]]:
        """Return the messages as new dicts.

        >>> Shown("bot", ({"content": "hi", "role": "user"},)).messages()
        [{'content': 'hi', 'role': 'user'}]
        """
        return [dict(message) for message in self.given]

    def newest(self) -> Iterator[dict[str, Any]]:
        """Yield the messages, newest first."""
        return (dict(message) for message in reversed(self.given))

    def last(self) -> dict[str, Any] | None:
        """Return the newest message, or None if there is none."""
        return next(self.newest(), None)


def render(view: View, start: int) -> list[dict[str, Any]]:
    """Return the messages of a view from position ``start`` on; a shell may extend a kept list with them.

    >>> render(View("bot", Thread([Entry("bot", {"content": "hi"})])), 1)
    []
    """
    seen = (_seen(view, position, entry) for position, entry in enumerate(view.thread.entries(start), start))
    return [message for message in seen if message is not None]


def _seen(view: View, position: int, entry: Entry) -> dict[str, Any] | None:
    """Return one entry as the owner of a view sees it, None if it cannot hear it."""
    if entry.audience and view.owner not in entry.audience:
        return None
    message = dict(entry.body)
    if "role" not in message:
        own = entry.author == view.owner or "tool_calls" in message or "function_call" in message
        message["role"] = "assistant" if own else "user"
    if view.edits is not None and position in view.edits:
        message["content"] = view.edits[position]
    return message


def body_of(message: Message, name: str) -> dict[str, Any]:
    """Return what is stored of a message said by the agent called ``name``.

    Keys other than KEPT are dropped, so are those that are None; a call without content gets the content None; the
    name is added, except to messages that carry calls; the roles ``tool`` and ``function`` are kept.

    >>> body_of({"content": "hi", "role": "user", "extra": 1}, "bot")
    {'content': 'hi', 'name': 'bot'}
    """
    body = {key: message[key] for key in KEPT if message.get(key) is not None}
    carries_call = "tool_calls" in body or "function_call" in body
    if "content" not in body and carries_call:
        body["content"] = None
    if message.get("role") in ("function", "tool"):
        body["role"] = message["role"]
    if "name" not in body and not carries_call:
        body["name"] = name
    return body
