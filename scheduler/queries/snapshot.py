"""A snapshot of a plan: its facts and agenda, read once for many readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from scheduler.plan.agenda import Agenda, draw_agenda
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import Fact, Withdrawn, drop_withdrawn, recording_order
from scheduler.plan.model import Plan
from scheduler.plan.recipients import bounced_addresses, silent_addresses
from scheduler.plan.scope import Scope
from scheduler.plan.status import Cell, draw_board
from scheduler.ports import RungCount, UnitOfWork
from scheduler.queries.agendas import (
    AgendaCache,
    facts_within,
    find_state,
    inputs_fingerprint,
    last_known_fact,
)


@dataclass(frozen=True)
class Snapshot:
    """A plan with its facts and its agenda, or those of a scope.

    Only a whole snapshot from the cache has the `fingerprint` of its inputs, and the `terms` of its revision.
    """

    plan: Plan
    agenda: Agenda
    facts: Sequence[Fact]
    fingerprint: str = ""
    terms: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def counting(self) -> Sequence[Fact]:
        """Return the facts that were not withdrawn."""
        return drop_withdrawn(self.facts)

    @cached_property
    def bounced(self) -> frozenset[str]:
        """Return the addresses that are known to bounce."""
        return bounced_addresses(self.counting)

    def silent(self, now: datetime) -> frozenset[str]:
        """Return the addresses to which nothing is written at `now`: those that bounce or are paused."""
        return silent_addresses(self.plan, self.counting, now)

    @cached_property
    def withdrawn(self) -> frozenset[int]:
        """Return the ids of the facts that were withdrawn."""
        counting = {fact.id for fact in self.counting}
        return frozenset(f.id for f in self.facts if not isinstance(f, Withdrawn) and f.id not in counting)

    def duties(self, now: datetime) -> list[Cell]:
        """Return the cells of all obligations at `now`, without those of parties that only attend an event."""
        return [cell for cell in draw_board(self.agenda, now) if not cell.obligation.attends]


def read_snapshot(view: UnitOfWork, plan: Plan, scope: Scope | None) -> Snapshot:
    """Return the snapshot of a loaded plan or of a scope. Raises `LookupError` if the plan was never loaded."""
    facts = facts_within(view, plan, scope)
    loaded_at, idle = find_state(view, plan).first_loaded_at, view.plans.idle_days(plan.id)
    return Snapshot(plan, draw_agenda(plan, facts, loaded_at=loaded_at, idle=idle, scope=scope), facts)


class SnapshotCache:
    """The snapshots of a process: its agendas, each with the facts that it was drawn from."""

    def __init__(self, agendas: AgendaCache) -> None:
        self._agendas = agendas
        self._drawn: dict[str, Snapshot] = {}
        self._counted: dict[str, tuple[str, Sequence[RungCount]]] = {}

    def read(self, view: UnitOfWork, plan: Plan, now: datetime) -> Snapshot:
        """Return the snapshot of a plan; before its first load it has no facts."""
        state = view.plans.state(plan.id)
        if state is None:
            return Snapshot(plan, draw_agenda(plan, [], loaded_at=now), ())
        fingerprint = inputs_fingerprint(state, plan)
        known = self._drawn.get(plan.id)
        if known is None or known.fingerprint != fingerprint:
            facts = _advance(view, known, fingerprint) or view.facts.of(plan.id)
            known = self._drawn[plan.id] = Snapshot(
                plan, self._agendas.read(view, plan), facts, fingerprint, view.plans.terms(plan.id)
            )
        return known

    def count(self, view: UnitOfWork, snapshot: Snapshot) -> Sequence[RungCount]:
        """Return how many rungs a plan has by instant and state.

        The counts are cached until the inputs change or a tick completes, because only ticks send rungs.
        """
        plan, fingerprint = snapshot.plan.id, f"{snapshot.fingerprint}/{view.journal.last_tick()}"
        known = self._counted.get(plan)
        if known is None or known[0] != fingerprint:
            known = self._counted[plan] = (fingerprint, view.rungs.counts(plan))
        return known[1]

    def read_past(self, view: UnitOfWork, plan: Plan, as_of: datetime) -> Snapshot:
        """Return the snapshot of a plan at a past instant, from what was recorded by then.

        Before the plan's first load it is drawn as if the plan were loaded at that instant.
        """
        state = view.plans.state(plan.id)
        loaded_at = min(state.first_loaded_at, as_of) if state else as_of
        today = local_day(as_of, plan.zone)
        facts = [fact for fact in view.facts.of(plan.id) if fact.recorded_at <= as_of]
        idle = {day for day in view.plans.idle_days(plan.id) if day < today}
        return Snapshot(plan, draw_agenda(plan, facts, loaded_at=loaded_at, idle=idle), facts)


def _advance(view: UnitOfWork, known: Snapshot | None, fingerprint: str) -> Sequence[Fact] | None:
    """Return the facts of a snapshot and those that were added since; None if something else has changed as well."""
    last = last_known_fact(known.fingerprint, fingerprint) if known is not None else None
    if known is None or last is None:
        return None
    return sorted([*known.facts, *view.facts.since(known.plan.id, last)], key=recording_order)
