"""Draw graphs/ anew: of each example the graph of its first run, as canonical JSON, as Mermaid and as a picture.

JSON and Mermaid are compared by a test; the picture is for readers, its layout depends on the Graphviz that made it.
Nothing is run: the graph is taken when a run begins.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from flowagents.core.canonical import canonical
from flowagents.core.graph import Graph
from flowagents.errors import LayoutEngineMissing
from flowagents.testing.programs import compiled, load
from flowagents.view.draw import draw_graph

ROOT = Path(__file__).resolve().parents[1]
NOT_EXAMPLES = ("model_choice",)


def examples() -> list[Path]:
    return [path for path in sorted((ROOT / "examples").glob("*.py")) if path.stem not in NOT_EXAMPLES]


def graph_of(example: Path) -> Graph:
    with redirect_stdout(StringIO()):
        return compiled(load(str(example))).graph


def texts_of(graph: Graph) -> dict[str, str]:
    """Return what is compared: the text of each file by its suffix."""
    return {
        ".json": json.dumps(json.loads(canonical(graph)), indent=1, sort_keys=True) + "\n",
        ".mmd": draw_graph(graph, "mermaid"),
    }


def main() -> None:
    folder = ROOT / "graphs"
    folder.mkdir(exist_ok=True)
    for example in examples():
        graph = graph_of(example)
        for suffix, text in texts_of(graph).items():
            (folder / example.stem).with_suffix(suffix).write_text(text, encoding="utf-8")
        try:
            (folder / example.stem).with_suffix(".svg").write_text(draw_graph(graph, "svg"), encoding="utf-8")
        except LayoutEngineMissing as missing:
            print(missing, file=sys.stderr)
        print(f"graphs/{example.stem}")


if __name__ == "__main__":
    main()
