"""The command doctor: what this machine has, what it lacks, and the command that mends it. No key is ever shown."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata

from flowagents.core.value import value

PACKAGES = ("openai", "pydantic", "networkx", "graphviz", "docker", "tenacity", "typer", "PyYAML", "griffelib")
KEYS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY")
DOCKER_SOCKET = "/var/run/docker.sock"
DOCKER_SECONDS = 2.0
CODE_SECONDS = 20.0


@value
class Check:
    """One thing that was looked at; ``mend`` says what to do if it is not ok. ``needed``: nothing works without."""

    name: str
    ok: bool
    found: str
    mend: str = ""
    needed: bool = False

    def line(self) -> str:
        """Return the check as a line.

        >>> Check("dot", False, "not found", "apt install graphviz").line()
        'missing  dot: not found. To mend it: apt install graphviz'
        """
        mend = f". To mend it: {self.mend}" if not self.ok and self.mend else ""
        return f"{'ok     ' if self.ok else 'missing'}  {self.name}: {self.found}{mend}"


def checks() -> Iterator[Check]:
    """Look at everything, in order."""
    yield _python()
    for package in PACKAGES:
        yield _package(package)
    yield _pictures()
    yield _code()
    yield _docker_client()
    yield _docker_daemon(os.environ)
    for name in KEYS:
        yield _key(name, os.environ)
    yield _terminal()


def _python() -> Check:
    """Look at the interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer", True)


def _package(name: str) -> Check:
    """Look at an installed package without importing it."""
    try:
        return Check(name, True, metadata.version(name), needed=True)
    except metadata.PackageNotFoundError:
        return Check(name, False, "not installed", f"{sys.executable} -m pip install {name}", True)


def _pictures() -> Check:
    """Look at who lays out pictures."""
    mend = "apt install graphviz, or pip install 'flowagents[viz]'; mermaid and dot text work without"
    try:
        from flowagents.view.engines import engine_name

        engine = engine_name()
    except ImportError as error:
        return Check("Graphviz", False, str(error), mend)
    return Check("Graphviz", engine is not None, engine or "no dot program", mend)


def _code() -> Check:
    """Run a line of Python as code of an agent is run."""
    from flowagents.adapters.code.local import LocalCommandLineCodeExecutor
    from flowagents.errors import FlowAgentsError
    from flowagents.ports import CodeBlock

    mend = "let this user write to the folder for temporary files and start processes"
    try:
        with LocalCommandLineCodeExecutor(timeout=CODE_SECONDS) as executor:
            result = executor.run([CodeBlock("print(6 * 7)", "python")])
    except (FlowAgentsError, OSError) as error:
        return Check("local code", False, f"{type(error).__name__}: {error}", mend, True)
    works = result.exit_code == 0 and result.output.strip() == "42"
    found = "runs, as this user, without a sandbox" if works else f"exit code {result.exit_code}: {result.output[:200]}"
    return Check("local code", works, found, mend, True)


def _docker_client() -> Check:
    """Look for the docker program."""
    path = shutil.which("docker")
    return Check("docker client", path is not None, path or "no docker program", "apt install docker.io")


def _docker_daemon(environ: Mapping[str, str]) -> Check:
    """Ask the Docker daemon whether it is there."""
    import socket
    from urllib.parse import urlsplit

    where = environ.get("DOCKER_HOST") or f"unix://{DOCKER_SOCKET}"
    parts = urlsplit(where)
    mend = "systemctl start docker, and let this user reach it: usermod -aG docker $USER"
    try:
        if parts.scheme == "unix":
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            link.settimeout(DOCKER_SECONDS)
            link.connect(parts.path)
        elif parts.scheme in ("tcp", "http", "https") and parts.hostname:
            link = socket.create_connection((parts.hostname, parts.port or 2375), DOCKER_SECONDS)
        else:
            return Check("docker daemon", False, f"DOCKER_HOST is {where!r}", "set DOCKER_HOST to unix:// or tcp://")
        link.close()
    except OSError as error:
        return Check("docker daemon", False, f"{where} does not answer ({error})", mend)
    return Check("docker daemon", True, f"answers at {where}")


def _key(name: str, environ: Mapping[str, str]) -> Check:
    """Look whether something is set, never at what it is."""
    is_set = bool(environ.get(name, "").strip())
    return Check(
        name,
        is_set,
        "set" if is_set else "not set",
        f"export {name}=... (models with a base_url and scripted ones need none)",
    )


def _terminal() -> Check:
    """Look at what standard output can say."""
    encoding = getattr(sys.stdout, "encoding", None) or "none"
    is_unicode = encoding.lower().replace("-", "") == "utf8"
    return Check("terminal", is_unicode, f"encoding {encoding}", "export PYTHONIOENCODING=utf-8")
