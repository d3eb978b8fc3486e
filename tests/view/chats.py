"""Graphs and runs that the tests of pictures draw."""

from __future__ import annotations

from typing import Any

from flowagents.core.effects import Effect
from flowagents.core.events import Answered, Event, Failed, Failure, Started
from flowagents.core.graph import Graph
from flowagents.core.guards import Says
from flowagents.core.program import Program
from flowagents.core.step import advance, outstanding
from flowagents.core.task import State
from flowagents.patterns.pair import ChatSettings, chat_graph
from flowagents.patterns.spec import (
    AgentSpec,
    CheckStep,
    CodeStep,
    FunctionStep,
    ModelStep,
    ToolStep,
)

DONE = Says("heard", "TERMINATE")
USER = AgentSpec(
    "user", (CheckStep(), FunctionStep(), ToolStep(), CodeStep()), "NEVER", DONE, kind="user_proxy", limit=10
)
ASSISTANT = AgentSpec("assistant", (CheckStep(), FunctionStep(), ToolStep(), ModelStep()), "NEVER", DONE)
USAGE = {"prompt_tokens": 700, "completion_tokens": 100, "total_tokens": 800}
CODE = "```python\nprint(42)\n```"


def coding_chat(turns_max: int | None = 5) -> Graph:
    return chat_graph(USER, ASSISTANT, ChatSettings(turns_max=turns_max))


def model_answer(text: str, price: Any = (0.001, 0.002), source: str = "live") -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"message": message, "usage": USAGE, "price": price, "source": source}


def play(graph: Graph, answers: list[Any], message: str = "Write code.") -> list[Event]:
    """Return the events of a run in which each effect is answered with the next answer."""
    program, state = Program(graph), State()
    events: list[Event] = [Started(1.0, {"message": message}, {})]
    advance(program, state, events[0])
    for answer in answers:
        name, _ = first_of(state)
        event = Failed(2.0, name, answer) if isinstance(answer, Failure) else Answered(2.0, name, answer)
        events.append(event)
        advance(program, state, event)
    return events


def first_of(state: State) -> tuple[Any, Effect]:
    waits = outstanding(state)
    name = min(waits)
    return name, waits[name]


CODING_ANSWERS = [
    model_answer(CODE),
    {"exit_code": 0, "output": "42"},
    model_answer("TERMINATE"),
]
