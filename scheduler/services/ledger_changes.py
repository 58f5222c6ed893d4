"""Changes to the rows of the ledger that follow from a changed agenda. Pure functions."""

from __future__ import annotations

from datetime import datetime

from scheduler.plan.agenda import Rung
from scheduler.plan.dispatch_policy import LATEST, DueRung, working_days_late
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.model import Plan
from scheduler.plan.reasons import Reason
from scheduler.ports import RungChange, RungRow

_AWAY = ("not_in_plan", "no_part", "plan_ended")  # codes of reasons


def diff_rung(rung: Rung, row: RungRow, now: datetime, plan: Plan) -> RungChange | None:
    """Return the change to the unsent row of a rung that is still in the agenda, or None.

    A cancelled or skipped row is planned again only before its instant. After that the dispatcher decides, and what it
    settles is final. A notice that holds again has a new instant; one whose plan, milestone or party was away keeps its
    own. A step that was away at its instant is planned again as long as it is not too late to send it.
    """
    if row.state == "planned":
        if rung.state != "planned":
            return _change(row, rung, rung.at)
        same = (rung.at, rung.note) == (row.at, row.note)
        return None if same or max(row.at, rung.at) <= now else _change(row, rung, rung.at)
    is_settled = row.noticed_at is not None and row.at <= now and not is_notice(row.kind)
    is_past = rung.at < now and not _goes_on(rung, row, now, plan)
    if is_settled or is_past or (rung.state, rung.reason) == (row.state, row.reason):
        return None
    return _change(row, rung, rung.at)


def as_due(row: RungRow) -> DueRung:
    """Return the part of a row that a dispatch decision needs."""
    return DueRung(row.milestone, row.party, row.name, row.at, row.noticed_at)


def _goes_on(rung: Rung, row: RungRow, now: datetime, plan: Plan) -> bool:
    """Return whether a rung that was away at its instant may be sent after it."""
    if row.reason.code not in _AWAY:
        return False
    return is_notice(row.kind) or working_days_late(rung.at, now, plan) <= LATEST


def _change(row: RungRow, rung: Rung, at: datetime) -> RungChange:
    return RungChange(id=row.id, was=row.state, state=rung.state, at=at, reason=rung.reason, note=rung.note)


def drop(row: RungRow, reason: Reason) -> RungChange:
    """Return the change that cancels a planned rung."""
    return RungChange(id=row.id, was="planned", state="cancelled", at=row.at, reason=reason, note=row.note)
