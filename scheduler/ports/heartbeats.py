"""The heartbeats of the processes that work on one record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol


class Heartbeats(Protocol):
    """When each process that works on the record was last seen alive."""

    def clock(self) -> datetime | None:
        """Return the time by the database server's own clock (UTC); None if the database uses this machine's."""

    def record(self, name: str, at: datetime) -> None:
        """Record that a process was alive at an instant."""

    def stale(self, before: datetime) -> Sequence[str]:
        """Return the names of the processes that were last alive before an instant, in order."""

    def forget(self, names: Collection[str]) -> None:
        """Delete the heartbeats of processes."""
