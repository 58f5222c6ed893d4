"""Taking a plan's revision into the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import Fact
from scheduler.plan.model import Plan
from scheduler.plan.revisions import compare_terms, read_terms
from scheduler.ports import Definition, UnitOfWork
from scheduler.queries.agendas import inputs_fingerprint, read_agenda
from scheduler.services.context import ServiceContext
from scheduler.services.notices import notify
from scheduler.services.reconcile import Changes, reconcile


def take(services: ServiceContext, definition: Definition, now: datetime) -> Changes | None:
    """Take a definition as the plan that holds from `now` on and tell whom it concerns; None if nothing was new."""
    with services.store.reading() as view:
        if is_taken(view, definition.plan):
            return None
    with services.store.transaction() as unit:
        return take_within(services, unit, definition, now)


def is_taken(view: UnitOfWork, plan: Plan) -> bool:
    """Return whether the record already follows this revision of a plan and everything that was recorded."""
    state = view.plans.state(plan.id)
    return state is not None and state.reconciled == inputs_fingerprint(state, plan)


def take_within(services: ServiceContext, unit: UnitOfWork, definition: Definition, now: datetime) -> Changes:
    """Take a definition within a transaction of the caller's."""
    plan = definition.plan
    decided = _record_revision(unit, definition, now)
    changes = reconcile(unit, plan, now)
    amended = [fact for fact in decided if fact.kind == "amended"]
    agenda = read_agenda(unit, plan) if amended else None
    problems = [p for fact in amended if agenda for p in notify(services, unit, agenda, fact).problems]
    return replace(changes, problems=tuple(problems))


def _record_revision(unit: UnitOfWork, definition: Definition, now: datetime) -> list[Fact]:
    """Remember a new revision and return what it decides anew, as recorded facts."""
    plan = definition.plan
    state = unit.plans.state(plan.id)
    if state is not None and state.digest == plan.digest:
        return []
    decided = list(compare_terms(plan, unit.plans.terms(plan.id), now)) if state is not None else []
    decided = [unit.facts.append(fact) for fact in decided]
    terms = read_terms(plan)
    unit.plans.record_revision(plan=plan.id, digest=plan.digest, at=now, source=definition.source, terms=terms)
    if state is None:
        unit.plans.record_seen(plan.id, local_day(now, plan.zone))
    return decided
