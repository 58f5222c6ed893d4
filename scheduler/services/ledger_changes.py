"""Changes to the rows of the ledger that follow from a changed agenda. Pure functions."""

from __future__ import annotations

from datetime import datetime

from scheduler.plan.agenda import Rung
from scheduler.plan.dispatch_policy import DueRung
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.reasons import Reason
from scheduler.ports import RungChange, RungRow

_AWAY = ("not_in_plan", "no_part", "plan_ended")  # codes of reasons


def diff_rung(rung: Rung, row: RungRow, now: datetime) -> RungChange | None:
    """Return the change to the unsent row of a rung that is still in the agenda, or None.

    A cancelled or skipped row is planned again only before its instant. After that the dispatcher decides, and what it
    settles is final. A notice that holds again has a new instant; one whose plan, milestone or party was away keeps its
    own.
    """
    if row.state == "planned":
        if rung.state != "planned":
            return _change(row, rung, rung.at)
        same = (rung.at, rung.note) == (row.at, row.note)
        return None if same or max(row.at, rung.at) <= now else _change(row, rung, rung.at)
    is_settled = row.noticed_at is not None and row.at <= now and not is_notice(row.kind)
    was_away = is_notice(row.kind) and row.reason.code in _AWAY
    if is_settled or (rung.at < now and not was_away) or (rung.state, rung.reason) == (row.state, row.reason):
        return None
    return _change(row, rung, rung.at)


def as_due(row: RungRow) -> DueRung:
    """Return the part of a row that a dispatch decision needs."""
    return DueRung(row.milestone, row.party, row.name, row.at, row.noticed_at)


def _change(row: RungRow, rung: Rung, at: datetime) -> RungChange:
    return RungChange(id=row.id, was=row.state, state=rung.state, at=at, reason=rung.reason, note=rung.note)


def drop(row: RungRow, reason: Reason) -> RungChange:
    """Return the change that cancels a planned rung."""
    return RungChange(id=row.id, was="planned", state="cancelled", at=row.at, reason=reason, note=row.note)
