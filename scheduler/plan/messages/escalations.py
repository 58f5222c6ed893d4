"""Escalations: reports to superiors that a party has not answered. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from scheduler.plan.agenda import REMINDERS, Agenda, RungLike
from scheduler.plan.facts import Extended
from scheduler.plan.messages.message import Message
from scheduler.plan.messages.reminders import describe_missing
from scheduler.plan.messages.response_summary import ResponseEntry, ResponseSummary
from scheduler.plan.model import Milestone
from scheduler.plan.obligations import Obligation
from scheduler.plan.recipients import Recipient, escalation_named, superiors
from scheduler.plan.status import read_cell

_R = TypeVar("_R", bound=RungLike)

NoticeCounts = Mapping[str, int]  # reminders and overdue notices that were sent, by party


def escalation_messages(
    agenda: Agenda, rows: Sequence[_R], now: datetime, bounced: Collection[str], notices: NoticeCounts
) -> list[tuple[Message, tuple[_R, ...]]]:
    """Return one message for each superior to whom these rungs are reported, with the rungs it carries.

    `rows` share one milestone and rung name. A row of a party without superiors is in no message.
    """
    milestone = agenda.plan.milestone(rows[0].milestone)
    escalation = escalation_named(milestone, rows[0].name)
    if escalation is None:
        return []
    carried: dict[str, tuple[Recipient, list[_R]]] = {}
    for row in rows:
        for recipient in superiors(agenda.plan, escalation, row.party, bounced):
            carried.setdefault(recipient.contact.email, (recipient, []))[1].append(row)
    return [(_escalation(agenda, milestone, to, about, now, notices), tuple(about)) for to, about in carried.values()]


def count_notices(rows: Iterable[RungLike]) -> dict[str, int]:
    """Return the number of sent reminders and overdue notices for each party that has such rungs in `rows`."""
    counts: dict[str, int] = {}
    for row in rows:
        if row.kind in REMINDERS:
            counts[row.party] = counts.get(row.party, 0) + (row.state == "sent")
    return counts


def _escalation(
    agenda: Agenda,
    milestone: Milestone,
    to: Recipient,
    rows: Sequence[RungLike],
    now: datetime,
    notices: NoticeCounts,
) -> Message:
    first = rows[0]
    carried = ",".join(f"{row.party}:{row.due}" for row in rows)
    obligation = agenda.by_key[first.milestone, first.party]
    return Message(
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
        roll=_summarise(agenda, milestone, first.milestone, now, notices),
    )


def _summarise(
    agenda: Agenda, milestone: Milestone, occurrence: str, now: datetime, notices: NoticeCounts
) -> ResponseSummary:
    plan = agenda.plan
    own = [o for o in agenda.obligations if o.milestone == occurrence and not o.attends and o.is_current(now)]
    unanswered = [o for o in own if o.standing.is_open or o.standing.state == "waived"]
    missing = [o for o in unanswered if o.is_overdue(now)]
    waiting = [o for o in plan.milestones if milestone.id in o.needs]
    affects = waiting[0] if waiting else None
    return ResponseSummary(
        entries=tuple(
            ResponseEntry(
                party=plan.parties[o.party],
                status=read_cell(agenda, o, now).code,
                missing=describe_missing(milestone, o),
                notices=notices.get(o.party, 0),
            )
            for o in missing
        ),
        apart=tuple(
            ResponseEntry(party=plan.parties[o.party], status=_why_apart(agenda, o, now))
            for o in unanswered
            if not o.is_overdue(now)
        ),
        lacking=tuple(
            ResponseEntry(party=plan.parties[o.party], status=cell.code, channels=cell.missing_channels)
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
    is_extended = o.standing.is_open and isinstance(o.decided_by, Extended)
    return "extended" if is_extended else read_cell(agenda, o, now).code
