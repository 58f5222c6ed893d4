"""The weekly digest: when it is due, and its contents. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.due_dates import ONE_DAY, local_day, to_instant
from scheduler.plan.facts import (
    Amended,
    DateFixed,
    Extended,
    Fact,
    Nominated,
    Waived,
    drop_withdrawn,
    parties_of_fact,
)
from scheduler.plan.membership import members
from scheduler.plan.messages.digest import (
    Digest,
    DigestChange,
    DigestDone,
    DigestDue,
    DigestHealth,
    DigestIncomplete,
    DigestMails,
    DigestUndecided,
)
from scheduler.plan.messages.message import DigestMessage
from scheduler.plan.messages.reminders import describe_missing
from scheduler.plan.messages.response_summary import ResponseEntry
from scheduler.plan.model import Milestone, Occurrence, Party, Plan
from scheduler.plan.obligations import Dated, Obligation
from scheduler.plan.recipients import Recipient, bounced_addresses, contacts_for, silent_addresses
from scheduler.plan.status import Cell, draw_board, part_came_on
from scheduler.ports import MessageRow

WEEK = timedelta(days=7)
AHEAD = 14  # days
SHOWN = 5  # the most subjects of failed mails that are listed
MOVING = (Extended, Waived, DateFixed, Amended, Nominated)  # facts that change a date or a duty
INCOMPLETE = ("partial", "overdue_partial", "declared", "in_review", "revision", "overdue")


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSchedule:
    """The weekday (Monday is 0) and local time of the digest, and the group or party that receives it."""

    weekday: int = 0
    at: time = time(8)
    to: str = "lead"


def last_digest(plan: Plan, weekly: DigestSchedule, now: datetime) -> datetime:
    """Return the latest instant, not after `now`, at which a digest of the plan is due (UTC)."""
    today = local_day(now, plan.zone)
    day = today - timedelta(days=(today.weekday() - weekly.weekday) % 7)
    at = _on_working_day(plan, weekly, day)
    return at if at <= now else _on_working_day(plan, weekly, day - WEEK)


def next_digest(plan: Plan, weekly: DigestSchedule, now: datetime) -> datetime:
    """Return the first instant after `now` at which a digest of the plan is due (UTC)."""
    today = local_day(now, plan.zone)
    day = today - timedelta(days=(today.weekday() - weekly.weekday) % 7)
    at = _on_working_day(plan, weekly, day)
    return at if at > now else _on_working_day(plan, weekly, day + WEEK)


def digest_recipients(plan: Plan, weekly: DigestSchedule, facts: Sequence[Fact], now: datetime) -> list[Recipient]:
    """Return the contacts that receive the digest."""
    silent = silent_addresses(plan, drop_withdrawn(facts), now)
    parties = [plan.parties[party] for party in members(plan, weekly.to) if party in plan.parties]
    return [r for party in parties for r in contacts_for(party, with_head=False, avoided=silent)]


def digest_message(agenda: Agenda, digest: Digest, to: Recipient, now: datetime) -> DigestMessage:
    """Return the message that carries the digest to one contact."""
    return DigestMessage(
        key=f"digest/{agenda.plan.id}/{digest.first}/{to.contact.email}",
        plan=agenda.plan,
        party=to.party,
        to=to.contact,
        now=now,
        digest=digest,
    )


def draw_digest(agenda: Agenda, facts: Sequence[Fact], now: datetime, health: DigestHealth) -> Digest:
    """Return the digest of a plan for the week of `now`."""
    today = local_day(now, agenda.plan.zone)
    monday = today - timedelta(days=today.weekday())
    cells = [cell for cell in draw_board(agenda, now) if not cell.obligation.attends]
    ahead = _due(agenda, cells, today)
    return Digest(
        week=today.isocalendar().week,
        first=monday,
        last=monday + 6 * ONE_DAY,
        done=tuple(_done(agenda.plan, cells, now - WEEK)),
        due=tuple(item for item in ahead if item.day <= today + AHEAD * ONE_DAY),
        incomplete=tuple(_incomplete(agenda.plan, (cell for cell in cells if cell.code in INCOMPLETE))),
        lacking=tuple(_incomplete(agenda.plan, (cell for cell in cells if cell.lacks_copy))),
        unchecked=tuple(_unchecked(agenda.plan, cells)),
        undecided=tuple(_undecided(agenda.plan, cells)),
        undated=tuple(_milestones(agenda.plan, (c.obligation for c in cells if c.code == "undated"))),
        changed=tuple(_changed(agenda.plan, facts, now - WEEK)),
        health=health,
        next_milestone=ahead[0] if ahead else None,
    )


def read_health(
    plan: Plan,
    facts: Sequence[Fact],
    mails: Iterable[MessageRow],
    outages: Sequence[tuple[datetime, datetime]],
    last_tick: datetime | None,
    now: datetime,
) -> DigestHealth:
    """Return how the system did in the past week; a bouncing address is listed until it is corrected.

    `outages` are pairs of a first and a last instant (UTC).
    """
    recent = [mail for mail in mails if mail.settled_at is not None and mail.settled_at > now - WEEK]
    return DigestHealth(
        outages=tuple(span for span in outages if span[1] > now - WEEK),
        bounced=tuple(_bounced(plan, facts)),
        failed=_mails(mail for mail in recent if mail.state == "failed"),
        ambiguous=_mails(mail for mail in recent if mail.state == "ambiguous"),
        last_tick=last_tick,
    )


def _bounced(plan: Plan, facts: Sequence[Fact]) -> Iterable[tuple[Party, str]]:
    bounced = bounced_addresses(drop_withdrawn(facts))
    for party in plan.parties.values():
        for contact in party.contacts:
            if contact.email in bounced:
                yield party, contact.email


def _on_working_day(plan: Plan, weekly: DigestSchedule, day: date) -> datetime:
    return to_instant(plan.workdays.on_or_after(day), weekly.at, plan.zone)


def _done(plan: Plan, cells: Sequence[Cell], since: datetime) -> Iterable[DigestDone]:
    def is_new(o: Obligation) -> bool:
        closing = o.standing.closed_by
        return closing is not None and closing.kind != "waived" and closing.recorded_at > since

    for milestone, parties in _grouped(plan, (c.obligation for c in cells if is_new(c.obligation))):
        yield DigestDone(milestone=milestone, parties=parties)


def _unchecked(plan: Plan, cells: Sequence[Cell]) -> Iterable[DigestDone]:
    waiting = (cell.obligation for cell in cells if cell.code in ("submitted", "resubmitted"))
    for milestone, parties in _grouped(plan, waiting):
        yield DigestDone(milestone=milestone, parties=parties)


def _due(agenda: Agenda, cells: Sequence[Cell], today: date) -> list[DigestDue]:
    """Return what is ahead, ordered by day: what is open, or waits for its parties."""
    plan = agenda.plan
    found: dict[tuple[date, str], list[Obligation]] = {}
    for o in (cell.obligation for cell in cells):
        day = _day_ahead(o, today)
        if day is not None and not o.unknown and o.standing.state != "waived":
            found.setdefault((day, o.milestone), []).append(o)
    ahead = {key: _owed_ahead(plan, *key, owed) for key, owed in found.items()}
    ahead = {key: item for key, item in ahead.items() if item.parties}
    owed_milestones = {id for _, id in found}
    for one in agenda.unassigned:
        day = _day_ahead(one, today)
        if day is not None and one.is_open and one.milestone not in owed_milestones:
            milestone = plan.milestone(one.milestone)
            ahead[day, one.milestone] = DigestDue(
                day=day, milestone=milestone, due=one.due, event=one.event, is_unassigned=True
            )
    return [ahead[key] for key in sorted(ahead)]


def _owed_ahead(plan: Plan, day: date, id: str, owed: Sequence[Obligation]) -> DigestDue:
    waiting, milestone = [o for o in owed if o.standing.is_open], plan.milestone(id)
    is_counted = milestone.kind == "deadline"
    return DigestDue(
        day=day,
        milestone=milestone,
        parties=tuple(plan.parties[o.party] for o in waiting),
        answered=len(owed) - len(waiting) if is_counted else 0,
        total=len(owed) if is_counted else 0,
        due=owed[0].due,
        event=owed[0].event,
    )


def _day_ahead(dated: Dated, today: date) -> date | None:
    """Return the day, from today on, on which it takes place or is to be sent; None if there is none.

    After the target day that is the last day in time.
    """
    days: tuple[date, ...] = ()
    if dated.event is not None:
        days = (dated.event.first,)
    elif dated.due is not None:
        days = (dated.due.target, dated.due.last_in_time)
    return next((day for day in days if day >= today), None)


def _incomplete(plan: Plan, cells: Iterable[Cell]) -> Iterable[DigestIncomplete]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.obligation.milestone, []).append(cell)
    for id, missing in found.items():
        milestone = plan.milestone(id)
        entries = tuple(
            ResponseEntry(
                party=plan.parties[cell.obligation.party],
                status=cell.code,
                missing=describe_missing(milestone, cell.obligation),
                channels=cell.missing_channels,
                came_on=part_came_on(cell, plan.zone),
            )
            for cell in missing
        )
        yield DigestIncomplete(milestone=milestone, entries=entries, due=missing[0].obligation.due)


def _undecided(plan: Plan, cells: Sequence[Cell]) -> Iterable[DigestUndecided]:
    seen: set[str] = set()
    for cell in cells:
        o = cell.obligation
        if cell.code == "tentative" and o.milestone not in seen:
            seen.add(o.milestone)
            yield DigestUndecided(milestone=plan.milestone(o.milestone), window=o.window, due=o.due)


def _changed(plan: Plan, facts: Sequence[Fact], since: datetime) -> Iterable[DigestChange]:
    known = {milestone.id for milestone in plan.milestones}
    for fact in drop_withdrawn(facts):
        if isinstance(fact, MOVING) and fact.recorded_at > since:
            id = Occurrence.of(fact.milestone or "").milestone
            yield DigestChange(
                fact=fact,
                milestone=plan.milestone(id) if id in known else None,
                parties=tuple(plan.parties[party] for party in parties_of_fact(fact) if party in plan.parties),
            )


def _mails(mails: Iterable[MessageRow]) -> DigestMails:
    subjects = [mail.mail.subject for mail in mails]
    return DigestMails(count=len(subjects), subjects=tuple(dict.fromkeys(subjects))[:SHOWN])


def _grouped(plan: Plan, obligations: Iterable[Obligation]) -> Iterable[tuple[Milestone, tuple[Party, ...]]]:
    found: dict[str, list[Party]] = {}
    for o in obligations:
        found.setdefault(o.milestone, []).append(plan.parties[o.party])
    for id, parties in found.items():
        yield plan.milestone(id), tuple(parties)


def _milestones(plan: Plan, obligations: Iterable[Obligation]) -> Iterable[Milestone]:
    return (milestone for milestone, _ in _grouped(plan, obligations))
