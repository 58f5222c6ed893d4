"""A plan with what is recorded of it, read once: how it stands, and what in it needs a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from scheduler.plan.agenda import Agenda, draw_agenda
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import Fact, drop_withdrawn
from scheduler.plan.model import Plan
from scheduler.plan.recipients import bounced_addresses
from scheduler.plan.status import Cell, draw_board
from scheduler.ports import RungCount, UnitOfWork
from scheduler.queries.agendas import inputs_fingerprint


@dataclass(frozen=True)
class Snapshot:
    """A plan with its facts and what follows from them. `fingerprint` names what it was drawn from."""

    plan: Plan
    agenda: Agenda
    facts: Sequence[Fact]
    fingerprint: str

    @cached_property
    def counting(self) -> Sequence[Fact]:
        """Return the facts that still count."""
        return drop_withdrawn(self.facts)

    @cached_property
    def bounced(self) -> frozenset[str]:
        """Return the addresses that are known to bounce."""
        return bounced_addresses(self.counting)

    @cached_property
    def withdrawn(self) -> frozenset[int]:
        """Return which facts were taken back."""
        counting = {fact.id for fact in self.counting}
        return frozenset(f.id for f in self.facts if f.kind != "withdrawn" and f.id not in counting)

    def duties(self, now: datetime) -> list[Cell]:
        """Return how everything stands that somebody owes, at `now`; who only attends is left out."""
        return [cell for cell in draw_board(self.agenda, now) if not cell.obligation.attends]


class SnapshotCache:
    """The pictures of a process: each is drawn again only when something it follows from has changed."""

    def __init__(self) -> None:
        self._drawn: dict[str, Snapshot] = {}
        self._counted: dict[str, tuple[str, Sequence[RungCount]]] = {}

    def read(self, view: UnitOfWork, plan: Plan, now: datetime) -> Snapshot:
        """Return a plan as it stands; also before its first load."""
        state = view.plans.state(plan.id)
        if state is None:
            return Snapshot(plan, draw_agenda(plan, [], loaded_at=now), (), "")
        fingerprint = inputs_fingerprint(state, plan)
        known = self._drawn.get(plan.id)
        if known is None or known.fingerprint != fingerprint:
            known = self._drawn[plan.id] = _draw(view, plan, state.first_loaded_at, fingerprint)
        return known

    def count(self, view: UnitOfWork, snapshot: Snapshot) -> Sequence[RungCount]:
        """Return how many steps a plan has by instant and state, at the last completed tick: nothing else sends any."""
        plan, fingerprint = snapshot.plan.id, f"{snapshot.fingerprint}/{view.journal.last_tick()}"
        known = self._counted.get(plan)
        if known is None or known[0] != fingerprint:
            known = self._counted[plan] = (fingerprint, view.rungs.counts(plan))
        return known[1]

    def read_past(self, view: UnitOfWork, plan: Plan, as_of: datetime) -> Snapshot:
        """Return a plan as it stood at an instant by what was recorded then; before its load, as if just loaded."""
        state = view.plans.state(plan.id)
        loaded_at = min(state.first_loaded_at, as_of) if state else as_of
        return _draw(view, plan, loaded_at, "", as_of=as_of)


def _draw(
    view: UnitOfWork, plan: Plan, loaded_at: datetime, fingerprint: str, *, as_of: datetime | None = None
) -> Snapshot:
    facts, idle = view.facts.of(plan.id), view.plans.idle_days(plan.id)
    if as_of is not None:
        today = local_day(as_of, plan.zone)
        facts = [fact for fact in facts if fact.recorded_at <= as_of]
        idle = {day for day in idle if day < today}
    return Snapshot(plan, draw_agenda(plan, facts, loaded_at=loaded_at, idle=idle), facts, fingerprint)


# ---------------------------------------------------------------- what needs a person
