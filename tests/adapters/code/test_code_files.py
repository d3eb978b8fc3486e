"""File names of blocks: the directive, what is refused, and what planted files lead to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from flowagents.adapters.code.files import (
    file_directive,
    generated_name,
    name_parts,
    read_beneath,
    remove_beneath,
    write_beneath,
)
from flowagents.errors import CodeError


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("# filename: a.py\nx", "a.py"),
        ("  #FILENAME:a b.py  \nx", "a b.py"),
        ("// filename: a.js", "a.js"),
        ("/* filename: a.css */\nx", "a.css"),
        ("<!-- filename: a.html -->\nx", "a.html"),
        ("# filename: ../a.py", "../a.py"),
        ("# compute sum\nx", None),
        ("# ratio a/b\nx", None),
        ("# filename:\nx", None),
        ("x\n# filename: a.py", None),
        ("/* filename: a.css", None),
        ("#" + " " * 500_000, None),
        ("", None),
    ],
)
def test_only_a_first_line_that_says_filename_names_the_file(code: str, name: str | None) -> None:
    assert file_directive(code) == name


@pytest.mark.parametrize("name", ["../x.py", "/etc/x.py", "a/../../x.py", "a/..", "~/x.py", ".."])
def test_a_name_outside_the_workspace_is_refused(name: str) -> None:
    with pytest.raises(CodeError, match=r"^Filename is not in the workspace$"):
        name_parts(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".bashrc",
        "a/.git/config",
        "a//b",
        "a/",
        "./a",
        "-rf",
        "a\\b",
        "a\0b",
        "a\nb",
        "a ",
        "a.",
        "$(id).py",
        "a;b",
        "a" * 256,
        "ä" * 200,
        "/".join("abcdefghi"),
        "\ud800",
    ],
)
def test_a_name_that_breaks_a_rule_is_refused(name: str) -> None:
    with pytest.raises(CodeError, match="is refused"):
        name_parts(name)


def test_a_generated_name_depends_on_the_code_only() -> None:
    assert generated_name("x", "py") == generated_name("x", "py")
    assert generated_name("x", "py") != generated_name("y", "py")
    assert name_parts(generated_name("\ud800", "sh"))


def test_a_file_is_written_over_and_read_back(tmp_path: Path) -> None:
    write_beneath(str(tmp_path), "src/app.py", b"a longer text")
    write_beneath(str(tmp_path), "src/app.py", b"short")
    assert read_beneath(str(tmp_path), "src/app.py", bytes_max=5) == b"short"
    assert stat.S_IMODE((tmp_path / "src/app.py").stat().st_mode) & 0o133 == 0


def test_a_file_larger_than_the_budget_is_not_read(tmp_path: Path) -> None:
    write_beneath(str(tmp_path), "a", b"123456")
    with pytest.raises(CodeError, match="more than 5 bytes"):
        read_beneath(str(tmp_path), "a", bytes_max=5)


def test_a_removed_file_is_missing(tmp_path: Path) -> None:
    write_beneath(str(tmp_path), "a", b"1")
    remove_beneath(str(tmp_path), "a")
    with pytest.raises(CodeError, match="'a' is not in the workspace"):
        read_beneath(str(tmp_path), "a", bytes_max=5)


def test_a_planted_link_is_refused_and_its_target_unchanged(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"host")
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.py").symlink_to(secret)
    with pytest.raises(CodeError, match="not in the workspace"):
        write_beneath(str(work), "a.py", b"changed")
    with pytest.raises(CodeError, match="not in the workspace"):
        read_beneath(str(work), "a.py", bytes_max=99)
    assert secret.read_bytes() == b"host"


def test_a_planted_hard_link_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"host")
    work = tmp_path / "work"
    work.mkdir()
    os.link(secret, work / "a.py")
    with pytest.raises(CodeError, match="plain file"):
        write_beneath(str(work), "a.py", b"changed")
    assert secret.read_bytes() == b"host"


def test_a_planted_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    work = tmp_path / "work"
    work.mkdir()
    (work / "sub").symlink_to(outside)
    with pytest.raises(CodeError):
        write_beneath(str(work), "sub/a.py", b"x")
    assert list(outside.iterdir()) == []


def test_a_planted_pipe_or_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(CodeError, match="plain file"):
            write_beneath(str(tmp_path), name, b"x")
        with pytest.raises(CodeError, match="plain file"):
            read_beneath(str(tmp_path), name, bytes_max=9)
