"""Pieces of SQL that the tables and the queries share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

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


def chunks(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Cut a stream into lists of at most `size`, never holding more than one."""
    stream = iter(items)
    while chunk := list(islice(stream, size)):
        yield chunk
