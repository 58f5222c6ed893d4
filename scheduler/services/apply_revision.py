"""Take a plan's revision into the record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import DEFINITION, Joined, Withdrawn
from scheduler.plan.model import Plan
from scheduler.plan.revisions import Rejoined, carry_over, compare_terms, find_changed, find_renames, read_terms
from scheduler.ports import Definition, Loaded, Store, UnitOfWork
from scheduler.queries.agendas import find_relations, inputs_fingerprint, is_in_step
from scheduler.queries.snapshot import read_snapshot
from scheduler.services.reconcile import Changes, reconcile
from scheduler.texts import Text


def take(store: Store, definition: Definition, now: datetime) -> Changes | None:
    """Take a definition as the plan in force from `now` on; return the changes, or None if nothing is new.

    It commits.
    """
    with store.reading() as view:
        if is_taken(view, definition.plan):
            return None
    with store.transaction() as unit:
        return take_within(unit, definition, now)


def settle(store: Store, loaded: Loaded) -> Loaded:
    """Return what was loaded, with those contested plans among the definitions that are in force word for word."""
    with store.reading() as view:
        return loaded.settle({state.plan: state.digest for state in view.plans.states()})


def is_taken(view: UnitOfWork, plan: Plan) -> bool:
    """Return whether the record already follows this revision of a plan and every recorded fact."""
    state = view.plans.state(plan.id)
    return state is not None and state.reconciled == inputs_fingerprint(state, plan)


def take_within(unit: UnitOfWork, definition: Definition, now: datetime) -> Changes:
    """Take a definition within the given transaction, even if nothing is new.

    If only some milestones differ from the revision before, only what they touch is drawn.
    """
    plan = definition.plan
    changed = _record_revision(unit, definition, now)
    scope = None if changed is None else find_relations(unit, plan).touched_by_edit(changed)
    return reconcile(unit, read_snapshot(unit, plan, scope).agenda, now)


def _record_revision(unit: UnitOfWork, definition: Definition, now: datetime) -> frozenset[str] | None:
    """Record a new revision and the facts that it implies; return the ids of the changed milestones.

    The facts are changed dates, parties that joined, and changed addresses. The ids are None if the rest of the plan
    changed, too, or if the ledger was not in step with the revision before.
    """
    plan = definition.plan
    state = unit.plans.state(plan.id)
    if state is not None and state.digest == plan.digest:
        return None
    changed, old = None, _carry_over(unit, plan, now) if state is not None else None
    terms = read_terms(plan, now, old)
    if state is not None and old is not None:
        changed = find_changed(terms, old) if is_in_step(state) else None
        for fact in compare_terms(plan, old, now):
            unit.facts.append(fact)
        unit.rungs.plan_unwritten(plan.id)
    unit.plans.record_revision(plan=plan.id, digest=plan.digest, at=now, source=definition.source, terms=terms)
    if state is None:
        unit.plans.record_seen(plan.id, local_day(now, plan.zone))
    return changed


def _carry_over(unit: UnitOfWork, plan: Plan, now: datetime) -> dict[str, Any]:
    """Give what was renamed its record; return the terms of the revision before with the ids of this one.

    What an earlier revision took for new, because it did not say the former id, was there all the time.
    """
    known = unit.plans.terms(plan.id)
    renames = find_renames(plan, known)
    for kind, old, new in renames:
        carry = {"milestone": unit.renames.milestone, "party": unit.renames.party, "group": unit.renames.group}[kind]
        carry(plan.id, old, new)
    terms, rejoined = carry_over(renames, known)
    for fact in unit.facts.of(plan.id) if rejoined else ():
        if isinstance(fact, Joined) and fact.left is None and any(_is_again(fact, one) for one in rejoined):
            said: dict[str, Any] = {
                "milestone": fact.milestone,
                "party": fact.party,
                "happened_at": now,
                "recorded_at": now,
            }
            unit.facts.append(
                Withdrawn(plan=plan.id, by=DEFINITION, target=fact.id, reason=Text("it was renamed"), **said)
            )
    return terms


def _is_again(fact: Joined, rejoined: Rejoined) -> bool:
    """Return whether a party joined something anew that it had been in under a former id."""
    is_about = fact.milestone == rejoined.milestone and rejoined.party in (None, fact.party)
    return is_about and fact.recorded_at >= rejoined.since
