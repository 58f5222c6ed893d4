"""Obligations as calendars: what stands in whose, and its bytes. Pure: no clock, disk, network, SQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from scheduler.feeds.drawing import cancel, draw
from scheduler.plan.agenda import Agenda
from scheduler.ports import Item


class IcalCalendars:
    """Calendars as RFC 5545 has them."""

    version = "1"  # raised when an item that is the same gives other bytes than before

    def draw(self, agenda: Agenda, audience: str) -> Iterable[Item]:
        """Yield what a party (or the public: "") finds in its calendar of a plan, each uid once."""
        return draw(agenda, audience)

    def cancel(self, item: Item) -> Item:
        """Return an item as it is said for a while after it is gone."""
        return cancel(item)

    def render(self, item: Item, *, sequence: int, created_at: datetime, revised_at: datetime) -> tuple[bytes, bytes]:
        """Return an item's bytes among the events and among the tasks; empty where it does not stand."""
        from scheduler.feeds.rendering import render  # its library takes 60 ms: only who renders pays

        return render(item, sequence=sequence, created_at=created_at, revised_at=revised_at)
