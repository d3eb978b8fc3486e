"""Answers of models, kept for the next time the same is asked: the cache, and the model client that looks there first.

Off unless asked for. A cache is not a replay: it knows one answer to one question, whoever asks and how often; a trace
knows what each place of one run was told. The file itself is in ``cache_store.py``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

from flowagents.adapters.cache_key import asked_text, differences, endpoint_of
from flowagents.adapters.cache_store import Flights, Row, Store, caller, store_at
from flowagents.adapters.model_config import ModelSettings
from flowagents.adapters.wire import read_message
from flowagents.core.canonical import canonical, sha256_of
from flowagents.core.plain import NotPlain, plain
from flowagents.core.value import fields_of, replaced, value
from flowagents.errors import CacheError, ConfigError, WireError
from flowagents.ports import Json, ModelClient, ModelReply, ModelRequest

if TYPE_CHECKING:
    from types import TracebackType

    from flowagents.adapters.cache_store import Outcome

FOLDER = ".cache"
FILE = "flowagents.sqlite"
NOT_KEPT = ("length", "content_filter")
"""Finish reasons of answers that broke off; asked again, they may come out whole."""
ROWS_MAX = 1_000
DIFFERENCES_MAX = 5


@value
class KeptAnswer:
    """One entry of a cache: what was asked, as JSON, and the reply. ``key`` is the SHA-256 of what was asked."""

    key: str
    asked: Json
    reply: ModelReply


class Cache:
    """Answers kept in a file, apart for each seed. Make one with ``Cache.disk``; ``with`` opens it at once.

    All threads of a process and several processes may use one file. If it cannot be opened or read, CacheError is
    raised before the model is asked. If an answer cannot be written (read-only, disk full), it is given out all the
    same, and a RuntimeWarning says once that answers are not kept. A damaged entry counts as none.
    """

    def __init__(self, seed: int | str, path: Path) -> None:
        self.seed = str(seed)
        self.path = path
        self._store: Store | None = None
        self._warned = False

    @classmethod
    def disk(
        cls,
        cache_seed: int | str = 42,
        cache_path_root: str | Path | None = None,
        *,
        path: str | Path | None = None,
    ) -> Cache:
        """Return the cache of a seed. Nothing is opened yet.

        It is in the file ``path``, or in ``flowagents.sqlite`` of the folder ``cache_path_root``, which is ``.cache``
        of the working directory if none is given.

        >>> Cache.disk(cache_seed=43, path="/tmp/answers.sqlite")
        Cache.disk(cache_seed='43', path='/tmp/answers.sqlite')
        """
        if isinstance(cache_seed, bool) or not isinstance(cache_seed, int | str):
            raise ConfigError(f"cache_seed is {cache_seed!r:.80}; give a whole number or a text, or no cache at all.")
        if path is not None and cache_path_root is not None:
            raise ConfigError("a cache was given both cache_path_root and path; give one of them.")
        given = Path(path) if path is not None else Path(cache_path_root or FOLDER) / FILE
        return cls(cache_seed, given.absolute())

    def __repr__(self) -> str:
        return f"Cache.disk(cache_seed={self.seed!r}, path={str(self.path)!r})"

    def __enter__(self) -> Cache:
        """Open the file. Raises CacheError."""
        self.store()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        self._store = None

    def store(self) -> Store:
        """Return the open database of this process. Raises CacheError."""
        import os

        if self._store is None or self._store.process != os.getpid():
            self._store = store_at(self.path)
        return self._store

    def find(self, key: str) -> ModelReply | None:
        """Return the reply that is kept under a key, or None. Raises CacheError if the file cannot be read."""
        row = self.store().read(self.seed, key)
        kept = _read_row(row) if row is not None else None
        if row is not None and (kept is None or kept.key != key):
            self._forget_damaged(key)
            return None
        return kept.reply if kept is not None else None

    def keep(self, asked: str, reply: ModelReply) -> bool:
        """Keep a reply to what was asked, a canonical text, and tell whether it was; broken off answers are not."""
        if reply.finish_reason in NOT_KEPT or reply.source == "cache":
            return False
        try:
            written = canonical(_written(reply))
            self.store().write(self.seed, sha256_of(asked), asked, written)
        except (CacheError, NotPlain, TypeError, ValueError) as problem:
            self._warn(str(problem))
            return False
        return True

    def entries(self, entries_max: int = ROWS_MAX) -> Iterator[KeptAnswer]:
        """Yield what is kept for this seed, newest first; damaged entries are left out. Raises CacheError."""
        for row in self.store().rows(self.seed, entries_max):
            kept = _read_row(row)
            if kept is not None:
                yield kept

    def explain(self, asked: str) -> str:
        """Say whether what is asked, a canonical text, is kept; if not, how it differs from the nearest that is."""
        from json import loads

        key = sha256_of(asked)
        if self.find(key) is not None:
            return f"kept under {key[:12]}"
        wanted = loads(asked)
        near = [list(differences(kept.asked, wanted)) for kept in self.entries()]
        if not near:
            return f"not kept: nothing is kept for seed {self.seed} in {self.path}"
        lines = min(near, key=len)
        more = f"\n  and {len(lines) - DIFFERENCES_MAX} more" if len(lines) > DIFFERENCES_MAX else ""
        return "not kept; the nearest entry differs in\n  " + "\n  ".join(lines[:DIFFERENCES_MAX]) + more

    def clear(self) -> None:
        """Drop everything that is kept for this seed. Raises CacheError."""
        self.store().drop(self.seed)

    def _forget_damaged(self, key: str) -> None:
        try:
            self.store().drop(self.seed, key)
        except CacheError as problem:
            self._warn(str(problem))

    def _warn(self, problem: str) -> None:
        import warnings

        if not self._warned:
            self._warned = True
            warnings.warn(f"Answers of models are not kept: {problem}", RuntimeWarning, stacklevel=2)


class CachedModel:
    """A model client that looks into a cache before it asks another one.

    ``endpoint`` says who is asked: JSON of your own, or the ModelSettings of the client; without it ``endpoint_of``
    finds it. A reply from the cache says ``source="cache"`` and has no attempts. Equal questions that a process asks at
    the same time share one request: all but the first get its answer as from the cache, or a copy of its error.

    >>> from tempfile import TemporaryDirectory
    >>> from flowagents.adapters.scripted import ScriptedModel
    >>> with TemporaryDirectory() as folder, Cache.disk(1, folder) as cache:
    ...     model = CachedModel(ScriptedModel(["hello"]), cache)
    ...     question = ModelRequest([{"role": "user", "content": "hi"}])
    ...     model.create(question).source, model.create(question).source
    ('scripted', 'cache')
    """

    def __init__(self, client: ModelClient, cache: Cache, endpoint: ModelSettings | Json = None) -> None:
        if endpoint is None:
            endpoint_of(client)
        self.client = client
        self.cache = cache
        self._endpoint = endpoint

    def __repr__(self) -> str:
        return f"CachedModel({self.client!r}, {self.cache!r})"

    def require_keys(self, environ: Mapping[str, str]) -> None:
        """Let the client look for its keys. Raises MissingKey, also where the cache might have every answer."""
        require = getattr(self.client, "require_keys", None)
        if require is not None:
            require(environ)

    def asked(self, request: ModelRequest) -> str:
        """Return the canonical text of a question; its SHA-256 is the key. Raises MessageError if it is no JSON."""
        endpoint = endpoint_of(self.client) if self._endpoint is None else self._endpoint
        return asked_text(endpoint, request)

    def create(
        self, request: ModelRequest, on_delta: Callable[[str], None] | None = None
    ) -> ModelReply | Awaitable[ModelReply]:
        """Answer from the cache, or let the client answer and keep it.

        Raises CacheError before the client is asked, and whatever the client raises.
        """
        asked = self.asked(request)
        kept = self.cache.find(sha256_of(asked))
        if kept is not None:
            return self._given(kept, on_delta)
        if self.cache.store().is_begun_by(caller(), self._name(asked)):
            return self.client.create(request, on_delta)  # a client that asks through this cache itself
        answer = self._called(asked, request, on_delta)
        return self._awaited(answer, asked, on_delta) if isinstance(answer, Awaitable) else answer

    def _name(self, asked: str) -> tuple[str, str]:
        return self.cache.seed, sha256_of(asked)

    def _called(
        self, asked: str, request: ModelRequest, on_delta: Callable[[str], None] | None
    ) -> ModelReply | Awaitable[ModelReply]:
        """Call the client, or wait for another thread's equal call; what must be awaited is not shared here."""
        calling, name = self.cache.store().calling, self._name(asked)
        flight, leads = calling.join(name)
        if not leads:
            outcome = flight.future.result()
            if outcome is None:
                return self.client.create(request, on_delta)
            return self._given(_shared(outcome), on_delta)
        landed: Outcome = None
        try:
            landed = self.cache.find(name[1])  # it may have been kept since we looked
            if landed is not None:
                return self._given(landed, on_delta)
            answer = self.client.create(request, on_delta)
            if isinstance(answer, ModelReply):
                landed = answer
                self.cache.keep(asked, answer)
            return answer
        except Exception as error:
            landed = error
            raise
        finally:
            calling.land(name, landed)

    async def _awaited(
        self, answer: Awaitable[ModelReply], asked: str, on_delta: Callable[[str], None] | None
    ) -> ModelReply:
        """Await the answer, or another one's to the same question: then ours was never begun, and is put away."""
        flying, name = self.cache.store().flying, self._name(asked)
        try:
            landed = await _landed(flying, name)
            if landed is not None:
                return self._given(_shared(landed), on_delta)
            try:
                landed = self.cache.find(name[1])
                if landed is not None:
                    return self._given(landed, on_delta)
                reply = await answer
                if isinstance(reply, ModelReply):  # whatever else it is, the caller complains
                    landed = reply
                    self.cache.keep(asked, reply)
                return reply
            except Exception as error:
                landed = error
                raise
            finally:
                flying.land(name, landed)
        finally:
            _put_away(answer)

    def _given(self, kept: ModelReply, on_delta: Callable[[str], None] | None) -> ModelReply:
        """Return a kept reply as one from the cache, at today's price where the configuration has one."""
        text = kept.message.get("content")
        if on_delta is not None and isinstance(text, str) and text:
            on_delta(text)
        settings = self._endpoint if self._endpoint is not None else getattr(self.client, "settings", None)
        price = kept.price
        if isinstance(settings, ModelSettings) and kept.config < len(settings.configs):
            price = settings.configs[kept.config].price
        return replaced(kept, source="cache", attempts=(), price=price)


def with_cache(client: ModelClient, cache: Cache | None) -> ModelClient:
    """Return a client that uses ``cache`` and no other; without a cache the client as it is.

    >>> from flowagents.adapters.scripted import ScriptedModel
    >>> model = ScriptedModel(["hello"])
    >>> with_cache(model, None) is model
    True
    """
    if cache is None:
        return client
    if not isinstance(cache, Cache):
        raise ConfigError(f"cache is {cache!r:.80}; give Cache.disk(cache_seed=...), or None for no cache.")
    if isinstance(client, CachedModel):
        return CachedModel(client.client, cache, client._endpoint)
    return CachedModel(client, cache)


def _written(reply: ModelReply) -> dict[str, Json]:
    """Return a reply as JSON; how often it was tried, and where it came from, is no part of the answer."""
    return {name: given for name, given in plain(reply).items() if name not in ("attempts", "source")}


def _read_row(row: Row) -> KeptAnswer | None:
    """Return what a row holds, or None if it is damaged. Nothing in it is trusted but its shape."""
    from json import loads

    try:
        asked, reply = (field.decode("ascii") for field in row)
        return KeptAnswer(sha256_of(asked), loads(asked), _read_reply(loads(reply)))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, WireError):
        return None


def _read_reply(given: Json) -> ModelReply:
    """Return a kept reply; raise ValueError, TypeError, KeyError or WireError if it is none."""
    canonical(given)  # refuses infinite numbers, which no trace could hold
    known = fields_of(ModelReply) or ()
    fields = {name: found for name, found in given.items() if name in known}
    read_message(fields["message"])
    usage, price = fields.get("usage"), fields.get("price")
    counts: Sequence[Json] = list(usage.values()) if usage is not None else []
    numbers: Sequence[Json] = price if price is not None else (0, 0)
    sound = (
        isinstance(fields["model"], str)
        and all(isinstance(fields.get(name), str | None) for name in ("finish_reason", "priced_by"))
        and type(fields.get("config", 0)) is int
        and all(type(count) is int for count in counts)
        and len(numbers) == 2
        and all(type(number) in (int, float) for number in (*numbers, fields.get("cost") or 0))
    )
    if not sound:
        raise ValueError("no reply")
    return ModelReply(**{**fields, "price": None if price is None else (price[0], price[1]), "source": "cache"})


async def _landed(flights: Flights, name: tuple[str, str]) -> Outcome:
    """Wait for what another caller gets; None as soon as this one leads, and must land the flight."""
    import asyncio

    while True:  # a caller that was cancelled lands nothing; then the next one leads
        flight, leads = flights.join(name)
        outcome = None if leads else await asyncio.wrap_future(flight.future)
        if leads or outcome is not None:
            return outcome


def _shared(outcome: ModelReply | Exception) -> ModelReply:
    """Return what somebody else got, or raise a copy of the error, since each caller attaches its own facts to it."""
    if isinstance(outcome, Exception):
        raise copy(outcome)
    return outcome


def _put_away(answer: Awaitable[ModelReply]) -> None:
    """Close a coroutine that was never begun, or cancel a future; nothing happens to one that is over."""
    close = getattr(answer, "close", None) or getattr(answer, "cancel", None)
    if close is not None:
        close()
