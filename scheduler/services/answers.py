"""Decide what becomes of a received mail: record what is certain, and leave the rest to a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

from scheduler.errors import ClockNotBelieved, RecordUnavailable, UserError
from scheduler.plan import reasons
from scheduler.plan.agenda import REMINDERS
from scheduler.plan.answers.matching import Answer, Duty, Match, ObligationKey, match
from scheduler.plan.answers.received_mail import Attachment, FailedRecipient, ReceivedMail
from scheduler.plan.answers.sorts import sort_mail
from scheduler.plan.commands import Declare, RecordReceived, ReportBounce
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import MAIL_SERVER, Actor, Declared, Fact, drop_withdrawn
from scheduler.plan.model import Occurrence, Plan
from scheduler.plan.scope import Scope
from scheduler.ports import (
    Definition,
    Document,
    InboxDecision,
    InboxRow,
    InboxState,
    MailSummary,
    MessageRow,
    UnitOfWork,
)
from scheduler.queries.agendas import AgendaCache, facts_within
from scheduler.queries.duties import find_documents_elsewhere, find_duties, find_links, find_other_names, find_senders
from scheduler.services.context import ServiceContext
from scheduler.services.record_facts import execute

MAILBOX = Actor("source", "mailbox")
REFUSED_TWICE_WITHIN = timedelta(days=7)
ANOTHER_DAY = timedelta(hours=20)  # several mails of one morning fail for one reason
_SEARCHED = 200  # bounces among which an earlier one of an address is looked for
# Codes of RFC 3463 by which an address takes no mail at all; 5.1.7 and 5.1.8 are about the sender.
_DEAD = frozenset(("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"))

KeepFile = Callable[[Attachment], Document]  # keeps the bytes of an attachment among the documents


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerContext:
    """What deciding about mails needs.

    `definitions` are those in force. `mailbox` is the address to which answers come, `own` holds all addresses that
    the installation writes from, in lower case.
    """

    services: ServiceContext
    definitions: Sequence[Definition]
    agendas: AgendaCache
    secret: bytes
    mailbox: str
    own: frozenset[str]

    def definition(self, plan: str) -> Definition | None:
        """Return the definition of a plan, or None if it is not in force."""
        return next((one for one in self.definitions if one.plan.id == plan), None)


def decide_mail(context: AnswerContext, row: InboxRow, mail: ReceivedMail, keep: KeepFile, now: datetime) -> None:
    """Decide what becomes of a mail, record what follows, and note it with the mail.

    It commits; after a kill in between the same is decided again, and nothing is recorded twice. Raises
    `RecordUnavailable`, `ClockNotBelieved`, and `OSError` if a file cannot be kept; then the mail stays undecided.
    """
    decision = _decide(context, row, mail, keep, now)
    if decision is not None:
        with context.services.store.transaction() as unit:
            unit.inbox.decide(row.id, replace(decision, summary=summarise(mail)), expected="new")


def summarise(mail: ReceivedMail) -> MailSummary:
    """Return what a list shows of a mail."""
    return MailSummary(
        message_id=mail.message_id, sender=mail.sender, sender_name=mail.sender_name, subject=mail.subject
    )


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


def note_decision(unit: UnitOfWork, row: InboxRow, decision: InboxDecision) -> None:
    """Note with a mail what becomes of it. Raises `UserError` if somebody else has decided since `row` was read."""
    now = unit.inbox.get(row.id)
    if now is None or not is_unchanged(now, row) or not unit.inbox.decide(row.id, decision, expected=row.state):
        raise UserError(f"somebody else has just decided about i{row.id}", hint="look at it again", code="overtaken")


def is_unchanged(now: InboxRow, row: InboxRow) -> bool:
    """Return whether nobody has decided about a mail since `row` was read; it may have got the same state anew."""
    return (now.state, now.decided_at) == (row.state, row.decided_at)


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
            return _take_report(context, row, mail, now)
        case "calendar":
            return InboxDecision(state="rsvp", at=now)
        case "automatic":
            words = (reasons.quote(mail.automatic),) if mail.automatic else ()
            return InboxDecision(state="machine", at=now, reasons=words)
        case "person":
            return _take_answer(context, row, mail, keep, now)
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


def _duties_of(view: UnitOfWork, plans: Sequence[Plan], owed_by: set[tuple[str, str]], now: datetime) -> Iterator[Duty]:
    for plan in plans:
        parties = sorted(party for id, party in owed_by if id == plan.id)
        if parties:
            yield from find_duties(view, plan, parties, now)


# ---------------------------------------------------------------- what people send


def _take_answer(
    context: AnswerContext, row: InboxRow, mail: ReceivedMail, keep: KeepFile, now: datetime
) -> InboxDecision | None:
    """Record a certain answer; leave anything else to a person, and let the next reminder wait meanwhile (rule 16a)."""
    found = propose(context, mail, now)
    if not row.is_whole:
        found = replace(found, certain=False, evidence=(reasons.MAIL_TOO_LARGE, *found.evidence))
    if found.certain and found.answer is not None:
        decision = replace(_decision("received", found.answer.key, found, now), summary=summarise(mail))
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
    return replace(_decision("review", about, found, now), facts=held)


def _decision(state: InboxState, about: ObligationKey | None, found: Match, now: datetime) -> InboxDecision:
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


# ---------------------------------------------------------------- reports of mail servers


def _take_report(context: AnswerContext, row: InboxRow, mail: ReceivedMail, now: datetime) -> InboxDecision:
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
        return replace(decision, reasons=(*decision.reasons, reasons.not_recorded(str(error))))
    return replace(decision, facts=tuple(fact.id for fact in recorded.facts))
