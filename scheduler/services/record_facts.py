"""Record facts: check, append, bring the ledger in step, and queue the notices they cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from scheduler.errors import NothingMatched, Problem, UserError
from scheduler.plan.agenda import Rung, describe_closing
from scheduler.plan.commands import Command
from scheduler.plan.dispatch_policy import decide
from scheduler.plan.facts import (
    Bounced,
    Counted,
    Fact,
    Invited,
    Letter,
    Nominated,
    Postponed,
    Replied,
    Retired,
    Withdrawn,
    recording_order,
)
from scheduler.plan.messages.destinations import days_to_tell
from scheduler.plan.messages.promises import messages_for, recipients_of
from scheduler.plan.model import Plan
from scheduler.plan.reasons import Reason
from scheduler.plan.scope import Scope
from scheduler.ports import Definition, Document, RungRow, UnitOfWork
from scheduler.queries.agendas import AgendaInputs, find_relations, find_touched
from scheduler.queries.snapshot import Snapshot, read_snapshot
from scheduler.services.apply_revision import is_taken, take, take_within
from scheduler.services.commands import build_fact
from scheduler.services.context import ServiceContext
from scheduler.services.dry_run import dry_run
from scheduler.services.fact_checks import check_fact, remark_past
from scheduler.services.ledger_changes import as_due
from scheduler.services.letters import find_letters
from scheduler.services.reconcile import Changes, reconcile
from scheduler.services.redirections import Redirected, call_back, redirect


class DueAtOnce(NamedTuple):
    """Rungs that were planned when they were already due; the next tick sends them to these addresses."""

    steps: tuple[Rung, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The facts of one request, what they changed, the addresses they write to, and what could not be written.

    An address is named once for each mail that goes to it.
    """

    facts: tuple[Fact, ...]
    changes: Changes
    notified: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()  # those of `notified` that hold a letter about what is taken back
    notified_at: datetime | None = None  # the earliest instant at which a notice leaves (UTC)
    leaving: DueAtOnce = field(default_factory=DueAtOnce)
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Reason, ...] = ()
    is_new: bool = True  # False: the same request had been recorded before

    @property
    def fact(self) -> Fact:
        """Return the first fact."""
        return self.facts[0]


AlsoRecord = Callable[[UnitOfWork, Sequence[Fact]], None]  # records something else in the transaction of facts


def record_nothing(unit: UnitOfWork, facts: Sequence[Fact]) -> None:
    """Record nothing else."""


class StaleDecision(UserError):
    """The basis of a decision has changed: `facts` were recorded meanwhile, or the plan was revised."""

    def __init__(self, facts: Sequence[Fact], *, is_revised: bool) -> None:
        super().__init__("it has changed meanwhile", hint="look at it again", code="overtaken")
        self.facts = tuple(facts)
        self.is_revised = is_revised


def record_all(
    services: ServiceContext,
    definition: Definition,
    facts: Sequence[Fact],
    *,
    notify: bool = True,
    expected_version: str = "",
    documents: Sequence[Document] = (),
    also: AlsoRecord = record_nothing,
) -> Recorded:
    """Record the facts of one request with their files: all of them or none.

    It commits. `also` is called with the facts in the same transaction, even if they had been recorded before. Each
    fact must make sense without the others; the files belong to the first. Facts whose `idempotency_key` was recorded
    before about the same obligations are returned and change nothing. `expected_version` is the fingerprint
    (`inputs_fingerprint`) of what the person saw. Raises `StaleDecision` if something that concerns the facts has
    changed since, `NothingMatched` for an unknown milestone, party, group or deliverable, `ClockNotBelieved`,
    `UserError` for a fact that makes no sense as things stand, and what `also` raises; nothing is recorded then.
    """
    services.require_right_clock()
    take(services.store, definition, facts[0].recorded_at)
    with services.store.transaction() as unit:
        recorded = _record(
            services,
            unit,
            definition.plan,
            facts,
            notify=notify,
            expected_version=expected_version,
            documents=documents,
        )
        also(unit, recorded.facts)
    return recorded


def execute(
    services: ServiceContext,
    definition: Definition,
    commands: Sequence[Command],
    *,
    notify: bool = True,
    expected_version: str = "",
    documents: Sequence[Document] = (),
    also: AlsoRecord = record_nothing,
) -> Recorded:
    """Carry out the commands of one request: all of them or none.

    It commits. Raises what `build_fact`, `record_all` and `also` raise.
    """
    facts = [build_fact(definition.plan, command) for command in commands]
    return record_all(
        services, definition, facts, notify=notify, expected_version=expected_version, documents=documents, also=also
    )


def rehearse(
    services: ServiceContext,
    definition: Definition,
    commands: Sequence[Command],
    *,
    notify: bool = True,
    expected_version: str = "",
) -> Recorded:
    """Return what `execute` would do, by doing it in a transaction that is rolled back.

    Raises what `execute` would raise.
    """
    facts = [build_fact(definition.plan, command) for command in commands]
    return rehearse_all(services, definition, facts, notify=notify, expected_version=expected_version)


def rehearse_all(
    services: ServiceContext,
    definition: Definition,
    facts: Sequence[Fact],
    *,
    notify: bool = True,
    expected_version: str = "",
) -> Recorded:
    """Return what `record_all` would do, by doing it in a transaction that is rolled back.

    Raises what `record_all` would raise.
    """
    services.require_right_clock()
    recorded = None
    with dry_run(services.store) as unit:
        if not is_taken(unit, definition.plan):
            take_within(unit, definition, facts[0].recorded_at)
        recorded = _record(services, unit, definition.plan, facts, notify=notify, expected_version=expected_version)
    assert recorded is not None  # noqa: S101 - every other way out of the block is an error
    return recorded


def _record(
    services: ServiceContext,
    unit: UnitOfWork,
    plan: Plan,
    facts: Sequence[Fact],
    *,
    notify: bool,
    expected_version: str,
    documents: Sequence[Document] = (),
) -> Recorded:
    if done := _find_recorded(unit, facts):
        return Recorded(facts=tuple(done), changes=Changes(), is_new=False)
    scope = find_touched(unit, plan, facts) if is_taken(unit, plan) else None
    before = read_snapshot(unit, plan, scope)
    _refuse_overtaken(unit, plan, facts, expected_version)
    remarks = [remark for fact in facts for remark in _check(before, fact, unit)]
    prepared = [_prepare(unit, before, fact, notify=notify) for fact in facts]
    facts = _append(unit, prepared, documents)
    after = read_snapshot(unit, plan, scope)
    changes = reconcile(unit, after.agenda, facts[0].recorded_at)
    recorded = Recorded(
        facts=tuple(facts),
        changes=changes,
        leaving=_find_leaving(unit, after, changes.armed, facts[0].recorded_at),
        remarks=(*remarks, *_remark_chosen(before, after, facts)),
    )
    return _with_notices(services, unit, after, recorded, notify=notify)


def _with_notices(
    services: ServiceContext, unit: UnitOfWork, snapshot: Snapshot, recorded: Recorded, *, notify: bool
) -> Recorded:
    """Return what was recorded with whom its notices go to, when, and what cannot be written; redirect its mails."""
    notices = recorded.changes.notices
    told = [rung for rung in notices if rung.kind != "copy"]  # that one is a reminder, days later
    redirected = [_redirect(services, unit, snapshot, fact) for fact in recorded.facts] if notify else []
    addresses = [to for one in redirected for to in one.addresses]
    problems = [problem for one in redirected for problem in one.problems]
    return replace(
        recorded,
        notified=(*_find_notified(snapshot, told), *addresses),
        corrected=tuple(_find_notified(snapshot, [rung for rung in notices if rung.kind == "correction"])),
        notified_at=min((rung.at for rung in told), default=None),
        problems=(*_find_unwritable(services, snapshot, notices), *problems),
    )


def _prepare(unit: UnitOfWork, before: Snapshot, fact: Fact, *, notify: bool) -> Fact:
    """Return a fact as it is appended: with what it takes from the record, and silent if nobody is to be told."""
    if isinstance(fact, Invited):
        dated = next(o for o in before.agenda.obligations if o.milestone == fact.milestone and not o.attends)
        days, place = days_to_tell(dated)
        fact = replace(fact, form=days, place=place)
    elif isinstance(fact, Replied):
        fact = replace(fact, form=before.agenda.by_key[fact.milestone, fact.party].event)
    elif isinstance(fact, Withdrawn) and notify:
        fact = replace(fact, letters=_find_untrue(unit, before, fact))
    return fact if notify else replace(fact, is_silent=True)


def _find_untrue(unit: UnitOfWork, before: Snapshot, withdrawal: Withdrawn) -> tuple[Letter, ...]:
    """Return the letters that a withdrawal makes untrue."""
    target, plan = unit.facts.get(withdrawal.target), before.plan
    if target is None:
        return ()
    scope = before.agenda.scope
    touched = find_relations(unit, plan).spelled_out(find_touched(unit, plan, [target]) if scope is None else scope)
    if target.milestone is not None and target.milestone not in touched.parties:  # out of the plan at present
        parties = None if target.party is None else frozenset([target.party])
        touched = touched | Scope({target.milestone: parties})
    return find_letters(unit, target, unit.rungs.within(plan.id, touched))


def _redirect(services: ServiceContext, unit: UnitOfWork, snapshot: Snapshot, fact: Fact) -> Redirected:
    """Carry out what a fact means for the mails that wait."""
    if isinstance(fact, Bounced):
        return redirect(services, unit, snapshot, fact)
    undone = unit.facts.get(fact.target) if isinstance(fact, Withdrawn) else None
    if isinstance(undone, Bounced):
        call_back(unit, undone, fact.recorded_at)
    elif isinstance(fact, Retired):
        unit.outbox.cancel_all(snapshot.plan.id, describe_closing(fact, snapshot.plan.zone), now=fact.recorded_at)
    return Redirected()


def _find_unwritable(services: ServiceContext, snapshot: Snapshot, notices: Sequence[Rung]) -> list[Problem]:
    """Return why notices cannot be written; a person is told at once, not when they are due."""
    found: list[Problem] = []
    for rung in notices:
        for message in messages_for(snapshot.agenda, rung, rung.at, snapshot.silent(rung.at)):
            try:
                services.composer.compose(message)
            except UserError as error:
                found += error.problems
    return found


def _find_notified(snapshot: Snapshot, notices: Sequence[Rung]) -> list[str]:
    """Return the addresses to which notices go, one for each mail."""
    return [
        to.contact.email for rung in notices for to in recipients_of(snapshot.agenda, rung, snapshot.silent(rung.at))
    ]


def _append(unit: UnitOfWork, facts: Sequence[Fact], documents: Sequence[Document]) -> list[Fact]:
    """Append facts to the record, the files with the first of them; return the facts with their ids."""
    appended = [unit.facts.append(fact) for fact in facts]
    for document in documents:
        unit.documents.add(appended[0], document)
    for fact in appended:
        if fact.restates:
            unit.documents.move(fact.restates, fact)
    return appended


def _remark_chosen(before: Snapshot, after: Snapshot, facts: Sequence[Fact]) -> list[Reason]:
    chosen = [fact for fact in facts if isinstance(fact, Nominated)]
    return [remark for _ in chosen for remark in remark_past(before.agenda, after.agenda)]


def _find_recorded(unit: UnitOfWork, facts: Sequence[Fact]) -> list[Fact]:
    """Return what was recorded by the key of a request about the same obligations; [] for a request without one."""
    key = facts[0].idempotency_key
    if not key:
        return []
    about: dict[str, frozenset[str]] = {}
    for fact in facts:
        if fact.milestone is not None and fact.party is not None:
            about[fact.milestone] = about.get(fact.milestone, frozenset()) | {fact.party}
    known = [*unit.facts.general(facts[0].plan), *unit.facts.within(facts[0].plan, Scope(about))]
    return sorted((fact for fact in known if fact.idempotency_key == key), key=recording_order)


def _check(snapshot: Snapshot, fact: Fact, unit: UnitOfWork) -> list[Reason]:
    """Return remarks on a fact. Raises like `check_fact`, with the names that the whole milestone offers."""
    try:
        return check_fact(snapshot.agenda, fact, unit)
    except NothingMatched:
        if snapshot.agenda.scope is None:
            raise
        scope = find_relations(unit, snapshot.plan).around(fact.milestone or "")
        return check_fact(read_snapshot(unit, snapshot.plan, scope).agenda, fact, unit)


def _find_leaving(unit: UnitOfWork, snapshot: Snapshot, armed: Sequence[Rung], now: datetime) -> DueAtOnce:
    """Return which of the armed rungs the next tick sends, and to whom."""
    new = {rung.key: rung for rung in armed if rung.at <= now}
    if not new:
        return DueAtOnce()
    sent = [row for row in _find_sent(unit, snapshot.plan, now) if row.key in new]
    addresses = [to.contact.email for row in sent for to in recipients_of(snapshot.agenda, row, snapshot.silent(now))]
    return DueAtOnce(tuple(new[row.key] for row in sent), tuple(dict.fromkeys(addresses)))


def _find_sent(unit: UnitOfWork, plan: Plan, now: datetime) -> list[RungRow]:
    """Return the rungs that a tick at `now` sends."""
    due = unit.rungs.due(plan.id, now)
    decisions = decide([as_due(row) for row in due], plan=plan, now=now)
    return [row for row, decision in zip(due, decisions, strict=True) if decision.act == "send"]


def _refuse_overtaken(unit: UnitOfWork, plan: Plan, facts: Sequence[Fact], expected_version: str) -> None:
    if not expected_version:
        return
    seen = AgendaInputs.of(expected_version)
    last, is_revised = (seen.last_fact, seen.plan != plan.digest) if seen is not None else (0, True)
    newer = [f for f in unit.facts.since(plan.id, last) if any(_touches(f, fact) for fact in facts)]
    if newer or is_revised:
        raise StaleDecision(newer, is_revised=is_revised)


def _touches(fact: Fact, other: Fact) -> bool:
    """Return whether two facts concern the same subject of their own, or the same milestone and party."""
    subjects = _subject_of(fact), _subject_of(other)
    if subjects != (None, None):
        return subjects[0] == subjects[1]
    same_party = fact.party is None or other.party is None or fact.party == other.party
    return fact.milestone == other.milestone and same_party


def _subject_of(fact: Fact) -> tuple[str, str] | None:
    """Return the indicator, the group or the need that a fact is about; None for any other."""
    match fact:
        case Counted(indicator=id) | Nominated(group=id) | Postponed(need=id):
            return fact.kind, id
        case _:
            return None
