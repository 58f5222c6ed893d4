"""Facts that arrive at given instants during a replay or a simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from scheduler.plan.facts import Fact


class Arrivals:
    """A periodic source that records scenario facts when their instants come."""

    name = "scenario"

    def __init__(self, facts: Sequence[Fact], record: Callable[[Fact], object]) -> None:
        self._pending = sorted(facts, key=lambda fact: fact.recorded_at)
        self._record = record

    def collect(self, now: datetime) -> None:
        """Record every fact whose `recorded_at` is not later than `now`; one that fails is tried again."""
        while self._pending and self._pending[0].recorded_at <= now:
            self._record(self._pending[0])
            del self._pending[0]

    @property
    def next_at(self) -> datetime | None:
        """Return when the next fact arrives (UTC), or None after the last one."""
        return self._pending[0].recorded_at if self._pending else None
