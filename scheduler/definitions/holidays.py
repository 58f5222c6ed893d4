"""Working calendars: the `holidays` package, overridden by announcements from calendar files.

A calendar file lies in a folder `calendars` and is named by its country (`VN.toml`) or its
country and subdivision (`DE-BY.toml`). It lists days off and days off that are worked:

    [[off]]
    day = 2026-01-02
    name = "..."
    source = "the document that announced it"

    [[worked]]
    day = 2026-01-10
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from scheduler.definitions.files import File
from scheduler.definitions.problems import InvalidValue
from scheduler.definitions.scalars import Day, Line
from scheduler.definitions.schema import PlanShape, Shape
from scheduler.errors import near_names
from scheduler.plan.dates.workdays import Workdays

_NAME = re.compile(r"[A-Z]{2,3}(-[A-Z0-9]+)?")
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class AnnouncementShape(Shape):
    """One `[[off]]` or `[[worked]]` table of a calendar file."""

    day: Day
    name: Line = ""
    source: Line = ""


@dataclass(frozen=True, slots=True)
class Announcement:
    """The announcement for one day: a day off, or a day that is worked."""

    off: bool
    name: str


@dataclass(frozen=True, slots=True)
class HolidayFile:
    """The announcements of one calendar file; they must not be used unless it is `sound`."""

    country: str
    days: Mapping[date, Announcement]
    sound: bool


def read_holiday_file(file: File) -> HolidayFile:
    """Return the announcements of a calendar file; problems are in its report."""
    report, country = file.report, file.path.stem
    if not _NAME.fullmatch(country):
        report.error((), f"{file.path.name} names no country", "name it VN.toml or, with a subdivision, DE-BY.toml")
    file.expect_keys("off", "worked")
    days: dict[date, Announcement] = {}
    for name in ("off", "worked"):
        for key, row in file.rows(name):
            if shape := report.fit(AnnouncementShape, row, key):
                if shape.day in days:
                    report.error((*key, "day"), f"{shape.day} is listed twice", code="duplicate")
                days[shape.day] = Announcement(name == "off", shape.name)
    return HolidayFile(country, days, report.sound)


def make_workdays(plan: PlanShape, calendars: Iterable[HolidayFile]) -> Workdays:
    """Return the working calendar of a plan, for its year, the year before and the two years after.

    Of two announcements for one day the first wins. Raises `InvalidValue` for an unknown country or
    subdivision, and for an invalid calendar file that the plan needs.
    """
    off, worked, names = _package_days(plan) if plan.holidays else ({}, set(), frozenset())
    announced: dict[date, Announcement] = {}
    for calendar in calendars:
        if calendar.country in names:
            if not calendar.sound:
                raise InvalidValue(f"the calendar {calendar.country}.toml is wrong", "put right what is reported of it")
            announced = {**calendar.days, **announced}
    for day, entry in announced.items():
        if entry.off:
            off[day] = entry.name
            worked.discard(day)
        else:
            off.pop(day, None)
            worked.add(day)
    workweek = frozenset(_WEEK.index(day) for day in plan.workweek)
    return Workdays(workweek=workweek, off=off, worked=frozenset(worked))


def _package_days(plan: PlanShape) -> tuple[dict[date, str], set[date], frozenset[str]]:
    """Return the days off, the swapped working days, and the names of the calendar files that apply to the plan."""
    import holidays  # imported here, so that plans without public holidays do not load the package
    from holidays.registry import EntityLoader

    country, _, subdivision = (plan.holidays or "").partition("-")
    # list_supported_countries() would load the module of every country to tell its subdivisions.
    countries = set(EntityLoader.get_country_codes(include_aliases=False))
    if country not in countries:
        raise InvalidValue(f"no public holidays are known for {country!r}", near_names(country, sorted(countries)))
    subdivisions = getattr(holidays, country).subdivisions
    if subdivision and subdivision not in subdivisions:
        raise InvalidValue(
            f"{country} has no subdivision {subdivision!r}", near_names(subdivision, sorted(subdivisions))
        )
    years = range(plan.year - 1, plan.year + 3)
    table = holidays.country_holidays(country, subdiv=subdivision or None, years=years, language=plan.language)
    swapped = {day for day in table.weekend_workdays if day.year in years}
    return dict(sorted(table.items())), swapped, frozenset({country, plan.holidays or ""})
