"""The command draw."""

from __future__ import annotations

import sys
from pathlib import Path

from flowagents.adapters.printing import write_to_screen
from flowagents.cli.running import quiet
from flowagents.errors import ConfigError
from flowagents.runtime.trace import read_trace, require_graph
from flowagents.testing.programs import compiled, load
from flowagents.view.draw import draw

SUFFIXES = {
    ".svg": "svg",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".png": "png",
    ".pdf": "pdf",
}
BINARY = ("png", "pdf")


def draw_target(target: str, *, format: str | None, opened: bool, output: Path | None, source: str | None) -> None:
    """Draw a program or a trace into a file, or to standard output."""
    chosen = format or SUFFIXES.get(output.suffix if output is not None else "", "svg")
    if chosen in BINARY and output is None:
        raise ConfigError(f"a picture as {chosen} is no text; give -o FILE.{chosen}")
    drawn = _trace(Path(target), source, chosen, opened) if _is_trace(target) else _program(target, chosen, opened)
    if output is None:
        write_to_screen(str(drawn) if str(drawn).endswith("\n") else f"{drawn!s}\n")
    elif isinstance(drawn, bytes):
        output.write_bytes(drawn)
    else:
        output.write_text(drawn, encoding="utf-8")
    if output is not None:
        sys.stderr.write(f"{output}\n")


def _is_trace(target: str) -> bool:
    """Tell whether a target is a trace, not a program."""
    return target.endswith(".jsonl") or (Path(target).is_file() and not target.endswith(".py"))


def _program(text: str, format: str, opened: bool) -> str | bytes:
    """Draw the graph of the first run of a program."""
    with quiet():
        program = compiled(load(text))
    return draw(program.graph, format, open=opened)


def _trace(path: Path, source: str | None, format: str, opened: bool) -> str | bytes:
    """Draw a recorded run, on the graph of the program it was recorded from."""
    if not path.is_file():
        raise ConfigError(f"there is no trace {str(path)!r}; record one: flowagents run PROGRAM")
    trace = read_trace(path)
    named = source or trace.source
    if named is None:
        raise ConfigError(f"{path} does not say which program it was recorded from; give --source PROGRAM")
    with quiet():
        program = compiled(load(named, near=path))
    require_graph(trace, program)
    return draw(program.graph, format, events=trace.events, open=opened)
