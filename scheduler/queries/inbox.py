"""The mails that came, as listings show them, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.plan.answers.matching import Match
from scheduler.plan.answers.reading_gap import MailboxReading, ReadingGap, ReadingGaps, find_mailbox_gap
from scheduler.plan.answers.received_mail import Attachment, CalendarReply, ReceivedMail
from scheduler.ports import FailedSource, InboxRow, InboxState, UnitOfWork
from scheduler.queries.rows import Row, iso
from scheduler.texts import join
from scheduler.wording.sentences import word_reason

WAITING: tuple[InboxState, ...] = ("review", "quarantine")  # states in which a mail waits for a person


def count_waiting(view: UnitOfWork) -> int:
    """Return how many mails wait for a person."""
    return sum(view.inbox.count(state) for state in WAITING)


def read_mailbox_gap(view: UnitOfWork, reading: MailboxReading | None, now: datetime) -> ReadingGap | None:
    """Return since when the mailbox cannot be read; None if it can, or if answers are not read at all."""
    if reading is None:
        return None
    read_at = {state.folder: state.read_at for state in view.inbox.folders()}
    undecided_at = next((row.arrived_at for row in view.inbox.new(1)), None)
    return find_mailbox_gap(reading, read_at, undecided_at, now)


def read_gaps(view: UnitOfWork, plan: str, reading: MailboxReading | None, now: datetime) -> ReadingGaps:
    """Return what could not be looked at for a plan, now or in its last status check.

    A page that parties cannot open has no place in this: nothing can have come there.
    """
    mailbox = read_mailbox_gap(view, reading, now)
    common = [mailbox] if mailbox is not None else []
    own: dict[tuple[str, str], ReadingGap] = {}
    for failed in _find_failed(view, plan, reading):
        match failed.source:
            case "mailbox" | "folder" as place:
                gap = ReadingGap(places=(place,), since=failed.since)
                if failed.party:
                    own[failed.milestone, failed.party] = gap
                else:
                    common.append(gap)
    return ReadingGaps(tuple(common), own)


def read_failed_sources(view: UnitOfWork, plan: str, reading: MailboxReading | None) -> list[FailedSource]:
    """Return the sources that the last status check of a plan could not look at, each once.

    One that could not be looked at everywhere is named with the first obligation for which that is so.
    """
    found: dict[str, FailedSource] = {}
    for failed in _find_failed(view, plan, reading):
        found.setdefault(failed.source, failed)
    return list(found.values())


def _find_failed(view: UnitOfWork, plan: str, reading: MailboxReading | None) -> Iterator[FailedSource]:
    """Yield what the last status check could not look at, without a mailbox that is read.

    How that stands now is known better.
    """
    yield from (one for one in view.journal.failed_sources(plan) if reading is None or one.source != "mailbox")


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
        "reason": join("; ", map(word_reason, row.reasons)),
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
        "calendar": _calendar_row(mail.calendar) if mail.calendar else None,
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


def _calendar_row(reply: CalendarReply) -> Row:
    return {
        "reply": reply.status,
        "attendee": reply.attendee,
        "delegated_to": reply.delegated_to,
        "comment": reply.comment,
    }


def _attachment_row(file: Attachment) -> Row:
    return {"part": file.part, "name": file.name, "kind": file.kind, "size": file.size}
