from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flowagents.core.graph import Edge, End, Fan, Graph, Node
from flowagents.core.guards import Contains
from flowagents.view.dot import closing, to_dot
from flowagents.view.draw import draw_graph
from flowagents.view.picture import picture
from tests.view.chats import coding_chat

HARD_NAMES = [
    'say "hi"',
    "<b>bold</b>",
    "two\nlines",
    "emoji 🎉",
    "end",
    "subgraph",
    "x" * 300,
    "",
    "back\\slash \\N \\G \\n \\",
    "&amp; #35;",
    "a-b",
    "a_b",
    "graph",
    "\x07bell",
    "]]>",
]
HASH_SEEDS = ("0", "1", "77")
ROOT = Path(__file__).parents[2]


def hard_graph() -> Graph:
    """Return a graph whose names, guards and notes are what writers stumble over."""
    nodes = [
        Node(name, Fan(()), (Edge("the end", Contains("heard", name)), Edge("the end")), "tool", notes=(name,))
        for name in HARD_NAMES
    ]
    return Graph(HARD_NAMES[0], HARD_NAMES[0], (*nodes, Node("the end", End())), title='odd "<b>"\n#1')


def need_dot() -> None:
    if shutil.which("dot") is None:
        pytest.skip("needs the program dot: apt install graphviz")


def test_the_same_graph_gives_the_same_text() -> None:
    assert to_dot(picture(coding_chat())) == to_dot(picture(coding_chat()))


def test_hash_seeds_do_not_show_in_dot_or_mermaid() -> None:
    program = (
        "from tests.view.chats import coding_chat\n"
        "from flowagents.view.draw import draw_graph\n"
        "graph = coding_chat()\n"
        "print(draw_graph(graph, 'dot', open=True), draw_graph(graph, 'mermaid', open={'user', 'assistant'}))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed in HASH_SEEDS
    }
    assert len(outputs) == 1


def test_the_arrow_that_closes_a_loop_is_turned_round_so_the_start_stays_on_top() -> None:
    drawn = picture(coding_chat())
    back = next(edge for edge in drawn.edges if edge.id in closing(drawn))
    assert len(closing(drawn)) == 1
    assert f"{back.head} -> {back.tail} [" in to_dot(drawn)
    assert "dir=back" in to_dot(drawn)


def test_a_loop_of_ten_thousand_nodes_is_no_recursion() -> None:
    nodes = [Node(f"n{n}", Fan(()), (Edge(f"n{(n + 1) % 10_000}"),), "tool") for n in range(10_000)]
    assert len(closing(picture(Graph("g", "n0", tuple(nodes)), depth=1))) == 1


def test_dot_takes_names_that_look_like_its_language() -> None:
    need_dot()
    svg = draw_graph(hard_graph(), "svg")
    shown = re.sub("\u2060", "", svg)
    assert "say &quot;hi&quot;" in shown or 'say "hi"' in shown
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown
    assert "back\\slash \\N \\G \\n \\" in shown
    assert "🎉" in shown


def test_an_svg_speaks_and_calls_nobody() -> None:
    need_dot()
    svg = draw_graph(coding_chat(), "svg")
    assert svg.startswith("<svg")
    assert "<title>user chats with assistant</title>" in svg
    assert 'role="img"' in svg
    assert set(re.findall(r"https?://[^\"]+", svg)) == {"http://www.w3.org/2000/svg"}
    assert "href" not in svg
    assert "<script" not in svg


def test_an_svg_tells_each_part_by_name_instead_of_by_number() -> None:
    need_dot()
    spoken = re.findall(r"<title>([^<]*)</title>", draw_graph(coding_chat(), "svg"))
    assert not [name for name in spoken if re.fullmatch(r"n\d+.*|cluster_.*", name)]


def test_a_picture_with_groups_inside_groups_is_laid_out() -> None:
    need_dot()
    svg = draw_graph(coding_chat(), "svg", open=True)
    assert svg.count('class="cluster') == 4


def test_a_png_is_a_png() -> None:
    need_dot()
    assert draw_graph(coding_chat(), "png")[:8] == b"\x89PNG\r\n\x1a\n"
