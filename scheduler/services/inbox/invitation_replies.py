"""Decide what becomes of a calendar program's reply to an invitation."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from scheduler.errors import ClockNotBelieved, RecordUnavailable, UserError
from scheduler.plan import reasons
from scheduler.plan.agenda import Agenda
from scheduler.plan.answers.received_mail import CalendarReply, ReceivedMail
from scheduler.plan.answers.replies import ReplyReading, read_reply
from scheduler.plan.answers.tokens import invitation_token
from scheduler.plan.commands import RecordReply
from scheduler.plan.facts import MAILBOX, Fact
from scheduler.plan.messages.invitations import find_days
from scheduler.plan.obligations import Obligation
from scheduler.ports import InboxDecision, InboxRow, UnitOfWork
from scheduler.queries.duties import find_senders
from scheduler.services.inbox.context import AnswerContext, note_decision, summarise
from scheduler.services.record_facts import execute

_LONGEST_NOTE = 2000  # characters of a comment that are kept with the fact; the mail keeps all


def take_reply(
    context: AnswerContext, row: InboxRow, mail: ReceivedMail, calendar: CalendarReply, now: datetime
) -> InboxDecision | None:
    """Record whether a party comes, if its contact says so without a doubt; leave what is doubtful to a person.

    Returns what becomes of the mail; None if that is recorded already, together with the reply. It commits.
    """
    with context.services.store.reading() as view:
        found = list(_find_invited(context, view, mail, calendar))
    if not found:
        return InboxDecision(state="rsvp", at=now, reasons=(reasons.REPLY_TO_NOTHING,))
    if len(found) > 1:  # a contact of several parties: nobody can say for which of them it speaks
        return InboxDecision(state="review", at=now, reasons=(reasons.SENDER_OF_SEVERAL,))
    agenda, o = found[0]
    decided = partial(InboxDecision, at=now, plan=agenda.plan.id, milestone=o.milestone, party=o.party)
    days = find_days(agenda, o, calendar.sequence)
    milestone = agenda.plan.milestone(o.milestone)
    reading = read_reply(mail, calendar, o, milestone, days=days, arrived_at=min(row.arrived_at, now))
    if reading.is_older:
        return decided(state="rsvp", reasons=(reasons.REPLY_OLDER,))
    if reading.doubts or reading.reply is None:
        return decided(state="review", reasons=reading.doubts)
    noted = replace(decided(state="rsvp"), summary=summarise(mail))
    try:
        _record(context, row, mail, reading, noted, calendar)
    except (RecordUnavailable, ClockNotBelieved):
        raise
    except UserError as error:  # the plan was ended, or the event called off a moment ago
        return decided(state="review", reasons=(reasons.not_recorded(str(error)),))
    return None


def _find_invited(
    context: AnswerContext, view: UnitOfWork, mail: ReceivedMail, calendar: CalendarReply
) -> Iterator[tuple[Agenda, Obligation]]:
    """Yield the obligations of the sender's parties whose invitation a reply answers."""
    plans = [one.plan for one in context.definitions if view.plans.state(one.plan.id) is not None]
    token = calendar.uid.partition("@")[0]
    for sender in find_senders(plans, mail.sender):
        agenda = context.agendas.read(view, next(plan for plan in plans if plan.id == sender.plan))
        for o in agenda.by_party.get(sender.party, ()):
            own = invitation_token(context.secret, agenda.plan, o.milestone) if o.invited else ""
            if own and hmac.compare_digest(own.encode(), token.encode()):
                yield agenda, o


def _record(
    context: AnswerContext,
    row: InboxRow,
    mail: ReceivedMail,
    reading: ReplyReading,
    decision: InboxDecision,
    calendar: CalendarReply,
) -> None:
    """Record a reply and note it with the mail, at once. Raises `UserError` if it makes no sense as things stand."""
    assert reading.reply is not None  # noqa: S101 - the caller has looked
    definition = context.definition(decision.plan)
    if definition is None:
        raise UserError(f"the plan {decision.plan} is not in force")
    command = RecordReply(
        at=decision.at,
        by=MAILBOX,
        note=calendar.comment[:_LONGEST_NOTE],
        milestone=decision.milestone,
        party=decision.party,
        reply=reading.reply,
        address=mail.sender,
        deputy=calendar.delegated_to if reading.reply == "delegated" else "",
        replied_at=reading.said_at,
    )

    def note(unit: UnitOfWork, facts: Sequence[Fact]) -> None:
        note_decision(unit, row, replace(decision, facts=tuple(fact.id for fact in facts)))

    execute(context.services, definition, [command], also=note)
