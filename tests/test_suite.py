"""The test suite's own promises: frozen values, and no silent skip in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flowagents.core.value import FROZEN

SKIPPED_TEST = "import pytest\n\ndef test_part() -> None:\n    pytest.skip('install the part')\n"
SKIPPED_MODULE = "import pytest\n\npytest.skip('install the part', allow_module_level=True)\n"
EXPECTED_FAILURE = (
    "import pytest\n\n@pytest.mark.xfail(reason='known')\ndef test_part() -> None:\n    raise ValueError\n"
)


def run_suite(folder: Path, source: str, ci: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(Path(__file__).with_name("conftest.py"), folder / "conftest.py")
    (folder / "test_part.py").write_text(source, encoding="utf-8")
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-c",
            os.devnull,
            "--rootdir",
            str(folder),
            str(folder),
        ],
        cwd=folder,
        env=os.environ | {"CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


def test_values_are_frozen_under_test() -> None:
    assert FROZEN


@pytest.mark.parametrize("source", [SKIPPED_TEST, SKIPPED_MODULE], ids=["test", "module"])
def test_a_skip_fails_in_ci_and_tells_what_to_do(tmp_path: Path, source: str) -> None:
    result = run_suite(tmp_path, source, ci="true")
    assert result.returncode != 0
    assert "CI=true makes a skip a failure. Skipped: install the part" in result.stdout


@pytest.mark.parametrize("source", [SKIPPED_TEST, SKIPPED_MODULE], ids=["test", "module"])
def test_a_skip_stays_a_skip_elsewhere(tmp_path: Path, source: str) -> None:
    result = run_suite(tmp_path, source, ci="")
    assert "1 skipped" in result.stdout
    assert "failed" not in result.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    result = run_suite(tmp_path, EXPECTED_FAILURE, ci="true")
    assert result.returncode == 0
    assert "1 xfailed" in result.stdout
