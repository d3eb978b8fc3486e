"""Which languages code may be in, how each is run, and what is done to its text before.

No process is started and no file is touched here.
"""

from __future__ import annotations

import re

from flowagents.core.value import value


@value
class Language:
    """A language. ``argv`` is followed by the path of the file; empty means it can only be saved."""

    name: str
    argv: tuple[str, ...]
    suffix: str
    runs: bool = True
    shell: bool = False


PYTHON = "python"
_POWERSHELL = ("pwsh", "-NoProfile", "-NonInteractive", "-File")
LANGUAGES = {
    language.name: language
    for language in (
        Language(PYTHON, ("python3",), "py"),
        Language("bash", ("bash",), "sh", shell=True),
        Language("shell", ("sh",), "sh", shell=True),
        Language("sh", ("sh",), "sh", shell=True),
        Language("pwsh", _POWERSHELL, "ps1", shell=True),
        Language("powershell", _POWERSHELL, "ps1", shell=True),
        Language("ps1", _POWERSHELL, "ps1", shell=True),
        Language("javascript", ("node",), "js", runs=False),
        Language("html", (), "html", runs=False),
        Language("css", (), "css", runs=False),
    )
}
"""Every language by its name; ``runs`` is the execution policy when none is given."""
_ALIASES = {"py": PYTHON}

_PIP_INSTALL = re.compile(r"^([ \t]*+pip3? install)(?![^\n]*[ \t]-q)", re.MULTILINE)
_COMMAND_END = re.compile(r"[\n;&|(){}`]+")
_RAW_DISK = re.compile(r">[ \t]*+/dev/(?:sd|hd|vd|xvd|nvme|mmcblk|disk)")
_FORK_BOMB = ":(){:|:&};:"


def language_name(word: str) -> str:
    """Return the name under which a language is looked up.

    >>> language_name("Py"), language_name("Rust")
    ('python', 'rust')
    """
    name = word.strip().lower()
    return _ALIASES.get(name, name)


def infer_language(code: str) -> str:
    """Return the language of code that names none, "" if nothing fits.

    >>> infer_language("pip install rich"), infer_language("print(1)"), infer_language("neither, nor!")
    ('sh', 'python', '')
    """
    if code.startswith(("pip", "python ", "python3 ")):
        return "sh"
    return PYTHON if _compiles(code) else ""


def quiet_pip(code: str) -> str:
    """Return shell code in which ``pip install`` prints errors only.

    >>> quiet_pip("pip install rich")
    'pip install -qqq rich'
    """
    return _PIP_INSTALL.sub(r"\1 -qqq", code)


def refusal(code: str) -> str | None:
    """Return why shell code is not run, None if it may run.

    A seat belt against a model's slips, not a defence: code that wants to do harm gets around it in one line.

    >>> refusal("rm -rf build")
    'recursive forced removal (rm -rf)'
    >>> refusal("rm build/x.o")
    """
    if _FORK_BOMB in "".join(code.split()):
        return "a fork bomb"
    if _RAW_DISK.search(code):
        return "a write to a raw disk"
    for command in _COMMAND_END.split(code):
        reason = _refused_command(command.split())
        if reason:
            return reason
    return None


def _compiles(code: str) -> bool:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(code, "<block>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
            return False
    return True


def _refused_command(words: list[str]) -> str | None:
    programs = {word.rpartition("/")[2] for word in words}
    if "rm" in programs and _removes_by_force(words):
        return "recursive forced removal (rm -rf)"
    if "dd" in programs and any(word.startswith(("if=", "of=")) for word in words):
        return "a raw copy (dd)"
    if "mv" in programs and words[-1].rstrip("\"'").endswith("/dev/null"):
        return "a move to /dev/null"
    return None


def _removes_by_force(words: list[str]) -> bool:
    letters = "".join(word for word in words if word.startswith("-") and not word.startswith("--"))
    recursive = "r" in letters or "R" in letters or "--recursive" in words
    return recursive and ("f" in letters or "--force" in words)


__all__ = ["LANGUAGES", "PYTHON", "Language", "infer_language", "language_name", "quiet_pip", "refusal"]
