"""Code graphs: a workflow written down as nodes and ordered ways, checked as a whole before it runs."""

from __future__ import annotations

from flowagents.flow.builder import Flow
from flowagents.flow.code_graph import CodeGraph
from flowagents.flow.conditions import (
    END,
    contains,
    default,
    ends_with,
    exited,
    proposes_calls,
    says,
    visits,
    visits_at_least,
    when,
)
from flowagents.flow.nodes import human, subgraph

__all__ = [
    "END",
    "CodeGraph",
    "Flow",
    "contains",
    "default",
    "ends_with",
    "exited",
    "human",
    "proposes_calls",
    "says",
    "subgraph",
    "visits",
    "visits_at_least",
    "when",
]
