"""Admit facts that older programs do not know: decisions about single reminders, notes, and needs that are put off.

No table changes; the new revision keeps an older program from opening a record that it could not read.
"""

from __future__ import annotations

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Change nothing."""
