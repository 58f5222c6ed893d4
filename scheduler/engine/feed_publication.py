"""Publish the calendars of a plan when what they depend on has changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from scheduler.plan.model import Plan
from scheduler.ports import FeedRenderer, PlanState, Store
from scheduler.queries.agendas import AgendaCache, find_state
from scheduler.services.publish_feeds import Publication, publish, published_fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPublisher:
    """Publishes calendars; without a renderer there are none."""

    store: Store
    agendas: AgendaCache
    calendars: FeedRenderer | None
    _last: dict[str, Publication] = field(default_factory=dict, init=False, compare=False, repr=False)

    def is_due(self, plan: Plan, state: PlanState, now: datetime) -> bool:
        """Return whether the calendars of a plan are not those of its current state and day."""
        return self.calendars is not None and state.published != published_fingerprint(state, plan, self.calendars, now)

    def publish(self, plan: Plan, now: datetime) -> None:
        """Publish the calendars of a plan, unless another process has done so meanwhile. It commits."""
        if self.calendars is None:
            return
        with self.store.transaction() as unit:
            if not self.is_due(plan, find_state(unit, plan), now):
                return
            agenda = self.agendas.read(unit, plan)
            done = publish(unit, agenda, self.calendars, now, self._last.get(plan.id))
        self._last[plan.id] = done
