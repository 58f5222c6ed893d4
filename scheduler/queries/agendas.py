"""The agenda of a plan in the record, drawn again only when its inputs have changed."""

from __future__ import annotations

from datetime import datetime

from scheduler.plan.agenda import AGENDA_RULES, Agenda, draw_agenda
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.model import Plan
from scheduler.ports import Inputs, PlanState, UnitOfWork


def view_agenda(view: UnitOfWork, plan: Plan, now: datetime, *, as_of: datetime | None = None) -> Agenda:
    """Return the agenda of a plan, even before its first load.

    With `as_of`, facts and idle days that came later are left out.
    """
    state = view.plans.state(plan.id)
    facts = [f for f in view.facts.of(plan.id) if as_of is None or f.recorded_at <= as_of]
    if state is None:
        return draw_agenda(plan, facts, loaded_at=now)
    today = local_day(as_of or now, plan.zone)
    idle = {day for day in view.plans.idle_days(plan.id) if day < today}
    return draw_agenda(plan, facts, loaded_at=min(state.first_loaded_at, as_of or now), idle=idle)


def read_agenda(unit: UnitOfWork, plan: Plan) -> Agenda:
    """Return the agenda of a loaded plan. Raises `LookupError` if the plan was never loaded."""
    loaded_at = find_state(unit, plan).first_loaded_at
    return draw_agenda(plan, unit.facts.of(plan.id), loaded_at=loaded_at, idle=unit.plans.idle_days(plan.id))


def inputs_fingerprint(seen: PlanState | Inputs, plan: Plan) -> str:
    """Return the fingerprint of the inputs of a plan's agenda.

    The id of the last fact and the number of idle days suffice, because both are only ever added to.
    """
    return f"{AGENDA_RULES}/{plan.digest}/{seen.last_fact}/{seen.idle}"


def parse_fingerprint(fingerprint: str) -> tuple[str, int] | None:
    """Return the plan's digest and the id of the last fact in a fingerprint; None for any other text."""
    _, digest, fact, idle = fingerprint.split("/") if fingerprint.count("/") == 3 else ("", "", "", "")
    return (digest, int(fact)) if fact.isdecimal() and idle.isdecimal() else None


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
            known = self._drawn[plan.id] = (inputs, read_agenda(unit, plan))
        return known[1]
