"""The dependencies that services share."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.plan.answers.reading_gap import MailboxReading
from scheduler.ports import Composer, Store
from scheduler.queries.site_links import SiteLinks
from scheduler.services.clock_guard import ClockGuard


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContext:
    """The record, the composer of notices, and the links to pages, which are None if mails hold no links.

    `reading` says how the mailbox is read, None if it is not.
    The `guard` is asked before anything is recorded; None where the clock is not the machine's.
    """

    store: Store
    composer: Composer
    links: SiteLinks | None = None
    guard: ClockGuard | None = None
    reading: MailboxReading | None = None

    def require_right_clock(self) -> None:
        """Raise `ClockNotBelieved` if the machine's clock is ahead and nothing confirms it."""
        if self.guard is not None:
            self.guard.require_right()
