"""Code of the user that runs inside an effect, and what it does to agents there.

What it reads is what the run knows now. What it changes is noted on its ticket, recorded with its answer, applied by
the core, so that a replay, which never calls it, changes the same. Chats that it starts are runs of their own: not
recorded as if they were the program's own, but in the same trace, under the name of the effect.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from flowagents.core.effects import Effect, Invoke
from flowagents.runtime.performing import Blocking, Performer, Ticket

_current: ContextVar[Ticket | None] = ContextVar("flowagents_ticket", default=None)


def current() -> Ticket | None:
    """Return the ticket of the effect whose performer is running here, None outside of any.

    >>> current() is None
    True
    """
    return _current.get()


def call(performer: Performer, effect: Effect, ticket: Ticket) -> Any:
    """Call a performer so that user code in it knows where it is; the answer of an Invoke carries what it changed."""
    ticket.may_change = isinstance(effect, Invoke)
    token = _current.set(ticket)
    try:
        value = performer(effect, ticket)
    finally:
        _current.reset(token)
    if isinstance(value, Blocking):
        return Blocking(lambda: _changed(_call_inside(value.call, ticket), effect, ticket), value.withdraw)
    if hasattr(value, "__await__"):
        return _await_inside(value, effect, ticket)
    return _changed(value, effect, ticket)


def _call_inside(function: Any, ticket: Ticket) -> Any:
    """Call a function inside an effect, in whatever thread this is."""
    token = _current.set(ticket)
    try:
        return function()
    finally:
        _current.reset(token)


async def _await_inside(awaitable: Any, effect: Effect, ticket: Ticket) -> Any:
    """Await something inside an effect."""
    token = _current.set(ticket)
    try:
        return _changed(await awaitable, effect, ticket)
    finally:
        _current.reset(token)


def _changed(value: Any, effect: Effect, ticket: Ticket) -> Any:
    """Return an answer with the changes noted on the ticket, if there are any and the answer can carry them."""
    if ticket.changes and isinstance(effect, Invoke) and isinstance(value, dict):
        return {**value, "changes": ticket.changes}
    return value
