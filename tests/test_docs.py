"""Every example of README.md, docs/ and the docstrings runs: offline, without a key, in a folder of its own.

The blocks of a page run in order and share their names. ``python`` blocks are executed; of ``console``
blocks, the lines that begin with ``$ flowagents`` are. A block marked ``no-run`` has to say why.
"""

from __future__ import annotations

import doctest
import importlib
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = sorted(path for path in (ROOT / "flowagents").rglob("*.py") if path.name != "__main__.py")
FENCE = re.compile(r" *(?P<fence>`{3,}|~{3,}) *(?P<info>.*)")
RUN = ("python", "console")
OTHER_SPELLINGS = ("py", "python3", "pycon", "Python")
COMMAND_SECONDS_MAX = 60
OFFLINE_COMMAND = """\
#!{python}
import socket, sys

def refuse(*_):
    sys.exit("an example of the documentation tried to reach the network")

socket.socket.connect = refuse
from flowagents.cli import main
sys.exit(main())
"""


@dataclass(frozen=True)
class Block:
    """A fenced block. ``line`` is the line its fence opens on, counted from 1."""

    line: int
    language: str
    tag: str
    text: str


def fenced_blocks(text: str) -> Iterator[Block]:
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        opening = FENCE.fullmatch(line)
        if not opening:
            continue
        closing = re.compile(rf" *{opening['fence']}{opening['fence'][0]}* *")
        body = []
        for _, inner in lines:
            if closing.fullmatch(inner):
                break
            body.append(inner)
        else:
            raise ValueError(f"line {number}: the fenced block is never closed")
        language, _, tag = opening["info"].strip().partition(" ")
        yield Block(number, language, tag.strip(), dedent("\n".join(body)) + "\n")


def is_run(block: Block) -> bool:
    """Tell whether a block is run; refuse one that would be left out by accident or without a reason."""
    if block.language in OTHER_SPELLINGS:
        raise ValueError(f"line {block.line}: write python instead of {block.language}, so that the block is run")
    if block.language not in RUN or not block.tag:
        return block.language in RUN
    word, _, reason = block.tag.partition(" ")
    if word.rstrip(":") != "no-run":
        raise ValueError(f"line {block.line}: {word!r} is no tag; leave it out, or write no-run and the reason")
    if not reason.strip():
        raise ValueError(f"line {block.line}: say why this block is not run: {block.language} no-run REASON")
    return False


def commands(text: str) -> Iterator[str]:
    """Read the command lines off a console block; a backslash at the end of a line continues it."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ flowagents"):
            yield line.removeprefix("$ ")


def run_python(page: Path, block: Block, module: ModuleType) -> None:
    # Empty lines in front, so that a traceback names the line of the page.
    exec(compile("\n" * block.line + block.text, page, "exec", dont_inherit=True), module.__dict__)


def run_console(block: Block) -> None:
    for command in commands(block.text):
        done = subprocess.run(
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, f"line {block.line}: $ {command}\n{done.stdout}{done.stderr}"


def refuse_connection(_: socket.socket, address: object) -> None:
    pytest.fail(f"an example of the documentation tried to reach {address}")


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be a reader with a fresh folder, the examples and the command, but without a key or a network."""
    if (ROOT / "examples").is_dir():
        shutil.copytree(ROOT / "examples", tmp_path / "examples")
    command = tmp_path / ".bin" / "flowagents"
    command.parent.mkdir()
    command.write_text(OFFLINE_COMMAND.format(python=sys.executable), encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(socket.socket, "connect", refuse_connection)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse_connection)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
@pytest.mark.usefixtures("reader")
def test_the_examples_of_a_page_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("documentation_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for block in fenced_blocks(page.read_text(encoding="utf-8")):
        if not is_run(block):
            continue
        if block.language == "python":
            run_python(page, block, module)
        else:
            run_console(block)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
@pytest.mark.usefixtures("reader")
def test_the_examples_of_a_module_run(source: Path) -> None:
    parts = source.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    report: list[str] = []
    for test in doctest.DocTestFinder().find(importlib.import_module(name), name):
        assert not any(doctest.SKIP in example.options for example in test.examples), f"{test.name} skips"
        runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)


def test_a_block_knows_its_line_its_language_and_its_tag() -> None:
    text = "Text\n\n````text\n```python\n````\n\n  ```python no-run needs a key\n  ask()\n  ```\n"
    assert list(fenced_blocks(text)) == [
        Block(3, "text", "", "```python\n"),
        Block(7, "python", "no-run needs a key", "ask()\n"),
    ]


def test_an_open_block_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2: the fenced block is never closed"):
        list(fenced_blocks("Text\n```python\nask()\n"))


@pytest.mark.parametrize(
    ("language", "tag", "expected"),
    [
        ("python", "", True),
        ("console", "", True),
        ("text", "", False),
        ("python", "no-run needs a key", False),
    ],
)
def test_code_is_run_unless_a_reason_is_given(language: str, tag: str, expected: bool) -> None:
    assert is_run(Block(1, language, tag, "")) is expected


@pytest.mark.parametrize(
    ("language", "tag", "complaint"),
    [
        ("python", "no-run", "say why this block is not run"),
        ("console", "no-run:", "say why this block is not run"),
        ("python", "norun because", "'norun' is no tag"),
        ("py", "", "write python instead of py"),
    ],
)
def test_a_block_left_out_by_accident_is_refused(language: str, tag: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        is_run(Block(1, language, tag, ""))


def test_commands_are_the_prompt_lines_of_this_program() -> None:
    text = "$ flowagents show \\\n    trace.jsonl\nuser: hello\n$ make demo\n"
    assert list(commands(text)) == ["flowagents show      trace.jsonl"]


@pytest.mark.usefixtures("reader")
def test_the_network_is_out_of_reach_of_examples() -> None:
    text = "import socket\nwith socket.socket() as link:\n    link.connect(('127.0.0.1', 9))\n"
    block = Block(1, "python", "", text)
    with pytest.raises(pytest.fail.Exception, match="tried to reach"):
        run_python(ROOT / "README.md", block, ModuleType("documentation_page"))
