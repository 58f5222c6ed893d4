"""Warnings about dates that are valid in a plan but that a person should check."""

from __future__ import annotations

from datetime import date

from scheduler.definitions.problems import ProblemReport
from scheduler.definitions.schema import PlanShape
from scheduler.plan.dates.date_forms import Before, By, Undated, Window
from scheduler.plan.dates.due_dates import derive_due_date
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.model import Milestone
from scheduler.toml_lines import Key

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def advise(report: ProblemReport, key: Key, milestone: Milestone, plan: PlanShape, workdays: Workdays) -> None:
    """Report warnings about the date of a milestone."""
    match milestone.form:
        case Before() | By() as form:
            _advise_deadline(report, key, milestone, form, plan, workdays)
        case Window(first, last):
            message = f'"{milestone.id}" has no fixed day yet: from {first} to {last}'
            hint = "its organiser is chased to fix the day; nobody else is reminded before"
            report.warn("tentative", (*key, "window"), message, hint)
        case Undated():
            message = f'"{milestone.id}" has no date'
            report.warn("undated", (*key, "undated"), message, "nobody is reminded until a date is fixed")


def _advise_deadline(
    report: ProblemReport, key: Key, milestone: Milestone, form: Before | By, plan: PlanShape, workdays: Workdays
) -> None:
    word = "before" if isinstance(form, Before) else "by"
    place = (*key, word)
    if form.day <= plan.issued:
        message = f'"{milestone.id}" is due {word} {_spell(form.day)}; the plan was issued on {_spell(plan.issued)}'
        hint = "is the date right? whoever learns of it from the plan has no time left"
        report.warn("deadline-not-after-issue", place, message, hint)
    hour = milestone.ladder.at
    due = derive_due_date(form, lateness=plan.lateness, hour=hour, zone=plan.timezone, workdays=workdays)
    if due.target != due.last:
        message = f'the last day of "{milestone.id}", {_spell(due.last)}, is not a working day'
        report.warn("last-day-off", place, message, f"people are asked for {_spell(due.target)}")


def _spell(day: date) -> str:
    return f"{_DAYS[day.weekday()]} {day}"
