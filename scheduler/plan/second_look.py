"""Why a rung that was promised is no longer owed. Pure.

The ledger asks when the agenda changes; the dispatcher asks before it composes, and the delivery before it sends.
"""

from __future__ import annotations

from typing import assert_never

from scheduler.plan import reasons
from scheduler.plan.agenda import (
    REMINDERS,
    Agenda,
    RungLike,
    RungState,
    describe_closing,
    describe_declaration,
)
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.facts import Snoozed
from scheduler.plan.ladders.adjustments import PAUSED_KINDS
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.model import Occurrence
from scheduler.plan.notices import fact_of
from scheduler.plan.obligations import EventDate, NoDate, Obligation, ObligationDate, WindowDate
from scheduler.plan.reasons import Reason


def why_not_owed(agenda: Agenda, rung: RungLike) -> tuple[RungState, Reason] | None:
    """Return the state in which a rung ends now, with the reason, or None if it is still owed."""
    if is_notice(rung.kind):
        return _why_not_told(agenda, rung)
    if rung.kind == "choose":
        groups = [g.id for g, o in agenda.nominations if (o.milestone, o.party) == (rung.milestone, rung.party)]
        return ("skipped", reasons.CHOSEN) if agenda.nominated.issuperset(groups) else None
    answered = _why_answered(agenda, rung)
    if answered is not None:
        return "skipped", answered
    gone = why_gone(agenda, rung)
    return None if gone is None else ("cancelled", gone)


def _why_answered(agenda: Agenda, rung: RungLike) -> Reason | None:
    """Return that the obligation is closed, or that the party has said so since the instant of a reminder."""
    obligation = agenda.by_key.get((rung.milestone, rung.party))
    if obligation is None:
        return None
    if obligation.standing.closed_by is not None:
        plan = agenda.plan
        return describe_closing(obligation.standing.closed_by, plan.zone, plan, obligation.milestone)
    declared = obligation.standing.declared if rung.kind in REMINDERS else ()
    said = next((fact for fact in declared if fact.recorded_at >= rung.at), None)
    return _why_paused(obligation, rung) if said is None else describe_declaration(said, agenda.plan)


def _why_paused(o: Obligation, rung: RungLike) -> Reason | None:
    """Return that the office has paused the reminders since the instant of one."""
    if rung.kind not in PAUSED_KINDS:
        return None
    paused = next((fact for fact in o.facts if isinstance(fact, Snoozed) and fact.recorded_at >= rung.at), None)
    return None if paused is None else reasons.office_pauses(paused.until, paused.reason)


def _why_not_told(agenda: Agenda, rung: RungLike) -> tuple[RungState, Reason] | None:
    obligation = agenda.by_key.get((rung.milestone, rung.party))
    notices = agenda.notices_of(obligation) if obligation is not None else ()
    notice = next((notice for notice in notices if notice.name == rung.name), None)
    if notice is None:
        return "cancelled", why_gone(agenda, rung) or reasons.NO_SUCH_STEP
    return ("skipped", notice.skipped) if notice.skipped else None


def why_gone(agenda: Agenda, rung: RungLike) -> Reason | None:
    """Return why the plan holds a rung no more: its milestone, its party's part in it, or its date; None if it does."""
    milestone = Occurrence.of(rung.milestone).milestone
    if all(m.id != milestone for m in agenda.plan.milestones):
        return reasons.not_in_plan(milestone)
    obligation = agenda.by_key.get((rung.milestone, rung.party))
    if obligation is None:
        return reasons.no_part(rung.party, rung.milestone)
    if is_notice(rung.kind):
        return _why_untrue(agenda, rung)
    return _why_moved(obligation.when, rung)


def _why_untrue(agenda: Agenda, rung: RungLike) -> Reason:
    """Return why a notice says nothing true any more."""
    if agenda.retired is not None:
        return reasons.PLAN_ENDED
    is_withdrawn = any(r.fact.id == fact_of(rung.name) for r in agenda.retractions)
    return reasons.FACT_WITHDRAWN if is_withdrawn else reasons.LATER_DECISION


def _why_moved(when: ObligationDate, rung: RungLike) -> Reason | None:
    """Return why a rung does not belong to the date in force; None if it does."""
    match when:
        case EventDate(event=days):
            is_current = rung.kind != "fix-date" and days.first == rung.due
            return None if is_current else reasons.date_fixed(days.first)
        case DueDate(named=day):
            return None if day == rung.due else reasons.date_moved(day)
        case WindowDate(window=days):
            return None if days.first == rung.due else reasons.window_moved(days.first)
        case NoDate():
            return reasons.DATE_OPEN
        case _:
            assert_never(when)
