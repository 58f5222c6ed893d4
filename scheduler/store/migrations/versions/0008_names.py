"""Rename columns as in the code: deduplication key, idempotency key, consecutive failures."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_FACT = sa.table("fact", sa.column("id", sa.BigInteger), sa.column("details", sa.JSON))


def upgrade() -> None:
    """Rename two columns, and one key in the details of facts that came from a form."""
    op.execute("ALTER TABLE message RENAME COLUMN slot TO deduplication_key")
    op.execute("ALTER TABLE account RENAME COLUMN strikes TO consecutive_failures")
    connection = op.get_bind()
    keyed = sa.select(_FACT).where(sa.cast(_FACT.c.details, sa.Text).contains('"once":'))
    rows = [{"fact": id, "new": _renamed(details)} for id, details in connection.execute(keyed)]
    if rows:
        change = _FACT.update().where(_FACT.c.id == sa.bindparam("fact")).values(details=sa.bindparam("new"))
        connection.execute(change, rows)


def _renamed(details: dict[str, Any]) -> dict[str, Any]:
    return {"idempotency_key" if key == "once" else key: value for key, value in details.items()}
