"""Finds the dates that a text names, in Vietnamese and in English."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Unit = Literal["day", "month", "year"]
Role = Literal["deadline", "citation", "period", "none"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_YEAR = r"(?P<year>(?:19|20|21)\d\d)(?!\d|[/.-]\d)"
_DAY = r"(?<![\d/.-])(?P<day>\d{1,2})"
_ENGLISH_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_FORMS: Sequence[tuple[Unit, str]] = (
    ("day", rf"{_DAY}(?P<mark>[/.-])(?P<month>\d{{1,2}})(?P=mark){_YEAR}"),
    ("day", r"(?<![\d/.-])(?P<year>(?:19|20|21)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)"),
    ("day", rf"{_DAY}\s+tháng\s+(?P<month>\d{{1,2}})[\s,]+năm\s+{_YEAR}"),
    ("day", rf"\b{_ENGLISH_DAY}\s+(?:of\s+)?{_NAME},?\s+{_YEAR}"),
    ("day", rf"\b{_NAME}\s+{_ENGLISH_DAY},?\s+{_YEAR}"),
    ("month", rf"tháng\s+(?P<month>\d{{1,2}})(?:[\s,]+năm\s+|\s*[/-]\s*){_YEAR}"),
    ("month", rf"\b{_NAME},?\s+{_YEAR}"),
    ("year", rf"\bnăm\s+{_YEAR}(?!\s*[-–—]\s*\d)"),
)
_PATTERNS = [(unit, re.compile(form, re.IGNORECASE)) for unit, form in _FORMS]
_WITHOUT_YEAR = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_DAY}[/.-](?P<month>\d{{1,2}})(?![\d/.-]*\d)",
        rf"{_DAY}\s+tháng\s+(?P<month>\d{{1,2}})(?!\d)",
        rf"\b{_ENGLISH_DAY}\s+(?:of\s+)?{_NAME}",
        rf"\b{_NAME}\s+{_ENGLISH_DAY}(?!\d)",
    )
]
_LOOK_BACK = 120  # characters before a date that may say what it is
# What stands between the words of a deadline and its date: "trước 17 giờ 00, thứ Sáu, ngày", "no later than noon on".
_CLAIM = re.compile(
    r"\b(?:trước|chậm nhất|muộn nhất|đến hết|hạn(?:\s\w+){0,3}|by|before|until|later than|due)\b[\s:,]*"
    r"(?:(?:là|vào|hết|thứ \w+|\d+(?::\d+|h\d*)?|giờ|phút|ngày|on|the|\w+day)[\s,]+)*$",
    re.IGNORECASE,
)
# The date of a document that a text refers to: "Công văn số 12-CV/TW, ngày", "Decision No. 12 of"
_CITED = re.compile(
    r"(?:\b(?:số|no\.?|number)\s*\S+[\s,]+(?:ngày|of|dated)?\s*"
    r"|\b(?:công văn|quyết định|quy định|hướng dẫn|nghị quyết|chỉ thị|thông báo|kết luận|tờ trình)\b[^.;]{0,60}"
    r"\bngày\s*"
    r"|\b(?:(?:ban hành|ký|issued)\s+(?:on|ngày)|dated)\s*)$",
    re.IGNORECASE,
)
_LAW = re.compile(r"\b(?:luật|pháp lệnh|nghị định|thông tư|hiến pháp|act|law)\b[^.;]{0,80}$", re.IGNORECASE)
# What a report is about: "số liệu tính đến hết ngày" is no deadline, and "kể từ ngày" begins a span.
_REPORTED = re.compile(r"\b(?:tính|số liệu|as of)\b[^.;,]{0,30}$", re.IGNORECASE)
_SINCE = re.compile(r"\b(?:từ|since|from)\b[^.;,]{0,30}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextDate:
    """A date in a text: its words, and the days that it may mean, from the first to the last.

    Its role follows from the words before it: it is a "deadline", the "citation" of a document or a law, or the bound
    of a "period" ("số liệu tính đến ngày").
    """

    words: str
    first: date
    last: date
    unit: Unit
    role: Role = "none"


@dataclass(frozen=True, slots=True)
class TextDates:
    """All dates in a text; `without_year` holds pairs of month and day."""

    named: Sequence[TextDate]
    without_year: frozenset[tuple[int, int]]


def find_dates(text: str) -> TextDates:
    """Return the dates in a text; 3/4/2027 is the third of April. What stands in no calendar is left out."""
    named: list[TextDate] = []
    rest = text
    for unit, pattern in _PATTERNS:
        for match in pattern.finditer(rest):
            named.extend(_read(match, unit, text[max(0, match.start() - _LOOK_BACK) : match.start()]))
        rest = pattern.sub(lambda match: "#" * len(match[0]), rest)  # so that all others keep their places
    pairs = (_month_and_day(match) for pattern in _WITHOUT_YEAR for match in pattern.finditer(rest))
    return TextDates(tuple(named), frozenset(pairs))


def is_law(before: str) -> bool:
    """Return whether a year after these words is part of the name of a law."""
    return bool(_LAW.search(before))


def _read(match: re.Match[str], unit: Unit, before: str) -> Iterator[TextDate]:
    """Yield the date of a match; none if it stands in no calendar."""
    year = int(match["year"])
    if unit == "year":
        yield TextDate(match[0], date(year, 1, 1), date(year, 12, 31), unit, _role(before))
        return
    month, day = _month_and_day(match)
    if 1 <= month <= 12 and day <= (length := monthrange(year, month)[1]) and (day or unit == "month"):
        yield TextDate(match[0], date(year, month, day or 1), date(year, month, day or length), unit, _role(before))


def _month_and_day(match: re.Match[str]) -> tuple[int, int]:
    """Return the month and the day of a match; the day is 0 if it names none."""
    found = match.groupdict()
    month = int(found["month"]) if found.get("month") else _MONTHS.index(found["name"][:3].lower()) + 1
    return month, int(found.get("day") or 0)


def _role(before: str) -> Role:
    if _REPORTED.search(before):
        return "period"
    if _CLAIM.search(before):
        return "deadline"
    if _SINCE.search(before):
        return "period"
    return "citation" if _CITED.search(before) or is_law(before) else "none"
