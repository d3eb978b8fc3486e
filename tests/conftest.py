"""What holds for every test: values are frozen, and where CI=true a skipped test is a failed one."""

from __future__ import annotations

import os
from collections.abc import Generator

# Read when flowagents.core.value is imported, so before anything else here.
os.environ.setdefault("FLOWAGENTS_FROZEN", "1")

import pytest
from hypothesis import settings

IN_CI = os.environ.get("CI", "").lower() == "true"

# No deadline: how long an example takes says something about the machine, not about the law.
settings.register_profile("here", deadline=None, max_examples=100)
settings.register_profile("ci", deadline=None, max_examples=1_000, print_blob=True)
settings.load_profile("ci" if IN_CI else "here")


def fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure where CI=true: there, every part of the system has to be present."""
    if IN_CI and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"CI=true makes a skip a failure. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Refuse skipped tests."""
    report = yield
    fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse modules that skip themselves while they are collected."""
    report = yield
    fail_if_skipped(report)
    return report
