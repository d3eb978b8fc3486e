"""What is sent to a model: arguments of chat.completions.create, from a configuration and a request.

Pure. Who sends it is in ``openai.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from flowagents.adapters.model_config import ModelConfig
from flowagents.errors import MessageError
from flowagents.ports import Json, ModelRequest


def request_body(config: ModelConfig, request: ModelRequest) -> dict[str, Json]:
    """Build the body of a request; raise MessageError if it cannot be written as JSON.

    What only makes sense beside tools is left out where there are none.

    >>> config = ModelConfig("gpt-4o", params={"temperature": 0, "tool_choice": "auto"})
    >>> request_body(config, ModelRequest(messages=[]))
    {'temperature': 0, 'model': 'gpt-4o', 'messages': []}
    """
    body: dict[str, Json] = {**config.params, "model": config.model, "messages": list(request.messages)}
    for name, offered, needless in (
        ("tools", request.tools, ("tool_choice", "parallel_tool_calls")),
        ("functions", request.functions, ("function_call",)),
    ):
        merged = _merged(offered, body.pop(name, ()))
        if merged:
            body[name] = merged
        else:
            body = {each: given for each, given in body.items() if each not in needless}
    if config.extra_body:
        body["extra_body"] = config.extra_body
    return _sendable(body)


def _merged(asked: Sequence[Mapping[str, Json]], configured: Sequence[Json]) -> list[Json]:
    """Join the tools of the request and of the configuration; of two with one name the request's counts."""
    names = [_tool_name(each) for each in asked]
    return [*asked, *(each for each in configured if _tool_name(each) not in names)]


def _tool_name(entry: Mapping[str, Json]) -> Json:
    function = entry.get("function", entry)
    return function.get("name") if isinstance(function, Mapping) else None


def _sendable(body: dict[str, Json]) -> dict[str, Json]:
    """Return the body with every half of a broken surrogate pair replaced: UTF-8 cannot carry it."""
    try:
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return {name: _mended(given) for name, given in body.items()}
    except (TypeError, ValueError) as error:
        raise MessageError(
            f"The request cannot be written as JSON ({error}). Messages hold JSON values only."
        ) from None
    return body


def _mended(given: Json) -> Json:
    if isinstance(given, str):
        return given.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(given, Mapping):
        return {_mended(name): _mended(each) for name, each in given.items()}
    return [_mended(each) for each in given] if isinstance(given, list | tuple) else given
