"""What to do with rungs whose instant has come: send, wait, or let go, each with its reason.

Contract rules 1 and 2: more than two working days late is missed; of what is left of one
obligation to one addressee only the newest leaves; mail leaves inside the opening hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Literal, NamedTuple

from scheduler.plan.dates.due_dates import ONE_DAY, local_day, next_opening, to_instant
from scheduler.plan.model import Plan
from scheduler.plan.recipients import escalation_named

LATEST = 2  # working days; a rung later than this is missed


class DueRung(NamedTuple):
    """What a decision needs to know of a promise whose instant has come."""

    milestone: str
    party: str
    name: str
    at: datetime
    noticed_at: datetime | None = None  # the first tick that found it due


class Decision(NamedTuple):
    """What becomes of one due rung: `send` it now, `wait` until an opening, or let it go."""

    act: Literal["send", "wait", "missed", "skipped"]
    reason: str = ""
    until: datetime | None = None  # wait: the opening


def decide(due: Sequence[DueRung], *, plan: Plan, now: datetime) -> list[Decision]:
    """Return one decision for each of a plan's due rungs, in the order given.

    `due` must hold every due rung of each obligation in it. A rung that was first noticed
    outside the opening hours keeps the lateness of that moment until the opening it waits for.
    """
    alike = {(rung.milestone, rung.at, rung.noticed_at): rung for rung in due}  # thousands fall due at one instant
    judged = {what: _judge(rung, plan, now) for what, rung in alike.items()}
    decisions = [judged[rung.milestone, rung.at, rung.noticed_at] for rung in due]
    newest: dict[tuple[str, str, str], DueRung] = {}
    for rung, decision in zip(due, decisions, strict=True):
        if decision.act != "missed":
            best = newest.get(_matter(rung, plan))
            newest[_matter(rung, plan)] = rung if best is None or rung.at >= best.at else best
    return [
        decision
        if decision.act == "missed" or newest[_matter(rung, plan)] is rung
        else Decision("skipped", f"came late; {newest[_matter(rung, plan)].name} is newer")
        for rung, decision in zip(due, decisions, strict=True)
    ]


def opening(plan: Plan, milestone: str | None, instant: datetime) -> datetime:
    """Return when mail about a milestone may leave at the earliest from `instant` on."""
    ladder = plan.milestone(milestone).ladder if milestone else plan.ladder
    return next_opening(instant, opens=ladder.opens, closes=ladder.closes, zone=plan.zone, workdays=plan.workdays)


def working_days_late(rung_at: datetime, seen: datetime, plan: Plan) -> int:
    """Return how many working days lie strictly after the rung's day, up to `seen`."""
    return plan.workdays.count_after(local_day(rung_at, plan.zone), local_day(seen, plan.zone))


def _judge(rung: DueRung, plan: Plan, now: datetime) -> Decision:
    opens = opening(plan, rung.milestone, now)
    late = working_days_late(rung.at, _judged_at(rung, plan, now), plan)
    if late > LATEST:
        return Decision("missed", f"{late} working days late")
    return Decision("send") if opens == now else Decision("wait", until=opens)


def _judged_at(rung: DueRung, plan: Plan, now: datetime) -> datetime:
    """Return when the rung was first noticed, if the opening it waited for has not passed by."""
    if rung.noticed_at is None:
        return now
    awaited = local_day(opening(plan, rung.milestone, rung.noticed_at), plan.zone)
    return rung.noticed_at if local_day(now, plan.zone) <= awaited else now


def _matter(rung: DueRung, plan: Plan) -> tuple[str, str, str]:
    """Return what only the newest rung is told of: an obligation and its addressee, or a choice still open."""
    escalation = escalation_named(plan.milestone(rung.milestone), rung.name)
    apart = escalation.to if escalation else "choose" if rung.name.startswith("choose:") else ""
    return rung.milestone, rung.party, apart


def last_moment(rung_at: datetime, composed_at: datetime, next_rung: datetime | None, plan: Plan) -> datetime:
    """Return when a composed mail is too old to deliver: the next rung's instant, or two working days gone."""
    start: date = local_day(max(rung_at, composed_at), plan.zone)
    gone = opening(plan, None, _midnight_after(plan.workdays.add(start, LATEST), plan))
    return min(gone, next_rung) if next_rung is not None and next_rung > composed_at else gone


def _midnight_after(day: date, plan: Plan) -> datetime:
    return to_instant(day + ONE_DAY, time(), plan.zone)
