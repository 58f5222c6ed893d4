"""Records that lie in the data folder beside the one that is configured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from scheduler.errors import UserError
from scheduler.store import engines, schema
from scheduler.store.database import BUSY_TIMEOUT
from scheduler.store.dialects import Dialect
from scheduler.store.errors import translate_errors
from scheduler.store.tables import plan

_ANY_PLAN = sa.select(plan.c.plan).limit(1)


def find_other_records(url: str, folder: Path) -> Sequence[Path]:
    """Return the SQLite records (`*.db`) in a folder that a plan was loaded into; () if one was into that at `url`.

    Nothing is made or changed. Raises `UserError` if the database at `url` cannot be read.
    """
    address, dialect = engines.parse_url(url)
    own = _identify(address, dialect)
    found = [file for file in sorted(folder.glob("*.db")) if _is_another(file, own)]
    return () if not found or _is_used(address, dialect) else found


def _is_another(file: Path, own: object) -> bool:
    address, dialect = engines.parse_url(f"sqlite:///{file}")
    try:
        return _identify(address, dialect) != own and _is_used(address, dialect)
    except UserError:
        return False  # it is no database, or not ours to read


def _identify(address: sa.URL, dialect: Dialect) -> object:
    try:
        return dialect.identify(address)
    except OSError:
        return None


def _is_used(address: sa.URL, dialect: Dialect) -> bool:
    """Return whether a plan was ever loaded into the record, of whatever version."""
    try:
        dialect.identify(address)
    except OSError:
        return False  # there is none yet
    engine = engines.connect_to_look(address, dialect, busy_timeout=BUSY_TIMEOUT)
    try:
        with translate_errors(dialect.describe(address), dialect), engine.begin() as connection:
            found, _ = schema.inspect(connection)
            return found not in {"empty", "foreign"} and connection.scalar(_ANY_PLAN) is not None
    finally:
        engine.dispose()
