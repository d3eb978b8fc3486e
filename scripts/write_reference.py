"""Write docs/reference.md from the docstrings, tables and texts of the package; a test compares it.

What a docstring says is not said here. Examples are given here only for names whose docstring has none.
"""

from __future__ import annotations

import inspect
import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import flowagents
from flowagents import coding, errors, testing
from flowagents.adapters.code.environment import PASSED_ON
from flowagents.adapters.model_fields import FIELDS, PARAMS, TOP_FIELDS
from flowagents.classic.texts import ASSISTANT_SYSTEM
from flowagents.cli.app import EXIT_CODES
from flowagents.core.events import Failure, Stop
from flowagents.core.faults import FAULTS, WARNINGS
from flowagents.flow.builder import FAULTS as FLOW_FAULTS
from flowagents.ports import ModelClient, ModelReply, ModelRequest, Observer
from flowagents.runtime.run import GraphHandle, Run

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference.md"
LINE_LENGTH = 100
EXAMPLES = tomllib.loads(Path(__file__).with_name("reference_examples.toml").read_text(encoding="utf-8"))
FOR_THE_ENGINE = ("spec_for", "as_node", "overrides_async", "offered_tools")
"""Methods of agents that programs do not call."""
NOT_MADE = ("Agent", "ChatResult", "CodeGraph", "Run", "GraphHandle", "ReplayedRun")
"""Classes whose objects programs are given."""

INTRODUCTION = """\
# Reference

Written from the docstrings by `scripts/write_reference.py`; change those, not this page. Examples with `>>>` run as
doctests, the others as blocks of this page. Names are imported from `flowagents` unless a heading says otherwise, and
are loaded when they are first asked for.

Units and limits end in their unit: `timeout_seconds`, `moves_max`. Classic parameters keep their names: `timeout` is in
seconds.
"""
ENVIRONMENT = f"""\
## Environment variables

| variable | read by | meaning |
|---|---|---|
| `OPENAI_API_KEY` | runs with a model | the key, where `llm_config` has none |
| `AZURE_OPENAI_API_KEY` | runs with a model of `api_type` azure | likewise |
| `OPENAI_BASE_URL` | runs with a model | the address of the server, where `llm_config` has none |
| `DOCKER_HOST` | `flowagents doctor` | where to look for a Docker daemon |
| `FLOWAGENTS_FROZEN` | the import of flowagents | `1`: values refuse assignment; set by the tests |

Code that agents run sees of these only {", ".join(f"`{name}`" for name in PASSED_ON)} and those that begin with
`LC_`; and what is given as `environment`. `HOME` is its work folder, `PYTHONUSERBASE` and `PYTHONIOENCODING` are set.
"""


def page() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION, *_sections(), _llm_config(), _findings(), _errors(), _exit_codes(), ENVIRONMENT]
    text = "\n".join(part.strip("\n") + "\n" for part in parts)
    return re.sub(r"<function (\w+) at 0x[0-9a-f]+>", r"\1", text)


def _sections() -> Iterator[str]:
    """Return what is written from docstrings."""
    yield from _section("Agents", flowagents, ("ConversableAgent", "AssistantAgent", "UserProxyAgent", "Agent"))
    yield from _section("", flowagents, ("ChatResult", "register_function"))
    yield from _section("Models", flowagents, ("ScriptedModel", "Cache", "config_list_from_json", "filter_config"))
    yield from _section("", flowagents, ("config_list_from_models", "config_list_from_dotenv", "get_config_list"))
    yield from _section("", flowagents, ("TransformMessages", "MessageHistoryLimiter", "MessageTokenLimiter"))
    yield from _named((ModelClient, ModelRequest, ModelReply), "flowagents.ports")
    yield from _section("Record, replay, watch", flowagents, ("recording", "replaying", "resuming", "forking"))
    yield from _section("", flowagents, ("watching",))
    yield from _section("Code graphs", flowagents, ("Flow", "CodeGraph", "END", "when", "default", "contains", "says"))
    yield from _section("", flowagents, ("ends_with", "proposes_calls", "exited", "visits", "visits_at_least"))
    yield from _section("", flowagents, ("human", "subgraph"))
    yield from _section("Code execution", coding, ("LocalCommandLineCodeExecutor", "CodeBlock", "CodeResult"))
    yield from _section("", coding, ("CodeExecutor", "MarkdownCodeExtractor", "format_reply"))
    yield from _section("Testing", testing, ("replayed_runs", "ReplayedRun", "FlowReplay", "offline"))
    yield from _section("", testing, ("ScriptedHuman", "ScriptedTool", "FakeClock"))
    yield "## Runs and stops"
    yield from _named((Run, GraphHandle), "flowagents.runtime.run")
    yield from _named((Stop, Failure), "flowagents.core.events")
    yield from _named((Observer,), "flowagents.ports")


def _section(title: str, module: object, names: Iterable[str]) -> Iterator[str]:
    """Return a section, or with an empty title the rest of one."""
    if title:
        yield f"## {title}"
    for name in names:
        home = "" if module is flowagents else f" (`{module.__name__}`)"  # type: ignore[attr-defined]  # a module
        yield _entry(name, getattr(module, name), home)


def _named(items: Iterable[type], module: str) -> Iterator[str]:
    """Return the entries of classes that users meet and do not import."""
    for item in items:
        yield _entry(item.__name__, item, f" (`{module}`)")


def _entry(name: str, item: object, home: str) -> str:
    """Return one name: its signature, docstring and members."""
    if not (inspect.isclass(item) or inspect.isfunction(item)):
        return "\n\n".join((f"### {name}{home}", _meaning(item, name), *_example(name)))
    shown = f"class {name}" if inspect.isclass(item) else name
    if not getattr(item, "_is_protocol", False) and name not in NOT_MADE:
        shown += _signature(item, len(shown))
    parts = [f"### {name}{home}", _block(shown), _doc(item), *_example(name)]
    if inspect.isclass(item):
        parts += [_member(f"{name}.{key}", one) for key, one in _members(item)]
    return "\n\n".join(parts)


def _members(item: type) -> Iterator[tuple[str, object]]:
    """Return the public members of a class, each where it is defined; those of a class with its own entry are there."""
    with_entries = (flowagents.Agent, flowagents.ConversableAgent)
    owners = [
        one for one in item.__mro__ if one is item or (one.__module__.startswith("flowagents") and item in with_entries)
    ]
    found: dict[str, object] = {}
    for owner in owners if item is not flowagents.Agent else ():
        for key, one in vars(owner).items():
            inner = one.fget if isinstance(one, property) else one
            if not key.startswith("_") and key not in FOR_THE_ENGINE and inspect.isfunction(inner) and inner.__doc__:
                found.setdefault(key, one)
    yield from found.items()


def _member(name: str, member: object) -> str:
    """Return a method or a property."""
    if isinstance(member, property):
        kind = inspect.get_annotations(member.fget).get("return") if member.fget else None
        return f"#### {name}\n\n{_block(f'{name}: {kind}')}\n\n{_doc(member)}"
    shown = f"async {name}" if inspect.iscoroutinefunction(member) else name
    return f"#### {name}\n\n{_block(shown + _signature(member, len(shown)))}\n\n{_doc(member)}"


def _signature(item: object, before: int) -> str:
    """Return a signature without self, over several lines if it is too long to stand after ``before`` characters."""
    assert callable(item)
    given = inspect.signature(item)
    fields: dict[str, object] = dict(inspect.get_annotations(item)) if isinstance(item, type) else {}
    parameters = [one for one in given.parameters.values() if one.name != "self"]
    plain = given.replace(
        parameters=[
            one if found is one.empty else one.replace(annotation=_text(found))
            for one in parameters
            for found in (one.annotation if one.annotation is not one.empty else fields.get(one.name, one.empty),)
        ],
        return_annotation=given.empty,
    )
    returns = "" if given.return_annotation in (given.empty, "None", None) else f" -> {given.return_annotation}"
    text = re.sub(r": '([^'\\]*)'", r": \1", str(plain))
    text = text.replace(repr(ASSISTANT_SYSTEM), "ASSISTANT_SYSTEM")
    if before + len(text) + len(returns) > LINE_LENGTH:
        inner = str(text)[1:-1]
        text = "(\n" + textwrap.indent(",\n".join(_split(inner)), "    ") + ",\n)"
    return f"{text}{returns}"


def _text(annotation: object) -> str:
    """Return an annotation as it was written."""
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _split(parameters: str) -> Iterator[str]:
    """Split a parameter list at its own commas."""
    depth, begun = 0, 0
    quoted = False
    for position, sign in enumerate(parameters):
        quoted ^= sign == "'"
        depth += 0 if quoted else (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth and not quoted:
            yield parameters[begun:position].strip()
            begun = position + 1
    yield parameters[begun:].strip()


def _doc(item: object) -> str:
    """Return a docstring as Markdown: doctests become blocks, double backticks single ones."""
    blocks: list[str] = []
    for part in re.split(r"\n\s*\n", inspect.getdoc(item) or ""):
        is_test = part.lstrip().startswith(">>>")
        blocks.append(_block(part) if is_test else part.replace("``", "`"))
    return "\n\n".join(blocks)


def _meaning(item: object, name: str) -> str:
    """Return the docstring that stands under the assignment of a name."""
    module = import_module(type(item).__module__)
    found = re.search(rf'^{name} = .*\n"""((?:.|\n)*?)"""', inspect.getsource(module), re.MULTILINE)
    assert found is not None, f"{name} has no docstring"
    return found[1].replace("``", "`")


def _block(text: str) -> str:
    return f"```text\n{text}\n```"


def _example(name: str) -> list[str]:
    """Return the example that stands here, if any."""
    return [f"```python\n{EXAMPLES[name].strip()}\n```"] if name in EXAMPLES else []


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _llm_config() -> str:
    """Return the fields of a model configuration."""
    own = _table(("field", "value"), ((f"`{name}`", expected) for name, (_, expected) in FIELDS.items()))
    sent = _table(("field", "value"), ((f"`{name}`", expected) for name, (_, expected) in PARAMS.items()))
    tops = ", ".join(f"`{name}`" for name in TOP_FIELDS)
    return (
        "## Fields of llm_config\n\n"
        f"False or None is no model. A dict has {tops} beside defaults for the entries of\n"
        "`config_list`, or the fields of one configuration. Only `model` is needed. Anything else is refused with\n"
        "`ConfigError`.\n\n"
        f"{own}\n\nThese go into the request as they are:\n\n{sent}\n"
    )


def _findings() -> str:
    """Return the codes of faults of graphs."""
    codes = {**FAULTS, **FLOW_FAULTS}
    rows = ((f"`{code}`", text, "warning" if code in WARNINGS else "error") for code, text in codes.items())
    return (
        "## Findings\n\nThe faults that `Flow.build` finds. Errors are raised together as `GraphError`, whose\n"
        "`findings` have `code`, `graph`, `node`, `edge`, `text` and `fix`; warnings are in `CodeGraph.warnings`.\n\n"
        f"{_table(('code', 'what is wrong', 'severity'), rows)}\n"
    )


def _errors() -> str:
    """Return the tree of errors and what each one is."""
    tree = (errors.__doc__ or "").partition("\n\n")[2].rpartition("\n\n")[0]
    rows = (
        (f"`{name}`", (inspect.getdoc(item) or "").partition("\n")[0].replace("``", "`"))
        for name, item in vars(errors).items()
        if inspect.isclass(item) and issubclass(item, errors.FlowAgentsError)
    )
    ending = (errors.__doc__ or "").strip().rpartition("\n\n")[2]
    return "\n\n".join(
        (
            "## Errors",
            "From `flowagents.errors`.",
            _block(textwrap.dedent(tree)),
            ending,
            _table(("error", "meaning"), rows),
            *_example("errors"),
        )
    )


def _exit_codes() -> str:
    """Return the exit codes of the command line."""
    lines = re.findall(r"^ +(\d+) +(.*)$", EXIT_CODES, re.MULTILINE)
    return f"## Exit codes of the command line\n\n{_table(('code', 'meaning'), lines)}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print("docs/reference.md")
