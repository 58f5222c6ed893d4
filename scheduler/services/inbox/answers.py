"""Decide what a mail of a person answers: record what is certain, and leave the rest to a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from scheduler.errors import ClockNotBelieved, RecordUnavailable, UserError
from scheduler.plan import reasons
from scheduler.plan.answers.matching import Answer, Duty, Match, ObligationKey, match
from scheduler.plan.answers.received_mail import ReceivedMail
from scheduler.plan.commands import Declare, RecordReceived
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import MAILBOX, Actor, Fact
from scheduler.plan.model import Plan
from scheduler.ports import InboxDecision, InboxRow, InboxState, UnitOfWork
from scheduler.queries.duties import (
    find_documents_elsewhere,
    find_duties,
    find_links,
    find_other_names,
    find_senders,
    may_be_held,
)
from scheduler.services.inbox.context import AnswerContext, KeepFile, note_decision, summarise
from scheduler.services.record_facts import execute
from scheduler.texts import Text

_SENT_BEFORE, _CLOCKS_APART = timedelta(days=366), timedelta(days=1)  # of when a mail came


def propose(context: AnswerContext, mail: ReceivedMail, now: datetime) -> Match:
    """Return what a person's mail answers, as things stand."""
    with context.services.store.reading() as view:
        plans = [one.plan for one in context.definitions if view.plans.state(one.plan.id) is not None]
        senders = find_senders(plans, mail.sender)
        own = list(_duties_of(view, plans, {(one.plan, one.party) for one in senders}, now))
        agendas = [partial(context.agendas.read, view, plan) for plan in plans]
        links = find_links(view, agendas, mail, own, secret=context.secret, mailbox=context.mailbox)
        others = {(link.target.plan, link.target.party) for link in links if link.target is not None}
        others -= {(one.plan, one.party) for one in senders}
        duties = [*own, *_duties_of(view, plans, others, now)]
    concerned = [plan for plan in plans if any(duty.key.plan == plan.id for duty in duties)]
    return match(
        mail,
        links=links,
        senders=senders,
        duties=duties,
        blank_forms=(),
        now=now,
        elsewhere=find_documents_elsewhere(concerned, duties),
        other_names=find_other_names(concerned, senders, mail),
        years={plan.year for plan in concerned},
    )


def record_answer(
    context: AnswerContext, row: InboxRow, answer: Answer, keep: KeepFile, decision: InboxDecision, by: Actor
) -> tuple[int, ...]:
    """Record that a mail brought something, with its files, and note it with the mail; return the ids of the facts.

    It commits all of this at once. Raises `UserError` if it makes no sense as things stand, if its plan is not in
    force, or if somebody else has decided about the mail meanwhile; `OSError` if a file cannot be kept.
    """
    definition = context.definition(answer.key.plan)
    if definition is None:
        raise UserError(
            Text("the plan {plan} is not in force", plan=answer.key.plan),
            hint=Text("`hanchot plans` lists those that are"),
        )
    documents = [keep(attachment) for attachment in answer.attachments]
    command = RecordReceived(
        at=decision.at,
        by=by,
        milestone=answer.key.milestone,
        party=answer.key.party,
        deliverables=answer.deliverables,
        channel="email",
        received_at=min(row.arrived_at, decision.at),  # the clock of the mail server may be ahead
        mailed_at=_believe(answer.sent_at, row.arrived_at),
        files=tuple(document.name for document in documents),
    )

    def note(unit: UnitOfWork, facts: Sequence[Fact]) -> None:
        note_decision(unit, row, replace(decision, facts=tuple(fact.id for fact in facts)))

    recorded = execute(context.services, definition, [command], documents=documents, also=note)
    return tuple(fact.id for fact in recorded.facts)


def _duties_of(view: UnitOfWork, plans: Sequence[Plan], owed_by: set[tuple[str, str]], now: datetime) -> Iterator[Duty]:
    for plan in plans:
        parties = sorted(party for id, party in owed_by if id == plan.id)
        if parties:
            yield from find_duties(view, plan, parties, now)


# ---------------------------------------------------------------- what people send


def take_answer(
    context: AnswerContext, row: InboxRow, mail: ReceivedMail, keep: KeepFile, now: datetime
) -> InboxDecision | None:
    """Record a certain answer; leave anything else to a person, and let the next reminder wait meanwhile (rule 16a)."""
    found = propose(context, mail, now)
    if not row.is_whole:
        found = replace(found, certain=False, evidence=(reasons.MAIL_TOO_LARGE, *found.evidence))
    if found.certain and found.answer is not None:
        decision = replace(_decide("received", found.answer.key, found, now), summary=summarise(mail))
        try:
            record_answer(context, row, found.answer, keep, decision, MAILBOX)
        except (RecordUnavailable, ClockNotBelieved):
            raise
        except UserError as error:  # recorded by somebody else a moment ago, for example
            found = replace(found, evidence=(reasons.not_recorded(error.text), *found.evidence))
        else:
            return None
    about = found.answer.key if found.answer else next(iter(found.candidates), None)
    held = tuple(_hold_reminders(context, row, found.candidates, now))
    return replace(_decide("review", about, found, now), facts=held)


def _believe(sent_at: datetime | None, arrived_at: datetime) -> datetime | None:
    """Return when a mail was sent as its sender says, None if that is years before it came, or after it."""
    is_credible = sent_at is not None and -_SENT_BEFORE <= sent_at - arrived_at <= _CLOCKS_APART
    return sent_at if is_credible else None


def _decide(state: InboxState, about: ObligationKey | None, found: Match, now: datetime) -> InboxDecision:
    plan, milestone, party = about or ("", "", "")
    return InboxDecision(state=state, at=now, plan=plan, milestone=milestone, party=party, reasons=found.evidence)


def _hold_reminders(
    context: AnswerContext, row: InboxRow, candidates: Sequence[ObligationKey], now: datetime
) -> Iterator[int]:
    """Record that something may have come for obligations; nobody is written to. It commits. Yield the ids."""
    for key in candidates:
        definition = context.definition(key.plan)
        if definition is None or not _may_be_held(context, definition.plan, key):
            continue
        command = Declare(
            at=now,
            by=MAILBOX,
            idempotency_key=f"incoming:{row.id}",
            milestone=key.milestone,
            party=key.party,
            sent_on=local_day(min(row.arrived_at, now), definition.plan.zone),
            channel="email",
        )
        try:
            recorded = execute(context.services, definition, [command], notify=False)
        except (RecordUnavailable, ClockNotBelieved):
            raise
        except UserError:  # closed meanwhile: nothing is left to be reminded of
            continue
        yield from (fact.id for fact in recorded.facts)


def _may_be_held(context: AnswerContext, plan: Plan, key: ObligationKey) -> bool:
    with context.services.store.reading() as view:
        return may_be_held(view, plan, key.milestone, key.party)
