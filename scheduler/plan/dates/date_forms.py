"""Dates that the record keeps in words: `before 2023-08-10`, as `plan.changes.describe_form` writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, time
from typing import Any, Literal

_DAY = r"(\d{4}-\d\d-\d\d)"
_CLOCK = r"(?: (\d\d:\d\d))?"
_DEADLINE = re.compile(rf"(before|by) {_DAY}{_CLOCK}")
_EVENT = re.compile(rf"on {_DAY}(?: to {_DAY})?{_CLOCK}")
_WINDOW = re.compile(rf"between {_DAY} and {_DAY} \((.*)\)", re.DOTALL)
_UNDATED = re.compile(r"undated \((.*)\)", re.DOTALL)


def parse_form(text: str) -> DateForm | None:
    """Return a date of the record; None for a recurring or relative one and for what is not understood."""
    try:
        return _parse(text)
    except ValueError:  # the figures are no day
        return None


def _parse(text: str) -> DateForm | None:
    if match := _DEADLINE.fullmatch(text):
        return (Before if match[1] == "before" else By)(date.fromisoformat(match[2]), _clock(match[3]))
    if match := _EVENT.fullmatch(text):
        return On(date.fromisoformat(match[1]), date.fromisoformat(match[2] or match[1]), _clock(match[3]))
    if match := _WINDOW.fullmatch(text):
        return Window(date.fromisoformat(match[1]), date.fromisoformat(match[2]), match[3])
    return Undated(match[1]) if (match := _UNDATED.fullmatch(text)) else None


def _clock(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


CountUnit = Literal["days", "working days"]


@dataclass(frozen=True, slots=True)
class DayCount:
    """A count of days or working days: `3 working days`."""

    count: int
    unit: CountUnit

    @property
    def code(self) -> str:
        """Return the short form used in rung names: `14d`, `3wd`."""
        return f"{self.count}{'d' if self.unit == 'days' else 'wd'}"

    def __str__(self) -> str:
        return f"{self.count} {self.unit[:-1] if self.count == 1 else self.unit}"


@dataclass(frozen=True, slots=True)
class Before:
    """`before D`: the named day itself is excluded by the strict reading."""

    day: date
    clock: time | None = None


@dataclass(frozen=True, slots=True)
class By:
    """`by D`, "chậm nhất", "đến hết": the named day is included."""

    day: date
    clock: time | None = None


@dataclass(frozen=True, slots=True)
class On:
    """A fixed event, from its first to its last day."""

    first: date
    last: date
    clock: time | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A tentative event: somewhere between two days, in the plan's own words."""

    first: date
    last: date
    words: str


@dataclass(frozen=True, slots=True)
class Undated:
    """A duty whose plan names no date."""

    words: str


@dataclass(frozen=True, slots=True)
class Recurring:
    """A duty that comes back by an RFC 5545 rule; each occurrence is an obligation of its own."""

    rule: str
    boundary: Literal["before", "by", "on"]
    first: date
    until: date


@dataclass(frozen=True, slots=True)
class Relative:
    """A date counted from another milestone: `within` N days after it, or `before` it."""

    to: str
    count: DayCount
    direction: Literal["within", "before"]


DateForm = Before | By | On | Window | Undated | Recurring | Relative


FixedForm = Before | By | On  # the forms that a decision can set


_FORMS: dict[str, type[DateForm]] = {
    form.__name__.lower(): form for form in (Before, By, On, Window, Undated, Recurring, Relative)
}


def describe_form(form: DateForm) -> str:
    """Return a date in short English words: `before 2023-08-10`."""
    match form:
        case Before(day, clock) | By(day, clock):
            moment = f"{day} {clock:%H:%M}" if clock else str(day)
            return f"{'before' if isinstance(form, Before) else 'by'} {moment}"
        case On(first, last, clock):
            span = str(first) if first == last else f"{first} to {last}"
            return f"on {span}" + (f" {clock:%H:%M}" if clock else "")
        case Window(first, last, words):
            return f"between {first} and {last} ({words})"
        case Undated(words):
            return f"undated ({words})"
        case Recurring(rule, boundary, first, until):
            return f"{boundary} {rule} from {first} until {until}"
    return f"{form.count} {'before' if form.direction == 'before' else 'after'} {form.to}"


def form_to_data(form: DateForm) -> dict[str, Any]:
    """Return a date form as plain data, to be read back by `form_from_data`."""
    data = {name: _plain(value) for name, value in asdict(form).items() if value is not None}
    return {"is": type(form).__name__.lower(), **data}


def form_from_data(data: Mapping[str, Any]) -> DateForm:
    """Return the date form that `form_to_data` wrote."""
    form = _FORMS[data["is"]]
    values = {f.name: _value_of(f.name, data[f.name]) for f in fields(form) if f.name in data}
    return form(**values)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | time) else value


def _value_of(name: str, value: Any) -> Any:
    if name in ("day", "first", "last", "until"):
        return date.fromisoformat(value)
    if name == "clock":
        return time.fromisoformat(value)
    return DayCount(**value) if name == "count" else value
