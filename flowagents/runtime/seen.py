"""Messages as an agent sees them, kept between effects: only what was said since is rendered again."""

from __future__ import annotations

from typing import Any

from flowagents.core.thread import Shown, View, render


class Seen:
    """The newest view of each owner and its messages. For one run, in one thread."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._kept: dict[str, tuple[View, list[dict[str, Any]]]] = {}

    def messages(self, view: View | Shown) -> list[dict[str, Any]]:
        """Return the messages of a view as a new list; the dicts in it are shared, do not change them.

        >>> from flowagents.core.thread import Entry, Thread
        >>> Seen().messages(View("a", Thread([Entry("a", {"content": "hi"})])))
        [{'content': 'hi', 'role': 'assistant'}]
        """
        if isinstance(view, Shown):
            return view.messages()
        kept = self._kept.get(view.owner)
        if kept is None or not _continues(kept[0], view):
            messages = view.messages()
        else:
            messages = kept[1]
            messages.extend(render(view, kept[0].thread.length))
        self._kept[view.owner] = (view, messages)
        return list(messages)


def _continues(older: View, newer: View) -> bool:
    """Tell whether the newer view only has entries more."""
    return older.start == newer.start and older.edits is newer.edits and newer.thread.continues(older.thread)
