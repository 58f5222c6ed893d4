"""Status checks: look at every open obligation on working mornings and before rungs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from scheduler.engine.survey import has_come, next_workday_at
from scheduler.errors import RecordUnavailable, UserError
from scheduler.plan.commands import Command, Declare
from scheduler.plan.model import Plan
from scheduler.plan.obligations import Obligation
from scheduler.ports import Checker, Definition, Finding, PlanState, UnitOfWork
from scheduler.ports.events import Event, Reporter
from scheduler.queries.agendas import AgendaCache
from scheduler.queries.duties import may_be_held
from scheduler.services.context import ServiceContext
from scheduler.services.record_facts import execute
from scheduler.texts import Text

LEAD = timedelta(minutes=30)  # a check this recent is good enough before a rung


class _Look(NamedTuple):
    """What a source shows, and why it could not be looked at, "" if it could."""

    findings: Sequence[Finding] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChecks:
    """Runs the status checks of a plan and records the findings."""

    services: ServiceContext
    agendas: AgendaCache
    checkers: Sequence[Checker]
    report: Reporter

    def is_due(self, view: UnitOfWork, plan: Plan, state: PlanState, now: datetime) -> bool:
        """Return whether the check of this morning, or the one before a rung, is still to be made."""
        last = state.checked_at
        if last is None or next_workday_at(plan, plan.checks.at, last) <= now:
            return True
        rung = view.rungs.next_at([plan.id], last) if has_come(state.next_rung, now + LEAD) else None
        return rung is not None and last < rung - LEAD <= now

    def check(self, definition: Definition, now: datetime) -> bool:
        """Check every open obligation of a plan through each of its sources, and record the facts they prove.

        It commits. A source that fails is reported, and so is a fact that cannot be recorded as things stand.
        Returns whether new facts were recorded. Raises `RecordUnavailable`; the check is not made then.
        """
        plan, store = definition.plan, self.services.store
        with store.reading() as view:
            agenda = self.agendas.read(view, plan)
        watched = [o for o in agenda.obligations if is_watched(o, now)]
        sources = [checker for checker in self.checkers if checker.source in plan.checks.sources]
        looks = {checker.source: self._ask(checker, plan, watched, now) for checker in sources}
        findings = [finding for look in looks.values() for finding in look.findings]
        proven = [(finding, command) for finding in findings for command in finding.commands]
        recorded = [self._record(definition, finding, command, now) for finding, command in proven]
        with store.transaction() as unit:
            failed = {source: look.failure for source, look in looks.items() if look.failure}
            unit.journal.record_check(plan.id, now, findings, failed)
        self.report(
            Event(
                name="checked",
                at=now,
                plan=plan.id,
                text=Text("{number} open obligations looked at", number=len(watched)),
            )
        )
        return any(recorded)

    def _record(self, definition: Definition, finding: Finding, command: Command, now: datetime) -> bool:
        """Return whether it is new. What another source or obligation calls by the same key is something else.

        That something may have come is a claim of which nobody is told; it only holds the next reminder.
        """
        key = "/".join((finding.source, finding.milestone, finding.party, command.idempotency_key))
        is_claim = isinstance(command, Declare)
        if is_claim and not self._may_be_held(definition.plan, finding):
            return False
        documents = finding.documents if command == finding.commands[0] else ()
        command = replace(command, idempotency_key=key)
        try:
            return execute(self.services, definition, [command], notify=not is_claim, documents=documents).is_new
        except RecordUnavailable:
            raise
        except UserError as error:
            text = Text(
                "what the source {source} found could not be recorded: {error}", source=finding.source, error=error
            )
            plan, milestone = definition.plan.id, finding.milestone
            self.report(Event(name="trouble", at=now, plan=plan, milestone=milestone, party=finding.party, text=text))
        return False

    def _may_be_held(self, plan: Plan, finding: Finding) -> bool:
        with self.services.store.reading() as view:
            return may_be_held(view, plan, finding.milestone, finding.party)

    def _ask(self, checker: Checker, plan: Plan, watched: Sequence[Obligation], now: datetime) -> _Look:
        """Return what a source shows; report it if it could not be looked at, or not everywhere.

        Raises `RecordUnavailable`.
        """
        try:
            findings = checker.check(plan, watched, now)
        except RecordUnavailable:
            raise
        except UserError as error:
            look = _Look(failure=error.text)
        except Exception as error:  # a bug of one source must not hide what the others see
            look = _Look(failure=f"{type(error).__name__}: {error}")
        else:
            self._tell_blind(checker, plan, findings, now)
            look = _Look(findings)
        if look.failure:
            text = Text(
                "the source {source} could not be looked at: {failure}", source=checker.source, failure=look.failure
            )
            self.report(Event(name="trouble", at=now, plan=plan.id, text=text, step=f"source {checker.source}"))
        return look

    def _tell_blind(self, checker: Checker, plan: Plan, findings: Sequence[Finding], now: datetime) -> None:
        """Report the obligations that a source could not see, all at once."""
        blind = [one for one in findings if one.is_blind]
        if blind:
            first = blind[0]
            where = Text(
                "{milestone} of {party}: {seen}", milestone=first.milestone, party=first.party, seen=first.seen
            )
            if len(blind) > 1:
                where += Text(", and {number} more", number=len(blind) - 1)
            text = Text(
                "the source {source} could not be looked at everywhere: {where}", source=checker.source, where=where
            )
            self.report(Event(name="trouble", at=now, plan=plan.id, text=text, step=f"source {checker.source}"))

    def next_at(self, view: UnitOfWork, plan: Plan, state: PlanState, now: datetime) -> datetime:
        """Return when the next check of a plan after `now` is due (UTC)."""
        rung = view.rungs.next_at([plan.id], now + LEAD) if has_come(state.next_rung, now + LEAD) else state.next_rung
        morning = next_workday_at(plan, plan.checks.at, now)
        return min(morning, rung - LEAD) if rung is not None else morning


def is_watched(obligation: Obligation, now: datetime) -> bool:
    """Return whether an obligation owes something that a check could find."""
    o = obligation
    return o.due is not None and not o.attends and not o.unknown and o.standing.is_open and now >= o.since
