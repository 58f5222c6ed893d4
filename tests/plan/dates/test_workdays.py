"""The working calendar: work week, days off, swapped days."""

from __future__ import annotations

from datetime import date

import pytest

from scheduler.plan.dates.workdays import Workdays
from tests.support.plan_builders import vietnam

PLAIN = Workdays()


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2023, 1, 19), True),  # the last day before Tết
        *((date(2023, 1, day), False) for day in range(20, 27)),
        (date(2023, 1, 27), True),
        (date(2023, 5, 3), False),  # in lieu of Giỗ Tổ, a Saturday
        (date(2023, 9, 4), False),
        (date(2023, 11, 20), True),  # teachers' day is no day off
    ],
)
def test_vietnam_works_around_its_holidays(day: date, worked: bool) -> None:
    assert vietnam(2023).is_workday(day) == worked


def test_an_announced_day_off_and_its_swapped_saturday_win_over_the_week() -> None:
    """In 2026 Friday 2 January is off and Saturday 10 January worked: announced after the package's table was made."""
    announced = vietnam(2026, off=[date(2026, 1, 2)], worked=[date(2026, 1, 10)])
    assert not announced.is_workday(date(2026, 1, 2))
    assert announced.is_workday(date(2026, 1, 10))
    assert vietnam(2026).is_workday(date(2026, 8, 22))  # a Saturday that the package knows as worked
    assert not vietnam(2026).is_workday(date(2026, 8, 31))


def test_a_day_both_off_and_worked_is_worked() -> None:
    day = date(2023, 9, 4)
    assert Workdays(off={day: "bù"}, worked=frozenset({day})).is_workday(day)


def test_the_nearest_working_day_is_the_day_itself_if_it_is_one() -> None:
    tuesday = date(2023, 8, 8)
    assert PLAIN.on_or_before(tuesday) == tuesday
    assert PLAIN.on_or_after(tuesday) == tuesday


def test_the_nearest_working_day_around_tet() -> None:
    tet = vietnam(2023)
    assert tet.on_or_before(date(2023, 1, 26)) == date(2023, 1, 19)
    assert tet.on_or_after(date(2023, 1, 20)) == date(2023, 1, 27)


@pytest.mark.parametrize(
    ("start", "count", "found"),
    [
        (date(2023, 8, 10), 1, date(2023, 8, 11)),
        (date(2023, 8, 11), 1, date(2023, 8, 14)),
        (date(2023, 8, 12), 1, date(2023, 8, 14)),  # a Saturday is not counted itself
        (date(2023, 8, 14), -1, date(2023, 8, 11)),
        (date(2023, 1, 27), -1, date(2023, 1, 19)),
        (date(2023, 8, 12), 0, date(2023, 8, 12)),
        (date(2024, 2, 28), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 1, date(2024, 3, 1)),
    ],
)
def test_working_days_are_counted_from_the_day_after(start: date, count: int, found: date) -> None:
    assert vietnam(2023, 2024).add(start, count) == found


@pytest.mark.parametrize(
    ("day", "until", "count"),
    [
        (date(2023, 8, 9), date(2023, 8, 9), 0),
        (date(2023, 8, 9), date(2023, 8, 14), 3),
        (date(2023, 8, 14), date(2023, 8, 9), 0),
        (date(2023, 1, 19), date(2023, 1, 27), 1),
    ],
)
def test_working_days_between_two_days_exclude_the_first(day: date, until: date, count: int) -> None:
    assert vietnam(2023).count_after(day, until) == count


def test_a_calendar_without_working_days_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no working day within a year of 2023-08-10"):
        Workdays(workweek=frozenset()).on_or_before(date(2023, 8, 10))
