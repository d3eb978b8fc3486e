"""Every error of the library, one tree, divided by what a caller would catch.

    FlowAgentsError
      SetupError (ValueError)        refused before anything runs
        ConfigError                  a model configuration or a parameter is wrong
          MissingKey                 a model needs a key that is nowhere
        SenderRequired               a reply function waits for a sender by name, and there is none
        MessageError                 a message has a shape that nobody could read
        NameConflict                 names that must differ are equal, or an agent talks to itself
        GraphError                   a graph has faults; all of them are listed
        UnsupportedPolicy            an engine cannot enforce what was asked
      MissingPart (RuntimeError)     something that must be installed is not there
        EngineUnavailable            a code engine does not answer
        LayoutEngineMissing          no Graphviz engine to draw with
      RunError (RuntimeError)        something went wrong while running
        ModelError
          ModelRefused               the server refused the request (a 4xx that trying again cannot mend)
          QuotaExhausted             the account has no quota left; trying again is useless
          RateLimited                429 until the tries ran out
          ModelServerError           5xx until the tries ran out
          ModelUnreachable           no connection, or no answer in time
          WireError                  an answer that is no chat completion
        ScriptExhausted              a scripted model, tool or human was asked once too often
        HumanGone                    the terminal was closed while a question was open
        CodeError
          SandboxLost                the sandbox died and its workspace with it
          ExecutorClosed             the executor was used after stop()
        NotRecordable                an answer cannot be written to a trace
        CacheError                   the file of kept answers cannot be opened or read
        RunFailed                    a replayed run failed; carries the recorded failure
        HistoryChanged               two running chats changed the same history
      TraceError (ValueError)        a trace cannot be used
        TraceDamaged                 it cannot be read: cut, edited or of an unknown version
        WrongGraph                   it was recorded on another graph
        Diverged                     the run asked for something else than was recorded

An error carries its facts as attributes; its text says what was asked, what was found and what to do.
"""

from __future__ import annotations

from typing import Any


class FlowAgentsError(Exception):
    """Base of every error of this library.

    A chat that fails while it runs leaves what was recorded so far in ``run``.
    """

    run: Any = None


class SetupError(FlowAgentsError, ValueError):
    """Something was refused before anything ran."""


class ConfigError(SetupError):
    """A model configuration or a parameter is wrong."""


class MissingKey(ConfigError):
    """A model needs a key, and there is none in the configuration or the environment."""


class SenderRequired(SetupError):
    """A reply function waits for a sender by name, and the reply asked for has none."""


class MessageError(SetupError):
    """A message has neither content nor a call, or a part nobody could read."""


class NameConflict(SetupError):
    """Two agents of one conversation share a name, or an agent talks to itself."""


class GraphError(SetupError):
    """A graph has faults. ``findings`` lists all of them."""

    def __init__(self, graph: str, findings: tuple[Any, ...]) -> None:
        self.graph = graph
        self.findings = findings
        lines = "".join(f"\n  {finding}" for finding in findings)
        super().__init__(f"graph {graph!r} has {len(findings)} fault(s):{lines}")


class UnsupportedPolicy(SetupError):
    """An engine cannot enforce what a security profile asks. Nothing was started."""


class MissingPart(FlowAgentsError, RuntimeError):
    """Something that must be installed on this machine is not there."""


class EngineUnavailable(MissingPart):
    """A code engine does not answer."""


class LayoutEngineMissing(MissingPart):
    """There is no Graphviz engine to draw with."""


class RunError(FlowAgentsError, RuntimeError):
    """Something went wrong while a run was under way."""


class ModelError(RunError):
    """A model call failed. ``attempts`` lists every try, oldest first, without keys."""

    def __init__(self, message: str, *, status: int | None = None, attempts: tuple[Any, ...] = ()) -> None:
        self.status = status
        self.attempts = attempts
        super().__init__(message)


class ModelRefused(ModelError):
    """The server refused the request; sending it again would not help."""


class QuotaExhausted(ModelError):
    """The account has no quota left; sending the request again would not help."""


class RateLimited(ModelError):
    """The server asked to slow down until the tries ran out."""


class ModelServerError(ModelError):
    """The server failed until the tries ran out."""


class ModelUnreachable(ModelError):
    """No connection to the server, or no answer in time."""


class WireError(ModelError):
    """The server answered with something that is no chat completion."""


class ScriptExhausted(RunError):
    """A scripted model, tool or human was asked once too often, or has no rule for the question."""


class HumanGone(RunError):
    """The terminal was closed while a question to a human was open."""


class CodeError(RunError):
    """A code engine failed. Code that fails by itself is a result, never an error."""


class SandboxLost(CodeError):
    """The sandbox died, and what was in its workspace is gone."""


class ExecutorClosed(CodeError):
    """The executor was used after it had been stopped."""


class NotRecordable(RunError):
    """An answer cannot be written to a trace, so the run could not be replayed."""


class CacheError(RunError):
    """The file of kept answers cannot be opened or read. Raised before a model is asked, so nothing was paid."""


class RunFailed(RunError):
    """A run failed. ``failure`` is the recorded failure."""

    def __init__(self, failure: Any) -> None:
        self.failure = failure
        super().__init__(f"{failure.error}: {failure.text} (at {failure.place})")


class HistoryChanged(RunError):
    """Two running chats changed the history of the same pair; the later one was not stored."""


class TraceError(FlowAgentsError, ValueError):
    """A trace cannot be used."""


class TraceDamaged(TraceError):
    """A trace cannot be read."""


class WrongGraph(TraceError):
    """A trace was recorded on another graph."""


class Diverged(TraceError):
    """A replay asked for something else than was recorded.

    ``place`` names the task and the node, ``recorded`` and ``asked`` are the two requests as JSON values,
    ``difference`` is a readable comparison, ``index`` is the position of the event in the trace.
    """

    def __init__(self, place: str, recorded: Any, asked: Any, difference: str, index: int) -> None:
        self.place = place
        self.recorded = recorded
        self.asked = asked
        self.difference = difference
        self.index = index
        super().__init__(f"replay diverged at event {index}, {place}:\n{difference}")
