"""The recorded truths of the classic API: every one of the features built so far is played and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.classic.compare import differences
from tests.classic.differs import BY_DESIGN
from tests.classic.play import play

FOLDER = Path(__file__).parent / "scenarios"
FEATURES = (
    "two_agent",
    "termination",
    "human_input",
    "counters",
    "default_reply",
    "reply_functions",
    "hooks",
    "tools",
    "functions",
    "code",
)
SCENARIOS = {
    scenario["id"]: scenario
    for scenario in (json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json")))
    if scenario["feature"] in FEATURES
}
SAME = [name for name in SCENARIOS if name not in BY_DESIGN]
COUNTERS_ONLY = [name for name, (level, _) in BY_DESIGN.items() if level == 3]


def found(scenario: dict[str, Any], level: int) -> list[tuple[str, Any, Any]]:
    """Return the differences between a played scenario and its golden."""
    return differences(scenario, play(scenario), level)


@pytest.mark.parametrize("name", SAME)
def test_a_scenario_is_played_as_recorded(name: str) -> None:
    """Everything a caller sees, every request, and what each agent keeps is as recorded."""
    assert found(SCENARIOS[name], 3) == []


@pytest.mark.parametrize("name", COUNTERS_ONLY)
def test_a_scenario_that_differs_inside_is_the_same_outside(name: str) -> None:
    """Where only what agents keep differs, callers and models see what was recorded."""
    assert found(SCENARIOS[name], 2) == []


@pytest.mark.parametrize("name", BY_DESIGN)
def test_a_scenario_differs_exactly_as_documented(name: str) -> None:
    """A documented difference shows at the places that are named, and at no other."""
    _, places = BY_DESIGN[name]
    assert {where for where, _, _ in found(SCENARIOS[name], 3)} == places


def test_every_difference_is_listed_in_the_documentation() -> None:
    """The page of differences names every scenario that differs."""
    page = (Path(__file__).parents[2] / "docs" / "differences.md").read_text()
    assert [name for name in BY_DESIGN if f"`{name}`" not in page] == []


def test_only_quirks_differ_in_what_callers_see() -> None:
    """A scenario that is no quirk differs at most in what agents keep."""
    outside = [name for name, (level, _) in BY_DESIGN.items() if level < 3]
    assert [name for name in outside if "quirk" not in SCENARIOS[name].get("tags", [])] == []
