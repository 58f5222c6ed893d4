"""A scenario: what happens from outside during a simulation or a replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.plan.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens from outside: facts in the order of `recorded_at`, and spans without a daemon (UTC)."""

    facts: Sequence[Fact] = ()
    outages: Sequence[tuple[datetime, datetime]] = ()

    def outage_at(self, instant: datetime) -> tuple[datetime, datetime] | None:
        """Return the outage that `instant` lies in; its end is no longer part of it."""
        return next((span for span in self.outages if span[0] <= instant < span[1]), None)
