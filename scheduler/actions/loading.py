"""Taking a plan's revision into the record."""

from __future__ import annotations

from datetime import datetime

from scheduler.actions.reconciling import Changes, name_inputs, reconcile
from scheduler.plan.changes import compare_terms, read_terms
from scheduler.plan.dates import local_day
from scheduler.ports import Definition, Store, Unit


def take(store: Store, definition: Definition, now: datetime) -> Changes | None:
    """Take a definition as the plan that holds from `now` on; None if nothing was new."""
    plan = definition.plan
    with store.reading() as view:
        state = view.plans.state(plan.id)
    if state is not None and state.reconciled == name_inputs(state, plan):
        return None
    with store.transaction() as unit:
        _record_revision(unit, definition, now)
        return reconcile(unit, plan, now)


def _record_revision(unit: Unit, definition: Definition, now: datetime) -> None:
    plan = definition.plan
    state = unit.plans.state(plan.id)
    if state is not None and state.digest == plan.digest:
        return
    if state is not None:
        for fact in compare_terms(plan, unit.plans.terms(plan.id), now):
            unit.facts.append(fact)
    terms = read_terms(plan)
    unit.plans.record_revision(plan=plan.id, digest=plan.digest, at=now, source=definition.source, terms=terms)
    if state is None:
        unit.plans.record_seen(plan.id, local_day(now, plan.zone))
