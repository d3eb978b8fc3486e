"""The commands: what they take, and with which code they exit. What they do is in the other modules."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flowagents.errors import Diverged, FlowAgentsError, MissingPart, SetupError, TraceError, WrongGraph

EXIT_CODES = """\b
Exit codes:
  0    all went well
  1    the run failed
  2    bad usage, or input that cannot be used
  3    a replay diverged from its trace
  4    something must be installed; `flowagents doctor` says how
  130  interrupted"""
FAILED, BAD_INPUT, DIVERGED, MISSING = 1, 2, 3, 4

app = typer.Typer(
    name="flowagents",
    help="Run, record, replay and draw conversations of agents.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class _Settings:
    """What was said in front of the command."""

    debug = False


def main() -> NoReturn:
    """Run the command line on the arguments of the process, and exit with its code."""
    try:
        app(prog_name="flowagents")
    except FlowAgentsError as error:
        _report(error)
        sys.exit(code_of(error))
    except Exception:
        traceback.print_exc()
        sys.exit(FAILED)
    sys.exit(0)


def code_of(error: BaseException) -> int:
    """Return the exit code of an error.

    >>> code_of(SetupError("no such model")), code_of(ZeroDivisionError())
    (2, 1)
    """
    if isinstance(error, (Diverged, WrongGraph)):
        return DIVERGED
    if isinstance(error, MissingPart):
        return MISSING
    return BAD_INPUT if isinstance(error, (SetupError, TraceError)) else FAILED


def _report(error: FlowAgentsError) -> None:
    """Say what went wrong, once; with --debug also where."""
    from flowagents.adapters.printing import visible

    if _Settings.debug:
        traceback.print_exception(error)
    else:
        typer.echo(f"{type(error).__name__}: {visible(str(error))}", err=True)


def _version(asked: bool) -> None:
    """Print the version and leave."""
    if asked:
        from flowagents import __version__

        typer.echo(f"flowagents {__version__}")
        raise typer.Exit


@app.callback()
def before(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Run, record, replay and draw conversations of agents."""
    _Settings.debug = debug


Program = Annotated[
    str,
    typer.Argument(
        metavar="PROGRAM", help="FILE.py or MODULE; its main() is called, or FUNCTION with FILE.py:FUNCTION."
    ),
]
TraceFile = Annotated[
    Path, typer.Argument(metavar="TRACE", exists=True, dir_okay=False, readable=True, help="A recorded run.")
]
SourceOption = Annotated[
    str | None,
    typer.Option("--source", metavar="PROGRAM", help="What was recorded; without it what the trace names."),
]


@app.command()
def run(
    program: Program,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="openai:NAME[@URL]",
            help="The model to use: handed to main() as llm_config. The key comes from OPENAI_API_KEY.",
        ),
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to record; without it runs/PROGRAM.jsonl.")
    ] = None,
    no_trace: Annotated[bool, typer.Option("--no-trace", help="Record nothing, draw nothing.")] = False,
    silent: Annotated[bool, typer.Option("--silent", help="Do not show what the program prints.")] = False,
) -> None:
    """Run a program, record its conversations, and say where trace and picture are."""
    from flowagents.cli.running import run_program

    if trace is not None and no_trace:
        raise SetupError("--trace and --no-trace were both given; give one of them")
    run_program(program, model=model, trace=trace, records=not no_trace, silent=silent)


@app.command()
def draw(
    target: Annotated[str, typer.Argument(metavar="PROGRAM|TRACE", help="What to draw.")],
    format: Annotated[
        str | None,
        typer.Option("--format", help="svg, dot, mermaid, png or pdf; without it what FILE ends with, or svg."),
    ] = None,
    open: Annotated[bool, typer.Option("--open", help="Show the inside of all agents.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Without it, standard output.")
    ] = None,
    source: SourceOption = None,
) -> None:
    """Draw the graph of a program's first run, performing nothing; or a recorded run."""
    from flowagents.cli.drawing import draw_target

    draw_target(target, format=format, opened=open, output=output, source=source)


@app.command()
def replay(trace: TraceFile, source: SourceOption = None) -> None:
    """Run the recorded program again, every answer taken from the trace: no model, no network, no code, no human."""
    from flowagents.cli.running import replay_program

    replay_program(trace, source)


@app.command()
def show(trace: TraceFile) -> None:
    """Show a recorded conversation: what was said and done, by which model, at what cost, and how it stopped."""
    from flowagents.adapters.printing import write_to_screen
    from flowagents.cli.showing import tell

    for text in tell(trace):
        write_to_screen(f"{text}\n")


@app.command()
def doctor() -> None:
    """Check this machine: what is there, what is missing, and the command that mends it."""
    from flowagents.adapters.printing import write_to_screen
    from flowagents.cli.checking import checks

    needed_is_missing = False
    for check in checks():
        write_to_screen(f"{check.line()}\n")
        needed_is_missing |= check.needed and not check.ok
    if needed_is_missing:
        raise typer.Exit(MISSING)
