"""Move the bytes of mails to their own table, and add an index that finds the newest fact of a plan at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Move the bytes, and replace the index."""
    op.create_table(
        "content",
        sa.Column("message_id", _ID, autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_content"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_content_message_id_message"),
    )
    op.execute("INSERT INTO content (message_id, bytes) SELECT id, bytes FROM message")
    op.drop_column("message", "bytes")
    op.create_index("ix_fact_plan_id", "fact", ["plan", "id"])
    op.drop_index("ix_fact_plan_recorded_at", "fact")
