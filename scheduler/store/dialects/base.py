"""Opening a database: the address, the folder, and how SQLite is set."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import StaticPool

from scheduler.errors import InvalidInput, UserError
from scheduler.store.dialects import postgresql

OLDEST_SQLITE = (3, 35)  # RETURNING
_WAYS = "for example sqlite:///var/hanchot.db or postgresql+psycopg://user@host/name"
_DRIVERS = {"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"}
_READS = "hanchot_reads"
_TRIES = 50


def parse(url: str) -> URL:
    """Return the address in its parts; refuses what is not one, and databases that are not supported."""
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError) as error:
        raise InvalidInput(f"[database] url: {_masked(url)!r} is not an address of a database", hint=_WAYS) from error
    if parsed.drivername not in _DRIVERS:
        raise InvalidInput(f"[database] url: {parsed.drivername} is not supported", hint=_WAYS)
    if "@" in (parsed.host or ""):
        raise InvalidInput(
            f"[database] url: {shown(parsed)} is not the address that is meant: the password holds an @ or a /",
            hint="write %40 for @, %2F for /, %3A for : and %25 for % in a password",
        )
    return parsed


def is_memory(url: URL) -> bool:
    """Return whether the database lives in memory and ends with its one connection."""
    return url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}


def shown(url: URL) -> str:
    """Return the database's name for people: the file, or the address without its password."""
    if url.get_backend_name() == "sqlite":
        return "in memory" if is_memory(url) else str(url.database).removeprefix("file:")
    query = {name: "***" if "pass" in name else value for name, value in url.query.items()}
    host = (url.host or "").rpartition("@")[2] or None
    return url.set(query=query, host=host).render_as_string(hide_password=True)


def _masked(text: str) -> str:
    """Return what was meant to be an address without what could be a password."""
    begin, at, rest = text.rpartition("@")
    return begin.partition("//")[0] + "***@" + rest.partition("?")[0] if at else rest.partition("?")[0]


def connect_to(url: URL, *, busy_timeout: float) -> sa.Engine:
    """Return an engine for the address; connects to nothing yet. `busy_timeout` is in seconds."""
    options: dict[str, Any] = {
        "json_serializer": partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
        "hide_parameters": True,  # addresses and mails have no place in a log
    }
    if url.get_backend_name() == "sqlite":
        require_sqlite(sqlite3.sqlite_version_info)
        options["connect_args"] = {"timeout": busy_timeout, "check_same_thread": False}
        if is_memory(url):
            options["poolclass"] = StaticPool
        else:
            options["pool_timeout"] = busy_timeout
            _make_folder(url)
    else:
        options |= postgresql.options(url, busy_timeout=busy_timeout)
    try:
        engine = sa.create_engine(url, **options)
    except ModuleNotFoundError as error:
        raise UserError(
            f"[database] url: {shown(url)} needs a driver that is not installed: {error.name}",
            hint="pip install 'hanchot[postgresql]'",
        ) from error
    except exc.ArgumentError as error:
        raise UserError(f"[database] url: {shown(url)} cannot be used: {error}", hint=_WAYS) from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _set_up)
        sa.event.listen(engine, "begin", _begin)
    else:
        postgresql.set_up(engine, shown(url), busy_timeout=busy_timeout)
    return engine


def for_reading(engine: sa.Engine, *, busy_timeout: float) -> sa.Engine:
    """Return an engine for the same database whose transactions read one unchanging view and refuse to write.

    In memory there is only one connection for all: there `unchanged` does the refusing.
    """
    if is_memory(engine.url):
        return engine.execution_options(**{_READS: True})
    # Connections of its own: one on SQLite forgets its prepared statements whenever `query_only` is switched, and
    # one on PostgreSQL that is switched back from reading would overrule an administrator who forbids writing.
    reads = connect_to(engine.url, busy_timeout=busy_timeout)
    if engine.dialect.name == "postgresql":
        sa.event.listen(reads, "connect", postgresql.keep_to_reading)
        return reads
    reads.update_execution_options(**{_READS: True})
    sa.event.listen(reads, "connect", _refuse_writes)
    return reads


@contextmanager
def unchanged(connection: sa.Connection) -> Iterator[None]:
    """Raise at the end of a block if anything was written in it."""
    driver = _driver(connection)
    before = driver.total_changes
    yield
    if driver.total_changes != before:
        raise sqlite3.OperationalError("nothing may be changed while reading")


def require_sqlite(version: tuple[int, ...]) -> None:
    """Raise `UserError` for a SQLite that lacks what the queries need."""
    if version < OLDEST_SQLITE:
        have, need = (".".join(str(part) for part in parts) for parts in (version, OLDEST_SQLITE))
        raise UserError(
            f"this Python comes with SQLite {have}; hanchot needs {need} or newer",
            hint="use a newer Python, or a PostgreSQL database",
        )


def _make_folder(url: URL) -> None:
    if url.query.get("uri"):
        return  # a file: address says itself how it wants to be opened
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the folder of the database {shown(url)} cannot be made: {error.strerror}: {error.filename}",
            hint="make it by hand, or change [database] url",
        ) from error


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    # sqlite3 would begin transactions by itself, but not before SELECT or CREATE; `_begin` does it for all.
    connection.isolation_level = None
    # WAL lets people read while the daemon writes. With it NORMAL adds 40 us to a commit, FULL 310 us and
    # SQLite's own defaults 1.3 ms. A killed process loses nothing with NORMAL; a power cut may forget the
    # last marks, and those mails go out again with the same identity (Message-ID and bytes).
    journal = _into_wal(connection)
    connection.execute(f"PRAGMA synchronous={'FULL' if journal == 'delete' else 'NORMAL'}")
    connection.execute("PRAGMA foreign_keys=ON")


def _into_wal(connection: sqlite3.Connection) -> str:
    """Switch the file to WAL and return its journal mode, which may be another where WAL is impossible."""
    for _ in range(_TRIES):
        try:
            return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        # The switch itself does not wait for others who are at the same new file, but this does.
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")
    return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])


def _refuse_writes(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin(connection: sa.Connection) -> None:
    # A writer takes its lock at once: one that began by reading could find that it may no longer write.
    # Said to the driver itself: by way of SQLAlchemy it takes twenty times as long.
    reads = connection.get_execution_options().get(_READS)
    _driver(connection).execute("BEGIN" if reads else "BEGIN IMMEDIATE")


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - asked on SQLite only
    return driver
