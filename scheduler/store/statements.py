"""Pieces of SQL that the tables and the queries share."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import sqlalchemy as sa

from scheduler.store.columns import microseconds

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

_T = TypeVar("_T")


def words(column: sa.Column[Any], *values: str) -> sa.ColumnElement[bool]:
    """Return "column is one of these words" with the words written into the SQL.

    A partial index serves only queries whose text repeats its condition: as bound parameters the
    same words would make every query read the whole table. Only for words of this package.
    """
    spelled = [sa.literal_column(f"'{value}'", sa.Text) for value in values]
    return column == spelled[0] if len(spelled) == 1 else column.in_(spelled)


def insert_into(dialect: str, table: sa.Table) -> SqliteInsert | PostgresInsert:
    """Return the dialect's INSERT, the one that knows ON CONFLICT."""
    # Imported here: a SQLite user need not load the other dialect.
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


class Answer(Protocol):
    """What a statement came to."""

    @property
    def rowcount(self) -> int:
        """Return how many rows were changed."""

    def fetchall(self) -> Sequence[Any]:
        """Return every row."""


class Prepared:
    """A statement for what happens once per mail: compiled once, then handed over as text.

    SQLAlchemy's own way takes 55 us each time, SQLite itself 5. `make` is given the dialect's name; `columns`
    are those that an INSERT fills. Values come out as the driver gives them.
    """

    def __init__(self, make: Callable[[str], sa.ClauseElement], columns: Sequence[str] | None = None) -> None:
        self._make = make
        self._columns = columns
        self._compiled: dict[str, tuple[str, list[tuple[str, Any]]]] = {}

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> Answer:
        """Execute with values for the parameters by name; instants are stored as `Instant` stores them."""
        text, parameters = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        stored = tuple([_stored(values.get(*known)) for known in parameters])
        driver = connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            return driver.execute(text, stored)
        return connection.exec_driver_sql(text, stored)  # which knows a connection that was lost

    def _compile(self, dialect: sa.Dialect) -> tuple[str, list[tuple[str, Any]]]:
        compiled: Any = self._make(dialect.name).compile(dialect=dialect, column_keys=self._columns)
        parameters = [(name, compiled.params[name]) for name in compiled.positiontup]
        return self._compiled.setdefault(dialect.name, (str(compiled), parameters))


def _stored(value: Any) -> Any:
    return microseconds(value) if isinstance(value, datetime) else value


def chunks(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Cut a stream into lists of at most `size`, never holding more than one."""
    stream = iter(items)
    while chunk := list(islice(stream, size)):
        yield chunk
