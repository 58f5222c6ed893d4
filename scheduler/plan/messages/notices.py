"""The messages of notices: receipts, returns, changes, corrections, and what the lead is told. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scheduler.plan.agenda import Agenda, RungLike
from scheduler.plan.facts import Declared, Disowned, Fact, Received, Returned, Waived
from scheduler.plan.message_kinds import NoticeKind
from scheduler.plan.messages.destinations import guests_to_invite
from scheduler.plan.messages.invitations import find_invitation
from scheduler.plan.messages.message import (
    ChangeMessage,
    CopyMessage,
    CorrectionMessage,
    FactMessage,
    NoticeMessage,
    ReceiptMessage,
    ReturnMessage,
)
from scheduler.plan.messages.reminders import describe_missing, describe_received
from scheduler.plan.notices import Change, fact_of
from scheduler.plan.obligations import Obligation
from scheduler.plan.recipients import Recipient
from scheduler.plan.status import read_cell


def notice_message(agenda: Agenda, kind: NoticeKind, row: RungLike, to: Recipient, now: datetime) -> FactMessage | None:
    """Return the message of a notice to one recipient, or None if what it is about no longer counts."""
    o = agenda.by_key.get((row.milestone, row.party))
    if o is None:
        return None
    number = fact_of(row.name)
    if kind == "correction":
        undone = next((r for r in agenda.retractions if r.by.id == number), None)
        if undone is None:
            return None
        common = _common(kind, agenda, o, undone.by, to, now)
        return CorrectionMessage(
            **common, fact=undone.by, withdrawn=undone.fact, is_owed=o.standing.is_open and not o.attends
        )
    about = (*o.facts, o.decided_by, o.moved_by)
    fact = next((fact for fact in about if fact is not None and fact.id == number), None)
    return None if fact is None else _message_about(agenda, kind, o, fact, to, now)


def _message_about(
    agenda: Agenda, kind: NoticeKind, o: Obligation, fact: Fact, to: Recipient, now: datetime
) -> FactMessage | None:
    common = _common(kind, agenda, o, fact, to, now)
    cell = read_cell(agenda, o, now)
    missing_channels = cell.missing_channels if cell.lacks_copy else ()
    match kind, fact:
        case "receipt", Received() | Declared():
            return ReceiptMessage(**common, fact=fact, missing_channels=missing_channels)
        case "copy", Received() if missing_channels:
            return CopyMessage(**common, fact=fact, missing_channels=missing_channels)
        case "return", Returned():
            return ReturnMessage(**common, fact=fact)
        case "notice", Declared() | Disowned():
            return NoticeMessage(**common, fact=fact)
        case "change", Waived():
            was = o.was if o.known_date else None
            return ChangeMessage(**common, fact=fact, was=was, place_was=o.known_date.place if o.known_date else "")
        case "change", _ if isinstance(fact, Change):
            return ChangeMessage(**common, fact=fact, was=o.was, place_was=o.known_date.place if o.known_date else "")
        case _:
            return None


def _common(
    kind: NoticeKind, agenda: Agenda, o: Obligation, fact: Fact, to: Recipient, now: datetime
) -> dict[str, Any]:
    """Return the fields that all notices have."""
    plan, milestone = agenda.plan, agenda.plan.milestone(o.milestone)
    others = [own for own, said in zip(o.key, (fact.milestone, fact.party), strict=True) if own != said]
    return {
        "key": "/".join([plan.id, kind, str(fact.id), to.contact.email, *others]),
        "plan": plan,
        "party": to.party,
        "to": to.contact,
        "now": now,
        "milestone": milestone,
        "occurrence": o.milestone,
        "when": o.when,
        "missing": describe_missing(milestone, o),
        "received": describe_received(milestone, o),
        "to_invite": guests_to_invite(plan, o),
        "invitation": find_invitation(agenda, o) if kind in ("change", "correction") else None,
    }
