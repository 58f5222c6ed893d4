"""Add the addresses of parties' pages, and the documents that are sent through them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.BigInteger()  # microseconds since 1970, UTC


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "page",
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("revoked_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("party", name="pk_page"),
    )
    op.create_table(
        "document",
        sa.Column("id", _ID, nullable=False),
        sa.Column("fact_id", _ID, nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["fact_id"], ["fact.id"], name="fk_document_fact_id_fact"),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
    )
    op.create_index("ix_document_fact_id", "document", ["fact_id"])
    op.create_index("ix_document_party_received_at", "document", ["party", "received_at"])
