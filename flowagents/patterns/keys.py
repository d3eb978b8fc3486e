"""How memory is addressed: one function per kind of key. The kind decides how the changes of siblings are joined."""

from __future__ import annotations

Key = tuple[str, ...]


def thread(thread: str) -> Key:
    """Address the entries of a thread."""
    return ("thread", thread)


def since(agent: str, thread: str) -> Key:
    """Address the position from which an agent still sees a thread; absent for 0."""
    return ("since", agent, thread)


def edits(agent: str, thread: str) -> Key:
    """Address what an agent sees instead of the content of some entries, by position."""
    return ("edits", agent, thread)


def count(agent: str, peer: str) -> Key:
    """Address how often an agent has gone on by itself with a peer since a human spoke or it stopped; absent for 0."""
    return ("count", agent, peer)


def limit(agent: str, peer: str) -> Key:
    """Address how often it may; absent or None for no limit."""
    return ("limit", agent, peer)


def typed(agent: str) -> Key:
    """Address everything the human behind an agent typed, oldest first."""
    return ("typed", agent)


def asked(agent: str, peer: str) -> Key:
    """Address whether an agent answers a message that a peer sends it outside a chat."""
    return ("asked", agent, peer)


def system(agent: str) -> Key:
    """Address the system message of an agent; None for none."""
    return ("system", agent)
