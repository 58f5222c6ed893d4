"""A calendar that is served, what happens to it, and what a program has to show after each thing that happens."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.plan.dates.date_forms import By, On, Undated, Window
from scheduler.queries.feed_links import calendar_path
from scheduler.services.publish_feeds import create_feed
from scheduler.wording import calendar_words
from tests.support.fakes import definition_of
from tests.support.ical_reader import parse
from tests.support.plan_builders import LOADED, at, deadline, event, plan
from tests.support.polling import TIMEOUT, wait_until
from tests.support.published_feeds import FeedFixture
from tests.support.served_site import ServedSite, serve_site

REPORT = deadline(By(date(2023, 3, 17)), title="Báo cáo", quote="gửi báo cáo kèm bảng số liệu; bản giấy, bản mềm")
MEETING = event(
    Window(date(2023, 6, 1), date(2023, 6, 10), "đầu tháng 6"),
    title="Hội nghị; tổng kết, thi đua",
    quote='hội nghị "tổng kết"; thời gian, địa điểm: thông báo sau',
)
SUMMER = event(On(date(2023, 7, 5), date(2023, 7, 5), clock(10)), "summer", title="Gặp mùa hè", quote="giờ mùa hè")
WINTER = event(
    On(date(2023, 11, 15), date(2023, 11, 15), clock(10)), "winter", title="Gặp mùa đông", quote="giờ thường"
)
NOTHING = deadline(Undated("sau"), "nothing")

PLACEHOLDER = calendar_words("empty", "vi")
TITLES = (REPORT.title, MEETING.title, SUMMER.title, WINTER.title, PLACEHOLDER)
QUOTES = (REPORT.quote, MEETING.quote, SUMMER.quote, WINTER.quote)
MARKS = ("[Dự kiến]", "[Gia hạn]", "[ĐÃ HUỶ]", "✓")


@dataclass(frozen=True, order=True)
class Entry:
    """What is shown of an entry. Of words only those of the plan count: the others may be put better some day."""

    title: str
    starts: str  # 20230317; with an hour 20230608T080000, on the clocks of Ha Noi
    ends: str  # the day after the last one; of a task when it is due
    mark: str = ""
    status: str = "CONFIRMED"
    place: str = ""
    quote: str = ""


class Scene(NamedTuple):
    """What stands among the events, and what in the tasks' own calendar."""

    events: list[Entry]
    tasks: list[Entry]


@dataclass(frozen=True)
class FeedScenario:
    """A party's calendar over two plans, the second in a zone with summer time, and its tasks."""

    site: ServedSite
    feeds: FeedFixture
    berlin: FeedFixture
    url: str
    tasks_url: str
    uids: dict[tuple[str, str], str] = field(default_factory=dict)  # by title, of tasks other ones

    def recognise(self, uid: str, starts: str, ends: str, summary: str, status: str, place: str, text: str) -> Entry:
        """Return what a program shows; words that nobody knows are kept as they are.

        Everything keeps the uid that it was seen with first.
        """
        mark = next((mark for mark in MARKS if summary.startswith(f"{mark} ")), "")
        title = next((title for title in TITLES if title in summary), summary)
        assert self.uids.setdefault((title, "event" if starts else "task"), uid) == uid
        return Entry(title, starts, ends, mark, status, place, next((quote for quote in QUOTES if quote in text), ""))

    def scenes(self) -> Iterator[Scene]:
        """Let one thing after another happen; give what a program has to show after each."""
        feeds, meeting_at = self.feeds, On(date(2023, 6, 8), date(2023, 6, 8), clock(8))
        # 10:00 to 17:00 in Berlin: five hours before Ha Noi in summer, six in winter
        summer = Entry(SUMMER.title, "20230705T150000", "20230705T220000", quote=SUMMER.quote)
        winter = Entry(WINTER.title, "20231115T160000", "20231115T230000", quote=WINTER.quote)
        report = Entry(REPORT.title, "20230317", "20230318", quote=REPORT.quote)
        meeting = Entry(MEETING.title, "20230601", "20230611", "[Dự kiến]", "TENTATIVE", quote=MEETING.quote)
        task = Entry(REPORT.title, "", "20230317", status="NEEDS-ACTION", quote=REPORT.quote)

        def scene(when: datetime, *shown: Entry) -> Scene:
            self._serve(when)
            tasks = [one for one in shown if not one.starts]
            return Scene(sorted(one for one in shown if one.starts), tasks)

        yield scene(at(2, 2), report, meeting, summer, winter, task)

        amended = replace(REPORT, form=By(date(2023, 4, 20)))
        feeds.edit(at(3, 1), amended, MEETING)
        report, task = replace(report, starts="20230420", ends="20230421"), replace(task, ends="20230420")
        yield scene(at(3, 1), report, meeting, summer, winter, task)

        feeds.record("date_fixed", at(4, 3), "meeting", form=meeting_at, place="Hà Tĩnh")
        held = {"starts": "20230608T080000", "ends": "20230608T170000", "place": "Hà Tĩnh"}
        meeting = replace(meeting, mark="", status="CONFIRMED", **held)
        yield scene(at(4, 3), report, meeting, summer, winter, task)

        feeds.record("extended", at(4, 4), "report", "beta", form=By(date(2023, 4, 28)))
        report = replace(report, starts="20230428", ends="20230429", mark="[Gia hạn]")
        task = replace(task, ends="20230428", mark="[Gia hạn]")
        yield scene(at(4, 4), report, meeting, summer, winter, task)

        feeds.record("received", at(4, 5), "report", "beta")
        report, task = replace(report, mark="✓"), replace(task, mark="✓", status="COMPLETED")
        yield scene(at(4, 5), report, meeting, summer, winter, task)

        feeds.record("waived", at(5, 5), "meeting", "lead")
        meeting = replace(meeting, mark="[ĐÃ HUỶ]", status="CANCELLED")
        yield scene(at(5, 5), report, meeting, summer, winter, task)

        feeds.edit(at(5, 8), MEETING)
        gone, gone_task = (replace(one, mark="[ĐÃ HUỶ]", status="CANCELLED") for one in (report, task))
        yield scene(at(5, 8), gone, meeting, summer, winter, gone_task)

        feeds.edit(at(6, 3), amended, MEETING)
        yield scene(at(6, 4), report, summer, winter, task)  # thirty days after the meeting was called off

        feeds.edit(at(6, 5), NOTHING)
        self.berlin.edit(at(6, 5), NOTHING)
        self._publish(at(6, 5))
        empty = Entry(PLACEHOLDER, "20230706", "20230707")
        yield scene(at(7, 6), empty, Entry(PLACEHOLDER, "", "20230706", status="COMPLETED"))

        feeds.edit(at(7, 7), amended)
        yield scene(at(7, 7), report, task)

    def fetch(self, url: str) -> bytes:
        """Return a calendar as it is served."""
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            return bytes(answer.read())

    def _publish(self, when: datetime) -> None:
        for feeds in (self.feeds, self.berlin):
            feeds.publish(when)

    def _serve(self, when: datetime) -> None:
        """Publish, and wait until it is served. To be asked for an unknown address makes a server look at once."""
        self._publish(when)
        self.site.definitions = [definition_of(feeds.plan) for feeds in (self.feeds, self.berlin)]
        wanted = {url: self._stamps(self.feeds.read(when, tasks=url == self.tasks_url)) for url in self._urls}

        def is_served() -> bool:
            assert self.site.ask("/calendar/public/nobody/none.ics").status == 404
            return all(self._stamps(self.fetch(url)) == stamps for url, stamps in wanted.items())

        wait_until(is_served, "the calendar is served")

    @property
    def _urls(self) -> tuple[str, str]:
        return self.url, self.tasks_url

    def _stamps(self, data: bytes) -> list[tuple[str, str]]:
        entries = (part for part in parse(data).parts if part.kind != "VTIMEZONE")
        return [(part["DTSTAMP"], part["SEQUENCE"]) for part in entries]


@contextmanager
def feed_scenario(folder: Path) -> Iterator[FeedScenario]:
    """Serve the calendar of a party, and that of its tasks."""
    (folder / "site").mkdir()
    with serve_site(folder / "site") as site:
        store, app = site.running.store, site.running.container
        berlin = FeedFixture(store, plan(SUMMER, WINTER, id="berlin", zone=ZoneInfo("Europe/Berlin")))
        feeds = FeedFixture(store, plan(REPORT, MEETING))
        for each in (berlin, feeds):
            each.load(each.plan, LOADED)
        plans, paths = [feeds.plan, berlin.plan], []
        for tasks in (False, True):
            with store.transaction() as unit:
                row = create_feed(unit, plans, feeds.calendars, audience="beta", plan=None, tasks=tasks, now=LOADED)
            feeds.feeds["beta", tasks] = row
            paths.append(site.address + calendar_path(row, plans, app.secret))
        url, tasks_url = paths
        yield FeedScenario(site, feeds, berlin, url, tasks_url)
