"""The agenda of a plan in the record, or a part of it, drawn again only where its inputs have changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from scheduler.plan.agenda import AGENDA_RULES, Agenda, draw_agenda
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import Fact, Withdrawn, recording_order
from scheduler.plan.model import Plan
from scheduler.plan.scope import Relations, Scope
from scheduler.ports import Inputs, PlanState, UnitOfWork


def find_relations(view: UnitOfWork, plan: Plan) -> Relations:
    """Return what depends on what in a plan, as far as the record knows it."""
    return Relations(plan, view.facts.general(plan.id))


def find_touched(view: UnitOfWork, plan: Plan, facts: Iterable[Fact]) -> Scope:
    """Return the obligations of a plan that these facts can change, whether they are recorded already or not."""
    relations = find_relations(view, plan)
    touched = Scope()
    for fact in facts:
        known: Fact | None = fact
        while isinstance(known, Withdrawn):
            known = view.facts.get(known.target)
        if known is not None:
            touched |= relations.touched_by(known)
    return touched


def facts_within(view: UnitOfWork, plan: Plan, scope: Scope | None) -> Sequence[Fact]:
    """Return the facts that decide the obligations of a scope (None: of the plan), ordered by (recorded_at, id)."""
    if scope is None:
        return view.facts.of(plan.id)
    general = view.facts.general(plan.id)
    relations = Relations(plan, general)
    needed = relations.spelled_out(relations.needed_for(scope))
    return sorted([*general, *view.facts.within(plan.id, needed)], key=recording_order)


def view_agenda(
    view: UnitOfWork, plan: Plan, now: datetime, *, as_of: datetime | None = None, scope: Scope | None = None
) -> Agenda:
    """Return the agenda of a plan or of a scope, even before its first load.

    With `as_of`, facts and idle days that came later are left out.
    """
    state = view.plans.state(plan.id)
    facts = [f for f in facts_within(view, plan, scope) if as_of is None or f.recorded_at <= as_of]
    if state is None:
        return draw_agenda(plan, facts, loaded_at=now, scope=scope)
    today = local_day(as_of or now, plan.zone)
    idle = {day for day in view.plans.idle_days(plan.id) if day < today}
    return draw_agenda(plan, facts, loaded_at=min(state.first_loaded_at, as_of or now), idle=idle, scope=scope)


def read_agenda(unit: UnitOfWork, plan: Plan) -> Agenda:
    """Return the agenda of a loaded plan. Raises `LookupError` if the plan was never loaded."""
    loaded_at = find_state(unit, plan).first_loaded_at
    return draw_agenda(plan, unit.facts.of(plan.id), loaded_at=loaded_at, idle=unit.plans.idle_days(plan.id))


def advance_agenda(view: UnitOfWork, agenda: Agenda, new: Sequence[Fact]) -> Agenda:
    """Return the whole agenda of a loaded plan after new facts were recorded; only what they touch is drawn again."""
    plan = agenda.plan
    scope = find_touched(view, plan, new)
    loaded_at = find_state(view, plan).first_loaded_at
    part = draw_agenda(plan, facts_within(view, plan, scope), loaded_at=loaded_at, idle=agenda.idle, scope=scope)
    return agenda.updated(part) or read_agenda(view, plan)


def is_in_step(state: PlanState) -> bool:
    """Return whether the ledger of a plan follows the revision in the record and every recorded fact."""
    return state.reconciled == str(AgendaInputs(AGENDA_RULES, state.digest, state.last_fact, state.idle))


class AgendaInputs(NamedTuple):
    """What an agenda was drawn from: the version of the rules, the plan's digest, the last fact, the idle days."""

    rules: int
    plan: str
    last_fact: int
    idle: int

    def __str__(self) -> str:
        """Return the fingerprint."""
        return "/".join(map(str, self))

    @staticmethod
    def of(fingerprint: str) -> AgendaInputs | None:
        """Return what a fingerprint stands for; the reverse of `str`. None for any other text."""
        parts = fingerprint.split("/")
        if len(parts) != len(AgendaInputs._fields) or not all(part.isdecimal() for part in (parts[0], *parts[2:])):
            return None
        return AgendaInputs(int(parts[0]), parts[1], int(parts[2]), int(parts[3]))


def inputs_fingerprint(seen: PlanState | Inputs, plan: Plan) -> str:
    """Return the fingerprint of the inputs of a plan's agenda.

    The id of the last fact and the number of idle days suffice, because both are only ever added to.
    """
    return str(AgendaInputs(AGENDA_RULES, plan.digest, seen.last_fact, seen.idle))


def last_known_fact(older: str, newer: str) -> int | None:
    """Return the id of the last fact behind the older of two fingerprints if only facts were added since.

    None if anything else has changed, or if the second is the older one: one reader may see an earlier state than
    another.
    """
    one, other = AgendaInputs.of(older), AgendaInputs.of(newer)
    if one is None or other is None or one != other._replace(last_fact=one.last_fact):
        return None
    return one.last_fact if one.last_fact < other.last_fact else None


def find_state(unit: UnitOfWork, plan: Plan) -> PlanState:
    """Return the state of a loaded plan. Raises `LookupError` if the plan was never loaded."""
    state = unit.plans.state(plan.id)
    if state is None:
        raise LookupError(f"plan {plan.id} was never loaded")
    return state


class AgendaCache:
    """The agendas of a process, each drawn again only when its inputs have changed."""

    def __init__(self) -> None:
        self._drawn: dict[str, tuple[str, Agenda]] = {}

    def keep(self, fingerprint: str, agenda: Agenda) -> None:
        """Cache an agenda whose inputs are committed; before the commit, other facts might still get the same ids."""
        self._drawn[agenda.plan.id] = (fingerprint, agenda)

    def read(self, unit: UnitOfWork, plan: Plan) -> Agenda:
        """Return the current agenda of a loaded plan."""
        inputs = inputs_fingerprint(unit.plans.inputs(plan.id), plan)
        known = self._drawn.get(plan.id)
        if known is None or known[0] != inputs:
            known = self._drawn[plan.id] = (inputs, self._draw(unit, plan, inputs))
        return known[1]

    def _draw(self, unit: UnitOfWork, plan: Plan, inputs: str) -> Agenda:
        older, agenda = self._drawn.get(plan.id, ("", None))
        last = last_known_fact(older, inputs)
        if agenda is None or last is None:
            return read_agenda(unit, plan)
        return advance_agenda(unit, agenda, unit.facts.since(plan.id, last))
