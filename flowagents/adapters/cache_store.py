"""The file that keeps answers: one sqlite database, used by all threads of a process and by several processes at once.

Rows are JSON texts, read as bytes and never executed. What a row means is in ``cache.py``; here are only the file, the
connection, and the calls of this process that are under way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from flowagents.errors import CacheError
from flowagents.ports import ModelReply

if TYPE_CHECKING:
    import sqlite3
    from concurrent.futures import Future

    Outcome = ModelReply | Exception | None

BUSY_SECONDS = 10.0
APPLICATION_ID = 0x464C4F57  # "FLOW", in the header of every file of ours
VERSION = 1
"""The version of the table; a file of another version is refused."""
CREATE = (
    "CREATE TABLE IF NOT EXISTS answers"
    " (seed TEXT NOT NULL, key TEXT NOT NULL, asked TEXT NOT NULL, reply TEXT NOT NULL, PRIMARY KEY (seed, key))"
)
Row = tuple[Any, Any]
"""What was asked and what was answered: bytes, unless somebody else wrote into the table."""


class Flight:
    """A call under way: who began it, and what others with the same question wait for."""

    __slots__ = ("future", "owner")

    def __init__(self, owner: object) -> None:
        """Begin."""
        from concurrent.futures import Future

        self.owner = owner
        self.future: Future[Outcome] = Future()
        self.future.set_running_or_notify_cancel()  # nobody who waits can cancel it for the others


class Flights:
    """The calls of one kind that are under way, by what is asked."""

    def __init__(self) -> None:
        """Begin without any."""
        self._lock = Lock()
        self._flights: dict[tuple[str, str], Flight] = {}

    def owner(self, name: tuple[str, str]) -> object:
        """Return who leads the flight of this name; None if there is none."""
        flight = self._flights.get(name)
        return flight.owner if flight is not None else None

    def join(self, name: tuple[str, str]) -> tuple[Flight, bool]:
        """Return the flight of this name, and whether the caller has just begun it and must ``land`` it."""
        with self._lock:
            found = self._flights.get(name)
            if found is not None:
                return found, False
            flight = self._flights[name] = Flight(caller())
            return flight, True

    def land(self, name: tuple[str, str], outcome: Outcome) -> None:
        """Tell those who wait; None sends them off to ask for themselves."""
        with self._lock:
            flight = self._flights.pop(name)
        flight.future.set_result(outcome)


class Store:
    """An open database. Use ``store_at``: connections and flights are shared by everybody with the same path."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. Raises CacheError."""
        self.path = path
        self.process = os.getpid()
        self.calling = Flights()
        """Calls that have not returned yet: of a synchronous client, the whole answer."""
        self.flying = Flights()
        """Answers that are awaited."""
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        with _told(path):
            self._connection = _opened(path)

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is None:
            return
        if self.process == os.getpid():
            connection.close()
        else:  # after a fork it belongs to the parent: closing it here would end the parent's log of changes
            _INHERITED.append(connection)

    def is_begun_by(self, somebody: object, name: tuple[str, str]) -> bool:
        """Tell whether ``somebody`` leads the flight of this name, and would wait for itself if it joined."""
        return somebody in (self.calling.owner(name), self.flying.owner(name))

    def read(self, seed: str, key: str) -> Row | None:
        """Return the row, or None. Raises CacheError if the file cannot be read."""
        found = self._run("SELECT asked, reply FROM answers WHERE seed = ? AND key = ?", (seed, key))
        return found[0] if found else None

    def rows(self, seed: str, rows_max: int) -> list[Row]:
        """Return the newest rows of a seed, newest first."""
        wanted = "SELECT asked, reply FROM answers WHERE seed = ? ORDER BY rowid DESC LIMIT ?"
        return self._run(wanted, (seed, rows_max))

    def write(self, seed: str, key: str, asked: str, reply: str) -> None:
        """Keep a row; of two for the same key the first stays. Raises CacheError."""
        self._run("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", (seed, key, asked, reply))

    def drop(self, seed: str, key: str | None = None) -> None:
        """Drop one row of a seed, or all. Raises CacheError."""
        if key is None:
            self._run("DELETE FROM answers WHERE seed = ?", (seed,))
        else:
            self._run("DELETE FROM answers WHERE seed = ? AND key = ?", (seed, key))

    def _run(self, statement: str, values: tuple[Any, ...]) -> list[Row]:
        assert self._connection is not None
        with self._lock, _told(self.path):
            return self._connection.execute(statement, values).fetchall()


_INHERITED: list[Any] = []
_STORES: WeakValueDictionary[tuple[int, Path], Store] = WeakValueDictionary()
_STORES_LOCK = Lock()


def store_at(path: Path) -> Store:
    """Return the open database of this process at ``path``; it closes when nobody holds it any more.

    Raises CacheError if there is no such file and none can be made, or if it is not ours or damaged.
    """
    name = (os.getpid(), path)
    with _STORES_LOCK:
        store = _STORES.get(name)
        if store is None:
            store = _STORES[name] = Store(path)
        return store


def caller() -> object:
    """Return who calls: the running asyncio task, or else the thread."""
    import sys

    asyncio = sys.modules.get("asyncio")  # where nobody has loaded it, no task runs
    if asyncio is not None:
        with suppress(RuntimeError):
            task: object = asyncio.current_task()
            if task is not None:
                return task
    return get_ident()


def _opened(path: Path) -> sqlite3.Connection:
    """Open the file and make the table if it is new; raise sqlite3.Error, OSError or CacheError."""
    import sqlite3

    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.text_factory = bytes
        if _is_new(connection):
            _make_table(connection)
        _check_owner(connection, path)
        with suppress(sqlite3.OperationalError):  # another process is at it, or the file cannot be written
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("SELECT count(*) FROM (SELECT 1 FROM answers LIMIT 1)")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_new(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(tables == 0)


def _make_table(connection: sqlite3.Connection) -> None:
    """Make the table; of several processes one does, the others wait and find it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_new(connection):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(CREATE)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _check_owner(connection: sqlite3.Connection, path: Path) -> None:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    if owner != APPLICATION_ID:
        raise CacheError(f"{path} is a database of another program. Give another path for the cache.")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        raise CacheError(
            f"the cache {path} has version {version}, and this release reads version {VERSION}."
            " Give another path, or remove the file: only kept answers are lost."
        )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what sqlite and the file system say into a CacheError that names the file and what to do."""
    import sqlite3

    try:
        yield
    except (sqlite3.Error, OSError) as error:
        damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        advice = (
            "The file is damaged or no cache: remove it, or give another path. Only kept answers are lost"
            if damaged
            else "Give the path of a file that can be written, or leave the cache out"
        )
        raise CacheError(f"the cache {path} cannot be used: {error}. {advice}.") from error
