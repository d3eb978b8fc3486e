"""What a model gets to see of a long conversation: limits on messages and tokens, applied before each reply.

They change the view for one reply, never what is stored. They are applied in a hook, so the graph shows them, and a
trace records what they left. A call and its results are one piece: they stay together or go together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from flowagents.classic.tokens import CountTokens, beginning, estimate_tokens, message_tokens
from flowagents.errors import ConfigError

Messages = list[dict[str, Any]]
HOOK = "process_all_messages_before_reply"


class MessageTransform(Protocol):
    """Something that makes a shorter list of messages out of one, and changes neither the list nor its messages."""

    def apply_transform(self, messages: Messages) -> Messages:
        """Return the messages that are left."""
        ...


class Hookable(Protocol):
    """An agent that can be given hooks."""

    def register_hook(self, hookable_method: str, hook: Callable[..., Any]) -> None:
        """Let a function change messages."""
        ...


class TransformMessages:
    """Several transforms, applied in order to what an agent sees before it replies.

    A system message at the beginning is left as it is. ``verbose`` prints a line when something was left out or cut.

    >>> TransformMessages([MessageHistoryLimiter(2)]).apply([{"content": text} for text in "abc"])
    [{'content': 'b'}, {'content': 'c'}]
    """

    def __init__(self, transforms: Sequence[MessageTransform] = (), verbose: bool = False) -> None:
        for each in transforms:
            if not callable(getattr(each, "apply_transform", None)):
                raise ConfigError(f"a transform is {each!r:.80}; give objects with a method apply_transform(messages).")
        self.transforms = tuple(transforms)
        self.verbose = verbose

    def add_to_agent(self, agent: Hookable) -> None:
        """Apply the transforms before every reply of an agent, after the hooks it has already."""
        agent.register_hook(HOOK, self.apply)

    def apply(self, messages: Sequence[Mapping[str, Any]]) -> Messages:
        """Return what the transforms leave of the messages, as new dicts."""
        given = [dict(message) for message in messages]
        system = given[:1] if given and given[0].get("role") == "system" else []
        left = given[len(system) :]
        for transform in self.transforms:
            left = transform.apply_transform(left)
        left = system + left
        if self.verbose and left != given:
            from flowagents.adapters.printing import write_to_screen

            before, after = (sum(message_tokens(message) for message in each) for each in (given, left))
            counts = f"{len(given)} to {len(left)} messages, about {before} to {after} tokens"
            write_to_screen(f"Messages were limited: {counts}.\n")
        return left


class MessageHistoryLimiter:
    """Keep the newest messages, at most ``max_messages`` (None: all); the first is one of them if so asked.

    The newest message is always kept, with the call it answers and that call's other results, even if they are more.

    >>> limiter = MessageHistoryLimiter(2, keep_first_message=True)
    >>> limiter.apply_transform([{"content": text} for text in "abc"])
    [{'content': 'a'}, {'content': 'c'}]
    """

    def __init__(self, max_messages: int | None = None, keep_first_message: bool = False) -> None:
        _check_limit("max_messages", max_messages)
        if keep_first_message and max_messages == 1:
            raise ConfigError("max_messages is 1, but keep_first_message and the newest one need room for 2: give 2.")
        self.max_messages = max_messages
        self.keep_first_message = keep_first_message

    def apply_transform(self, messages: Messages) -> Messages:
        """Return the messages that are left; those given are not changed."""
        if self.max_messages is None or len(messages) <= self.max_messages:
            return messages
        pieces = pieces_of(messages)
        first = pieces[:1] if self.keep_first_message else []
        room = self.max_messages - sum(map(len, first))
        kept: list[Messages] = []
        for piece in reversed(pieces[len(first) :]):
            if kept and len(piece) > room:
                break
            kept.insert(0, piece)
            room -= len(piece)
        return [message for piece in first + kept for message in piece]


class MessageTokenLimiter:
    """Cut long messages to their beginning, and keep the newest ones, by tokens.

    No text (a content, a text part of one, the result of a tool) keeps more than ``max_tokens_per_message``. All
    messages together keep at most ``max_tokens``: the oldest one that fits in part is cut, and those before it are left
    out. Where all come to fewer than ``min_tokens``, nothing is done. Messages that match ``filter_dict`` (field to
    accepted values; with ``exclude_filter=False`` those that do not) count, but are never cut.

    Tokens are estimated by ``count_tokens``, for every ``model`` alike. The arguments of a call are never cut. The
    newest message is always kept, with the call it answers and that call's results, cut as far as their texts allow.

    >>> MessageTokenLimiter(max_tokens_per_message=2).apply_transform([{"content": "one two three"}])
    [{'content': 'one two '}]
    """

    def __init__(
        self,
        max_tokens_per_message: int | None = None,
        max_tokens: int | None = None,
        min_tokens: int | None = None,
        model: str | None = None,
        filter_dict: Mapping[str, Any] | None = None,
        exclude_filter: bool = True,
        *,
        count_tokens: CountTokens = estimate_tokens,
    ) -> None:
        _check_limit("max_tokens_per_message", max_tokens_per_message)
        _check_limit("max_tokens", max_tokens)
        _check_limit("min_tokens", min_tokens, least=0)
        if filter_dict is not None and not isinstance(filter_dict, Mapping):
            raise ConfigError(f"filter_dict is {filter_dict!r:.80}; give a dict from field to accepted values.")
        self.max_tokens_per_message = max_tokens_per_message
        self.max_tokens = max_tokens
        self.min_tokens = min_tokens
        self.model = model
        self.filter_dict = filter_dict
        self.exclude_filter = exclude_filter
        self.count_tokens = count_tokens

    def apply_transform(self, messages: Messages) -> Messages:
        """Return the messages that are left, cut where necessary; those given are not changed."""
        if self.min_tokens is not None and self._tokens(messages) < self.min_tokens:
            return messages
        if self.max_tokens_per_message is not None:
            messages = [self._cut(message, self.max_tokens_per_message) for message in messages]
        if self.max_tokens is None:
            return messages
        kept: list[Messages] = []
        room = self.max_tokens
        for piece in reversed(pieces_of(messages)):
            fitting = self._fitted(piece, room, newest=not kept)
            if fitting is None:
                break
            kept.insert(0, fitting)
            room -= self._tokens(fitting)
            if fitting != piece:
                break
        return [message for piece in kept for message in piece]

    def _tokens(self, messages: Messages) -> int:
        return sum(message_tokens(message, self.count_tokens) for message in messages)

    def _fitted(self, piece: Messages, room: int, *, newest: bool) -> Messages | None:
        """Return a piece, cut if need be; None if it is to go. The newest is cut in all its texts alike."""
        used = self._tokens(piece)
        if used <= room:
            return piece
        if not newest and (len(piece) > 1 or piece[0].get("tool_responses") or self._exempt(piece[0])):
            return None
        texts = [text for message in piece if not self._exempt(message) for text in _texts(message)]
        share = self._share([self.count_tokens(text) for text in texts], used - room)
        if share <= 0 and not newest:
            return None
        return [self._cut(message, max(share, 1)) for message in piece]

    def _share(self, counts: list[int], excess: int) -> int:
        """Return how many tokens each text may keep, so that ``excess`` are saved: long ones give, short ones stay."""
        room = sum(counts) - excess
        for rank, count in enumerate(sorted(counts)):
            share = room // (len(counts) - rank)
            if count > share:
                return share
            room -= count
        return 0

    def _exempt(self, message: Mapping[str, Any]) -> bool:
        if self.filter_dict is None:
            return False
        matches = all(_accepts(message.get(name), given) for name, given in self.filter_dict.items())
        return matches is self.exclude_filter

    def _cut(self, message: dict[str, Any], tokens_max: int) -> dict[str, Any]:
        """Return a message whose texts have at most so many tokens each."""
        if self._exempt(message):
            return message
        content = message.get("content")
        cut = {**message}
        if isinstance(content, str):
            cut["content"] = beginning(content, tokens_max, self.count_tokens)
        elif isinstance(content, list):
            cut["content"] = [self._cut_part(part, tokens_max) for part in content]
        if message.get("tool_responses"):
            cut["tool_responses"] = [self._cut(dict(each), tokens_max) for each in message["tool_responses"]]
        return cut

    def _cut_part(self, part: Any, tokens_max: int) -> Any:
        if isinstance(part, Mapping) and isinstance(part.get("text"), str):
            return {**part, "text": beginning(part["text"], tokens_max, self.count_tokens)}
        return part


def pieces_of(messages: Messages) -> list[Messages]:
    """Divide messages into pieces that must not be separated: each call with its results and all between them.

    >>> call = {"tool_calls": [{"id": "c"}]}
    >>> result = {"role": "tool", "tool_call_id": "c"}
    >>> [len(piece) for piece in pieces_of([{"content": "hi"}, call, result, {"content": "ho"}])]
    [1, 2, 1]
    """
    pieces: list[Messages] = []
    begins: dict[str, int] = {}  # at which message the piece of each open call begins
    starts: list[int] = []  # of the pieces
    for index, message in enumerate(messages):
        found = [begins[answered] for answered in _answered(message) if answered in begins]
        while found and starts and starts[-1] > min(found):
            starts.pop()
        if not found:
            starts.append(index)
        for proposed in _proposed(message):
            begins[proposed] = starts[-1]
    for start, end in zip(starts, [*starts[1:], len(messages)], strict=True):
        pieces.append(messages[start:end])
    return pieces


def _proposed(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names under which results will answer the calls of a message."""
    for call in message.get("tool_calls") or ():
        yield f"tool {call.get('id')}"
    if message.get("function_call"):
        yield f"function {message['function_call'].get('name')}"


def _answered(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the calls that a message answers."""
    for response in message.get("tool_responses") or ():
        yield f"tool {response.get('tool_call_id')}"
    if message.get("role") == "function":
        yield f"function {message.get('name')}"
    elif message.get("tool_call_id") is not None:
        yield f"tool {message['tool_call_id']}"


def _texts(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of a message that reach the model and may be cut."""
    responses = message.get("tool_responses") or ()
    for response in responses:
        yield from _texts(response)
    content = message.get("content")
    if isinstance(content, list):
        yield from (part["text"] for part in content if isinstance(part, Mapping) and isinstance(part.get("text"), str))
    elif isinstance(content, str) and not (responses and message.get("role") == "tool"):
        yield content


def _accepts(given: Any, accepted: Any) -> bool:
    return given in accepted if isinstance(accepted, list | tuple | set | frozenset) else given == accepted


def _check_limit(name: str, given: object, least: int = 1) -> None:
    """Raise ConfigError for a limit nobody could keep to."""
    if given is not None and (not isinstance(given, int) or isinstance(given, bool) or given < least):
        raise ConfigError(f"{name} is {given!r:.80}; give a whole number of at least {least}, or None for no limit.")
