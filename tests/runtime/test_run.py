"""A run to look at: its stop, result, path and pictures, what it raises, and its trace saved afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flowagents import ConversableAgent
from flowagents.core.program import Program
from flowagents.errors import RunFailed
from flowagents.runtime.performing import WAITING
from flowagents.runtime.replay import replay
from flowagents.runtime.run import perform_async
from flowagents.runtime.trace import read_trace
from tests.runtime.building import drawn, echo, failing, giving, in_line, run_of, side_by_side


def test_a_run_tells_how_it_went() -> None:
    run = run_of(in_line("one"))
    assert (run.stop.kind, run.stop.name, run.result, run.memory) == ("finished", "done", "one answers", {})
    assert repr(run) == "<Run of 'line': finished, done>"
    assert run.cost["usage_including_cached_inference"] == {"total_cost": 0}


def test_a_run_on_an_event_loop_goes_the_same_way() -> None:
    program = Program(in_line("one"))
    run = asyncio.run(perform_async(program, {"one": echo}, {}, {}, drawer=drawn))
    assert run.state.digest == run_of(in_line("one")).state.digest


def test_pictures_are_asked_of_the_drawer() -> None:
    run = run_of(in_line("one"))
    assert run.draw("mermaid") == ("line", "mermaid", ["events"])
    assert run.handle.draw(open=True) == ("line", "svg", ["open"])
    assert repr(run.handle) == "<Graph 'line'>"
    assert run.handle.graph is run.graph


def test_the_path_names_agents_and_ends_and_no_bookkeeping() -> None:
    bot = ConversableAgent("bot", human_input_mode="NEVER", default_auto_reply="pong")
    user = ConversableAgent("user", human_input_mode="NEVER", default_auto_reply="ping")
    run = user.initiate_chat(bot, message="hi", max_turns=2, silent=True).run
    assert run.path == ("bot", "user", "bot", "max_turns")


def test_the_path_leaves_out_what_children_did() -> None:
    assert run_of(side_by_side("one", "two")).path == ("done",)


def test_what_a_performer_raised_is_raised_again_with_the_run() -> None:
    error = OSError("gone")
    run = run_of(in_line("one"), one=failing(error))
    with pytest.raises(OSError, match="gone") as caught:
        run.require_success()
    assert caught.value is error
    assert vars(caught.value)["run"] is run


def test_a_failure_without_an_exception_is_raised_as_a_failed_run() -> None:
    run = run_of(in_line("one"), one=giving("refused"))
    with pytest.raises(RunFailed, match=r"Refused: the answer 'refused' is no use \(at one\)") as caught:
        run.require_success()
    assert caught.value.run is run


@pytest.mark.parametrize("answer", ["fine", WAITING], ids=["finished", "waiting"])
def test_a_run_that_did_not_fail_raises_nothing(answer: object) -> None:
    run_of(in_line("one"), one=giving(answer)).require_success()


@pytest.mark.parametrize("broken", [True, False], ids=["failed", "finished"])
def test_a_run_saved_afterwards_is_the_trace_it_would_have_written(tmp_path: Path, broken: bool) -> None:
    run = run_of(side_by_side("one", "two"), two=failing(OSError("gone")) if broken else echo)
    run.save(tmp_path / "saved.jsonl")
    trace = read_trace(tmp_path / "saved.jsonl")
    assert trace.events == run.events
    assert replay(run.program, trace).digest == run.state.digest == trace.stopped["digest"]
