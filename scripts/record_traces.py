"""Record tests/traces/ anew: one run of each example, by a clock that tells the same times, with a human who types.

Code and tools run for real. The tests replay these traces and compare them with new ones.
"""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from flowagents.runtime.recording import recording
from flowagents.testing import FakeClock
from flowagents.testing.programs import load

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ("code_graph", "human_in_the_loop", "tell_a_joke", "tool_use", "two_agent_coding")
TYPED = {"human_in_the_loop": "Shorter, please.\nexit\n"}
START = 1_800_000_000.0


def record(example: str, folder: Path) -> None:
    """Record one example into a folder; what it prints is thrown away."""
    source = f"examples/{example}.py"
    stdin, sys.stdin = sys.stdin, StringIO(TYPED.get(example, ""))
    try:
        with redirect_stdout(StringIO()), recording(folder / f"{example}.jsonl", clock=FakeClock(START), source=source):
            load(source)()
    finally:
        sys.stdin = stdin


def main() -> None:
    os.chdir(ROOT)
    for example in EXAMPLES:
        record(example, ROOT / "tests" / "traces")
        print(f"tests/traces/{example}.jsonl")


if __name__ == "__main__":
    main()
