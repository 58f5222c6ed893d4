"""Whether a record is whole, and which files it refers to."""

from __future__ import annotations

import sqlalchemy as sa

from scheduler.store import engines, schema
from scheduler.store.database import BUSY_TIMEOUT
from scheduler.store.errors import translate_errors
from scheduler.store.tables import document, feed, incoming, incoming_content, message


def check_integrity(url: str) -> str:
    """Return what is wrong with the file of a SQLite record, in SQLite's words; "" if nothing is.

    A database of a server looks after itself. Raises `UserError` if it cannot be read.
    """
    address, dialect = engines.parse_url(url)
    engine = engines.connect_to_look(address, dialect, busy_timeout=BUSY_TIMEOUT)
    try:
        with translate_errors(dialect.describe(address), dialect), engine.begin() as connection:
            return dialect.check_integrity(connection)
    finally:
        engine.dispose()


def read_digests(url: str) -> frozenset[str]:
    """Return the SHA-256 of every file outside the record that it refers to: documents, and mails that are large."""
    address, dialect = engines.parse_url(url)
    engine = engines.connect_to_look(address, dialect, busy_timeout=BUSY_TIMEOUT)
    inside = sa.select(incoming_content.c.incoming_id)
    outside = sa.select(incoming.c.digest).where(incoming.c.is_whole, incoming.c.id.not_in(inside))
    try:
        with translate_errors(dialect.describe(address), dialect), engine.begin() as connection:
            found = connection.scalars(sa.select(document.c.digest).union(outside))
            return frozenset(digest for digest in found if digest)
    finally:
        engine.dispose()


def relies_on_secret(url: str) -> bool:
    """Return whether mails or calendars are in a record, whose ids and addresses come from the installation's secret.

    False if there is no record yet. Raises `UserError` if it cannot be read.
    """
    address, dialect = engines.parse_url(url)
    try:
        dialect.identify(address)
    except OSError:
        return False  # there is none yet
    engine = engines.connect_to_look(address, dialect, busy_timeout=BUSY_TIMEOUT)
    try:
        with translate_errors(dialect.describe(address), dialect), engine.begin() as connection:
            found, _ = schema.inspect(connection)
            if found in {"empty", "foreign"}:
                return False
            return any(connection.scalar(sa.select(table.c.id).limit(1)) is not None for table in (message, feed))
    finally:
        engine.dispose()
