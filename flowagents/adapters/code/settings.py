"""Parameters of a code engine, checked when it is made. Nothing is started here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from flowagents.adapters.code.languages import LANGUAGES, language_name
from flowagents.errors import ConfigError

TIMEOUT_SECONDS_MAX = 1_000_000


def checked_timeout(seconds: float, *, whole: bool = True) -> float:
    """Return a usable timeout; raises ConfigError for any other. ``whole`` asks for one second at least.

    >>> checked_timeout(60)
    60
    >>> checked_timeout(0)
    Traceback (most recent call last):
        ...
    flowagents.errors.ConfigError: the timeout is 0: give a number of seconds from 1 to 1000000
    """
    least = 1 if whole else 0.001
    given: object = seconds
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if not number or not least <= seconds <= TIMEOUT_SECONDS_MAX:
        raise ConfigError(f"the timeout is {seconds!r}: give a number of seconds from {least} to {TIMEOUT_SECONDS_MAX}")
    return seconds


def checked_policies(given: Mapping[str, bool]) -> dict[str, bool]:
    """Return for every language whether it is run or only saved; raises ConfigError for what cannot be.

    >>> checked_policies({"Python": False})["python"]
    False
    """
    policies = {language.name: language.runs for language in LANGUAGES.values()}
    for word, runs in given.items():
        name = language_name(word)
        if name not in LANGUAGES:
            raise ConfigError(f"execution_policies names the language {word!r}: known are {', '.join(LANGUAGES)}")
        if runs and not LANGUAGES[name].argv:
            raise ConfigError(f"execution_policies asks to run {word!r}, which can only be saved: set it to False")
        policies[name] = bool(runs)
    return policies


def checked_python(python: str | None) -> str:
    """Return the path of the Python to run code with, the running one if None is given.

    >>> import sys
    >>> checked_python(None) == sys.executable
    True
    """
    if python is None:
        return sys.executable or "python3"
    import shutil

    found = shutil.which(python)
    if found is None:
        raise ConfigError(f"python is {python!r}, and there is no such program: give the path of an interpreter")
    return os.path.abspath(found)


__all__ = ["TIMEOUT_SECONDS_MAX", "checked_policies", "checked_python", "checked_timeout"]
