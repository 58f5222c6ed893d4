"""The clock."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of the current time."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""

    def seconds_until(self, instant: datetime) -> float:
        """Return how many real seconds to wait until `instant`; 0 if it has come."""
