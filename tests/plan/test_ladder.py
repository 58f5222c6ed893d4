"""The steps of a ladder: their days, their order, and which of them give way."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from scheduler.plan.dates.date_forms import Before, By, DayCount, On
from scheduler.plan.dates.due_dates import derive_due_date
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.ladders.steps import Ladders, LadderStep, RungName, settle_collisions
from scheduler.plan.model import Escalation, Ladder, Overdue
from scheduler.plan.reasons import NONE, WINDOW_OPENS
from tests.support.plan_builders import HANOI, at, days, vietnam, working_days

VIETNAM = vietnam(2023)


def steps_of(form: Before | By, ladder: Ladder | None = None, **details: Any) -> list[LadderStep]:
    """Return the reminders and overdue notices of a deadline in the Vietnamese calendar."""
    ladder = ladder or Ladder()
    settings: dict[str, Any] = {"lateness": "lenient", "workdays": VIETNAM} | details
    found = derive_due_date(form, hour=ladder.at, zone=HANOI, **settings)
    return Ladders(VIETNAM, HANOI, ladder).before_and_after(found)


def in_words(steps: list[LadderStep]) -> list[str]:
    """Return the steps that leave, with their local days."""
    return [f"{s.at.astimezone(HANOI):%m-%d} {s.name}" for s in steps if not s.skipped]


def skipped(steps: list[LadderStep]) -> dict[str, str]:
    """Return the steps that never leave, with their reasons."""
    return {s.name: str(s.skipped) for s in steps if s.skipped}


DEFAULT = ["07-26 before:14d", "08-02 before:7d", "08-04 before:3wd", "08-08 before:1wd", "08-09 target"]


def test_the_default_ladder_counts_back_from_the_target_and_on_from_the_last_day_in_time() -> None:
    steps = steps_of(Before(date(2023, 8, 10)))
    after = ["08-10 named-day", "08-11 overdue:1", "08-15 overdue:2", "08-17 overdue:3"]
    assert in_words(steps) == [*DEFAULT, *after]


def test_every_step_leaves_at_the_plans_hour() -> None:
    steps = steps_of(Before(date(2023, 8, 10)), Ladder(at=time(9, 30)))
    assert {s.at.astimezone(HANOI).time() for s in steps} == {time(9, 30)}


def test_a_strict_named_day_is_already_late() -> None:
    steps = steps_of(Before(date(2023, 8, 10)), lateness="strict")
    assert in_words(steps) == [*DEFAULT, "08-10 overdue:1", "08-14 overdue:2", "08-16 overdue:3"]
    assert skipped(steps) == {"named-day": "2023-08-10 is already late"}


def test_a_named_day_off_is_skipped() -> None:
    steps = steps_of(Before(date(2023, 11, 19)))
    assert skipped(steps) == {"named-day": "2023-11-19 is a day off"}


def test_the_named_day_can_be_left_out() -> None:
    steps = steps_of(Before(date(2023, 8, 10)), Ladder(on_named_day=False))
    assert "named-day" not in {s.name for s in steps}


def test_no_overdue_notices_if_the_ladder_has_none() -> None:
    assert in_words(steps_of(Before(date(2023, 8, 10)), Ladder(overdue=None))) == [*DEFAULT, "08-10 named-day"]


def test_of_target_and_named_day_on_one_day_the_later_named_one_stays() -> None:
    steps = steps_of(By(date(2023, 8, 10)))
    assert skipped(steps) == {"target": "same day as named-day"}


def test_steps_that_a_holiday_pushes_together_leave_the_later_named_one() -> None:
    """The target is Friday 27 January 2023, the working day before it is the Thursday before Tết."""
    steps = steps_of(Before(date(2023, 1, 30)), Ladder(before=(days(8), days(7), working_days(1), None)))
    assert in_words(steps)[:2] == ["01-19 before:1wd", "01-27 target"]
    assert skipped(steps) == {"before:8d": "same day as before:1wd", "before:7d": "same day as before:1wd"}


def test_a_skipped_step_swallows_nothing() -> None:
    """A strict named day that an overdue notice falls on is late, not a winner."""
    steps = steps_of(Before(date(2023, 8, 10)), lateness="strict")
    assert [s.name for s in steps if s.at == at(8, 10)] == ["named-day", "overdue:1"]
    assert "overdue:1" not in skipped(steps)


def test_a_step_moved_off_a_day_off_says_so() -> None:
    steps = {s.name: str(s.note) for s in steps_of(Before(date(2023, 5, 12)))}
    assert steps["before:14d"] == "14 days before 2023-05-11, the target day"
    moved = {s.name: str(s.note) for s in steps_of(Before(date(2023, 5, 17)))}
    assert moved["before:14d"] == "14 days before 2023-05-16, the target day; moved from 2023-05-02, a day off"


@pytest.mark.parametrize(
    ("first", "every", "expected"),
    [
        (working_days(1), working_days(2), ["08-11", "08-15", "08-17"]),
        (days(2), days(7), ["08-14", "08-21", "08-28"]),  # Saturday moves on to Monday, the next counts from there
        (days(1), days(1), ["08-11", "08-14", "08-15"]),
    ],
)
def test_overdue_notices_count_from_the_one_before(first: DayCount, every: DayCount, expected: list[str]) -> None:
    overdue = Overdue(first=first, every=every, times=3)
    steps = steps_of(Before(date(2023, 8, 10)), Ladder(before=(), on_named_day=False, overdue=overdue))
    assert [f"{s.at.astimezone(HANOI):%m-%d}" for s in steps] == expected


@pytest.mark.parametrize(
    ("clock", "named_day", "first_overdue"),
    [(time(17), "03-15 named-day", "03-18 overdue:1"), (time(8, 1), "03-15 named-day", "03-18 overdue:1")],
)
def test_a_clock_time_after_the_plans_hour_leaves_the_named_day(
    clock: time, named_day: str, first_overdue: str
) -> None:
    """15 March 2024 is a Friday: target and named day are one, overdue from Monday."""
    steps = steps_of(Before(date(2024, 3, 15), clock))
    assert [named_day, first_overdue] == in_words(steps)[-4:-2]
    assert skipped(steps) == {"target": "same day as named-day"}


def test_a_clock_time_not_after_the_plans_hour_makes_the_named_day_late() -> None:
    steps = steps_of(Before(date(2024, 3, 15), time(8)))
    assert in_words(steps)[-4:] == ["03-14 target", "03-15 overdue:1", "03-19 overdue:2", "03-21 overdue:3"]
    assert skipped(steps) == {"named-day": "2024-03-15 is already late"}


def test_escalations_count_on_from_the_last_day_in_time() -> None:
    ladders = Ladders(VIETNAM, HANOI, Ladder())
    found = derive_due_date(Before(date(2023, 8, 10)), lateness="lenient", hour=time(8), zone=HANOI, workdays=VIETNAM)
    step = ladders.escalation(found, Escalation(after=days(2), to="lead"))
    assert (step.name, step.at) == ("escalate:2d", at(8, 14))  # Saturday moves on to Monday
    assert str(step.note) == "2 days after 2023-08-10, the last day in time"


def test_fix_date_steps_collide_like_others() -> None:
    """The window opens on a Sunday: 8 and 7 days before are Saturday and Sunday, both move to Friday."""
    ladder = Ladder(fix_date=(days(30), days(8), days(7)))
    steps = Ladders(VIETNAM, HANOI, ladder).fix_date(date(2023, 6, 4), date(2023, 6, 9), WINDOW_OPENS)
    assert in_words(steps) == ["05-05 fix-date:30d", "05-26 fix-date:7d", "06-12 fix-date:passed"]
    assert skipped(steps) == {"fix-date:8d": "same day as fix-date:7d"}


def test_an_event_is_reminded_of_a_week_and_a_working_day_before_its_first_day() -> None:
    steps = Ladders(VIETNAM, HANOI, Ladder()).event(On(date(2023, 6, 5), date(2023, 6, 7)))
    assert in_words(steps) == ["05-29 event:7d", "06-02 event:1wd"]
    assert {s.kind for s in steps} == {"reminder"}


def test_the_chooser_is_asked_three_times() -> None:
    steps = Ladders(VIETNAM, HANOI, Ladder()).choose(date(2023, 11, 14))
    assert in_words(steps) == ["11-15 choose:1", "11-17 choose:2", "11-21 choose:3"]


def test_steps_without_collision_are_only_put_in_order() -> None:
    late, early = (LadderStep(name, at(8, day), "reminder", NONE) for name, day in (("b", 2), ("a", 1)))
    assert settle_collisions([late, early]) == [early, late]


def test_a_calendar_with_other_rest_days_moves_steps_accordingly() -> None:
    sunday_to_thursday = Workdays(workweek=frozenset({6, 0, 1, 2, 3}))
    steps = Ladders(sunday_to_thursday, HANOI, Ladder()).event(On(date(2023, 6, 9), date(2023, 6, 9)))
    assert in_words(steps) == ["06-01 event:7d", "06-08 event:1wd"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("target", RungName("target")),
        ("fix-date:passed", RungName("fix-date:passed")),
        ("overdue:2", RungName("overdue", 2)),
        ("before:3wd", RungName("before", DayCount(3, "working days"))),
        ("before:14d", RungName("before", DayCount(14, "days"))),
        ("3wd", RungName("3wd")),
        ("", RungName("")),
    ],
)
def test_the_name_of_a_rung_is_read_back_as_it_was_written(text: str, name: RungName) -> None:
    assert RungName.of(text) == name
    assert str(name) == text
