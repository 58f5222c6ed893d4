"""The limits of a mail account, and how much of them is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scheduler.ports import UnitOfWork

LimitName = Literal["minute", "day", "urgent", "urgent_day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The number of mails that an account may send; 0 means no limit.

    All processes on one record share the limits. Urgent mails are counted like all others, but are held up only by
    limits of their own: they leave first, and also when the others have used up theirs. An account thus sends at most
    `per_day` and `urgent_per_day` mails together.
    """

    per_minute: int = 0
    per_day: int = 0
    urgent_per_hour: int = 0
    urgent_per_day: int = 0

    @property
    def are_set(self) -> bool:
        """Return whether there is any limit."""
        return any((self.per_minute, self.per_day, self.urgent_per_hour, self.urgent_per_day))


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitUse:
    """How many mails were counted against one limit of an account: of a minute, of a day, or of the urgent ones."""

    name: LimitName
    used: int
    limit: int

    @property
    def left(self) -> int:
        """Return how many mails may still be sent."""
        return max(0, self.limit - self.used)


def read_limits(unit: UnitOfWork, account: str, limits: Limits, now: datetime) -> Sequence[LimitUse]:
    """Return the use of every limit that is set."""
    if not limits.are_set:
        return ()
    used, urgent = (unit.accounts.usage(name, now=now) for name in (account, urgent_part(account)))
    uses = (
        LimitUse(name="minute", used=used.minute, limit=limits.per_minute),
        LimitUse(name="day", used=used.day, limit=limits.per_day),
        LimitUse(name="urgent", used=urgent.hour, limit=limits.urgent_per_hour),
        LimitUse(name="urgent_day", used=urgent.day, limit=limits.urgent_per_day),
    )
    return [use for use in uses if use.limit]


def urgent_part(account: str) -> str:
    """Return the name under which the urgent mails of an account are counted once more."""
    return f"{account} urgent"
