"""The front door: every public name and where it lives. Names are loaded when they are first asked for."""

from __future__ import annotations

HOMES = {
    "Agent": "flowagents.classic.base",
    "AssistantAgent": "flowagents.classic.assistants",
    "ChatResult": "flowagents.classic.result",
    "CodeGraph": "flowagents.flow.code_graph",
    "ConversableAgent": "flowagents.classic.agent",
    "END": "flowagents.flow.conditions",
    "Flow": "flowagents.flow.builder",
    "GraphHandle": "flowagents.runtime.run",
    "Run": "flowagents.runtime.run",
    "ScriptedModel": "flowagents.adapters.scripted",
    "Stop": "flowagents.core.events",
    "UserProxyAgent": "flowagents.classic.assistants",
    "contains": "flowagents.flow.conditions",
    "default": "flowagents.flow.conditions",
    "ends_with": "flowagents.flow.conditions",
    "exited": "flowagents.flow.conditions",
    "forking": "flowagents.runtime.recording",
    "human": "flowagents.flow.nodes",
    "proposes_calls": "flowagents.flow.conditions",
    "recording": "flowagents.runtime.recording",
    "register_function": "flowagents.classic.tooling",
    "replaying": "flowagents.runtime.recording",
    "resuming": "flowagents.runtime.recording",
    "says": "flowagents.flow.conditions",
    "subgraph": "flowagents.flow.nodes",
    "visits": "flowagents.flow.conditions",
    "visits_at_least": "flowagents.flow.conditions",
    "watching": "flowagents.runtime.recording",
    "when": "flowagents.flow.conditions",
}
"""Public names and the modules that define them."""
