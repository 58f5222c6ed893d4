"""The four days behind one date in a plan, and local wall-clock time.

A plan says "trước ngày 10/8/2023". The named day, the last day in time, the day to aim at and
the instant from which an answer is late are four different things; none stands in for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from scheduler.plan.dates.date_forms import Before, By, DayCount
from scheduler.plan.dates.workdays import Workdays

ONE_DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1900, 2200  # years that a date may lie in: counting from it stays within what dates can say
YEARS_BEFORE, YEARS_AFTER = 2, 5  # of a plan's year, in which a day that is recorded about it can lie


def to_instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return a local wall-clock time as a UTC instant.

    A time that summer time skips is moved on by the length of the gap; of one that
    happens twice the first is meant (PEP 495, fold 0).
    """
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of an instant in `zone`."""
    return instant.astimezone(zone).date()


def near(year: int) -> tuple[date, date]:
    """Return the first and the last day that can be meant about a plan of this year; others are slips of the hand."""
    return date(year - YEARS_BEFORE, 1, 1), date(year + YEARS_AFTER, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDate:
    """The days derived from one deadline. Days are local to the plan, `late_from` is UTC.

    `named` is the day the document names; `last` the last day surely in time by the strict
    reading; `target` the last working day on or before `last`; `last_in_time` the last day on
    which an answer is not late; `late_from` the instant from which it is. `clock` is the time
    of day the document names, if any.
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
        """Return the date as a plan would give it."""
        return (By if self.inclusive else Before)(self.named, self.clock)

    def is_late(self, instant: datetime) -> bool:
        """Return whether something that happened at `instant` was late."""
        if self.clock is not None and self.inclusive:
            return instant > self.late_from
        return instant >= self.late_from


def derive_due_date(
    form: Before | By, *, lateness: Literal["strict", "lenient"], hour: time, zone: ZoneInfo, workdays: Workdays
) -> DueDate:
    """Return the four days of a deadline; `hour` is when the plan's reminders leave.

    With a clock time the boundary is that instant, whatever `lateness`: the named day is still
    a day in time if the boundary lies after `hour`, else the day before is the last one.
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
    """Return the day `step` before `day`; one on a day off moves to the working day before."""
    if step.unit == "working days":
        return workdays.add(day, -step.count)
    return workdays.on_or_before(day - step.count * ONE_DAY)


def step_on(day: date, step: DayCount, workdays: Workdays) -> date:
    """Return the day `step` after `day`; one on a day off moves to the working day after."""
    if step.unit == "working days":
        return workdays.add(day, step.count)
    return workdays.on_or_after(day + step.count * ONE_DAY)


def next_opening(instant: datetime, *, opens: time, closes: time, zone: ZoneInfo, workdays: Workdays) -> datetime:
    """Return `instant` if it lies inside the opening hours of a working day, else the next opening."""
    day = local_day(instant, zone)
    if workdays.is_workday(day) and instant < to_instant(day, closes, zone):
        return max(instant, to_instant(day, opens, zone))
    return to_instant(workdays.on_or_after(day + ONE_DAY), opens, zone)
