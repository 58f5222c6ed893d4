"""The box by which a party puts its dates into its own calendar."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.ports import FeedRow, UnitOfWork
from scheduler.queries.feed_links import calendar_path
from scheduler.services.publish_feeds import create_feed
from scheduler.web.context import RequestContext


@dataclass(frozen=True, slots=True)
class Subscription:
    """The address of a calendar and the forms in which programs take it."""

    address: str

    @property
    def webcal(self) -> str:
        """Return the address that calendar programs open by themselves."""
        return "webcal://" + self.address.partition("://")[2]

    @property
    def qr_code(self) -> str:
        """Return the address as a QR code for a telephone, as a picture that needs nothing from elsewhere."""
        import segno  # 60 ms, only if asked

        return str(segno.make(self.address, error="m").svg_data_uri(scale=4, border=3, dark="#000", light="#fff"))


def find_subscription(context: RequestContext, view: UnitOfWork, party: str) -> Subscription | None:
    """Return the newest calendar of everything that a party has; None if it has none that is good."""
    feeds = [feed for feed in view.feeds.list() if _is_whole(feed, party)]
    if not feeds:
        return None
    path = calendar_path(feeds[-1], context.site.plans, context.site.secret)
    return Subscription(context.site.address + path)


def subscribe(context: RequestContext, party: str) -> None:
    """Make a calendar for a party that has none."""
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
