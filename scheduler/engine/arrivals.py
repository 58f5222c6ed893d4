"""Facts that arrive from outside at given instants, in a replay or a simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from scheduler.plan.facts import Fact


class Arrivals:
    """A source of facts that arrive at their instants, in a replay or a simulation."""

    name = "scenario"

    def __init__(self, facts: Sequence[Fact], record: Callable[[Fact], object]) -> None:
        self._pending = sorted(facts, key=lambda fact: fact.recorded_at)
        self._record = record

    def collect(self, now: datetime) -> None:
        """Record every fact whose instant has come."""
        while self._pending and self._pending[0].recorded_at <= now:
            self._record(self._pending.pop(0))

    @property
    def next_at(self) -> datetime | None:
        """Return when the next fact arrives (UTC); None after the last."""
        return self._pending[0].recorded_at if self._pending else None
