"""A review loop as a code graph: a writer and a critic, and an editor for what they cannot agree on.

python examples/code_graph.py             the editor is scripted
python examples/code_graph.py --editor    you are the editor
"""

from __future__ import annotations

import sys

from flowagents import END, CodeGraph, Flow, contains, default, human, visits, when

WORDS_MAX = 8


def writer(text: str) -> str:
    """Write a first draft about a topic, or shorten a draft that came back."""
    draft = text.removeprefix("TOO LONG: ")
    if draft == text:
        return f"Why we love {text}: they are small, they are quiet, they are cheap"
    return draft.rpartition(",")[0]


def critic(draft: str) -> str:
    """Approve of a draft that is short enough; send back any other."""
    return f"APPROVED: {draft}" if len(draft.split()) <= WORDS_MAX else f"TOO LONG: {draft}"


def scripted_editor(question: str) -> str:
    """Stand in for a human, so that this example runs by itself."""
    return "Never mind."


def review(*, at_the_terminal: bool) -> CodeGraph:
    """Build the graph: what comes after what, in this order, and never more than 20 moves."""
    editor = human("editor", "How should it read? ", ask=None if at_the_terminal else scripted_editor)
    return (
        Flow("review")
        .start(writer)
        .edge(writer, critic)
        .switch(
            critic,
            when(contains("APPROVED")) >> END("approved"),
            when(visits(writer) < 3) >> writer,
            default >> editor,
        )
        .edge(editor, END("edited"))
        .limits(moves_max=20)
        .build()
    )


def main() -> None:
    """Run the flow on two topics, and draw it with the path of the second."""
    print("No model is called: the writer and the critic are plain functions.")
    flow = review(at_the_terminal="--editor" in sys.argv[1:])
    for topic in ("snails", "snails that live in the garden"):
        run = flow.run(topic)
        print(f"\n{topic}: {' -> '.join(run.path)}")
        print(f"{run.stop.kind} at {run.stop.name!r}: {run.result['content']}")
    print(f"\n{run.draw('mermaid')}")


if __name__ == "__main__":
    main()
