"""Index facts by what they are about, so that a part of a plan can be read without the rest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add an index by obligation, and one of the facts that concern more than one obligation."""
    op.create_index("ix_fact_plan_milestone_party", "fact", ["plan", "milestone", "party"])
    general = sa.text("milestone IS NULL OR party IS NULL OR kind = 'withdrawn'")
    op.create_index("ix_fact_general", "fact", ["plan", "id"], sqlite_where=general, postgresql_where=general)
