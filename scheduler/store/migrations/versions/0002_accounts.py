"""Add mail accounts with their limits, outages, and a mark for mails that may have arrived although no answer came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.BigInteger()  # microseconds since 1970, UTC


def upgrade() -> None:
    """Add the column and the tables."""
    op.add_column("message", sa.Column("unclear", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "account",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("paused_until", _INSTANT, nullable=True),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_account"),
    )
    op.create_table(
        "quota",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slot", _INSTANT, nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "slot", name="pk_quota"),
    )
    op.create_table(
        "outage",
        sa.Column("id", _ID, nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("until", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outage"),
    )
