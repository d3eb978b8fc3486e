"""What a server answered, read strictly where it matters and tolerantly elsewhere.

Only the fields that are needed are read; what is no chat completion becomes a WireError that shows what was
found. Pure: decoded JSON in, values out. Sending is in ``openai.py``, trying again in ``retrying.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from flowagents.core.value import value
from flowagents.errors import WireError
from flowagents.ports import Json

SHOWN_CHARACTERS = 200
TOOL_NAME_CHARACTERS = 64
SECRET_CHARACTERS_MIN = 4
TOKEN = re.compile(r"\b(?:sk|pk|rk|gsk|xai)-[A-Za-z0-9_\-]{8,}|(?i:\bbearer\s+)[^\s\"',;]{8,}")
_UNREADABLE = object()
OUTSIDE_TOOL_NAME = re.compile(r"[^A-Za-z0-9_-]")


@value
class WireReply:
    """What was read from an answer. ``model`` and ``usage`` are None where the server said nothing."""

    message: Mapping[str, Json]
    finish_reason: str
    usage: Mapping[str, int] | None = None
    model: str | None = None


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` without the given secrets, nor anything else that looks like a key.

    >>> redacted("key abcdef, Bearer sk-0123456789", ["abcdef"])
    'key ***, ***'
    """
    from urllib.parse import quote

    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SECRET_CHARACTERS_MIN:
            for form in dict.fromkeys((secret, json.dumps(secret)[1:-1], quote(secret, safe=""))):
                text = text.replace(form, "***")
    return TOKEN.sub("***", text)


def excerpt(found: Json, secrets: Iterable[str] = ()) -> str:
    """Return the beginning of what was found, without secrets, for an error text.

    >>> excerpt({"a": 1})
    '{"a": 1}'
    """
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=repr)
    text = redacted(text.strip(), secrets).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."


def clean_tool_name(name: str) -> str:
    """Return a tool name as every server accepts it.

    >>> clean_tool_name("get weather!")
    'get_weather_'
    """
    return OUTSIDE_TOOL_NAME.sub("_", name)[:TOOL_NAME_CHARACTERS]


def read_body(body: str, secrets: Sequence[str] = ()) -> WireReply:
    """Read the body of an answer that is not streamed; raise WireError if it is no chat completion.

    >>> read_body('{"choices": [{"message": {"content": "hi"}}]}').message
    {'content': 'hi'}
    """
    raw: Json = _UNREADABLE
    with suppress(ValueError, RecursionError):
        raw = json.loads(body)
    if raw is _UNREADABLE:
        raise WireError(_not_json(body, secrets))
    return check_reply(raw, secrets)


def check_reply(raw: Json, secrets: Sequence[str] = ()) -> WireReply:
    """Read a decoded answer; raise WireError if it is no chat completion.

    >>> reply = check_reply({"choices": [{"message": {"content": [{"type": "text", "text": "hi"}]}}]})
    >>> reply.message, reply.finish_reason, reply.usage
    ({'content': 'hi'}, 'stop', None)
    """
    if not isinstance(raw, Mapping):
        raise _bad(f"a JSON {_kind(raw)} where an object was expected", raw, secrets)
    if raw.get("error"):
        raise _bad("an error inside an answer with status 200", raw["error"], secrets)
    choices = raw.get("choices")
    if not isinstance(choices, list) or not choices:
        found = "no choices" if "choices" not in raw else f"choices: {excerpt(choices, secrets)}"
        raise _bad(found, raw, secrets)
    choice = choices[0]
    given = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(given, Mapping):
        raise _bad("a first choice without a message", choice, secrets)
    message = read_message(given, secrets)
    return WireReply(
        message=message,
        finish_reason=finish_reason(choice.get("finish_reason"), given, message),
        usage=read_usage(raw.get("usage")),
        model=_text_or_none(raw.get("model")),
    )


def read_message(given: Mapping[str, Json], secrets: Sequence[str] = ()) -> dict[str, Json]:
    """Return content and calls of a message in the one shape used everywhere; nothing else is kept.

    Call ids that are missing or not unique are replaced by ``call_0``, ``call_1`` ...

    >>> read_message({"tool_calls": [{"id": "", "function": {"name": "now", "arguments": ""}}]})["tool_calls"]
    [{'id': 'call_0', 'type': 'function', 'function': {'name': 'now', 'arguments': ''}}]
    """
    calls = given.get("tool_calls") or None
    legacy = given.get("function_call") or None
    if isinstance(legacy, Mapping) and not any(legacy.values()):
        legacy = None  # some servers fill in the field with empty texts
    if not any(name in given for name in ("content", "tool_calls", "function_call", "refusal")):
        raise _bad("a message with neither content nor a call", given, secrets)
    content = read_content(given.get("content"), secrets)
    if content is None and not calls and not legacy:
        content = _text_or_none(given.get("refusal")) or ""
    message: dict[str, Json] = {"content": content}
    if calls:
        message["tool_calls"] = _read_calls(calls, secrets)
    if legacy:
        message["function_call"] = _read_function(legacy, secrets)
    return message


def read_content(given: Json, secrets: Sequence[str] = ()) -> str | None:
    """Return content as one text; the text parts of a list are joined, parts of other kinds are left out.

    >>> read_content([{"type": "thinking", "thinking": []}, {"type": "text", "text": "yes"}])
    'yes'
    """
    if given is None or isinstance(given, str):
        return given
    if not isinstance(given, list):
        raise _bad(f"content that is a {_kind(given)}", given, secrets)
    pieces = [part if isinstance(part, str) else _part_text(part) for part in given]
    return "".join(pieces)


def read_usage(given: Json) -> dict[str, int] | None:
    """Return the token counts that were said, or None; a missing total is the sum.

    >>> read_usage({"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}})
    {'prompt_tokens': 3, 'completion_tokens': 2, 'total_tokens': 5, 'cached_tokens': 1}
    """
    if not isinstance(given, Mapping):
        return None
    prompt, completion = _count(given.get("prompt_tokens")), _count(given.get("completion_tokens"))
    if prompt is None and completion is None:
        return None
    total = _count(given.get("total_tokens"))
    summed = (prompt or 0) + (completion or 0)
    usage = {
        "prompt_tokens": prompt or 0,
        "completion_tokens": completion or 0,
        "total_tokens": summed if total is None else total,
    }
    details = given.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else None
    return usage if cached is None else {**usage, "cached_tokens": cached}


def finish_reason(given: Json, message: Mapping[str, Json], read: Mapping[str, Json]) -> str:
    """Return the reason a server gave for the end, or what the message tells; ``read`` is what is kept of it.

    >>> finish_reason(None, {"content": "hi"}, {"content": "hi"})
    'stop'
    """
    refused = bool(message.get("refusal"))
    if isinstance(given, str) and given and not (given == "stop" and refused):
        return given
    return "refusal" if refused else next((each for each in CALLS if each in read), "stop")


class StreamedReply:
    """Puts a streamed answer together, chunk by chunk.

    It is complete if a finish reason or a usage block was seen; a server that breaks off says neither.

    >>> reply = StreamedReply()
    >>> (
    ...     reply.add({"choices": [{"delta": {"content": "Hel"}}]}),
    ...     reply.add({"choices": [{"delta": {"content": "lo"}}]}),
    ... )
    ('Hel', 'lo')
    >>> reply.add({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    ''
    >>> reply.finish().message
    {'content': 'Hello'}
    """

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = secrets
        self._pieces: list[str] = []
        self._refusal: list[str] = []
        self._calls: list[_StreamedCall] = []
        self._legacy: _StreamedCall | None = None
        self._finish_reason: str | None = None
        self._usage: dict[str, int] | None = None
        self._model: str | None = None
        self._chunks = 0

    def add(self, chunk: Json) -> str:
        """Take in one chunk and return the text it adds, "" for none.

        >>> StreamedReply().add({"choices": []})
        ''
        """
        self._chunks += 1
        if not isinstance(chunk, Mapping):
            raise _bad(f"a chunk that is a {_kind(chunk)}", chunk, self._secrets)
        if chunk.get("error"):
            raise _bad("an error in the middle of a stream", chunk["error"], self._secrets)
        self._model = _text_or_none(chunk.get("model")) or self._model
        self._usage = read_usage(chunk.get("usage")) or self._usage
        choices = chunk.get("choices") or ()
        choice = choices[0] if isinstance(choices, list) and choices else {}
        if not isinstance(choice, Mapping):
            raise _bad("a chunk whose choice is no object", chunk, self._secrets)
        self._finish_reason = _text_or_none(choice.get("finish_reason")) or self._finish_reason
        delta = choice.get("delta") or {}
        if not isinstance(delta, Mapping):
            raise _bad("a chunk whose delta is no object", chunk, self._secrets)
        return self._take(delta)

    def finish(self) -> WireReply:
        """Return the whole answer, or raise WireError if the stream broke off.

        >>> StreamedReply().finish()
        Traceback (most recent call last):
        flowagents.errors.WireError: the server sent an empty stream...
        """
        text = "".join(self._pieces)
        if not self._chunks:
            raise WireError("the server sent an empty stream instead of a chat completion")
        if self._finish_reason is None and self._usage is None:
            raise WireError(
                f"the stream broke off after {self._chunks} chunk(s), without a finish reason or a token"
                f" count. It had said: {excerpt(text, self._secrets)!r}"
            )
        given: dict[str, Json] = {"content": text or None, "refusal": "".join(self._refusal)}
        given["tool_calls"] = [call.entry() for call in sorted(self._calls, key=lambda each: each.index)]
        given["function_call"] = self._legacy.entry()["function"] if self._legacy else None
        message = read_message(given, self._secrets)
        return WireReply(message, finish_reason(self._finish_reason, given, message), self._usage, self._model)

    def _take(self, delta: Mapping[str, Json]) -> str:
        piece = read_content(delta.get("content"), self._secrets) or ""
        self._pieces.append(piece)
        self._refusal.append(_text_or_none(delta.get("refusal")) or "")
        entries = delta.get("tool_calls") or []
        for entry in entries if isinstance(entries, list) else [entries]:
            if not isinstance(entry, Mapping):
                raise _bad("a piece of a tool call that is no object", entry, self._secrets)
            self._call_for(entry).add(entry.get("function"))
        legacy = delta.get("function_call")
        if legacy:
            self._legacy = self._legacy or _StreamedCall(0, "")
            self._legacy.add(legacy)
        return piece

    def _call_for(self, entry: Mapping[str, Json]) -> _StreamedCall:
        """Find the call a piece belongs to: by index; a second id at one index begins another call."""
        given_id = _text_or_none(entry.get("id")) or ""
        index = entry.get("index")
        same = [call for call in self._calls if index is None or call.index == index]
        last = same[-1] if same else None
        if last is not None and (not given_id or not last.id or last.id == given_id):
            last.id = last.id or given_id
            return last
        call = _StreamedCall(index if isinstance(index, int) else len(self._calls), given_id)
        self._calls.append(call)
        return call


class _StreamedCall:
    """One call of a stream, growing."""

    def __init__(self, index: int, given_id: str) -> None:
        self.index = index
        self.id = given_id
        self.name = ""
        self.arguments: list[str] = []

    def add(self, function: Json) -> None:
        if not isinstance(function, Mapping):
            return
        name = _text_or_none(function.get("name")) or ""
        self.name += "" if name == self.name else name
        arguments = function.get("arguments")
        if arguments is not None:
            self.arguments.append(arguments if isinstance(arguments, str) else json.dumps(arguments))

    def entry(self) -> dict[str, Json]:
        return {"id": self.id, "function": {"name": self.name, "arguments": "".join(self.arguments)}}


def _read_calls(given: Json, secrets: Sequence[str]) -> list[dict[str, Json]]:
    if not isinstance(given, list) or not all(isinstance(call, Mapping) for call in given):
        raise _bad("tool_calls that are no list of objects", given, secrets)
    ids = _unique_ids([call.get("id") for call in given])
    return [
        {"id": call_id, "type": "function", "function": _read_function(call.get("function"), secrets)}
        for call_id, call in zip(ids, given, strict=True)
    ]


def _unique_ids(given: Sequence[Json]) -> list[str]:
    """Keep the first use of each id; the others get the first free of call_0, call_1 ..."""
    kept: list[str] = []
    taken = {each for each in given if isinstance(each, str)}
    for index, each in enumerate(given):
        own = each if isinstance(each, str) and each and each not in kept else f"call_{index}"
        while own != each and own in taken:
            own += "_"
        kept.append(own)
        taken.add(own)
    return kept


def _read_function(given: Json, secrets: Sequence[str]) -> dict[str, Json]:
    name = given.get("name") if isinstance(given, Mapping) else None
    if not isinstance(name, str) or not name:
        raise _bad("a call that names no function", given, secrets)
    arguments = given.get("arguments")
    if arguments is None:
        arguments = "{}"
    elif isinstance(arguments, dict | list):
        arguments = json.dumps(arguments, ensure_ascii=False)
    elif not isinstance(arguments, str):
        raise _bad(f"arguments that are a {_kind(arguments)}", given, secrets)
    return {"name": clean_tool_name(name), "arguments": arguments}


def _part_text(part: Json) -> str:
    return (_text_or_none(part.get("text")) or "") if isinstance(part, Mapping) else ""


def _text_or_none(given: Json) -> str | None:
    return given if isinstance(given, str) and given else None


def _count(given: Json) -> int | None:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < float("inf"):
        return None
    return int(given)


CALLS = ("function_call", "tool_calls")
KINDS: Sequence[tuple[type, str]] = (
    (bool, "boolean"),
    (str, "text"),
    (list, "list"),
    (int, "number"),
    (float, "number"),
)


def _kind(given: Json) -> str:
    return next((word for kind, word in KINDS if isinstance(given, kind)), "null" if given is None else "object")


def _bad(found: str, shown: Json, secrets: Sequence[str]) -> WireError:
    return WireError(
        f"the server answered with {found}, which is no chat completion. It sent: {excerpt(shown, secrets)}"
    )


LOOKS_LIKE: Sequence[tuple[Callable[[str], bool], str]] = (
    (lambda body: not body.strip(), "an empty body"),
    (
        lambda body: body.lstrip().startswith("<"),
        "a web page (is the path of base_url right? it often ends in /v1)",
    ),
    (lambda body: body.lstrip().startswith(("{", "[")), "JSON that breaks off or is damaged"),
)


def _not_json(body: str, secrets: Sequence[str]) -> str:
    found = next((words for looks, words in LOOKS_LIKE if looks(body)), "text that is no JSON")
    return f"the server answered with {found} instead of a chat completion. It sent: {excerpt(body, secrets)!r}"
