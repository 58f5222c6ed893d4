"""Calendars: draws obligations as entries and renders them. Pure: no clock, disk, network or SQL."""

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
    """Draws and renders calendars (RFC 5545); their entries link to `links`, or to nothing if it is None."""

    links: SiteLinks | None = None

    @property
    def version(self) -> str:
        """Return the version of the rendering; raise it when the same item gives other bytes than before."""
        return "3"

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of all inputs of drawing and rendering other than agenda and generation."""
        return f"{self.version}/{self.links.fingerprint}" if self.links is not None else self.version

    def draw(self, agenda: Agenda, audience: str, generation: int) -> Iterable[FeedItem]:
        """Yield the items of a party's calendar of a plan, or of the public one (audience ""); each uid once."""
        return draw(agenda, audience, ItemLinks(self.links, generation))

    def cancel(self, item: FeedItem) -> FeedItem:
        """Return the item as it is shown for a while after it is gone: as cancelled."""
        return cancel(item)

    def render(
        self, item: FeedItem, *, sequence: int, created_at: datetime, revised_at: datetime
    ) -> tuple[bytes, bytes]:
        """Return the bytes of an item as an event and as a task; empty for what it is not."""
        from scheduler.feeds.rendering import render  # imported here: icalendar takes 60 ms to import

        return render(item, sequence=sequence, created_at=created_at, revised_at=revised_at)
