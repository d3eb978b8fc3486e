"""An agent's model: a client given outright, or made from an ``llm_config`` when it is first asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import finalize

from flowagents.errors import ConfigError
from flowagents.ports import ModelClient, ModelReply, ModelRequest

if TYPE_CHECKING:
    import asyncio

    from flowagents.adapters.model_config import ModelSettings
    from flowagents.adapters.openai import OpenAIModel


class ConfiguredModel:
    """A model described by an ``llm_config``. Nothing of the network is loaded before the first request."""

    def __init__(self, settings: ModelSettings) -> None:
        """Keep the settings; keys are looked for when a run starts."""
        self.settings = settings
        self._client: OpenAIModel | None = None
        self._closers: dict[asyncio.AbstractEventLoop, AsyncGenerator[None]] = {}

    def require_keys(self, environ: Mapping[str, str]) -> None:
        """Fill in keys from the environment. Raises MissingKey if a model has none and needs one."""
        self.settings = self.settings.require_keys(environ)

    async def create(self, request: ModelRequest, on_delta: Callable[[str], None] | None = None) -> ModelReply:
        """Answer one request; see ``OpenAIModel``. Connections are kept until the event loop is shut down."""
        import asyncio

        if self._client is None:
            from flowagents.adapters.openai import OpenAIModel

            self._client = OpenAIModel(self.settings)
        loop = asyncio.get_running_loop()
        if loop not in self._closers:
            self._closers = {each: kept for each, kept in self._closers.items() if not each.is_closed()}
            self._closers[loop] = _closing(self._client)
            await anext(self._closers[loop])
            # A loop that serves synchronous chats goes on for ever; there the agent's end ends its connections.
            finalize(self, _close_on, loop, self._client).atexit = False
        return await self._client.create(request, on_delta)


def _close_on(loop: asyncio.AbstractEventLoop, client: OpenAIModel) -> None:
    """Close the connections that a client has on a loop that still runs; called when nobody has the model any more."""
    import asyncio

    if loop.is_running():
        asyncio.run_coroutine_threadsafe(client.aclose(), loop)


async def _closing(client: OpenAIModel) -> AsyncGenerator[None]:
    """Wait for the end of the event loop and close the client's connections.

    A loop that shuts down closes every asynchronous generator that began on it; it has no other call for its end.
    """
    try:
        yield
    finally:
        import asyncio

        await client.aclose()
        await asyncio.sleep(0)  # a transport is closed one turn of the loop after it was asked to


def model_of(llm_config: Any, agent: str) -> tuple[ModelClient | None, list[Any], list[Any]]:
    """Return the model of an agent, and the tools and functions its configuration lists.

    ``llm_config`` is False or None for no model, a dict as programs write it, or a client. Raises ConfigError.

    >>> model_of(False, "bot")
    (None, [], [])
    """
    if llm_config is None or llm_config is False:
        return None, [], []
    if isinstance(llm_config, Mapping):
        from flowagents.adapters.model_config import parse_llm_config

        listed = {key: list(llm_config.get(key) or ()) for key in ("tools", "functions")}
        rest = {key: item for key, item in llm_config.items() if key not in listed}
        return _cached(parse_llm_config(rest, agent=agent)), listed["tools"], listed["functions"]
    if hasattr(llm_config, "create"):
        return llm_config, [], []
    raise ConfigError(
        f"{agent!r} has llm_config {llm_config!r:.80}; give False, a dict with a config_list, or a model client"
    )


def _cached(settings: ModelSettings) -> ModelClient:
    """Return the model of settings, behind the cache that they ask for."""
    model = ConfiguredModel(settings)
    if settings.cache is None and settings.cache_seed is None:
        return model
    from flowagents.adapters.cache import Cache, with_cache

    given: Any = settings.cache
    return with_cache(model, given if given is not None else Cache.disk(settings.cache_seed or 0))


def executor_of(config: Any, agent: str) -> tuple[Any, int | str | None]:
    """Return the executor that a ``code_execution_config`` asks for, and how far back to look for code.

    False or None: no code is run. Raises ConfigError for what cannot be read.

    >>> executor_of(False, "user")
    (None, None)
    """
    if config is None or config is False:
        return None, None
    if not isinstance(config, Mapping):
        raise ConfigError(f"{agent!r} has code_execution_config {config!r:.80}; give False or a dict")
    scan = config.get("last_n_messages", "auto")
    if scan != "auto" and (not isinstance(scan, int) or isinstance(scan, bool)):
        raise ConfigError(f"{agent!r} has last_n_messages {scan!r}; give a whole number or 'auto'")
    return _executor(config, agent), scan


def _executor(config: Mapping[str, Any], agent: str) -> Any:
    """Return the executor of a dict: its own object, one by name, or one for a folder."""
    executor = config.get("executor")
    if executor is None:
        from flowagents.adapters.code.legacy import legacy_executor

        return legacy_executor(config)
    if isinstance(executor, str):
        if executor != "commandline-local":
            raise ConfigError(
                f"{agent!r} asks for the executor {executor!r}; give 'commandline-local' or an executor object"
            )
        from flowagents.adapters.code.local import LocalCommandLineCodeExecutor

        return LocalCommandLineCodeExecutor(**config.get("commandline-local", {}))
    if hasattr(executor, "execute_code_blocks") or hasattr(executor, "execute"):
        return executor
    raise ConfigError(f"{agent!r} has the executor {executor!r:.80}, which has neither execute_code_blocks nor execute")
