"""Decide what a mail of a person answers: record what is certain, and leave the rest to a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from scheduler.errors import ClockNotBelieved, RecordUnavailable, UserError
from scheduler.plan import reasons
from scheduler.plan.agenda import REMINDERS
from scheduler.plan.answers.matching import Answer, Duty, Match, ObligationKey, match
from scheduler.plan.answers.received_mail import ReceivedMail
from scheduler.plan.commands import Declare, RecordReceived
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import MAILBOX, Actor, Declared, Fact, drop_withdrawn
from scheduler.plan.model import Occurrence, Plan
from scheduler.plan.scope import Scope
from scheduler.ports import InboxDecision, InboxRow, InboxState, UnitOfWork
from scheduler.queries.agendas import facts_within
from scheduler.queries.duties import find_documents_elsewhere, find_duties, find_links, find_other_names, find_senders
from scheduler.services.inbox.context import AnswerContext, KeepFile, note_decision, summarise
from scheduler.services.record_facts import execute


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
        raise UserError(f"the plan {answer.key.plan} is not in force", hint="`hanchot plans` lists those that are")
    documents = [keep(attachment) for attachment in answer.attachments]
    command = RecordReceived(
        at=decision.at,
        by=by,
        milestone=answer.key.milestone,
        party=answer.key.party,
        deliverables=answer.deliverables,
        channel="email",
        received_at=min(row.arrived_at, decision.at),  # the clock of the mail server may be ahead
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
            found = replace(found, evidence=(reasons.not_recorded(str(error)), *found.evidence))
        else:
            return None
    about = found.answer.key if found.answer else next(iter(found.candidates), None)
    held = tuple(_hold_reminders(context, row, found.candidates, now))
    return replace(_decide("review", about, found, now), facts=held)


def _decide(state: InboxState, about: ObligationKey | None, found: Match, now: datetime) -> InboxDecision:
    plan, milestone, party = about or ("", "", "")
    return InboxDecision(state=state, at=now, plan=plan, milestone=milestone, party=party, reasons=found.evidence)


def _hold_reminders(
    context: AnswerContext, row: InboxRow, candidates: Sequence[ObligationKey], now: datetime
) -> Iterator[int]:
    """Record that something may have come for obligations; nobody is written to. It commits. Yield the ids.

    Only a reminder that follows one that was sent can be held, and only once: somebody who writes every day is reminded
    all the same.
    """
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
    """Return whether a reminder of an obligation was sent, and no mail holds the next one already."""
    scope = Scope({Occurrence.of(key.milestone).milestone: frozenset([key.party])})
    with context.services.store.reading() as view:
        rungs = view.rungs.of_party(plan.id, key.party, key.milestone)
        facts = drop_withdrawn(facts_within(view, plan, scope))
    sent = [row.settled_at for row in rungs if row.state == "sent" and row.kind in REMINDERS and row.settled_at]
    about = (fact for fact in facts if isinstance(fact, Declared) and fact.by == MAILBOX)
    held = [fact.recorded_at for fact in about if (fact.milestone, fact.party) == (key.milestone, key.party)]
    return bool(sent) and max(held, default=min(sent)) <= max(sent)
