"""Decide what becomes of a received mail: record what is certain, and leave the rest to a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from scheduler.plan import reasons
from scheduler.plan.answers.received_mail import ReceivedMail
from scheduler.plan.answers.sorts import sort_mail
from scheduler.ports import InboxDecision, InboxRow
from scheduler.services.inbox.answers import take_answer
from scheduler.services.inbox.context import AnswerContext, KeepFile, summarise
from scheduler.services.inbox.delivery_reports import take_report
from scheduler.services.inbox.invitation_replies import take_reply


def decide_mail(context: AnswerContext, row: InboxRow, mail: ReceivedMail, keep: KeepFile, now: datetime) -> None:
    """Decide what becomes of a mail, record what follows, and note it with the mail.

    It commits; after a kill in between the same is decided again, and nothing is recorded twice. Raises
    `RecordUnavailable`, `ClockNotBelieved`, and `OSError` if a file cannot be kept; then the mail stays undecided.
    """
    decision = _decide(context, row, mail, keep, now)
    if decision is not None:
        with context.services.store.transaction() as unit:
            unit.inbox.decide(row.id, replace(decision, summary=summarise(mail)), expected="new")


def _decide(
    context: AnswerContext, row: InboxRow, mail: ReceivedMail, keep: KeepFile, now: datetime
) -> InboxDecision | None:
    """Return what becomes of a mail; None if that is recorded already, together with what it brought."""
    earlier = _find_earlier(context, row, mail)
    if earlier is not None:
        return InboxDecision(state="duplicate", at=now, reasons=(reasons.came_before(f"i{earlier.id}"),))
    sort = sort_mail(mail, is_own=_is_own(context, mail))
    match sort:
        case "own":
            return InboxDecision(state="own", at=now)
        case "report":
            return take_report(context, row, mail, now)
        case "calendar":
            assert mail.calendar is not None  # noqa: S101 - this is how mails are sorted
            return take_reply(context, row, mail, mail.calendar, now)
        case "automatic":
            words = (reasons.quote(mail.automatic),) if mail.automatic else ()
            return InboxDecision(state="machine", at=now, reasons=words)
        case "person":
            return take_answer(context, row, mail, keep, now)
        case _:
            assert_never(sort)


def _find_earlier(context: AnswerContext, row: InboxRow, mail: ReceivedMail) -> InboxRow | None:
    """Return the same mail that came before, perhaps to another address of ours.

    The Message-ID alone says little: scanners use one for all of their mails, and a stranger may use somebody else's.
    """
    if not mail.message_id:
        return None
    with context.services.store.reading() as view:
        known = view.inbox.like(mail.message_id)
    same = (one for one in known if (one.summary.sender, one.body) == (mail.sender, row.body) and one.id < row.id)
    return next(same, None)


def _is_own(context: AnswerContext, mail: ReceivedMail) -> bool:
    """Return whether the installation wrote a mail itself: a copy of what it sent."""
    if mail.sender.casefold() in context.own:
        return True
    with context.services.store.reading() as view:
        return bool(mail.message_id and view.outbox.with_message_ids([mail.message_id]))
