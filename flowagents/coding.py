"""Front door for code execution: public names, each loaded when it is first used. No logic lives here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowagents.adapters.code.extract import MarkdownCodeExtractor
    from flowagents.adapters.code.local import LocalCommandLineCodeExecutor
    from flowagents.patterns.fences import format_reply
    from flowagents.ports import CodeBlock, CodeExecutor, CodeResult

_HOMES = {
    "CodeBlock": "flowagents.ports",
    "CodeExecutor": "flowagents.ports",
    "CodeResult": "flowagents.ports",
    "LocalCommandLineCodeExecutor": "flowagents.adapters.code.local",
    "MarkdownCodeExtractor": "flowagents.adapters.code.extract",
    "format_reply": "flowagents.patterns.fences",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"flowagents.coding has no {name!r}: it has {', '.join(_HOMES)}")
    from importlib import import_module

    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(_HOMES)


__all__ = [
    "CodeBlock",
    "CodeExecutor",
    "CodeResult",
    "LocalCommandLineCodeExecutor",
    "MarkdownCodeExtractor",
    "format_reply",
]
