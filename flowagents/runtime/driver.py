"""The pure side of the shell: what to start, what to cancel, what to record. The loops only do what it says.

*While something is outstanding: cancel what flies and is no longer wanted, start what is wanted and does not fly, take
one outcome, stamp it with the time, record it, step.* Starting, resuming and cancelling are this one rule.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Protocol

from flowagents.core.effects import Effect, GiveReply, Name, name_text
from flowagents.core.events import Answered, Event, Failed, Failure, Interrupted, Started, Stop
from flowagents.core.plain import NotPlain, plain
from flowagents.core.program import Program
from flowagents.core.step import advance
from flowagents.core.task import State
from flowagents.errors import NotRecordable
from flowagents.runtime.inside import call
from flowagents.runtime.interrupts import Held
from flowagents.runtime.performing import Bindings, Performer, Ticket, Waiting


class Log(Protocol):
    """Where events are kept beyond memory; a write that fails ends the run."""

    def write(self, event: Event, effect: Effect | None) -> None:
        """Keep an event and the effect it answers before anything acts on it."""
        ...

    def close(self, state: State) -> None:
        """Keep how the run ended; called once, also after a failure."""
        ...

    def inner(self, name: str, program: Program) -> Log:
        """Return where the events of a run started inside an effect are kept."""
        ...


class Watcher(Protocol):
    """Somebody who watches; see ports.Observer."""

    def on_event(self, run: Any, event: Event) -> None:
        """Take note of a recorded event."""
        ...

    def on_delta(self, place: str, text: str) -> None:
        """Take note of a piece of an answer."""
        ...


class Driver:
    """One run: its program, its state, its events, and who performs, logs and watches.

    ``raised`` is the exception behind the last failure, for a caller that wants to raise it again. ``within`` is empty,
    or the name of the inner run this is, and ``:``; ``inner`` holds what a trace recorded of inner runs, by name.
    """

    def __init__(
        self,
        program: Program,
        bindings: Bindings,
        *,
        clock: Callable[[], float] = time.time,
        log: Log | None = None,
        watchers: Sequence[Watcher] = (),
        run_id: str = "run",
        held: Held | None = None,
    ) -> None:
        """Make a run that has not started."""
        self.program = program
        self.bindings = bindings
        self.clock = clock
        self.log = log
        self.watchers = watchers
        self.held = held or Held()
        self.run_id = run_id
        self.within = ""
        self.inner: Mapping[str, Any] = {}
        self.state = State()
        self.events: list[Event] = []
        self.resting: dict[Name, None] = {}
        self.raised: BaseException | None = None

    # -- what has happened

    def start(self, data: Mapping[str, Any], memory: Mapping[tuple[str, ...], Any], seed: int = 0) -> None:
        """Record that the run begins with these registers and this memory."""
        self.take(Started(self.clock(), plain(data), dict(memory), seed))

    def adopt(self, events: Iterable[Event]) -> None:
        """Fold events that were recorded before, without performing or writing anything."""
        for event in events:
            self.events.append(event)
            advance(self.program, self.state, event)
            self._tell(event)

    def take(self, event: Event) -> None:
        """Record an event, then step. An event that answers nothing is dropped."""
        effect = None
        if isinstance(event, (Answered, Failed)):
            effect = self.state.waits.get(event.name)
            if effect is None:
                return
        held = self.held
        held.busy = True
        try:
            if self.log is not None:
                self.log.write(event, effect)
            self.events.append(event)
            advance(self.program, self.state, event)
        finally:
            held.release()
        self._tell(event)

    def _tell(self, event: Event) -> None:
        """Tell those who watch. An error of theirs stops the run, unless it has stopped already."""
        try:
            for watcher in self.watchers:
                watcher.on_event(self, event)
        except Exception as error:
            if self.raised is None:
                self.raised = error
            if self.state.stop is None:
                self.interrupt(error)

    def answer(self, name: Name, value: Any) -> None:
        """Take the answer of an effect, made recordable; an answer that cannot be is a failure."""
        try:
            event: Event = Answered(self.clock(), name, plain(value))
        except NotPlain as found:
            at = self.state.waits[name].at if name in self.state.waits else name_text(name)
            self.fail(name, NotRecordable(f"the answer of {at!r} cannot be recorded: {found}"))
            return
        self.take(event)

    def fail(self, name: Name, error: BaseException) -> None:
        """Take the failure of an effect."""
        self.raised = error
        kind = "interrupt" if isinstance(error, KeyboardInterrupt) else "error"
        effect = self.state.waits.get(name)
        place = effect.at if effect is not None else ""
        self.take(Failed(self.clock(), name, Failure(kind, type(error).__name__, str(error), place)))

    def interrupt(self, error: BaseException) -> None:
        """Take a stop from outside: everything outstanding is cancelled."""
        self.raised = error
        self.take(Interrupted(self.clock(), type(error).__name__))

    # -- what to do

    def to_start(self, flying: Container[Name]) -> list[tuple[Name, Effect]]:
        """Return what is wanted, does not fly and shares no resource with what does, in path order."""
        waits = self.state.waits
        names = [name for name in waits if name not in flying and name not in self.resting]
        if len(names) > 1:
            names.sort()
        busy = {effect.resource for name, effect in waits.items() if name in flying or name in self.resting}
        found = []
        for name in names:
            effect = waits[name]
            if effect.resource is not None:
                if effect.resource in busy:
                    continue
                busy.add(effect.resource)
            found.append((name, effect))
        return found

    def perform(self, name: Name, effect: Effect) -> Any:
        """Ask the performer of an effect; what it returns is for the loop to finish."""
        if type(effect) is GiveReply:
            return effect.reply
        performer = self.bindings.get(effect.at) or self._performer_of_place(effect.at)
        return call(performer, effect, Ticket(self, name))

    def _performer_of_place(self, at: str) -> Performer:
        """Raise LookupError with what is bound; a program and its bindings are made together, so this is our bug."""
        raise LookupError(f"nothing is bound at {at!r}; bound are {sorted(self.bindings)}")

    def rest(self, name: Name) -> None:
        """Note that an effect will be answered from outside, later."""
        self.resting[name] = None

    def tell_delta(self, name: Name, text: str) -> None:
        """Pass a piece of an answer on to the watchers, if it is still wanted."""
        effect = self.state.waits.get(name)
        if effect is not None:
            for watcher in self.watchers:
                watcher.on_delta(effect.at, text)

    # -- how it ends

    @property
    def stop(self) -> Stop | None:
        """How the run ended; ``waiting`` if all it waits for comes from outside; None while it goes on."""
        state = self.state
        if state.stop is not None:
            return state.stop
        if self.resting and self._all_rest():
            pending = [name_text(name) for name in sorted(state.waits) if name in self.resting]
            return Stop("waiting", "waiting", "an answer from outside is needed", evidence={"pending": pending})
        return None

    def _all_rest(self) -> bool:
        """Tell whether everything outstanding will be answered from outside, or needs the resource of what will."""
        waits = self.state.waits
        held = {effect.resource for name, effect in waits.items() if name in self.resting} - {None}
        return all(name in self.resting or effect.resource in held for name, effect in waits.items())

    def finish(self) -> None:
        """Close the log; idempotent."""
        log, self.log = self.log, None
        if log is not None:
            self.held.busy = True
            try:
                log.close(self.state)
            finally:
                self.held.release()


__all__ = ["Driver", "Log", "Waiting", "Watcher"]
