"""The mails that came, as listings show them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from scheduler.plan.answers.matching import Match
from scheduler.plan.answers.received_mail import Attachment, ReceivedMail
from scheduler.ports import InboxRow, InboxState, UnitOfWork
from scheduler.queries.rows import Row, iso

WAITING: tuple[InboxState, ...] = ("review", "quarantine")  # states in which a mail waits for a person


def count_waiting(view: UnitOfWork) -> int:
    """Return how many mails wait for a person."""
    return sum(view.inbox.count(state) for state in WAITING)


def inbox_row(row: InboxRow, zone: ZoneInfo) -> Row:
    """Return a mail that came, for a list."""
    return {
        "id": f"i{row.id}",
        "at": iso(row.arrived_at, zone),
        "from": row.summary.sender,
        "subject": row.summary.subject,
        "state": row.state,
        "plan": row.plan or None,
        "milestone": row.milestone or None,
        "party": row.party or None,
        "reason": "; ".join(map(str, row.reasons)),
    }


def inbox_details(row: InboxRow, mail: ReceivedMail, match: Match | None, zone: ZoneInfo) -> Row:
    """Return a mail that came with everything it says; `match` is what it answers as things stand."""
    answer = match.answer if match is not None else None
    return inbox_row(row, zone) | {
        "name": row.summary.sender_name,
        "folder": row.folder,
        "size": row.size,
        "message_id": row.summary.message_id,
        "sent": iso(mail.sent_at, zone) if mail.sent_at else None,
        "authentication": mail.authentication.state,
        "facts": [f"f{fact}" for fact in row.facts],
        "decided": iso(row.decided_at, zone) if row.decided_at else None,
        "by": row.by,
        "attachments": [_attachment_row(file) for file in mail.attachments],
        "proposal": {
            "plan": answer.key.plan,
            "milestone": answer.key.milestone,
            "party": answer.key.party,
            "deliverables": [*answer.deliverables],
            "attachments": [file.part for file in answer.attachments],
        }
        if answer is not None
        else None,
        "text": mail.text,
    }


def _attachment_row(file: Attachment) -> Row:
    return {"part": file.part, "name": file.name, "kind": file.kind, "size": file.size}
