"""Writing what a fact itself causes, in the transaction that records it: receipts, returns, notices of changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scheduler.actions.correspondence import letter_for, notice_letters
from scheduler.errors import Problem, UserError
from scheduler.plan.agenda import Agenda
from scheduler.plan.catchup import last_moment, opening
from scheduler.plan.letters import Letter
from scheduler.plan.model import Fact, FactKind
from scheduler.plan.recipients import bounced_addresses, contacts_for
from scheduler.plan.status import drop_withdrawn
from scheduler.ports import Composer, Outgoing, RungRow, Store, Unit

DECISIONS: tuple[FactKind, ...] = ("extended", "waived", "date_fixed", "amended")  # what a change is written about


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What recording needs: the record, and somebody who writes the notices."""

    store: Store
    composer: Composer


@dataclass(slots=True)
class Written:
    """Whom a fact wrote to, and what could not be written."""

    addresses: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def notify(composer: Composer, unit: Unit, agenda: Agenda, fact: Fact) -> Written:
    """Queue the letters that a recorded fact causes; `agenda` knows it."""
    facts = drop_withdrawn(unit.facts.of(agenda.plan.id))
    bounced = bounced_addresses(facts)
    if fact.kind in DECISIONS:
        _replace_changes(unit, agenda, fact, facts)
    letters: Iterable[tuple[Letter, RungRow | None]]
    if fact.kind == "bounced":
        letters = _reroute(unit, agenda, fact, bounced)
    else:
        letters = ((letter, None) for letter in notice_letters(agenda, fact, fact.recorded_at, bounced))
    written = Written()
    for letter, row in letters:
        try:
            outgoing = _outgoing(composer, unit, letter, fact, row)
        except UserError as error:  # the fact stands; the operator is told what could not be written
            written.problems += error.problems
            continue
        if unit.outbox.add(outgoing) is not None:
            written.addresses.append(letter.to.email)
    return written


def take_back(unit: Unit, fact: Fact) -> None:
    """Cancel what still waits of the letters of the fact that `fact` withdraws."""
    unit.outbox.cancel(f"{fact.target}:", "the fact it was about was withdrawn", now=fact.recorded_at)


def _replace_changes(unit: Unit, agenda: Agenda, fact: Fact, facts: Sequence[Fact]) -> None:
    """Cancel what still waits of earlier changes of the same milestone: only the last one is true."""
    slots = ["change:"]
    if fact.party is not None and agenda.plan.milestone(fact.milestone or "").kind == "deadline":
        slots = [f"change:{contact.email}" for contact in agenda.plan.parties[fact.party].contacts]
    for old in facts:
        if old.kind in DECISIONS and old.milestone == fact.milestone and old.id != fact.id:
            for slot in slots:
                unit.outbox.cancel(f"{old.id}:{slot}", "a later decision replaced it", now=fact.recorded_at)


def _outgoing(composer: Composer, unit: Unit, letter: Letter, fact: Fact, row: RungRow | None) -> Outgoing:
    """Return a notice, or the promise `row` on its way to another address: it grows old like any promise."""
    expires_at = last_moment(row.at, letter.now, unit.rungs.following(row), letter.plan) if row else None
    return Outgoing(
        mail=composer.compose(letter),
        kind=letter.kind,
        plan=letter.plan.id,
        milestone=letter.occurrence,
        party=letter.party.id,
        rung=letter.rung,
        created_at=letter.now,
        not_before=opening(letter.plan, letter.occurrence, letter.now),
        expires_at=expires_at,
        rungs=(row.id,) if row else (),
        slot=f"{fact.id}:{letter.kind}:{letter.to.email}",
    )


def _reroute(unit: Unit, agenda: Agenda, fact: Fact, bounced: frozenset[str]) -> Iterable[tuple[Letter, RungRow]]:
    """Yield the party's newest rungs that went to the bounced address, to its next contact (rule 10)."""
    party = agenda.plan.parties[fact.party or ""]
    newest: dict[str, RungRow] = {}
    for row in unit.rungs.of(agenda.plan.id):
        if row.party == party.id and row.state in ("sent", "queued") and row.kind != "escalation":
            newest[row.milestone] = row
    mails = unit.outbox.of_rungs([row.id for row in newest.values()])
    for row in newest.values():
        served = {mail.mail.address for mail in mails.get(row.id, ())}
        obligation = agenda.by_key.get((row.milestone, row.party))
        if fact.address not in served or obligation is None or not obligation.standing.is_open:
            continue
        for recipient in contacts_for(party, with_head=row.kind == "overdue", bounced=bounced):
            if recipient.contact.email not in served:
                yield letter_for(agenda, row, recipient, fact.recorded_at), row
