"""Messages as programs give them: checked, and with what earlier chats carry over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from flowagents.core.plain import NotPlain, plain
from flowagents.core.thread import body_of
from flowagents.errors import ConfigError, MessageError
from flowagents.patterns.talk import fault_of

Message: TypeAlias = str | Mapping[str, Any]
"""A message as programs give it: its text, or a dict with content or calls."""
MessageSource: TypeAlias = Message | Callable[..., Any] | None
"""How a chat begins: a message, a function that makes it, or None to ask the sender's human."""


def checked_message(message: Any, author: str) -> Any:
    """Return a message as JSON values. Raises MessageError if nobody could read it.

    >>> checked_message({"content": "hi"}, "user")
    {'content': 'hi'}
    """
    if isinstance(message, str):
        return message
    if not isinstance(message, Mapping):
        raise MessageError(f"{author!r} was to say {message!r:.80}; give a text or a dict")
    found = checked_part(message, author)
    if "content" not in body_of(found, author):
        raise MessageError(
            f"{author!r} was to say {message!r:.200}, which has neither content nor a call; "
            'give "content", "tool_calls" or "function_call"'
        )
    return found


def checked_part(message: Any, agent: str) -> dict[str, Any]:
    """Return a message of a history as JSON values, whatever it says. Raises MessageError if it is none.

    >>> checked_part({"role": "user"}, "bot")
    {'role': 'user'}
    """
    if not isinstance(message, Mapping):
        raise MessageError(f"{agent!r} was given the message {message!r:.80}; give a dict")
    try:
        found: dict[str, Any] = plain(dict(message))
    except NotPlain as problem:
        raise MessageError(f"a message for or of {agent!r} cannot be used: {problem}") from None
    fault = fault_of(found)
    if fault is not None:
        raise MessageError(f"{agent!r} was given the message {message!r:.200}; {fault}")
    return found


def with_carryover(message: Any, carryover: Any) -> Any:
    r"""Return a checked message with what is carried over appended to its text; nothing is appended to a call.

    Raises ConfigError unless the carryover is a text, a list or nothing.

    >>> with_carryover("go", ["a", {"content": "b"}])
    'go\nContext: \na\nb'
    """
    if not carryover:
        return message
    if isinstance(carryover, str):
        text = carryover
    elif isinstance(carryover, (list, tuple)):
        text = "\n".join(_item_text(item) for item in carryover)
    else:
        raise ConfigError(f"carryover is {carryover!r:.80}; give a text or a list")
    addition = f"\nContext: \n{text}"
    if isinstance(message, str):
        return message + addition
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": content + addition}
    if isinstance(content, list):
        return {**message, "content": [{"type": "text", "text": addition}, *content]}
    return message


def _item_text(item: Any) -> str:
    """Return one carried item as text."""
    if isinstance(item, dict) and "content" in item:
        return str(item["content"])
    return str(item)


def turns_of(max_turns: Any) -> int | None:
    """Return max_turns as a number; True is 1. Raises ConfigError for anything that is no whole number.

    >>> turns_of(True)
    1
    """
    if max_turns is None or isinstance(max_turns, int):
        return None if max_turns is None else int(max_turns)
    raise ConfigError(f"max_turns is {max_turns!r}; give a whole number, or None for no limit")
