"""The fields of a rung, a message and a fact in JSON Lines, as all listings and `why` print them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.plan.dates.date_forms import describe_form
from scheduler.plan.facts import Fact
from scheduler.plan.model import Plan
from scheduler.ports import MessageRow, RungRow

Row = dict[str, Any]


def rung_row(row: RungRow, plan: Plan) -> Row:
    """Return a rung as a plain row."""
    return {
        "id": f"r{row.id}" if row.id else None,
        "at": iso(row.at, plan.zone),
        "kind": row.kind,
        "rung": row.name,
        "plan": row.plan,
        "milestone": row.milestone,
        "party": row.party,
        "due": row.due.isoformat(),
        "state": row.state,
        "reason": row.reason,
        "note": row.note,
    }


def message_row(mail: MessageRow, zone: ZoneInfo) -> Row:
    """Return a mail as a plain row, without its bytes."""
    return {
        "id": f"m{mail.id}",
        "created": iso(mail.created_at, zone),
        "not_before": iso(mail.not_before, zone),
        "expires": iso(mail.expires_at, zone) if mail.expires_at else None,
        "settled": iso(mail.settled_at, zone) if mail.settled_at else None,
        "kind": mail.kind,
        "rung": mail.rung,
        "plan": mail.plan,
        "milestone": mail.milestone,
        "party": mail.party,
        "to": mail.mail.address,
        "subject": mail.mail.subject,
        "message": mail.mail.message_id,
        "state": mail.state,
        "attempts": mail.attempts,
        "reason": mail.reason,
        "reply": mail.reply,
        "rungs": [f"r{id}" for id in mail.rungs],
    }


def fact_row(fact: Fact, zone: ZoneInfo) -> Row:
    """Return a fact as a plain row that holds only the fields that are set."""
    row: Row = {
        "id": f"f{fact.id}",
        "kind": fact.kind,
        "happened": iso(fact.happened_at, zone),
        "recorded": iso(fact.recorded_at, zone),
        "plan": fact.plan,
        "milestone": fact.milestone,
        "party": fact.party,
        "by": fact.by,
        "deliverables": list(fact.deliverables),
        "channel": fact.channel,
        "sent_on": fact.sent_on.isoformat() if fact.sent_on else None,
        "received_on": fact.received_on.isoformat() if fact.received_on else None,
        "files": list(fact.files),
        "missing": list(fact.missing),
        "date": describe_form(fact.form) if fact.form else "",
        "was": fact.was,
        "place": fact.place,
        "decision": fact.decision,
        "reason": fact.reason,
        "note": fact.note,
        "group": fact.group,
        "parties": list(fact.parties),
        "address": fact.address,
        "undoes": f"f{fact.target}" if fact.target else None,
    }
    return {key: value for key, value in row.items() if value not in (None, "", [])}


def iso(instant: datetime, zone: ZoneInfo) -> str:
    """Return an instant as ISO 8601 with the offset of the zone."""
    return instant.astimezone(zone).isoformat()
