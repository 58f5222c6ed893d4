"""Who is written to about a rung or a fact, and what the letter says. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from scheduler.plan.agenda import REMINDERS, Agenda, Rung
from scheduler.plan.board import read_cell, still_needed
from scheduler.plan.dispatch_policy import opening
from scheduler.plan.due_dates import local_day
from scheduler.plan.messages.message import Letter, MessageKind, Outage, OutageEntry, Roll, RollEntry
from scheduler.plan.model import Before, By, Deliverable, Fact, Milestone, On, Plan, Window
from scheduler.plan.obligations import Obligation, begins_at
from scheduler.plan.recipients import (
    Recipient,
    contacts_for,
    escalation_named,
    lead_officers,
    operators,
    superiors,
)
from scheduler.ports import RungRow

CLAIMS = ("declared", "disowned")  # facts that a party states of itself
Notices = Mapping[str, int]  # reminders that really left, by party


def letters_for(agenda: Agenda, row: RungRow, now: datetime, bounced: Collection[str]) -> list[Letter]:
    """Return the letters of one rung that is not an escalation, one for each contact."""
    return [letter_for(agenda, row, recipient, now) for recipient in recipients_of(agenda.plan, row, bounced)]


def recipients_of(plan: Plan, step: RungRow | Rung, bounced: Collection[str]) -> list[Recipient]:
    """Return who is written to about a promise."""
    if step.kind == "escalation":
        escalation = escalation_named(plan.milestone(step.milestone), step.name)
        return superiors(plan, escalation, step.party, bounced) if escalation else []
    return contacts_for(plan.parties[step.party], with_head=step.kind == "overdue", bounced=bounced)


def letter_for(agenda: Agenda, row: RungRow, to: Recipient, now: datetime) -> Letter:
    """Return the letter of one rung to one contact."""
    plan, milestone = agenda.plan, agenda.plan.milestone(row.milestone)
    key = "/".join((plan.id, row.milestone, row.party, row.name, str(row.due), to.contact.email))
    obligation = agenda.by_key.get((row.milestone, row.party))
    asked = [g for g, o in agenda.nominations if (o.milestone, o.party) == (row.milestone, row.party)]
    open_groups = [group for group in asked if group.id not in agenda.nominated]
    chosen = open_groups[0] if row.kind == "choose" and open_groups else None
    return Letter(
        key=key,
        kind=row.kind,
        plan=plan,
        party=to.party,
        to=to.contact,
        now=now,
        rung=row.name,
        milestone=milestone,
        occurrence=row.milestone,
        due=obligation.due if obligation else None,
        event=obligation.event if obligation else None,
        place=obligation.place if obligation else "",
        window=obligation.window if obligation else None,
        missing=describe_missing(milestone, obligation),
        received=_received(milestone, obligation),
        waits_for=() if obligation and obligation.attends else tuple(still_needed(agenda, milestone, now)),
        group=chosen,
        candidates=tuple(plan.parties[p] for p in _candidates(agenda)) if chosen else (),
    )


def escalation_letters(
    agenda: Agenda, rows: Sequence[RungRow], now: datetime, bounced: Collection[str], notices: Notices
) -> list[tuple[Letter, tuple[RungRow, ...]]]:
    """Return one letter for each contact to be told of these rungs, with the rungs it carries.

    `rows` share one milestone and rung name. A row that nobody stands above is in no letter.
    """
    milestone = agenda.plan.milestone(rows[0].milestone)
    escalation = escalation_named(milestone, rows[0].name)
    if escalation is None:
        return []
    carried: dict[str, tuple[Recipient, list[RungRow]]] = {}
    for row in rows:
        for recipient in superiors(agenda.plan, escalation, row.party, bounced):
            carried.setdefault(recipient.contact.email, (recipient, []))[1].append(row)
    return [(_escalation(agenda, milestone, to, about, now, notices), tuple(about)) for to, about in carried.values()]


def count_notices(rows: Iterable[RungRow]) -> dict[str, int]:
    """Return how many reminders and overdue notices of a milestone left, for each party that was promised one."""
    counts: dict[str, int] = {}
    for row in rows:
        if row.kind in REMINDERS:
            counts[row.party] = counts.get(row.party, 0) + (row.state == "sent")
    return counts


def _escalation(
    agenda: Agenda, milestone: Milestone, to: Recipient, rows: Sequence[RungRow], now: datetime, notices: Notices
) -> Letter:
    first = rows[0]
    carried = ",".join(f"{row.party}:{row.due}" for row in rows)
    obligation = agenda.by_key[first.milestone, first.party]
    return Letter(
        key="/".join((agenda.plan.id, first.milestone, first.name, carried, to.contact.email)),
        kind="escalation",
        plan=agenda.plan,
        party=to.party,
        to=to.contact,
        now=now,
        rung=first.name,
        milestone=milestone,
        occurrence=first.milestone,
        due=obligation.due,
        roll=_roll(agenda, milestone, first.milestone, now, notices),
    )


def _roll(agenda: Agenda, milestone: Milestone, occurrence: str, now: datetime, notices: Notices) -> Roll:
    plan = agenda.plan
    own = [o for o in agenda.obligations if o.milestone == occurrence and not o.attends and o.is_current(now)]
    unanswered = [o for o in own if o.standing.is_open or o.standing.state == "waived"]
    missing = [o for o in unanswered if o.is_overdue(now)]
    waiting = [o for o in plan.milestones if milestone.id in o.needs]
    affects = waiting[0] if waiting else None
    return Roll(
        entries=tuple(
            RollEntry(
                party=plan.parties[o.party],
                status=read_cell(agenda, o, now).code,
                missing=describe_missing(milestone, o),
                notices=notices.get(o.party, 0),
            )
            for o in missing
        ),
        apart=tuple(
            RollEntry(party=plan.parties[o.party], status=_why_apart(agenda, o, now))
            for o in unanswered
            if not o.is_overdue(now)
        ),
        lacking=tuple(
            RollEntry(party=plan.parties[o.party], status=cell.code, channels=cell.missing_channels)
            for o in own
            if (cell := read_cell(agenda, o, now)).lacks_copy
        ),
        submitted=tuple(plan.parties[o.party] for o in own if o.standing.state in ("submitted", "resubmitted")),
        accepted=tuple(plan.parties[o.party] for o in own if o.standing.state == "accepted"),
        total=len(own),
        affects=affects,
        affects_due=next((o.due for o in agenda.obligations if affects and o.milestone == affects.id), None),
    )


def _why_apart(agenda: Agenda, o: Obligation, now: datetime) -> str:
    is_extended = o.standing.is_open and o.decided_by is not None and o.decided_by.kind == "extended"
    return "extended" if is_extended else read_cell(agenda, o, now).code


def notice_letters(agenda: Agenda, fact: Fact, now: datetime, bounced: Collection[str]) -> list[Letter]:
    """Return the letters that a fact itself causes: a receipt, a return, a change (`agenda` knows the fact).

    What a party says of itself goes to the lead, too; said again on the same day it causes none (rule 17).
    """
    plan = agenda.plan
    if fact.kind in ("received", "returned", *CLAIMS):
        concerned = [agenda.by_key[fact.milestone or "", fact.party]] if fact.party else []
        if fact.kind in CLAIMS and any(_was_said_today(plan, o, fact) for o in concerned):
            return []
    else:
        concerned = [o for o in agenda.obligations if _is_told(agenda, o, fact, now)]
    kind = _KINDS.get(fact.kind, "change")
    wanted: list[tuple[Obligation, MessageKind, Recipient]] = []
    if kind is not None:
        wanted += [(o, kind, to) for o in concerned for to in _contacts(plan, o, bounced)]
    if fact.kind in CLAIMS:
        wanted += [(o, "notice", to) for o in concerned for to in lead_officers(plan, bounced)]
    return [_notice(agenda, o, fact, about, to, now) for o, about, to in wanted]


_KINDS: Mapping[str, MessageKind | None] = {  # what the party itself is written
    "received": "receipt",
    "declared": "receipt",
    "disowned": None,
    "returned": "return",
}


def _contacts(plan: Plan, o: Obligation, bounced: Collection[str]) -> list[Recipient]:
    return contacts_for(plan.parties[o.party], with_head=False, bounced=bounced)


def _was_said_today(plan: Plan, o: Obligation, fact: Fact) -> bool:
    said = o.standing.declared if fact.kind == "declared" else o.standing.disowned
    day = local_day(fact.recorded_at, plan.zone)
    return any(f.id != fact.id and local_day(f.recorded_at, plan.zone) == day for f in said)


def _is_told(agenda: Agenda, o: Obligation, fact: Fact, now: datetime) -> bool:
    """Return whether a party is written to because a fact changed its date or released it.

    It is told of what it knew otherwise, not of the first day of something: that is the invitation,
    or the ladder. What is done, over or in doubt is left alone.
    """
    milestone = agenda.plan.milestone(o.milestone)
    if milestone.id != (fact.milestone or "").partition("@")[0] or not o.is_current(now) or o.unknown:
        return False
    if fact.kind == "waived":
        is_news = o.standing.state == "waived" and _is_by(o.standing.closed_by, fact)
        return is_news and (milestone.kind == "deadline" or _is_told_day_ahead(agenda, o, now))
    if not _is_by(o.decided_by, fact):
        return False
    return fact.kind == "extended" or (o.standing.is_open and _is_moved(agenda, o, now))


def _is_moved(agenda: Agenda, o: Obligation, now: datetime) -> bool:
    """Return whether the date that holds is another than the one a party knows."""
    if o.told is not None:
        if o.event is None:
            return _is_told_day_ahead(agenda, o, now)
        leaves = opening(agenda.plan, o.milestone, now)
        return (o.event, o.place) != o.told and leaves < begins_at(o.event, agenda.plan)
    if o.event is not None or o.attends:
        return not o.invited and isinstance(o.was, On) and o.was != o.event
    return isinstance(o.was, Before | By | Window) and o.was != (o.window or (o.due and o.due.form))


def _is_told_day_ahead(agenda: Agenda, o: Obligation, now: datetime) -> bool:
    return o.told is not None and now < begins_at(o.told.event, agenda.plan)


def _is_by(decision: Fact | None, fact: Fact) -> bool:
    return decision is not None and decision.id == fact.id


def _notice(agenda: Agenda, o: Obligation, fact: Fact, kind: MessageKind, to: Recipient, now: datetime) -> Letter:
    plan, milestone = agenda.plan, agenda.plan.milestone(o.milestone)
    return Letter(
        key=f"{plan.id}/{kind}/{fact.id}/{to.contact.email}",
        kind=kind,
        plan=plan,
        party=to.party,
        to=to.contact,
        now=now,
        milestone=milestone,
        occurrence=o.milestone,
        due=o.due,
        event=o.event,
        place=o.place,
        window=o.window,
        was=(None if fact.kind == "waived" and not o.told else o.was) if kind == "change" else None,
        place_was=o.told.place if o.told else "",
        missing=describe_missing(milestone, o),
        received=_received(milestone, o),
        fact=fact,
    )


def outage_letters(
    agendas: Sequence[Agenda], entries: Mapping[str, Sequence[OutageEntry]], outage: Outage, emails: Sequence[str]
) -> list[Letter]:
    """Return one letter for each operator about everything the outage touched in their plans."""
    letters: dict[str, Letter] = {}
    for agenda in agendas:
        plan = agenda.plan
        for party, contact in operators(plan, emails) if entries.get(plan.id) else ():
            known = letters.get(contact.email)
            touched = (*(known.outage.entries if known and known.outage else ()), *entries[plan.id])
            letters[contact.email] = Letter(
                key=f"outage/{outage.since.isoformat()}/{contact.email}",
                kind="outage",
                plan=known.plan if known else plan,
                party=known.party if known else party,
                to=contact,
                now=outage.until,
                outage=Outage(since=outage.since, until=outage.until, entries=touched),
            )
    return list(letters.values())


def describe_missing(milestone: Milestone, obligation: Obligation | None) -> tuple[Deliverable, ...]:
    """Return the documents still owed, all of them where nothing is known."""
    if obligation is None:
        return milestone.deliverables
    return tuple(d for d in milestone.deliverables if d.id in obligation.standing.missing)


def _received(milestone: Milestone, obligation: Obligation | None) -> tuple[Deliverable, ...]:
    missing = {d.id for d in describe_missing(milestone, obligation)}
    return tuple(d for d in milestone.deliverables if d.id not in missing)


def _candidates(agenda: Agenda) -> tuple[str, ...]:
    group = agenda.plan.groups.get("members")
    return group.parties if group else tuple(p.id for p in agenda.plan.parties.values() if not p.external)
