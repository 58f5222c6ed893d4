"""The daemon keeps calendars in step: after each fact, once a day, and never for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.feeds import IcalFeedRenderer
from scheduler.ports import Store, UnitOfWork
from scheduler.queries.site_links import SiteLinks
from scheduler.services.publish_feeds import create_feed
from scheduler.store import open_store
from tests.support.daemon_fixture import DaemonFixture
from tests.support.ical_reader import the_event
from tests.support.plan_builders import LOADED, at


@pytest.fixture
def daemon() -> Iterator[DaemonFixture]:
    """Return a daemon with a calendar of beta."""
    with closing(open_store("sqlite://")) as store:
        daemon = DaemonFixture(store, calendars=IcalFeedRenderer())
        daemon.tick()
        with store.transaction() as unit:
            create_feed(
                unit,
                [daemon.plan],
                IcalFeedRenderer(),
                audience="beta",
                plan=None,
                tasks=False,
                now=daemon.clock.instant,
            )
        yield daemon


def summary(daemon: DaemonFixture) -> str:
    """Return how beta's only entry is called now."""
    with daemon.store.reading() as view:
        [feed] = view.feeds.list()
        [part] = view.feeds.contents(feed).parts
    return the_event(b"BEGIN:VCALENDAR\r\n" + part.body + b"END:VCALENDAR\r\n").text("SUMMARY")


def published(daemon: DaemonFixture) -> str:
    """Return what the calendars are known to follow from."""
    return daemon.state().published


class SpyStore:
    """A store that counts its writing transactions."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.writes = 0

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """Open a transaction and count it."""
        self.writes += 1
        with self.store.transaction() as unit:
            yield unit

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """Open a view."""
        with self.store.reading() as unit:
            yield unit

    def verify(self) -> None:
        """Look whether it is the same record."""
        self.store.verify()

    def close(self) -> None:
        """Close the store."""


def test_a_fact_is_in_the_calendar_after_the_next_tick(daemon: DaemonFixture) -> None:
    """And undoing it too."""
    assert summary(daemon).startswith("Report")
    recorded = daemon.record("received")
    daemon.tick()
    assert summary(daemon).startswith("✓ Report")
    daemon.undo(recorded.fact)
    daemon.tick()
    assert summary(daemon).startswith("Report")


def test_an_edit_is_in_the_calendar_after_the_next_tick(daemon: DaemonFixture) -> None:
    """Whoever loads it."""
    daemon.definitions.plans[0] = replace(
        daemon.plan, milestones=(replace(daemon.plan.milestones[0], title="Khác"),), digest="2"
    )
    daemon.ticker.load()
    daemon.tick()
    assert summary(daemon).startswith("Khác")


def test_a_new_day_is_published_once_and_a_quiet_tick_writes_no_more_than_before(daemon: DaemonFixture) -> None:
    """The window moves; else nothing does."""
    daemon.tick(at(2, 2, 9))
    spy = SpyStore(daemon.store)
    publishing = daemon.new_ticker(store=spy, calendars=IcalFeedRenderer())
    without = daemon.new_ticker(store=spy, name="other")
    writes = []
    for ticker in (publishing, without, publishing, without):
        spy.writes = 0
        daemon.clock.instant += timedelta(minutes=1)
        ticker.tick()
        writes.append(spy.writes)
    assert writes[2] == writes[3]
    before = published(daemon)
    daemon.tick(at(2, 3, 9))
    assert published(daemon) != before


def test_without_a_calendar_nothing_is_published_but_that_is_known(daemon: DaemonFixture) -> None:
    """The next tick need not look again."""
    with daemon.store.transaction() as unit:
        [feed] = unit.feeds.list()
        unit.feeds.revoke(feed.id, at=LOADED)
    daemon.record("received")
    daemon.tick()
    with daemon.store.reading() as view:
        [entry] = view.feeds.entries("beta", "plan")
    assert entry.sequence == 0
    assert published(daemon)


def test_calendars_follow_the_addresses_of_pages(daemon: DaemonFixture) -> None:
    """They are published anew at the next tick when one was revoked, or the site has moved."""

    def link() -> str:
        daemon.ticker.tick()
        with daemon.store.reading() as view:
            [entry] = view.feeds.entries("beta", "plan")
        return next((line for line in entry.item.text.splitlines() if "https:" in line), "")

    assert link() == ""
    old, new = (SiteLinks(f"https://{name}.example.vn", b"secret") for name in ("old", "new"))
    daemon.ticker = daemon.new_ticker(calendars=IcalFeedRenderer(old))
    assert link().endswith(old.of("beta", 1, "plan", "report"))
    with daemon.store.transaction() as unit:
        unit.pages.revoke("beta", now=LOADED)
    assert link().endswith(old.of("beta", 2, "plan", "report"))
    daemon.ticker = daemon.new_ticker(calendars=IcalFeedRenderer(new))
    assert link().endswith(new.of("beta", 2, "plan", "report"))


def test_an_address_made_later_finds_the_calendar_as_it_is(daemon: DaemonFixture) -> None:
    """What was published to an earlier one goes on counting."""
    with daemon.store.transaction() as unit:
        [feed] = unit.feeds.list()
        unit.feeds.revoke(feed.id, at=LOADED)
    daemon.record("received")
    daemon.tick()
    with daemon.store.transaction() as unit:
        unit.feeds.add(audience="beta", plan=None, tasks=False, at=LOADED)
    daemon.tick()
    with daemon.store.reading() as view:
        [entry] = view.feeds.entries("beta", "plan")
    assert (entry.sequence, entry.item.mark) == (1, "✓")
