"""The subscription by which a party sees its dates in its own calendar program."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.ports import FeedRow, UnitOfWork
from scheduler.queries.feed_links import calendar_path
from scheduler.services.publish_feeds import create_feed
from scheduler.web.context import RequestContext


@dataclass(frozen=True, slots=True)
class Subscription:
    """The address of a calendar in the forms that calendar programs accept."""

    address: str

    @property
    def webcal(self) -> str:
        """Return the address with the scheme that opens a calendar program."""
        return "webcal://" + self.address.partition("://")[2]

    @property
    def qr_code(self) -> str:
        """Return the address as a QR code for telephones, in a data URI, so that the page loads no other resource."""
        import segno  # takes 60 ms, so only when needed

        return str(segno.make(self.address, error="m").svg_data_uri(scale=4, border=3, dark="#000", light="#fff"))


def find_subscription(context: RequestContext, view: UnitOfWork, party: str) -> Subscription | None:
    """Return the newest valid calendar of a party for all its plans; None if there is none."""
    feeds = [feed for feed in view.feeds.list() if _is_whole(feed, party)]
    if not feeds:
        return None
    path = calendar_path(feeds[-1], context.site.plans, context.site.secret)
    return Subscription(context.site.address + path)


def subscribe(context: RequestContext, party: str) -> None:
    """Create a calendar for a party that has none, and commit."""
    running = context.running
    with running.store.transaction() as unit:
        if not any(_is_whole(feed, party) for feed in unit.feeds.list()):
            create_feed(
                unit,
                context.site.plans,
                running.container.calendars,
                audience=party,
                plan=None,
                tasks=False,
                now=context.now,
            )


def _is_whole(feed: FeedRow, party: str) -> bool:
    return (feed.audience, feed.plan, feed.tasks, feed.revoked_at) == (party, None, False, None)
