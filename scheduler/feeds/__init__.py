"""Obligations as calendars: what stands in whose, and its bytes. Pure: no clock, disk, network, SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scheduler.feeds.items import ItemLinks, cancel, draw
from scheduler.plan.agenda import Agenda
from scheduler.ports import FeedItem
from scheduler.queries.site_links import SiteLinks


@dataclass(frozen=True, slots=True)
class IcalFeedRenderer:
    """Calendars as RFC 5545 has them. Their entries lead to `pages`, if these have an address that others can open."""

    pages: SiteLinks | None = None

    @property
    def version(self) -> str:
        """Return a word, another one when an item that is the same gives other bytes than before."""
        return "1"

    @property
    def fingerprint(self) -> str:
        """Return one word for everything that drawing and rendering follow from besides agenda and generation."""
        return f"{self.version}/{self.pages.fingerprint}" if self.pages is not None else self.version

    def draw(self, agenda: Agenda, audience: str, generation: int) -> Iterable[FeedItem]:
        """Yield what a party (or the public: "") finds in its calendar of a plan, each uid once."""
        return draw(agenda, audience, ItemLinks(self.pages, generation))

    def cancel(self, item: FeedItem) -> FeedItem:
        """Return an item as it is said for a while after it is gone."""
        return cancel(item)

    def render(
        self, item: FeedItem, *, sequence: int, created_at: datetime, revised_at: datetime
    ) -> tuple[bytes, bytes]:
        """Return an item's bytes among the events and among the tasks; empty where it does not stand."""
        from scheduler.feeds.rendering import render  # its library takes 60 ms: only who renders pays

        return render(item, sequence=sequence, created_at=created_at, revised_at=revised_at)
