"""Threads and views: versions stay what they were, and everybody sees what is meant for them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowagents.core.thread import Entry, Shown, Thread, View, body_of, render

HI, HO = Entry("a", {"content": "hi"}), Entry("b", {"content": "ho"})
BOTH = Thread().append(HI).append(HO)


def test_appending_leaves_the_version_before_as_it_was() -> None:
    first = Thread().append(HI)
    second = first.append(HO)
    assert (first.entries(), second.entries()) == ([HI], [HI, HO])


def test_versions_in_a_row_share_one_list() -> None:
    thread = first = Thread()
    for _ in range(100):
        thread = thread.append(HI)
    assert thread.continues(first)


def test_appending_to_an_old_version_makes_a_branch() -> None:
    first = Thread().append(HI)
    one, other = first.append(HO), first.append(HI)
    assert (one.entries(), other.entries()) == ([HI, HO], [HI, HI])
    assert not other.continues(one)


def test_a_shorter_version_does_not_continue_a_longer_one() -> None:
    first = Thread().append(HI)
    assert not first.continues(first.append(HO))


def test_a_fork_is_equal_and_shares_nothing() -> None:
    fork = BOTH.fork()
    assert fork == BOTH
    assert not fork.continues(BOTH)


def test_entries_are_found_from_both_ends() -> None:
    assert (BOTH[0], BOTH[-1], len(BOTH)) == (HI, HO, 2)


@pytest.mark.parametrize("index", [2, -3])
def test_an_entry_that_is_not_there_is_an_error(index: int) -> None:
    longer = BOTH.append(HI)
    assert len(longer) == 3
    with pytest.raises(IndexError):
        BOTH[index]


def test_threads_are_compared_by_content() -> None:
    same = Thread([HI, HO])
    assert (same == BOTH, hash(same) == hash(BOTH)) == (True, True)
    assert Thread([HO, HI]) != BOTH
    assert BOTH != [HI, HO]


def test_the_digest_of_no_entries_is_empty() -> None:
    assert Thread().digest == ""


def test_an_old_version_keeps_its_digest_when_a_later_one_was_asked_first() -> None:
    first = Thread().append(HI)
    later = first.append(HO)
    assert later.digest != first.digest == Thread([HI]).digest


@given(st.lists(st.sampled_from([HI, HO]), max_size=6), st.lists(st.integers(0, 6), max_size=6))
def test_digests_do_not_depend_on_when_they_are_asked(entries: list[Entry], asked: list[int]) -> None:
    versions = [Thread()]
    for entry in entries:
        versions.append(versions[-1].append(entry))
    for position in asked:
        assert versions[position % len(versions)].digest == Thread(entries[: position % len(versions)]).digest


def test_a_thread_stands_in_a_form_by_length_and_digest() -> None:
    assert BOTH.form() == {"length": 2, "digest": BOTH.digest}
    assert repr(BOTH) == "Thread(2 entries)"


def view(owner: str, *entries: Entry, start: int = 0, edits: dict[int, Any] | None = None) -> View:
    """Return a view of a new thread."""
    return View(owner, Thread(list(entries)), start, edits)


CALL = Entry("a", {"content": None, "tool_calls": [{"id": "1"}]})
SECRET = Entry("a", {"content": "psst"}, ("a", "c"))
RESULT = Entry("b", {"content": "42", "role": "tool"})


@pytest.mark.parametrize(
    ("seen", "messages"),
    [
        pytest.param(
            view("a", HI, HO), [{"content": "hi", "role": "assistant"}, {"content": "ho", "role": "user"}], id="roles"
        ),
        pytest.param(
            view("b", CALL), [{**CALL.body, "role": "assistant"}], id="a call is the assistant's for everybody"
        ),
        pytest.param(view("a", RESULT), [{"content": "42", "role": "tool"}], id="a kept role stays"),
        pytest.param(view("b", SECRET, HO), [{"content": "ho", "role": "assistant"}], id="not for everybody"),
        pytest.param(view("c", SECRET), [{"content": "psst", "role": "user"}], id="for one of a few"),
        pytest.param(view("a", HI, HO, start=1), [{"content": "ho", "role": "user"}], id="from a start on"),
        pytest.param(
            view("a", HI, HO, edits={1: "HO"}),
            [{"content": "hi", "role": "assistant"}, {"content": "HO", "role": "user"}],
            id="an edit of one owner",
        ),
        pytest.param(Shown("a", ({"content": "given"},)), [{"content": "given"}], id="given outright"),
        pytest.param(view("a"), [], id="nothing"),
        pytest.param(Shown("a", ()), [], id="nothing given"),
    ],
)
def test_what_an_owner_sees(seen: View | Shown, messages: list[dict[str, Any]]) -> None:
    assert seen.messages() == messages
    assert list(seen.newest()) == messages[::-1]
    assert seen.last() == (messages[-1] if messages else None)


def test_messages_are_new_dicts() -> None:
    for seen in (view("a", HI), Shown("a", (HI.body,))):
        seen.messages()[0]["content"] = "changed"
        assert seen.messages()[0]["content"] == "hi"


def test_what_was_said_since_can_be_rendered_alone() -> None:
    assert render(view("a", HI, HO), 1) == [{"content": "ho", "role": "user"}]


def test_given_messages_stand_in_a_form_by_length_and_digest() -> None:
    form = Shown("a", (HI.body, HO.body)).form()
    assert {**form, "digest": len(form["digest"])} == {"kind": "Shown", "owner": "a", "length": 2, "digest": 64}


@pytest.mark.parametrize(
    ("message", "body"),
    [
        pytest.param({"content": "hi"}, {"content": "hi", "name": "bot"}, id="a text gets the name"),
        pytest.param({"content": "hi", "name": "x"}, {"content": "hi", "name": "x"}, id="a name is kept"),
        pytest.param({"content": "hi", "role": "user", "extra": 1}, {"content": "hi", "name": "bot"}, id="extra keys"),
        pytest.param({"tool_calls": [1]}, {"tool_calls": [1], "content": None}, id="a call without content"),
        pytest.param(
            {"function_call": {"name": "f"}, "content": "x"},
            {"function_call": {"name": "f"}, "content": "x"},
            id="a call",
        ),
        pytest.param(
            {"content": "1", "role": "tool", "tool_call_id": "7"},
            {"content": "1", "role": "tool", "tool_call_id": "7", "name": "bot"},
            id="the role of a tool",
        ),
        pytest.param(
            {"content": "1", "role": "function", "name": "f"},
            {"content": "1", "role": "function", "name": "f"},
            id="the role of a function",
        ),
        pytest.param({"content": None, "context": {"k": 1}}, {"context": {"k": 1}, "name": "bot"}, id="no content"),
    ],
)
def test_what_is_stored_of_a_message(message: dict[str, Any], body: dict[str, Any]) -> None:
    assert body_of(message, "bot") == body


def test_a_view_stands_in_a_form_by_its_thread_and_the_digest_of_its_edits() -> None:
    plain, edited = view("a", HI).form(), view("a", HI, edits={0: "HI"}).form()
    assert plain["thread"] == edited["thread"] == Thread([HI]).form()
    assert plain != edited != view("a", HI, edits={0: "other"}).form()
