from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowagents.core.events import Failure, Interrupted, Started
from flowagents.core.graph import Call, Compute, Edge, End, Graph, Node, Part, Work, inner_graphs
from flowagents.core.guards import AtLeast, Exited, Guard
from flowagents.core.limits import Limits
from flowagents.core.program import Program
from flowagents.core.step import Taken, fold
from flowagents.core.task import Task
from flowagents.core.value import value
from flowagents.patterns.pair import ChatSettings, chat_graph
from flowagents.patterns.spec import AgentSpec, CheckStep
from flowagents.view.model import Move, PicNode, Picture
from flowagents.view.overlay import count_run, overlay
from flowagents.view.picture import drawn_edges, picture
from tests.view.chats import ASSISTANT, CODING_ANSWERS, DONE, coding_chat, model_answer, play


def drawn_run(graph: Graph, answers: list[Any], **options: Any) -> Picture:
    return overlay(picture(graph, **options), Program(graph), play(graph, answers))


def box(drawn: Picture, title: str) -> PicNode:
    return next(node for node in drawn.nodes if node.title == title)


def count(drawn: Picture, tail: str, head: str) -> int | None:
    return next(
        edge.count for edge in drawn.edges if edge.tail == box(drawn, tail).id and edge.head == box(drawn, head).id
    )


def test_the_way_taken_is_counted() -> None:
    drawn = drawn_run(coding_chat(), CODING_ANSWERS)
    assert count(drawn, "assistant", "user") == 2
    assert count(drawn, "user", "assistant") == 1
    assert count(drawn, "user", "ended") == 1
    assert count(drawn, "user", "limit") == 0
    assert drawn.edges[0].count == 1


def test_a_box_counts_messages_calls_tokens_and_cost() -> None:
    drawn = drawn_run(coding_chat(), CODING_ANSWERS)
    assert box(drawn, "assistant").counts == "2 messages · 2 model calls · 1.6k tokens · $0.0018"
    assert box(drawn, "user").counts == "2 messages · 1 code run"


def test_an_unknown_price_is_a_question_mark_and_never_nothing() -> None:
    drawn = drawn_run(coding_chat(), [model_answer("TERMINATE", price=None)])
    assert box(drawn, "assistant").counts.endswith("800 tokens · $?")


def test_a_scripted_model_costs_nothing_to_speak_of() -> None:
    drawn = drawn_run(coding_chat(), [model_answer("TERMINATE", price=None, source="scripted")])
    assert "$" not in box(drawn, "assistant").counts


def test_the_stop_is_in_the_heading() -> None:
    drawn = drawn_run(coding_chat(), CODING_ANSWERS)
    assert drawn.stop == "finished: ended — user's termination rule matched"


def test_what_was_not_reached_is_told_apart() -> None:
    drawn = drawn_run(coding_chat(), CODING_ANSWERS)
    assert box(drawn, "max_turns").mark == "missed"
    assert box(drawn, "ended").mark == "reached"


def test_an_unfinished_run_shows_where_it_stands() -> None:
    drawn = drawn_run(coding_chat(), CODING_ANSWERS[:1])
    assert box(drawn, "user").mark == "current"
    assert drawn.stop == "under way"


def test_a_run_that_waits_for_a_human_says_so() -> None:
    person = AgentSpec("user", (CheckStep(),), "ALWAYS", DONE)
    drawn = drawn_run(chat_graph(person, ASSISTANT, ChatSettings()), [model_answer("hello")])
    assert box(drawn, "user").mark == "waiting"
    assert drawn.stop == "waiting for a human"


def test_a_failure_is_marked_where_it_happened() -> None:
    drawn = drawn_run(coding_chat(), [Failure("error", "RateLimited", "too fast")])
    assert box(drawn, "assistant").mark == "failed"
    assert box(drawn, "assistant").note == "✖ RateLimited"
    assert drawn.stop.startswith("failed: error")


def test_an_interrupted_run_is_cancelled() -> None:
    graph = coding_chat()
    events = [*play(graph, []), Interrupted(3.0, "enough")]
    assert overlay(picture(graph), Program(graph), events).stop.startswith("cancelled")


def test_an_open_agent_shows_the_steps_inside_with_their_counts() -> None:
    drawn = drawn_run(coding_chat(), CODING_ANSWERS, open={"user"})
    assert box(drawn, "code").counts == "1 code run"
    assert count(drawn, "scan", "code") == 1


def test_tokens_of_all_boxes_are_those_of_the_run() -> None:
    graph = coding_chat()
    for openness in (False, True):
        tallies = count_run(picture(graph, open=openness), Program(graph), play(graph, CODING_ANSWERS)).tallies.values()
        assert sum(tally.tokens for tally in tallies) == 1600


# -- law: every move taken is a drawn edge, and the arrows count exactly the moves


@value
class Bump:
    def __call__(self, task: Task) -> None:
        task.data["n"] = task.data.get("n", 0) + 1


@value
class Break:
    least: int

    def __call__(self, task: Task) -> Failure | None:
        return Failure("error", "Broken", "broken") if task.data.get("n", 0) >= self.least else None


@st.composite
def graphs(draw: st.DrawFn, depth: int = 0) -> Graph:
    """Draw a graph of steps, parts, calls and ends that runs without effects, within a limit."""
    names = [f"x{number}" for number in range(draw(st.integers(1, 4 if depth == 0 else 2)))]
    nodes = [draw(nodes_called(name, [*names, "end", "other"], depth)) for name in names]
    ends = [Node("end", End(), kind="end"), Node("other", End("limit"), kind="end")]
    return Graph("random", names[0], (*nodes, *ends), Limits(moves_max=40, depth_max=5))


@st.composite
def nodes_called(draw: st.DrawFn, name: str, names: list[str], depth: int) -> Node:
    works: list[st.SearchStrategy[Work]] = [
        st.just(Compute(Bump())),
        st.builds(lambda least: Compute(Break(least)), st.integers(1, 9)),
    ]
    if depth < 2:
        works.append(st.builds(Part, graphs(depth + 1)))
        works.append(st.builds(Call, graphs(depth + 1)))
    guard: st.SearchStrategy[Guard | None] = st.one_of(
        st.none(),
        st.builds(AtLeast, st.just("n"), st.integers(0, 9)),
        st.builds(Exited, st.sampled_from(["end", "other"])),
    )
    edge = st.builds(Edge, st.sampled_from(names), guard, st.sampled_from(["done", "done", "done", "failure"]))
    edges = draw(st.lists(edge, min_size=1, max_size=3))
    kind = draw(st.sampled_from(["step", "tool", "agent", "graph"]))
    return Node(name, draw(st.one_of(works)), tuple(edges), kind)


def run_of(graph: Graph) -> tuple[Program, Taken]:
    program = Program(graph)
    taken: Taken = []
    fold(program, [Started(1.0, {}, {})], taken)
    return program, taken


def heads_of(graph: Graph, prefix: str = "") -> dict[Move, str]:
    """Return the place that each move leads to, which for a part is inside."""
    heads: dict[Move, str] = {}
    for node in graph.nodes:
        for position, edge in enumerate(node.edges):
            heads[prefix + node.name, position] = entrance(graph.node(edge.to), prefix)
        for inner in inner_graphs(node):
            heads |= heads_of(inner, f"{prefix}{node.name}/")
    return heads


def entrance(node: Node, prefix: str) -> str:
    if isinstance(node.does, Part):
        return entrance(node.does.graph.node(node.does.graph.start), f"{prefix}{node.name}/")
    return prefix + node.name


@settings(max_examples=100)
@given(graphs())
def test_every_move_taken_is_a_drawn_edge(graph: Graph) -> None:
    _, taken = run_of(graph)
    assert {move for _, way in taken for move in way.drawn} <= drawn_edges(graph)


@settings(max_examples=100)
@given(graphs())
def test_the_arrows_of_an_open_picture_count_every_move(graph: Graph) -> None:
    program, taken = run_of(graph)
    made: Counter[Move] = Counter(move for _, way in taken for move in way.drawn)
    account = count_run(picture(graph, open=True, depth=99), program, [Started(1.0, {}, {})])
    shown: Counter[Move] = Counter()
    for way, times in account.ways.items():
        for move in way:
            shown[move] += times
    assert not shown - made
    # A walk that stops or fails inside a folded step never completes its arrow.
    spots, heads = picture(graph, open=True, depth=99).spots, heads_of(graph)
    assert all(spots[heads[move]].how == "folded" for move in made - shown)


@settings(max_examples=100)
@given(graphs(), st.booleans(), st.integers(0, 2))
def test_counts_of_any_picture_are_those_of_the_open_one(graph: Graph, opened: bool, depth: int) -> None:
    program, taken = run_of(graph)
    made: Counter[Move] = Counter(move for _, way in taken for move in way.drawn)
    drawn = picture(graph, open=opened, depth=depth)
    account = count_run(drawn, program, [Started(1.0, {}, {})])
    for way, times in account.ways.items():
        assert times <= min(made[move] for move in way)
    assert sum(account.ways.values()) <= sum(account.moves.values())
