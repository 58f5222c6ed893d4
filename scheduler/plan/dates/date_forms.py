"""The forms that a date may have in a plan, in words and as plain data.

`form_to_data` and `form_from_data` are the one codec: without loss for every form. Words are never read back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, time
from typing import Any, Literal, assert_never, get_args

CountUnit = Literal["days", "working days"]
_CODE = re.compile(r"(\d+)(d|wd)")


@dataclass(frozen=True, slots=True)
class DayCount:
    """A number of days or working days, such as `3 working days`."""

    count: int
    unit: CountUnit

    @property
    def code(self) -> str:
        """Return the short form for rung names: `14d`, `3wd`."""
        return f"{self.count}{'d' if self.unit == 'days' else 'wd'}"

    @staticmethod
    def of(code: str) -> DayCount | None:
        """Return what a short form stands for; the reverse of `code`. None for any other text."""
        found = _CODE.fullmatch(code)
        return DayCount(int(found[1]), "days" if found[2] == "d" else "working days") if found else None

    def __str__(self) -> str:
        return f"{self.count} {self.unit[:-1] if self.count == 1 else self.unit}"


@dataclass(frozen=True, slots=True)
class Before:
    """A deadline `before D`; the strict reading excludes the named day itself."""

    day: date
    clock: time | None = None


@dataclass(frozen=True, slots=True)
class By:
    """A deadline `by D` ("chậm nhất", "đến hết"); the named day is included."""

    day: date
    clock: time | None = None


@dataclass(frozen=True, slots=True)
class On:
    """The date of a fixed event, from its first to its last day, both included."""

    first: date
    last: date
    clock: time | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A tentative date between two days; `words` quotes the plan."""

    first: date
    last: date
    words: str


@dataclass(frozen=True, slots=True)
class Undated:
    """A duty without a date; `words` quotes the plan."""

    words: str


@dataclass(frozen=True, slots=True)
class Recurring:
    """A duty that recurs by an RFC 5545 rule; each occurrence is an obligation of its own."""

    rule: str
    boundary: Literal["before", "by", "on"]
    first: date
    until: date


Direction = Literal["within", "before"]


@dataclass(frozen=True, slots=True)
class Relative:
    """A date counted from the milestone `to`: `within` N days after it, or N days `before` it."""

    to: str
    count: DayCount
    direction: Direction


# Every milestone has exactly one form. Clock times are local to the plan's zone.
DateForm = Before | By | On | Window | Undated | Recurring | Relative


FixedForm = Before | By | On  # the forms that a decision can set
ResolvedForm = Before | By | On | Window | Undated  # the forms that stand for one obligation


_FORMS: dict[str, type[DateForm]] = {form.__name__.lower(): form for form in get_args(DateForm)}


def describe_form(form: DateForm) -> str:
    """Return a date as short English text: `before 2023-08-10`."""
    match form:
        case Before(day, clock) | By(day, clock):
            moment = f"{day} {clock:%H:%M}" if clock else str(day)
            return f"{'before' if isinstance(form, Before) else 'by'} {moment}"
        case On(first, last, clock):
            span = str(first) if first == last else f"{first} to {last}"
            return f"on {span}" + (f" {clock:%H:%M}" if clock else "")
        case Window(first, last, words):
            return f"between {first} and {last}{bracketed(words)}"
        case Undated(words):
            return f"undated{bracketed(words)}"
        case Recurring(rule, boundary, first, until):
            return f"{boundary} {rule} from {first} until {until}"
        case Relative(to, count, direction):
            return f"{count} {'before' if direction == 'before' else 'after'} {to}"
        case _:
            assert_never(form)


def bracketed(words: str) -> str:
    """Return words in brackets, as they follow something; "" if there are none."""
    return f" ({words})" if words else ""


def form_to_data(form: DateForm) -> dict[str, Any]:
    """Return a date form as plain data that `form_from_data` reads back."""
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
