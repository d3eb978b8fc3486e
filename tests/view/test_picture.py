from __future__ import annotations

from flowagents.core.effects import AskHuman
from flowagents.core.graph import Act, Call, Child, Compute, Edge, End, Fan, Graph, Node, Part
from flowagents.core.guards import Exited, Has
from flowagents.core.limits import Limits
from flowagents.core.task import Task
from flowagents.core.value import value
from flowagents.patterns.agent import Setting as Place
from flowagents.patterns.agent import reply_graph
from flowagents.patterns.pair import ChatSettings, chat_graph, send_graph
from flowagents.patterns.spec import AgentSpec, CheckStep
from flowagents.view.model import PicEdge, PicNode, Picture
from flowagents.view.picture import drawn_edges, picture
from tests.view.chats import ASSISTANT, DONE, USER, coding_chat


@value
class Nothing:
    def __call__(self, task: Task) -> None:
        return None


@value
class AskAnybody:
    def __call__(self, task: Task) -> AskHuman:
        return AskHuman("who/human", "who", "?")


def box(drawn: Picture, title: str) -> PicNode:
    return next(node for node in drawn.nodes if node.title == title)


def arrows(drawn: Picture) -> list[tuple[str, str, str]]:
    names = {node.id: node.title or "start" for node in drawn.nodes}
    names |= {group.id: group.title for group in drawn.groups}
    return [(names[edge.tail], edge.label, names[edge.head]) for edge in drawn.edges]


def arrow(drawn: Picture, tail: str, head: str) -> PicEdge:
    place = arrows(drawn).index(next(one for one in arrows(drawn) if one[0] == tail and one[2] == head))
    return drawn.edges[place]


def step(name: str, *edges: Edge, kind: str = "step") -> Node:
    return Node(name, Compute(Nothing()), edges, kind)


def tool(name: str, *edges: Edge) -> Node:
    return Node(name, Act(AskAnybody()), edges, "tool")


def one_step(name: str) -> Graph:
    return Graph(name, "work", (tool("work", Edge("done")), Node("done", End())))


def test_a_closed_chat_is_one_box_an_agent_and_one_an_end() -> None:
    drawn = picture(coding_chat())
    assert {node.title for node in drawn.nodes if node.kind == "agent"} == {"user", "assistant"}
    assert {"max_turns", "ended", "limit"} <= {node.title for node in drawn.nodes if node.kind == "end"}
    assert not any(node.kind == "step" for node in drawn.nodes)


def test_bookkeeping_before_the_first_reply_is_one_arrow_with_the_message_on_it() -> None:
    drawn = picture(coding_chat())
    assert arrows(drawn)[0] == ("start", "user's message", "assistant")
    assert drawn.edges[0].ways == ((("open", 0), ("say first", 0)),)


def test_competing_rules_are_numbered_and_the_last_resort_is_else() -> None:
    found = arrows(picture(coding_chat()))
    assert ("assistant", "① turns ≥ 5", "max_turns") in found
    assert ("assistant", "② else", "user") in found


def test_a_rule_without_rival_has_no_number_and_saying_something_no_label() -> None:
    found = arrows(picture(coding_chat()))
    assert ("user", "", "assistant") in found
    assert ("user", "heard is 'TERMINATE'", "ended") in found


def test_a_rule_to_a_limit_looks_like_one() -> None:
    assert arrow(picture(coding_chat()), "user", "limit").style == "limit"


def test_a_box_says_what_an_agent_replies_with_and_its_limits() -> None:
    drawn = picture(coding_chat())
    assert "model" in box(drawn, "assistant").lines[0]
    assert any("runs code" in line for line in box(drawn, "user").lines)
    assert any("10" in line for line in box(drawn, "user").lines)


def test_an_agent_that_only_asks_a_human_is_drawn_as_a_human() -> None:
    person = AgentSpec("user", (CheckStep(),), "ALWAYS", DONE)
    drawn = picture(chat_graph(person, ASSISTANT, ChatSettings()))
    assert box(drawn, "user").kind == "human"
    assert "human input: ALWAYS" in box(drawn, "user").lines[0]


def test_the_heading_carries_the_limits() -> None:
    assert "at most 5 turns of user" in " ".join(picture(coding_chat()).lines)
    bounded = Graph("g", "end", (Node("end", End()),), Limits(moves_max=7, seconds_max=60))
    assert picture(bounded).lines == ("at most 7 moves", "at most 60 seconds")


def test_a_deciding_step_right_after_the_start_is_folded_into_its_rules() -> None:
    found = [one for one in arrows(picture(send_graph(USER, ASSISTANT))) if one[0] == "start"]
    assert [head for _, _, head in found] == ["assistant", "unasked"]
    assert [label[0] for _, label, _ in found] == ["①", "②"]


def test_a_deciding_step_that_several_lead_to_keeps_its_box() -> None:
    graph = Graph(
        "g",
        "a",
        (
            tool("a", Edge("b", Has("x")), Edge("which")),
            tool("b", Edge("which")),
            step("which", Edge("a", Has("y")), Edge("end")),
            Node("end", End()),
        ),
    )
    assert box(picture(graph), "which").kind == "step"


def test_of_steps_that_lead_round_in_a_circle_one_keeps_its_box() -> None:
    drawn = picture(Graph("g", "a", (step("a", Edge("b")), step("b", Edge("a")))))
    assert [node.title for node in drawn.nodes if node.kind == "step"] == ["a"]


def test_a_thousand_folded_steps_are_one_arrow() -> None:
    nodes = [step(f"s{n}", Edge(f"s{n + 1}")) for n in range(1_500)]
    drawn = picture(Graph("g", "s0", (*nodes, Node("s1500", End()))))
    assert [len(edge.ways[0]) for edge in drawn.edges] == [1_500]


def test_a_step_that_nothing_leads_to_is_shown() -> None:
    drawn = picture(Graph("g", "end", (Node("end", End()), step("lost", Edge("end")))))
    assert box(drawn, "lost").kind == "step"


def test_a_rule_behind_one_that_always_applies_is_marked() -> None:
    graph = Graph("g", "a", (tool("a", Edge("end"), Edge("b")), tool("b", Edge("end")), Node("end", End())))
    late = arrow(picture(graph), "a", "b")
    assert late.style == "never"
    assert "never reached" in late.label


def test_a_failure_edge_is_told_apart() -> None:
    graph = Graph(
        "g",
        "a",
        (tool("a", Edge("end"), Edge("b", on="failure")), tool("b", Edge("end")), Node("end", End())),
    )
    assert arrow(picture(graph), "a", "b").style == "failure"
    assert arrow(picture(graph), "a", "b").label == "on failure"
    assert arrow(picture(graph), "a", "end").label == ""


def test_an_open_agent_is_a_group_whose_exits_lead_on() -> None:
    drawn = picture(coding_chat(), open={"user"})
    assert [group.title for group in drawn.groups if group.kind == "agent"] == ["user"]
    assert ("said", "", "assistant") in arrows(drawn)
    assert {node.title for node in drawn.nodes if node.kind == "exit"} == {"said", "ended", "limit"}


def test_a_group_for_each_item_says_so() -> None:
    nodes = (Node("all", Call(one_step("one"), over="items"), (Edge("end"),)), Node("end", End()))
    drawn = picture(Graph("g", "all", nodes))
    assert drawn.groups[0].lines == ("for each item of items",)
    assert ("all", "", "end") in arrows(drawn)


def test_a_fan_shows_who_needs_whom() -> None:
    fan = Fan((Child("a", one_step("A")), Child("b", one_step("B"), ("a",))))
    drawn = picture(Graph("g", "f", (Node("f", fan, (Edge("end"),)), Node("end", End()))))
    assert arrow(drawn, "a", "b").style == "needs"
    assert [group.lines for group in drawn.groups if group.title == "b"] == [("needs a",)]


def test_a_part_that_only_wraps_a_call_is_one_group_with_one_arrow_a_rule() -> None:
    wrapper = Graph(
        "w",
        "run",
        (
            Node(
                "run",
                Call(
                    Graph(
                        "i",
                        "x",
                        (tool("x", Edge("p", Has("p")), Edge("q")), Node("p", End()), Node("q", End())),
                    )
                ),
                (Edge("say p", Exited("p")), Edge("say q", Exited("q"))),
            ),
            step("say p", Edge("p")),
            step("say q", Edge("q")),
            Node("p", End()),
            Node("q", End()),
        ),
    )
    drawn = picture(Graph("g", "w", (Node("w", Part(wrapper), (Edge("end"),), "graph", "inner"), Node("end", End()))))
    assert len(drawn.groups) == 1
    assert [one for one in arrows(drawn) if one[0] == "inner"] == [("inner", "", "end")]
    assert len(arrow(drawn, "inner", "end").ways) == 2


def test_groups_deeper_than_asked_for_become_boxes() -> None:
    deep = Graph("d", "c", (Node("c", Call(one_step("one")), (Edge("z"),)), Node("z", End())))
    graph = Graph("g", "b", (Node("b", Call(deep), (Edge("end"),)), Node("end", End())))
    assert len(picture(graph).groups) == 2
    assert len(picture(graph, depth=1).groups) == 1
    assert box(picture(graph, depth=0), "b").lines == ("▸ 1 step inside",)


def test_a_very_large_picture_closes_its_groups_by_itself() -> None:
    nodes = [Node(f"c{n}", Call(one_step("one")), (Edge(f"c{n + 1}"),)) for n in range(120)]
    graph = Graph("g", "c0", (*nodes, Node("c120", End())))
    assert picture(graph).groups == ()
    assert len(picture(graph, depth=1).groups) == 120


def test_a_long_title_is_cut_and_kept_whole_in_the_tooltip() -> None:
    long = "x" * 300
    drawn = picture(Graph("g", "a", (tool("a", Edge("end")), Node("end", End(), title=long))))
    shown = next(node for node in drawn.nodes if node.kind == "end")
    assert len(shown.title) <= 40
    assert shown.title.endswith("…")
    assert long in shown.tooltip


def test_an_empty_name_is_still_something_to_read() -> None:
    assert box(picture(Graph("", "", (Node("", End()),))), "(no name)").kind == "end"


def test_every_edge_of_a_reply_procedure_is_drawn_when_open() -> None:
    graph = reply_graph(ASSISTANT, Place("user", "t"))
    moves = {(node.name, position) for node in graph.nodes for position, _ in enumerate(node.edges)}
    assert drawn_edges(graph) == {*moves, ("each call/run", 0)}
