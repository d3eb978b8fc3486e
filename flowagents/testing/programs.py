"""Programs as the command line and tests know them: a file or module, and the function that starts runs.

Loading a program runs its module; whatever else happens is the program's doing.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import isawaitable, signature
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

from flowagents.errors import ConfigError
from flowagents.runtime.recording import watching

if TYPE_CHECKING:
    from flowagents.core.events import Event
    from flowagents.core.program import Program
    from flowagents.runtime.driver import Driver

MAIN = "main"


class Source:
    """A program that was found: calling it starts its runs. ``text`` is how it was asked for."""

    def __init__(self, text: str, folder: Path, function: Callable[..., object]) -> None:
        """Wrap the function of a program."""
        self.text = text
        self.folder = folder
        self.function = function

    def takes(self, parameter: str) -> bool:
        """Tell whether the function has a parameter of that name."""
        return parameter in signature(self.function).parameters

    def __call__(self, **settings: object) -> None:
        """Call the function as if the file had been started by Python; an asynchronous one is awaited."""
        with _place(self.folder), _arguments(self.text):
            play(lambda: self.function(**settings))


def play(function: Callable[[], object]) -> None:
    """Call a function; if it is asynchronous, on an event loop of its own.

    >>> play(lambda: print("played"))
    played
    """
    outcome = function()
    if isawaitable(outcome):
        import asyncio

        async def wait() -> None:
            await outcome

        asyncio.run(wait())


def load(text: str, *, near: Path | None = None) -> Source:
    """Find a program by ``FILE.py`` or ``MODULE``, with ``:FUNCTION`` where that is not ``main``.

    A file is looked for in the current folder, then in the folders above ``near``. Raises ConfigError if there
    is none; what its module raises passes through.

    >>> load("nowhere.py")
    Traceback (most recent call last):
    flowagents.errors.ConfigError: there is no file 'nowhere.py'; give the path of a Python file
    """
    name, function = _split(text)
    if name.endswith(".py") or "/" in name:
        path = _find(name, near)
        folder = path.parent
        with _place(folder):
            module = _module_of_file(path)
    else:
        folder = Path.cwd()
        with _place(folder):
            module = _module_of_name(name)
    found = getattr(module, function, None)
    if not callable(found):
        raise ConfigError(
            f"{name} has no function {function!r}; put what starts its conversations into one, "
            f"or name another: {name}:FUNCTION"
        )
    return Source(text, folder, found)


class _Caught(BaseException):
    """Carries the program of the first run out of what started it. No Exception, so that nobody stops it."""

    def __init__(self, program: Program) -> None:
        self.program = program


class _Catcher:
    """A watcher that stops the first run when it has begun, before anything is performed."""

    def on_event(self, run: Driver, event: Event) -> NoReturn:
        """Take the program."""
        raise _Caught(run.program)

    def on_delta(self, place: str, text: str) -> None:
        """Never called: no model is asked."""


def compiled(starts: Callable[[], object]) -> Program:
    """Return the program of the first run that a function starts; nothing of the run is performed.

    Raises ConfigError if it starts none.

    >>> from flowagents.classic.agent import ConversableAgent
    >>> bot = ConversableAgent("bot", default_auto_reply="pong")
    >>> compiled(lambda: bot.generate_reply(messages=[{"content": "ping"}])).graph.name
    'a reply of bot'
    """
    try:
        with watching(_Catcher()):
            play(starts)
    except _Caught as caught:
        return caught.program
    raise ConfigError("the program started no run, so there is no graph")


def _split(text: str) -> tuple[str, str]:
    """Return file or module, and function."""
    name, colon, function = text.rpartition(":")
    return (name, function) if colon and function.isidentifier() else (text, MAIN)


def _find(name: str, near: Path | None) -> Path:
    """Return the file of a program."""
    folders = [Path.cwd()] if near is None else [Path.cwd(), *near.resolve().parents]
    for folder in folders:
        if (folder / name).is_file():
            return (folder / name).resolve()
    raise ConfigError(f"there is no file {name!r}; give the path of a Python file")


def _module_of_file(path: Path) -> ModuleType:
    """Run a file as a fresh module."""
    name = f"{path.stem}_program"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is no Python file; give one, or the name of a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where annotations of its functions are looked up
    spec.loader.exec_module(module)
    return module


def _module_of_name(name: str) -> ModuleType:
    """Import a module by its name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise ConfigError(
            f"there is no module {name!r}; give the path of a Python file, or the name of a module"
        ) from None


@contextmanager
def _place(folder: Path) -> Iterator[None]:
    """Let imports find what lies in a folder."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))


@contextmanager
def _arguments(text: str) -> Iterator[None]:
    """Keep the arguments of the process from the program, which has none of its own."""
    before, sys.argv = sys.argv, [text]
    try:
        yield
    finally:
        sys.argv = before
