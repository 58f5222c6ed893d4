"""A look into a record without making or changing one: what it holds, whether it is whole, which files it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from scheduler.store import engines, schema
from scheduler.store.database import BUSY_TIMEOUT
from scheduler.store.dialects import Dialect
from scheduler.store.errors import translate_errors
from scheduler.store.tables import document, feed, incoming, incoming_content, message


@contextmanager
def look_into(address: sa.URL, dialect: Dialect) -> Iterator[sa.Connection]:
    """Open a connection to a record for a block. Raises `UserError` if it cannot be read."""
    engine = engines.connect_to_look(address, dialect, busy_timeout=BUSY_TIMEOUT)
    try:
        with translate_errors(dialect.describe(address), dialect), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def holds_any(address: sa.URL, dialect: Dialect, *columns: sa.ColumnElement[object]) -> bool:
    """Return whether a record of whatever version has a row with one of these columns; False if there is no record.

    Raises `UserError` if it cannot be read.
    """
    try:
        dialect.identify(address)
    except OSError:
        return False  # there is none yet
    with look_into(address, dialect) as connection:
        found, _ = schema.inspect(connection)
        if found in {"empty", "foreign"}:
            return False
        return any(connection.scalar(sa.select(column).limit(1)) is not None for column in columns)


def check_integrity(url: str) -> str:
    """Return what is wrong with the file of a SQLite record, in SQLite's words; "" if nothing is.

    A database of a server looks after itself. Raises `UserError` if it cannot be read.
    """
    address, dialect = engines.parse_url(url)
    with look_into(address, dialect) as connection:
        return dialect.check_integrity(connection)


def read_digests(url: str) -> frozenset[str]:
    """Return the SHA-256 of every file outside the record that it refers to: documents, and mails that are large."""
    inside = sa.select(incoming_content.c.incoming_id)
    outside = sa.select(incoming.c.digest).where(incoming.c.is_whole, incoming.c.id.not_in(inside))
    with look_into(*engines.parse_url(url)) as connection:
        found = connection.scalars(sa.select(document.c.digest).union(outside))
        return frozenset(digest for digest in found if digest)


def relies_on_secret(url: str) -> bool:
    """Return whether mails or calendars are in a record, whose ids and addresses come from the installation's secret.

    False if there is no record yet. Raises `UserError` if it cannot be read.
    """
    return holds_any(*engines.parse_url(url), message.c.id, feed.c.id)
