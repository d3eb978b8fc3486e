"""What the blocks of one call did, gathered into one CodeResult within one output budget."""

from __future__ import annotations

import time

from flowagents.adapters.code.output import Output
from flowagents.ports import BlockResult, CodeResult


class Report:
    """Takes what each block did, in order, and tells the sum.

    >>> report = Report(output_bytes_max=100)
    >>> report.say(1, "no such language")
    >>> report.result().output
    'no such language'
    """

    def __init__(self, output_bytes_max: int) -> None:
        self.code_file: str | None = None
        self.workspace_reset = False
        self._bytes_max = output_bytes_max
        self._output = self.empty_output()
        self._stdout = self.empty_output()
        self._stderr = self.empty_output()
        self._blocks: list[BlockResult] = []
        self._exit_code = 0
        self._cut = False
        self._cancelled = False
        self._began = time.monotonic()

    @property
    def failed(self) -> bool:
        """Say whether the last block failed, so that no other may run."""
        return self._exit_code != 0

    def empty_output(self) -> Output:
        """Return an output with this report's budget."""
        return Output(self._bytes_max)

    def say(self, exit_code: int, text: str) -> None:
        """Add words of our own in place of what a block would have printed."""
        shown = self.empty_output()
        shown.feed(text.encode("utf-8", "replace"))
        self._output.add(shown)
        self._finish(exit_code, BlockResult(exit_code, "", text if exit_code else ""))

    def say_only(self, exit_code: int, text: str) -> None:
        """Put words of our own in place of all output so far; streams and blocks keep theirs."""
        self._output = self.empty_output()
        self.say(exit_code, text)

    def block(self, exit_code: int, result: BlockResult, shown: Output, stdout: Output, stderr: Output) -> None:
        """Add a block that ran; ``shown`` is what a reader sees of it."""
        self._output.add(shown)
        self._stdout.add(stdout)
        self._stderr.add(stderr)
        self._cut = self._cut or stdout.left_out_bytes > 0 or stderr.left_out_bytes > 0
        self._finish(exit_code, result)

    def withdraw(self, exit_code: int) -> None:
        """Note that nothing more runs because the call was taken back."""
        self._cancelled = True
        self._exit_code = exit_code

    def result(self) -> CodeResult:
        """Return the sum."""
        return CodeResult(
            exit_code=self._exit_code,
            output=self._output.text(),
            stdout=self._stdout.text(),
            stderr=self._stderr.text(),
            blocks=tuple(self._blocks),
            truncated=self._cut or self._output.left_out_bytes > 0,
            total_bytes=self._output.total_bytes,
            timed_out=any(block.timed_out for block in self._blocks),
            cancelled=self._cancelled,
            sandbox_reset=self.workspace_reset,
            duration_seconds=time.monotonic() - self._began,
            code_file=self.code_file,
        )

    def _finish(self, exit_code: int, result: BlockResult) -> None:
        self._blocks.append(result)
        self._exit_code = exit_code


__all__ = ["Report"]
