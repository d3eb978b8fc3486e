"""Draw docs/pictures/ anew: runs kept in tests/traces/, each on the graph of the example it was recorded from.

Mermaid is compared by a test; the picture is for readers, its layout depends on the Graphviz that made it.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from flowagents.core.events import Event
from flowagents.core.graph import Graph
from flowagents.errors import LayoutEngineMissing
from flowagents.runtime.trace import read_trace
from flowagents.testing.programs import compiled, load
from flowagents.view.draw import draw_graph, draw_run

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
RUNS = ("two_agent_coding", "tool_use", "code_graph")
INSIDES = ("two_agent_coding",)


def parts_of(example: str) -> tuple[Graph, tuple[Event, ...]]:
    """Return the graph of an example and the events of its kept run."""
    with redirect_stdout(StringIO()):
        program = compiled(load(str(ROOT / "examples" / f"{example}.py")))
    return program.graph, read_trace(ROOT / "tests" / "traces" / f"{example}.jsonl").events


def pictures(format: str) -> dict[str, str]:
    """Return every picture in a text format, by its name."""
    drawn = {}
    for example in RUNS:
        graph, events = parts_of(example)
        drawn[example] = str(draw_run(graph, events, format))
    for example in INSIDES:
        drawn[f"{example}_inside"] = str(draw_graph(parts_of(example)[0], format, open=True))
    return drawn


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for format, suffix in (("mermaid", "mmd"), ("svg", "svg")):
        try:
            for name, text in pictures(format).items():
                (PICTURES / f"{name}.{suffix}").write_text(text, encoding="utf-8")
                print(f"docs/pictures/{name}.{suffix}")
        except LayoutEngineMissing as missing:
            print(missing, file=sys.stderr)


if __name__ == "__main__":
    main()
