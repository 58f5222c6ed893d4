"""The days behind one date, and wall-clock time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest

from scheduler.plan.dates.date_forms import Before, By, DayCount
from scheduler.plan.dates.due_dates import (
    DueDate,
    derive_due_date,
    local_day,
    next_opening,
    step_back,
    step_on,
    to_instant,
)
from scheduler.plan.dates.workdays import Workdays
from tests.support.plan_builders import EVERY_DAY, HANOI, at, clock, days, vietnam, working_days

BERLIN, NEW_YORK, LORD_HOWE = (ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"))


def due(form: Before | By, lateness: Literal["strict", "lenient"] = "lenient", *years: int) -> DueDate:
    """Return a deadline in the Vietnamese calendar, reminded of at 08:00."""
    return derive_due_date(form, lateness=lateness, hour=time(8), zone=HANOI, workdays=vietnam(*years))


@pytest.mark.parametrize(
    ("named", "last", "target"),
    [
        (date(2023, 3, 20), date(2023, 3, 19), date(2023, 3, 17)),
        (date(2023, 8, 10), date(2023, 8, 9), date(2023, 8, 9)),
        (date(2023, 10, 30), date(2023, 10, 29), date(2023, 10, 27)),
        (date(2023, 11, 15), date(2023, 11, 14), date(2023, 11, 14)),
        (date(2023, 11, 20), date(2023, 11, 19), date(2023, 11, 17)),
        (date(2023, 11, 30), date(2023, 11, 29), date(2023, 11, 29)),
        (date(2023, 1, 27), date(2023, 1, 26), date(2023, 1, 19)),  # all of Tết lies between
        (date(2024, 3, 1), date(2024, 2, 29), date(2024, 2, 29)),  # a leap year
        (date(2023, 3, 1), date(2023, 2, 28), date(2023, 2, 28)),
        (date(2024, 1, 1), date(2023, 12, 31), date(2023, 12, 29)),
    ],
)
def test_before_excludes_the_named_day_and_aims_at_the_working_day_before(
    named: date, last: date, target: date
) -> None:
    found = due(Before(named), "lenient", 2023, 2024)
    assert (found.named, found.last, found.target, found.inclusive) == (named, last, target, False)


@pytest.mark.parametrize(
    ("named", "target"),
    [
        (date(2023, 8, 10), date(2023, 8, 10)),
        (date(2024, 2, 29), date(2024, 2, 29)),
        (date(2023, 4, 30), date(2023, 4, 28)),
        (date(2023, 1, 22), date(2023, 1, 19)),
    ],
)
def test_by_includes_the_named_day(named: date, target: date) -> None:
    found = due(By(named), "lenient", 2023, 2024)
    assert (found.named, found.last, found.target, found.inclusive) == (named, named, target, True)


def test_by_february_29_is_late_from_march_1() -> None:
    assert due(By(date(2024, 2, 29)), "strict", 2024).late_from == at(3, 1, 0, year=2024)


@pytest.mark.parametrize(
    ("form", "lateness", "late_from", "last_in_time"),
    [
        (Before(date(2023, 8, 10)), "lenient", at(8, 11, 0), date(2023, 8, 10)),
        (Before(date(2023, 8, 10)), "strict", at(8, 10, 0), date(2023, 8, 9)),
        (By(date(2023, 8, 10)), "lenient", at(8, 11, 0), date(2023, 8, 10)),
        (By(date(2023, 8, 10)), "strict", at(8, 11, 0), date(2023, 8, 10)),
        (Before(date(2023, 3, 20)), "lenient", at(3, 21, 0), date(2023, 3, 20)),
        (Before(date(2023, 3, 20)), "strict", at(3, 20, 0), date(2023, 3, 19)),
    ],
)
def test_lateness_begins_at_midnight_after_the_last_day_in_time(
    form: Before | By, lateness: Literal["strict", "lenient"], late_from: datetime, last_in_time: date
) -> None:
    found = due(form, lateness)
    assert (found.late_from, found.last_in_time) == (late_from, last_in_time)
    assert not found.is_late(late_from - timedelta(microseconds=1))
    assert found.is_late(late_from)


@pytest.mark.parametrize("lateness", ["strict", "lenient"])
@pytest.mark.parametrize(("hour", "last"), [("17:00", 15), ("08:01", 15), ("08:00", 14), ("07:00", 14), ("00:00", 14)])
@pytest.mark.parametrize("form", [Before, By])
def test_a_clock_time_is_the_boundary_whatever_the_lateness(
    form: type[Before | By], hour: str, last: int, lateness: Literal["strict", "lenient"]
) -> None:
    """Later than the plan's hour the named day is the last day, otherwise the day before."""
    found = due(form(date(2024, 3, 15), clock(hour)), lateness, 2024)
    assert (found.last.day, found.last_in_time.day, found.target.day) == (last, last, last)
    assert found.late_from == to_instant(date(2024, 3, 15), clock(hour), HANOI)


def test_exactly_at_the_clock_time_by_is_in_time_and_before_is_not() -> None:
    day, boundary = date(2024, 3, 15), at(3, 15, 17, year=2024)
    assert not due(By(day, time(17)), "lenient", 2024).is_late(boundary)
    assert due(By(day, time(17)), "lenient", 2024).is_late(boundary + timedelta(microseconds=1))
    assert due(Before(day, time(17)), "lenient", 2024).is_late(boundary)


def test_a_clock_time_on_a_sunday_aims_at_friday() -> None:
    found = due(Before(date(2023, 11, 19), time(17)))
    assert (found.last, found.target) == (date(2023, 11, 19), date(2023, 11, 17))


@pytest.mark.parametrize(
    ("step", "back", "on"),
    [
        (days(7), date(2023, 4, 26), date(2023, 5, 10)),
        (days(3), date(2023, 4, 28), date(2023, 5, 8)),  # Sunday 30 April; Saturday 6 May
        (working_days(1), date(2023, 4, 28), date(2023, 5, 4)),
        (working_days(3), date(2023, 4, 26), date(2023, 5, 8)),
    ],
)
def test_days_off_move_back_counts_back_and_on_counts_on(step: DayCount, back: date, on: date) -> None:
    """From 3 May 2023, itself off, with 29 April to 3 May off."""
    calendar, day = vietnam(2023), date(2023, 5, 3)
    assert (step_back(day, step, calendar), step_on(day, step, calendar)) == (back, on)


@pytest.mark.parametrize(
    ("zone", "day", "hour", "instant"),
    [
        (BERLIN, date(2023, 3, 26), "02:30", datetime(2023, 3, 26, 1, 30, tzinfo=UTC)),  # skipped: 03:30 local
        (BERLIN, date(2023, 10, 29), "02:30", datetime(2023, 10, 29, 0, 30, tzinfo=UTC)),  # twice: the first
        (NEW_YORK, date(2023, 3, 12), "02:30", datetime(2023, 3, 12, 7, 30, tzinfo=UTC)),
        (NEW_YORK, date(2023, 11, 5), "01:30", datetime(2023, 11, 5, 5, 30, tzinfo=UTC)),
        (LORD_HOWE, date(2023, 10, 1), "02:15", datetime(2023, 9, 30, 15, 45, tzinfo=UTC)),  # half an hour
        (HANOI, date(2023, 3, 20), "08:00", datetime(2023, 3, 20, 1, tzinfo=UTC)),
    ],
)
def test_a_skipped_time_moves_on_by_the_gap_and_of_a_repeated_one_the_first_is_meant(
    zone: ZoneInfo, day: date, hour: str, instant: datetime
) -> None:
    assert to_instant(day, clock(hour), zone) == instant


def test_the_local_day_is_the_day_in_the_plans_zone() -> None:
    assert local_day(datetime(2023, 8, 9, 17, tzinfo=UTC), HANOI) == date(2023, 8, 10)
    assert local_day(datetime(2023, 8, 9, 16, 59, tzinfo=UTC), HANOI) == date(2023, 8, 9)


@pytest.mark.parametrize(
    ("instant", "opening"),
    [
        (at(8, 9, 7, 59), at(8, 9)),
        (at(8, 9, 8), at(8, 9, 8)),
        (at(8, 9, 16, 59), at(8, 9, 16, 59)),
        (at(8, 9, 17), at(8, 10)),
        (at(8, 11, 17), at(8, 14)),  # Friday evening waits for Monday
        (at(8, 12, 10), at(8, 14)),
        (at(1, 20, 10), at(1, 27)),
    ],
)
def test_mail_leaves_inside_the_hours_of_a_working_day(instant: datetime, opening: datetime) -> None:
    found = next_opening(instant, opens=time(8), closes=time(17), zone=HANOI, workdays=vietnam(2023))
    assert found == opening


@pytest.mark.parametrize("minutes", range(0, 240, 10))
@pytest.mark.parametrize("day", [date(2023, 3, 12), date(2023, 11, 5)])
def test_an_opening_never_lies_in_the_past_though_the_clock_is_put_back(day: date, minutes: int) -> None:
    """The opening hour 01:30 comes twice on 5 November, and 02:30 not at all on 12 March."""
    instant = to_instant(day, time(0), NEW_YORK) + timedelta(minutes=minutes)
    opens = time(1, 30) if day.month == 11 else time(2, 30)
    found = next_opening(instant, opens=opens, closes=time(17), zone=NEW_YORK, workdays=EVERY_DAY)
    assert found == max(instant, to_instant(day, opens, NEW_YORK))


def test_a_work_week_can_include_sunday() -> None:
    found = derive_due_date(
        Before(date(2023, 3, 20)),
        lateness="lenient",
        hour=time(8),
        zone=HANOI,
        workdays=Workdays(workweek=frozenset({0, 1, 2, 3, 6})),
    )
    assert found.target == date(2023, 3, 19)
