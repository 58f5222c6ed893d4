"""Who is written to about a rung or a fact, and what the letter says. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from scheduler.plan.agenda import Agenda
from scheduler.plan.board import read_cell, still_needed
from scheduler.plan.dates import DueDate, local_day
from scheduler.plan.letters import Letter, MessageKind, Outage, OutageEntry, Roll, RollEntry
from scheduler.plan.model import Deliverable, Fact, Milestone, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.recipients import Recipient, contacts_for, escalation_named, lead_officers, operators, superiors
from scheduler.ports import RungRow

CLAIMS = ("declared", "disowned")  # facts that a party states of itself
_TOLD: Mapping[str, tuple[MessageKind, ...]] = {  # which facts the party itself gets which mail about
    "received": ("receipt",),
    "declared": ("receipt",),
    "returned": ("return",),
    "extended": ("change",),
}
Notices = Mapping[str, int]  # reminders that really left, by party


def letters_for(agenda: Agenda, row: RungRow, now: datetime, bounced: Collection[str]) -> list[Letter]:
    """Return the letters of one rung that is not an escalation, one for each contact."""
    party = agenda.plan.parties[row.party]
    recipients = contacts_for(party, with_head=row.kind == "overdue", bounced=bounced)
    return [letter_for(agenda, row, recipient, now) for recipient in recipients]


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
        waits_for=tuple(still_needed(agenda, milestone, now)),
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
    missing = [o for o in own if o.standing.is_open and o.due is not None and o.due.is_late(now)]
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
        submitted=tuple(plan.parties[o.party] for o in own if o.standing.state in ("submitted", "resubmitted")),
        accepted=tuple(plan.parties[o.party] for o in own if o.standing.state == "accepted"),
        total=len(own),
        affects=affects,
        affects_due=next((o.due for o in agenda.obligations if affects and o.milestone == affects.id), None),
    )


def notice_letters(
    agenda: Agenda, fact: Fact, now: datetime, bounced: Collection[str], was: DueDate | None = None
) -> list[Letter]:
    """Return the letters that a fact itself causes: a receipt, a return, an extension (`was`: the date before).

    What a party says of itself goes to the lead, too. Said again on the same day it causes none (rule 17).
    """
    if fact.party is None or fact.milestone is None:
        return []
    plan, obligation = agenda.plan, agenda.by_key[fact.milestone, fact.party]
    if fact.kind in CLAIMS and _was_said_today(plan, obligation, fact):
        return []
    party = contacts_for(plan.parties[fact.party], with_head=False, bounced=bounced)
    found = [(kind, to) for kind in _TOLD.get(fact.kind, ()) for to in party]
    if fact.kind in CLAIMS:
        found += [("notice", to) for to in lead_officers(plan, bounced)]
    return list(_notices(agenda, fact, found, now, was))


def _was_said_today(plan: Plan, obligation: Obligation, fact: Fact) -> bool:
    said = obligation.standing.declared if fact.kind == "declared" else obligation.standing.disowned
    day = local_day(fact.recorded_at, plan.zone)
    return any(f.id != fact.id and local_day(f.recorded_at, plan.zone) == day for f in said)


def _notices(
    agenda: Agenda, fact: Fact, wanted: Iterable[tuple[MessageKind, Recipient]], now: datetime, was: DueDate | None
) -> Iterator[Letter]:
    plan, milestone = agenda.plan, agenda.plan.milestone(fact.milestone or "")
    obligation = agenda.by_key[fact.milestone or "", fact.party or ""]
    for kind, (party, contact) in wanted:
        yield Letter(
            key=f"{plan.id}/{kind}/{fact.id}/{contact.email}",
            kind=kind,
            plan=plan,
            party=party,
            to=contact,
            now=now,
            milestone=milestone,
            occurrence=obligation.milestone,
            due=obligation.due,
            was=was if kind == "change" else None,
            missing=describe_missing(milestone, obligation),
            received=_received(milestone, obligation),
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
