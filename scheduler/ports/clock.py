"""The clock, and what else the machine knows of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The only source of the current time."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""

    def seconds_until(self, instant: datetime) -> float:
        """Return how many real seconds to wait until `instant`; 0 if it has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """One look at the machine's clocks.

    `boot` identifies the start of the kernel, `uptime` is how long ago that was, time in suspend included. Neither
    changes when somebody sets the clock. `is_synchronised` says that the kernel follows a time server and shows `now`.
    """

    now: datetime
    boot: str
    uptime: timedelta
    is_synchronised: bool = False


class Machine(Protocol):
    """The machine that this process runs on."""

    def read(self) -> ClockReading:
        """Look at the clocks."""
