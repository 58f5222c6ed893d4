"""Warnings about texts of a plan: dates and years in them that contradict its keys, and titles that are too long."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta

from scheduler.definitions.advice import YEARS, Span, span_of, years_of
from scheduler.definitions.files import File
from scheduler.definitions.problems import ProblemReport
from scheduler.definitions.schema import PlanShape
from scheduler.definitions.text_dates import TextDate, TextDates, find_dates, is_law
from scheduler.plan.dates.date_forms import Before, By, DateForm, Window
from scheduler.plan.model import Milestone
from scheduler.texts import Text
from scheduler.toml_lines import Key

_ONE_DAY = timedelta(days=1)
_HALF_A_YEAR = timedelta(days=190)  # a month in a text may be what a report is about, not when it is due
_A_YEAR = timedelta(days=400)  # and so may a period
_RECENT = 10  # years; who rolls a plan on takes that of a few years ago, and older years are history
_LONGEST_TITLE = 300  # characters; a title stands in subjects and in columns
_YEAR = re.compile(r"(?<![\d/.-])((?:19|20|21)\d\d)(?![\d/]|-\w)")


def advise_texts(file: File, plan: PlanShape, milestones: Sequence[tuple[Key, Milestone]]) -> None:
    """Report warnings about the texts of a plan and its milestones."""
    _advise_plan_title(file.report, plan)
    _advise_lengths(file)
    spans = [span for _, milestone in milestones if (span := span_of(milestone.form))]
    known = {plan.issued, *(day for span in spans for day in span)}
    for key, milestone in milestones:
        _advise_milestone(file.report, key, milestone, plan, known)


def _advise_plan_title(report: ProblemReport, plan: PlanShape) -> None:
    """Report a title that names another year than the plan's and not the plan's as well."""
    rest = YEARS.sub("", plan.title)
    named = [int(match[1]) for match in _YEAR.finditer(rest) if not is_law(rest[: match.start()])]
    others = [year for year in named if plan.year - _RECENT <= year <= plan.year + 1]
    if others and len(years_of(plan)) == 1 and plan.year not in named:
        message = Text("names the year {found}; the plan is for {year}", found=others[0], year=plan.year)
        report.warn("title-year", ("plan", "title"), message, Text("put the title right, or `year`"))


def _advise_lengths(file: File) -> None:
    head = file.table("plan")
    rows = [(("plan",), head), *file.rows("milestones"), *file.rows("indicators")]
    for key, row in rows:
        title = row.get("title")
        if isinstance(title, str) and len(title) > _LONGEST_TITLE:
            message = Text(
                "has {number} characters: it is a heading and stands in the subject of every mail", number=len(title)
            )
            file.report.warn(
                "long-title", (*key, "title"), message, Text("shorten it; the words of the document go to `quote`")
            )


def _advise_milestone(
    report: ProblemReport, key: Key, milestone: Milestone, plan: PlanShape, known: Collection[date]
) -> None:
    span = span_of(milestone.form)
    for place, text in _texts(key, milestone):
        found = find_dates(text)
        name = str(place[-1])
        if span and (wrong := _find_contradiction(found, milestone.form, span, known, is_exact=name == "words")):
            days = (
                Text("{day}", day=span.first)
                if span.first == span.last
                else Text("{first} to {last}", first=span.first, last=span.last)
            )
            message = Text(
                'says "{words}", and the date of "{id}" is {days}', words=wrong.words, id=milestone.id, days=days
            )
            hint = Text("put right what is wrong, the date or the words: mails show both")
            report.warn("text-contradicts-date", place, message, hint)
        elif name == "title" and (year := _past_year(found, plan)):
            message = Text("names the year {year}; the plan is for {year2}", year=year, year2=plan.year)
            report.warn(
                "title-year", place, message, Text("put the title right if it was taken over from an earlier plan")
            )


def _texts(key: Key, milestone: Milestone) -> Iterator[tuple[Key, str]]:
    """Yield the texts of a milestone that mails show beside its date."""
    yield (*key, "title"), milestone.title
    yield (*key, "quote"), milestone.quote
    if isinstance(milestone.form, Window):
        yield (*key, "window", "words"), milestone.form.words


def _past_year(found: TextDates, plan: PlanShape) -> int | None:
    """Return a recent year before those near the plan's if the text names no other."""
    years = [each.first.year for each in found.named if each.unit == "year" and each.role != "citation"]
    first = years_of(plan)[0] - 1
    return years[0] if years and all(first - _RECENT < year < first for year in years) else None


def _find_contradiction(
    found: TextDates, form: DateForm, span: Span, known: Collection[date], *, is_exact: bool
) -> TextDate | None:
    """Return a date of a text that cannot be meant by the date of its milestone; None if one of them agrees.

    The text is a document's: it may also name other documents, periods and milestones, whose days are `known`.
    `is_exact` says that the text holds nothing but the words of the date.
    """
    wide = _widen(form, span)
    if _has_day(found, wide):
        return None
    claims = [each for each in found.named if _is_claim(each)] if isinstance(form, Before | By) else []
    if claims or _has_month(found, wide):
        return claims[0] if claims else None
    return next((each for each in found.named if _is_suspect(each, wide, known, is_exact=is_exact)), None)


def _widen(form: DateForm, span: Span) -> Span:
    """Return the days that words for the same deadline may name: "before the 1st" is "by the 31st"."""
    match form:
        case Before():
            return Span(span.first - _ONE_DAY, span.last)
        case By() | Window():
            return Span(span.first, span.last + _ONE_DAY)
    return span


def _has_day(found: TextDates, span: Span) -> bool:
    days = [span.first + n * _ONE_DAY for n in range(min((span.last - span.first).days + 1, 366))]
    return any(_overlap(each, span) for each in found.named if each.unit == "day") or any(
        (day.month, day.day) in found.without_year for day in days
    )


def _has_month(found: TextDates, span: Span) -> bool:
    return any(_overlap(each, span) for each in found.named if each.unit == "month")


def _overlap(each: TextDate, span: Span) -> bool:
    return each.first <= span.last and span.first <= each.last


def _is_claim(each: TextDate) -> bool:
    return each.unit == "day" and each.role == "deadline"


def _is_suspect(each: TextDate, span: Span, known: Collection[date], *, is_exact: bool) -> bool:
    """Return whether a date that does not agree with its milestone has no other reason to be there."""
    if is_exact:
        return not _overlap(each, span)
    if each.unit == "year" or each.role == "citation" or each.first.year < span.first.year - _RECENT:
        return False
    distance = max(each.first - span.last, span.first - each.last)
    if each.unit == "month":
        return distance > _HALF_A_YEAR
    return each.first not in known and not (each.role == "period" and distance < _A_YEAR)
