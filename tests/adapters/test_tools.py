"""Calls of Python functions, and the texts that answer them."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import functools
import itertools
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, field_validator, model_validator

from flowagents.adapters.tools import Tool, call_tool, is_async, repair_arguments
from flowagents.errors import ConfigError


def add(a: Any, b: Any) -> Any:
    return a + b


def echo(text: str) -> str:
    return text


def fail(text: str = "") -> None:
    raise ValueError("boom" + text)


def nothing() -> None: ...


def record(key: str) -> dict[str, Any]:
    return {"key": key, "ok": True}


async def aecho(text: str) -> str:
    return "async:" + text


async def afail(text: str = "") -> str:
    raise ValueError("aboom" + text)


def run(function: Callable[..., object], arguments: str, *, name: str = "f", raw: bool = False) -> str:
    answer = call_tool({name: Tool(function, name, raw=raw)}, name, arguments)
    assert isinstance(answer, str)
    return answer


def finish(answer: str | Awaitable[str]) -> str:
    assert not isinstance(answer, str)

    async def wait() -> str:
        return await answer

    return asyncio.run(wait())


# --- the classic texts, which prompts depend on ----------


def test_an_unknown_name_is_not_found() -> None:
    assert call_tool({"add": Tool(add)}, "multiply", '{"a": 1}') == "Error: Function multiply not found."


def test_arguments_that_are_no_json_are_told_so_with_the_place() -> None:
    assert run(add, "{a: 1,") == (
        "Error: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)\n"
        " The argument must be in JSON format."
    )


def test_an_empty_argument_text_is_no_json() -> None:
    assert run(nothing, "") == (
        "Error: Expecting value: line 1 column 1 (char 0)\n The argument must be in JSON format."
    )


@pytest.mark.parametrize("raw", [True, False])
def test_a_missing_argument_gives_pythons_own_text(raw: bool) -> None:
    assert run(echo, "{}", name="echo", raw=raw) == ("Error: echo() missing 1 required positional argument: 'text'")


def test_an_unknown_argument_gives_pythons_own_text() -> None:
    assert run(echo, '{"text": "", "z": 1}', name="echo") == ("Error: echo() got an unexpected keyword argument 'z'")


def test_pythons_text_names_the_function_as_the_model_knows_it() -> None:
    def inner(text: str) -> str:
        return text

    assert run(inner, "{}", name="say") == "Error: say() missing 1 required positional argument: 'text'"


def test_the_text_of_an_exception_is_the_answer() -> None:
    assert run(fail, '{"text": "!"}') == "Error: boom!"


def test_an_exception_without_text_is_named() -> None:
    def refuse() -> None:
        raise PermissionError

    assert run(refuse, "{}") == "Error: PermissionError"


def test_an_exception_that_cannot_be_printed_is_named() -> None:
    class Sulking(Exception):
        def __str__(self) -> str:
            raise ValueError("no")

    def sulk() -> None:
        raise Sulking

    assert run(sulk, "{}") == "Error: Sulking"


@pytest.mark.parametrize(
    ("arguments", "kind"), [("null", "NoneType"), ("[1, 2]", "list"), ('"a"', "str"), ("3", "int")]
)
def test_arguments_that_are_no_object_give_an_error_text(arguments: str, kind: str) -> None:
    assert run(add, arguments, name="add") == f"Error: add() argument after ** must be a mapping, not {kind}"


def test_json_that_is_nested_too_deeply_gives_an_error_text() -> None:
    text = run(add, "[" * 200_000)
    assert text.startswith("Error: ")
    assert text.endswith("\n The argument must be in JSON format.")


# --- results ----------


@pytest.mark.parametrize(
    ("function", "arguments", "text"),
    [
        (nothing, "{}", "None"),
        (record, '{"key": "\\u00e9"}', "{'key': 'é', 'ok': True}"),
        (echo, '{"text": "é"}', "é"),
    ],
)
def test_a_raw_result_is_pythons_str(function: Callable[..., object], arguments: str, text: str) -> None:
    assert run(function, arguments, raw=True) == text


@pytest.mark.parametrize(
    ("function", "arguments", "text"),
    [
        (nothing, "{}", "null"),
        (record, '{"key": "\\u00e9"}', '{"key": "é", "ok": true}'),
        (echo, '{"text": "é"}', "é"),
        (add, '{"a": 1, "b": 2}', "3"),
    ],
)
def test_other_results_are_text_as_is_or_json(function: Callable[..., object], arguments: str, text: str) -> None:
    assert run(function, arguments) == text


class Guest(BaseModel):
    name: str
    age: int = 0


@dataclasses.dataclass
class Point:
    x: int


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (Guest(name="é"), '{"name":"é","age":0}'),
        ([Guest(name="a")], '[{"name": "a", "age": 0}]'),
        (Point(1), '{"x": 1}'),
        ({"on": datetime.date(2024, 2, 29)}, '{"on": "2024-02-29"}'),
        ({1}, "[1]"),
    ],
)
def test_values_with_an_obvious_json_form_have_it(result: object, text: str) -> None:
    assert run(lambda: result, "{}") == text


@pytest.mark.parametrize("result", [object(), itertools.count(), {(1, 2): 3}, sys])
def test_a_result_that_json_cannot_say_gives_an_error_with_its_type(result: object) -> None:
    text = run(lambda: result, "{}", name="odd")
    assert text.startswith(f"Error: odd returned a {type(result).__name__}, which cannot be written as JSON: ")


def test_a_result_that_contains_itself_gives_an_error() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert run(lambda: loop, "{}").startswith("Error: f returned a list, which cannot be written as JSON")


def test_a_raw_result_that_cannot_be_printed_gives_an_error() -> None:
    class Mute:
        def __str__(self) -> str:
            raise ValueError("mute")

    assert run(Mute, "{}", raw=True) == "Error: mute"


def test_a_huge_result_passes_uncut() -> None:
    assert len(run(lambda: "x" * 50_000_000, "{}")) == 50_000_000


# --- arguments ----------


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('{\n"a":\n1\n}', '{"a":1}'),
        ('{"a": "x\ny"}', '{"a": "x\\ny"}'),
        ('{"a": "x\ty"}', '{"a": "x\\ty"}'),
        ('{\t"a": 1}', '{\t"a": 1}'),
        ('{"a": "say \\"\n\\""}', '{"a": "say \\"\\n\\""}'),
        ('{"a": "ends in \\\\",\n"b": "\n"}', '{"a": "ends in \\\\","b": "\\n"}'),
        ('{"a": "open\n', '{"a": "open\\n'),
    ],
)
def test_newlines_and_tabs_are_mended(text: str, mended: str) -> None:
    assert repair_arguments(text) == mended


def test_mended_arguments_reach_the_function() -> None:
    assert run(echo, '{\n"text":\n"a\n\tb"\n}') == "a\n\tb"


def invite(
    guests: list[Guest], tables: int = 1, unit: Literal["hours", "days"] = "hours", note: str | None = None
) -> str:
    assert all(isinstance(guest, Guest) for guest in guests)
    return f"{[guest.name for guest in guests]} {tables!r} {unit} {note}"


def test_objects_become_models_and_numeric_text_becomes_numbers() -> None:
    arguments = '{"guests": [{"name": "Ann"}], "tables": "3", "note": null}'
    assert run(invite, arguments) == "['Ann'] 3 hours None"


def test_a_tool_converts_every_time_it_is_called() -> None:
    def double(n: int) -> int:
        return n * 2

    tools = {"double": Tool(double)}
    assert [call_tool(tools, "double", f'{{"n": "{n}"}}') for n in (1, 2)] == ["2", "4"]


def test_a_wrong_argument_list_is_told_before_wrong_types() -> None:
    assert run(invite, '{"tables": "many"}', name="invite") == (
        "Error: invite() missing 1 required positional argument: 'guests'"
    )


def test_every_problem_has_one_line_with_path_problem_and_type() -> None:
    arguments = '{"guests": [{"name": "Ann", "age": "old"}, 7], "unit": "weeks"}'
    assert run(invite, arguments, name="invite").splitlines() == [
        "Error: the arguments of invite do not fit.",
        "guests.0.age: Input should be a valid integer, unable to parse string as an integer (received string)",
        "guests.1: Input should be a valid dictionary or instance of Guest (received integer)",
        "unit: Input should be 'hours' or 'days' (received string)",
    ]


def test_many_problems_are_counted_not_listed() -> None:
    lines = run(invite, f'{{"guests": [{", ".join(["1"] * 40)}]}}').splitlines()
    assert len(lines) == 12
    assert lines[-1] == "and 30 more"


def test_a_long_problem_is_cut_to_one_short_line() -> None:
    class Wordy(BaseModel):
        @model_validator(mode="before")
        @classmethod
        def check(cls, data: object) -> object:
            raise ValueError("on\nand " * 500)

    def take(wordy: object) -> None: ...

    take.__annotations__["wordy"] = Wordy
    lines = run(take, '{"wordy": {}}').splitlines()
    assert len(lines) == 2
    assert len(lines[1]) < 250


def test_a_raw_tool_gets_its_arguments_as_they_are() -> None:
    def kind(a: int) -> str:
        return type(a).__name__

    assert (run(kind, '{"a": "3"}', raw=True), run(kind, '{"a": "3"}')) == ("str", "int")


def test_arguments_without_annotation_are_passed_as_they_are() -> None:
    assert run(lambda a, b=None: [a, b], '{"a": "3", "b": {"c": 1}}') == '["3", {"c": 1}]'


def test_a_type_that_json_cannot_say_is_not_checked() -> None:
    def listen(to: subprocess.Popen[str]) -> str:
        return repr(to)

    assert run(listen, '{"to": 1}') == "1"


def test_null_fits_a_parameter_whose_default_is_none() -> None:
    def find(limit: int = None) -> str:  # type: ignore[assignment]  # noqa: RUF013 - people write it
        return repr(limit)

    assert run(find, '{"limit": null}') == "None"


def test_a_validator_of_the_program_speaks_in_its_own_words() -> None:
    class Even(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def check(cls, n: int) -> int:
            if n % 2:
                raise ValueError("odd")
            return n

    def take(even: object) -> None: ...

    take.__annotations__["even"] = Even
    assert run(take, '{"even": {"n": 3}}') == (
        "Error: the arguments of f do not fit.\neven.n: Value error, odd (received integer)"
    )


def test_what_a_partial_has_filled_is_not_the_models_to_change() -> None:
    def read(path: str, root: str) -> str:
        return root + path

    tool = functools.partial(read, root="/safe/")
    assert run(tool, '{"path": "a"}') == "/safe/a"
    assert run(tool, '{"path": "a", "root": "/"}') == "Error: f() got an unexpected keyword argument 'root'"


def test_methods_and_callable_objects_are_tools() -> None:
    class Station:
        def read(self, depth: int) -> int:
            return depth

        def __call__(self, depth: int) -> int:
            return -depth

    assert (run(Station().read, '{"depth": "2"}'), run(Station(), '{"depth": 2}')) == ("2", "-2")


@pytest.mark.parametrize("attribute", ["read", "__call__"])
def test_a_missing_argument_of_a_method_is_told_about_the_tool(attribute: str) -> None:
    class Station:
        def read(self, depth: int) -> int:
            return depth

        __call__ = read

    assert run(getattr(Station(), attribute), "{}", name="station") == (
        "Error: station() missing 1 required positional argument: 'depth'"
    )


def test_an_annotation_that_cannot_be_found_is_refused_when_the_tool_is_made() -> None:
    def send(to: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(ConfigError, match="Nowhere"):
        Tool(send)


def test_a_tool_goes_by_the_name_of_its_function() -> None:
    assert repr(Tool(add, raw=True)) == "Tool('add', raw=True)"


# --- asynchronous functions and interrupts ----------


def test_an_async_function_gives_something_to_await() -> None:
    assert finish(call_tool({"aecho": Tool(aecho)}, "aecho", '{"text": "x"}')) == "async:x"


def test_what_an_async_function_raises_becomes_text() -> None:
    assert finish(call_tool({"afail": Tool(afail)}, "afail", "{}")) == "Error: aboom"


@pytest.mark.parametrize(("raw", "text"), [(True, "None"), (False, "null")])
def test_the_result_of_an_async_function_is_written_by_the_same_rule(raw: bool, text: str) -> None:
    async def rest() -> None: ...

    assert finish(call_tool({"rest": Tool(rest, raw=raw)}, "rest", "{}")) == text


def test_a_wrong_argument_list_of_an_async_function_needs_no_waiting() -> None:
    assert call_tool({"aecho": Tool(aecho)}, "aecho", "{}") == (
        "Error: aecho() missing 1 required positional argument: 'text'"
    )


class AsyncStation:
    async def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (aecho, True),
        (functools.partial(aecho, text="x"), True),
        (AsyncStation(), True),
        (AsyncStation().__call__, True),
        (echo, False),
        (functools.partial(echo), False),
        (print, False),
        (Point, False),
    ],
)
def test_async_functions_are_recognised_without_a_call(function: Callable[..., object], expected: bool) -> None:
    assert is_async(function) is expected


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_interrupts_pass(interrupt: type[BaseException]) -> None:
    def stop() -> None:
        raise interrupt

    with pytest.raises(interrupt):
        run(stop, "{}")


def test_a_plain_tool_loads_neither_pydantic_nor_asyncio() -> None:
    program = (
        "import sys; from flowagents.adapters.tools import Tool, call_tool\n"
        "def add(a: int, b: int = 1) -> int: return a + b\n"
        "print(call_tool({'add': Tool(add)}, 'add', '{\"a\": 2}'))\n"
        "print(sorted({'pydantic', 'pydantic_core', 'griffe', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "3\n[]\n"


def test_an_annotated_type_is_converted_too() -> None:
    def double(n: Annotated[int, "a number"]) -> int:
        return n * 2

    assert run(double, '{"n": "4"}') == "8"
