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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from scheduler.definitions.advice import span_of
from scheduler.definitions.files import File
from scheduler.definitions.problems import InvalidValue, ProblemReport
from scheduler.definitions.scalars import Day, Line
from scheduler.definitions.schema import PlanShape, Shape
from scheduler.errors import near_names
from scheduler.plan.dates.date_forms import DateForm
from scheduler.plan.dates.due_dates import near
from scheduler.plan.dates.workdays import Workdays
from scheduler.texts import Text

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
        report.error(
            (),
            Text("{name} names no country", name=file.path.name),
            Text("name it VN.toml or, with a subdivision, DE-BY.toml"),
        )
    file.expect_keys("off", "worked")
    days: dict[date, Announcement] = {}
    for name in ("off", "worked"):
        for key, row in file.rows(name):
            if shape := report.fit(AnnouncementShape, row, key):
                if shape.day in days:
                    report.error((*key, "day"), Text("{day} is listed twice", day=shape.day), code="duplicate")
                days[shape.day] = Announcement(name == "off", shape.name)
    return HolidayFile(country, days, report.sound)


def make_workdays(plan: PlanShape, years: range, calendars: Iterable[HolidayFile]) -> Workdays:
    """Return the working calendar of a plan whose dates lie in `years`, and of every day that may be recorded for it.

    Of two announcements for one day the first wins. Days off are announced year by year where there is a calendar
    file; a year of the plan without an announcement is provisional then. Raises `InvalidValue` for an unknown country
    or subdivision, and for an invalid calendar file that the plan needs.
    """
    off, worked, names = _package_days(plan, _with_recorded(years, plan)) if plan.holidays else ({}, set(), frozenset())
    announced: dict[date, Announcement] = {}
    for calendar in calendars:
        if calendar.country in names:
            if not calendar.sound:
                raise InvalidValue(
                    Text("the calendar {country}.toml is wrong", country=calendar.country),
                    Text("put right what is reported of it"),
                )
            announced = {**calendar.days, **announced}
    for day, entry in announced.items():
        if entry.off:
            off[day] = entry.name
            worked.discard(day)
        else:
            off.pop(day, None)
            worked.add(day)
    return Workdays(
        workweek=frozenset(_WEEK.index(day) for day in plan.workweek),
        off=off,
        worked=frozenset(worked),
        provisional=frozenset(years) - {day.year for day in announced} if announced else frozenset(),
    )


def years_of_dates(plan: PlanShape, forms: Iterable[DateForm]) -> range:
    """Return the years from the first to the last date of a plan, its own year included.

    A date that is counted from another one lies near it and is left out.
    """
    years = [plan.year, *(day.year for form in forms for day in span_of(form) or ())]
    return range(min(years), max(years) + 1)


def advise_workdays(report: ProblemReport, plan: PlanShape, years: range, workdays: Workdays) -> None:
    """Report years of a plan whose days off are not known, or not announced."""
    if not plan.holidays:
        return
    file, known = f"calendars/{plan.holidays}.toml", {day.year for day in workdays.off}
    if unknown := [year for year in years if year not in known]:
        message = Text(
            "no public holidays are known for {unknown}: only the work week counts there", unknown=_spell_years(unknown)
        )
        report.warn(
            "unknown-holidays", ("plan", "holidays"), message, Text("write the days off into {file}", file=file)
        )
    if provisional := sorted(workdays.provisional & known):
        message = Text(
            "the days off of {provisional} are provisional: no official announcement is in {file}",
            provisional=_spell_years(provisional),
            file=file,
        )
        hint = Text("write what is announced into it, with its source; steps may move then")
        report.warn("provisional-holidays", ("plan", "holidays"), message, hint)


def _spell_years(years: Sequence[int]) -> str:
    """Return rising years as text: `2027, 2029-2031`."""
    first = [year for year in years if year - 1 not in years]
    last = [year for year in years if year + 1 not in years]
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(first, last, strict=True))


def _with_recorded(years: range, plan: PlanShape) -> range:
    """Return the years of a plan's dates and of those that may be recorded, and one more for the steps after them."""
    first, last = near(plan.year)
    return range(min(years[0], first.year), max(years[-1], last.year) + 2)


def _package_days(plan: PlanShape, years: range) -> tuple[dict[date, str], set[date], frozenset[str]]:
    """Return the days off, the swapped working days, and the names of the calendar files that apply to the plan."""
    import holidays  # imported here, so that plans without public holidays do not load the package
    from holidays.registry import EntityLoader

    country, _, subdivision = (plan.holidays or "").partition("-")
    # list_supported_countries() would load the module of every country to tell its subdivisions.
    countries = set(EntityLoader.get_country_codes(include_aliases=False))
    if country not in countries:
        raise InvalidValue(
            Text("no public holidays are known for {country!r}", country=country),
            near_names(country, sorted(countries)),
        )
    subdivisions = getattr(holidays, country).subdivisions
    if subdivision and subdivision not in subdivisions:
        raise InvalidValue(
            Text("{country} has no subdivision {subdivision!r}", country=country, subdivision=subdivision),
            near_names(subdivision, sorted(subdivisions)),
        )
    table = holidays.country_holidays(country, subdiv=subdivision or None, years=years, language=plan.language)
    swapped = {day for day in table.weekend_workdays if day.year in years}
    return dict(sorted(table.items())), swapped, frozenset({country, plan.holidays or ""})
