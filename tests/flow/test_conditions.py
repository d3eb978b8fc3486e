"""The words of a flow: which guards they stand for, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowagents.core.guards import Guard
from flowagents.errors import ConfigError
from flowagents.flow import (
    END,
    contains,
    default,
    ends_with,
    exited,
    human,
    proposes_calls,
    says,
    visits,
    visits_at_least,
    when,
)
from flowagents.flow.nodes import describe, require_name


def writer(text: str) -> str:
    """Return the text."""
    return text


@pytest.mark.parametrize(
    ("guard", "words"),
    [
        (contains("a"), "heard contains 'a'"),
        (says("a"), "heard is 'a'"),
        (ends_with("a"), "heard ends with 'a'"),
        (proposes_calls(), "heard has tool_calls or heard has function_call"),
        (exited("limit"), "limit"),
        (visits_at_least(writer, 3), "visits(writer) ≥ 3"),
        (visits(writer) >= 3, "visits(writer) ≥ 3"),
        (visits("writer") > 3, "visits(writer) ≥ 4"),
        (visits(writer) < 3, "visits(writer) < 3"),
        (visits(human("writer")) <= 3, "visits(writer) < 4"),
        (contains("a") & ~says("b") | exited("c"), "(heard contains 'a' and not heard is 'b') or c"),
    ],
)
def test_a_condition_is_a_guard_with_words(guard: Guard, words: str) -> None:
    assert guard.words() == words


def test_a_rule_joins_a_condition_and_a_target() -> None:
    case = when(contains("a")) >> END("done")
    assert (case.guard, case.target) == (contains("a"), END("done"))


def test_the_default_has_no_condition() -> None:
    assert (default >> writer).guard is None


@pytest.mark.parametrize("wrong", [True, "contains a", None, visits("a")])
def test_what_is_no_condition_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="which is no condition"):
        when(wrong)


def test_visits_need_a_name() -> None:
    with pytest.raises(ConfigError, match="has no name to be known by"):
        visits(lambda text: text)


def test_a_node_is_known_by_its_own_name() -> None:
    assert [require_name(node) for node in ("a", writer, human("b"))] == ["a", "writer", "b"]


def test_things_are_described_without_their_address() -> None:
    assert describe(object) == "type 'object'"
    assert describe(writer) == "function 'writer'"


def test_words_alone_load_nothing_heavy() -> None:
    heavy = "networkx", "asyncio", "pydantic", "openai", "graphviz", "docker", "tenacity"
    code = f"import sys, flowagents.flow; print([name for name in {heavy} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"
