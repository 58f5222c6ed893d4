"""The daemon keeps calendars in step: after each fact, once a day, and never for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.feeds import IcalCalendars
from scheduler.ports import Unit
from scheduler.queries.site_links import PageAddresses
from scheduler.services.publish_feeds import create_feed
from scheduler.store import SqlStore, open_store
from tests.support.daemon_fixture import House
from tests.support.ical_reader import the_event
from tests.support.plan_builders import LOADED, at


@pytest.fixture
def house() -> Iterator[House]:
    """Return a house with a calendar of beta."""
    with closing(open_store("sqlite://")) as store:
        house = House(store, calendars=IcalCalendars())
        house.tick()
        with store.transaction() as unit:
            create_feed(
                unit, [house.plan], IcalCalendars(), audience="beta", plan=None, tasks=False, now=house.clock.instant
            )
        yield house


def summary(house: House) -> str:
    """Return how beta's only entry is called now."""
    with house.store.reading() as view:
        [feed] = view.feeds.list()
        [part] = view.feeds.contents(feed).parts
    return the_event(b"BEGIN:VCALENDAR\r\n" + part.body + b"END:VCALENDAR\r\n").text("SUMMARY")


def published(house: House) -> str:
    """Return what the calendars are known to follow from."""
    return house.state().published


class Counting:
    """A store that counts its writing transactions."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.writes = 0

    @contextmanager
    def transaction(self) -> Iterator[Unit]:
        """Open a transaction and count it."""
        self.writes += 1
        with self.store.transaction() as unit:
            yield unit

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """Open a view."""
        with self.store.reading() as unit:
            yield unit

    def close(self) -> None:
        """Close the store."""


def test_a_fact_is_in_the_calendar_after_the_next_tick(house: House) -> None:
    """And undoing it too."""
    assert summary(house).startswith("Report")
    recorded = house.record("received")
    house.tick()
    assert summary(house).startswith("✓ Report")
    house.undo(recorded.fact)
    house.tick()
    assert summary(house).startswith("Report")


def test_an_edit_is_in_the_calendar_after_the_next_tick(house: House) -> None:
    """Whoever loads it."""
    house.shelf.plans[0] = replace(
        house.plan, milestones=(replace(house.plan.milestones[0], title="Khác"),), digest="2"
    )
    house.ticker.load()
    house.tick()
    assert summary(house).startswith("Khác")


def test_a_new_day_is_published_once_and_a_quiet_tick_writes_no_more_than_before(house: House) -> None:
    """The window moves; else nothing does."""
    house.tick(at(2, 2, 9))
    counting = Counting(house.store)  # type: ignore[arg-type]
    ticker = house.daemon(store=counting, calendars=IcalCalendars())
    without = house.daemon(store=counting, name="other")
    writes = []
    for daemon in (ticker, without, ticker, without):
        counting.writes = 0
        house.clock.instant += timedelta(minutes=1)
        daemon.tick()
        writes.append(counting.writes)
    assert writes[2] == writes[3]
    before = published(house)
    house.tick(at(2, 3, 9))
    assert published(house) != before


def test_without_a_calendar_nothing_is_published_but_that_is_known(house: House) -> None:
    """The next tick need not look again."""
    with house.store.transaction() as unit:
        [feed] = unit.feeds.list()
        unit.feeds.revoke(feed.id, at=LOADED)
    house.record("received")
    house.tick()
    with house.store.reading() as view:
        [entry] = view.feeds.entries("beta", "plan")
    assert entry.sequence == 0
    assert published(house)


def test_calendars_follow_the_addresses_of_pages(house: House) -> None:
    """They are published anew at the next tick when one was revoked, or the site has moved."""

    def link() -> str:
        house.ticker.tick()
        with house.store.reading() as view:
            [entry] = view.feeds.entries("beta", "plan")
        return next((line for line in entry.item.text.splitlines() if "https:" in line), "")

    assert link() == ""
    old, new = (PageAddresses(f"https://{name}.example.vn", b"secret") for name in ("old", "new"))
    house.ticker = house.daemon(calendars=IcalCalendars(old))
    assert link().endswith(old.of("beta", 1, "plan", "report"))
    with house.store.transaction() as unit:
        unit.pages.revoke("beta", now=LOADED)
    assert link().endswith(old.of("beta", 2, "plan", "report"))
    house.ticker = house.daemon(calendars=IcalCalendars(new))
    assert link().endswith(new.of("beta", 2, "plan", "report"))


def test_an_address_made_later_finds_the_calendar_as_it_is(house: House) -> None:
    """What was published to an earlier one goes on counting."""
    with house.store.transaction() as unit:
        [feed] = unit.feeds.list()
        unit.feeds.revoke(feed.id, at=LOADED)
    house.record("received")
    house.tick()
    with house.store.transaction() as unit:
        unit.feeds.add(audience="beta", plan=None, tasks=False, at=LOADED)
    house.tick()
    with house.store.reading() as view:
        [entry] = view.feeds.entries("beta", "plan")
    assert (entry.sequence, entry.item.mark) == (1, "✓")
