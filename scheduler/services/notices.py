"""Queue the mails that a fact causes, in its transaction: receipts, returns, notices of changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from scheduler.errors import Problem, UserError
from scheduler.plan import reasons
from scheduler.plan.agenda import Agenda, describe_closing
from scheduler.plan.dates.due_dates import ONE_DAY, local_day, to_instant
from scheduler.plan.dispatch_policy import last_moment, opening
from scheduler.plan.facts import (
    Amended,
    Bounced,
    DateFixed,
    Extended,
    Fact,
    Received,
    Retired,
    Waived,
    Withdrawn,
    recording_order,
)
from scheduler.plan.messages.message import FactMessage, NoticeKey, RungMessage
from scheduler.plan.messages.notices import notice_messages
from scheduler.plan.messages.reminders import message_for
from scheduler.plan.model import Occurrence, Plan
from scheduler.plan.reasons import Reason
from scheduler.plan.recipients import contacts_for
from scheduler.plan.scope import Scope
from scheduler.ports import Composer, Outgoing, RungRow, UnitOfWork
from scheduler.queries.site_links import make_linker
from scheduler.queries.snapshot import Snapshot, read_snapshot
from scheduler.services.context import ServiceContext

Change = Extended | Waived | DateFixed | Amended  # the facts that cause a notice of change


@dataclass(slots=True)
class WrittenNotices:
    """The addresses that a fact writes to, the earliest instant at which its mails leave (UTC), and what failed."""

    leaves: datetime
    addresses: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def notify(services: ServiceContext, unit: UnitOfWork, snapshot: Snapshot, fact: Fact) -> WrittenNotices:
    """Queue the mails that a recorded fact causes; `snapshot` must include the fact and all that it touches."""
    agenda, bounced = snapshot.agenda, snapshot.bounced
    leaves = opening(agenda.plan, fact.milestone, fact.recorded_at)
    if isinstance(fact, Change):
        _replace_changes(unit, agenda, fact, snapshot.counting)
    elif isinstance(fact, Received):
        before = _submissions(unit, fact)
        confirmed = [old for old in before if _has_receipt(unit, agenda.plan, old)]
        leaves = receipt_leaves(agenda.plan, [*confirmed, fact])
        _cancel_receipts(unit, before, reasons.LATER_RECEIPT, fact.recorded_at)
    elif isinstance(fact, Retired):
        unit.outbox.cancel_all(agenda.plan.id, describe_closing(fact, agenda.plan.zone), now=fact.recorded_at)
    messages: Iterable[tuple[RungMessage | FactMessage, RungRow | None]]
    if isinstance(fact, Bounced):
        messages = _reroute(unit, agenda, fact, bounced)
    else:
        messages = ((message, None) for message in notice_messages(agenda, fact, fact.recorded_at, bounced))
    written = WrittenNotices(leaves)
    link = make_linker(services.links, unit)
    for message, row in messages:
        try:
            outgoing = _outgoing(services.composer, unit, link(message), fact, row, leaves)
        except UserError as error:  # the fact stays recorded, and the problem is reported
            written.problems += error.problems
            continue
        if unit.outbox.add(outgoing) is not None:
            written.addresses.append(message.to.email)
    return written


def receipt_leaves(plan: Plan, submissions: Sequence[Received]) -> datetime:
    """Return when the receipt for the last of these submissions of one obligation leaves (UTC; contract rule 17).

    It leaves at the next opening. A submission that is recorded while a receipt waits shares that receipt. After a
    receipt has left, the next one leaves on another day.
    """
    leaves: datetime | None = None
    for fact in submissions:
        if leaves is not None and fact.recorded_at < leaves:
            continue
        earliest = opening(plan, fact.milestone, fact.recorded_at)
        if leaves is not None and local_day(leaves, plan.zone) == local_day(earliest, plan.zone):
            earliest = opening(
                plan, fact.milestone, to_instant(local_day(leaves, plan.zone) + ONE_DAY, time(), plan.zone)
            )
        leaves = earliest
    assert leaves is not None  # noqa: S101 - there is at least the submission it is about
    return leaves


def _submissions(unit: UnitOfWork, fact: Received) -> list[Received]:
    """Return the other submissions of the same obligation, in the order of recording, also if the plan dropped it.

    Withdrawn ones are included, because their receipt may have left.
    """
    same = unit.facts.within(fact.plan, Scope({fact.milestone: frozenset([fact.party])}))
    return sorted((f for f in same if isinstance(f, Received) and f.id != fact.id), key=recording_order)


def _has_receipt(unit: UnitOfWork, plan: Plan, fact: Received) -> bool:
    keys = [str(NoticeKey(fact.id, "receipt", contact.email)) for contact in plan.parties[fact.party].contacts]
    return any(unit.outbox.has_deduplication_key(key) for key in keys)


def _cancel_receipts(unit: UnitOfWork, submissions: Sequence[Received], reason: Reason, now: datetime) -> None:
    for fact in submissions:
        unit.outbox.cancel(NoticeKey.beginning(fact.id, "receipt"), reason, now=now)


def take_back(unit: UnitOfWork, fact: Withdrawn) -> None:
    """Cancel the queued mails of the fact that `fact` withdraws, and queued receipts that list it."""
    unit.outbox.cancel(NoticeKey.beginning(fact.target), reasons.FACT_WITHDRAWN, now=fact.recorded_at)
    withdrawn = unit.facts.get(fact.target)
    if isinstance(withdrawn, Received):
        _cancel_receipts(unit, _submissions(unit, withdrawn), reasons.FACT_WITHDRAWN, fact.recorded_at)


def _replace_changes(unit: UnitOfWork, agenda: Agenda, fact: Change, facts: Sequence[Fact]) -> None:
    """Cancel queued notices of earlier changes to the same milestone, because only the last change is true.

    What was decided for another party stays true.
    """
    addresses: Sequence[str | None] = [None]
    if fact.party is not None and agenda.plan.milestone(fact.milestone).kind == "deadline":
        addresses = [contact.email for contact in agenda.plan.parties[fact.party].contacts]
    for old in facts:
        if isinstance(old, Change) and old.id != fact.id and _is_replaced(old, fact):
            for address in addresses:
                beginning = NoticeKey.beginning(old.id, "change", address)
                unit.outbox.cancel(beginning, reasons.LATER_DECISION, now=fact.recorded_at)


def _is_replaced(old: Change, new: Change) -> bool:
    """Return whether two changes are about the same milestone, and not about two parties."""
    return old.milestone == new.milestone and (None in (old.party, new.party) or old.party == new.party)


def _outgoing(
    composer: Composer,
    unit: UnitOfWork,
    message: RungMessage | FactMessage,
    fact: Fact,
    row: RungRow | None,
    leaves: datetime,
) -> Outgoing:
    """Return a notice, or the rung `row` for another address; only the latter expires, like any mail of a rung."""
    following = unit.rungs.following([row.id]).get(row.id) if row else None
    expires_at = last_moment(row.at, message.now, following, message.plan) if row else None
    return Outgoing(
        mail=composer.compose(message),
        kind=message.kind,
        plan=message.plan.id,
        milestone=message.occurrence,
        party=message.party.id,
        rung=row.name if row else None,
        created_at=message.now,
        not_before=leaves if row is None else opening(message.plan, message.occurrence, message.now),
        expires_at=expires_at,
        rungs=(row.id,) if row else (),
        deduplication_key=str(_key(message, fact)),
    )


def _key(message: RungMessage | FactMessage, fact: Fact) -> NoticeKey:
    own = Occurrence.of(message.occurrence).milestone == Occurrence.of(fact.milestone or "").milestone
    about_another = isinstance(fact, Change) and not own
    return NoticeKey(fact.id, message.kind, message.to.email, message.occurrence if about_another else "")


def _reroute(
    unit: UnitOfWork, agenda: Agenda, fact: Bounced, bounced: frozenset[str]
) -> Iterable[tuple[RungMessage, RungRow]]:
    """Yield messages for the party's next contact, and the rungs they repeat (contract rule 10).

    These are the latest rungs of open obligations that went to the bounced address.
    """
    party = agenda.plan.parties[fact.party]
    newest = _latest_rungs(unit, agenda, party.id)
    agenda = _with_needs(unit, agenda, (row.milestone for row in newest))
    mails = unit.outbox.of_rungs([row.id for row in newest])
    for row in newest:
        served = {mail.mail.address for mail in mails.get(row.id, ())}
        if fact.address not in served:
            continue
        for recipient in contacts_for(party, with_head=row.kind == "overdue", bounced=bounced):
            if recipient.contact.email in served:
                continue
            message = message_for(agenda, row, recipient, fact.recorded_at)
            if message is not None:
                yield message, row


def _latest_rungs(unit: UnitOfWork, agenda: Agenda, party: str) -> list[RungRow]:
    """Return the latest rung that reminded a party of each of its open obligations."""
    newest: dict[str, RungRow] = {}
    for row in unit.rungs.of_party(agenda.plan.id, party):
        if row.state in ("sent", "queued") and row.kind != "escalation":
            newest[row.milestone] = row
    owed = [(row, agenda.by_key.get((row.milestone, row.party))) for row in newest.values()]
    return [row for row, o in owed if o is not None and o.standing.is_open]


def _with_needs(unit: UnitOfWork, agenda: Agenda, milestones: Iterable[str]) -> Agenda:
    """Return the agenda with what these milestones need, because messages about them name who still owes that."""
    needed = {id for milestone in milestones for id in agenda.plan.milestone(milestone).needs}
    if agenda.scope is None or not needed:
        return agenda
    return read_snapshot(unit, agenda.plan, agenda.scope | Scope(dict.fromkeys(needed))).agenda
