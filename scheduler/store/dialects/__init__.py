"""The differences between databases: one module per database, chosen only here."""

from __future__ import annotations

import sqlalchemy as sa

from scheduler.store.dialects.base import Dialect
from scheduler.store.dialects.postgresql import PostgresqlDialect
from scheduler.store.dialects.sqlite import SqliteDialect

__all__ = ["Dialect", "dialect_of", "find_dialect"]

_DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (SqliteDialect(), PostgresqlDialect())}


def find_dialect(driver: str) -> Dialect | None:
    """Return the dialect for the scheme of a URL, such as `postgresql+psycopg`, or None if it is not supported."""
    return next((dialect for dialect in _DIALECTS.values() if driver in dialect.drivers), None)


def dialect_of(connection: sa.Connection) -> Dialect:
    """Return the dialect of a connection."""
    return _DIALECTS[connection.dialect.name]
