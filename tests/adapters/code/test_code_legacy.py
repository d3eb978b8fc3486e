"""The dictionary form: its reply texts, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowagents.adapters.code.legacy import LegacyLocalExecutor, legacy_executor
from flowagents.errors import ConfigError
from flowagents.ports import CodeBlock, Json


@pytest.fixture
def executor(tmp_path: Path) -> Iterator[LegacyLocalExecutor]:
    with legacy_executor({"work_dir": tmp_path, "use_docker": False, "timeout": 20}) as made:
        yield made


def test_each_block_is_shown_after_a_newline(executor: LegacyLocalExecutor) -> None:
    result = executor.run([CodeBlock("print('a')", "python"), CodeBlock("echo b", "sh")])
    assert (result.exit_code, result.output) == (0, "\na\n\nb\n")


def test_success_shows_output_only(executor: LegacyLocalExecutor) -> None:
    assert executor.run([CodeBlock("echo out; echo err >&2", "sh")]).output == "\nout\n"


def test_failure_shows_errors_only(executor: LegacyLocalExecutor) -> None:
    result = executor.run([CodeBlock("echo out; echo err >&2; exit 4", "sh")])
    assert (result.exit_code, result.output) == (4, "\nerr\n")


def test_the_path_of_a_generated_file_is_not_shown(executor: LegacyLocalExecutor, tmp_path: Path) -> None:
    output = executor.run([CodeBlock("1 / 0", "python")]).output
    assert 'File "", line 1' in output
    assert str(tmp_path) not in output


def test_a_named_file_keeps_its_name(executor: LegacyLocalExecutor) -> None:
    output = executor.run([CodeBlock("# filename: a.py\n1 / 0", "python")]).output
    assert 'File "a.py", line 2' in output


def test_a_timeout_is_exit_code_1(executor: LegacyLocalExecutor) -> None:
    result = executor.run([CodeBlock("sleep 600", "sh")], timeout_seconds=1)
    assert (result.exit_code, result.output, result.timed_out) == (1, "\nTimeout", True)


def test_only_python_and_shell_are_known(executor: LegacyLocalExecutor) -> None:
    assert executor.run([CodeBlock("<p>", "html")]).output == "\nunknown language html"
    assert executor.run([CodeBlock("what, this?")]).output == "\nunknown language unknown"


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"use_docker": True}, "set use_docker to False"),
        ({"use_docker": "python:3"}, "set use_docker to False"),
        ({"workdir": "x"}, "'workdir': known are work_dir"),
        ({"timeout": 0}, "give a number of seconds"),
    ],
)
def test_a_bad_dictionary_is_refused(config: dict[str, Json], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        legacy_executor(config)
