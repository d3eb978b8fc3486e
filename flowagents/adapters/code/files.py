"""Names of files in a workspace, and the only ways in which they are written, read and removed.

A name that breaks a rule is refused, never repaired. Every step on the way to a file is taken from the opened
folder before it and follows no link, so that what code planted in its workspace leads nowhere else.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flowagents.errors import CodeError

OUTSIDE = "Filename is not in the workspace"
PARTS_MAX = 8
PART_BYTES_MAX = 255
_PART = re.compile(r"[A-Za-z0-9_][\w. -]*")
_DIRECTIVE = re.compile(
    r"[ \t]*+(?:(?:\#|//)[ \t]*+filename:(?P<line>[^\n]*+)"
    r"|/\*[ \t]*+filename:(?P<block>[^\n]*?)\*/"
    r"|<!--[ \t]*+filename:(?P<markup>[^\n]*?)-->)",
    re.IGNORECASE,
)
_PLANTED = {errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ENAMETOOLONG}


def file_directive(code: str) -> str | None:
    r"""Return the name that the first line of code gives to its file, None if it gives none.

    Only comments that say ``filename:`` count; any other is just a comment. The name is not checked here.

    >>> file_directive("# filename: plot.py\nprint(1)")
    'plot.py'
    >>> file_directive("# ratio a/b\nprint(1)")
    """
    found = _DIRECTIVE.match(code)
    if found is None:
        return None
    return (found["line"] or found["block"] or found["markup"] or "").strip() or None


def generated_name(code: str, suffix: str) -> str:
    """Return the name of the file for code that names none; equal code gets an equal name.

    >>> generated_name("x = 1", "py")
    'tmp_code_8ff436def1451285599a1b1ad7080049.py'
    """
    import hashlib

    digest = hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()[:32]
    return f"tmp_code_{digest}.{suffix}"


def name_parts(name: str) -> tuple[str, ...]:
    """Return the parts of a file name that is allowed in a workspace; raises CodeError for any other.

    >>> name_parts("src/app.py")
    ('src', 'app.py')
    >>> name_parts("../app.py")
    Traceback (most recent call last):
        ...
    flowagents.errors.CodeError: Filename is not in the workspace
    """
    parts = tuple(name.split("/"))
    if name.startswith(("/", "~")) or ".." in parts:
        raise CodeError(OUTSIDE)
    if len(parts) > PARTS_MAX or not all(_allowed(part) for part in parts):
        raise CodeError(
            f"File name {name[:100]!r} is refused: use at most {PARTS_MAX} parts of letters, digits, _ . - "
            f"and inner blanks, each beginning with a letter, a digit or _, of at most {PART_BYTES_MAX} bytes"
        )
    return parts


def write_beneath(root: str, name: str, data: bytes) -> None:
    """Write a file of the workspace ``root``, making the folders on its way.

    Raises CodeError if the name is refused or something that is no plain file is in its place.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     write_beneath(root, "src/app.py", b"x = 1")
    ...     read_beneath(root, "src/app.py", bytes_max=10)
    b'x = 1'
    """
    *folders, last = name_parts(name)
    with _plain_errors(name), _folder(root, folders, create=True) as folder:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(last, flags, 0o644, dir_fd=folder), "wb") as file:
            _require_plain(name, file.fileno())
            os.ftruncate(file.fileno(), 0)
            file.write(data)


def read_beneath(root: str, name: str, *, bytes_max: int) -> bytes:
    """Return a file of the workspace; raises CodeError if it is missing, refused, no plain file or too large.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     read_beneath(root, "report.txt", bytes_max=10)
    Traceback (most recent call last):
        ...
    flowagents.errors.CodeError: File 'report.txt' is not in the workspace
    """
    *folders, last = name_parts(name)
    try:
        with _plain_errors(name), _folder(root, folders, create=False) as folder:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with os.fdopen(os.open(last, flags, dir_fd=folder), "rb") as file:
                _require_plain(name, file.fileno())
                data = file.read(bytes_max + 1)
    except FileNotFoundError:
        raise CodeError(f"File {name!r} is not in the workspace") from None
    if len(data) > bytes_max:
        raise CodeError(f"File {name!r} has more than {bytes_max} bytes: raise bytes_max to read it")
    return data


def remove_beneath(root: str, name: str) -> None:
    """Remove a file of the workspace, if it is there.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     remove_beneath(root, "report.txt")
    """
    *folders, last = name_parts(name)
    with suppress(FileNotFoundError), _plain_errors(name), _folder(root, folders, create=False) as folder:
        os.unlink(last, dir_fd=folder)


def _allowed(part: str) -> bool:
    if not _PART.fullmatch(part) or part.endswith((" ", ".")):
        return False
    return len(part.encode("utf-8", "replace")) <= PART_BYTES_MAX


@contextmanager
def _folder(root: str, folders: list[str], *, create: bool) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    folder = os.open(root, flags)
    try:
        for part in folders:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=folder)
            deeper = os.open(part, flags | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = deeper
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _plain_errors(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise CodeError(OUTSIDE) from None
        if error.errno in _PLANTED:
            raise CodeError(f"File name {name!r} is refused: it does not lead to a plain file") from None
        raise


def _require_plain(name: str, file: int) -> None:
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise CodeError(f"File name {name!r} is refused: it does not lead to a plain file")


__all__ = [
    "OUTSIDE",
    "PARTS_MAX",
    "PART_BYTES_MAX",
    "file_directive",
    "generated_name",
    "name_parts",
    "read_beneath",
    "remove_beneath",
    "write_beneath",
]
