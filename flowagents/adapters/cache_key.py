"""What a cache goes by: everything that reaches a model, and which model that is, as one text.

Two questions with the same text have the same answer as far as a cache knows. Pure; keeping answers is in ``cache.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowagents.adapters.model_config import ModelConfig, ModelSettings
from flowagents.adapters.model_request import request_body
from flowagents.adapters.wire import excerpt
from flowagents.core.canonical import canonical, sha256_of
from flowagents.core.plain import NotPlain, plain
from flowagents.errors import ConfigError, MessageError
from flowagents.ports import Json, ModelRequest

VERSION = 1
"""The version of the text; it is part of it, so that older entries are no longer found."""
NOT_ASKED = ("user", "metadata", "stream_options")
"""Fields of a request that no answer depends on."""
ELSEWHERE = ("messages", *NOT_ASKED)
OPENAI_URL = "https://api.openai.com/v1"
PORTS = {"http": 80, "https": 443}


def endpoint_of(client: object) -> ModelSettings | Json:
    """Return who a client asks: its ``settings``, its ``endpoint``, or its class and ``name``.

    Raises ConfigError for a client that has none of them: answers of different models must not be mixed up.

    >>> from flowagents.adapters.scripted import ScriptedModel
    >>> endpoint_of(ScriptedModel([], name="m"))
    {'client': 'ScriptedModel', 'name': 'm'}
    """
    settings = getattr(client, "settings", None)
    if isinstance(settings, ModelSettings):
        return settings
    own = getattr(client, "endpoint", None)
    if own is not None:
        return own
    name = getattr(client, "name", None)
    if isinstance(name, str):
        return {"client": type(client).__qualname__, "name": name}
    raise ConfigError(
        f"answers of {client!r:.80} cannot be kept, since it does not say which model it asks:"
        ' give it an attribute endpoint, such as {"url": ..., "model": ...}, or leave the cache out.'
    )


def asked_text(endpoint: ModelSettings | Json, request: ModelRequest) -> str:
    """Return what is asked, and of whom, as canonical JSON. Keys, headers, timeouts, prices and tags are no part of it.

    >>> print(asked_text({"name": "m"}, ModelRequest([])))
    {"endpoint":{"name":"m"},"functions":[],"messages":[],"tools":[],"version":1}
    """
    try:
        if not isinstance(endpoint, ModelSettings):
            return canonical({**plain(request), "endpoint": plain(endpoint), "version": VERSION})
        bodies = [request_body(config, request) for config in endpoint.configs]
        configs = [
            {"endpoint": _server(config), "body": {name: body[name] for name in body if name not in ELSEWHERE}}
            for config, body in zip(endpoint.configs, bodies, strict=True)
        ]
        messages = bodies[0]["messages"]  # the same in all
        return canonical(plain({"version": VERSION, "messages": messages, "configs": configs}))
    except NotPlain as problem:
        raise MessageError(f"The request cannot be kept: {problem}. Messages hold JSON values only.") from None


def _server(config: ModelConfig) -> dict[str, Json]:
    """Return where a configuration sends its requests, without passwords; of a query only a digest."""
    from urllib.parse import urlsplit

    parts = urlsplit(config.base_url or OPENAI_URL)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    port = f":{parts.port}" if parts.port not in (None, PORTS.get(scheme)) else ""
    server: dict[str, Json] = {"api_type": config.api_type, "url": f"{scheme}://{host}{port}{parts.path.rstrip('/')}"}
    if config.api_version is not None:
        server["api_version"] = config.api_version
    if parts.query:
        server["query"] = sha256_of(canonical(parts.query))[:16]
    return server


def differences(kept: Json, asked: Json, at: str = "") -> Iterator[str]:
    """Yield one line for each place where two JSON values differ; keys in them are not shown.

    >>> list(differences({"model": "a", "n": [1]}, {"model": "b", "n": [1]}))
    ['model: a kept, b asked']
    """
    if isinstance(kept, dict) and isinstance(asked, dict):
        for name in sorted({*kept, *asked}):
            yield from differences(kept.get(name), asked.get(name), f"{at}.{name}" if at else name)
    elif isinstance(kept, list) and isinstance(asked, list) and len(kept) == len(asked):
        for index, (one, other) in enumerate(zip(kept, asked, strict=True)):
            yield from differences(one, other, f"{at}[{index}]")
    elif isinstance(kept, list) and isinstance(asked, list):
        yield f"{at}: {len(kept)} item(s) kept, {len(asked)} asked"
    elif kept != asked:
        yield f"{at}: {excerpt(kept)} kept, {excerpt(asked)} asked"
