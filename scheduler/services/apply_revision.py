"""Take a plan's revision into the record."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from scheduler.errors import EarlierRevision
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import DEFINITION, Joined, Withdrawn
from scheduler.plan.model import Plan
from scheduler.plan.revisions import Rejoined, carry_over, compare_terms, find_changed, find_renames, read_terms
from scheduler.ports import Definition, Loaded, PlanState, Store, UnitOfWork
from scheduler.queries.agendas import find_relations, inputs_fingerprint, is_in_step
from scheduler.queries.snapshot import read_snapshot
from scheduler.services.reconcile import Changes, reconcile
from scheduler.texts import Text, Worded
from scheduler.wording import format_stamp


def take(store: Store, definition: Definition, now: datetime) -> Changes | None:
    """Take a definition as the plan in force from `now` on; return the changes, or None if nothing is new.

    It commits. Raises `EarlierRevision`.
    """
    with store.reading() as view:
        if is_taken(view, definition.plan) and not _is_moved(view.plans.state(definition.plan.id), definition):
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

    If only some milestones differ from the revision before, only what they touch is drawn. Raises `EarlierRevision`.
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
        if _is_moved(state, definition):
            unit.plans.keep_text(plan.id, plan.digest, definition.files, definition.place)
        return None
    if state is not None and not _may_return(state, definition):
        _refuse_earlier(unit, state, definition)
    changed, old = None, _carry_over(unit, plan, now) if state is not None else None
    terms = read_terms(plan, now, old)
    if state is not None and old is not None:
        changed = find_changed(terms, old) if is_in_step(state) else None
        for fact in compare_terms(plan, old, now):
            unit.facts.append(fact)
        unit.rungs.plan_unwritten(plan.id)
    unit.plans.record_revision(
        plan=plan.id,
        digest=plan.digest,
        at=now,
        source=definition.source,
        terms=terms,
        files=definition.files,
        place=definition.place,
    )
    if state is None:
        unit.plans.record_seen(plan.id, local_day(now, plan.zone))
    return changed


def _is_moved(state: PlanState | None, definition: Definition) -> bool:
    """Return whether a definition lies elsewhere than where the revision in force was read from."""
    return state is not None and definition.place not in ("", state.place)


def _may_return(state: PlanState, definition: Definition) -> bool:
    """Return whether an earlier text may come back: somebody put it back where the revision in force was read from."""
    return bool(definition.place) and state.place in ("", definition.place)


def _refuse_earlier(unit: UnitOfWork, state: PlanState, definition: Definition) -> None:
    """Raise `EarlierRevision` for a text that was in force before: an old copy must not undo a newer revision."""
    plan = definition.plan
    former = unit.plans.former(plan.id, plan.digest)
    if former is not None and not definition.place:
        raise EarlierRevision(
            Text("a newer revision of the plan {plan} is in force by now", plan=plan.id),
            hint=Text("nothing was recorded; try again in a minute"),
        )
    if former is not None:
        raise EarlierRevision(
            Text(
                "{file} is the revision of {plan} that was loaded on {former}; the one in force was loaded on {now}",
                file=plan.file,
                plan=plan.id,
                former=_at(former, plan),
                now=_at(state.loaded_at, plan),
            ),
            hint=Text(
                "bring the folder up to date, from {place}; to go back to the earlier text on purpose, change "
                "anything in the file, a comment for example",
                place=state.place,
            ),
        )


def _at(instant: datetime, plan: Plan) -> Worded:
    return Worded(partial(format_stamp, instant.astimezone(plan.zone)))


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
