"""The fields of a rung, a message and a fact in JSON Lines, as all listings and `why` print them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from scheduler.plan.facts import (
    Accepted,
    Amended,
    Bounced,
    Counted,
    DateFixed,
    Declared,
    Disowned,
    Extended,
    Fact,
    FactOfChange,
    Invited,
    Joined,
    Nominated,
    Noted,
    Opened,
    Paused,
    Postponed,
    Received,
    Reminded,
    Replied,
    Rerouted,
    Retired,
    Returned,
    Skipped,
    Snoozed,
    Waived,
    Withdrawn,
)
from scheduler.plan.model import Plan
from scheduler.ports import MessageRow, RungRow
from scheduler.wording.sentences import word_form, word_reason

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
        "reason": word_reason(row.reason),
        "note": word_reason(row.note),
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
        "reason": word_reason(mail.reason),
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
        "by": fact.by.label,
        "actor": fact.by.role,
        **_own_fields(fact, zone),
        "restates": f"f{fact.restates}" if fact.restates else None,
        "note": fact.note,
        "silent": fact.is_silent or None,
    }
    return {key: value for key, value in row.items() if value not in (None, "", [])}


def _own_fields(fact: Fact, zone: ZoneInfo) -> Row:  # noqa: C901 - one match over the kinds
    """Return the fields that the facts of one kind have and others have not."""
    match fact:
        case Received():
            return {
                "deliverables": list(fact.deliverables),
                "channel": fact.channel,
                "sent_on": fact.sent_on.isoformat() if fact.sent_on else None,
                "received_on": fact.received_on.isoformat() if fact.received_on else None,
                "mailed": iso(fact.mailed_at, zone) if fact.mailed_at else None,
                "files": list(fact.files),
            }
        case Declared():
            return {"channel": fact.channel}
        case Returned():
            return {"missing": list(fact.missing)}
        case Extended():
            return {"date": word_form(fact.form), **_grounds(fact)}
        case Waived():
            return _grounds(fact)
        case Nominated():
            return {"decision": fact.decision, "group": fact.group, "parties": list(fact.parties)}
        case DateFixed():
            return {"date": word_form(fact.form), "place": fact.place, **_grounds(fact)}
        case Amended():
            was = word_form(fact.was) if fact.was is not None else ""
            return {"date": word_form(fact.form), "was": was, **_grounds(fact)}
        case Opened() | Retired() | Reminded():
            return {"reason": fact.reason}
        case Skipped():
            return {"rung": fact.step, "due": fact.due.isoformat(), "reason": fact.reason}
        case Postponed():
            about = {"need": fact.need, "until": fact.until.isoformat()}
            return {**about, "parties": list(fact.parties), "reason": fact.reason}
        case Snoozed():
            return {"until": fact.until.isoformat(), "reason": fact.reason}
        case Counted():
            return {
                "indicator": fact.indicator,
                "value": fact.value,
                "of": fact.of,
                "files": list(fact.files),
            }
        case Bounced():
            return {"address": fact.address}
        case Paused():
            return {"address": fact.address, "until": fact.until.isoformat(), "reason": fact.reason}
        case Rerouted():
            return {"was": ", ".join(fact.was), "address": fact.address}
        case Withdrawn():
            letters = list(dict.fromkeys(letter.address for letter in fact.letters))
            return {"reason": fact.reason, "undoes": f"f{fact.target}", "letters": letters}
        case Invited():
            return {"date": word_form(fact.form) if fact.form else "", "place": fact.place}
        case Replied():
            date = word_form(fact.form) if fact.form else ""
            of_whom = {"address": fact.address, "deputy": fact.deputy, "people": fact.people}
            return {"reply": fact.reply, **of_whom, "date": date}
        case Disowned() | Accepted() | Joined() | Noted():
            return {}
        case _:
            assert_never(fact)


def _grounds(fact: FactOfChange) -> Row:
    return {"decision": fact.decision, "reason": fact.reason}


def iso(instant: datetime, zone: ZoneInfo) -> str:
    """Return an instant as ISO 8601 with the offset of the zone."""
    return instant.astimezone(zone).isoformat()
