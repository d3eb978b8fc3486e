"""The rules of talking: who said what into which thread, whether a conversation is over, what an answer means.

Every rule is a value over the registers and the memory of a task. Registers: ``message`` (about to be said), ``heard``
(the newest message the speaker hears), ``messages`` (what it sees, where a hook or a caller replaced its view),
``verdict`` (what the check found), ``final`` (whether an answer settles the reply), ``why`` (what a stop will say),
``turns`` (messages of the initiator), ``calls`` and ``results`` (of tools), ``blocks`` (of code).
"""

from __future__ import annotations

from typing import Any

from flowagents.core.events import Failure
from flowagents.core.guards import Guard, text_of
from flowagents.core.task import Task
from flowagents.core.thread import Entry, Shown, Thread, View, body_of
from flowagents.core.value import value
from flowagents.patterns import keys

EXIT = "exit"
"""What a human types to leave: exactly this, in lower case and without blanks."""
INTERRUPTED = "USER INTERRUPTED"
"""The result of a proposed call over which a human typed something else."""


def view_of(task: Task, owner: str, thread: str) -> View | Shown:
    """Return what ``owner`` sees: its view of the thread, or the messages that replaced it."""
    given = task.data.get("messages")
    if given is not None:
        return Shown(owner, tuple(given))
    memory = task.memory
    return View(
        owner,
        memory.get(keys.thread(thread)) or Thread(),
        memory.get(keys.since(owner, thread), 0),
        memory.get(keys.edits(owner, thread)),
    )


@value
class OpenChat:
    """Begin a chat of two: both counters at 0, both answer each other, and a new thread if ``clear``."""

    first: str
    second: str
    thread: str
    clear: bool
    answering: bool

    def __call__(self, task: Task) -> None:
        """Change the memory of the pair."""
        memory = task.memory
        for agent, peer in ((self.first, self.second), (self.second, self.first)):
            memory[keys.count(agent, peer)] = 0
            memory[keys.asked(agent, peer)] = self.answering
            if self.clear:
                memory[keys.typed(agent)] = ()
                memory.pop(keys.since(agent, self.thread), None)
                memory.pop(keys.edits(agent, self.thread), None)
        if self.clear:
            memory[keys.thread(self.thread)] = Thread()
        task.data["turns"] = 0


@value
class Say:
    """Append the register ``message`` to the thread under ``author``; from now on it is what is ``heard``.

    ``counts`` says whether it is one of the initiator's turns. A message with neither content nor call is refused.
    """

    author: str
    thread: str
    counts: bool = False

    def __call__(self, task: Task) -> Failure | None:
        """Change thread and registers."""
        data, memory = task.data, task.memory
        message = data.get("message")
        if isinstance(message, str):
            body: dict[str, Any] = {"content": message, "name": self.author}
        elif isinstance(message, dict):
            body = body_of(message, self.author)
            if "content" not in body:
                return _refused(self.author, message)
        else:
            return _refused(self.author, message)
        key = keys.thread(self.thread)
        memory[key] = (memory.get(key) or Thread()).append(Entry(self.author, body))
        data["heard"] = body
        data["message"] = None
        data["messages"] = None
        if self.counts:
            data["turns"] = data.get("turns", 0) + 1
        return None


def _refused(author: str, message: Any) -> Failure:
    """Return the failure for a message nobody could read."""
    return Failure(
        "refused",
        "MessageError",
        f"{author!r} was to say {message!r:.200}, which has neither content nor a call; "
        'say a text, or a dict with "content", "tool_calls" or "function_call"',
    )


@value
class Hear:
    """Set the register ``heard`` to the newest message that ``owner`` sees, for a graph that starts with listening."""

    owner: str
    thread: str

    def __call__(self, task: Task) -> None:
        """Change the register."""
        task.data["heard"] = view_of(task, self.owner, self.thread).last()


@value
class Check:
    """Decide whether ``agent`` goes on with ``peer``: the register ``verdict`` becomes ask, ended, limit, empty or auto.

    ``ended`` is the termination rule; None where the register ``ended`` already holds the answer of the user's function.
    The auto-reply counter of the pair counts every ``auto`` and is 0 again after everything else but ``ask``.
    """

    agent: str
    peer: str
    mode: str
    ended: Guard | None

    def __call__(self, task: Task) -> None:
        """Change the verdict and the counter."""
        data, memory = task.data, task.memory
        if self.ended is not None:
            data["ended"] = ended = self.ended(task)
        else:
            ended = bool(data.get("ended"))
        key = keys.count(self.agent, self.peer)
        count = memory.get(key, 0)
        limit = memory.get(keys.limit(self.agent, self.peer))
        spent = limit is not None and count >= limit
        if self.mode == "ALWAYS" or (self.mode == "TERMINATE" and (spent or ended)):
            data["verdict"] = "ask"
        elif ended or spent:
            memory[key] = 0
            data["verdict"] = "ended" if ended else "limit"
            data["why"] = _why_over(self.agent, data["heard"], count, limit, ended=ended)
        else:
            memory[key] = count + 1
            data["verdict"] = "auto"


def _why_over(agent: str, heard: Any, count: int, limit: int | None, *, ended: bool) -> dict[str, Any]:
    """Say why a conversation is over by rule or limit."""
    if ended:
        return {
            "name": "ended",
            "rule": f"{agent}'s termination rule matched",
            "agent": agent,
            "evidence": {"message": heard},
        }
    return {
        "stop": "limit",
        "name": "limit",
        "rule": f"{agent} reached max_consecutive_auto_reply {limit}",
        "agent": agent,
        "evidence": {"count": count, "limit": limit},
    }


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
            return Failure(
                "refused", "MessageError", f"the human behind {self.agent!r} answered {answer!r:.80}, no text"
            )
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
        made.append(
            {"role": "function", "name": heard["function_call"].get("name", ""), "content": INTERRUPTED}
        )
    made += [
        {"role": "tool", "tool_call_id": call.get("id", ""), "content": INTERRUPTED}
        for call in heard.get("tool_calls") or ()
    ]
    return {"tool_responses": made} if made else {}


@value
class TakeTyped:
    """Take in a first message that the human behind ``agent`` typed."""

    agent: str

    def __call__(self, task: Task, answer: Any) -> None:
        """Change registers and memory."""
        key = keys.typed(self.agent)
        task.memory[key] = (*task.memory.get(key, ()), answer)
        task.data["message"] = answer


@value
class TakeMessage:
    """Take in a message that a function of the user made: the text or dict itself."""

    def __call__(self, task: Task, answer: Any) -> None:
        """Change the register."""
        task.data["message"] = value_of(answer)


@value
class TakeRule:
    """Take in the truth that a function of the user told, into the register ``into``."""

    into: str

    def __call__(self, task: Task, answer: Any) -> None:
        """Change the register."""
        task.data[self.into] = bool(value_of(answer))


@value
class TakeEdited:
    """Take in what a hook made of the newest message; only its owner sees it."""

    owner: str
    thread: str

    def __call__(self, task: Task, answer: Any) -> None:
        """Change the overlay of the owner and what it hears."""
        data, memory = task.data, task.memory
        content, given = value_of(answer), data.get("messages")
        if given is not None:
            data["messages"] = (*given[:-1], {**given[-1], "content": content})
        else:
            key = keys.edits(self.owner, self.thread)
            position = len(memory[keys.thread(self.thread)]) - 1
            memory[key] = {**(memory.get(key) or {}), position: content}
        data["heard"] = {**data["heard"], "content": content}


@value
class TakeShown:
    """Take in the messages that a hook shows instead of the view, for this reply only."""

    def __call__(self, task: Task, answer: Any) -> Failure | None:
        """Change the registers."""
        messages = value_of(answer)
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            return Failure(
                "refused", "MessageError", f"a message hook returned {messages!r:.80}, no list of messages"
            )
        task.data["messages"] = tuple(messages)
        task.data["heard"] = messages[-1] if messages else None
        return None


@value
class TakeReply:
    """Take in the answer of a reply function: a pair of whether it is final, and the reply or None."""

    agent: str

    def __call__(self, task: Task, answer: Any) -> Failure | None:
        """Change the registers."""
        pair = value_of(answer)
        if not isinstance(pair, list) or len(pair) != 2:
            return Failure(
                "refused",
                "MessageError",
                f"a reply function of {self.agent!r} returned {pair!r:.80}; return (final, reply)",
            )
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
class ScanCode:
    """Set the register ``blocks`` to the code of the newest message that has any, among those that ``agent`` looks at.

    ``scan`` is "auto" (what was heard since the agent last spoke) or how many messages back to look.
    """

    agent: str
    thread: str
    scan: int | str

    def __call__(self, task: Task) -> Failure | None:
        """Change the register."""
        from flowagents.patterns.fences import find_blocks

        task.data["blocks"] = ()
        if isinstance(self.scan, int) and self.scan < 0:
            return Failure(
                "refused",
                "ConfigError",
                f"{self.agent!r}: last_n_messages is {self.scan}; give 0 or more, or 'auto'",
            )
        for position, message in enumerate(view_of(task, self.agent, self.thread).newest()):
            over = position >= self.scan if isinstance(self.scan, int) else message.get("role") != "user"
            if over:
                break
            content = message.get("content")
            found = find_blocks(text_of(content)) if content else ()
            if found:
                task.data["blocks"] = tuple((block.language, block.code) for block in found)
                break
        return None


@value
class TakeCode:
    """Take in what code did as the message that tells it."""

    def __call__(self, task: Task, answer: Any) -> None:
        """Change the register."""
        from flowagents.patterns.fences import format_reply

        task.data["message"] = format_reply(answer["exit_code"], answer["output"])


@value
class ListCalls:
    """Set the register ``calls`` to the tool calls of the heard message."""

    def __call__(self, task: Task) -> None:
        """Change the register."""
        task.data["calls"] = list(task.data["heard"]["tool_calls"])


@value
class JoinResults:
    """Make one message of the tools' results, in the order of the calls."""

    def __call__(self, task: Task) -> None:
        """Change the register."""
        data = task.data
        data["message"] = {
            "role": "tool",
            "content": "\n\n".join(data["results"]),
            "tool_responses": [
                {"tool_call_id": call.get("id", ""), "role": "tool", "content": result}
                for call, result in zip(data["calls"], data["results"], strict=True)
            ],
        }


@value
class KeepAnswer:
    """Keep the answer of an effect in the register ``into``."""

    into: str

    def __call__(self, task: Task, answer: Any) -> None:
        """Change the register."""
        task.data[self.into] = value_of(answer)


@value
class Because:
    """Set what the stop will say, where it ends for a reason that no rule wrote down."""

    stop: str
    name: str
    rule: str
    agent: str | None = None

    def __call__(self, task: Task) -> None:
        """Change the register, unless a rule has filled it in."""
        task.data["why"] = task.data.get("why") or {
            "stop": self.stop,
            "name": self.name,
            "rule": self.rule,
            "agent": self.agent,
        }


def settle(task: Task, agent: str, final: bool, reply: Any) -> None:
    """Set ``final`` and ``message`` from an answer; a final None means that the agent falls silent."""
    data = task.data
    data["final"] = final
    data["message"] = reply if final else None
    if final and reply is None:
        data["why"] = {"name": "silent", "rule": f"{agent} gave no reply", "agent": agent}


def value_of(answer: Any) -> Any:
    """Return what a function of the user returned; its answer also carries what it changed."""
    return answer["value"]


def for_model(system: str | None, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages of a request: the system message, then each message as a model takes it.

    A message with tool responses becomes those; if its own role is not ``tool`` the rest of it follows them.

    >>> for_model(
    ...     "Be kind.",
    ...     [
    ...         {
    ...             "role": "tool",
    ...             "content": "1",
    ...             "tool_responses": [{"role": "tool", "tool_call_id": "c", "content": "1"}],
    ...         }
    ...     ],
    ... )[1]
    {'role': 'tool', 'tool_call_id': 'c', 'content': '1'}
    """
    made: list[dict[str, Any]] = [] if system is None else [{"content": system, "role": "system"}]
    for message in messages:
        responses = message.get("tool_responses")
        if not responses:
            made.append(message)
            continue
        made.extend(dict(response) for response in responses)
        if message.get("role") != "tool":
            made.append({key: item for key, item in message.items() if key != "tool_responses"})
    return made


def last_message_summary(messages: list[dict[str, Any]]) -> str:
    """Return the content of the last message without the word TERMINATE; "" if there is none.

    >>> last_message_summary([{"content": "42 TERMINATE"}])
    '42 '
    """
    content = messages[-1].get("content") if messages else None
    if isinstance(content, list):
        content = "\n".join(
            part["text"] for part in content if isinstance(part, dict) and part.get("type") == "text"
        )
    return text_of(content).replace("TERMINATE", "")


@value
class Hookable:
    """Set the register ``hookable``: whether hooks for the newest message see it, which is plain text only."""

    def __call__(self, task: Task) -> None:
        """Change the register."""
        heard = task.data.get("heard") or {}
        plain = isinstance(heard.get("content"), str) and heard["content"] != EXIT
        task.data["hookable"] = plain and not heard.get("function_call") and not heard.get("context")


@value
class SettleGraph:
    """Take the result of a called graph, in the register ``reply``, as the final answer."""

    agent: str

    def __call__(self, task: Task) -> None:
        """Change the registers."""
        settle(task, self.agent, True, task.data.get("reply"))
