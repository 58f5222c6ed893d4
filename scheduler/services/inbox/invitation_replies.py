"""Decide what becomes of a calendar program's reply to an invitation."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain

from scheduler.errors import ClockNotBelieved, RecordUnavailable, UserError
from scheduler.plan import reasons
from scheduler.plan.agenda import Agenda
from scheduler.plan.answers.received_mail import CalendarReply, ReceivedMail
from scheduler.plan.answers.replies import ReplyReading, read_reply
from scheduler.plan.answers.tokens import find_invitation_token, invitation_token
from scheduler.plan.commands import RecordReply
from scheduler.plan.dates.date_forms import On
from scheduler.plan.facts import MAILBOX, Fact
from scheduler.plan.messages.invitations import find_days, find_invitation
from scheduler.plan.model import Occurrence
from scheduler.plan.obligations import Obligation
from scheduler.ports import InboxDecision, InboxRow, UnitOfWork
from scheduler.queries.agendas import facts_within, find_relations, find_state
from scheduler.queries.duties import find_senders
from scheduler.services.inbox.context import AnswerContext, note_decision, summarise
from scheduler.services.record_facts import execute
from scheduler.texts import Text

_LONGEST_NOTE = 2000  # characters of a comment that are kept with the fact; the mail keeps all


def take_reply(
    context: AnswerContext, row: InboxRow, mail: ReceivedMail, calendar: CalendarReply, now: datetime
) -> InboxDecision | None:
    """Record whether a party comes, if its contact says so without a doubt; leave what is doubtful to a person.

    Returns what becomes of the mail; None if that is recorded already, together with the reply. It commits.
    """
    with context.services.store.reading() as view:
        found = _find_invited(context, view, mail, calendar)
        if found is None:
            return InboxDecision(state="rsvp", at=now, reasons=(reasons.REPLY_TO_NOTHING,))
        agenda, o = found
        days = _find_days(view, agenda, o, calendar.sequence)
    plan = agenda.plan
    decided = partial(InboxDecision, at=now, plan=plan.id, milestone=o.milestone, party=o.party)
    reading = read_reply(
        mail,
        calendar,
        o,
        plan.milestone(o.milestone),
        is_contact=o.party in {sender.party for sender in find_senders([plan], mail.sender)},
        days=days,
        arrived_at=min(row.arrived_at, now),
    )
    if reading.doubts or reading.reply is None:
        return decided(state="review", reasons=reading.doubts)
    if reading.is_older:
        return decided(state="rsvp", reasons=(reasons.REPLY_OLDER,))
    noted = replace(decided(state="rsvp"), summary=summarise(mail))
    try:
        _record(context, row, mail, reading, noted, calendar)
    except (RecordUnavailable, ClockNotBelieved):
        raise
    except UserError as error:  # the plan was ended, or the event called off a moment ago
        return decided(state="review", reasons=(reasons.not_recorded(error.text),))
    return None


def _find_invited(
    context: AnswerContext, view: UnitOfWork, mail: ReceivedMail, calendar: CalendarReply
) -> tuple[Agenda, Obligation] | None:
    """Return the obligation whose invitation a reply answers, with its agenda; None if it answers none of ours.

    It is looked for among those of the sender's parties first: somebody else may answer for a contact.
    """
    token = find_invitation_token(calendar.uid)
    if not token:
        return None
    plans = [one.plan for one in context.definitions if view.plans.state(one.plan.id) is not None]
    senders = find_senders(plans, mail.sender)
    agendas = {plan.id: context.agendas.read(view, plan) for plan in plans}
    own = ((agendas[one.plan], o) for one in senders for o in agendas[one.plan].by_party.get(one.party, ()))
    every = ((agenda, o) for agenda in agendas.values() for o in agenda.obligations)
    for agenda, o in chain(own, every):
        if o.invited:
            known = invitation_token(context.secret, agenda.plan, o.milestone, o.party)
            if hmac.compare_digest(known, token):
                return agenda, o
    return None


def _find_days(view: UnitOfWork, agenda: Agenda, o: Obligation, sequence: int) -> On | None:
    """Return the days that the invitation with a sequence number named."""
    invitation, plan = find_invitation(agenda, o), agenda.plan
    if invitation is not None and invitation.sequence == sequence:
        return None if invitation.is_off else invitation.days
    scope = find_relations(view, plan).around(Occurrence.of(o.milestone).milestone)
    loaded_at = find_state(view, plan).first_loaded_at
    return find_days(plan, facts_within(view, plan, scope), o, sequence, loaded_at=loaded_at, scope=scope)


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
        raise UserError(Text("the plan {plan} is not in force", plan=decision.plan))
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
