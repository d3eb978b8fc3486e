"""What a model is told about a function."""

from __future__ import annotations

import dataclasses
import enum
import functools
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, Field

from flowagents.adapters.tool_schema import (
    check_tool_name,
    clean_tool_name,
    function_name,
    function_schema,
    parameters_of,
)
from flowagents.errors import ConfigError, SetupError


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Guest(BaseModel):
    """A person."""

    title: str
    age: Annotated[int, Field(ge=0)] = 0


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


def parameters(function: Callable[..., object]) -> dict[str, Any]:
    result: dict[str, Any] = function_schema(function)["function"]["parameters"]
    return result


def properties(function: Callable[..., object]) -> dict[str, Any]:
    result: dict[str, Any] = parameters(function)["properties"]
    return result


def book(
    city: Annotated[str, "City name"],
    guests: list[Guest],
    colour: Colour = Colour.RED,
    unit: Literal["celsius", "fahrenheit"] = "celsius",
    note: Optional[str] = None,  # noqa: UP045 - the classic spelling
) -> str:
    """Book a room."""
    return ""


def test_a_schema_has_the_shape_of_a_chat_completions_tool() -> None:
    def ping() -> None:
        """Answer."""

    assert function_schema(ping) == {
        "type": "function",
        "function": {
            "name": "ping",
            "description": "Answer.",
            "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
        },
    }


def test_a_text_in_annotated_describes_the_parameter() -> None:
    assert properties(book)["city"] == {"type": "string", "description": "City name"}


def test_nested_models_are_shared_definitions() -> None:
    assert properties(book)["guests"] == {"type": "array", "items": {"$ref": "#/$defs/Guest"}}


def test_a_property_called_title_survives_the_removal_of_titles() -> None:
    assert parameters(book)["$defs"]["Guest"] == {
        "type": "object",
        "description": "A person.",
        "properties": {"title": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "default": 0}},
        "required": ["title"],
    }


def test_an_enum_lists_its_values_and_its_default_is_one_of_them() -> None:
    assert parameters(book)["$defs"]["Colour"] == {"enum": ["red", "blue"], "type": "string"}
    assert properties(book)["colour"] == {"$ref": "#/$defs/Colour", "default": "red"}


def test_a_literal_lists_its_values() -> None:
    assert properties(book)["unit"] == {
        "type": "string",
        "enum": ["celsius", "fahrenheit"],
        "default": "celsius",
    }


def test_an_optional_parameter_may_be_null() -> None:
    assert properties(book)["note"] == {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}


def test_only_parameters_without_default_are_required() -> None:
    assert parameters(book)["required"] == ["city", "guests"]


def test_no_unknown_argument_is_allowed() -> None:
    assert parameters(book)["additionalProperties"] is False


def test_a_default_of_none_makes_a_parameter_nullable() -> None:
    def find(limit: int = None) -> None:  # type: ignore[assignment]  # noqa: RUF013 - people write it
        ...

    assert properties(find)["limit"] == {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}


def test_a_default_that_json_cannot_say_is_left_out_and_the_parameter_stays_optional() -> None:
    def find(limit: int = object()) -> None:  # type: ignore[assignment]
        ...

    assert parameters(find) == {
        "type": "object",
        "properties": {"limit": {"type": "integer"}},
        "required": [],
        "additionalProperties": False,
    }


def test_a_dataclass_is_an_object() -> None:
    def move(to: Point) -> None: ...

    assert parameters(move)["$defs"]["Point"]["required"] == ["x"]


def test_the_words_of_a_pydantic_field_and_its_limits_are_kept() -> None:
    def find(limit: Annotated[int, Field(description="How many", le=5)]) -> None: ...

    assert properties(find)["limit"] == {"type": "integer", "description": "How many", "maximum": 5}


def google(city: str, unit: str = "C") -> str:
    """Forecast the weather.

    Uses the nearest station.

    Args:
        city: The city,
            spelled out.
        unit: C or F.

    Returns:
        A sentence.
    """
    return ""


def numpy(city: str, unit: str = "C") -> str:
    """Forecast the weather.

    Uses the nearest station.

    Parameters
    ----------
    city : str
        The city,
        spelled out.
    unit : str
        C or F.

    Returns
    -------
    str
        A sentence.
    """
    return ""


def sphinx(city: str, unit: str = "C") -> str:
    """Forecast the weather.

    Uses the nearest station.

    :param city: The city,
        spelled out.
    :param unit: C or F.
    :returns: A sentence.
    """
    return ""


@pytest.mark.parametrize("function", [google, numpy, sphinx])
def test_a_docstring_of_any_style_describes_tool_and_parameters(function: Callable[..., object]) -> None:
    entry = function_schema(function)["function"]
    assert entry["description"] == "Forecast the weather.\n\nUses the nearest station."
    assert entry["parameters"]["properties"]["city"]["description"] == "The city, spelled out."
    assert entry["parameters"]["properties"]["unit"]["description"] == "C or F."


def test_an_annotated_text_wins_over_the_docstring() -> None:
    def find(city: Annotated[str, "from the annotation"]) -> None:
        """Find.

        Args:
            city: from the docstring
        """

    assert properties(find)["city"]["description"] == "from the annotation"


def test_a_given_name_and_description_win() -> None:
    entry = function_schema(google, name="forecast", description="Look at the sky.")["function"]
    assert (entry["name"], entry["description"]) == ("forecast", "Look at the sky.")


class Station:
    def read(self, depth: int) -> int:
        """Read the gauge."""
        return depth

    def __call__(self, depth: int) -> int:
        """Read the gauge now."""
        return depth


def test_a_bound_method_does_not_show_self() -> None:
    entry = function_schema(Station().read)["function"]
    assert (entry["name"], list(entry["parameters"]["properties"])) == ("read", ["depth"])


def test_a_callable_object_is_described_by_its_call() -> None:
    entry = function_schema(Station())["function"]
    assert (entry["name"], entry["description"]) == ("Station", "Read the gauge now.")


def test_what_a_partial_has_filled_is_hidden_from_the_model() -> None:
    filled = functools.partial(google, unit="the program's own")
    assert list(properties(filled)) == ["city"]
    assert "the program's own" not in str(function_schema(filled))


@pytest.mark.parametrize(
    ("function", "shown"),
    [
        (lambda *words: None, r"\*words"),
        (lambda **words: None, r"\*\*words"),
        (eval("lambda first, /: None"), "first, /"),
    ],
)
def test_what_no_model_can_fill_by_name_is_refused(function: Callable[..., object], shown: str) -> None:
    with pytest.raises(SetupError, match=f"'odd' has parameters that a model cannot fill: {shown};"):
        function_schema(function, name="odd")


def test_parameters_without_a_type_are_all_named() -> None:
    def add(a, b, c: int): ...  # type: ignore[no-untyped-def]  # noqa: ANN202, ANN001

    with pytest.raises(ConfigError, match=r"'add' has parameters without a type: a, b;"):
        function_schema(add)


def test_a_parameter_without_a_type_but_with_a_default_takes_any_value() -> None:
    def add(a=1): ...  # type: ignore[no-untyped-def]  # noqa: ANN202, ANN001

    assert properties(add) == {"a": {"default": 1}}


def test_a_type_that_json_cannot_say_is_refused_with_tool_and_parameter() -> None:
    def send(to: socket.socket) -> None: ...

    with pytest.raises(ConfigError, match=r"tool 'send': parameter 'to' has type .*socket"):
        function_schema(send)


def test_an_annotation_that_cannot_be_found_is_refused() -> None:
    def send(to: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(ConfigError, match=r"signature of send cannot be read: name 'Nowhere' is not defined"):
        function_schema(send)


def test_an_unknown_return_type_does_not_matter() -> None:
    def send(to: int) -> Nowhere: ...  # type: ignore[name-defined]  # noqa: F821

    assert properties(send) == {"to": {"type": "integer"}}


def test_a_function_without_signature_is_refused() -> None:
    with pytest.raises(ConfigError, match="signature of max cannot be read"):
        parameters_of(max)


@pytest.mark.parametrize("name", ["", "a b", "functions.add", "é", "x" * 65, "add\n"])
def test_a_name_that_models_refuse_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="a tool cannot be called"):
        check_tool_name(name)


def test_a_lambda_needs_a_name() -> None:
    with pytest.raises(ConfigError, match="'<lambda>'"):
        function_schema(lambda: None)


def test_the_longest_name_is_accepted() -> None:
    assert check_tool_name("x" * 64) == "x" * 64


@pytest.mark.parametrize(
    ("name", "clean"),
    [("functions.add now", "functions_add_now"), ("y" * 70, "y" * 64), ("é", "_"), ("a-b_C9", "a-b_C9")],
)
def test_names_are_cleaned_like_the_classic_ones(name: str, clean: str) -> None:
    assert clean_tool_name(name) == clean


def test_a_partial_goes_by_the_name_of_its_function() -> None:
    assert function_name(functools.partial(functools.partial(google), unit="F")) == "google"


def test_reading_a_signature_loads_neither_pydantic_nor_griffe() -> None:
    program = (
        "import sys; from flowagents.adapters.tool_schema import parameters_of\n"
        "def f(a: int) -> int: ...\n"
        "parameters_of(f)\n"
        "print(sorted({'pydantic', 'pydantic_core', 'griffe', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
