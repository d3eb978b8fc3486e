"""flowagents.coding: what it offers, and that asking for it costs nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from flowagents import coding


def test_every_listed_name_is_there() -> None:
    assert dir(coding) == sorted(coding.__all__)
    assert all(getattr(coding, name) for name in coding.__all__)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="it has CodeBlock"):
        _ = coding.Nothing


def test_making_an_executor_loads_nothing_that_runs_code() -> None:
    code = (
        "import sys; from flowagents.coding import *; LocalCommandLineCodeExecutor(); "
        "print(sorted({'asyncio', 'subprocess', 'selectors', 'tempfile', 'concurrent'} & set(sys.modules)))"
    )
    # Measuring coverage in the child would load some of them.
    environment = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert shown.stdout == "[]\n"
