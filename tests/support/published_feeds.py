"""A plan whose calendars are published into a real record, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from scheduler.feeds import IcalFeedRenderer
from scheduler.feeds.calendar_file import assemble, render_placeholder
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import Fact, FactKind
from scheduler.plan.model import Milestone, Plan
from scheduler.ports import FeedEntry, FeedRenderer, FeedRow, Store
from scheduler.queries.agendas import read_agenda
from scheduler.services.apply_revision import take
from scheduler.services.publish_feeds import choose_parts, create_feed, publish
from scheduler.store import open_store
from tests.support import plan_builders
from tests.support.daemon_fixture import signed
from tests.support.facts import make_fact
from tests.support.fakes import definition_of
from tests.support.plan_builders import LOADED


@dataclass
class FeedFixture:
    """One plan, its record, and the calendars of some audiences."""

    store: Store
    plan: Plan
    calendars: FeedRenderer = field(default_factory=IcalFeedRenderer)
    feeds: dict[tuple[str, bool], FeedRow] = field(default_factory=dict)

    def subscribe(self, audience: str, *, tasks: bool = False, when: datetime = LOADED) -> None:
        """Make an address for somebody."""
        with self.store.transaction() as unit:
            self.feeds[audience, tasks] = create_feed(
                unit, [self.plan], self.calendars, audience=audience, plan=self.plan.id, tasks=tasks, now=when
            )

    def load(self, plan: Plan, when: datetime) -> None:
        """Put a revision of the plan in force."""
        self.plan = signed(plan)
        take(self.store, definition_of(self.plan), when)

    def edit(self, when: datetime, *milestones: Milestone, **details: Any) -> None:
        """Put the plan in force with other milestones."""
        self.load(replace(self.plan, milestones=milestones or self.plan.milestones, **details), when)

    def record(
        self, kind: FactKind, when: datetime, milestone: str | None = None, party: str | None = None, **details: Any
    ) -> Fact:
        """Append a fact."""
        known = {"happened_at": when, "recorded_at": when, "milestone": milestone, "party": party}
        with self.store.transaction() as unit:
            return unit.facts.append(make_fact(kind, plan=self.plan.id, **(known | details)))

    def publish(self, when: datetime) -> int:
        """Bring every calendar in step; return how many entries changed."""
        with self.store.transaction() as unit:
            return publish(unit, read_agenda(unit, self.plan), self.calendars, when).changed

    def entries(self, audience: str = "beta") -> list[FeedEntry]:
        """Return everything that was ever published to somebody."""
        with self.store.reading() as unit:
            return sorted(unit.feeds.entries(audience, self.plan.id), key=lambda entry: entry.item.uid)

    def read(self, when: datetime, audience: str = "beta", *, tasks: bool = False) -> bytes:
        """Return somebody's calendar after publishing at an instant."""
        self.publish(when)
        with self.store.reading() as unit:
            found = unit.feeds.contents(self.feeds[audience, tasks])
        parts = choose_parts(found.parts, local_day(when, self.plan.zone))
        if not parts:
            since = found.changed_at or LOADED
            day = local_day(since, self.plan.zone)
            parts = [render_placeholder(self.plan.language, day, since, audience, tasks=tasks)]
        return assemble("Lịch", parts, found.zones)


@contextmanager
def published_feeds(
    *milestones: Milestone, audiences: tuple[str, ...] = ("beta",), **details: Any
) -> Iterator[FeedFixture]:
    """Open a record with a plan, loaded on 1 February 2023, and an address for each audience."""
    with closing(open_store("sqlite://")) as store:
        feeds = FeedFixture(store, plan_builders.plan(*milestones, **details))
        feeds.load(feeds.plan, LOADED)
        for audience in audiences:
            feeds.subscribe(audience)
            feeds.subscribe(audience, tasks=True)
        yield feeds
