"""What is published after a fact is what publishing the whole plan would leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler.feeds import IcalFeedRenderer
from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.date_forms import By, On, Recurring
from scheduler.ports import FeedItem, FeedRow, UnitOfWork
from scheduler.queries.agendas import AgendaCache, read_agenda
from scheduler.services.dry_run import dry_run
from scheduler.services.publish_feeds import MOST, Publication, publish
from scheduler.store import open_store
from tests.support import strategies as our
from tests.support.plan_builders import PlanHistory, at, deadline, event
from tests.support.published_feeds import FeedFixture, published_feeds
from tests.support.recorded_histories import recorded_one_by_one

AUDIENCES = ("", "lead", "beta", "gamma", "delta")
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class CountingRenderer(IcalFeedRenderer):
    """A renderer that keeps how many obligations it drew from each time."""

    drawn: list[int] = field(default_factory=list)

    def draw(self, agenda: Agenda, audience: str, generation: int) -> Iterable[FeedItem]:
        """Draw as always."""
        self.drawn.append(len(agenda.obligations))
        return super().draw(agenda, audience, generation)


def everything(unit: UnitOfWork, feeds: Sequence[FeedRow]) -> list[object]:
    """Return all entries of the calendars, and the bytes of those that are shown."""
    found: list[object] = []
    for feed in feeds:
        entries = unit.feeds.entries(feed.audience, "plan")
        found += [sorted(entries, key=lambda entry: entry.item.uid), unit.feeds.contents(feed)]
    return found


def published_whole(feeds: FeedFixture, when: datetime) -> list[object]:
    """Return what stands in the calendars if everything is drawn, without publishing it."""
    with dry_run(feeds.store) as unit:
        publish(unit, read_agenda(unit, feeds.plan), feeds.calendars, when)
        return everything(unit, list(feeds.feeds.values()))


def published(feeds: FeedFixture, when: datetime, last: Publication | None) -> Publication:
    """Publish after another publication, and compare with what the whole would leave."""
    whole = published_whole(feeds, when)
    with feeds.store.transaction() as unit:
        found = publish(unit, read_agenda(unit, feeds.plan), feeds.calendars, when, last)
        assert everything(unit, list(feeds.feeds.values())) == whole
    return found


steps = st.sampled_from([timedelta(seconds=1), HOUR, timedelta(30) - HOUR])


@given(our.branching_histories(), our.any_day(), st.lists(st.tuples(steps, st.booleans()), min_size=8, max_size=8))
def test_after_each_fact_the_same_entries_are_published(
    history: PlanHistory, day: date, pace: list[tuple[timedelta, bool]]
) -> None:
    """Within a day and after a month, and also if another process has published meanwhile."""
    calendars, agendas, last = IcalFeedRenderer(), AgendaCache(), None
    now = datetime.combine(day, time(3), UTC)
    with closing(open_store("sqlite://")) as store:
        with store.transaction() as unit:
            rows = [unit.feeds.add(audience=one, plan=None, tasks=one == "beta", at=now) for one in AUDIENCES]
        for (plan, _), (step, is_elsewhere) in zip(recorded_one_by_one(store, history), pace, strict=False):
            now += step
            with dry_run(store) as unit:
                publish(unit, read_agenda(unit, plan), calendars, now)
                whole = everything(unit, rows)
            with store.transaction() as unit:
                done = publish(unit, agendas.read(unit, plan), calendars, now, None if is_elsewhere else last)
                assert everything(unit, rows) == whole
            last = last if is_elsewhere else done


def test_only_the_milestone_that_a_fact_is_about_is_drawn() -> None:
    """Once as it was and once as it is; on another day all are."""
    some = [deadline(By(date(2023, 3, number)), f"m{number}") for number in range(1, 11)]
    with published_feeds(*some, audiences=("beta",)) as feeds:
        feeds.calendars = CountingRenderer()
        last = published(feeds, at(2, 2, 9), None)
        feeds.record("received", at(2, 2, 9), "m3", "beta")
        feeds.calendars = renderer = CountingRenderer()
        last = published(feeds, at(2, 2, 10), last)
        assert (renderer.drawn, last.changed) == ([30, 3, 3], 1)
        feeds.calendars = renderer = CountingRenderer()
        published(feeds, at(2, 3), last)
        assert renderer.drawn == [30, 30]


def test_what_was_called_off_goes_though_another_milestone_has_changed() -> None:
    """After thirty days to the hour, within a day."""
    meeting = event(On(date(2023, 6, 8), date(2023, 6, 8)))
    with published_feeds(meeting, deadline(By(date(2023, 3, 17))), audiences=("beta",)) as feeds:
        feeds.record("waived", at(2, 2, 12), "meeting", "lead")
        feeds.publish(at(2, 2, 12))
        last = published(feeds, at(3, 4, 9), None)
        feeds.record("received", at(3, 4, 13), "report", "beta")
        assert published(feeds, at(3, 4, 13), last).changed == 2


def test_a_publication_that_is_not_the_last_one_is_not_built_upon() -> None:
    """Another process has published since."""
    with published_feeds(deadline(By(date(2023, 3, 17))), audiences=("beta",)) as feeds:
        last = published(feeds, at(2, 2, 9), None)
        feeds.record("received", at(2, 2, 10), "report", "beta")
        feeds.publish(at(2, 2, 10))
        feeds.record("returned", at(2, 2, 11), "report", "beta")
        assert published(feeds, at(2, 2, 11), last).changed == 1


def test_a_calendar_that_becomes_too_long_is_compared_as_a_whole() -> None:
    """One entry more pushes out the one farthest away."""
    days = Recurring("FREQ=DAILY", "by", date(2023, 2, 10), date(2023, 2, 10) + timedelta(MOST // 2 - 1))
    with published_feeds(deadline(days, "a"), deadline(days, "b"), audiences=("lead",)) as feeds:
        last = published(feeds, at(2, 2, 9), None)
        for hour, more in enumerate(("beta", "gamma"), 10):
            feeds.record("extended", at(2, 2, hour), "a@2023-02-20", more, form=By(date(2023, 3, hour)))
            last = published(feeds, at(2, 2, hour), last)
        feeds.record("received", at(2, 2, 12), "a@2023-02-21", "beta")
        last = published(feeds, at(2, 2, 12), last)
        assert last.calendars["lead"].is_cut
