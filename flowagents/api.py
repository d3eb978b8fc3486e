"""The front door: every public name and where it lives. Names are loaded when they are first asked for."""

from __future__ import annotations

HOMES = {
    "Agent": "flowagents.classic.base",
    "AssistantAgent": "flowagents.classic.assistants",
    "ChatResult": "flowagents.classic.result",
    "ConversableAgent": "flowagents.classic.agent",
    "ScriptedModel": "flowagents.adapters.scripted",
    "UserProxyAgent": "flowagents.classic.assistants",
    "recording": "flowagents.runtime.recording",
    "register_function": "flowagents.classic.tooling",
    "replaying": "flowagents.runtime.recording",
    "resuming": "flowagents.runtime.recording",
    "watching": "flowagents.runtime.recording",
}
"""Public names and the modules that define them."""
