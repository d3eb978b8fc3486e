"""Joining what children changed in memory."""

from __future__ import annotations

import pytest

from flowagents.core.join import MemoryConflict, in_order, join_memory
from flowagents.core.task import Memory

K, T = ("count", "a"), ("typed", "a")
Change = tuple[Memory, Memory]


@pytest.mark.parametrize(
    ("base", "changes", "joined"),
    [
        pytest.param({K: 1}, [], {K: 1}, id="nobody"),
        pytest.param({K: 1}, [({K: 1}, {K: 1})], {K: 1}, id="nothing changed"),
        pytest.param({K: 1}, [({K: 1}, {K: 2})], {K: 2}, id="one changed it"),
        pytest.param({K: 1}, [({K: 1}, {K: 2}), ({K: 1}, {K: 1})], {K: 2}, id="the other left it"),
        pytest.param({}, [({}, {K: 2})], {K: 2}, id="one made it"),
        pytest.param({}, [({}, {K: 2}), ({}, {K: 2})], {K: 2}, id="both changed it alike"),
        pytest.param({K: 1}, [({K: 1}, {})], {K: None}, id="one removed it"),
        pytest.param({K: 1}, [({K: 1}, {K: 2}), ({K: 2}, {K: 3})], {K: 3}, id="one after the other"),
        pytest.param({}, [({}, {K: 1}), ({}, {("count", "b"): 2})], {K: 1, ("count", "b"): 2}, id="different keys"),
        pytest.param({T: (0,)}, [({T: (0,)}, {T: (0, 1)}), ({T: (0,)}, {T: (0, 2)})], {T: (0, 1, 2)}, id="appended"),
        pytest.param({}, [({}, {T: (1,)}), ({}, {T: (2,)})], {T: (1, 2)}, id="appended to nothing"),
        pytest.param({}, [({}, {T: (1,)}), ({T: (1,)}, {T: (1, 2)})], {T: (1, 2)}, id="appended to what was appended"),
    ],
)
def test_changes_are_joined(base: Memory, changes: list[Change], joined: Memory) -> None:
    before = dict(base)
    assert join_memory(base, changes) == joined
    assert base == before


def test_two_different_changes_of_one_key_are_a_conflict() -> None:
    with pytest.raises(MemoryConflict, match="two children changed 'count a'") as caught:
        join_memory({K: 1}, [({K: 1}, {K: 2}), ({K: 1}, {K: 3})])
    assert caught.value.key == K


@pytest.mark.parametrize(
    ("needs", "wanted", "order"),
    [
        pytest.param(((), ()), [0, 1], [0, 1], id="as given"),
        pytest.param(((), ()), [1, 0], [1, 0], id="as given, backwards"),
        pytest.param(((1,), (2,), ()), [0, 1, 2], [2, 1, 0], id="a chain from its end"),
        pytest.param(((1, 2), (3,), (3,), ()), [0], [3, 1, 2, 0], id="all that one needs, each once"),
        pytest.param(((), (0,), ()), [2, 1], [2, 0, 1], id="only what is needed is added"),
        pytest.param(((1,), (0,)), [0, 1], [1, 0], id="a circle does not hang"),
    ],
)
def test_children_come_after_what_they_need(
    needs: tuple[tuple[int, ...], ...], wanted: list[int], order: list[int]
) -> None:
    assert in_order(needs, wanted) == order
