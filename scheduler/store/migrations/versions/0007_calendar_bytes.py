"""Record since when the bytes of a calendar are unchanged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("feed", sa.Column("digest", sa.Text(), nullable=False, server_default=""))
    op.add_column("feed", sa.Column("changed_at", sa.BigInteger()))  # microseconds since 1970, UTC
