"""What a model is told about a Python function: its name, its words and the JSON schema of its parameters.

Reading a signature takes only the standard library; pydantic and griffe load when a schema is asked for.
Nothing is called here: calls live in ``tools``.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import operator
import re
import types
import typing
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

from flowagents.core.value import value
from flowagents.errors import ConfigError
from flowagents.ports import Json

if TYPE_CHECKING:
    import griffe
    from pydantic import TypeAdapter

Function = Callable[..., object]
"""Any callable that may become a tool: a function, a method, a partial, an object with ``__call__``."""

NAME_LENGTH_MAX = 64
MISSING: object = inspect.Parameter.empty
"""Stands for an annotation or a default that is not there."""

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]")
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_OF_DATA = frozenset({"default", "const", "enum", "examples"})
_BY_KEY = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})


@value
class Parameter:
    """One parameter of a function, its annotation resolved.

    ``annotation`` and ``default`` are ``MISSING`` if the function says nothing. ``fillable`` is False for
    what no JSON object can fill by name: positional-only parameters, ``*args`` and ``**kwargs``; ``text``
    shows them so.
    """

    name: str
    text: str
    annotation: object
    default: object
    fillable: bool


def clean_tool_name(name: str) -> str:
    """Turn a name that a model made up into one that a tool may have.

    >>> clean_tool_name("functions.add now")
    'functions_add_now'
    """
    return _NOT_IN_A_NAME.sub("_", name)[:NAME_LENGTH_MAX]


def check_tool_name(name: str) -> str:
    """Return ``name`` if models accept it as the name of a tool, else raise ConfigError.

    >>> check_tool_name("get_weather")
    'get_weather'
    """
    if not name or clean_tool_name(name) != name:
        raise ConfigError(
            f"a tool cannot be called {name!r}: models accept 1 to {NAME_LENGTH_MAX} characters out of "
            f"A-Z a-z 0-9 _ -; give it another name, for instance {clean_tool_name(name) or 'tool'!r}"
        )
    return name


def plain_function(function: Function) -> Function:
    """Find the function that a partial, a bound method or a callable object stands for.

    >>> plain_function(functools.partial(clean_tool_name, "a b")) is clean_tool_name
    True
    """
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if not isinstance(function, type) and not hasattr(function, "__qualname__"):
        function = type(function).__call__
    return function


def function_name(function: Function) -> str:
    """Return the name a function goes by; a callable object has that of its class.

    >>> function_name(functools.partial(clean_tool_name))
    'clean_tool_name'
    """
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def bound_names(function: Function) -> frozenset[str]:
    """List what a partial has filled by name: the program's own, hidden from models and not theirs to change.

    >>> bound_names(functools.partial(print, end=""))
    frozenset({'end'})
    """
    names: set[str] = set()
    while isinstance(function, functools.partial):
        names.update(function.keywords)
        function = function.func
    return frozenset(names)


def parameters_of(function: Function) -> tuple[Parameter, ...]:
    """Read the parameters that a caller of ``function`` may fill, ``self`` left out.

    Raises ConfigError if there is no signature, or an annotation names something that cannot be found.

    >>> def add(a: int, b: "int" = 1) -> int: ...
    >>> [(p.name, p.annotation) for p in parameters_of(add)]
    [('a', <class 'int'>), ('b', <class 'int'>)]
    """
    try:
        found = list(inspect.signature(function).parameters.values())
        hidden = bound_names(function)
        signature = [parameter for parameter in found if parameter.name not in hidden]
        annotations = _resolved(function, {p.name: p.annotation for p in signature if p.annotation is not MISSING})
    except (NameError, AttributeError, TypeError, SyntaxError, ValueError) as problem:
        raise ConfigError(
            f"the signature of {function_name(function)} cannot be read: {problem}; the types in it must be "
            "found at the top level of its module when the tool is registered (not only for type checkers)"
        ) from problem
    return tuple(
        Parameter(p.name, _shown(p), annotations.get(p.name, MISSING), p.default, p.kind in _BY_NAME) for p in signature
    )


def _shown(parameter: inspect.Parameter) -> str:
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        return f"{parameter.name}, /"
    return str(parameter.replace(annotation=MISSING, default=MISSING))


def _resolved(function: Function, annotations: dict[str, object]) -> dict[str, object]:
    """Turn annotations written as text into types."""
    holder = types.SimpleNamespace(__annotations__=annotations)
    names = getattr(inspect.unwrap(plain_function(function)), "__globals__", {})
    return typing.get_type_hints(holder, globalns=names, include_extras=True)


def function_schema(function: Function, *, name: str | None = None, description: str | None = None) -> dict[str, Json]:
    """Describe a function as a tool entry of a chat-completions request.

    A parameter is described by the first text in its ``Annotated[...]``, else by pydantic's ``Field``, else
    by the docstring (google, numpy or sphinx style). The tool is described by ``description``, else by the
    docstring. A default of None makes a parameter nullable. What a ``functools.partial`` has filled by name
    is not shown.

    Raises ConfigError for a bad name, for what a model cannot fill by name (positional-only parameters,
    ``*args``, ``**kwargs``), for a type that JSON cannot say, and for a parameter with neither annotation nor
    default; with a default and no annotation it takes any value.

    >>> def weather(city: Annotated[str, "City name"], days: int = 1) -> str:
    ...     '''Forecast the weather.'''
    >>> entry = function_schema(weather)
    >>> entry["function"]["description"], entry["function"]["parameters"]["properties"]["city"]
    ('Forecast the weather.', {'type': 'string', 'description': 'City name'})
    """
    name = check_tool_name(function_name(function) if name is None else name)
    parameters = parameters_of(function)
    _refuse_unfillable(name, parameters)
    words, of_parameters = _documentation(function, parameters)
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": words if description is None else description,
            "parameters": _arguments_schema(name, parameters, of_parameters),
        },
    }


def _refuse_unfillable(name: str, parameters: Sequence[Parameter]) -> None:
    unfillable = [p.text for p in parameters if not p.fillable]
    if unfillable:
        raise ConfigError(
            f"tool {name!r} has parameters that a model cannot fill: {', '.join(unfillable)}; a model gives "
            "arguments by name, so spell every parameter out (and let decorators use functools.wraps)"
        )
    bare = [p.name for p in parameters if p.annotation is MISSING and p.default is MISSING]
    if bare:
        raise ConfigError(
            f"tool {name!r} has parameters without a type: {', '.join(bare)}; annotate them, for instance "
            f'{bare[0]}: Annotated[str, "what it is"]'
        )


def _arguments_schema(name: str, parameters: Sequence[Parameter], words: dict[str, str]) -> dict[str, Json]:
    """Join the schemas of the parameters, which share their definitions, to that of one object."""
    from pydantic import TypeAdapter

    schemas, shared = TypeAdapter.json_schemas(
        [(parameter.name, "validation", parameter_adapter(name, parameter)) for parameter in parameters]
    )
    properties = {}
    for parameter in parameters:
        schema = _without_titles(schemas[(parameter.name, "validation")])
        properties[parameter.name] = _with_words(parameter, schema, words.get(parameter.name, ""))
    return {
        "type": "object",
        "properties": properties,
        "required": [p.name for p in parameters if p.default is MISSING],
        "additionalProperties": False,
        **_without_titles(shared),
    }


def parameter_adapter(name: str, parameter: Parameter) -> TypeAdapter[object]:
    """Build what checks and converts one argument of the tool ``name``.

    Raises ConfigError if the type cannot be written as JSON.

    >>> parameter_adapter("add", Parameter("a", "a", int, MISSING, True)).validate_python("3")
    3
    """
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError

    try:
        # A cast, because mypy knows no type for "any type form read from a signature".
        adapter = TypeAdapter(typing.cast("type[object]", _nullable(parameter)))
        adapter.json_schema()
    except (PydanticUserError, PydanticUndefinedAnnotation, TypeError) as problem:
        raise ConfigError(
            f"tool {name!r}: parameter {parameter.name!r} has type {parameter.annotation!r}, which a model "
            "cannot fill in as JSON; use text, numbers, lists, dicts, enums, dataclasses or pydantic models, "
            "or fill it yourself with functools.partial"
        ) from problem
    return adapter


def _nullable(parameter: Parameter) -> object:
    if parameter.annotation is MISSING:
        return typing.Any
    if parameter.default is None:
        return operator.or_(parameter.annotation, None)
    return parameter.annotation


def _with_words(parameter: Parameter, schema: dict[str, Json], documented: str) -> dict[str, Json]:
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    words = _annotated_text(parameter.annotation) or schema.get("description") or documented
    if words:
        schema["description"] = words
    if parameter.default is not MISSING:
        # A default that JSON cannot say still makes the parameter optional.
        with contextlib.suppress(PydanticSerializationError):
            schema["default"] = to_jsonable_python(parameter.default)
    return schema


def _annotated_text(annotation: object) -> str:
    if typing.get_origin(annotation) is not Annotated:
        return ""
    return next((extra for extra in typing.get_args(annotation)[1:] if isinstance(extra, str)), "")


def _without_titles(schema: dict[str, Json]) -> dict[str, Json]:
    """Drop the titles that pydantic makes up from names; properties that are called title stay."""
    result: dict[str, Json] = {}
    for key, part in schema.items():
        if key in _OF_DATA:
            result[key] = part
        elif key in _BY_KEY:
            result[key] = {name: _without_titles(inner) for name, inner in part.items()}
        elif isinstance(part, dict):
            result[key] = _without_titles(part)
        elif isinstance(part, list):
            result[key] = [_without_titles(inner) if isinstance(inner, dict) else inner for inner in part]
        elif key != "title":
            result[key] = part
    return result


def _documentation(function: Function, parameters: Sequence[Parameter]) -> tuple[str, dict[str, str]]:
    """Split a docstring into the words about the function and those about each parameter."""
    text = inspect.getdoc(plain_function(function)) or ""
    if "\n" not in text:
        return text, {}
    sections = _sections(text)
    of_function = [str(section.value) for section in sections if section.kind.value == "text"]
    of_parameters = {
        entry.name.lstrip("*"): " ".join(entry.description.split())
        for section in sections
        if section.kind.value == "parameters"
        for entry in section.value
    }
    return "\n\n".join(of_function).strip(), of_parameters if parameters else {}


def _sections(text: str) -> Sequence[griffe.DocstringSection]:
    import griffe

    silent: griffe.PerStyleOptions = {
        "google": {"warnings": False},
        "numpy": {"warnings": False},
        "sphinx": {"warnings": False},
    }
    return griffe.parse_auto(griffe.Docstring(text), per_style_options=silent)
