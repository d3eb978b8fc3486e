"""One proposed call of a Python function, and the text that answers it.

Whatever goes wrong inside becomes text that the model can read; only an interrupt escapes. What a model is
told about a function lives in ``tool_schema``; who may call what, and when, is decided elsewhere.
"""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import Awaitable, Iterator, Mapping
from typing import TYPE_CHECKING

from flowagents.adapters.tool_schema import (
    MISSING,
    Function,
    Parameter,
    bound_names,
    function_name,
    parameter_adapter,
    parameters_of,
    plain_function,
)
from flowagents.errors import ConfigError
from flowagents.ports import Json

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

PROBLEMS_MAX = 10
"""How many problems of one argument list are told to the model."""
LINE_LENGTH_MAX = 200
"""How many characters of one problem are told to the model."""

_NEVER_CONVERTED = (MISSING, typing.Any, object)
_PLAIN = (str, int, float, bool)
_QUOTED_OR_NEWLINE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|\n', re.DOTALL)
_JSON_NAMES = {
    "dict": "object",
    "list": "array",
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "NoneType": "null",
}


class Tool:
    """A function that an agent runs when a model proposes it.

    A ``raw`` tool gets its arguments as they are and answers with Python's ``str`` of its result. Any other
    tool gets them converted to the types of its parameters (text to numbers, objects to models), and answers
    with text as it is and everything else as JSON. Raises ConfigError if an annotation cannot be found.

    >>> def add(a: int, b: int) -> int:
    ...     return a + b
    >>> call_tool({"plus": Tool(add, "plus")}, "plus", '{"a": "2", "b": 3}')
    '5'
    """

    def __init__(
        self, function: Function, name: str | None = None, *, description: str = "", raw: bool = False
    ) -> None:
        self.function = function
        self.name = function_name(function) if name is None else name
        self.description = description
        self.raw = raw
        self._own_names = bound_names(function)
        self._converted = [] if raw else [p for p in parameters_of(function) if _needs_converting(p)]
        self._adapters: dict[str, TypeAdapter[object] | None] = {}  # filled as needed; None: JSON cannot say the type

    def __repr__(self) -> str:
        return f"Tool({self.name!r}, raw={self.raw})"


def _needs_converting(parameter: Parameter) -> bool:
    return parameter.fillable and not any(parameter.annotation is known for known in _NEVER_CONVERTED)


def is_async(function: Function) -> bool:
    """Tell whether calling ``function`` gives something to await, without calling it.

    >>> async def fetch() -> str: ...
    >>> is_async(fetch), is_async(print)
    (True, False)
    """
    return inspect.iscoroutinefunction(plain_function(function))


def repair_arguments(text: str) -> str:
    r"""Mend what models get wrong in JSON: drop newlines between values, escape newlines and tabs in texts.

    >>> repair_arguments('{"a":\n"x\ny"}')
    '{"a":"x\\ny"}'
    """
    if "\n" not in text and "\t" not in text:
        return text
    return _QUOTED_OR_NEWLINE.sub(_mended, text)


def _mended(match: re.Match[str]) -> str:
    part = match.group()
    return "" if part == "\n" else part.replace("\n", "\\n").replace("\t", "\\t")


def call_tool(tools: Mapping[str, Tool], name: str, arguments: str) -> str | Awaitable[str]:
    """Run the call that a model proposed and give the text for its answer, or an awaitable of it.

    Never raises an Exception: an unknown name, arguments that are no JSON or do not fit, and whatever the
    function raises come back as a text that begins with ``Error:``. Interrupts and cancellation pass.

    >>> call_tool({}, "add", "{}")
    'Error: Function add not found.'
    """
    tool = tools.get(name)
    if tool is None:
        return f"Error: Function {name} not found."
    try:
        given = json.loads(repair_arguments(arguments))
    except (ValueError, RecursionError) as problem:
        return f"Error: {problem}\n The argument must be in JSON format."
    if not isinstance(given, dict):
        return f"Error: {name}() argument after ** must be a mapping, not {type(given).__name__}"
    return _called(tool, name, given)


def _called(tool: Tool, name: str, given: dict[str, Json]) -> str | Awaitable[str]:
    try:
        foreign = [key for key in given if key in tool._own_names]
        if foreign:
            return f"Error: {name}() got an unexpected keyword argument {foreign[0]!r}"
        problems = _convert(tool, given)
        if problems:
            return _problems_text(name, problems)
        result = tool.function(**given)
        if inspect.isawaitable(result):
            return _awaited(tool, name, result)
        return _result_text(tool, name, result)
    except Exception as problem:
        return _error_text(tool, name, problem)


async def _awaited(tool: Tool, name: str, result: Awaitable[object]) -> str:
    try:
        return _result_text(tool, name, await result)
    except Exception as problem:
        return _error_text(tool, name, problem)


def _error_text(tool: Tool, name: str, problem: Exception) -> str:
    """Say what an exception says; Python's words about an argument list get the name that the model knows."""
    try:
        text = str(problem)
    except Exception:
        text = ""
    called = f"{getattr(plain_function(tool.function), '__qualname__', name)}()"
    if isinstance(problem, TypeError) and text.startswith(f"{called} "):
        text = f"{name}(){text[len(called) :]}"
    return f"Error: {text or type(problem).__name__}"


def _convert(tool: Tool, given: dict[str, Json]) -> list[str]:
    """Convert the arguments in place to the types of the parameters; return what does not fit, one line each.

    An argument list that Python itself would refuse is left alone, so that Python's own text says what is
    wrong.
    """
    unfit = [p for p in tool._converted if p.name in given and not _fits_already(p, given[p.name])]
    if not unfit or not _binds(tool.function, given):
        return []
    problems: list[str] = []
    for parameter in unfit:
        adapter = _adapter(tool, parameter)
        if adapter is not None:
            problems += _converted_one(adapter, parameter.name, given)
    return problems


def _fits_already(parameter: Parameter, given: Json) -> bool:
    """Tell whether a value needs no conversion, so that most calls never load pydantic."""
    return parameter.annotation in _PLAIN and type(given) is parameter.annotation


def _binds(function: Function, given: Mapping[str, Json]) -> bool:
    try:
        inspect.signature(function).bind(**given)
    except TypeError:
        return False
    return True


def _adapter(tool: Tool, parameter: Parameter) -> TypeAdapter[object] | None:
    if parameter.name not in tool._adapters:
        try:
            tool._adapters[parameter.name] = parameter_adapter(tool.name, parameter)
        except ConfigError:
            tool._adapters[parameter.name] = None
    return tool._adapters[parameter.name]


def _converted_one(adapter: TypeAdapter[object], key: str, given: dict[str, Json]) -> list[str]:
    from pydantic import ValidationError

    try:
        given[key] = adapter.validate_python(given[key])
    except ValidationError as problem:
        return _lines(key, problem)
    return []


def _lines(key: str, problem: ValidationError) -> list[str]:
    lines = []
    for each in problem.errors(include_url=False, include_context=False):
        path = ".".join([key, *map(str, each["loc"])])
        words = " ".join(f"{path}: {each['msg']}".split())
        lines.append(f"{words[:LINE_LENGTH_MAX]} (received {_json_name(each['input'])})")
    return lines


def _json_name(received: object) -> str:
    name = type(received).__name__
    return _JSON_NAMES.get(name, name)


def _problems_text(name: str, problems: list[str]) -> str:
    lines = problems[:PROBLEMS_MAX]
    if len(problems) > PROBLEMS_MAX:
        lines.append(f"and {len(problems) - PROBLEMS_MAX} more")
    return f"Error: the arguments of {name} do not fit.\n" + "\n".join(lines)


def _result_text(tool: Tool, name: str, result: object) -> str:
    if isinstance(result, str):
        return result
    if tool.raw:
        return str(result)
    dump = getattr(type(result), "model_dump_json", None)
    if dump is not None:
        return str(dump(result))
    try:
        return json.dumps(result, ensure_ascii=False, default=_jsonable)
    except (TypeError, ValueError, RecursionError) as problem:
        return f"Error: {name} returned a {type(result).__name__}, which cannot be written as JSON: {problem}"


def _jsonable(part: object) -> Json:
    """Write what plain JSON lacks: dataclasses, dates, enums, sets, models inside lists."""
    from pydantic_core import to_jsonable_python

    if isinstance(part, Iterator):  # it may never end
        raise TypeError(f"a {type(part).__name__} is no value; return a list")
    return to_jsonable_python(part)
