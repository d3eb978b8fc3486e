"""Which trace a run uses: recording, replaying, resuming, said around the code that starts runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flowagents import ConversableAgent, ScriptedModel, forking, recording, replaying, resuming, watching
from flowagents.core.effects import Effect
from flowagents.core.program import Program
from flowagents.errors import Diverged, TraceDamaged, TraceError
from flowagents.runtime.performing import WAITING, Ticket
from flowagents.runtime.recording import collecting
from flowagents.runtime.replay import replay
from flowagents.runtime.run import Run, perform_async
from flowagents.runtime.trace import read_trace
from tests.runtime.building import drawn, echo, giving, in_line, run_of


class Asked:
    """Answers and notes what it was asked for."""

    def __init__(self) -> None:
        self.places: list[str] = []

    def __call__(self, effect: Effect, ticket: Ticket) -> str:
        self.places.append(effect.at)
        return f"{effect.at} answers"


def test_outside_of_a_block_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = run_of(in_line("one"))
    assert run.trace is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    with recording(tmp_path / "runs" / "today" / "chat.jsonl"):
        run = run_of(in_line("one"))
    assert run.trace == tmp_path / "runs" / "today" / "chat.jsonl"
    assert read_trace(run.trace).run_id == "chat"


def test_the_nth_run_of_a_block_has_a_file_of_its_own(tmp_path: Path) -> None:
    with recording(str(tmp_path / "chat.jsonl")):
        for places in (["one"], ["one", "two"], ["three"]):
            run_of(in_line(*places))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chat-2.jsonl", "chat-3.jsonl", "chat.jsonl"]
    assert len(read_trace(tmp_path / "chat-2.jsonl").events) == 3


def test_the_nth_run_of_a_block_replays_from_its_file(tmp_path: Path) -> None:
    with recording(tmp_path / "chat.jsonl"):
        digests = [run_of(in_line(*places)).state.digest for places in (["one"], ["one", "two"])]
    with replaying(tmp_path / "chat.jsonl"):
        again = [run_of(in_line(*places)).state.digest for places in (["one"], ["one", "two"])]
    assert again == digests


def test_a_run_inside_a_run_is_no_nth_run(tmp_path: Path) -> None:
    def starts_a_chat() -> str:
        bot = ConversableAgent("bot", human_input_mode="NEVER", default_auto_reply="pong")
        user = ConversableAgent("user", human_input_mode="NEVER")
        return str(user.initiate_chat(bot, message="ping", max_turns=1, silent=True).summary)

    def inside(effect: Effect, ticket: Ticket) -> str:
        return starts_a_chat()

    with recording(tmp_path / "chat.jsonl"):
        digests = [run_of(in_line("one"), one=inside).state.digest, run_of(in_line("two")).state.digest]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chat-2.jsonl", "chat.jsonl"]
    assert [trace.graph for trace in read_trace(tmp_path / "chat.jsonl").inner.values()] == ["user and bot"]
    with replaying(tmp_path / "chat.jsonl"):
        again = [run_of(in_line("one")).state.digest, run_of(in_line("two")).state.digest]
    assert again == digests


def test_a_run_inside_a_run_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    path, asked = tmp_path / "chat.jsonl", list[str]()

    def replies(agent: Any, messages: Any, sender: Any, config: Any) -> tuple[bool, str]:
        asked.append("bot")
        return True, "pong"

    def inside(effect: Effect, ticket: Ticket) -> Any:
        bot = ConversableAgent("bot", human_input_mode="NEVER")
        bot.register_reply([ConversableAgent], replies)
        user = ConversableAgent("user", human_input_mode="NEVER", default_auto_reply="again")
        return user.initiate_chat(bot, message="ping", max_turns=2, silent=True).summary

    with recording(path):
        digest = run_of(in_line("one"), one=inside).state.digest
    whole = path.read_text(encoding="ascii").splitlines(keepends=True)
    position = next(number for number, line in enumerate(whole) if '"answered"' in line and '"within"' in line)
    path.write_text("".join(whole[: position + 1]), encoding="ascii")
    assert asked == ["bot", "bot"]
    with resuming(path):
        assert run_of(in_line("one"), one=inside).state.digest == digest
    assert asked == ["bot"] * 3
    assert replay(Program(in_line("one")), read_trace(path)).digest == digest


def test_a_run_inside_a_run_that_is_not_recorded_is_not_recorded_either(tmp_path: Path) -> None:
    inner: list[Run] = []

    def inside(effect: Effect, ticket: Ticket) -> None:
        inner.append(run_of(in_line("two")))

    outer = run_of(in_line("one"), one=inside)
    assert (outer.result, inner[0].result, inner[0].trace) == (None, "two answers", None)


def test_a_run_inside_a_run_inside_a_run_is_named_by_both_effects(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"

    def innermost(effect: Effect, ticket: Ticket) -> str:
        return run_of(in_line("three"), three=giving(WAITING)).stop.kind

    def inside(effect: Effect, ticket: Ticket) -> Any:
        return run_of(in_line("two"), two=innermost).result

    with recording(path):
        assert run_of(in_line("one"), one=inside).result == "waiting"
    inner = read_trace(path).inner
    assert {name: len(trace.events) for name, trace in inner.items()} == {"0#1": 2, "0#1:0#1": 1}


# -- resuming


@pytest.mark.parametrize("length", [0, 1, 9, 22])
def test_a_file_that_is_not_there_or_was_cut_as_it_began_is_begun(tmp_path: Path, length: int) -> None:
    path = tmp_path / "chat.jsonl"
    if length:
        path.write_bytes(b'{"flowagents":"trace","version":1'[: length - 1])
    with resuming(path):
        run = run_of(in_line("one"))
    assert read_trace(path).stopped["digest"] == run.state.digest


def test_a_file_that_is_no_trace_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("my notes", encoding="ascii")
    with resuming(path), pytest.raises(TraceDamaged):
        run_of(in_line("one"))
    assert path.read_text(encoding="ascii") == "my notes"


@pytest.mark.parametrize("left", [1, 20, 90])
@pytest.mark.parametrize("lines", range(1, 5))
def test_a_trace_cut_anywhere_goes_on_and_ends_whole(tmp_path: Path, lines: int, left: int) -> None:
    path, asked = tmp_path / "chat.jsonl", Asked()
    with recording(path, clock=lambda: 1.0):
        run = run_of(in_line("one", "two"))
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:lines]) + whole[lines][:left])
    with resuming(path):
        resumed = run_of(in_line("one", "two"), one=asked, two=asked)
    assert resumed.state.digest == run.state.digest
    assert asked.places == ["one", "two"][max(0, lines - 2) :]
    assert replay(run.program, read_trace(path)).digest == run.state.digest
    assert path.read_bytes().splitlines(keepends=True)[:lines] == whole[:lines]


def test_a_run_that_had_stopped_is_only_replayed(tmp_path: Path) -> None:
    path, asked = tmp_path / "chat.jsonl", Asked()
    with recording(path):
        run_of(in_line("one"))
    before = path.read_bytes()
    with resuming(path):
        run_of(in_line("one"), one=asked)
    assert asked.places == []
    assert path.read_bytes() == before


def test_a_run_that_rested_goes_on_with_its_answer(tmp_path: Path) -> None:
    path, asked = tmp_path / "chat.jsonl", Asked()
    with recording(path):
        rested = run_of(in_line("one", "two", "three"), one=asked, two=giving(WAITING), three=asked)
    assert rested.stop.kind == "waiting"
    with resuming(path):
        run = run_of(in_line("one", "two", "three"), one=asked, two=giving("at last"), three=asked)
    assert (run.stop.kind, asked.places) == ("finished", ["one", "three"])
    assert replay(run.program, read_trace(path)).digest == run.state.digest


def test_a_resumed_run_keeps_its_idempotency_keys(tmp_path: Path) -> None:
    path, keys = tmp_path / "chat.jsonl", list[str]()

    def rests(effect: Effect, ticket: Ticket) -> Any:
        keys.append(ticket.key)
        return WAITING

    for name in ("chat.jsonl", "renamed.jsonl"):
        with resuming(path):
            run_of(in_line("one"), one=rests)
        path = path.rename(tmp_path / name) if name == "chat.jsonl" else path
    assert keys == ["chat/0", "chat/0"]


def test_a_resumed_run_that_begins_differently_diverges_and_the_trace_stays(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    bot = ConversableAgent("bot", human_input_mode="NEVER", default_auto_reply="pong")
    user = ConversableAgent("user", human_input_mode="NEVER")
    with recording(path):
        user.initiate_chat(bot, message="ping", max_turns=1, silent=True)
    before = path.read_bytes()
    with resuming(path), pytest.raises(Diverged, match="the start"):
        user.initiate_chat(bot, message="something else", max_turns=1, silent=True)
    assert path.read_bytes() == before


# -- runs at the same time


def test_runs_at_the_same_time_have_files_of_their_own(tmp_path: Path) -> None:
    async def one() -> None:
        await perform_async(Program(in_line("one")), {"one": echo}, {}, {}, drawer=drawn)

    async def several() -> None:
        await asyncio.gather(*(one() for _ in range(3)))

    with recording(tmp_path / "chat.jsonl"):
        asyncio.run(several())
    traces = [read_trace(path) for path in tmp_path.iterdir()]
    assert len(traces) == 3
    assert all(trace.stopped is not None for trace in traces)


def test_a_block_inside_a_block_counts_for_itself(tmp_path: Path) -> None:
    with recording(tmp_path / "outer.jsonl"):
        run_of(in_line("one"))
        with recording(tmp_path / "inner.jsonl"):
            run_of(in_line("one"))
        run_of(in_line("one"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inner.jsonl", "outer-2.jsonl", "outer.jsonl"]


def test_a_block_that_is_left_by_an_error_is_left(tmp_path: Path) -> None:
    with pytest.raises(KeyError), recording(tmp_path / "chat.jsonl"):
        raise KeyError
    assert run_of(in_line("one")).trace is None


# -- watching and collecting


class Notes:
    """Notes the events it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def on_event(self, run: Any, event: Any) -> None:
        self.told.append(type(event).__name__)

    def on_delta(self, place: str, text: str) -> None:
        self.told.append(f"{place}: {text}")


def test_watchers_see_the_events_of_all_runs_inside_and_of_none_outside() -> None:
    outer, inner = Notes(), Notes()
    with watching(outer):
        with watching(inner):
            run_of(in_line("one"))
        run_of(in_line("one"), one=lambda effect, ticket: ticket.delta("hi"))
    run_of(in_line("one"))
    assert inner.told == ["Started", "Answered"]
    assert outer.told == ["Started", "Answered", "Started", "one: hi", "Answered"]


def test_watchers_see_a_replay(tmp_path: Path) -> None:
    notes = Notes()
    with recording(tmp_path / "chat.jsonl"):
        run_of(in_line("one"))
    with replaying(tmp_path / "chat.jsonl"), watching(notes):
        run_of(in_line("one"))
    assert notes.told == ["Started", "Answered"]


def test_runs_are_collected_however_they_stop() -> None:
    with collecting() as outer, collecting() as inner:
        runs = [run_of(in_line("one")), run_of(in_line("one"), one=giving(WAITING))]
    run_of(in_line("one"))
    assert outer == runs
    assert inner == runs


def test_a_fork_goes_another_way_and_leaves_its_trace_as_it_is(tmp_path: Path) -> None:
    path, fork = tmp_path / "chat.jsonl", tmp_path / "fork.jsonl"

    def chat(reply: str) -> list[str]:
        bot = ConversableAgent("bot", human_input_mode="NEVER", llm_config=ScriptedModel(default=reply))
        user = ConversableAgent("user", human_input_mode="NEVER", default_auto_reply="on")
        result = user.initiate_chat(bot, message="hi", max_turns=3, silent=True)
        return [message["content"] for message in result.chat_history]

    with recording(path):
        chat("one")
    before = path.read_bytes()
    with forking(path, fork, events=3):
        said = chat("two")
    assert said == ["hi", "one", "on", "two", "on", "two"]
    assert path.read_bytes() == before
    with replaying(fork):
        assert chat("none") == said


@pytest.mark.parametrize("events", [0, 99])
def test_a_fork_of_events_that_are_not_there_is_refused(events: int, tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    user, bot = (ConversableAgent(name, human_input_mode="NEVER") for name in ("u", "b"))
    with recording(path):
        user.initiate_chat(bot, message="hi", max_turns=1, silent=True)
    with pytest.raises(TraceError, match="it has 2, so give 1 to 2"), forking(path, tmp_path / "f", events=events):
        raise AssertionError("a fork was begun")


def test_a_fork_overwrites_no_file(tmp_path: Path) -> None:
    taken = tmp_path / "taken.jsonl"
    taken.write_text("mine")
    with pytest.raises(TraceError, match="give a fork a file of its own"), forking(tmp_path / "x", taken, events=1):
        raise AssertionError("a fork was begun")
    assert taken.read_text() == "mine"


def test_a_replay_of_nothing_says_how_to_record(tmp_path: Path) -> None:
    user, bot = (ConversableAgent(name, human_input_mode="NEVER") for name in ("u", "b"))
    with replaying(tmp_path / "none.jsonl"), pytest.raises(TraceError, match="record one with recording"):
        user.initiate_chat(bot, message="hi", silent=True)
