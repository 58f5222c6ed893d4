"""Add the moments at which the clocks of machines were taken as right."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "clock",
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("uptime", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("boot", name="pk_clock"),
    )
