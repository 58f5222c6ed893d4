"""The notices to the lead of what parties have sent by themselves. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar

from scheduler.plan.agenda import Agenda, RungLike
from scheduler.plan.facts import Received, recording_order
from scheduler.plan.messages.message import SubmissionEntry, SubmissionMessage
from scheduler.plan.messages.reminders import describe_missing
from scheduler.plan.notices import fact_of
from scheduler.plan.recipients import lead_officers

_R = TypeVar("_R", bound=RungLike)


def submission_messages(
    agenda: Agenda, rows: Sequence[_R], now: datetime, avoided: Collection[str]
) -> list[tuple[SubmissionMessage, tuple[_R, ...]]]:
    """Return one message for each officer of the lead about everything that is due now, with the rungs it carries.

    A row whose fact no longer counts is in no message.
    """
    found = [(entry, row) for row in rows if (entry := _describe(agenda, row)) is not None]
    if not found:
        return []
    entries = tuple(entry for entry, _ in sorted(found, key=lambda each: each[0].fact.id))
    carried, numbers = tuple(row for _, row in found), ",".join(str(entry.fact.id) for entry in entries)
    return [
        (
            SubmissionMessage(
                key="/".join((agenda.plan.id, "submission", numbers, to.contact.email)),
                plan=agenda.plan,
                party=to.party,
                to=to.contact,
                now=now,
                entries=entries,
            ),
            carried,
        )
        for to in lead_officers(agenda.plan, avoided)
    ]


def _describe(agenda: Agenda, row: RungLike) -> SubmissionEntry | None:
    o = agenda.by_key.get((row.milestone, row.party))
    facts = o.facts if o is not None else ()
    fact = next((fact for fact in facts if isinstance(fact, Received) and fact.id == fact_of(row.name)), None)
    if o is None or fact is None:
        return None
    milestone, closed_by = agenda.plan.milestone(o.milestone), o.standing.closed_by
    return SubmissionEntry(
        milestone=milestone,
        occurrence=o.milestone,
        party=agenda.plan.parties[o.party],
        fact=fact,
        missing=describe_missing(milestone, o),
        is_late=o.due is not None and o.due.is_late(o.standing.complete_at or fact.happened_at),
        is_again=closed_by is not None and recording_order(closed_by) < recording_order(fact),
    )
