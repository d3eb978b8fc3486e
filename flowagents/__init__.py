"""The public names of flowagents, loaded when they are first asked for. Nothing else lives here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowagents.adapters.cache import Cache
    from flowagents.adapters.config_lists import (
        config_list_from_dotenv,
        config_list_from_json,
        config_list_from_models,
        filter_config,
        get_config_list,
    )
    from flowagents.adapters.scripted import ScriptedModel
    from flowagents.classic.agent import ConversableAgent
    from flowagents.classic.assistants import AssistantAgent, UserProxyAgent
    from flowagents.classic.base import Agent
    from flowagents.classic.result import ChatResult
    from flowagents.classic.tooling import register_function
    from flowagents.classic.transforms import MessageHistoryLimiter, MessageTokenLimiter, TransformMessages
    from flowagents.core.events import Stop
    from flowagents.flow.builder import Flow
    from flowagents.flow.code_graph import CodeGraph
    from flowagents.flow.conditions import (
        END,
        contains,
        default,
        ends_with,
        exited,
        proposes_calls,
        says,
        visits,
        visits_at_least,
        when,
    )
    from flowagents.flow.nodes import human, subgraph
    from flowagents.runtime.recording import forking, recording, replaying, resuming, watching
    from flowagents.runtime.run import GraphHandle, Run

__version__ = "0.1.0.dev0"
__all__ = [
    "END",
    "Agent",
    "AssistantAgent",
    "Cache",
    "ChatResult",
    "CodeGraph",
    "ConversableAgent",
    "Flow",
    "GraphHandle",
    "MessageHistoryLimiter",
    "MessageTokenLimiter",
    "Run",
    "ScriptedModel",
    "Stop",
    "TransformMessages",
    "UserProxyAgent",
    "config_list_from_dotenv",
    "config_list_from_json",
    "config_list_from_models",
    "contains",
    "default",
    "ends_with",
    "exited",
    "filter_config",
    "forking",
    "get_config_list",
    "human",
    "proposes_calls",
    "recording",
    "register_function",
    "replaying",
    "resuming",
    "says",
    "subgraph",
    "visits",
    "visits_at_least",
    "watching",
    "when",
]


def __getattr__(name: str) -> Any:
    """Load a public name."""
    from flowagents.api import HOMES

    if name not in HOMES:
        raise AttributeError(f"module 'flowagents' has no name {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    found = getattr(import_module(HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
