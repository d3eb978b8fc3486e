"""The words of pictures: what a rule, a box and a limit are called. Nothing here knows shapes or colours."""

from __future__ import annotations

from collections.abc import Iterator

from flowagents.core.graph import Act, Call, Compute, Edge, End, Fan, Graph, Node, Part, inner_graphs
from flowagents.core.guards import Guard, settle_exit
from flowagents.core.value import value
from flowagents.patterns.asks import AskDefault
from flowagents.patterns.talk import Check

LABEL_MAX = 28
LONG_LABEL_MAX = 48
LINE_MAX = 44
TITLE_MAX = 40
TIMES = "\N{MULTIPLICATION SIGN}"
JOINER = "\u2060"
"""A sign without width: it keeps apart what a writer's language would read as one sign."""
NAMELESS = "(no name)"
EXIT_WORDS = {
    "said": "",
    "ended": "termination rule",
    "limit": "auto-reply limit",
    "left": "the human leaves",
    "silent": "no reply",
}
"""What the exits of an agent are called on its edges; having said something is the plain way on."""


@value
class RuleText:
    """One rule of a node: its place in the order ("" where there is nothing to choose), and when it applies.

    ``never`` marks a rule that stands behind one that always applies.
    """

    order: str
    when: str
    never: bool = False

    @property
    def text(self) -> str:
        """The whole rule in words."""
        return " ".join(part for part in (self.order, self.when) if part)


def clean(text: str) -> str:
    r"""Return ``text`` on one line: blanks and characters that cannot be printed become single spaces.

    >>> clean("two\nlines\x00 here ")
    'two lines here'
    """
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def cut(text: str, longest: int) -> str:
    """Return ``text`` on one line, cut with an ellipsis where it is longer than ``longest``.

    >>> cut("a rather long name", 8)
    'a rathe…'
    """
    text = clean(text)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def circled(number: int) -> str:
    """Return a number in a circle, or in brackets above twenty.

    >>> circled(1), circled(21)
    ('①', '(21)')
    """
    return chr(0x2460 + number - 1) if 1 <= number <= 20 else f"({number})"


def title_of(node: Node) -> str:
    """Return what a node is called in full.

    >>> title_of(Node("max_turns", End()))
    'max_turns'
    """
    return clean(node.title) or clean(node.name) or NAMELESS


def rule_texts(node: Node) -> dict[int, RuleText]:
    """Return the text of each edge of a node, by its position.

    Only rules that compete are numbered: edges for different exits of an agent do not.

    >>> node = Node("n", Part(Graph("g", "said", (Node("said", End()),))), (Edge("next"),), "agent")
    >>> rule_texts(node)[0].text
    ''
    """
    edges = list(enumerate(node.edges))
    texts = _numbered([_rule(p, edge, edge.when) for p, edge in edges if edge.on == "failure"], "on failure")
    for exit_name, rules in _competing(node, [(p, edge) for p, edge in edges if edge.on != "failure"]):
        if exit_name is None:
            texts |= _numbered([_rule(p, edge, edge.when) for p, edge in rules], "")
        else:
            settled = [_rule(p, edge, _settled(edge, exit_name)) for p, edge in rules]
            said = exit_words(node, exit_name) if speaks(node) or len(_exits(node)) > 1 else ""
            texts |= _numbered(settled, said)
    return texts


def exit_rules(node: Node, exit_name: str) -> dict[int, RuleText]:
    """Return the text of each edge that may be taken once a part has reached ``exit_name``, by position.

    >>> node = Node("n", Part(Graph("g", "said", (Node("said", End()),))), (Edge("next"),), "agent")
    >>> list(exit_rules(node, "said"))
    [0]
    """
    rules: list[_Rule] = []
    for position, edge in enumerate(node.edges):
        left = _settled(edge, exit_name)
        if edge.on == "failure" or left is False:
            continue
        rules.append(_rule(position, edge, left))
        if rules[-1].always:
            break
    return _numbered(rules, "")


def exit_words(node: Node, exit_name: str) -> str:
    """Return what it is called when the graph inside ``node`` ends at ``exit_name``.

    >>> exit_words(Node("n", Part(Graph("g", "limit", (Node("limit", End()),))), kind="agent"), "limit")
    'auto-reply limit'
    """
    if not speaks(node):
        return clean(exit_name)
    if exit_name == "ended":
        guards = [check.ended for check in _checks(node)]
        return guards[0].words() if guards and guards[0] is not None else EXIT_WORDS["ended"]
    return EXIT_WORDS.get(exit_name, clean(exit_name))


def box_lines(node: Node) -> list[str]:
    """Return the lines under the title of a closed box: what it can do, then its notes.

    >>> box_lines(Node("n", End(stop="limit", rule="max_turns was reached")))
    ['max_turns was reached']
    """
    match node.does:
        case Part() if speaks(node):
            lines = _agent_lines(node)
        case End(rule=rule) if clean(rule) != title_of(node):
            lines = [rule]
        case Call() | Fan() | Part():
            count = sum(1 for graph in inner_graphs(node) for _ in _steps(graph))
            lines = [f"▸ {count} step{'' if count == 1 else 's'} inside"] if count else []
        case _:
            lines = []
    return [*(line for line in lines if line), *node.notes]


def speaks(node: Node) -> bool:
    """Tell whether a node is an agent: a reply procedure spelled out in place.

    >>> speaks(Node("n", Part(Graph("g", "e", (Node("e", End()),))), kind="agent"))
    True
    """
    return isinstance(node.does, Part) and node.kind not in ("graph", "step")


def asks_human_only(node: Node) -> bool:
    """Tell whether an agent speaks for a human: it asks one, and no model.

    >>> asks_human_only(Node("n", End()))
    False
    """
    kinds = [inner.kind for graph in inner_graphs(node) for inner in _steps(graph)]
    return "human" in kinds and "model" not in kinds


def inside(node: Node) -> str:
    """Return the names of the steps inside a closed node, in order, for a tooltip.

    >>> inside(Node("n", Part(Graph("g", "s", (Node("s", Fan(())), Node("e", End()))))))
    's'
    """
    return ", ".join(title_of(inner) for graph in inner_graphs(node) for inner in _steps(graph))


def _agent_lines(node: Node) -> list[str]:
    """Say what an agent replies with, and its limits."""
    inner = [step for graph in inner_graphs(node) for step in _steps(graph)]
    kinds = [step.kind for step in inner]
    able = [word for kind, word in (("model", "model"), ("code", "runs code")) if kind in kinds]
    if "human" in kinds:
        modes = [f": {check.mode}" for check in _checks(node)]
        able.append(f"human input{modes[0] if modes else ''}")
    able += [title_of(step) for step in inner if step.kind == "graph" or step.name.startswith("reply ")]
    lines = [" · ".join(able)]
    if "model" not in kinds:
        lines += [_default_words(step.does.ask) for step in inner if isinstance(step.does, Act)]
    return lines + [note for step in inner for note in step.notes if note not in node.notes]


def _default_words(ask: object) -> str:
    """Say the reply that an agent gives when nothing else answers, if it says anything."""
    if not isinstance(ask, AskDefault) or not ask.effect.reply:
        return ""
    return f"default reply: {ask.effect.reply}"


def _checks(node: Node) -> list[Check]:
    """Return the termination checks inside an agent."""
    works = [step.does for graph in inner_graphs(node) for step in _steps(graph)]
    return [work.rule for work in works if isinstance(work, Compute) and isinstance(work.rule, Check)]


def _steps(graph: Graph) -> Iterator[Node]:
    """Yield the nodes of a graph that are no ends, its parts' too but not its children's."""
    for node in graph.nodes:
        if not isinstance(node.does, End):
            yield node
        if isinstance(node.does, Part):
            yield from _steps(node.does.graph)


def _competing(node: Node, edges: list[tuple[int, Edge]]) -> list[tuple[str | None, list[tuple[int, Edge]]]]:
    """Divide edges into lists whose members compete: by exit where each edge asks for one, else all."""
    names = _exits(node)
    by_exit: dict[str, list[tuple[int, Edge]]] = {}
    for position, edge in edges:
        fits = [name for name in names if edge.when is None or settle_exit(edge.when, name) is not False]
        if len(fits) != 1:
            return [(None, edges)]
        by_exit.setdefault(fits[0], []).append((position, edge))
    return list(by_exit.items())


def _exits(node: Node) -> list[str]:
    """Return the names of the ends that the edges of a node may ask for."""
    if not isinstance(node.does, (Part, Call)):
        return []
    return [end.name for end in node.does.graph.nodes if isinstance(end.does, End)]


@value
class _Rule:
    """An edge on its way to a text. ``words`` are its guard or its label, ``always``: it asks for nothing."""

    position: int
    words: str
    always: bool
    labelled: bool


def _rule(position: int, edge: Edge, guard: Guard | bool | None) -> _Rule:
    """Say when an edge applies; its own label goes first."""
    always = guard is None or guard is True
    words = edge.label or ("" if guard is None or isinstance(guard, bool) else guard.words())
    return _Rule(position, clean(words), always, bool(edge.label))


def _settled(edge: Edge, exit_name: str) -> Guard | bool | None:
    """Return what an edge still asks for once an end was reached; False: it cannot be taken."""
    return None if edge.when is None else settle_exit(edge.when, exit_name)


def _numbered(rules: list[_Rule], common: str) -> dict[int, RuleText]:
    """Return the texts of competing rules: numbered if there are several, the last resort called else."""
    texts: dict[int, RuleText] = {}
    closed = False
    for number, rule in enumerate(rules, 1):
        words = "else" if rule.always and not rule.words and number > 1 else rule.words
        joined = words if rule.labelled else " and ".join(part for part in (common, words) if part)
        order = circled(number) if len(rules) > 1 else ""
        texts[rule.position] = RuleText(order, joined.replace(" and else", ", else"), closed)
        closed = closed or rule.always
    return texts
