"""Messages kept between effects: only what is new is rendered, and nobody gets what another may change."""

from __future__ import annotations

import pytest

from flowagents.core import thread as core_thread
from flowagents.core.thread import Entry, Shown, Thread, View
from flowagents.runtime import seen as module
from flowagents.runtime.seen import Seen


def said(*texts: str) -> Thread:
    return Thread([Entry("a", {"content": text}) for text in texts])


def test_only_what_was_said_since_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[int] = []

    def render(view: View, start: int) -> list[dict[str, object]]:
        starts.append(start)
        return core_thread.render(view, start)

    monkeypatch.setattr(module, "render", render)
    monkeypatch.setattr(View, "messages", lambda view: render(view, view.start))
    seen, thread = Seen(), said("one", "two")
    seen.messages(View("b", thread))
    found = seen.messages(View("b", thread.append(Entry("b", {"content": "three"}))))
    assert [message["content"] for message in found] == ["one", "two", "three"]
    assert starts == [0, 2]


def test_each_owner_sees_its_own_roles() -> None:
    seen, thread = Seen(), said("one")
    assert [seen.messages(View(owner, thread))[0]["role"] for owner in "ab"] == ["assistant", "user"]


def test_the_list_belongs_to_the_caller() -> None:
    seen, thread = Seen(), said("one")
    seen.messages(View("b", thread)).clear()
    assert len(seen.messages(View("b", thread))) == 1


def test_another_thread_is_rendered_anew() -> None:
    seen = Seen()
    seen.messages(View("b", said("one")))
    assert [message["content"] for message in seen.messages(View("b", said("other", "two")))] == ["other", "two"]


def test_an_edit_and_another_start_are_rendered_anew() -> None:
    seen, thread = Seen(), said("one", "two")
    seen.messages(View("b", thread))
    assert seen.messages(View("b", thread, 0, {1: "edited"}))[1]["content"] == "edited"
    assert [message["content"] for message in seen.messages(View("b", thread, 1))] == ["two"]


def test_an_older_version_is_rendered_anew() -> None:
    seen, older = Seen(), said("one")
    seen.messages(View("b", older.append(Entry("b", {"content": "two"}))))
    assert len(seen.messages(View("b", older))) == 1


def test_messages_given_outright_are_given_as_new_dicts() -> None:
    given = {"content": "hi", "role": "user"}
    found = Seen().messages(Shown("b", (given,)))
    assert found == [given]
    assert found[0] is not given
