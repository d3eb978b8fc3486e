"""A program whose traces travel: recorded by one interpreter, replayed by others. It needs the standard library only.

    python travelling.py record FOLDER     runs everything, writes the traces
    python travelling.py replay FOLDER     takes every answer from them, performs nothing

Both print fingerprint and digest of every run, a line each.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from flowagents import AssistantAgent, ScriptedModel, UserProxyAgent, recording, replaying
from flowagents.core.graph import Act, Call, Child, Compute, Edge, End, Fan, Graph, Node
from flowagents.core.guards import AtLeast, Contains, Is, VisitsAtLeast
from flowagents.core.program import Program
from flowagents.errors import RunError
from flowagents.ports import CodeResult
from flowagents.runtime.run import Run, perform
from flowagents.testing.rules import AskPlace, CountUp, Increment, KeepAnswer, RememberMore, SetRegister

MODEL: list[Any] = [
    {
        "content": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'}},
            {"id": "c2", "type": "function", "function": {"name": "letters", "arguments": '{"text": "hello"}'}},
            {"id": "c3", "type": "function", "function": {"name": "fails", "arguments": "{}"}},
        ],
    },
    "Now some code:\n```python\nprint('ü')\n```",
    {"content": "Nearly ☃ done", "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}},
    "TERMINATE",
    "Really: TERMINATE",
]


class Executor:
    """Runs no code; says what it would print."""

    def execute_code_blocks(self, blocks: Any) -> CodeResult:
        """Say how many blocks there were."""
        return CodeResult(0, f"{len(blocks)} block(s) ran, ü\n")


class Person(UserProxyAgent):
    """A user whose human goes on once, then lets the conversation end."""

    asked = 0

    def get_human_input(self, prompt: str) -> str:
        """Type the next words."""
        self.asked += 1
        return "Go on, please" if self.asked == 1 else ""


def letters(text: str) -> Any:
    """Return the letters of a text as a set, whose order differs from process to process."""
    return set(text)


def fails() -> None:
    """Raise."""
    raise ValueError("this tool always fails")


def chat() -> Run:
    """Chat with everything: tools, a human, code, hooks, a reply function, a termination rule of the user."""
    assistant = AssistantAgent("assistant", llm_config=ScriptedModel(MODEL))
    user = Person(
        "user",
        is_termination_msg=lambda message: "TERMINATE" in (message.get("content") or ""),
        human_input_mode="TERMINATE",
        function_map={"add": lambda a, b: a + b, "letters": letters, "fails": fails},
        code_execution_config={"executor": Executor()},
        default_auto_reply="And?",
    )
    assistant.register_hook("process_last_received_message", lambda text: f"{text} (heard)")
    assistant.register_hook("process_all_messages_before_reply", lambda messages: messages[-4:])
    user.register_hook("process_message_before_send", lambda sender, message, recipient, silent: message)
    assistant.register_reply([UserProxyAgent, lambda peer: True], passes)
    run: Run = user.initiate_chat(assistant, message="1 + 2?", silent=True, summary_method=short).run
    return run


def passes(agent: Any, messages: Any, sender: Any, config: Any) -> tuple[bool, None]:
    """Leave every message to others."""
    return False, None


def short(sender: Any, recipient: Any, arguments: Any) -> str:
    """Summarise a chat by its length."""
    return f"{len(sender.chat_messages[recipient])} messages"


def tree() -> Graph:
    """Return a graph of children in children: once, per item, and named ones that need each other."""
    item = line("per item", "ask item", "item")
    leaf = line("leaf", "ask leaf", "needed")
    children = tuple(Child(name, leaf, needs) for name, needs in {"z": (), "a": (), "m": ("z", "a")}.items())
    rescue = Edge("human", Is("failed", "error"), "failure")
    ok = Contains("word", "k")
    nodes = (
        Node("begin", Compute(SetRegister("items", ["p", "ü", "q"])), (Edge("items"),)),
        Node("items", Call(item, over="items", into="letters"), (Edge("fan"), Edge("lost", on="failure"))),
        Node("fan", Fan(children, into="leaves", copies=("letters",)), (Edge("note"),)),
        Node("note", Compute(CountUp(("count", "rounds"))), (Edge("more"),)),
        Node("more", Compute(Increment("count")), (Edge("again", ~AtLeast("count", 2)), Edge("fails"))),
        Node("again", Compute(SetRegister("items", ["r"])), (Edge("items", ~VisitsAtLeast("items", 9)), Edge("lost"))),
        Node("fails", Act(AskPlace("fails", ("leaves",))), (rescue, Edge("lost"))),
        Node("lost", Compute(SetRegister("word", "lost")), (Edge("human"),)),
        Node("human", Act(AskPlace("human", (), "terminal"), KeepAnswer("word")), (Edge("done", ok), Edge("lost"))),
        Node("done", End(gives="letters"), kind="end"),
    )  # fmt: skip
    return Graph("tree", "begin", nodes)


def line(name: str, at: str, register: str) -> Graph:
    """Return a graph of one effect whose answer is remembered and given."""
    nodes = (
        Node("ask", Act(AskPlace(at, (register,))), (Edge("keep"),)),
        Node("keep", Compute(RememberMore(("typed", name), "answer")), (Edge("done"),)),
        Node("done", End(gives="answer"), kind="end"),
    )
    return Graph(name, "ask", nodes)


def tree_run() -> Run:
    """Run the graph of children."""

    def answer(effect: Any, ticket: Any) -> Any:
        if effect.at == "fails":
            raise RunError("nobody answers here")
        return f"{effect.at} {ticket.key} ok"

    places = ("items/ask item", "ask item", "ask leaf", "fails", "human")
    return perform(Program(tree()), dict.fromkeys(places, answer), {}, {}, drawer=print)


def main(verb: str, folder: Path) -> None:
    """Record or replay the runs, and print what they came to."""
    with {"record": recording, "replay": replaying}[verb](folder / "travelling.jsonl"):
        for run in (chat(), tree_run()):
            print(run.program.fingerprint, run.state.digest, run.stop.kind)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
