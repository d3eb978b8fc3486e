from __future__ import annotations

import subprocess
import sys

import pytest

from flowagents.errors import LayoutEngineMissing, SetupError
from flowagents.view.draw import draw, draw_graph, draw_run
from flowagents.view.engines import engine_name
from tests.view.chats import CODING_ANSWERS, coding_chat, play
from tests.view.test_dot import ROOT


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the program dot."""
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.fixture
def no_engine(no_dot: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the package pygraphviz too."""
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_the_error_names_the_remedies_and_what_still_works() -> None:
    with pytest.raises(LayoutEngineMissing) as caught:
        draw_graph(coding_chat(), "svg")
    text = str(caught.value)
    assert "svg was asked for" in text
    assert "apt install graphviz" in text
    assert "flowagents[viz]" in text
    assert "mermaid" in text


@pytest.mark.usefixtures("no_engine")
def test_without_an_engine_the_texts_still_work() -> None:
    assert draw_graph(coding_chat(), "dot").startswith("digraph")
    assert "flowchart TD" in draw_graph(coding_chat(), "mermaid")
    assert engine_name() is None


@pytest.mark.usefixtures("no_dot")
def test_without_the_program_the_wheel_draws() -> None:
    pytest.importorskip("pygraphviz", reason="needs the package pygraphviz: pip install 'flowagents[viz]'")
    svg = draw_graph(coding_chat(), "svg")
    assert "<title>user chats with assistant</title>" in svg
    assert "xlink" not in svg
    name = engine_name()
    assert name is not None
    assert name.startswith("pygraphviz")


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(SetupError, match=r"'gif'.*dot, mermaid, svg, png, pdf"):
        draw_graph(coding_chat(), "gif")


def test_one_front_draws_a_graph_or_a_run() -> None:
    graph = coding_chat()
    events = play(graph, CODING_ANSWERS)
    assert draw(graph, "mermaid") == draw_graph(graph, "mermaid")
    assert draw(graph, "dot", events=events) == draw_run(graph, events, "dot")


def test_mermaid_loads_no_graphviz() -> None:
    program = (
        "import sys\n"
        "from tests.view.chats import coding_chat\n"
        "from flowagents.view.draw import draw_graph\n"
        "draw_graph(coding_chat(), 'mermaid')\n"
        "sys.exit('graphviz' in sys.modules or 'pygraphviz' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
