"""Escalations: reports to superiors that a party has not answered. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from scheduler.plan.agenda import REMINDERS, Agenda, RungLike
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.facts import Extended
from scheduler.plan.messages.message import EscalationMessage
from scheduler.plan.messages.reminders import describe_missing
from scheduler.plan.messages.response_summary import ResponseEntry, ResponseSummary
from scheduler.plan.model import Milestone, Party
from scheduler.plan.obligations import Obligation
from scheduler.plan.recipients import Recipient, escalation_named, superiors
from scheduler.plan.standing import StandingState
from scheduler.plan.status import Cell, part_came_on, read_cell

_R = TypeVar("_R", bound=RungLike)

NoticeCounts = Mapping[str, int]  # reminders and overdue notices that were sent, by party


def escalation_messages(
    agenda: Agenda, rows: Sequence[_R], now: datetime, avoided: Collection[str], notices: NoticeCounts
) -> list[tuple[EscalationMessage, tuple[_R, ...]]]:
    """Return one message for each superior to whom these rungs are reported, with the rungs it carries.

    `rows` share one milestone and rung name. A row of a party without superiors is in no message.
    """
    milestone = agenda.plan.milestone(rows[0].milestone)
    escalation = escalation_named(milestone, rows[0].name)
    if escalation is None:
        return []
    carried: dict[str, tuple[Recipient, list[_R]]] = {}
    for row in rows:
        for recipient in superiors(agenda.plan, escalation, row.party, avoided):
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
) -> EscalationMessage:
    first = rows[0]
    carried = ",".join(f"{row.party}:{row.due}" for row in rows)
    obligation = agenda.by_key[first.milestone, first.party]
    return EscalationMessage(
        key="/".join((agenda.plan.id, first.milestone, first.name, carried, to.contact.email)),
        plan=agenda.plan,
        party=to.party,
        to=to.contact,
        now=now,
        rung=first.name,
        milestone=milestone,
        occurrence=first.milestone,
        when=obligation.when,
        roll=_summarise(agenda, milestone, first.milestone, now, notices),
    )


def _summarise(
    agenda: Agenda, milestone: Milestone, occurrence: str, now: datetime, notices: NoticeCounts
) -> ResponseSummary:
    own = [o for o in agenda.by_milestone.get(occurrence, ()) if not o.attends and o.is_current(now)]
    cells = [read_cell(agenda, o, now) for o in own]
    overdue, others = _unanswered(cells, now)
    affects = next((other for other in agenda.plan.milestones if milestone.id in other.needs), None)
    return ResponseSummary(
        entries=tuple(_describe_overdue(agenda, milestone, cell, notices) for cell in overdue),
        apart=tuple(_describe_apart(agenda, cell) for cell in others),
        lacking=tuple(_describe_lacking(agenda, cell) for cell in cells if cell.lacks_copy),
        submitted=_in_state(agenda, own, "submitted", "resubmitted"),
        accepted=_in_state(agenda, own, "accepted"),
        total=len(own),
        affects=affects,
        affects_due=_due_of(agenda, affects),
    )


def _describe_overdue(agenda: Agenda, milestone: Milestone, cell: Cell, notices: NoticeCounts) -> ResponseEntry:
    o = cell.obligation
    missing, sent = describe_missing(milestone, o), notices.get(o.party, 0)
    return ResponseEntry(
        party=_party(agenda, cell),
        status=cell.code,
        missing=missing,
        notices=sent,
        came_on=part_came_on(cell, agenda.plan.zone),
    )


def _party(agenda: Agenda, cell: Cell) -> Party:
    return agenda.plan.parties[cell.obligation.party]


def _due_of(agenda: Agenda, milestone: Milestone | None) -> DueDate | None:
    own = agenda.by_milestone.get(milestone.id, ()) if milestone else ()
    return own[0].due if own else None


def _unanswered(cells: Iterable[Cell], now: datetime) -> tuple[list[Cell], list[Cell]]:
    """Return the cells without an answer that are overdue, and the others: with more time, released, in doubt."""
    found = [cell for cell in cells if cell.obligation.standing.is_open or cell.obligation.standing.state == "waived"]
    overdue = [cell for cell in found if cell.obligation.is_overdue(now)]
    return overdue, [cell for cell in found if cell not in overdue]


def _in_state(agenda: Agenda, own: Iterable[Obligation], *states: StandingState) -> tuple[Party, ...]:
    return tuple(agenda.plan.parties[o.party] for o in own if o.standing.state in states)


def _describe_apart(agenda: Agenda, cell: Cell) -> ResponseEntry:
    o = cell.obligation
    is_extended = o.standing.is_open and isinstance(o.decided_by, Extended)
    return ResponseEntry(party=_party(agenda, cell), status="extended" if is_extended else cell.code)


def _describe_lacking(agenda: Agenda, cell: Cell) -> ResponseEntry:
    return ResponseEntry(party=_party(agenda, cell), status=cell.code, channels=cell.missing_channels)
