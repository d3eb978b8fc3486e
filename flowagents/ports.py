"""What the engine asks of the outside world, and the values that pass through: no implementation lives here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from flowagents.core.value import value

if TYPE_CHECKING:
    from flowagents.core.graph import Graph

Json = Any
"""A JSON value: None, bool, int, float, str, a list of those or a dict from str to those."""


@value
class ModelRequest:
    """One question to a model.

    ``messages`` are chat-completions messages, the system message first. ``tools`` are chat-completions tool
    entries (``{"type": "function", "function": {...}}``), ``functions`` legacy function schemas; both may be empty.
    """

    messages: Sequence[Mapping[str, Json]]
    tools: Sequence[Mapping[str, Json]] = ()
    functions: Sequence[Mapping[str, Json]] = ()


@value
class ModelReply:
    """What a model answered, as JSON values only.

    ``message`` has ``content`` (text or None) and, if proposed, ``tool_calls`` or ``function_call``. ``usage`` has
    ``prompt_tokens``, ``completion_tokens``, ``total_tokens`` and, where the server says so, ``cached_tokens``; it is
    None if nothing was said. ``config`` is the position of the configuration that answered. ``attempts`` lists every
    try, oldest first. ``price`` is (per 1,000 prompt tokens, per 1,000 completion tokens) in dollars, or None.
    Without one ``cost`` is what this reply cost in dollars by the table ``priced_by``, or None if that is unknown.
    """

    message: Mapping[str, Json]
    model: str
    usage: Mapping[str, int] | None = None
    finish_reason: str | None = None
    config: int = 0
    attempts: Sequence[Mapping[str, Json]] = ()
    source: str = "live"
    price: tuple[float, float] | None = None
    cost: float | None = None
    priced_by: str | None = None


class ModelClient(Protocol):
    """A model that can be asked. ``source`` of its replies is ``live``, ``scripted`` or ``cache``."""

    def create(
        self, request: ModelRequest, on_delta: Callable[[str], None] | None = None
    ) -> ModelReply | Awaitable[ModelReply]:
        """Answer one request, or raise a ModelError.

        ``on_delta`` is called with each piece of text as it arrives; pieces of a try that fails later may be followed
        by the pieces of the next try.
        """
        ...


@value
class CodeBlock:
    """A block of code found in a message. ``language`` is "" if the fence named none."""

    code: str
    language: str = ""
    filename: str | None = None


@value
class BlockResult:
    """What one block did. ``exit_code`` is None if it was killed before it ended."""

    exit_code: int | None
    stdout: str
    stderr: str
    timed_out: bool = False


@value
class OutputFile:
    """A file that code left behind. ``path`` is relative to the workspace."""

    path: str
    data: bytes


@value
class CodeResult:
    """What a list of blocks did. Failing code is a result, never an exception.

    ``output`` is what a reader would have seen, cut to the output budget; ``total_bytes`` counts it uncut.
    ``code_file`` is the path of the last file written for a block, if the engine keeps one.
    """

    exit_code: int
    output: str
    stdout: str = ""
    stderr: str = ""
    blocks: Sequence[BlockResult] = ()
    files: Sequence[OutputFile] = ()
    truncated: bool = False
    total_bytes: int = 0
    timed_out: bool = False
    cancelled: bool = False
    oom_killed: bool | None = None
    sandbox_reset: bool = False
    duration_seconds: float = 0.0
    code_file: str | None = None


@value
class Capabilities:
    """What an engine really enforces; printed in errors and by the doctor."""

    engine: str
    isolated_filesystem: bool = False
    isolated_network: bool = False
    limits_memory: bool = False
    limits_processes: bool = False
    kills_process_tree: bool = False


class CodeExecutor(Protocol):
    """A place where code runs. Asynchronous first; every method may be called from any event loop, one at a time."""

    @property
    def capabilities(self) -> Capabilities:
        """Say what this engine enforces."""
        ...

    async def start(self) -> None:
        """Get ready. Idempotent; ``execute`` calls it when needed."""
        ...

    async def stop(self) -> None:
        """Give everything back within two seconds. Idempotent; the executor cannot be used afterwards."""
        ...

    async def restart(self) -> None:
        """Throw the workspace away and begin again."""
        ...

    async def execute(self, blocks: Sequence[CodeBlock], *, timeout_seconds: float | None = None) -> CodeResult:
        """Run the blocks in order, stop at the first that fails. On cancellation everything started is dead first."""
        ...

    async def put(self, files: Mapping[str, bytes]) -> None:
        """Write files into the workspace, names relative to it."""
        ...

    async def get(self, paths: Sequence[str], *, bytes_max: int = 10_000_000) -> Mapping[str, bytes]:
        """Read files of the workspace. Raises CodeError if one is missing or too large."""
        ...


@value
class NodeParts:
    """What an agent brings to be a node of a code graph.

    ``graph`` is its reply procedure: it says into the thread named after the peer, and its ends are ``said`` and
    those that end the conversation. ``bindings`` are its performers by place, ``memory`` is what it needs at the
    start.
    """

    graph: Graph
    bindings: Mapping[str, Callable[[Any, Any], Any]]
    memory: Mapping[tuple[str, ...], Any]
    kind: str = "agent"


class Compilable(Protocol):
    """Somebody who can be a node of a code graph."""

    @property
    def name(self) -> str:
        """The name, unique in its graph."""
        ...

    def as_node(self, peer: str) -> NodeParts:
        """Return the parts of a node that talks to everybody as to one ``peer``, over a thread of that name."""
        ...


class Observer(Protocol):
    """Somebody who watches a run and is never asked. An error in it stops the run as ``cancelled`` and is raised."""

    def on_event(self, run: Any, event: Any) -> None:
        """Take note of a recorded event; ``run`` shows the state after it."""
        ...

    def on_delta(self, place: str, text: str) -> None:
        """Take note of a piece of a model's answer as it arrives. Pieces are progress, not state."""
        ...


class Clock(Protocol):
    """Tells the time in seconds since the epoch."""

    def __call__(self) -> float:
        """Return the time now."""
        ...


__all__ = [
    "BlockResult",
    "Capabilities",
    "Clock",
    "CodeBlock",
    "CodeExecutor",
    "CodeResult",
    "Compilable",
    "Json",
    "ModelClient",
    "ModelReply",
    "ModelRequest",
    "NodeParts",
    "Observer",
    "OutputFile",
]
