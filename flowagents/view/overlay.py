"""What a run did, counted on a picture: the way taken, who said how much, the cost, where it stands."""

from __future__ import annotations

from collections.abc import Iterable

from flowagents.core.effects import (
    AskHuman,
    CallModel,
    Draw,
    Effect,
    GiveReply,
    Invoke,
    Path,
    RunCode,
    RunTool,
)
from flowagents.core.events import Answered, Event, Failed, Failure, Stop
from flowagents.core.graph import Compute
from flowagents.core.program import Program
from flowagents.core.step import Taken, advance
from flowagents.core.task import State
from flowagents.core.value import replaced, value
from flowagents.patterns.talk import Say
from flowagents.ports import Json
from flowagents.view.model import Move, PicEdge, PicGroup, PicNode, Picture
from flowagents.view.words import LINE_MAX, TIMES, cut

DONE_WORDS: dict[type, tuple[str, str]] = {
    CallModel: ("model call", "model calls"),
    RunTool: ("tool call", "tool calls"),
    RunCode: ("code run", "code runs"),
    AskHuman: ("human answer", "human answers"),
    Invoke: ("function call", "function calls"),
    GiveReply: ("default reply", "default replies"),
    Draw: ("draw", "draws"),
}


class Tally:
    """What happened in one box."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.messages = 0
        self.done: dict[type, int] = {}
        self.tokens = 0
        self.cost = 0.0
        self.priced = 0
        self.unpriced = 0

    def add(self, effect: Effect, answer: Json) -> None:
        """Count one answered effect."""
        self.done[type(effect)] = self.done.get(type(effect), 0) + 1
        if not isinstance(effect, CallModel) or not isinstance(answer, dict):
            return
        usage = answer.get("usage") or {}
        self.tokens += int(usage.get("total_tokens") or 0)
        price = answer.get("price")
        if price is not None and usage:
            self.priced += 1
            self.cost += usage.get("prompt_tokens", 0) / 1000 * price[0]
            self.cost += usage.get("completion_tokens", 0) / 1000 * price[1]
        elif answer.get("source", "live") == "live":
            self.unpriced += 1

    def text(self) -> str:
        """Return the tally in a line; a cost that is not known is ``$?``, never nothing."""
        parts = [_many(self.messages, "message", "messages")] if self.messages else []
        parts += [_many(count, *DONE_WORDS[kind]) for kind, count in self.done.items()]
        if self.tokens:
            parts.append(f"{_short(self.tokens)} tokens")
        if self.unpriced:
            parts.append("$?")
        elif self.priced:
            parts.append(f"${self.cost:.4f}")
        return " · ".join(parts)


@value
class Account:
    """The count of a run: how often each arrow and way was taken, tallies by box, the state it led to."""

    moves: dict[str, int]
    ways: dict[tuple[Move, ...], int]
    tallies: dict[str, Tally]
    state: State


def overlay(drawn: Picture, program: Program, events: Iterable[Event]) -> Picture:
    """Return ``drawn`` with what the run of ``events`` did on it.

    >>> from flowagents.core.events import Started
    >>> from flowagents.core.graph import End, Graph, Node
    >>> from flowagents.view.picture import picture
    >>> graph = Graph("g", "end", (Node("end", End()),))
    >>> overlay(picture(graph), Program(graph), [Started(1.0, {}, {})]).stop
    'finished: end'
    """
    account = count_run(drawn, program, events)
    marks = _marks(drawn, account.state)
    entered = {edge.head for edge in drawn.edges if account.moves[edge.id]}
    nodes = tuple(_node(node, account.tallies.get(node.id), marks.get(node.id), entered) for node in drawn.nodes)
    return replaced(
        drawn,
        nodes=nodes,
        groups=tuple(_group(group, marks.get(group.id, ("", ""))) for group in drawn.groups),
        edges=tuple(_edge(edge, account.moves[edge.id]) for edge in drawn.edges),
        stop=stop_text(account.state),
        legend=(*drawn.legend[:1], f"blue {TIMES}n: taken n times", "dashed grey: not taken"),
    )


def count_run(drawn: Picture, program: Program, events: Iterable[Event]) -> Account:
    """Return how often each arrow was taken and what was done in each box.

    >>> from flowagents.core.events import Started
    >>> from flowagents.core.graph import End, Graph, Node
    >>> from flowagents.view.picture import picture
    >>> graph = Graph("g", "end", (Node("end", End()),))
    >>> count_run(picture(graph), Program(graph), [Started(1.0, {}, {})]).moves
    {'e0': 1}
    """
    state, walk = State(), _Walks(drawn, program)
    for event in events:
        if isinstance(event, (Answered, Failed)):
            walk.answered(state, event)
        taken: Taken = []
        if advance(program, state, event, taken):
            for path, way in taken:
                for move in way.drawn:
                    walk.move(path, move)
            walk.stand(state)
    return Account(walk.moves, walk.ways, walk.tallies, state)


def stop_text(state: State) -> str:
    """Say how a run ended or that it has not: kind of stop, name, and the rule.

    >>> stop_text(State())
    'not started'
    """
    stop = state.stop
    if stop is not None:
        return _stop_words(stop)
    if not state.tasks:
        return "not started"
    humans = sum(isinstance(effect, AskHuman) for effect in state.waits.values())
    return "waiting for a human" if humans else "under way"


class _Walks:
    """Follows the tasks of a run over the picture, each from box to box."""

    def __init__(self, drawn: Picture, program: Program) -> None:
        self.drawn = drawn
        self.program = program
        self.arrows = {(edge.tail, way): edge for edge in drawn.edges for way in edge.ways}
        self.moves = {edge.id: 0 for edge in drawn.edges}
        self.ways: dict[tuple[Move, ...], int] = {}
        self.tallies: dict[str, Tally] = {}
        self.at: dict[Path, tuple[str, tuple[Move, ...]]] = {}
        self.starts = {node.place: node.id for node in drawn.nodes if node.kind == "start"}

    def move(self, path: Path, move: Move) -> None:
        """Take one drawn edge: count the arrow it completes, remember it where it is only a piece of one."""
        place, spot = move[0], self.drawn.spots[move[0]]
        row = self.program.rows[place]
        if isinstance(row.work, Compute) and isinstance(row.work.rule, Say):
            self._said(row.work.rule.author, spot.how, spot.id)
        if path not in self.at:
            self._begin(path, place)
        at, pieces = self.at[path]
        match spot.how:
            case "inside":
                self.at[path] = (spot.id, ())
                return
            case "box":
                at, pieces = spot.id, ()
            case "part" if move in self.drawn.rescues:
                at, pieces = spot.id, ()
        pieces = (*pieces, move)
        arrow = self.arrows.get((at, pieces))
        if arrow is None:
            self.at[path] = (at, pieces)
        else:
            self.moves[arrow.id] += 1
            self.ways[pieces] = self.ways.get(pieces, 0) + 1
            self.at[path] = (arrow.head, ())

    def stand(self, state: State) -> None:
        """Take note of tasks that have begun and not moved yet."""
        for path, task in state.tasks.items():
            if path not in self.at:
                self._begin(path, task.row.place)
        if state.stop is not None and not self.at:
            self._begin((), self.program.start.place)

    def answered(self, state: State, event: Answered | Failed) -> None:
        """Count an effect where the task that asked for it stands."""
        effect, task = state.waits.get(event.name), state.tasks.get(event.name[0])
        if effect is None or task is None or isinstance(event, Failed):
            return
        spot = self.drawn.spots[task.row.place]
        self._tally(spot.id).add(effect, event.value)

    def _begin(self, path: Path, place: str) -> None:
        """Put a new task on the start mark of its graph, and past it where the start is a box."""
        spot = self.drawn.spots[place]
        if spot.how == "inside":
            self.at[path] = (spot.id, ())
            return
        start = self._start(place)
        self.at[path] = (start, ())
        arrow = self.arrows.get((start, ()))
        if arrow is not None:
            self.moves[arrow.id] += 1
            self.at[path] = (arrow.head, ())

    def _start(self, place: str) -> str:
        """Return the start mark of the innermost task's graph that holds a place."""
        found = [prefix for prefix in self.starts if place.startswith(prefix)]
        return self.starts[max(found, key=len)]

    def _said(self, author: str, how: str, box: str) -> None:
        """Count a message where it was said; one said by a folded step belongs to the box of its author."""
        if how == "folded":
            named = [node.id for node in self.drawn.nodes if node.place.rpartition("/")[2] == author]
            if not named:
                return
            box = named[0]
        self._tally(box).messages += 1

    def _tally(self, box: str) -> Tally:
        """Return the tally of a box."""
        return self.tallies.setdefault(box, Tally())


def _node(node: PicNode, tally: Tally | None, mark: tuple[str, str] | None, entered: set[str]) -> PicNode:
    """Return a box with what happened in it."""
    counts = tally.text() if tally else ""
    if mark is None:
        reached = node.id in entered or tally is not None or node.kind == "start"
        mark = ("reached" if reached else "missed", "")
    return replaced(node, counts=counts, mark=mark[0], note=mark[1])


def _group(group: PicGroup, mark: tuple[str, str]) -> PicGroup:
    """Return a group with where the run stands."""
    return replaced(group, mark=mark[0], note=mark[1])


def _edge(edge: PicEdge, count: int) -> PicEdge:
    """Return an arrow with its count."""
    return edge if edge.style == "needs" else replaced(edge, count=count)


def _marks(drawn: Picture, state: State) -> dict[str, tuple[str, str]]:
    """Return where the run stands, waits or has failed, by id of box or group, each with a line for it."""
    marks: dict[str, tuple[str, str]] = {}
    for path, task in sorted(state.tasks.items()):
        effects = [effect for (owner, _), effect in state.waits.items() if owner == path]
        human = any(isinstance(effect, AskHuman) for effect in effects)
        found = ("waiting", "⏸ waiting for the human") if human else ("current", "▶ here now")
        marks[drawn.spots[task.row.place].id] = found
    failure = state.stop.failure if state.stop else None
    if failure is not None and failure.place in drawn.spots:
        marks[drawn.spots[failure.place].id] = ("failed", _failure_line(failure))
    return marks


def _failure_line(failure: Failure) -> str:
    """Return the line for a box in which a run failed."""
    return cut(f"✖ {failure.error}", LINE_MAX)


def _stop_words(stop: Stop) -> str:
    """Say how a run ended."""
    rule = cut(stop.rule, 120)
    return f"{stop.kind}: {stop.name}" + (f" — {rule}" if rule else "")


def _many(count: int, one: str, more: str) -> str:
    """Return a count and what was counted."""
    return f"{count} {one if count == 1 else more}"


def _short(number: int) -> str:
    """Return a number as people write it in a picture."""
    return str(number) if number < 1000 else f"{number / 1000:.1f}k"
