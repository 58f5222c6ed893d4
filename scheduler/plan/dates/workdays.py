"""The working calendar of a plan: its work week, days off and swapped working days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

_ONE_DAY = timedelta(days=1)
_LONGEST_BREAK = 366  # days; a calendar without a working day in a whole year is a mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Workdays:
    """The days on which an organisation works.

    `workweek` holds weekday numbers (Monday is 0); `off` maps a day off to its name; `worked` holds
    days off on which people work by announcement. `off` and `worked` override the work week, and
    `worked` overrides `off`. `provisional` holds the years of the plan whose days off have not been
    announced officially, so that they may still change.
    """

    workweek: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    off: Mapping[date, str] = field(default_factory=dict)
    worked: frozenset[date] = frozenset()
    provisional: frozenset[int] = frozenset()

    def is_workday(self, day: date) -> bool:
        """Return whether the organisation works on `day`."""
        if day in self.worked:
            return True
        return day.weekday() in self.workweek and day not in self.off

    def on_or_before(self, day: date) -> date:
        """Return the last working day up to and including `day`."""
        return self._seek(day, -_ONE_DAY)

    def on_or_after(self, day: date) -> date:
        """Return the first working day from `day` on, `day` included."""
        return self._seek(day, _ONE_DAY)

    def add(self, day: date, count: int) -> date:
        """Return the day that is `count` working days after `day`, or before it if `count` is negative.

        `day` itself is not counted; a count of 0 returns `day` unchanged.
        """
        step = _ONE_DAY if count > 0 else -_ONE_DAY
        for _ in range(abs(count)):
            day = self._seek(day + step, step)
        return day

    def count_after(self, day: date, until: date) -> int:
        """Return the number of working days after `day`, up to and including `until`."""
        span = (until - day).days
        return sum(self.is_workday(day + timedelta(days=n)) for n in range(1, span + 1))

    def _seek(self, day: date, step: timedelta) -> date:
        for count in range(_LONGEST_BREAK):
            if self.is_workday(day + count * step):
                return day + count * step
        raise ValueError(f"no working day within a year of {day}")
