"""Create the first tables: plans and their revisions, facts, rungs, messages, deliveries and the journal.

A migration describes the tables of its time; it does not follow changes in `tables`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INSTANT = sa.BigInteger()  # microseconds since 1970, UTC
_DAY = sa.String(10)  # ISO


def upgrade() -> None:
    """Create the tables in an empty database."""
    _plans()
    _facts()
    _rungs()
    _messages()
    _deliveries()
    _journal()


def _must(name: str, kind: sa.types.TypeEngine[Any], **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)


def _may(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def _plans() -> None:
    op.create_table(
        "plan",
        _must("plan", sa.Text()),
        _must("first_loaded_at", _INSTANT),
        _must("digest", sa.Text()),
        _must("loaded_at", _INSTANT),
        _must("terms", sa.JSON()),
        _must("reconciled", sa.Text(), server_default=""),
        _may("seen_on", _DAY),
        _may("checked_at", _INSTANT),
        sa.PrimaryKeyConstraint("plan", name="pk_plan"),
    )
    op.create_table(
        "revision",
        _must("id", _ID),
        _must("plan", sa.Text()),
        _must("digest", sa.Text()),
        _must("loaded_at", _INSTANT),
        _must("source", sa.Text()),
        _must("terms", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
    )
    op.create_index("ix_revision_plan", "revision", ["plan"])


def _facts() -> None:
    op.create_table(
        "fact",
        _must("id", _ID),
        _must("plan", sa.Text()),
        _must("kind", sa.Text()),
        _may("milestone", sa.Text()),
        _may("party", sa.Text()),
        _must("happened_at", _INSTANT),
        _must("recorded_at", _INSTANT),
        _must("by", sa.Text(), quote=True),
        _must("details", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_fact"),
    )
    op.create_index("ix_fact_plan_recorded_at", "fact", ["plan", "recorded_at"])


def _rungs() -> None:
    op.create_table(
        "rung",
        _must("id", _ID),
        _must("plan", sa.Text()),
        _must("milestone", sa.Text()),
        _must("party", sa.Text()),
        _must("name", sa.Text()),
        _must("due", _DAY),
        _must("at", _INSTANT),
        _must("kind", sa.Text()),
        _must("state", sa.Text()),
        _must("reason", sa.Text()),
        _must("note", sa.Text()),
        _may("noticed_at", _INSTANT),
        _may("settled_at", _INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_rung"),
        sa.UniqueConstraint("plan", "milestone", "party", "name", "due", name="uq_rung_plan_milestone_party_name_due"),
    )
    planned = sa.text("state = 'planned'")
    op.create_index("ix_rung_planned_plan_at", "rung", ["plan", "at"], sqlite_where=planned, postgresql_where=planned)


def _messages() -> None:
    op.create_table(
        "message",
        _must("id", _ID),
        _must("message_id", sa.Text()),
        _may("slot", sa.Text()),
        _must("date", _INSTANT),
        _must("address", sa.Text()),
        _must("subject", sa.Text()),
        _must("bytes", sa.LargeBinary()),
        _must("kind", sa.Text()),
        _must("plan", sa.Text()),
        _may("milestone", sa.Text()),
        _must("party", sa.Text()),
        _may("rung", sa.Text()),
        _must("state", sa.Text()),
        _must("reason", sa.Text()),
        _must("reply", sa.Text()),
        _must("attempts", sa.Integer()),
        _must("created_at", _INSTANT),
        _must("not_before", _INSTANT),
        _may("expires_at", _INSTANT),
        _may("settled_at", _INSTANT),
        _may("claimed_by", sa.Text()),
        _may("lease_until", _INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("message_id", name="uq_message_message_id"),
        sa.UniqueConstraint("slot", name="uq_message_slot"),
    )
    op.create_index("ix_message_plan", "message", ["plan"])
    unsettled = sa.text("state IN ('queued', 'inflight')")
    op.create_index(
        "ix_message_unsettled_not_before",
        "message",
        ["not_before", "id"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )


def _deliveries() -> None:
    op.create_table(
        "delivery",
        _must("id", _ID),
        _must("rung_id", _ID),
        _must("address", sa.Text()),
        _must("message_id", _ID),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("rung_id", "address", name="uq_delivery_rung_id_address"),
        sa.ForeignKeyConstraint(["rung_id"], ["rung.id"], name="fk_delivery_rung_id_rung"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_delivery_message_id_message"),
    )
    op.create_index("ix_delivery_message_id", "delivery", ["message_id"])


def _journal() -> None:
    op.create_table(
        "tick",
        _must("id", sa.Integer(), autoincrement=False),
        _must("completed_at", _INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_tick"),
    )
    op.create_table(
        "idle_day",
        _must("plan", sa.Text()),
        _must("day", _DAY),
        sa.PrimaryKeyConstraint("plan", "day", name="pk_idle_day"),
    )
    op.create_table(
        "checkup",
        _must("plan", sa.Text()),
        _must("milestone", sa.Text()),
        _must("party", sa.Text()),
        _must("source", sa.Text()),
        _must("seen", sa.Text()),
        _must("since", _INSTANT),
        _must("checked_at", _INSTANT),
        sa.PrimaryKeyConstraint("plan", "milestone", "party", "source", name="pk_checkup"),
    )
