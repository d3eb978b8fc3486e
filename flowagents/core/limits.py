"""The limits every task obeys, each a name and a number; at one, the task ends with a failure of kind ``limit``."""

from __future__ import annotations

from flowagents.core.value import value


@value
class Limits:
    """How far a task may go.

    ``moves_max``: edges one task may take. ``quiet_moves_max``: edges it may take between two events, which bounds a
    loop without an effect. ``children_max``: children of one node. ``depth_max``: tasks one inside the other.
    ``seconds_max``: time since the run started, measured on the events; None for no limit. Depth and seconds are
    those of the whole run, so a child obeys those of its parent too. A part has only the limits of the task it is in.
    """

    moves_max: int = 1_000_000
    quiet_moves_max: int = 10_000
    children_max: int = 10_000
    depth_max: int = 100
    seconds_max: float | None = None
