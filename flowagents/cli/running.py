"""The commands run and replay."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from flowagents.adapters.printing import visible, write_to_screen
from flowagents.errors import ConfigError, LayoutEngineMissing
from flowagents.runtime.recording import collecting, recording
from flowagents.runtime.trace import read_trace
from flowagents.testing.programs import Source, load

if TYPE_CHECKING:
    from flowagents.runtime.run import Run

RUNS = Path("runs")
PICTURES_MAX = 10
"""How many runs of one program are drawn."""


def run_program(text: str, *, model: str | None, trace: Path | None, records: bool, silent: bool) -> None:
    """Run a program and say where its traces and pictures are, also when it fails."""
    source = load(text)
    settings = _settings(source, model)
    path = trace or RUNS / f"{_stem(text)}.jsonl"
    with ExitStack() as stack:
        runs = stack.enter_context(collecting())
        stack.callback(lambda: _say_where([run for run in runs if run.trace is not None]))
        if silent:
            stack.enter_context(quiet())
        if records:
            stack.enter_context(recording(path, source=text))
        try:
            source(**settings)
        except KeyboardInterrupt:
            sys.stderr.write("\ninterrupted\n")
            raise


def model_config(text: str) -> dict[str, object]:
    """Return the ``llm_config`` for a model named on the command line. Raises ConfigError.

    >>> model_config("openai:llama3@http://localhost:11434/v1")
    {'config_list': [{'model': 'llama3', 'base_url': 'http://localhost:11434/v1'}]}
    """
    kind, _, rest = text.partition(":")
    name, at, url = rest.partition("@")
    if kind != "openai" or not name or (at and not url.startswith(("http://", "https://"))):
        raise ConfigError(f"--model is {text!r}; give openai:NAME, or openai:NAME@http://HOST/v1")
    return {"config_list": [{"model": name, **({"base_url": url} if at else {})}]}


def replay_program(trace: Path, text: str | None) -> None:
    """Replay what a trace names, or what ``text`` does, and say that all was as recorded."""
    from flowagents.testing.replayed import replayed_runs

    named = text or read_trace(trace).source
    if named is None:
        raise ConfigError(f"{trace} does not say which program it was recorded from; give --source PROGRAM")
    for path in _beginnings(trace):
        with quiet():
            runs = replayed_runs(path, load(named, near=trace))
        if any(run.trace == trace for run in runs):
            break
    for run in runs:
        counted = f"{len(run.events)} events" if len(run.events) != 1 else "1 event"
        stop = f"{run.stop.kind}: {visible(run.stop.name)}"
        write_to_screen(f"ok: {run.trace}: {counted} as recorded, {stop}, digest {run.state.digest}\n")


def _beginnings(trace: Path) -> list[Path]:
    """Return which traces a replay may have to begin with: the n-th of a program belongs to those before it."""
    numbered = re.fullmatch(r"(.+)-\d+", trace.stem)
    first = trace.with_name(f"{numbered[1]}{trace.suffix}") if numbered else trace
    return [first, trace] if first != trace and first.is_file() else [trace]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what a program prints off the screen."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield


def own_command() -> str:
    """Return how this program was called, for a command to copy.

    >>> "flowagents" in own_command() or True
    True
    """
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{shlex.quote(_near(Path(sys.executable)))} -m flowagents.cli"
    found = shutil.which(called.name)
    if found is not None and os.path.abspath(found) == os.path.abspath(called):
        return called.name
    return shlex.quote(_near(called))


def _near(path: Path) -> str:
    """Return a path relative to the current folder if it lies below."""
    absolute = Path(os.path.abspath(path))
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute)


def _settings(source: Source, model: str | None) -> dict[str, object]:
    """Return what the function of a program is called with."""
    if model is None:
        return {}
    chosen = model_config(model)
    if not source.takes("llm_config"):
        raise ConfigError(
            f"--model was given, but the function of {source.text} has no parameter llm_config to take it; add one"
        )
    return {"llm_config": chosen}


def _stem(text: str) -> str:
    """Return the name of the trace of a program."""
    name = text.partition(":")[0]
    return Path(name).stem if name.endswith(".py") else name.rpartition(".")[2]


def _say_where(runs: list[Run]) -> None:
    """Say where the traces of runs and their pictures are, and how to replay and read the first."""
    if not runs:
        return
    command, first = own_command(), shlex.quote(str(runs[0].trace))
    write_to_screen("\n")
    for run in runs:
        write_to_screen(f"trace    {run.trace}\n")
    for run in runs[:PICTURES_MAX]:
        write_to_screen(f"picture  {_picture(run)}\n")
    write_to_screen(f"replay   {command} replay {first}\nread     {command} show {first}\n")


def _picture(run: Run) -> Path:
    """Draw a run beside its trace: as svg, or as Mermaid where nobody can lay it out."""
    assert run.trace is not None, "only recorded runs are drawn"
    try:
        return _written(run.trace.with_suffix(".svg"), run.draw("svg"))
    except LayoutEngineMissing:
        return _written(run.trace.with_suffix(".mmd"), run.draw("mermaid"))


def _written(path: Path, text: str) -> Path:
    """Write a text; return its path."""
    path.write_text(text, encoding="utf-8")
    return path
