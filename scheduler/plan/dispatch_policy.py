"""Decides what to do with due rungs: send, wait or drop, each with its reason.

Contract rules 1 and 2: a rung more than two working days late is missed; of the remaining rungs of one
obligation to one addressee only the newest is sent; mail leaves within the opening hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Literal, NamedTuple

from scheduler.plan import reasons
from scheduler.plan.dates.due_dates import ONE_DAY, local_day, next_opening, to_instant
from scheduler.plan.ladders.steps import RungName
from scheduler.plan.message_kinds import NOTICES
from scheduler.plan.model import Plan
from scheduler.plan.reasons import Reason
from scheduler.plan.recipients import escalation_named

LATEST = 2  # working days; a rung that is later than this is missed
LATEST_NOTICE = 10  # working days; what was decided or received so long ago is known by then


class DueRung(NamedTuple):
    """The part of a due rung that a decision needs; instants are UTC."""

    milestone: str
    party: str
    name: str
    at: datetime
    noticed_at: datetime | None = None  # the first tick that found it due


class Decision(NamedTuple):
    """What happens to one due rung: `send` it now, `wait` until an opening, or drop it as `missed` or `skipped`."""

    act: Literal["send", "wait", "missed", "skipped"]
    reason: Reason = reasons.NONE
    until: datetime | None = None  # wait: the opening (UTC)


def decide(due: Sequence[DueRung], *, plan: Plan, now: datetime) -> list[Decision]:
    """Return one decision for each due rung of a plan, in the order given.

    `due` must hold every due rung of each obligation in it. A rung first noticed outside the opening
    hours is judged by its lateness at that moment until the opening for which it waits.
    """
    # Thousands of rungs can fall due at one instant; judge those that cannot differ only once.
    alike = {(rung.milestone, rung.at, rung.noticed_at): rung for rung in due}
    judged = {what: _judge(rung, plan, now) for what, rung in alike.items()}
    decisions = [judged[rung.milestone, rung.at, rung.noticed_at] for rung in due]
    newest: dict[tuple[str, str, str], DueRung] = {}
    for rung, decision in zip(due, decisions, strict=True):
        if decision.act != "missed":
            best = newest.get(_matter(rung, plan), rung)
            newest[_matter(rung, plan)] = rung if rung.at >= best.at else best
    return [
        decision if decision.act == "missed" else _unless_newer(newest[_matter(rung, plan)], rung, decision)
        for rung, decision in zip(due, decisions, strict=True)
    ]


def _unless_newer(newest: DueRung, rung: DueRung, decision: Decision) -> Decision:
    return decision if newest is rung else Decision("skipped", reasons.came_late(newest.name))


def opening(plan: Plan, milestone: str | None, instant: datetime) -> datetime:
    """Return the earliest instant (UTC), from `instant` on, at which mail about a milestone may leave.

    Without a milestone the opening hours of the plan's own ladder apply.
    """
    ladder = plan.milestone(milestone).ladder if milestone else plan.ladder
    return next_opening(instant, opens=ladder.opens, closes=ladder.closes, zone=plan.zone, workdays=plan.workdays)


def working_days_late(rung_at: datetime, seen: datetime, plan: Plan) -> int:
    """Return the number of working days after the rung's local day, up to and including that of `seen`."""
    return plan.workdays.count_after(local_day(rung_at, plan.zone), local_day(seen, plan.zone))


def _judge(rung: DueRung, plan: Plan, now: datetime) -> Decision:
    opens = opening(plan, rung.milestone, now)
    late = working_days_late(rung.at, _judged_at(rung, plan, now), plan)
    if late > (LATEST_NOTICE if _is_notice(rung) else LATEST):
        return Decision("missed", reasons.days_late(late))
    return Decision("send") if opens == now else Decision("wait", until=opens)


def _judged_at(rung: DueRung, plan: Plan, now: datetime) -> datetime:
    """Return the instant by which lateness is judged.

    That is when the rung was first noticed, until the end of the local day of the opening for which it
    waited; after that, and for a rung not noticed before, it is `now`.
    """
    if rung.noticed_at is None:
        return now
    awaited = local_day(opening(plan, rung.milestone, rung.noticed_at), plan.zone)
    return rung.noticed_at if local_day(now, plan.zone) <= awaited else now


def _matter(rung: DueRung, plan: Plan) -> tuple[str, str, str]:
    """Return a key; of the due rungs with the same key only the newest is sent.

    Rungs with the same key share an obligation and an addressee: the party itself, or the group to which an
    escalation goes. Requests to choose have a key of their own.
    """
    if _is_notice(rung):
        return rung.milestone, rung.party, rung.name
    escalation = escalation_named(plan.milestone(rung.milestone), rung.name)
    label = RungName.of(rung.name).label
    return rung.milestone, rung.party, escalation.to if escalation else label if label == "choose" else ""


def _is_notice(rung: DueRung) -> bool:
    """Return whether it is a notice, which yields to no other mail."""
    return RungName.of(rung.name).label in NOTICES


def last_moment(rung_at: datetime, composed_at: datetime, next_rung: datetime | None, plan: Plan) -> datetime:
    """Return the instant (UTC) from which a composed mail is too old to deliver.

    That is the first opening after two more working days, counted from the later of the rung's instant and
    the composition, or the instant of the next rung if that comes first.
    """
    start: date = local_day(max(rung_at, composed_at), plan.zone)
    gone = opening(plan, None, _midnight_after(plan.workdays.add(start, LATEST), plan))
    return min(gone, next_rung) if next_rung is not None and next_rung > composed_at else gone


def _midnight_after(day: date, plan: Plan) -> datetime:
    return to_instant(day + ONE_DAY, time(), plan.zone)
