"""The client for every server that speaks chat.completions. The only importer of openai, at the first call.

What a configuration may say is in ``model_config.py``, what is sent in ``model_request.py``, what an answer
must have in ``wire.py``, when to try again in ``retrying.py``. Here all of it meets the network.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from flowagents.adapters.model_config import PLACEHOLDER_KEY, ModelConfig, ModelSettings
from flowagents.adapters.model_request import request_body
from flowagents.adapters.retrying import Sleep, TryFailed, ask_with_retries, judge
from flowagents.adapters.wire import StreamedReply, WireReply, excerpt, read_body
from flowagents.core.value import value
from flowagents.errors import (
    MissingKey,
    ModelError,
    ModelRefused,
    ModelServerError,
    ModelUnreachable,
    QuotaExhausted,
    RateLimited,
    WireError,
)
from flowagents.ports import Json, ModelReply, ModelRequest

if TYPE_CHECKING:
    import asyncio

    import httpx2
    from openai import APIError, AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk

    from flowagents.adapters.prices import Cost

HttpClientFactory = Callable[[ModelConfig], "httpx2.AsyncClient"]

OPENAI_URL = "https://api.openai.com/v1"
CONNECT_SECONDS = 5.0
_END = object()

ADVICE: Mapping[type[ModelError], str] = {
    ModelRefused: "Sending it again would not help: correct the request or the configuration.",
    QuotaExhausted: "The account has no quota left: look at its billing, or add another configuration.",
    RateLimited: "Wait, ask less often, raise max_retries, or add another configuration to config_list.",
    ModelServerError: "The fault is the server's: try later, or add another configuration to config_list.",
    ModelUnreachable: "Is the server running, base_url right and timeout long enough?",
    WireError: "Is base_url the address of an OpenAI-compatible server?",
}
ADVICE_BY_STATUS: Mapping[int, str] = {
    401: "Check api_key: the server does not know it.",
    403: "Check what this key may do: the server knows it but does not allow this.",
    404: "Check model and base_url: the server has no such model or path.",
}


@value
class _Call:
    """One call of one configuration: what is sent, and where its tries are noted."""

    position: int
    config: ModelConfig
    body: dict[str, Json]
    secrets: tuple[str, ...]
    attempts: list[dict[str, Json]]
    on_delta: Callable[[str], None] | None

    def note(self, failed: TryFailed | None, waited_seconds: float) -> None:
        """Note one try."""
        error = failed.error if failed else None
        entry: dict[str, Json] = {
            "config": self.position,
            "model": self.config.model,
            "status": error.status if error else 200,
            "error": type(error).__name__ if error else None,
            "waited_seconds": waited_seconds,
        }
        self.attempts.append(entry)

    def failed(self, kind: type[ModelError], what: str, status: int | None = None) -> ModelError:
        """Make the error of one try."""
        where = self.config.base_url or OPENAI_URL
        advice = ADVICE_BY_STATUS.get(status or 0, ADVICE[kind]) if kind is ModelRefused else ADVICE[kind]
        asked = f"model {self.config.model!r} at {excerpt(where.partition('?')[0], self.secrets)}"
        return kind(f"{asked}: {what}. {advice}", status=status)


class OpenAIModel:
    """A model behind an OpenAI-compatible server, or several that are asked in turn when one fails.

    ``settings`` must have their keys (``require_keys``). ``sleep`` waits between tries, ``clock`` is for
    dates in Retry-After, ``http_client_factory`` makes the connection of a configuration.

    >>> from flowagents.adapters.model_config import parse_llm_config
    >>> OpenAIModel(parse_llm_config({"model": "gpt-4o", "api_key": "k-0123456789"}, agent="bob"))
    OpenAIModel('gpt-4o')
    """

    def __init__(
        self,
        settings: ModelSettings,
        *,
        sleep: Sleep | None = None,
        http_client_factory: HttpClientFactory | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._http_client_factory = http_client_factory
        self._clock = clock
        self._clients: dict[asyncio.AbstractEventLoop, dict[int, AsyncOpenAI]] = {}
        self._without_usage: set[int] = set()

    def __repr__(self) -> str:
        names = ", ".join(repr(config.model) for config in self._settings.configs)
        return f"OpenAIModel({names})"

    async def create(self, request: ModelRequest, on_delta: Callable[[str], None] | None = None) -> ModelReply:
        """Ask the configurations in order for the first answer; raise a ModelError if none has one.

        A refusal (400, 401, 404 ...) ends it at once: the next configuration is asked only after failures
        that are not the request's fault. Answers stream if ``on_delta`` is given or ``stream`` is set.
        """
        attempts: list[dict[str, Json]] = []
        errors: list[ModelError] = []
        for position, config in enumerate(self._settings.configs):
            body = request_body(config, request)
            call = _Call(position, config, body, _secrets(config), attempts, on_delta)
            answer = await self._ask(call)
            if isinstance(answer, WireReply):
                cost = _cost(config, answer)
                return ModelReply(
                    message=answer.message,
                    model=answer.model or config.model,
                    usage=answer.usage,
                    finish_reason=answer.finish_reason,
                    config=position,
                    attempts=tuple(attempts),
                    price=config.price,
                    cost=None if cost is None else cost.dollars,
                    priced_by=None if cost is None else cost.by,
                )
            errors.append(answer)
            if isinstance(answer, ModelRefused):
                break
        raise _summary(errors, attempts)

    async def aclose(self) -> None:
        """Close the connections made on the running event loop."""
        import asyncio

        for client in self._clients.pop(asyncio.get_running_loop(), {}).values():
            await client.close()

    async def _ask(self, call: _Call) -> WireReply | ModelError:
        """Return the answer, or the error as a value: raised here, its context would hold the SDK's."""
        import asyncio

        try:
            return await ask_with_retries(
                lambda: self._try(call),
                tries_max=call.config.tries_max,
                sleep=self._sleep or asyncio.sleep,
                report=call.note,
            )
        except TryFailed as failed:
            return failed.error

    async def _try(self, call: _Call) -> WireReply:
        """Send the request once; whatever goes wrong on the way is raised as TryFailed."""
        import asyncio

        from openai import APIError

        client = self._client(call)
        streamed = call.on_delta is not None or call.config.stream
        failed: TryFailed
        try:
            async with asyncio.timeout(call.config.timeout_seconds) as deadline:
                return await (self._stream(client, call) if streamed else _whole(client, call))
        except TimeoutError:
            if not deadline.expired():
                raise
            what = f"no complete answer within {call.config.timeout_seconds:g} seconds"
            failed = TryFailed(call.failed(ModelUnreachable, what), retry=True)
        except WireError as error:
            failed = TryFailed(call.failed(WireError, str(error)), retry=True)
        except APIError as error:
            failed = _read_error(error, call, self._clock())
        raise failed from None

    async def _stream(self, client: AsyncOpenAI, call: _Call) -> WireReply:
        reply = StreamedReply(call.secrets)
        async with await self._open(client, call) as stream:
            kind = stream.response.headers.get("content-type", "").lower()
            if "json" in kind or "html" in kind:  # a server that does not stream
                whole = read_body(await _rest(stream.response), call.secrets)
                if call.on_delta is not None and whole.message["content"]:
                    call.on_delta(whole.message["content"])
                return whole
            chunks = stream.__aiter__()
            while (chunk := await _next_chunk(chunks)) is not _END:
                piece = reply.add(chunk)
                if piece and call.on_delta is not None:
                    call.on_delta(piece)
        return reply.finish()

    async def _open(self, client: AsyncOpenAI, call: _Call) -> AsyncStream[ChatCompletionChunk]:
        """Begin a stream; a server that does not know ``stream_options`` is asked again without."""
        from openai import APIStatusError

        body = dict(call.body)
        options = {"include_usage": True, **body.pop("stream_options", {})}
        if call.position not in self._without_usage:
            try:
                return await _begin(client, {**body, "stream_options": options})
            except APIStatusError as error:
                if error.status_code not in (400, 422) or "stream_options" not in error.response.text:
                    raise
                call.note(_read_error(error, call, self._clock()), 0.0)
                self._without_usage.add(call.position)
        return await _begin(client, body)

    def _client(self, call: _Call) -> AsyncOpenAI:
        """Return the client of a configuration on this event loop; connections cannot move between loops."""
        import asyncio

        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients = {each: kept for each, kept in self._clients.items() if not each.is_closed()}
        clients = self._clients.setdefault(loop, {})
        if call.position not in clients:
            clients[call.position] = _connect(call.config, self._settings.agent, self._http_client_factory)
        return clients[call.position]


def _connect(config: ModelConfig, agent: str, factory: HttpClientFactory | None) -> AsyncOpenAI:
    from openai import AsyncAzureOpenAI, AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

    if config.api_key is None:
        raise MissingKey(f"agent {agent!r}: model {config.model!r} has no key. Call require_keys(os.environ) first.")
    common: dict[str, Json] = {
        "api_key": config.api_key.reveal(),
        "organization": config.organization,
        "timeout": Timeout(config.timeout_seconds, connect=min(CONNECT_SECONDS, config.timeout_seconds)),
        "max_retries": 0,
        "default_headers": {name: text.reveal() for name, text in config.default_headers.items()},
        "http_client": factory(config) if factory else DefaultAsyncHttpxClient(),
    }
    if config.api_type != "azure":
        return AsyncOpenAI(base_url=config.base_url or OPENAI_URL, **common)
    base_url = config.base_url or ""
    if "/openai/deployments/" in base_url:
        return AsyncAzureOpenAI(base_url=base_url, api_version=config.api_version, **common)
    return AsyncAzureOpenAI(
        azure_endpoint=base_url,
        azure_deployment=config.model,
        api_version=config.api_version,
        **common,
    )


async def _begin(client: AsyncOpenAI, body: Mapping[str, Json]) -> AsyncStream[ChatCompletionChunk]:
    return await client.chat.completions.create(stream=True, **body)


async def _whole(client: AsyncOpenAI, call: _Call) -> WireReply:
    """Ask for the answer in one piece; its text is read by us, since the SDK accepts anything."""
    body = {name: given for name, given in call.body.items() if name != "stream_options"}
    answer = await client.chat.completions.with_raw_response.create(**body)
    return read_body(answer.http_response.text, call.secrets)


async def _rest(response: httpx2.Response) -> str:
    import httpx2
    from openai import APIConnectionError

    try:
        return (await response.aread()).decode("utf-8", "replace")
    except httpx2.RequestError as error:
        raise APIConnectionError(request=response.request) from error


async def _next_chunk(chunks: AsyncIterator[ChatCompletionChunk]) -> Json:
    """Return the next chunk as JSON values, _END at the end; the SDK passes on whatever JSON it finds."""
    from openai import BaseModel

    problem = ""
    chunk: object = None
    try:
        chunk = await anext(chunks, _END)
    except (ValueError, RecursionError) as error:
        problem = type(error).__name__
    if problem:
        raise WireError(f"the server sent a chunk that cannot be decoded ({problem})")
    return chunk.model_dump(exclude_unset=True, warnings=False) if isinstance(chunk, BaseModel) else chunk


def _cost(config: ModelConfig, answer: WireReply) -> Cost | None:
    """Look up what an answer cost, unless the user has said what it costs: by the name in the answer, else as asked."""
    if config.price is not None:
        return None
    from flowagents.adapters.prices import price_of

    found = price_of(answer.model, config.base_url, answer.usage) if answer.model else None
    return found or price_of(config.model, config.base_url, answer.usage)


def _secrets(config: ModelConfig) -> tuple[str, ...]:
    """List what must not show up in an error: the key, header values, and a password inside the address."""
    from urllib.parse import urlsplit

    held = [*([config.api_key] if config.api_key else []), *config.default_headers.values()]
    texts = [each.reveal() for each in held]
    with suppress(ValueError):
        texts.append(urlsplit(config.base_url or "").password or "")
    return tuple(text for text in texts if text and text != PLACEHOLDER_KEY)


def _read_error(error: APIError, call: _Call, now: float) -> TryFailed:
    """Turn an SDK error into facts: status, codes, headers, text."""
    from openai import APIConnectionError, APIStatusError

    if isinstance(error, APIConnectionError):
        cause = f" ({excerpt(str(error.__cause__), call.secrets)})" if error.__cause__ else ""
        what = f"{error.message.rstrip('.').lower()}{cause}"
        return TryFailed(call.failed(ModelUnreachable, what), retry=True)
    fields = error.body if isinstance(error.body, Mapping) else {}
    said = fields.get("message") if isinstance(fields.get("message"), str) else error.body or error.message
    shown = excerpt(said, call.secrets)
    codes = tuple(str(fields[name]) for name in ("code", "type") if fields.get(name))
    if isinstance(error, APIStatusError):
        status, headers = error.status_code, {k.lower(): v for k, v in error.response.headers.items()}
        what = f"the server answered with status {status}"
    else:
        status, headers = _status_in(codes), {}
        what = "the server broke off its stream with an error"
    verdict = judge(status, codes, headers, now)
    named = f" ({', '.join(excerpt(code, call.secrets) for code in codes)})" if codes else ""
    asked = f", and asked to wait {verdict.wait_seconds:g} seconds" if verdict.wait_seconds else ""
    made = call.failed(verdict.kind, f"{what}{named}: {shown!r}{asked}", status)
    return TryFailed(made, retry=verdict.retry, wait_seconds=verdict.wait_seconds)


def _status_in(codes: tuple[str, ...]) -> int:
    """Return the HTTP status that some servers put into the code of an error event, else 500."""
    numbers = [int(code) for code in codes if code.isdecimal() and code.isascii() and 400 <= int(code) < 600]
    return numbers[0] if numbers else 500


def _summary(errors: Sequence[ModelError], attempts: Sequence[Mapping[str, Json]]) -> ModelError:
    """Return the last error; if several configurations failed, its text lists all of them."""
    last = errors[-1]
    text = str(last)
    if len(errors) > 1:
        lines = "".join(f"\n  {index}: {error}" for index, error in enumerate(errors))
        text = f"{len(errors)} configurations were asked and none answered:{lines}"
    return type(last)(text, status=last.status, attempts=tuple(attempts))
