from __future__ import annotations

from flowagents.core.graph import Edge, End, Fan, Graph, Node
from flowagents.core.program import Program
from flowagents.view.overlay import overlay
from flowagents.view.picture import picture
from flowagents.view.terminal import picture_table, rules_table
from flowagents.view.words import TIMES
from tests.view.chats import CODING_ANSWERS, coding_chat, play


def test_rules_are_listed_in_the_order_in_which_they_are_tried() -> None:
    lines = rules_table(coding_chat()).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("assistant"))
    assert lines[first].split() == ["assistant", "max_turns", "①", "turns", "≥", "5"]
    assert lines[first + 1].split() == ["user", "②", "else"]


def test_the_table_begins_with_title_and_limits() -> None:
    assert rules_table(coding_chat()).splitlines()[:2] == [
        "user chats with assistant",
        "at most 5 turns of user",
    ]


def test_a_run_adds_how_often_each_rule_was_taken_and_the_stop() -> None:
    graph = coding_chat()
    table = picture_table(overlay(picture(graph), Program(graph), play(graph, CODING_ANSWERS)))
    assert "finished: ended" in table
    assert next(line for line in table.splitlines() if "② else" in line).endswith(f"{TIMES}2")


def test_a_long_name_does_not_stretch_the_table() -> None:
    nodes = (Node("x" * 300, Fan(()), (Edge("end"),), "tool"), Node("end", End()))
    table = rules_table(Graph("g", "x" * 300, nodes))
    assert max(len(line) for line in table.splitlines()) < 200
