"""The pytest plug-in. What it needs is imported inside its fixtures, so that loading it costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

import pytest

if TYPE_CHECKING:
    from flowagents.testing.replayed import ReplayedRun


class FlowReplay(Protocol):
    """What the fixture ``flow_replay`` gives."""

    def __call__(self, trace: str | Path, play: Callable[[], object] | None = None) -> ReplayedRun:
        """Replay a trace and return its first run, with asserts; fail the test at the first divergence.

        ``play`` starts the chat or flow that was recorded; without it, the program that the trace names.
        A relative path is looked for beside the test file, then in pytest's root folder.
        """
        ...


@pytest.fixture
def flow_replay(request: pytest.FixtureRequest) -> FlowReplay:
    """Replay recorded runs without a model, a network, a human or an execution of code."""

    def replay(trace: str | Path, play: Callable[[], object] | None = None) -> ReplayedRun:
        from flowagents.errors import TraceError
        from flowagents.runtime.trace import read_trace
        from flowagents.testing.programs import load
        from flowagents.testing.replayed import ReplayedRun, replayed_runs

        path = _find(Path(trace), request)
        try:
            if play is None:
                source = read_trace(path).source
                if source is None:
                    _fail(f"{path} does not say which program it was recorded from; give flow_replay a function")
                play = load(source, near=path)
            return ReplayedRun(replayed_runs(path, play)[0])
        except TraceError as error:
            return _fail(f"{path}: {error}")

    return replay


def _find(trace: Path, request: pytest.FixtureRequest) -> Path:
    """Return the path of a trace, or fail the test."""
    folders = (request.path.parent, request.config.rootpath)
    for folder in folders:
        if (folder / trace).is_file():
            return folder / trace
    return _fail(
        f"there is no trace {str(trace)!r} in {folders[0]} or {folders[1]}; record it: "
        f"with flowagents.recording({str(trace)!r}): ..."
    )


def _fail(text: str) -> NoReturn:
    """Fail the test, without a traceback through the plug-in."""
    pytest.fail(text, pytrace=False)
