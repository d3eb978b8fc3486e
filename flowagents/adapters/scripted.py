"""A model that answers what it was told to, for tests and examples without a key.

It never asks anybody. Its replies say ``source="scripted"``, so a trace shows that no model was called.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from flowagents.adapters.wire import excerpt, finish_reason, read_content, read_message, read_usage
from flowagents.core.value import replaced
from flowagents.errors import ConfigError, ScriptExhausted, WireError
from flowagents.ports import Json, ModelReply, ModelRequest

Fixed: TypeAlias = str | Mapping[str, Json] | BaseException
Scripted: TypeAlias = Fixed | Callable[[ModelRequest], Fixed]
"""A reply: a text, a message, an exception to raise, or a function from the request to one of these."""

REQUESTS_MAX = 1_000
MESSAGE_FIELDS = ("content", "tool_calls", "function_call", "role")
REPLY_FIELDS = ("usage", "finish_reason", "model")
PIECE = re.compile(r"\s*\S+\s*\Z|\s*\S+|\s+\Z")


class ScriptedModel:
    """A model that gives prepared replies: by the first rule that matches, else in order, else ``default``.

    A rule is (text, reply) and matches if the last message contains the text; rules may be a dict, and do not
    wear out. A message may carry ``usage``, ``finish_reason`` and ``model`` beside its fields; arguments
    of calls may be dicts. ``requests`` keeps the last ``requests_max`` requests.

    >>> model = ScriptedModel(["hello", "bye"])
    >>> model.create(ModelRequest(messages=[{"role": "user", "content": "hi"}])).message
    {'content': 'hello'}
    """

    def __init__(
        self,
        replies: Iterable[Scripted] = (),
        *,
        name: str = "scripted-model",
        default: Scripted | None = None,
        rules: Mapping[str, Scripted] | Sequence[tuple[str, Scripted]] = (),
        requests_max: int = REQUESTS_MAX,
    ) -> None:
        if isinstance(replies, str):
            raise ConfigError(f"ScriptedModel {name!r} takes a list of replies, not one text: [{replies!r}].")
        self.name = name
        self._replies: Sequence[Scripted] = tuple(replies)
        self._rules = tuple(rules.items() if isinstance(rules, Mapping) else rules)
        self._default = default
        self._given = 0
        self._rules_used: set[int] = set()
        self._requests: deque[ModelRequest] = deque(maxlen=requests_max)
        prepared = [*self._replies, *(reply for _, reply in self._rules)]
        for reply in prepared if default is None else [*prepared, default]:
            if not callable(reply) and not isinstance(reply, BaseException):
                _read(reply, name)

    def __repr__(self) -> str:
        left = len(self._replies) - self._given
        return f"ScriptedModel({self.name!r}, {left} of {len(self._replies)} replies left)"

    @property
    def requests(self) -> tuple[ModelRequest, ...]:
        """Return what was asked, oldest first.

        >>> ScriptedModel(["hello"]).requests
        ()
        """
        return tuple(self._requests)

    def create(self, request: ModelRequest, on_delta: Callable[[str], None] | None = None) -> ModelReply:
        """Give the next reply, word by word to ``on_delta``; raise ScriptExhausted if there is none.

        >>> ScriptedModel(rules={"name": "Bob."}).create(
        ...     ModelRequest(messages=[{"role": "user", "content": "Your name?"}]), on_delta=print
        ... ).finish_reason
        Bob.
        'stop'
        """
        self._requests.append(replaced(request, messages=tuple(request.messages)))
        scripted = self._choose(request)
        fixed = scripted(request) if callable(scripted) else scripted
        if isinstance(fixed, BaseException):
            raise fixed
        reply = _read(fixed, self.name)
        if on_delta is not None:
            for piece in PIECE.findall(reply.message["content"] or ""):
                on_delta(piece)
        return reply

    def assert_used_up(self) -> None:
        """Raise AssertionError if a reply or a rule was never used.

        >>> ScriptedModel(["hello"]).assert_used_up()
        Traceback (most recent call last):
        AssertionError: ScriptedModel 'scripted-model': 1 of 1 replies were never given. The next one: 'hello'
        """
        left = self._replies[self._given :]
        if left:
            raise AssertionError(
                f"ScriptedModel {self.name!r}: {len(left)} of {len(self._replies)} replies were never given."
                f" The next one: {_shown(left[0])}"
            )
        unused = [text for index, (text, _) in enumerate(self._rules) if index not in self._rules_used]
        if unused:
            raise AssertionError(f"ScriptedModel {self.name!r}: rules that never matched: {unused}")

    def _choose(self, request: ModelRequest) -> Scripted:
        text = _last_text(request)
        for index, (contained, reply) in enumerate(self._rules):
            if contained in text:
                self._rules_used.add(index)
                return reply
        if self._given < len(self._replies):
            self._given += 1
            return self._replies[self._given - 1]
        if self._default is not None:
            return self._default
        raise ScriptExhausted(self._exhausted(text))

    def _exhausted(self, text: str) -> str:
        rules = f" and none of its {len(self._rules)} rule(s) matches" if self._rules else ""
        return (
            f"ScriptedModel {self.name!r} has given all {len(self._replies)} replies{rules}."
            f" It was asked: {excerpt(text)!r}.\n"
            "  Add a reply, or a rule for this message (rules={'text it contains': 'reply'}), or a default,\n"
            "  or end the conversation earlier."
        )


def _read(fixed: Fixed, name: str) -> ModelReply:
    """Turn a text or a message into a reply, in the shape that a server's answer gets too."""
    given = {"content": fixed} if isinstance(fixed, str) else fixed
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"ScriptedModel {name!r}: a reply is a text, a message, an exception or a function, not {fixed!r}."
        )
    unknown = [field for field in given if field not in MESSAGE_FIELDS + REPLY_FIELDS]
    if unknown:
        known = ", ".join(MESSAGE_FIELDS + REPLY_FIELDS)
        raise ConfigError(f"ScriptedModel {name!r}: a reply has the unknown fields {unknown}. Known are: {known}.")
    try:
        message = read_message(given)
    except WireError as error:
        raise ConfigError(f"ScriptedModel {name!r}: {error}") from None
    if given.get("content") is None:
        message["content"] = None
    return ModelReply(
        message=message,
        model=given.get("model") or name,
        usage=read_usage(given.get("usage")),
        finish_reason=finish_reason(given.get("finish_reason"), given, message),
        source="scripted",
    )


def _last_text(request: ModelRequest) -> str:
    content = request.messages[-1].get("content") if request.messages else None
    return read_content(content) or ""


def _shown(reply: Scripted) -> str:
    return repr(excerpt(reply)) if isinstance(reply, str | Mapping) else repr(reply)
