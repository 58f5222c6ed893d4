"""A scenario: the events from outside during a simulation or a replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.plan.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Facts in the order of `recorded_at`, and outages: spans (UTC) in which the daemon is down."""

    facts: Sequence[Fact] = ()
    outages: Sequence[tuple[datetime, datetime]] = ()

    def outage_at(self, instant: datetime) -> tuple[datetime, datetime] | None:
        """Return the outage in which `instant` lies, if any; the end of an outage is not part of it."""
        return next((span for span in self.outages if span[0] <= instant < span[1]), None)
