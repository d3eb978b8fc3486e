"""The environment of code: what comes first in PATH, and which packages are found."""

from __future__ import annotations

import os
import site
import sys

import pytest

from flowagents.adapters.code.environment import code_environment


def test_the_folder_of_another_python_comes_first_in_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    assert code_environment("/w", "/opt/other/bin/python", {})["PATH"] == f"/opt/other/bin{os.pathsep}/usr/bin"


def test_a_python_without_a_folder_leaves_path_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    assert code_environment("/w", "python3", {})["PATH"] == "/usr/bin"


def test_packages_of_the_user_stay_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "ENABLE_USER_SITE", True)
    assert code_environment("/w", sys.executable, {})["PYTHONUSERBASE"] == site.getuserbase()


def test_a_given_variable_wins() -> None:
    assert code_environment("/w", sys.executable, {"HOME": "/elsewhere"})["HOME"] == "/elsewhere"
