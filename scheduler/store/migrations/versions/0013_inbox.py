"""Add the mails that came, and how far each folder of the mailbox was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from scheduler.store.columns import Id

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "folder",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("before_uid", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_folder"),
    )
    op.create_table(
        "incoming",
        sa.Column("id", Id, nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("sender_name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False, server_default=""),
        sa.Column("milestone", sa.Text(), nullable=False, server_default=""),
        sa.Column("party", sa.Text(), nullable=False, server_default=""),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("by", sa.Text(), nullable=False, server_default="", quote=True),
        sa.PrimaryKeyConstraint("id", name="pk_incoming"),
        sa.UniqueConstraint("identity", name="uq_incoming_identity"),
    )
    op.create_index("ix_incoming_state_id", "incoming", ["state", "id"])
    op.create_index("ix_incoming_message_id", "incoming", ["message_id"])
    op.create_table(
        "incoming_content",
        sa.Column("incoming_id", Id, autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["incoming_id"], ["incoming.id"], name="fk_incoming_content_incoming_id_incoming"),
        sa.PrimaryKeyConstraint("incoming_id", name="pk_incoming_content"),
    )
