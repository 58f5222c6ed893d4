"""Records that lie in the data folder beside the one that is configured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from scheduler.errors import UserError
from scheduler.store import engines
from scheduler.store.dialects import Dialect
from scheduler.store.tables import plan
from scheduler.store.transfer.record_check import holds_any


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
    return holds_any(address, dialect, plan.c.plan)
