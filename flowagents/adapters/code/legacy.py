"""Local execution with the reply texts of the older dictionary form; everything else is the local engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from flowagents.adapters.code.languages import LANGUAGES
from flowagents.adapters.code.local import LocalCommandLineCodeExecutor
from flowagents.errors import ConfigError
from flowagents.ports import CodeBlock, Json

if TYPE_CHECKING:
    from flowagents.adapters.code.local import WrittenFile
    from flowagents.adapters.code.output import Output
    from flowagents.adapters.code.process import Ended

_KEYS = ("work_dir", "use_docker", "timeout", "last_n_messages")


class LegacyLocalExecutor(LocalCommandLineCodeExecutor):
    r"""Runs blocks locally and shows each after a newline: stdout of a success, stderr of a failure.

    The path of the file is taken out of stderr, a timeout is exit code 1, and only Python and sh are known.

    >>> with LegacyLocalExecutor(timeout=20) as executor:
    ...     executor.run([CodeBlock("echo out; echo err >&2; exit 4", "sh")]).output
    '\nerr\n'
    """

    timeout_exit_code = 1

    def __init__(self, work_dir: str | Path | None = None, timeout: float = 60) -> None:
        super().__init__(timeout, work_dir)
        self.execution_policies = {
            name: True for name, language in LANGUAGES.items() if language.suffix in ("py", "sh")
        }

    def _language(self, block: CodeBlock) -> str:
        return super()._language(block) or "unknown"

    def _show(self, shown: Output, file: WrittenFile, ended: Ended, stdout: Output, stderr: Output) -> None:
        if ended.timed_out:
            super()._show(shown, file, ended, stdout, stderr)
            return
        shown.feed(b"\n")
        if ended.exit_code == 0:
            shown.add(stdout)
            return
        removed = (file.path, Path(file.path).name) if file.generated else (f"{self.work_dir}/",)
        shown.add(stderr, removed=tuple(text.encode() for text in removed))


def legacy_executor(config: Mapping[str, Json]) -> LegacyLocalExecutor:
    """Return the executor for the dictionary form of ``code_execution_config``.

    ``last_n_messages`` is for the reader of messages and not used here. Raises ConfigError for unknown keys
    and for Docker, which is another engine.

    >>> legacy_executor({"use_docker": False, "timeout": 5}).timeout
    5
    """
    unknown = [key for key in config if key not in _KEYS]
    if unknown:
        raise ConfigError(f"code_execution_config has {', '.join(map(repr, unknown))}: known are {', '.join(_KEYS)}")
    use_docker = config.get("use_docker", False)
    if use_docker is not False:
        raise ConfigError(
            f"code_execution_config asks for use_docker={use_docker!r}, but this engine is local: "
            "set use_docker to False, or give a Docker executor as 'executor'"
        )
    return LegacyLocalExecutor(config.get("work_dir"), config.get("timeout", 60))


__all__ = ["LegacyLocalExecutor", "legacy_executor"]
