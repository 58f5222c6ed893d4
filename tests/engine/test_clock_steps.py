"""The machine's clock steps, the machine sleeps, summer time begins: nothing is lost, and nothing leaves twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.plan.dates.date_forms import By, DayCount
from scheduler.plan.model import Ladder
from scheduler.services.digests import DigestSchedule
from scheduler.store import SqlStore
from tests.support.daemon_fixture import LADDER, DaemonFixture, plan
from tests.support.plan_builders import EVERY_DAY, at, deadline

BERLIN = ZoneInfo("Europe/Berlin")
WHOLE = [f"{when} {name}" for name, when in LADDER.items() if name not in ("target", "escalate:2wd")]


def test_what_fell_due_while_the_machine_slept_leaves_when_it_wakes(daemon: DaemonFixture) -> None:
    """Later the same day; the day after it goes on as if nothing had been."""
    daemon.live(at(3, 10, 7))
    daemon.live(at(3, 10, 7) + timedelta(seconds=1))
    daemon.tick(at(3, 10, 15))
    daemon.live(at(4, 1))
    assert daemon.left() == [step.replace("03-10 08:00", "03-10 15:00") for step in WHOLE]


@pytest.mark.parametrize("back", [timedelta(minutes=1), timedelta(hours=3), timedelta(days=1), timedelta(days=20)])
def test_a_clock_that_is_put_back_makes_nothing_leave_twice(store: SqlStore, back: timedelta) -> None:
    """It has shown the right time so far, or been ahead: what has left has left, what is to come comes on time."""
    daemon = DaemonFixture(store, weekly=DigestSchedule())
    daemon.live(at(3, 13, 8, 30))
    sent = list(daemon.mailer.ids)
    tick = daemon.tick(at(3, 13, 8, 30) - back)
    assert tick.wake_at > tick.at
    daemon.live(at(3, 13, 8, 30))
    assert daemon.mailer.ids == sent
    daemon.live(at(4, 1))
    assert daemon.left() == WHOLE
    assert [text for text in daemon.left("officer@lead.example") if "digest" in text][-3:] == [
        "03-13 08:00 digest", "03-20 08:00 digest", "03-27 08:00 digest"
    ]  # fmt: skip
    assert daemon.logged("trouble") == daemon.logged("outage") == []


def test_a_clock_that_goes_back_and_forth_by_seconds_changes_nothing(daemon: DaemonFixture) -> None:
    """Around the instant of a step."""
    daemon.live(at(3, 10, 7, 59))
    for seconds in (59, 61, 58, 62, 60, 59):
        daemon.tick(at(3, 10, 7, 59) + timedelta(seconds=seconds))
    daemon.live(at(4, 1))
    assert daemon.left() == WHOLE


def test_a_leap_of_a_month_is_an_outage_with_one_summary(daemon: DaemonFixture) -> None:
    """Nobody gets a heap of stale mail."""
    daemon.live(at(3, 9, 18))
    sent = len(daemon.mailer.sent)
    daemon.tick(at(4, 10, 9))
    daemon.live(at(4, 10, 18))
    assert [mail.address for _, mail in daemon.mailer.sent[sent:]] == ["ops@cum.example"]
    assert {row.state for row in daemon.rows(None) if row.kind != "escalation"} == {"sent", "skipped", "missed"}


def test_after_a_leap_of_a_month_that_was_a_mistake_what_is_decided_then_still_goes_out(daemon: DaemonFixture) -> None:
    """What was missed stays so and nothing leaves twice; a new date has a ladder of its own."""
    daemon.live(at(3, 9, 18))
    daemon.tick(at(4, 9, 18))
    sent = list(daemon.mailer.ids)
    daemon.live(at(3, 10, 9))
    daemon.live(at(3, 13))
    assert daemon.mailer.ids == sent
    daemon.record("extended", form=By(date(2023, 4, 14)), notify=False)
    daemon.live(at(3, 31, 9))
    assert daemon.left()[-1] == "03-31 08:00 before:14d"


# ---- summer time


NIGHT = Ladder(  # one reminder, at an hour that summer time takes away in March and gives twice in October
    before=(DayCount(1, "days"),), at=time(2, 30), opens=time(0), closes=time(23, 59), on_named_day=False, overdue=None,
    escalate=(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("day", "leaves"),
    [
        (date(2023, 3, 25), datetime(2023, 3, 25, 1, 30, tzinfo=UTC)),
        (date(2023, 3, 26), datetime(2023, 3, 26, 1, 30, tzinfo=UTC)),  # there is no 02:30: an hour later by that clock
        (date(2023, 3, 27), datetime(2023, 3, 27, 0, 30, tzinfo=UTC)),
        (date(2023, 10, 28), datetime(2023, 10, 28, 0, 30, tzinfo=UTC)),
        (date(2023, 10, 29), datetime(2023, 10, 29, 0, 30, tzinfo=UTC)),  # there are two: the first
        (date(2023, 10, 30), datetime(2023, 10, 30, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_step_at_an_hour_that_summer_time_moves_leaves_once(store: SqlStore, day: date, leaves: datetime) -> None:
    """The daemon ticks in every hour of the nights around it."""
    own = deadline(By(day + timedelta(days=1)), ladder=NIGHT)
    daemon = DaemonFixture(store, plan(own, zone=BERLIN, workdays=EVERY_DAY))
    daemon.live(leaves - timedelta(days=1))
    for hour in range(48):
        daemon.live(leaves + timedelta(hours=hour - 24))
    assert [when for when, mail in daemon.mailer.sent if mail.address == "officer@beta.example"] == [leaves]


def test_the_opening_hour_is_that_of_the_plans_clock_on_both_sides_of_summer_time(store: SqlStore) -> None:
    """Eight in the morning, by whatever offset."""
    daemon = DaemonFixture(store, plan(deadline(By(date(2023, 3, 28)), ladder=Ladder()), zone=BERLIN))
    daemon.live(at(4, 7))
    own = [when.astimezone(BERLIN) for when, mail in daemon.mailer.sent if mail.address == "officer@beta.example"]
    assert {when.time() for when in own} == {time(8)}
    assert {when.utcoffset() for when in own} == {timedelta(hours=1), timedelta(hours=2)}
