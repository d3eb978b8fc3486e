"""What tests need: scripted models, tools, humans and clocks, and the replay of traces; not for production.

Names are loaded when they are first asked for. The fixture ``flow_replay`` comes with the pytest plug-in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowagents.adapters.scripted import ScriptedModel
    from flowagents.testing.clock import FakeClock
    from flowagents.testing.plugin import FlowReplay
    from flowagents.testing.replayed import ReplayedRun, offline, replayed_runs
    from flowagents.testing.scripted import ScriptedHuman, ScriptedTool

_HOMES = {
    "FakeClock": "flowagents.testing.clock",
    "FlowReplay": "flowagents.testing.plugin",
    "ReplayedRun": "flowagents.testing.replayed",
    "ScriptedHuman": "flowagents.testing.scripted",
    "ScriptedModel": "flowagents.adapters.scripted",
    "ScriptedTool": "flowagents.testing.scripted",
    "offline": "flowagents.testing.replayed",
    "replayed_runs": "flowagents.testing.replayed",
}


def __getattr__(name: str) -> object:
    """Load a public name."""
    if name not in _HOMES:
        raise AttributeError(f"flowagents.testing has no {name!r}; it has {', '.join(_HOMES)}")
    from importlib import import_module

    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(_HOMES)


__all__ = [
    "FakeClock",
    "FlowReplay",
    "ReplayedRun",
    "ScriptedHuman",
    "ScriptedModel",
    "ScriptedTool",
    "offline",
    "replayed_runs",
]
