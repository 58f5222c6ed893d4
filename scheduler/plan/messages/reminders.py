"""The messages of a rung, and their recipients. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from scheduler.plan.agenda import Agenda, RungLike
from scheduler.plan.messages.message import Message
from scheduler.plan.model import Deliverable, Group, Milestone, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.recipients import Recipient, contacts_for, escalation_named, superiors
from scheduler.plan.status import still_needed


def messages_for(agenda: Agenda, row: RungLike, now: datetime, bounced: Collection[str]) -> list[Message]:
    """Return the messages of one rung, one for each recipient; for escalations use `escalation_messages`."""
    return [message_for(agenda, row, recipient, now) for recipient in recipients_of(agenda.plan, row, bounced)]


def recipients_of(plan: Plan, step: RungLike, bounced: Collection[str]) -> list[Recipient]:
    """Return the recipients of a rung.

    An escalation goes to the superiors of the party, everything else to its own contacts; overdue notices also
    go to its heads.
    """
    if step.kind == "escalation":
        escalation = escalation_named(plan.milestone(step.milestone), step.name)
        return superiors(plan, escalation, step.party, bounced) if escalation else []
    return contacts_for(plan.parties[step.party], with_head=step.kind == "overdue", bounced=bounced)


def message_for(agenda: Agenda, row: RungLike, to: Recipient, now: datetime) -> Message:
    """Return the message of one rung to one recipient."""
    plan, milestone = agenda.plan, agenda.plan.milestone(row.milestone)
    key = "/".join((plan.id, row.milestone, row.party, row.name, str(row.due), to.contact.email))
    obligation, chosen = agenda.by_key.get((row.milestone, row.party)), _group_to_choose(agenda, row)
    return Message(
        key=key,
        kind=row.kind,
        plan=plan,
        party=to.party,
        to=to.contact,
        now=now,
        rung=row.name,
        milestone=milestone,
        occurrence=row.milestone,
        **_dates_of(obligation),
        missing=describe_missing(milestone, obligation),
        received=describe_received(milestone, obligation),
        waits_for=() if obligation and obligation.attends else tuple(still_needed(agenda, milestone, now)),
        group=chosen,
        candidates=tuple(plan.parties[p] for p in _candidates(agenda)) if chosen else (),
    )


def _dates_of(obligation: Obligation | None) -> dict[str, Any]:
    if obligation is None:
        return {}
    return {
        "due": obligation.due,
        "event": obligation.event,
        "place": obligation.place,
        "window": obligation.window,
    }


def _group_to_choose(agenda: Agenda, row: RungLike) -> Group | None:
    """Return the first group about which a rung asks and that has not been filled."""
    if row.kind != "choose":
        return None
    asked = [group for group, o in agenda.nominations if o.key == (row.milestone, row.party)]
    return next((group for group in asked if group.id not in agenda.nominated), None)


def describe_missing(milestone: Milestone, obligation: Obligation | None) -> tuple[Deliverable, ...]:
    """Return the documents still owed; all of them if there is no obligation."""
    if obligation is None:
        return milestone.deliverables
    return tuple(d for d in milestone.deliverables if d.id in obligation.standing.missing)


def describe_received(milestone: Milestone, obligation: Obligation | None) -> tuple[Deliverable, ...]:
    """Return the documents that have been received."""
    missing = {d.id for d in describe_missing(milestone, obligation)}
    return tuple(d for d in milestone.deliverables if d.id not in missing)


def _candidates(agenda: Agenda) -> tuple[str, ...]:
    group = agenda.plan.groups.get("members")
    return group.parties if group else tuple(p.id for p in agenda.plan.parties.values() if not p.external)
