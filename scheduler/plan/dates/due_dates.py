"""The days behind one deadline, and conversion between UTC instants and local wall-clock time.

A plan says "trước ngày 10/8/2023" (before 10 August). The named day, the last day that is surely in time,
the day to aim at, the last day on which nobody is late and the instant from which a submission is late are
different things; never use one for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from scheduler.plan.dates.date_forms import Before, By, DayCount
from scheduler.plan.dates.workdays import Workdays

ONE_DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1900, 2200  # years accepted in a date, so that day arithmetic never leaves the range of `date`
YEARS_BEFORE, YEARS_AFTER = 2, 5  # how far from the plan's year a recorded day may lie


def to_instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return a local wall-clock time as a UTC instant.

    A time that daylight saving skips moves forward by the length of the gap; a time that occurs
    twice means the first occurrence (PEP 495, fold 0).
    """
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of an instant in `zone`."""
    return instant.astimezone(zone).date()


def near(year: int) -> tuple[date, date]:
    """Return the first and the last plausible day for a plan of this year; a day outside counts as a typing error."""
    return date(year - YEARS_BEFORE, 1, 1), date(year + YEARS_AFTER, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDate:
    """The days derived from one deadline; days are local to the plan, `late_from` is a UTC instant.

    `named` is the day that the document names; `last` the last day surely in time by the strict
    reading; `target` the last working day on or before `last`; `last_in_time` the last day on
    which a submission is not late; `late_from` the instant from which it is. `inclusive` is True for
    "by", False for "before". `clock` is the local time of day that the document names, if any.
    """

    named: date
    last: date
    target: date
    last_in_time: date
    late_from: datetime
    inclusive: bool
    clock: time | None = None

    @property
    def form(self) -> Before | By:
        """Return the date form from which these days were derived."""
        return (By if self.inclusive else Before)(self.named, self.clock)

    def is_late(self, instant: datetime) -> bool:
        """Return whether something that happened at `instant` (UTC) was late.

        "By 17:00" includes 17:00 itself; "before 17:00" does not.
        """
        if self.clock is not None and self.inclusive:
            return instant > self.late_from
        return instant >= self.late_from


def derive_due_date(
    form: Before | By, *, lateness: Literal["strict", "lenient"], hour: time, zone: ZoneInfo, workdays: Workdays
) -> DueDate:
    """Return the days of a deadline; `hour` is the local time at which the plan sends reminders.

    A deadline with a clock time ends at that instant, whatever `lateness` says. Its named day counts as
    in time if the clock time is after `hour`, else the last day is the day before.

    Example: `before` Monday 2023-03-20, lenient, without a clock time: `last` is Sunday the 19th, `target`
    Friday the 17th, `last_in_time` Monday the 20th.
    """
    inclusive = isinstance(form, By)
    if form.clock is not None:
        last = last_in_time = form.day if form.clock > hour else form.day - ONE_DAY
        late_from = to_instant(form.day, form.clock, zone)
    else:
        last = form.day if inclusive else form.day - ONE_DAY
        last_in_time = form.day if inclusive or lateness == "lenient" else last
        late_from = to_instant(last_in_time + ONE_DAY, time(), zone)
    return DueDate(
        named=form.day,
        last=last,
        target=workdays.on_or_before(last),
        last_in_time=last_in_time,
        late_from=late_from,
        inclusive=inclusive,
        clock=form.clock,
    )


def step_back(day: date, step: DayCount, workdays: Workdays) -> date:
    """Return the day that is `step` before `day`; a day off moves back to the previous working day."""
    if step.unit == "working days":
        return workdays.add(day, -step.count)
    return workdays.on_or_before(day - step.count * ONE_DAY)


def step_on(day: date, step: DayCount, workdays: Workdays) -> date:
    """Return the day that is `step` after `day`; a day off moves on to the next working day."""
    if step.unit == "working days":
        return workdays.add(day, step.count)
    return workdays.on_or_after(day + step.count * ONE_DAY)


def next_opening(instant: datetime, *, opens: time, closes: time, zone: ZoneInfo, workdays: Workdays) -> datetime:
    """Return `instant` if it lies within the opening hours of a working day, else the next opening (UTC)."""
    day = local_day(instant, zone)
    if workdays.is_workday(day) and instant < to_instant(day, closes, zone):
        return max(instant, to_instant(day, opens, zone))
    return to_instant(workdays.on_or_after(day + ONE_DAY), opens, zone)
