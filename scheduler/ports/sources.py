"""What the daemon asks from time to time whether something has come."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class PeriodicSource(Protocol):
    """Something outside that brings news, such as a mailbox; each tick asks every source whose time has come.

    A source records what it finds by itself, and nothing twice: after a failure it is asked again for the same.
    """

    @property
    def name(self) -> str:
        """Return the name of the source for the log; no two sources share one."""

    @property
    def next_at(self) -> datetime | None:
        """Return when the source wants to be asked next (UTC); None: not until something changes.

        Reading it costs nothing and changes nothing. An instant that has passed means the next tick.
        """

    def collect(self, now: datetime) -> None:
        """Take in everything that has come by `now`. It commits; raises `UserError` where the source cannot be read."""
