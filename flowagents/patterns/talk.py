"""The rules of talking: who said what into which thread, whether a conversation is over, what an answer means.

Every rule is a value over the registers and the memory of a task. Registers: ``message`` (about to be said), ``heard``
(the newest message the speaker hears), ``messages`` (what it sees, where a hook or a caller replaced its view),
``verdict`` (what the check found), ``final`` (whether an answer settles the reply), ``why`` (what a stop will say),
``turns`` (messages of the initiator), ``calls`` and ``results`` (of tools), ``blocks`` (of code).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowagents.core.events import Failure
from flowagents.core.guards import Guard, text_of
from flowagents.core.task import Task
from flowagents.core.thread import Entry, Shown, Thread, View, body_of
from flowagents.core.value import value
from flowagents.patterns import keys

EXIT = "exit"
"""What a human types to leave: exactly this, in lower case and without blanks."""


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
            fault = fault_of(body)
            if fault is not None:
                return Failure("refused", "MessageError", f"{self.author!r} was to say {message!r:.200}; {fault}")
        else:
            return _refused(self.author, message)
        key = keys.thread(self.thread)
        memory[key] = (memory.get(key) or Thread()).append(Entry(self.author, body))
        data["heard"] = body
        data["message"] = None
        data["messages"] = None
        data["why"] = None
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


def fault_of(message: Mapping[str, Any]) -> str | None:
    """Say what is wrong with the parts of a message and what they should be; None if nothing is.

    >>> fault_of({"content": 5})
    'its content is 5; give a text, a list of parts, or None'
    """
    content = message.get("content")
    if not (content is None or isinstance(content, str) or _all_of(content, (dict, str))):
        return f"its content is {content!r:.80}; give a text, a list of parts, or None"
    calls = message.get("tool_calls")
    if calls is not None and not (_all_of(calls, dict) and all(_is_call(call.get("function")) for call in calls)):
        return f"its tool_calls are {calls!r:.80}; give a list of dicts, each with an id and a function with a name"
    call = message.get("function_call")
    if call is not None and not _is_call(call):
        return f"its function_call is {call!r:.80}; give a dict with name and arguments"
    responses = message.get("tool_responses")
    if responses is not None and not _all_of(responses, dict):
        return f"its tool_responses are {responses!r:.80}; give a list of messages"
    return None


def _all_of(items: Any, kinds: type | tuple[type, ...]) -> bool:
    """Tell whether something is a list of items of some kinds."""
    return isinstance(items, (list, tuple)) and all(isinstance(item, kinds) for item in items)


def _is_call(call: Any) -> bool:
    """Tell whether something is a proposed call of a named function."""
    return isinstance(call, dict) and isinstance(call.get("name"), str)


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
    """Decide whether ``agent`` goes on with ``peer``: the register ``verdict`` becomes ask, ended, limit or auto.

    ``ended`` is the termination rule; None where the register ``ended`` already holds what the user's function said.
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


@value
class EndAt:
    """Set the register ``ending``: which end the conversation came to, while something else is still done."""

    name: str

    def __call__(self, task: Task) -> None:
        """Change the register."""
        task.data["ending"] = self.name


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
        content = "\n".join(part["text"] for part in content if isinstance(part, dict) and part.get("type") == "text")
    return text_of(content).replace("TERMINATE", "")


@value
class Hookable:
    """Set the register ``hookable``: whether hooks for the newest message see it, which is plain text only."""

    def __call__(self, task: Task) -> None:
        """Change the register."""
        heard = task.data.get("heard") or {}
        plain = isinstance(heard.get("content"), str) and heard["content"] != EXIT
        task.data["hookable"] = plain and not heard.get("function_call") and not heard.get("context")
