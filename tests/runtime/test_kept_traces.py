"""Traces of version 1, written once and kept for ever: they replay to their digest, whatever has changed since.

The graph and its rules stand here, not in the library, so that only format and core can break this.
If this fails, the change breaks every trace that anybody has: do not write the files anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowagents.core.effects import (
    AskHuman,
    CallModel,
    Draw,
    Effect,
    GiveReply,
    Invoke,
    RunCode,
    RunTool,
)
from flowagents.core.events import Answered, Event, Failed, Failure, Interrupted, Started
from flowagents.core.graph import Act, Call, Child, Compute, Edge, End, Fan, Graph, Node, Part
from flowagents.core.guards import (
    AtLeast,
    Carries,
    Contains,
    EndsWith,
    Exited,
    Has,
    Is,
    Remembers,
    Says,
    VisitsAtLeast,
)
from flowagents.core.limits import Limits
from flowagents.core.program import Program
from flowagents.core.step import advance
from flowagents.core.task import State, Task
from flowagents.core.thread import Entry, Shown, Thread, View
from flowagents.core.value import value
from flowagents.runtime.replay import replay
from flowagents.runtime.trace import TraceWriter, read_trace

FOLDER = Path(__file__).parents[1] / "traces_format"
DIGESTS = {
    "version-1.jsonl": "5c1bfafb1ef05218c80f42121330d2aded62e4fd7fcde3dfc6948548ab5f6038",
    "version-1-interrupted.jsonl": "ffebc8ad589eceb7aeb310d180ea2564f7d49fbfb26478ff7bd04d664ad6e4d0",
}
FINGERPRINT = "2e38d81f9131ec93c9a9e43de46fcc1ee33c1f6658e10bee617a07b64f3f5919"
THREAD = ("thread", "talk")


@value
class Kept:
    """Asks for one effect of every kind, in the order of ``KINDS``."""

    kind: str

    def __call__(self, task: Task) -> Effect:
        return KINDS[self.kind](task)


def view(task: Task) -> View:
    return View(
        "a", task.memory[THREAD], task.memory.get(("since", "a", "talk"), 0), task.memory[("edits", "a", "talk")]
    )


KINDS: dict[str, Callable[[Task], Effect]] = {
    "model": lambda task: CallModel("a/model", "a", view(task), "You are a."),
    "shown": lambda task: CallModel("a/model", "a", Shown("a", ({"role": "user", "content": "ü"},))),
    "human": lambda task: AskHuman("a/human", "a", "Well? ", view(task)),
    "tool": lambda task: RunTool("a/tools", "a", "add", '{"a": 1}'),
    "code": lambda task: RunCode("a/code", "a", (("python", "print(1)"), ("", "echo")), "sandbox"),
    "function": lambda task: Invoke("a/reply", view(task), {"peer": "b"}),
    "default": lambda task: GiveReply("a/default", "a", {"content": None, "calls": []}),
    "chance": lambda task: Draw("a/next", ("b", "c")),
    "item": lambda task: Invoke("item", None, {"item": task.data.get("item"), "index": task.data.get("index")}),
    "needs": lambda task: Invoke("needs", None, {"needed": task.data.get("needed")}),
}


@value
class Say:
    """Appends the answer to the thread."""

    def __call__(self, task: Task) -> None:
        entry = Entry("a", {"content": str(task.data.get("answer"))})
        task.memory[THREAD] = task.memory[THREAD].append(entry)
        task.data["count"] = (task.data.get("count") or 0) + 1


@value
class Type:
    """Remembers what a human typed, or refuses it."""

    def __call__(self, task: Task, answer: Any) -> Failure | None:
        if not answer:
            return Failure("refused", "Empty", "nothing was typed")
        task.memory[("typed", "a")] = (*task.memory.get(("typed", "a"), ()), answer)
        return None


def inner(name: str, kind: str) -> Graph:
    nodes = (Node("ask", Act(Kept(kind)), (Edge("given"),)), Node("given", End(gives="answer")))
    return Graph(name, "ask", nodes)


def speaking() -> Graph:
    """Return a part that asks for most kinds of effects, one after the other."""
    kinds = ["model", "shown", "human", "tool", "code", "function", "default", "chance"]
    nodes = [
        Node(
            kind,
            Act(Kept(kind), Type() if kind == "human" else None),
            (Edge(f"say {kind}"), Edge("left", on="failure")),
        )
        for kind in kinds
    ]
    nodes += [
        Node(f"say {kind}", Compute(Say()), (Edge(after),))
        for kind, after in zip(kinds, [*kinds[1:], "said"], strict=True)
    ]
    return Graph("speaking", "model", (*nodes, Node("said", End()), Node("left", End())))


def kept_graph() -> Graph:
    """Return the graph that the kept traces were recorded on."""
    fan = Fan(
        (Child("x", inner("x", "needs"), ("y",), {"more": 1}), Child("y", inner("y", "needs"))), "pair", ("count",)
    )
    odd = (AtLeast("count", 99) & ~Has("nothing")) | Carries("answer", "calls") & Contains("answer", "z")
    rescue = Edge("last", Is("failed", "error"), "failure", "after an error")
    last = (
        Edge("lost", odd),
        Edge("lost", Says("answer", "no")),
        Edge("done", EndsWith("answer", "yes")),
        Edge("lost", Remembers(("flag", "x"))),
        Edge("lost"),
    )
    nodes = (
        Node("speak", Part(speaking()), (Edge("items", Exited("said")), Edge("lost")), "agent", "Speaks", ("once",)),
        Node("items", Call(inner("item", "item"), over="list", copies=("count",)), (Edge("one"),)),
        Node("one", Call(inner("once", "tool"), into="once"), (Edge("pair", Is("exit", "given")), Edge("lost"))),
        Node("pair", fan, (Edge("fails", ~VisitsAtLeast("pair", 2)), Edge("lost"))),
        Node("fails", Act(Kept("tool")), (Edge("last"), rescue)),
        Node("last", Act(Kept("human")), last),
        Node("done", End("finished", "it was said", "pair"), (), "end"),
        Node("lost", End("limit", "lost"), (), "end"),
    )  # fmt: skip
    return Graph("kept", "speak", nodes, Limits(1000, 100, 10, 5, 60.0), "A kept graph", ("note",))


MEMORY = {
    THREAD: Thread([Entry("b", {"content": "hi ü", "name": "b"}), Entry("c", {"content": "psst"}, ("b",))]),
    ("edits", "a", "talk"): {0: "edited"},
    ("typed", "a"): ("before",),
    ("count", "a", "b"): 2,
    ("asked", "a", "b"): True,
    ("system", "a"): None,
}
ANSWERS: tuple[Any, ...] = (
    {"message": {"content": "ü"}, "model": "m", "usage": {"total_tokens": 1}, "finish_reason": "stop"},
    "shown",
    "typed",
    "3",
    {"exit_code": 0, "output": "1\n"},
    {"value": [True, None], "changes": []},
    {"content": None, "calls": []},
    1,
)


def events(*, interrupted: bool) -> list[Event]:
    """Return what happens in a kept run."""
    at, made = 1_700_000_000.25, list[Event]()

    def answered(path: tuple[int, ...], move: int, answer: Any) -> None:
        made.append(Answered(at + len(made), (path, move), answer))

    made.append(Started(at, {"message": "hi", "list": ["p", 2, None]}, MEMORY, 7))
    for number, answer in enumerate(ANSWERS):
        answered((), 1 + 2 * number, answer)
    if interrupted:
        return [*made, Interrupted(at + 30.5, "KeyboardInterrupt")]
    for ordinal in (2, 0, 1):
        answered((17, ordinal), 0, f"item {ordinal}")
    answered((18, 0), 0, [1.5, -2, True])
    answered((19, 1), 0, "y")
    answered((19, 0), 0, "x")
    made.append(Failed(at + 20, ((), 20), Failure("error", "OSError", "no ☃ here", "a/tools")))
    answered((), 21, "yes ")
    return made


def written(path: Path, happened: list[Event]) -> str:
    """Write the trace of a kept run; return its digest."""
    program, state = Program(kept_graph()), State()
    writer = TraceWriter(path, program, "kept", source="tests/runtime/test_kept_traces.py")
    for event in happened:
        effect = state.waits[event.name] if isinstance(event, (Answered, Failed)) else None
        writer.write(event, effect)
        advance(program, state, event)
    assert state.stop is not None, state.waits
    writer.close(state)
    return state.digest


def test_the_kept_graph_has_the_fingerprint_it_always_had() -> None:
    assert Program(kept_graph()).fingerprint == FINGERPRINT


@pytest.mark.parametrize("name", DIGESTS)
def test_a_kept_trace_replays_to_its_digest(name: str) -> None:
    trace = read_trace(FOLDER / name)
    state = replay(Program(kept_graph()), trace)
    assert state.digest == DIGESTS[name] == trace.stopped["digest"]


@pytest.mark.parametrize("name", DIGESTS)
def test_this_version_writes_the_same_bytes(name: str, tmp_path: Path) -> None:
    written(tmp_path / name, events(interrupted="interrupted" in name))
    assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


def test_the_kept_traces_hold_every_kind_of_event_and_effect() -> None:
    lines = [json.loads(line) for name in DIGESTS for line in (FOLDER / name).read_text(encoding="ascii").splitlines()]
    assert {line.get("event") for line in lines} == {None, "started", "answered", "failed", "interrupted", "stopped"}
    effects = {kind.__name__ for kind in (CallModel, AskHuman, RunTool, RunCode, Invoke, GiveReply, Draw)}
    assert {line["asked"]["kind"] for line in lines if "asked" in line} == effects
