"""SQLite, one file and one writer in WAL mode: connections, locks, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.pool import StaticPool

from scheduler.errors import UserError
from scheduler.folders import make_private_folder
from scheduler.store.dialects.base import READERS, Dialect, Explanation, Result
from scheduler.system_errors import word_system
from scheduler.texts import Text, pattern

if TYPE_CHECKING:
    from sqlalchemy.dialects.sqlite import Insert

OLDEST = (3, 35)  # needed for RETURNING
_READS = "hanchot_reads"
_TRIES = 50

# By SQLite's primary result code.
_ERRORS: dict[int, Explanation] = {
    sqlite3.SQLITE_PERM: (
        pattern("hanchot may not open {name}"),
        Text("give the user that runs hanchot access to the file"),
    ),
    sqlite3.SQLITE_BUSY: (
        pattern("{name} is locked by another writer"),
        Text("another hanchot, a backup or a database browser is writing to it: try again when that is done"),
    ),
    sqlite3.SQLITE_READONLY: (
        pattern("{name} cannot be written to: it is read-only"),
        Text("give the user that runs hanchot the right to write to the file and to its folder"),
    ),
    sqlite3.SQLITE_IOERR: (
        pattern("the disk failed under {name}"),
        Text("check the disk and the system's log, then start again"),
    ),
    sqlite3.SQLITE_CORRUPT: (pattern("{name} is damaged"), Text("put the last backup in its place")),
    sqlite3.SQLITE_FULL: (
        pattern("there is no room left for {name}"),
        Text("make room on the disk and start again: what was not recorded is done again"),
    ),
    sqlite3.SQLITE_CANTOPEN: (
        pattern("{name} cannot be opened"),
        Text("check that its folder exists and that hanchot may write there, or change [database] url"),
    ),
    sqlite3.SQLITE_NOTADB: (
        pattern("{name} is not a SQLite database"),
        Text("name another file under [database] url, or put a backup in its place"),
    ),
}
_ERRORS[sqlite3.SQLITE_LOCKED] = _ERRORS[sqlite3.SQLITE_BUSY]


class SqliteDialect(Dialect):
    """A file, or a database in memory. `BEGIN IMMEDIATE` takes the only write lock."""

    name = "sqlite"
    drivers = frozenset({"sqlite", "sqlite+pysqlite"})
    driver_errors = (sqlite3.Error,)
    has_one_writer = True
    keeps_connections = True

    def describe(self, url: URL) -> str:
        """Return the name of the file, or that the database is in memory."""
        return "in memory" if self.is_memory(url) else str(url.database).removeprefix("file:")

    def is_memory(self, url: URL) -> bool:
        """Return whether the database is in memory."""
        return url.database in {None, "", ":memory:"}

    def identify(self, url: URL) -> object:
        """Return device and inode of the file; a `file:` URI may name anything."""
        if self.is_memory(url) or url.query.get("uri"):
            return None
        found = Path(str(url.database)).stat()
        return found.st_dev, found.st_ino

    def url_to_look(self, url: URL) -> URL:
        """Return a `file:` URI with `mode=ro`."""
        if self.is_memory(url) or url.query.get("uri"):
            return url
        return url.set(database=Path(str(url.database)).absolute().as_uri(), query={"mode": "ro", "uri": "true"})

    def connect(self, url: URL, options: Mapping[str, Any], *, busy_timeout: float, threads: int) -> sa.Engine:
        """Return an engine; make the file, if it is not there, and its folder for their owner only."""
        require_version(sqlite3.sqlite_version_info)
        own: dict[str, Any] = {"connect_args": {"timeout": busy_timeout, "check_same_thread": False}}
        if self.is_memory(url):
            own["poolclass"] = StaticPool
        else:
            own["pool_timeout"] = busy_timeout
        engine = sa.create_engine(url, **options, **own)
        if not self.is_memory(url):  # after SQLAlchemy has accepted the address
            _make_file(url, self.describe(url))
        sa.event.listen(engine, "connect", _set_up)
        sa.event.listen(engine, "begin", _begin)
        return engine

    def connect_for_reading(self, engine: sa.Engine, options: Mapping[str, Any], *, busy_timeout: float) -> sa.Engine:
        """Return an engine with its own connections, because switching `query_only` drops prepared statements.

        A database in memory has only one connection; there `refuse_changes` detects writes.
        """
        if self.is_memory(engine.url):
            return engine.execution_options(**{_READS: True})
        reads = self.connect(engine.url, options, busy_timeout=busy_timeout, threads=READERS)
        reads.update_execution_options(**{_READS: True})
        sa.event.listen(reads, "connect", _refuse_writes)
        return reads

    @contextmanager
    def refuse_changes(self, connection: sa.Connection) -> Iterator[None]:
        """Raise `sqlite3.OperationalError` at the end of a block in which something was written."""
        driver = _driver(connection)
        before = driver.total_changes
        yield
        if driver.total_changes != before:
            raise sqlite3.OperationalError("nothing may be changed while reading")

    def check_integrity(self, connection: sa.Connection) -> str:
        """Return the first thing that SQLite finds wrong with the file; "" if there is nothing."""
        [words] = connection.execute(sa.text("PRAGMA integrity_check(1)")).scalars().all()
        return "" if words == "ok" else str(words)

    def insert(self, table: sa.Table) -> Insert:
        """Return SQLite's INSERT."""
        from sqlalchemy.dialects import sqlite  # imported here, so that a process loads only one dialect

        return sqlite.insert(table)

    def execute(self, connection: sa.Connection, text: str, values: tuple[Any, ...]) -> Result:
        """Pass the statement directly to the driver, because SQLAlchemy takes ten times as long."""
        return _driver(connection).execute(text, values)

    def lock_creation(self, connection: sa.Connection) -> None:
        """Do nothing: the transaction already holds the lock."""

    def lock_record(self, connection: sa.Connection) -> None:
        """Do nothing: the transaction already holds the lock."""

    def lock_account(self, connection: sa.Connection, name: str) -> None:
        """Do nothing: the transaction already holds the lock."""

    def lock_rows(self, connection: sa.Connection, rows: sa.Select[Any], values: Mapping[str, Any]) -> None:
        """Do nothing: the transaction already holds the lock."""

    def explain(self, error: Exception, cause: BaseException) -> Explanation | None:
        """Return the meaning of SQLite's result code."""
        return _ERRORS.get(getattr(cause, "sqlite_errorcode", -1) & 0xFF)

    def explain_locked(self) -> Explanation:
        """Return the meaning of SQLITE_BUSY."""
        return _ERRORS[sqlite3.SQLITE_BUSY]


def require_version(version: tuple[int, ...]) -> None:
    """Raise `UserError` for a SQLite version that lacks what the queries need."""
    if version < OLDEST:
        have, need = (".".join(str(part) for part in parts) for parts in (version, OLDEST))
        raise UserError(
            Text("this Python comes with SQLite {have}; hanchot needs {need} or newer", have=have, need=need),
            hint=Text("use a newer Python, or a PostgreSQL database"),
        )


def _make_file(url: URL, name: str) -> None:
    if url.query.get("uri"):
        return  # a `file:` URI states itself how to open the file
    file = Path(str(url.database))
    try:
        make_private_folder(file.parent)
    except OSError as error:
        raise UserError(
            Text(
                "the folder of the database {name} cannot be made: {strerror}: {filename}",
                name=name,
                strerror=word_system(error),
                filename=error.filename,
            ),
            hint=Text("make it by hand, or change [database] url"),
        ) from error
    # SQLite would make a file that everybody can read. An empty one is a new database to it, and the files that it puts
    # beside get the same mode. What cannot be made here is explained when SQLite opens it.
    with suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    # sqlite3 begins transactions by itself, but not before SELECT or CREATE, so `_begin` begins all of them.
    connection.isolation_level = None
    # WAL allows reading while the daemon writes. In WAL mode, NORMAL adds 40 us to a commit and FULL 310 us; SQLite's
    # defaults, without WAL, add 1.3 ms. With NORMAL a killed process loses nothing. A power cut may lose the last
    # commits; mails that these marked as sent go out again with the same Message-ID and bytes.
    journal = _into_wal(connection)
    connection.execute(f"PRAGMA synchronous={'FULL' if journal == 'delete' else 'NORMAL'}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own knows only A to Z


def _lower(value: str | float | None) -> str | float | None:
    return value.lower() if isinstance(value, str) else value


def _into_wal(connection: sqlite3.Connection) -> str:
    """Switch the file to WAL mode; return its journal mode, which is another one if WAL is impossible."""
    for _ in range(_TRIES):
        try:
            return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        # The switch fails at once while another process opens the same new file. BEGIN EXCLUSIVE waits for that
        # process.
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")
    return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])


def _refuse_writes(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin(connection: sa.Connection) -> None:
    # A writer takes the write lock at once, because a transaction that began by reading may fail to get it later. The
    # statement goes directly to the driver, because SQLAlchemy takes twenty times as long.
    reads = connection.get_execution_options().get(_READS)
    _driver(connection).execute("BEGIN" if reads else "BEGIN IMMEDIATE")


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - only this dialect asks
    return driver
