"""What a received mail may answer: the parties of its sender, their obligations, and our mails that it cites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from scheduler.plan.agenda import REMINDERS, Agenda
from scheduler.plan.answers.matching import Duty, Link, ObligationKey, Sender
from scheduler.plan.answers.other_subjects import NameIndex
from scheduler.plan.answers.received_mail import ReceivedMail
from scheduler.plan.answers.tokens import find_tokens, link_tokens
from scheduler.plan.facts import Declared, drop_withdrawn
from scheduler.plan.message_kinds import MessageKind
from scheduler.plan.model import Occurrence, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.scope import Scope
from scheduler.ports import UnitOfWork
from scheduler.queries.agendas import facts_within, find_relations, view_agenda

_REVISIONS = 32  # whose names are kept
_indexes: dict[str, NameIndex] = {}
# How long after its last date an obligation can be answered by a token (rule 11), and before it by a fresh mail.
LIFETIME = timedelta(days=90)
# The mails that ask a party for something of its own, or speak of it: an answer to one of these answers the obligation.
_ASKING: frozenset[MessageKind] = frozenset(("reminder", "overdue", "return", "copy"))
_OWN_MATTERS: frozenset[MessageKind] = frozenset(
    ("reminder", "overdue", "invitation", "receipt", "return", "change", "correction", "copy")
)


def find_senders(plans: Iterable[Plan], address: str) -> list[Sender]:
    """Return the parties, over all plans, that have an address as a contact; case does not matter."""
    wanted = address.casefold()
    return [
        Sender(plan.id, party.id)
        for plan in plans
        for party in plan.parties.values()
        if wanted and any(contact.email.casefold() == wanted for contact in party.contacts)
    ]


def find_duties(view: UnitOfWork, plan: Plan, parties: Iterable[str], now: datetime) -> list[Duty]:
    """Return what parties owe or have sent, in the order of the plan, without what a successor has taken over.

    Only their part of the plan is drawn.
    """
    relations, found = find_relations(view, plan), []
    for party in dict.fromkeys(parties):
        agenda = view_agenda(view, plan, now, scope=relations.of(None, party))
        found += [describe_duty(plan, o) for o in agenda.obligations if _can_be_answered(plan, o, party, now)]
    return found


def describe_duty(plan: Plan, o: Obligation) -> Duty:
    """Return an obligation in the words by which it may be named."""
    milestone = plan.milestone(o.milestone)
    return Duty(
        key=ObligationKey(plan.id, o.milestone, o.party),
        title=milestone.title,
        deliverables=milestone.deliverables,
        missing=tuple(one for one in milestone.deliverables if one.id in o.standing.missing),
        is_open=o.standing.is_open,
        expires_at=o.due.late_from + LIFETIME if o.due is not None else None,
        opens_at=max(o.since, o.due.late_from - LIFETIME) if o.due is not None else o.since,
    )


def find_documents_elsewhere(plans: Iterable[Plan], duties: Sequence[Duty]) -> list[Duty]:
    """Return the deadlines of plans that none of some duties is about, as duties of nobody."""
    known = {(duty.key.plan, Occurrence.of(duty.key.milestone).milestone) for duty in duties}
    return [
        Duty(key=ObligationKey(plan.id, one.id, ""), title=one.title, deliverables=one.deliverables, is_open=False)
        for plan in plans
        for one in plan.milestones
        if one.kind == "deadline" and (plan.id, one.id) not in known
    ]


def find_other_names(plans: Iterable[Plan], senders: Iterable[Sender], mail: ReceivedMail) -> frozenset[str]:
    """Return the names of parties that the subject or a file name of a mail says, without those of its senders."""
    texts = (mail.subject, *(file.name for file in mail.attachments))
    known = {plan.id: plan for plan in plans}
    said = frozenset(name for plan in known.values() for name in _index_names(plan).find(texts))
    own = [known[one.plan].parties[one.party] for one in senders if one.plan in known]
    return said - {name for party in own for name in (party.name, party.short)}


def find_names_of_others(plan: Plan, party: str, texts: Iterable[str]) -> frozenset[str]:
    """Return the names of parties of a plan that texts say, without those of one party."""
    own = plan.parties[party]
    return frozenset(_index_names(plan).find(tuple(texts))) - {own.name, own.short}


def _index_names(plan: Plan) -> NameIndex:
    """Return the names of a plan's parties; it is made once for each revision."""
    if plan.digest not in _indexes:
        if len(_indexes) >= _REVISIONS:
            _indexes.clear()
        _indexes[plan.digest] = NameIndex(name for party in plan.parties.values() for name in (party.name, party.short))
    return _indexes[plan.digest]


def find_links(
    view: UnitOfWork,
    agendas: Sequence[Callable[[], Agenda]],
    mail: ReceivedMail,
    duties: Sequence[Duty],
    *,
    secret: bytes,
    mailbox: str,
) -> list[Link]:
    """Return what ties a mail to obligations.

    A token is looked for among `duties`, those of its sender, and only if it is of none of them in the `agendas`.
    `mailbox` is the address to which answers come.
    """
    cited = [
        Link(kind="reference", target=ObligationKey(row.plan, row.milestone, row.party), asks=row.kind in _ASKING)
        for row in view.outbox.with_message_ids(mail.references)
        if row.milestone is not None and row.kind in _OWN_MATTERS
    ]
    tokens = find_tokens(mail, mailbox=mailbox)
    found = list(link_tokens(tokens, secret=secret, keys=[duty.key for duty in duties]))
    if any(link.target is None for link in found):
        every = [ObligationKey(one.plan.id, *key) for draw in agendas for one in [draw()] for key in one.by_key]
        found = list(link_tokens(tokens, secret=secret, keys=every))
    return [*cited, *found]


def may_be_held(view: UnitOfWork, plan: Plan, milestone: str, party: str) -> bool:
    """Return whether what a source has seen may hold the next reminder of an obligation.

    Only a reminder that follows one that was sent can be held, and only once: somebody who sends something unclear
    every day is reminded all the same.
    """
    scope = Scope({Occurrence.of(milestone).milestone: frozenset([party])})
    rungs = view.rungs.of_party(plan.id, party, milestone)
    facts = drop_withdrawn(facts_within(view, plan, scope))
    sent = [row.settled_at for row in rungs if row.state == "sent" and row.kind in REMINDERS and row.settled_at]
    about = (fact for fact in facts if isinstance(fact, Declared) and fact.by.role == "source")
    held = [fact.recorded_at for fact in about if (fact.milestone, fact.party) == (milestone, party)]
    return bool(sent) and max(held, default=min(sent)) <= max(sent)


def _can_be_answered(plan: Plan, o: Obligation, party: str, now: datetime) -> bool:
    is_own = o.party == party and not o.attends and (o.until is None or now < o.until)
    return is_own and plan.milestone(o.milestone).kind == "deadline"
