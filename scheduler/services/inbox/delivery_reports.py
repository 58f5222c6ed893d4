"""Decide what becomes of a report of a mail server: which addresses take no mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from scheduler.errors import ClockNotBelieved, RecordUnavailable, UserError
from scheduler.plan import reasons
from scheduler.plan.answers.received_mail import FailedRecipient, ReceivedMail
from scheduler.plan.commands import ReportBounce
from scheduler.plan.facts import MAIL_SERVER
from scheduler.ports import InboxDecision, InboxRow, MessageRow
from scheduler.services.inbox.context import AnswerContext
from scheduler.services.record_facts import execute

REFUSED_TWICE_WITHIN = timedelta(days=7)
ANOTHER_DAY = timedelta(hours=20)  # several mails of one morning fail for one reason
_SEARCHED = 200  # bounces among which an earlier one of an address is looked for
# Codes of RFC 3463 by which an address takes no mail at all; 5.1.7 and 5.1.8 are about the sender.
_DEAD = frozenset(("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"))


def take_report(context: AnswerContext, row: InboxRow, mail: ReceivedMail, now: datetime) -> InboxDecision:
    """Record which addresses take no mail; only what is about a mail of ours to that address counts (RFC 3464)."""
    assert mail.report is not None  # noqa: S101 - this is how mails are sorted
    with context.services.store.reading() as view:
        sent = next(iter(view.outbox.with_message_ids([mail.report.message_id])), None)
    about = [one for one in mail.report.recipients if sent and _is_same(one.address, sent.mail.address)]
    if sent is None or not about:
        return InboxDecision(state="bounce", at=now, reasons=(reasons.NOT_OUR_MAIL,))
    decided = partial(InboxDecision, at=now, plan=sent.plan, milestone=sent.milestone or "", party=sent.party)
    failed = next((one for one in about if one.action == "failed"), None)
    if failed is None:
        is_delayed = any(one.action == "delayed" for one in about)
        words = (reasons.mail_delayed(sent.mail.address),) if is_delayed else ()
        return decided(state="delayed" if is_delayed else "machine", reasons=words)
    if not _is_dead(failed) and not _was_refused_before(context, row, sent):
        return decided(state="bounce", reasons=(reasons.address_refused(sent.mail.address),))
    noted = decided(state="bounce", reasons=(reasons.address_dead(sent.mail.address),))
    return _report_bounce(context, row, sent, failed, noted)


def _is_same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _is_dead(failed: FailedRecipient) -> bool:
    return failed.status in _DEAD


def _was_refused_before(context: AnswerContext, row: InboxRow, sent: MessageRow) -> bool:
    """Return whether a mail to the same address had failed on another day of the week before."""
    refused = reasons.address_refused(sent.mail.address)
    with context.services.store.reading() as view:
        earlier = view.inbox.page(["bounce"], before=row.id, limit=_SEARCHED)
    first, last = row.arrived_at - REFUSED_TWICE_WITHIN, row.arrived_at - ANOTHER_DAY
    return any(refused in one.reasons and first <= one.arrived_at <= last for one in earlier)


def _report_bounce(
    context: AnswerContext, row: InboxRow, sent: MessageRow, failed: FailedRecipient, decision: InboxDecision
) -> InboxDecision:
    """Record that an address takes no mail; return the decision with the facts, or with why there are none.

    It commits.
    """
    definition = context.definition(sent.plan)
    if definition is None:
        return decision
    command = ReportBounce(
        at=decision.at,
        by=MAIL_SERVER,
        idempotency_key=f"incoming:{row.id}",
        party=sent.party,
        address=sent.mail.address,
        note=failed.words or failed.status,
    )
    try:
        recorded = execute(context.services, definition, [command])
    except (RecordUnavailable, ClockNotBelieved):
        raise
    except UserError as error:  # the roster no longer has this address
        return replace(decision, reasons=(*decision.reasons, reasons.not_recorded(error.text)))
    return replace(decision, facts=tuple(fact.id for fact in recorded.facts))
