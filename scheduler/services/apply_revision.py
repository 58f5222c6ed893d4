"""Take a plan's revision into the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import Amended, Fact
from scheduler.plan.model import Plan
from scheduler.plan.revisions import compare_terms, read_terms
from scheduler.ports import Definition, UnitOfWork
from scheduler.queries.agendas import inputs_fingerprint
from scheduler.queries.snapshot import read_snapshot
from scheduler.services.context import ServiceContext
from scheduler.services.notices import notify
from scheduler.services.reconcile import Changes, reconcile


def take(services: ServiceContext, definition: Definition, now: datetime) -> Changes | None:
    """Take a definition as the plan in force from `now` on; return the changes, or None if nothing is new.

    It commits, and queues notices of changed dates.
    """
    with services.store.reading() as view:
        if is_taken(view, definition.plan):
            return None
    with services.store.transaction() as unit:
        return take_within(services, unit, definition, now)


def is_taken(view: UnitOfWork, plan: Plan) -> bool:
    """Return whether the record already follows this revision of a plan and every recorded fact."""
    state = view.plans.state(plan.id)
    return state is not None and state.reconciled == inputs_fingerprint(state, plan)


def take_within(services: ServiceContext, unit: UnitOfWork, definition: Definition, now: datetime) -> Changes:
    """Take a definition within the given transaction, even if nothing is new."""
    plan = definition.plan
    decided = _record_revision(unit, definition, now)
    snapshot = read_snapshot(unit, plan, None)
    changes = reconcile(unit, snapshot.agenda, now)
    amended = [fact for fact in decided if isinstance(fact, Amended)]
    problems = [p for fact in amended for p in notify(services, unit, snapshot, fact).problems]
    return replace(changes, problems=tuple(problems))


def _record_revision(unit: UnitOfWork, definition: Definition, now: datetime) -> list[Fact]:
    """Record a new revision; append and return the facts that it implies.

    These are changed dates, parties that joined, and changed addresses.
    """
    plan = definition.plan
    state = unit.plans.state(plan.id)
    if state is not None and state.digest == plan.digest:
        return []
    implied = compare_terms(plan, unit.plans.terms(plan.id), now) if state is not None else ()
    decided: list[Fact] = [unit.facts.append(fact) for fact in implied]
    terms = read_terms(plan)
    unit.plans.record_revision(plan=plan.id, digest=plan.digest, at=now, source=definition.source, terms=terms)
    if state is None:
        unit.plans.record_seen(plan.id, local_day(now, plan.zone))
    return decided
