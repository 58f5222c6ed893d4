"""Write to the next contact of a party what went to an address that accepts no mail (contract rule 10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.errors import Problem, UserError
from scheduler.plan import reasons
from scheduler.plan.agenda import Agenda
from scheduler.plan.dates_in_force import begins_at
from scheduler.plan.dispatch_policy import LATEST, last_moment, opening, working_days_late
from scheduler.plan.facts import Bounced
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.messages.message import PromisedMessage
from scheduler.plan.messages.promises import message_for
from scheduler.plan.recipients import contacts_for
from scheduler.plan.scope import Scope
from scheduler.plan.second_look import why_not_owed
from scheduler.ports import MessageRow, RungRow, UnitOfWork
from scheduler.queries.site_links import make_linker
from scheduler.queries.snapshot import Snapshot, read_snapshot
from scheduler.services.context import ServiceContext
from scheduler.services.promised_mails import make_outgoing


@dataclass(slots=True)
class Redirected:
    """The addresses that are written to instead of one that bounced, and what could not be written."""

    addresses: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def redirect(services: ServiceContext, unit: UnitOfWork, snapshot: Snapshot, fact: Bounced) -> Redirected:
    """Queue for the next contact what the address of a bounce has not received, in the given transaction.

    That is the latest step towards each open obligation, and the notices that are still true; nothing about an event
    that has begun by the next opening, when the mails leave.
    """
    redirected, link = Redirected(), make_linker(services.links, unit)
    for message, row in _find_messages(unit, snapshot, fact):
        try:
            mail = services.composer.compose(link(message))
        except UserError as error:  # the fact stays recorded, and the problem is reported
            redirected.problems += error.problems
            continue
        following = unit.rungs.following([row.id]).get(row.id)
        outgoing = make_outgoing(
            message,
            [row],
            mail,
            not_before=opening(message.plan, row.milestone, message.now),
            expires_at=last_moment(row.at, message.now, following, message.plan),
            deduplication_key=f"{_beginning(fact.id)}{row.id}:{message.to.email}",
        )
        if unit.outbox.add(outgoing) is not None:
            redirected.addresses.append(message.to.email)
    return redirected


def call_back(unit: UnitOfWork, bounce: Bounced, now: datetime) -> None:
    """Cancel what was queued for the next contact, because the bounce was taken back."""
    unit.outbox.cancel(_beginning(bounce.id), reasons.FACT_WITHDRAWN, now=now)


def _beginning(bounce: int) -> str:
    return f"bounced:{bounce}:"


def _find_messages(unit: UnitOfWork, snapshot: Snapshot, fact: Bounced) -> Iterator[tuple[PromisedMessage, RungRow]]:
    agenda, party = snapshot.agenda, snapshot.plan.parties[fact.party]
    rows = unit.rungs.of_party(agenda.plan.id, party.id)
    found = [*_latest_steps(agenda, rows), *_true_notices(agenda, rows)]
    wanted = [row for row in found if not _comes_too_late(agenda, row, fact.recorded_at)]
    agenda = _with_needs(unit, agenda, (row.milestone for row in wanted))
    mails = unit.outbox.of_rungs([row.id for row in wanted])
    for row in wanted:
        carriers = mails.get(row.id, ())
        served = {mail.mail.address for mail in carriers}
        if not any(_is_lost(mail, agenda, fact) for mail in carriers if mail.mail.address == fact.address):
            continue
        for to in contacts_for(party, with_head=row.kind == "overdue", avoided=snapshot.silent(fact.recorded_at)):
            is_new = to.contact.email not in served
            message = message_for(agenda, row, to, fact.recorded_at, _beside(row, rows)) if is_new else None
            if message is not None:
                yield message, row


def _beside(row: RungRow, rows: Iterable[RungRow]) -> list[RungRow]:
    return [other for other in rows if other.milestone == row.milestone]


def _latest_steps(agenda: Agenda, rows: Iterable[RungRow]) -> list[RungRow]:
    """Return the latest step of a ladder that reminded a party of each of its open obligations."""
    newest: dict[str, RungRow] = {}
    for row in rows:
        if row.state in ("sent", "queued") and row.kind != "escalation" and not is_notice(row.kind):
            newest[row.milestone] = row
    owed = [(row, agenda.by_key.get((row.milestone, row.party))) for row in newest.values()]
    return [row for row, o in owed if o is not None and o.standing.is_open]


def _true_notices(agenda: Agenda, rows: Iterable[RungRow]) -> list[RungRow]:
    return [
        row
        for row in rows
        if row.kind in ("receipt", "return", "change") and row.state in ("sent", "queued")
        if why_not_owed(agenda, row) is None
    ]


def _comes_too_late(agenda: Agenda, row: RungRow, now: datetime) -> bool:
    """Return whether a step is about an event that has begun when a mail can leave."""
    o = agenda.by_key.get((row.milestone, row.party))
    if o is None or o.event is None:
        return False
    return opening(agenda.plan, row.milestone, now) >= begins_at(o.event, agenda.plan)


def _is_lost(mail: MessageRow, agenda: Agenda, fact: Bounced) -> bool:
    """Return whether a mail to an address that bounces may not have been read; a notice that is older was."""
    if mail.rung is not None or mail.settled_at is None:
        return True
    return working_days_late(mail.settled_at, fact.recorded_at, agenda.plan) <= LATEST


def _with_needs(unit: UnitOfWork, agenda: Agenda, milestones: Iterable[str]) -> Agenda:
    """Return the agenda with what these milestones need, because messages about them name who still owes that."""
    needed = {id for milestone in milestones for id in agenda.plan.milestone(milestone).needs}
    if agenda.scope is None or not needed:
        return agenda
    return read_snapshot(unit, agenda.plan, agenda.scope | Scope(dict.fromkeys(needed))).agenda
