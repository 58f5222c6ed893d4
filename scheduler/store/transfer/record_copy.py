"""The copy of a whole record from one database into another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from scheduler.errors import UserError
from scheduler.store import engines, schema
from scheduler.store.database import BUSY_TIMEOUT
from scheduler.store.dialects import Dialect, dialect_of
from scheduler.store.errors import translate_errors
from scheduler.store.heartbeats import SqlHeartbeats
from scheduler.store.tables import heartbeat, metadata, plan
from scheduler.texts import Text, plural

_ROWS = 200  # in memory at once: a row of `content` holds a mail


def copy_record(source: str, target: str, *, now: datetime, stale: timedelta) -> Mapping[str, int]:
    """Copy the record at one URL with all its ids into the empty database at another; return the rows of each table.

    It happens in one transaction; the source is only read. Heartbeats are copied too: their processes are gone, and by
    them what these held is released. `now` is the time by the machine's clock. Raises `UserError` unless the source is
    a record of this program's version on which no process was alive less than `stale` ago, and the target is empty.
    """
    with _reading(source) as (connection, name):
        _expect_at_rest(connection, name, now, stale)
        return _copy_into(target, connection, name)


def copy_snapshot(source: str, target: str) -> Mapping[str, int]:
    """Copy the record at one URL as it is at one moment, whoever is at work on it; else like `copy_record`."""
    with _reading(source) as (connection, name):
        return _copy_into(target, connection, name)


@contextmanager
def _reading(url: str) -> Iterator[tuple[sa.Connection, str]]:
    """Read a record of this program's version; all reads see one moment."""
    address, dialect = engines.parse_url(url)
    name = dialect.describe(address)
    _expect_database(address, dialect, name)
    reads = engines.connect_to_look(address, dialect, busy_timeout=BUSY_TIMEOUT)
    try:
        with translate_errors(name, dialect), reads.begin() as connection:
            _expect_version(connection, name)
            yield connection, name
    finally:
        reads.dispose()


def expect_empty(url: str) -> None:
    """Raise `UserError` unless the database at a URL is empty, or is not there yet."""
    address, dialect = engines.parse_url(url)
    name = dialect.describe(address)
    try:
        dialect.identify(address)
    except OSError:
        return
    engine = engines.connect_to_look(address, dialect, busy_timeout=BUSY_TIMEOUT)
    try:
        with translate_errors(name, dialect), engine.begin() as connection:
            found, version = schema.inspect(connection)
            if found == "current":
                _expect_empty(connection, name)
            elif found != "empty":
                raise schema.refusal(found, name, version)
    finally:
        engine.dispose()


def _copy_into(url: str, source: sa.Connection, source_name: str) -> Mapping[str, int]:
    address, dialect = engines.parse_url(url)
    name = dialect.describe(address)
    engine = engines.connect(address, dialect, busy_timeout=BUSY_TIMEOUT)
    try:
        with translate_errors(name, dialect), engine.begin() as target:
            schema.prepare(target, name)
            dialect.lock_record(target)
            _expect_empty(target, name)
            return {table.name: _copy_table(table, source, target, source_name) for table in metadata.sorted_tables}
    finally:
        engine.dispose()


def _copy_table(table: sa.Table, source: sa.Connection, target: sa.Connection, source_name: str) -> int:
    count = 0
    for rows in _read(table, source, source_name):
        target.execute(table.insert(), rows)
        count += len(rows)
    if count and table.autoincrement_column is not None:
        dialect_of(target).continue_ids(target, table.autoincrement_column)
    return count


def _read(table: sa.Table, source: sa.Connection, name: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows in chunks; errors while reading are those of the source, not of the target."""
    query = sa.select(table).order_by(*table.primary_key)
    with translate_errors(name, dialect_of(source)):
        for rows in source.execute(query, execution_options={"yield_per": _ROWS}).mappings().partitions():
            yield [dict(row) for row in rows]


def _expect_database(address: sa.URL, dialect: Dialect, name: str) -> None:
    try:
        dialect.identify(address)
    except OSError as error:
        hint = Text("name the one that was used until now, for example sqlite:///var/hanchot.db")
        raise UserError(Text("there is no database {name} to copy from", name=name), hint=hint) from error


def _expect_version(source: sa.Connection, name: str) -> None:
    found, version = schema.inspect(source)
    if found == "current":
        if source.scalar(sa.select(plan.c.plan).limit(1)) is None:
            raise UserError(
                Text("the record {name} is empty: no plan was ever loaded", name=name),
                hint=Text("name the one that was used"),
            )
    elif found == "older":
        hint = Text("name it under [database] url and run `hanchot db upgrade`; then put the new url there and copy")
        raise UserError(Text("the record {name} was made by an older version of hanchot", name=name), hint=hint)
    elif found == "empty":
        raise UserError(
            Text("the database {name} holds no record", name=name), hint=Text("name the one that was used until now")
        )
    else:
        raise schema.refusal(found, name, version)


def _expect_at_rest(source: sa.Connection, name: str, now: datetime, stale: timedelta) -> None:
    """Refuse a record that somebody works on: what would come after the copy would be missing in it."""
    now = SqlHeartbeats(source).clock() or now
    alive: Sequence[str] = source.scalars(
        sa.select(heartbeat.c.name).where(heartbeat.c.at >= now - stale).order_by(heartbeat.c.name)
    ).all()
    if alive:
        seconds = round(stale.total_seconds())
        raise UserError(
            Text("a daemon is at work on the record {name}: {alive}", name=name, alive=", ".join(alive)),
            hint=Text("stop it; one that was killed counts as gone after {seconds} seconds", seconds=seconds),
        )


def _expect_empty(target: sa.Connection, name: str) -> None:
    if rows := sum(_count(target, table) for table in metadata.sorted_tables):
        raise UserError(
            plural(
                "the database {name} holds a record already, of {number:,} row",
                "the database {name} holds a record already, of {number:,} rows",
                rows,
                name=name,
            ),
            hint=Text("a record comes into an empty database: stop the daemon and move this one away, or name another"),
        )


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
