"""What answers mean: values that take the answer of an effect into the registers and the memory of a task."""

from __future__ import annotations

from typing import Any

from flowagents.core.events import Failure
from flowagents.core.task import Task
from flowagents.core.value import value
from flowagents.patterns import keys
from flowagents.patterns.talk import EXIT, fault_of

INTERRUPTED = "USER INTERRUPTED"
"""The result of a proposed call over which a human typed something else."""


@value
class Heed:
    """Take in what the human behind ``agent`` typed: ``verdict`` becomes said, left, ended, empty or auto."""

    agent: str
    peer: str
    mode: str

    def __call__(self, task: Task, answer: Any) -> Failure | None:
        """Change registers and memory."""
        data, memory = task.data, task.memory
        if not isinstance(answer, str):
            return _untyped(self.agent, answer)
        memory[keys.typed(self.agent)] = (*memory.get(keys.typed(self.agent), ()), answer)
        ended = data.get("ended")
        key = keys.count(self.agent, self.peer)
        if answer == EXIT or (not answer and ended):
            memory[key] = 0
            data["verdict"] = "left" if answer else "ended"
            data["why"] = {
                "name": data["verdict"],
                "rule": f"the human behind {self.agent} "
                + ("typed 'exit'" if answer else "let the termination rule decide"),
                "agent": self.agent,
            }
        elif answer:
            memory[key] = 0
            data["verdict"] = "said"
            data["message"] = {"content": answer, **_interruptions(data.get("heard"))}
        elif memory.get(keys.limit(self.agent, self.peer)) == 0:
            memory[key] = 0
            data["verdict"] = "empty"
            data["message"] = ""
        else:
            memory[key] = memory.get(key, 0) + 1
            data["verdict"] = "auto"
        return None


def _interruptions(heard: Any) -> dict[str, Any]:
    """Return the results that tell each proposed call of the heard message that a human typed over it."""
    if not isinstance(heard, dict):
        return {}
    made = []
    if heard.get("function_call"):
        made.append({"role": "function", "name": heard["function_call"].get("name", ""), "content": INTERRUPTED})
    made += [
        {"role": "tool", "tool_call_id": call.get("id", ""), "content": INTERRUPTED}
        for call in heard.get("tool_calls") or ()
    ]
    return {"tool_responses": made} if made else {}


@value
class TakeTyped:
    """Take in a first message that the human behind ``agent`` typed."""

    agent: str

    def __call__(self, task: Task, answer: Any) -> Failure | None:
        """Change registers and memory."""
        if not isinstance(answer, str):
            return _untyped(self.agent, answer)
        key = keys.typed(self.agent)
        task.memory[key] = (*task.memory.get(key, ()), answer)
        task.data["message"] = answer
        return None


def _untyped(agent: str, answer: Any) -> Failure:
    """Return the failure for a human who answered with something that nobody can have typed."""
    return _rubbish(f"get_human_input of {agent!r}", answer, "a text")


@value
class TakeMessage:
    """Take in a message that a function of the user made: the text or dict itself. ``who`` names the function."""

    who: str

    def __call__(self, task: Task, answer: Any) -> Failure | None:
        """Change the register."""
        message = value_of(task, answer)
        if not isinstance(message, (str, dict)):
            return _rubbish(self.who, message, "a text or a dict")
        task.data["message"] = message
        return None


@value
class TakeRule:
    """Take in the truth that a function of the user told, into the register ``into``."""

    into: str

    def __call__(self, task: Task, answer: Any) -> None:
        """Change the register."""
        task.data[self.into] = bool(value_of(task, answer))


@value
class TakeEdited:
    """Take in what a hook made of the newest message; only its owner sees it."""

    owner: str
    thread: str

    def __call__(self, task: Task, answer: Any) -> Failure | None:
        """Change the overlay of the owner and what it hears."""
        data, memory = task.data, task.memory
        content, given = value_of(task, answer), data.get("messages")
        if not isinstance(content, str):
            return _rubbish(f"a hook of {self.owner!r} for the last message received", content, "a text")
        if given is not None:
            data["messages"] = (*given[:-1], {**given[-1], "content": content})
        else:
            key = keys.edits(self.owner, self.thread)
            position = len(memory[keys.thread(self.thread)]) - 1
            memory[key] = {**(memory.get(key) or {}), position: content}
        data["heard"] = {**data["heard"], "content": content}
        return None


@value
class TakeShown:
    """Take in the messages that a hook of ``owner`` shows instead of the view, for this reply only."""

    owner: str

    def __call__(self, task: Task, answer: Any) -> Failure | None:
        """Change the registers."""
        messages = value_of(task, answer)
        who = f"a hook of {self.owner!r} for all messages"
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            return _rubbish(who, messages, "a list of messages")
        for message in messages:
            fault = fault_of(message)
            if fault is not None:
                return Failure("refused", "MessageError", f"{who} returned {message!r:.80}; {fault}")
        task.data["messages"] = tuple(messages)
        task.data["heard"] = messages[-1] if messages else None
        return None


@value
class TakeReply:
    """Take in the answer of a reply function: a pair of whether it is final, and the reply or None."""

    agent: str
    title: str

    def __call__(self, task: Task, answer: Any) -> Failure | None:
        """Change the registers."""
        pair = value_of(task, answer)
        if not isinstance(pair, list) or len(pair) != 2:
            return _rubbish(f"the reply function {self.title!r} of {self.agent!r}", pair, "a pair (final, reply)")
        settle(task, self.agent, bool(pair[0]), pair[1])
        return None


@value
class TakeModel:
    """Take in the answer of a model: its text, or its message where it proposes calls; no answer settles nothing."""

    agent: str

    def __call__(self, task: Task, answer: Any) -> None:
        """Change the registers."""
        message = answer["message"]
        calls = message.get("tool_calls") or message.get("function_call")
        reply = message if calls else message.get("content")
        settle(task, self.agent, reply is not None, reply)


@value
class TakeDefault:
    """Take in the reply an agent gives when nothing else answers; None is silence."""

    agent: str

    def __call__(self, task: Task, answer: Any) -> None:
        """Change the registers."""
        settle(task, self.agent, True, answer)


@value
class TakeFunctionResult:
    """Take in the result of a legacy function call as the message that carries it."""

    def __call__(self, task: Task, answer: Any) -> None:
        """Change the register."""
        name = task.data["heard"]["function_call"].get("name", "")
        task.data["message"] = {"role": "function", "name": name, "content": answer}


@value
class TakeCode:
    """Take in what code did as the message that tells it."""

    def __call__(self, task: Task, answer: Any) -> None:
        """Change the register."""
        from flowagents.patterns.fences import format_reply

        task.data["message"] = format_reply(answer["exit_code"], answer["output"])


@value
class KeepAnswer:
    """Keep the answer of an effect in the register ``into``."""

    into: str

    def __call__(self, task: Task, answer: Any) -> None:
        """Change the register."""
        task.data[self.into] = value_of(task, answer)


def _rubbish(who: str, found: Any, wanted: str) -> Failure:
    """Return the failure for a function of the user that returned something nobody can use."""
    return Failure("refused", "MessageError", f"{who} returned {found!r:.80}; return {wanted}")


def settle(task: Task, agent: str, final: bool, reply: Any) -> None:
    """Set ``final`` and ``message`` from an answer; a final None means that the agent falls silent."""
    data = task.data
    data["final"] = final
    data["message"] = reply if final else None
    if final and reply is None:
        data["why"] = {"name": "silent", "rule": f"{agent} gave no reply", "agent": agent}


def value_of(task: Task, answer: Any) -> Any:
    """Apply what a function of the user changed in the memory, and return what it returned."""
    for key, item in answer.get("changes") or ():
        task.memory[tuple(key)] = remembered(key[0], item)
    return answer["value"]


def remembered(kind: str, item: Any) -> Any:
    """Return what memory holds for an item of some kind of key that was recorded as JSON.

    >>> remembered("typed", ["yes"])
    ('yes',)
    """
    if kind == "typed":
        return tuple(item)
    return {int(position): content for position, content in item} if kind == "edits" else item


@value
class SettleGraph:
    """Take the result of a called graph, in the register ``reply``, as the final answer."""

    agent: str

    def __call__(self, task: Task) -> None:
        """Change the registers."""
        settle(task, self.agent, True, task.data.get("reply"))
