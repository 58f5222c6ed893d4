"""Prepare the record for many machines: who plans, who delivers, what was in flight, and the text of each revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from scheduler.store.dialects import dialect_of

revision = "0016"
down_revision = "0015"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITING, _CLAIMED = "state = 'queued'", "state = 'inflight'"
_URGENT = f"{_WAITING} AND kind IN ('sign-in', 'outage')"


def upgrade() -> None:
    """Add tables, columns and indexes, and tune the tables that change most."""
    op.create_table(
        "interruption",
        sa.Column("id", _ID, nullable=False),
        sa.Column("message_id", _ID, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("noticed_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_interruption"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_interruption_message_id_message"),
    )
    op.create_index("ix_interruption_message_id", "interruption", ["message_id"])
    op.create_index("ix_interruption_noticed_at", "interruption", ["noticed_at"])
    op.create_table(
        "lead",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lead"),
    )
    for column in (
        sa.Column("role", sa.Text(), nullable=False, server_default=""),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False, server_default=""),
        sa.Column("secret", sa.Text(), nullable=False, server_default=""),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
    ):
        op.add_column("heartbeat", column)
    op.add_column("revision", sa.Column("files", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("plan", sa.Column("place", sa.Text(), nullable=False, server_default=""))
    op.add_column("plan", sa.Column("served", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("message", sa.Column("begun_at", sa.BigInteger(), nullable=True))
    # What an older program held when it ended may have been handed over.
    op.execute("UPDATE message SET begun_at = lease_until WHERE state = 'inflight'")
    op.drop_index("ix_message_urgent", "message")
    op.drop_index("ix_message_unsettled_not_before", "message")
    for name, columns, condition in (
        ("ix_message_queued", ["not_before", "id"], _WAITING),
        ("ix_message_urgent", ["not_before", "id"], _URGENT),
        ("ix_message_inflight", ["lease_until", "id"], _CLAIMED),
    ):
        where = sa.text(condition)
        op.create_index(name, "message", columns, sqlite_where=where, postgresql_where=where)
    connection = op.get_bind()
    dialect_of(connection).tune_tables(connection)
