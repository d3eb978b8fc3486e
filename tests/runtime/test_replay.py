"""Going through a trace again: what differs is named with its place, what was recorded and what is asked now."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowagents import ConversableAgent, ScriptedModel, recording, replaying
from flowagents.core.events import Answered
from flowagents.core.graph import Graph
from flowagents.core.program import Program
from flowagents.core.step import Taken
from flowagents.errors import Diverged, TraceDamaged, WrongGraph
from flowagents.runtime.driver import Driver
from flowagents.runtime.loops import run_sync
from flowagents.runtime.replay import SHOWN_MAX, difference, prefix, replay
from flowagents.runtime.run import Run
from flowagents.runtime.trace import Trace, read_trace
from tests.runtime.building import echo, failing, giving, in_line, run_of, side_by_side, unstarted


def traced(path: Path, graph: Graph) -> tuple[Program, Trace]:
    """Record a run of a graph; return what replaying needs."""
    with recording(path):
        run = run_of(graph)
    return run.program, read_trace(path)


def edited(path: Path, number: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Change one line of a trace, counted from 0."""
    lines = path.read_text(encoding="ascii").splitlines()
    line = json.loads(lines[number])
    change(line)
    lines[number] = json.dumps(line)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


# -- as it was


def test_a_replay_reaches_the_recorded_state_and_performs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    with recording(path):
        run = run_of(in_line("one", "two"))
    with replaying(path):
        again = run_of(in_line("one", "two"), one=failing(AssertionError()), two=failing(AssertionError()))
    assert again.state.digest == run.state.digest
    assert again.events == run.events
    assert again.raised is None


def test_a_replay_tells_the_ways_taken(tmp_path: Path) -> None:
    program, trace = traced(tmp_path / "chat.jsonl", in_line("one", "two"))
    taken: Taken = []
    replay(program, trace, taken=taken)
    assert [way.to.place for _, way in taken] == ["two", "done"]


def test_a_run_that_failed_replays_to_its_failure(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    with recording(path):
        run = run_of(in_line("one"), one=failing(OSError("gone")))
    with replaying(path):
        again = run_of(in_line("one"))
    assert again.stop == run.stop
    assert again.stop.rule == "gone"


def test_a_prefix_replays_to_where_it_was_cut(tmp_path: Path) -> None:
    program, trace = traced(tmp_path / "chat.jsonl", in_line("one", "two"))
    state = replay(program, prefix(trace, 2))
    assert [effect.at for effect in state.waits.values()] == ["two"]


def test_a_fork_goes_another_way_from_a_prefix(tmp_path: Path) -> None:
    _, trace = traced(tmp_path / "chat.jsonl", in_line("one", "two"))
    fork = unstarted(in_line("one", "two"), bindings={"two": giving("another answer")})
    fork.adopt(prefix(trace, 2).events)
    run_sync(fork)
    assert fork.state.result == "another answer"
    assert fork.events[:2] == list(trace.events[:2])


# -- what differs


def test_a_trace_of_another_graph_is_refused_by_both_names(tmp_path: Path) -> None:
    _, trace = traced(tmp_path / "chat.jsonl", in_line("one", "two"))
    with pytest.raises(WrongGraph, match=r"recorded on the graph 'line' .* but this is 'side by side'"):
        replay(Program(side_by_side("one", "two")), trace)


def test_another_graph_may_be_tried_and_the_first_difference_is_named(tmp_path: Path) -> None:
    _, trace = traced(tmp_path / "chat.jsonl", in_line("one", "two"))
    with pytest.raises(Diverged) as caught:
        replay(Program(in_line("one", "other")), trace, strict=False)
    assert caught.value.place == "effect 1 (Invoke at other)"
    assert caught.value.index == 2
    assert caught.value.recorded["at"] == "two"
    assert caught.value.asked["at"] == "other"
    assert '-  "at": "two"' in str(caught.value)
    assert '+  "at": "other"' in str(caught.value)


def test_an_answer_to_what_is_not_asked_names_what_is(tmp_path: Path) -> None:
    _, trace = traced(tmp_path / "chat.jsonl", in_line("one", "two"))
    with pytest.raises(Diverged, match=r"recorded was effect 0 .*, asked for is 0\.0/0 .*, 0\.1/0"):
        replay(Program(side_by_side("one", "two")), trace, strict=False)


def test_an_answer_after_the_stop_says_that_the_run_has_stopped(tmp_path: Path) -> None:
    _, trace = traced(tmp_path / "chat.jsonl", in_line("one", "two"))
    with pytest.raises(Diverged, match="asked for is nothing; the run has stopped: done"):
        replay(Program(in_line("one")), trace, strict=False)


def test_an_edited_request_diverges_at_its_effect(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    traced(path, in_line("one", "two"))
    edited(path, 3, lambda line: line["asked"].update(at="three"))
    with replaying(path), pytest.raises(Diverged, match=r"replay diverged at event 2, effect 1 \(Invoke at two\)"):
        run_of(in_line("one", "two"))


def test_a_request_that_is_missing_diverges_at_its_effect(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    traced(path, in_line("one", "two"))
    edited(path, 3, lambda line: line.update(name="9", asked=None))
    with replaying(path), pytest.raises(Diverged, match=r"effect 9 \(nothing\)"):
        run_of(in_line("one", "two"))


def test_an_edited_answer_diverges_at_the_final_state(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    traced(path, in_line("one", "two"))
    edited(path, 3, lambda line: line.update(value="edited"))
    with replaying(path), pytest.raises(Diverged, match="the final state has the digest"):
        run_of(in_line("one", "two"))


def test_an_edited_stop_diverges_at_the_stop(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    traced(path, in_line("one"))
    edited(path, 3, lambda line: line["stop"].update(name="left"))
    with replaying(path), pytest.raises(Diverged) as caught:
        run_of(in_line("one"))
    assert caught.value.place == "the stop"
    assert '-  "name": "left"' in caught.value.difference


def test_a_trace_that_does_not_begin_with_its_start_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    traced(path, in_line("one"))
    lines = path.read_text(encoding="ascii").splitlines()
    path.write_text("\n".join([lines[0], *lines[2:]]) + "\n", encoding="ascii")
    with replaying(path), pytest.raises(TraceDamaged, match="the first event of the trace is not its start"):
        run_of(in_line("one"))


def test_a_trace_that_ends_before_its_run_is_to_be_resumed(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    traced(path, in_line("one", "two"))
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b'"name":"1"')])
    with replaying(path), pytest.raises(TraceDamaged, match=r"ends before its run does, .* resume it instead"):
        run_of(in_line("one", "two"))


def test_a_long_difference_is_cut() -> None:
    found = difference(list(range(100)), []).splitlines()
    assert len(found) == SHOWN_MAX + 1
    assert found[-1].endswith(" more lines")


# -- the same in a chat


def chat(path: Path, **changes: Any) -> Run:
    """Chat with a model and a tool, replayed from ``path`` if it is there, recorded otherwise."""
    call = {"id": "c", "type": "function", "function": {"name": "add", "arguments": changes.get("sum", '{"a": 1}')}}
    model = ScriptedModel([{"content": None, "tool_calls": [call]}, "2 it is", "TERMINATE"])
    bot = ConversableAgent("bot", changes.get("prompt", "Add."), llm_config=model, human_input_mode="NEVER")
    user = ConversableAgent("user", human_input_mode="NEVER", default_auto_reply="Sure?")
    user.register_function({changes.get("tool", "add"): lambda a: a + 1})
    with (replaying if path.exists() else recording)(path):
        run: Run = user.initiate_chat(bot, message=changes.get("message", "1 + 1?"), silent=True).run
    return run


def test_a_chat_replays_to_its_state(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    assert chat(path).state.digest == chat(path).state.digest


def test_a_changed_prompt_diverges_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    chat(path)
    with pytest.raises(Diverged) as caught:
        chat(path, prompt="Subtract.")
    assert caught.value.place == "the start (system of bot)"
    assert '-  "system of bot": "Add."' in caught.value.difference
    assert '+  "system of bot": "Subtract."' in caught.value.difference


def test_a_changed_first_message_diverges_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    chat(path)
    with pytest.raises(Diverged) as caught:
        chat(path, message="2 + 2?")
    assert caught.value.place == "the start (message)"
    assert '-  "message": "1 + 1?"' in caught.value.difference
    assert '+  "message": "2 + 2?"' in caught.value.difference


def test_a_tool_call_that_changed_diverges_at_that_call(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    chat(path)

    def proposes_another(line: dict[str, Any]) -> None:
        line["value"]["message"]["tool_calls"][0]["function"]["name"] = "sub"

    edited(path, 2, proposes_another)
    with pytest.raises(Diverged) as caught:
        chat(path)
    assert "RunTool at user/tools" in caught.value.place
    assert '-  "tool": "add"' in caught.value.difference
    assert '+  "tool": "sub"' in caught.value.difference


def test_a_tool_that_is_gone_is_not_missed(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    run = chat(path)
    assert chat(path, tool="other").state.digest == run.state.digest


def test_a_hook_more_makes_another_graph(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    with recording(path):
        ConversableAgent("user").initiate_chat(
            ConversableAgent("bot", human_input_mode="NEVER"), message="hi", max_turns=1, silent=True
        )
    bot = ConversableAgent("bot", human_input_mode="NEVER")
    bot.register_hook("process_last_received_message", str.upper)
    with replaying(path), pytest.raises(WrongGraph, match="replay it on the graph it was recorded on"):
        ConversableAgent("user").initiate_chat(bot, message="hi", max_turns=1, silent=True)


def test_events_that_were_verified_are_told_to_watchers(tmp_path: Path) -> None:
    _, trace = traced(tmp_path / "chat.jsonl", in_line("one"))
    driver: Driver = unstarted(in_line("one"), bindings={"one": echo})
    driver.adopt(trace.events)
    assert [type(event) for event in driver.events][1] is Answered


def test_agents_that_have_talked_before_replay_like_new_ones(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    user, bot = (ConversableAgent(name, human_input_mode="NEVER", default_auto_reply="go on") for name in ("u", "b"))
    with recording(path):
        first = user.initiate_chat(bot, message="hi", max_turns=2, silent=True)
    with replaying(path):
        again = user.initiate_chat(bot, message="hi", max_turns=2, silent=True)
    assert again.run.state.digest == first.run.state.digest
