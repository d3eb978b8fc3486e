from __future__ import annotations

import json
import re

import pytest

from flowagents.core.graph import End, Graph, Node
from flowagents.core.program import Program
from flowagents.view.mermaid import escape, to_mermaid
from flowagents.view.overlay import overlay
from flowagents.view.picture import picture
from flowagents.view.words import TIMES
from tests.view.chats import CODING_ANSWERS, coding_chat, play
from tests.view.test_dot import HARD_NAMES, hard_graph

LINE = re.compile(
    r"""\ \ (
      accTitle:\ .+
    | \s*n\d+(\(\(".*"\)\)|\(\[".*"\]\)|\(".*"\))
    | \s*subgraph\ g\d+\[".*"\]
    | \s*end
    | [ng]\d+\ (-->|==>|-\.->)(\|"[^"|]+"\|)?\ [ng]\d+
    | style\ [ng]\d+\ [\w:#,.\ -]+
    | linkStyle\ \d+\ [\w:#,.\ -]+
    )""",
    re.VERBOSE,
)


def body(text: str) -> list[str]:
    return text.partition("flowchart TD\n")[2].splitlines()


@pytest.mark.parametrize("graph", [coding_chat(), hard_graph()])
def test_every_line_has_a_form_that_mermaid_knows(graph: Graph) -> None:
    assert [line for line in body(to_mermaid(picture(graph, open=True))) if not LINE.fullmatch(line)] == []


@pytest.mark.parametrize("name", HARD_NAMES)
def test_no_name_can_end_its_label(name: str) -> None:
    made = escape(name)
    assert not set(made) & set('"<>[]{}|`*\\\n')
    assert not re.search(r"fa:f|\$\$", made)


def test_escaped_text_reads_back_as_it_was() -> None:
    text = 'a "b" <c> #35; d_e _f_ 1. $$x$$ fa:fa-car \\n | `g`'
    back = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), escape(text)).replace("\u2060", "")
    assert back == text


def test_words_with_underscores_and_points_stay_readable() -> None:
    assert escape("max_turns of gpt-4.1") == "max_turns of gpt-4.1"


def test_the_heading_is_a_json_string_and_so_yaml() -> None:
    title = next(line for line in to_mermaid(picture(hard_graph())).splitlines() if line.startswith("title: "))
    assert json.loads(title.removeprefix("title: ")).startswith('odd "')


def test_rules_and_ends_are_in_the_text() -> None:
    text = to_mermaid(picture(coding_chat()))
    assert "① turns ≥ 5" in text
    assert "<b>max_turns</b>" in text
    assert "at most 5 turns of user" in text


def test_the_way_taken_is_bold_and_counted() -> None:
    graph = coding_chat()
    drawn = overlay(picture(graph), Program(graph), play(graph, CODING_ANSWERS))
    text = to_mermaid(drawn)
    assert f'==>|"② else {TIMES}2"|' in text
    assert "-.->" in text
    assert "finished: ended" in text


def test_a_graph_without_name_is_still_a_chart() -> None:
    assert "accTitle: flow" in to_mermaid(picture(Graph("", "", (Node("", End()),))))
