"""Code runs as the calling user, in a folder, as processes of this machine: bounded, but no sandbox.

What is held: time, output, environment, file names and the process group. What is not: the file system, the
network, memory, the number of processes, and a process that leaves its group (setsid) before it is killed.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from flowagents.adapters.code import files, languages
from flowagents.adapters.code.languages import LANGUAGES, Language
from flowagents.adapters.code.report import Report
from flowagents.adapters.code.settings import checked_policies, checked_python, checked_timeout
from flowagents.core.value import value
from flowagents.errors import CodeError, ConfigError, EngineUnavailable, ExecutorClosed, SandboxLost
from flowagents.ports import BlockResult, Capabilities, CodeBlock, CodeResult

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from flowagents.adapters.code.extract import MarkdownCodeExtractor
    from flowagents.adapters.code.output import Output
    from flowagents.adapters.code.process import Ended

T = TypeVar("T")
BLOCKS_MAX = 100
TURN_SECONDS = 0.05
TIMED_OUT = 124
KILLED = 137
NOT_STARTED = 127


@value
class WrittenFile:
    """A block that was written to the workspace. ``generated`` says that its name is ours."""

    language: Language
    path: str
    generated: bool


class LocalCommandLineCodeExecutor:
    r"""Runs code blocks with the programs of this machine, each block as a file in ``work_dir``.

    ``timeout`` is in seconds and holds for each block. Without ``work_dir`` a temporary folder is made when
    first needed and removed by ``stop``; a given folder is created and stays. ``execution_policies`` says by
    language whether a block is run (True) or only saved (False). ``output_bytes_max`` bounds what is kept of
    the output, its beginning and its end. Code sees an allow-list of the environment plus ``environment``;
    HOME is the work folder. ``python`` is the program for Python blocks; by default the running one.

    What waits is written once, blocking (``run``, ``close``); the asynchronous methods of the CodeExecutor
    protocol await it in a thread of this executor. Code runs with the rights of the calling user and can read
    whatever that user can, this process' own environment in /proc included.

    >>> with LocalCommandLineCodeExecutor(timeout=20) as executor:
    ...     executor.run([CodeBlock("print(6 * 7)", "python")]).output
    '42\n'
    """

    timeout_exit_code = TIMED_OUT

    def __init__(
        self,
        timeout: float = 60,
        work_dir: str | Path | None = None,
        execution_policies: Mapping[str, bool] | None = None,
        *,
        output_bytes_max: int = 100_000,
        environment: Mapping[str, str] | None = None,
        python: str | None = None,
    ) -> None:
        if os.name != "posix":
            raise EngineUnavailable("local code execution needs a POSIX system: use another code engine here")
        if output_bytes_max < 1:
            raise ConfigError(f"output_bytes_max is {output_bytes_max}: give at least 1")
        self.timeout = checked_timeout(timeout)
        self.execution_policies = checked_policies(execution_policies or {})
        self.output_bytes_max = output_bytes_max
        self._environment = dict(environment or {})
        self._python = checked_python(python)
        self._given_dir = Path(os.path.abspath(work_dir)) if work_dir is not None else None
        self._own_dir: Path | None = None
        self._remove_own_dir: Callable[[], object] = _nothing
        self._written: set[str] = set()
        self._busy = threading.Lock()
        self._closing = threading.Event()
        self._closed = False
        self._threads: ThreadPoolExecutor | None = None
        if self._given_dir is not None:
            self._given_dir.mkdir(parents=True, exist_ok=True)

    @property
    def capabilities(self) -> Capabilities:
        """Say what is enforced: nothing that a sandbox would, and no hold on a process that calls setsid."""
        return Capabilities(engine="local")

    @property
    def work_dir(self) -> Path:
        """Return the folder that code runs in; a folder of our own is made at the first call."""
        if self._given_dir is not None:
            return self._given_dir
        if self._own_dir is None:
            import shutil
            import tempfile

            self._own_dir = Path(tempfile.mkdtemp(prefix="flowagents-code-"))
            self._remove_own_dir = weakref.finalize(self, shutil.rmtree, self._own_dir, ignore_errors=True)
        return self._own_dir

    @property
    def code_extractor(self) -> MarkdownCodeExtractor:
        """Return what finds the blocks in a message."""
        from flowagents.adapters.code.extract import MarkdownCodeExtractor

        return MarkdownCodeExtractor()

    # The blocking face.

    def run(self, blocks: Sequence[CodeBlock], *, timeout_seconds: float | None = None) -> CodeResult:
        """Run the blocks in order, stop at the first that fails.

        Code that fails is a result, never an exception. KeyboardInterrupt kills what runs and is raised
        again. Raises ExecutorClosed after ``close``.
        """
        return self._run(blocks, timeout_seconds, threading.Event())

    def execute_code_blocks(self, code_blocks: Sequence[CodeBlock]) -> CodeResult:
        """Run the blocks: the classic name of ``run``."""
        return self.run(code_blocks)

    def close(self) -> None:
        """Kill what runs and give everything back.

        What another thread runs ends there as cancelled. Idempotent.
        """
        self._closing.set()
        with self._busy:
            self._closed = True
            self._remove_own_dir()
            if self._threads is not None:
                self._threads.shutdown(wait=False)

    def __enter__(self) -> Self:
        """Enter a ``with`` block."""
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close at the end of a ``with`` block."""
        self.close()

    # The asynchronous face.

    async def start(self) -> None:
        """Make the folder. Not needed before ``execute``."""
        await self._in_thread(self._open)

    async def stop(self) -> None:
        """Kill what runs and give everything back. Idempotent; the executor cannot be used afterwards."""
        # Said before the thread is asked for: it may be the one that waits for code to end.
        self._closing.set()
        if not self._closed:
            await self._in_thread(self.close)

    async def restart(self) -> None:
        """Empty a folder of our own; in a given folder remove only the files that this executor wrote."""
        await self._in_thread(self._restart)

    async def execute(self, blocks: Sequence[CodeBlock], *, timeout_seconds: float | None = None) -> CodeResult:
        """Run the blocks as ``run`` does; on cancellation the process group is dead before it is raised."""
        withdrawn = threading.Event()
        return await self._in_thread(lambda: self._run(blocks, timeout_seconds, withdrawn), withdrawn)

    async def put(self, files: Mapping[str, bytes]) -> None:
        """Write files into the folder. Raises CodeError for a name that is refused."""
        await self._in_thread(lambda: self._put(files))

    async def get(self, paths: Sequence[str], *, bytes_max: int = 10_000_000) -> Mapping[str, bytes]:
        """Read files of the folder.

        Raises CodeError if one is missing, refused or has more than ``bytes_max`` bytes.
        """
        return await self._in_thread(lambda: self._get(paths, bytes_max))

    async def __aenter__(self) -> Self:
        """Enter an ``async with`` block."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop at the end of an ``async with`` block."""
        await self.stop()

    # What a variation may change.

    def _language(self, block: CodeBlock) -> str:
        return languages.language_name(block.language or languages.infer_language(block.code))

    def _show(self, shown: Output, file: WrittenFile, ended: Ended, stdout: Output, stderr: Output) -> None:
        """Fill ``shown`` with what a reader sees of a block that ran."""
        if ended.timed_out:
            shown.feed(b"\nTimeout")
            return
        shown.add(stderr)
        shown.add(stdout)

    # The one implementation.

    def _run(
        self, blocks: Sequence[CodeBlock], timeout_seconds: float | None, withdrawn: threading.Event
    ) -> CodeResult:
        seconds = self.timeout if timeout_seconds is None else checked_timeout(timeout_seconds, whole=False)
        report = Report(self.output_bytes_max)
        if len(blocks) > BLOCKS_MAX:
            report.say(1, f"\n{len(blocks)} code blocks were given: at most {BLOCKS_MAX} are run at a time")
            return report.result()
        if self._closing.is_set():
            raise _closed()

        def taken_back() -> bool:
            return withdrawn.is_set() or self._closing.is_set()

        while not self._busy.acquire(timeout=TURN_SECONDS):
            if taken_back():
                report.withdraw(KILLED)
                return report.result()
        try:
            self._run_blocks(blocks, seconds, taken_back, report)
        finally:
            self._busy.release()
        return report.result()

    def _run_blocks(
        self, blocks: Sequence[CodeBlock], seconds: float, taken_back: Callable[[], bool], report: Report
    ) -> None:
        for block in blocks:
            if taken_back():
                report.withdraw(KILLED)
            else:
                self._run_block(block, seconds, taken_back, report)
            if report.failed:
                return

    def _run_block(self, block: CodeBlock, seconds: float, taken_back: Callable[[], bool], report: Report) -> None:
        name = self._language(block)
        language = LANGUAGES.get(name)
        reason = languages.refusal(block.code) if language is not None and language.shell else None
        if reason is not None:
            report.say(1, f"\nRefused to run this code: it contains {reason}. Do it in another way.")
        elif language is None or name not in self.execution_policies:
            report.say(1, f"\nunknown language {name}")
        else:
            self._run_file(block, language, seconds, taken_back, report)

    def _run_file(
        self,
        block: CodeBlock,
        language: Language,
        seconds: float,
        taken_back: Callable[[], bool],
        report: Report,
    ) -> None:
        report.workspace_reset |= self._ready_dir()
        try:
            file = self._write_block(block, language)
        except CodeError as error:
            report.say_only(1, str(error))
            return
        except OSError as error:
            raise CodeError(f"the code cannot be written to {self.work_dir}: {error.strerror}") from error
        report.code_file = file.path
        if not self.execution_policies[language.name]:
            report.say(0, f"Code saved to {file.path}\n")
            return
        self._run_program(file, seconds, taken_back, report)

    def _write_block(self, block: CodeBlock, language: Language) -> WrittenFile:
        code = languages.quiet_pip(block.code) if language.shell else block.code
        named = block.filename or files.file_directive(code)
        name = named or files.generated_name(code, language.suffix)
        self._write(name, code.encode("utf-8", "replace"))
        return WrittenFile(language, str(self.work_dir / name), named is None)

    def _run_program(self, file: WrittenFile, seconds: float, taken_back: Callable[[], bool], report: Report) -> None:
        from flowagents.adapters.code.environment import code_environment
        from flowagents.adapters.code.process import Program, run_process

        argv = (self._python,) if file.language.name == languages.PYTHON else file.language.argv
        stdout, stderr, shown = report.empty_output(), report.empty_output(), report.empty_output()
        folder = str(self.work_dir)
        given = code_environment(folder, self._python, self._environment)
        try:
            ended = run_process(Program((*argv, file.path), folder, given, seconds), stdout, stderr, taken_back)
        except (FileNotFoundError, PermissionError):
            report.say(NOT_STARTED, f"\n{argv[0]} cannot be started: install it to run {file.language.name} code")
            return
        self._show(shown, file, ended, stdout, stderr)
        killed = self.timeout_exit_code if ended.timed_out else KILLED
        exit_code = killed if ended.exit_code is None else ended.exit_code
        result = BlockResult(ended.exit_code, stdout.text(), stderr.text(), ended.timed_out)
        report.block(exit_code, result, shown, stdout, stderr)
        if ended.cancelled:
            report.withdraw(KILLED)

    def _open(self) -> None:
        if self._closing.is_set():
            raise _closed()
        self._ready_dir()

    def _ready_dir(self) -> bool:
        """Make sure that the folder is there; True if code had removed it."""
        folder = self.work_dir
        if folder.is_dir():
            return False
        try:
            folder.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise SandboxLost(f"{folder} is gone and cannot be made again: {error.strerror}") from error
        return True

    def _write(self, name: str, data: bytes) -> None:
        files.write_beneath(str(self.work_dir), name, data)
        self._written.add(name)

    def _put(self, given: Mapping[str, bytes]) -> None:
        with self._busy:
            self._open()
            for name, data in given.items():
                self._write(name, data)

    def _get(self, paths: Sequence[str], bytes_max: int) -> Mapping[str, bytes]:
        with self._busy:
            self._open()
            folder = str(self.work_dir)
            return {path: files.read_beneath(folder, path, bytes_max=bytes_max) for path in paths}

    def _restart(self) -> None:
        with self._busy:
            self._open()
            if self._given_dir is None:
                self._remove_own_dir()
                self._own_dir = None
            else:
                for name in sorted(self._written):
                    with suppress(CodeError):  # code put something else in its place
                        files.remove_beneath(str(self._given_dir), name)
            self._written.clear()
            self._open()

    async def _in_thread(self, call: Callable[[], T], withdrawn: threading.Event | None = None) -> T:
        from concurrent.futures import ThreadPoolExecutor

        from flowagents.adapters.code.waiting import in_thread

        if self._closed:
            raise _closed()
        if self._threads is None:
            # One thread of its own, so that busy executors cannot keep each other from being stopped.
            self._threads = ThreadPoolExecutor(1, thread_name_prefix="flowagents-code")
        return await in_thread(self._threads, call, withdrawn)


def _nothing() -> None:
    """Remove nothing: there is no folder yet."""


def _closed() -> ExecutorClosed:
    return ExecutorClosed("this code executor was stopped: make a new one to run more code")


__all__ = ["LocalCommandLineCodeExecutor", "WrittenFile"]
