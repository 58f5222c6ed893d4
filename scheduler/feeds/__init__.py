"""Obligations as calendars: what stands in whose, and its bytes. Pure: no clock, disk, network, SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scheduler.feeds.items import Links, cancel, draw
from scheduler.plan.agenda import Agenda
from scheduler.ports import Item
from scheduler.queries.site_links import PageAddresses


@dataclass(frozen=True, slots=True)
class IcalCalendars:
    """Calendars as RFC 5545 has them. Their entries lead to `pages`, if these have an address that others can open."""

    pages: PageAddresses | None = None

    @property
    def version(self) -> str:
        """Return a word, another one when an item that is the same gives other bytes than before."""
        return "1"

    @property
    def word(self) -> str:
        """Return one word for everything that drawing and rendering follow from besides agenda and generation."""
        return f"{self.version}/{self.pages.word}" if self.pages is not None else self.version

    def draw(self, agenda: Agenda, audience: str, generation: int) -> Iterable[Item]:
        """Yield what a party (or the public: "") finds in its calendar of a plan, each uid once."""
        return draw(agenda, audience, Links(self.pages, generation))

    def cancel(self, item: Item) -> Item:
        """Return an item as it is said for a while after it is gone."""
        return cancel(item)

    def render(self, item: Item, *, sequence: int, created_at: datetime, revised_at: datetime) -> tuple[bytes, bytes]:
        """Return an item's bytes among the events and among the tasks; empty where it does not stand."""
        from scheduler.feeds.rendering import render  # its library takes 60 ms: only who renders pays

        return render(item, sequence=sequence, created_at=created_at, revised_at=revised_at)
