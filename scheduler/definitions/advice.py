"""Warnings about dates that are valid in a plan but that a person should check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from scheduler.definitions.problems import ProblemReport
from scheduler.definitions.schema import PlanShape
from scheduler.plan.dates.date_forms import Before, By, DateForm, On, Recurring, Undated, Window
from scheduler.plan.dates.due_dates import derive_due_date
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.model import Milestone
from scheduler.texts import Text, Worded
from scheduler.toml_lines import Key
from scheduler.wording import format_with_weekday

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Years from one to another, as titles of longer plans name them: 2026-2030.
YEARS = re.compile(r"(?<!\d)((?:19|20|21)\d\d)\s*[-–—]\s*((?:19|20|21)\d\d)(?!\d)")
_LONGEST_EVENT = 60  # days; longer ones are slips of the hand
_AROUND = timedelta(days=120)  # the last reports of a year come due so soon after it
_FEW = 3  # dates in the plan's year; fewer do not tell which of them was left in another year


class Span(NamedTuple):
    """The days that a date form may mean, both included."""

    first: date
    last: date


def span_of(form: DateForm) -> Span | None:
    """Return the days of a date form; None if they depend on something else."""
    match form:
        case Before(day) | By(day):
            return Span(day, day)
        case On(first, last) | Window(first, last):
            return Span(first, last)
        case Recurring(first=first, until=last):
            return Span(first, last)
    return None


def key_of(key: Key, milestone: Milestone) -> Key:
    """Return the key of the date of a milestone."""
    return (*key, type(milestone.form).__name__.lower())


def years_of(plan: PlanShape) -> range:
    """Return the years of a plan: its year, and all years from one to another that its title names around it."""
    spans = [range(int(first), int(last) + 1) for first, last in YEARS.findall(plan.title)]
    return next((span for span in spans if plan.year in span), range(plan.year, plan.year + 1))


def advise(report: ProblemReport, key: Key, milestone: Milestone, plan: PlanShape, workdays: Workdays) -> None:
    """Report warnings about the date of a milestone."""
    place = key_of(key, milestone)
    if far := [day for day in span_of(milestone.form) or () if _is_far(day, plan)]:
        _warn_of_year(report, place, Text('"{id}" has the date {far}', id=milestone.id, far=far[0]), plan)
        return
    match milestone.form:
        case Before() | By() as form:
            _advise_deadline(report, place, milestone, form, plan, workdays)
        case On(first, last):
            _advise_late_issue(report, place, milestone, last, plan)
            _advise_length(report, place, milestone, (last - first).days + 1)
        case Window(first, last):
            _advise_late_issue(report, place, milestone, last, plan)
            message = Text(
                '"{id}" has no fixed day yet: from {first} to {last}', id=milestone.id, first=first, last=last
            )
            hint = Text("its organiser is chased to fix the day; nobody else is reminded before")
            report.warn("tentative", place, message, hint)
        case Recurring(until=last):
            _advise_late_issue(report, place, milestone, last, plan)
        case Undated():
            message = Text('"{id}" has no date', id=milestone.id)
            report.warn("undated", place, message, Text("nobody is reminded until a date is fixed"))


def advise_plan(report: ProblemReport, plan: PlanShape, milestones: Sequence[tuple[Key, Milestone]]) -> None:
    """Report warnings about the dates of a plan beside each other."""
    for name, day in (("issued", plan.issued), ("remind_from", plan.remind_from)):
        if day and _is_far(day, plan):
            _warn_of_year(report, ("plan", name), Text("lies on {day}", day=day), plan)
    _advise_start(report, plan, [span.last for _, milestone in milestones if (span := span_of(milestone.form))])
    _advise_straggler(report, plan, milestones)
    _advise_needs(report, plan, milestones)


def _advise_deadline(
    report: ProblemReport, place: Key, milestone: Milestone, form: Before | By, plan: PlanShape, workdays: Workdays
) -> None:
    if form.day <= plan.issued:
        about = {"id": milestone.id, "day": _spell(form.day), "issued": _spell(plan.issued)}
        message = (
            Text('"{id}" is due before {day}; the plan was issued on {issued}', **about)
            if isinstance(form, Before)
            else Text('"{id}" is due by {day}; the plan was issued on {issued}', **about)
        )
        hint = Text("is the date right? whoever learns of it from the plan has no time left")
        report.warn("deadline-not-after-issue", place, message, hint)
    hour = milestone.ladder.at
    due = derive_due_date(form, lateness=plan.lateness, hour=hour, zone=plan.timezone, workdays=workdays)
    if due.target != due.last:
        message = Text('the last day of "{id}", {last}, is not a working day', id=milestone.id, last=_spell(due.last))
        report.warn("last-day-off", place, message, Text("people are asked for {target}", target=_spell(due.target)))


def _advise_late_issue(report: ProblemReport, place: Key, milestone: Milestone, last: date, plan: PlanShape) -> None:
    if last < plan.issued:
        message = Text(
            '"{id}" is over on {last}; the plan was issued on {issued}',
            id=milestone.id,
            last=_spell(last),
            issued=_spell(plan.issued),
        )
        report.warn(
            "over-before-issue", place, message, Text("is the date right? nobody can learn of it from the plan")
        )


def _advise_length(report: ProblemReport, place: Key, milestone: Milestone, days: int) -> None:
    if days > _LONGEST_EVENT:
        message, hint = (
            Text('"{id}" lasts {days} days', id=milestone.id, days=days),
            Text("are both days right? `window` is for a day not yet fixed"),
        )
        report.warn("long-event", place, message, hint)


def _is_far(day: date, plan: PlanShape) -> bool:
    years = years_of(plan)
    return not years[0] - 1 <= day.year <= years[-1] + 1


def _warn_of_year(report: ProblemReport, place: Key, message: str, plan: PlanShape) -> None:
    hint = Text("put the year right: here, or `year` of the plan; a title such as 2026-2030 names several")
    report.warn(
        "far-date",
        place,
        Text("{message}, years from those of the plan ({years})", message=message, years=_spell_years(plan)),
        hint,
    )


def _advise_start(report: ProblemReport, plan: PlanShape, days: Sequence[date]) -> None:
    if days and plan.remind_from and plan.remind_from > max(days):
        message = Text(
            "nobody is reminded before {remind_from}, and the last date of the plan is {days}",
            remind_from=plan.remind_from,
            days=max(days),
        )
        report.warn("reminds-too-late", ("plan", "remind_from"), message, Text("choose a day before the first date"))


def _advise_straggler(report: ProblemReport, plan: PlanShape, milestones: Sequence[tuple[Key, Milestone]]) -> None:
    """Report the one date that was left in a year beside the plan's, while all others lie in it."""
    outside = [
        (key, milestone, day) for key, milestone, day in _days(plan, milestones) if day.year not in years_of(plan)
    ]
    inside = len(list(_days(plan, milestones))) - len(outside)
    if len(outside) != 1 or inside < _FEW:
        return
    key, milestone, day = outside[0]
    years = years_of(plan)
    if not date(years[0], 1, 1) - _AROUND <= day <= date(years[-1], 12, 31) + _AROUND:
        message = Text(
            '"{id}" is the only date outside of {plan}: {day}', id=milestone.id, plan=_spell_years(plan), day=day
        )
        report.warn(
            "lone-year", key_of(key, milestone), message, Text("is the year right? all other dates are of the plan's")
        )


def _days(plan: PlanShape, milestones: Sequence[tuple[Key, Milestone]]) -> Iterator[tuple[Key, Milestone, date]]:
    """Yield the last day of each date that no other warning about its year names."""
    for key, milestone in milestones:
        span = span_of(milestone.form)
        if span and span.last > plan.issued and not _is_far(span.last, plan):
            yield key, milestone, span.last


def _advise_needs(report: ProblemReport, plan: PlanShape, milestones: Sequence[tuple[Key, Milestone]]) -> None:
    """Report what is needed before it can be there; a date of a far year has been reported and says nothing."""
    spans = {
        milestone.id: span
        for _, milestone in milestones
        if (span := span_of(milestone.form)) and not any(_is_far(day, plan) for day in span)
    }
    for key, milestone in milestones:
        own = spans.get(milestone.id)
        for index, name in enumerate(milestone.needs):
            other = spans.get(name)
            if own and other and other.first > own.last:
                message = Text(
                    '"{id}" is due on {last} and needs "{name}", which comes on {first} only',
                    id=milestone.id,
                    last=own.last,
                    name=name,
                    first=other.first,
                )
                hint = Text("is one of the dates wrong? `needs` names what has to be complete before")
                report.warn("needs-later", (*key, "needs", index), message, hint)


def _spell(day: date) -> Worded:
    return Worded(partial(_spell_in, day))


def _spell_in(day: date, language: str) -> str:
    return f"{_DAYS[day.weekday()]} {day}" if language == "en" else format_with_weekday(day, language)


def _spell_years(plan: PlanShape) -> str:
    years = years_of(plan)
    return str(plan.year) if len(years) == 1 else f"{years[0]}-{years[-1]}"
