"""Build facts from what a person asks to record; shared by the command line, the web pages and scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from scheduler.errors import UserError
from scheduler.plan.dates.date_forms import By, DateForm, FixedForm, On
from scheduler.plan.dates.due_dates import local_day, near, to_instant
from scheduler.plan.facts import Fact
from scheduler.plan.model import Channel, Plan
from scheduler.plan.obligations import Obligation
from scheduler.services.fact_checks import find_milestone

MOMENT = timedelta(microseconds=1)
NOON = time(12)  # a postmark names a day; noon stands for it


def refuse_far(plan: Plan, *days: date | None) -> None:
    """Raise `UserError` for a day years away from the plan, which means a mistyped year."""
    first, last = near(plan.year)
    for day in days:
        if day is not None and not first <= day <= last:
            raise UserError(
                f"{day} lies too far from the plan's year", hint=f"check it: {first} to {last} is taken", code="far-day"
            )


def received(
    plan: Plan,
    milestone: str,
    party: str,
    *,
    at: datetime,
    deliverables: Sequence[str] = (),
    channel: Channel | None = None,
    sent_on: date | None = None,
    received_on: date | None = None,
    received_at: datetime | None = None,
    files: Sequence[str] = (),
    note: str = "",
    by: str = "",
) -> Fact:
    """Return a submission that is recorded at `at`.

    The submission came at `received_at`, or at an unknown time of the local day `received_on`, or else at `at`. The
    postmark `sent_on` of a paper decides when the submission happened; without one, the receipt does. Raises
    `UserError` for a date in the future or far from the plan, and for a postmark that is late or without paper.
    """
    refuse_far(plan, sent_on, received_on, local_day(received_at, plan.zone) if received_at else None)
    if sent_on is not None and channel != "paper":
        raise UserError(
            "a postmark (--sent-on) goes with paper only",
            hint="add --channel paper, or use --received-at",
            code="postmark-without-paper",
        )
    if received_at is None and received_on is not None:
        is_today = received_on == local_day(at, plan.zone)
        noon = to_instant(received_on, NOON, plan.zone)
        received_at = min(noon, at) if is_today else noon
    happened_at = received_at or at
    if happened_at > at:
        raise UserError("it cannot have come in the future", hint="check the date given", code="future")
    if sent_on is not None and sent_on > local_day(happened_at, plan.zone):
        raise UserError(
            f"the postmark {sent_on} lies after the day it came", hint="check --sent-on", code="postmark-late"
        )
    if sent_on is not None:
        received_on = local_day(received_at, plan.zone) if received_at else None
        happened_at = min(to_instant(sent_on, NOON, plan.zone), happened_at)
    return Fact(
        plan=plan.id,
        kind="received",
        milestone=milestone,
        party=party,
        happened_at=happened_at,
        recorded_at=at,
        deliverables=tuple(deliverables),
        channel=channel,
        sent_on=sent_on,
        received_on=received_on,
        files=tuple(files),
        note=note,
        by=by,
    )


def declared(plan: Plan, milestone: str, party: str, *, at: datetime, sent_on: date, channel: Channel) -> Fact:
    """Return a party's claim that it sent something on a local day, which nobody has seen yet.

    Raises `UserError` for a day in the future or far from the plan.
    """
    refuse_far(plan, sent_on)
    if sent_on > local_day(at, plan.zone):
        raise UserError(f"{sent_on} has not come yet", hint="give the day on which it was sent")
    return Fact(
        plan=plan.id,
        kind="declared",
        milestone=milestone,
        party=party,
        happened_at=min(to_instant(sent_on, NOON, plan.zone), at),
        recorded_at=at,
        channel=channel,
    )


def disowned(plan: Plan, milestone: str, party: str, *, at: datetime) -> Fact:
    """Return a party's claim that a task is not its own, or that its mails reach the wrong people."""
    return Fact(
        plan=plan.id,
        kind="disowned",
        milestone=milestone,
        party=party,
        happened_at=at,
        recorded_at=at,
    )


def settled_doubt(plan: Plan, obligation: Obligation, *, at: datetime, is_open: bool, by: str = "") -> Fact:
    """Return the fact that settles a doubtful obligation: it is open, or it was received in time.

    It is in doubt because it was past when the plan was first loaded. Nobody knows when it was received, so the last
    moment in time stands for that.
    """
    received = not is_open
    in_time = obligation.due.late_from - MOMENT if obligation.due else at
    return Fact(
        plan=plan.id,
        kind="received" if received else "opened",
        milestone=obligation.milestone,
        party=obligation.party,
        happened_at=min(at, in_time) if received else at,
        recorded_at=at,
        by=by,
        note="before the plan was first loaded" if received else "",
    )


def extended(
    plan: Plan, milestone: str, party: str, *, at: datetime, until: date, decision: str = "", by: str = ""
) -> Fact:
    """Return an extension up to and including the local day `until` (contract rule 11)."""
    refuse_far(plan, until)
    return Fact(
        plan=plan.id,
        kind="extended",
        milestone=milestone,
        party=party,
        happened_at=at,
        recorded_at=at,
        form=By(until),
        decision=decision,
        by=by,
    )


def date_fixed(
    plan: Plan,
    milestone: str,
    *,
    at: datetime,
    first: date | datetime,
    last: date | None = None,
    place: str = "",
    decision: str = "",
    by: str = "",
) -> Fact:
    """Return the decision of a date: the days of an event, or the inclusive last day of a deadline.

    Raises `UserError` if the date is far from the plan or ends before it begins, or if a deadline gets two days, and
    `NothingMatched` for an unknown milestone.
    """
    day, clock = (first.date(), first.time()) if isinstance(first, datetime) else (first, None)
    refuse_far(plan, day, last)
    kind = find_milestone(plan, milestone).kind
    if last is not None and last < day:
        raise UserError(f"it cannot end on {last} before it begins on {day}", hint="check --to", code="ends-before")
    if kind == "deadline" and last is not None:
        raise UserError(f"{milestone} is a deadline: it has one day", hint="leave --to out", code="one-day")
    form: FixedForm = On(day, last or day, clock) if kind == "event" else By(day, clock)
    return Fact(
        plan=plan.id,
        kind="date_fixed",
        milestone=milestone,
        happened_at=at,
        recorded_at=at,
        form=form,
        place=place,
        decision=decision,
        by=by,
    )


def amended(plan: Plan, milestone: str, *, at: datetime, form: DateForm, was: str = "", decision: str = "") -> Fact:
    """Return the fact of an edited date in the definition file, as if the file were loaded at `at`."""
    return Fact(
        plan=plan.id,
        kind="amended",
        milestone=milestone,
        happened_at=at,
        recorded_at=at,
        form=form,
        was=was,
        decision=decision,
        by="definition",
    )
