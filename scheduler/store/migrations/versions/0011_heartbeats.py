"""Add the heartbeats of processes, and an index of the mails that leave before others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the table and the index."""
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_heartbeat"),
    )
    urgent = sa.text("state IN ('queued', 'inflight') AND kind IN ('sign-in', 'outage')")
    op.create_index("ix_message_urgent", "message", ["not_before", "id"], sqlite_where=urgent, postgresql_where=urgent)
