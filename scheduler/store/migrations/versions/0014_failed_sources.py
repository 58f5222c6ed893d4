"""Add the sources of status checks that could not be looked at, and find the mails about a plan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the table and the index."""
    op.create_table(
        "failed_source",
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("milestone", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("plan", "source", "milestone", "party", name="pk_failed_source"),
    )
    op.create_index("ix_incoming_plan", "incoming", ["plan"])
