"""What arrives at given instants during a replay or a simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple


class Arrival(NamedTuple):
    """Something that is recorded at an instant (UTC)."""

    at: datetime
    record: Callable[[], object]


class Arrivals:
    """A periodic source that records what a scenario holds when its instant comes."""

    name = "scenario"

    def __init__(self, arrivals: Iterable[Arrival]) -> None:
        self._pending = sorted(arrivals, key=attrgetter("at"))

    def collect(self, now: datetime) -> None:
        """Record everything whose instant is not later than `now`; what fails is tried again."""
        while self._pending and self._pending[0].at <= now:
            self._pending[0].record()
            del self._pending[0]

    @property
    def next_at(self) -> datetime | None:
        """Return when the next one arrives (UTC), or None after the last one."""
        return self._pending[0].at if self._pending else None
