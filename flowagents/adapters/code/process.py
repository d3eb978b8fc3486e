"""One program in a process group of its own, followed until it ends, is late or is taken back.

Then the group is dead. Blocks the calling thread and knows nothing of languages and workspaces. A process
that leaves the group (setsid, setpgid) is not found again; engines that can hold those are other files.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from flowagents.adapters.code.output import Output
from flowagents.core.value import value

CHUNK_BYTES = 65_536
GRACE_SECONDS = 0.25
"""How long children may go on writing after the program itself has ended."""
GONE_SECONDS = 0.5
"""How long to wait for killed children to disappear."""
REAP_SECONDS = 2.0
"""How long to wait for the killed program itself."""
LAST_READS_MAX = 32
"""How often to read after that what is already there, in case this thread was kept waiting."""
PAUSE_SECONDS_MIN = 0.001
PAUSE_SECONDS_MAX = 0.05


@value
class Program:
    """What to run: the words of its command, its folder, all its variables, and how long it may take."""

    argv: tuple[str, ...]
    folder: str
    environment: Mapping[str, str]
    timeout_seconds: float


@value
class Ended:
    """How a program ended. ``exit_code`` is negative for a signal, None if it was killed by us."""

    exit_code: int | None
    timed_out: bool = False
    cancelled: bool = False


def run_process(program: Program, stdout: Output, stderr: Output, taken_back: Callable[[], bool]) -> Ended:
    r"""Run a program and return how it ended; whatever happens, its process group is dead afterwards.

    ``taken_back`` is asked at least ten times a second. Raises OSError if the program cannot be started.

    >>> stdout, stderr = Output(100), Output(100)
    >>> program = Program(("echo", "hi"), folder="/", environment={"PATH": os.defpath}, timeout_seconds=9)
    >>> run_process(program, stdout, stderr, lambda: False)
    Ended(exit_code=0, timed_out=False, cancelled=False)
    >>> stdout.text()
    'hi\n'
    """
    deadline = time.monotonic() + program.timeout_seconds
    process = subprocess.Popen(
        list(program.argv),
        cwd=program.folder,
        env=dict(program.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(_pipe(process.stdout), selectors.EVENT_READ, stdout)
            selector.register(_pipe(process.stderr), selectors.EVENT_READ, stderr)
            stopped = _follow(process, selector, deadline, taken_back)
    finally:
        _end(process)
    return stopped or Ended(process.returncode)


def _pipe(stream: object) -> int:
    assert hasattr(stream, "fileno")
    descriptor: int = stream.fileno()
    return descriptor


def _follow(
    process: subprocess.Popen[bytes],
    selector: selectors.BaseSelector,
    deadline: float,
    taken_back: Callable[[], bool],
) -> Ended | None:
    """Read until the program has ended by itself (None) or must be killed."""
    pause = PAUSE_SECONDS_MIN
    while not _has_ended(process):
        if taken_back():
            return Ended(None, cancelled=True)
        left = deadline - time.monotonic()
        if left <= 0:
            return Ended(None, timed_out=True)
        pause = PAUSE_SECONDS_MIN if _read(selector, min(pause, left)) else min(pause * 2, PAUSE_SECONDS_MAX)
    grace = time.monotonic() + GRACE_SECONDS
    while selector.get_map() and (left := grace - time.monotonic()) > 0 and not taken_back():
        _read(selector, min(PAUSE_SECONDS_MAX, left))
    for _ in range(LAST_READS_MAX):
        if not selector.get_map() or not _read(selector, 0):
            break
    return None


def _read(selector: selectors.BaseSelector, pause: float) -> bool:
    ready = selector.select(pause)
    for key, _ in ready:
        data = os.read(key.fd, CHUNK_BYTES)
        if data:
            key.data.feed(data)
        else:
            selector.unregister(key.fd)
    return bool(ready)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Look without reaping where possible: until then nobody else can get the number of the group."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    with suppress(ChildProcessError):
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(REAP_SECONDS)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    gone = time.monotonic() + GONE_SECONDS
    while _group_runs(process.pid) and time.monotonic() < gone:
        time.sleep(PAUSE_SECONDS_MIN)


def _group_runs(group: int) -> bool:
    """Tell whether a group has a living process; in a container the dead may long stay listed."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    if not os.path.exists("/proc/self/stat"):
        return True
    return any(_is_alive_in(group, name) for name in os.listdir("/proc") if name.isdigit())


def _is_alive_in(group: int, process: str) -> bool:
    with suppress(OSError), open(f"/proc/{process}/stat", "rb") as file:
        state, _, its_group, *_ = file.read().rpartition(b")")[2].split()
        return int(its_group) == group and state not in (b"Z", b"X")
    return False


__all__ = ["GRACE_SECONDS", "Ended", "Program", "run_process"]
