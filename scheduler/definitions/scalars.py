"""The scalar values of a definition: texts, ids, days, clock times, counts, addresses, zones.

Every reader raises `InvalidValue` if it rejects the value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import PlainValidator

from scheduler.definitions.problems import InvalidValue, shown
from scheduler.email_address import read_address
from scheduler.errors import near_names
from scheduler.plan.dates.date_forms import DayCount
from scheduler.plan.dates.due_dates import FIRST_YEAR, LAST_YEAR
from scheduler.texts import Text

_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_STEP = re.compile(r"([1-9]\d{0,2}) (working )?days?")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_TARGET = re.compile(r"(?:(?:>=|<=|=) ?\d+%?|\d+%)|(\d+)%?\.\.(\d+)%?")
# A date in the order of a plan file or in that of a letter, perhaps with a time: 2023-08-10, 10/8/2023 17:00.
_WRITTEN = re.compile(
    r"(?:(?P<year>\d{4})[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?)|(?P<d>\d\d?)[-/.](?P<m>\d\d?)[-/.](?P<y>\d{4}))"
    r"(?:[T ]+(?P<hour>\d\d?)[:h](?P<minute>\d\d)?(?::(?P<second>\d\d))?)?"
)
_SEPARATORS = re.compile("[\u2028\u2029]")  # line breaks of word processors, which no header of a mail can hold
# Bidirectional controls: they make text look different from what is stored.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def words(value: object) -> str:
    """Return a text of any number of lines, in NFC."""
    if not isinstance(value, str):
        raise InvalidValue(Text("must be a text in quotes, not {value}", value=shown(value)))
    value = _SEPARATORS.sub("\n", value)
    bad = next((c for c in value if (unicodedata.category(c) == "Cc" and c not in "\n\t") or c in _REORDERING), None)
    if bad is not None:
        raise InvalidValue(
            Text("contains the invisible character U+{bad:04X}", bad=ord(bad)),
            Text("delete it and type the text again"),
        )
    return unicodedata.normalize("NFC", value)


def line(value: object) -> str:
    """Return a text of one line, in NFC."""
    text = words(_SEPARATORS.sub(" ", value) if isinstance(value, str) else value)
    if "\n" in text or "\t" in text:
        raise InvalidValue(Text("must be on one line"), Text("it is printed in headings and subjects"))
    return text


def title(value: object) -> str:
    """Return a text of one line that is not empty."""
    if not (text := line(value)).strip():
        raise InvalidValue(Text("must not be empty"))
    return text


def identifier(value: object) -> str:
    """Return an id."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidValue(
            Text("{value} cannot be an id", value=shown(value)),
            Text('an id has the letters a-z, digits and "-" only: "bao-cao-nam"'),
        )
    return value


def day(value: object) -> date:
    """Return a day without a time."""
    if isinstance(value, datetime):
        raise InvalidValue(Text("must be a day without a time"), Text("write {date}", date=value.date()))
    return _dated(value, has_time=False)


def moment(value: object) -> date | datetime:
    """Return a day, or a day with a local clock time."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise InvalidValue(
            Text("must be a local time"),
            Text("write the local time without offset: {moment}", moment=value.replace(tzinfo=None)),
        )
    return _dated(value, has_time=True)


def _dated(value: object, *, has_time: bool) -> date:
    if isinstance(value, str):
        raise _quoted(value, has_time)
    if not isinstance(value, date):
        raise InvalidValue(
            Text("must be a date, not {value}", value=shown(value)), Text("write year, month and day: 2023-08-10")
        )
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise InvalidValue(
            Text(
                "{value} lies outside the years {first_year} to {last_year}",
                value=value,
                first_year=FIRST_YEAR,
                last_year=LAST_YEAR,
            )
        )
    return value


def _quoted(text: str, has_time: bool) -> InvalidValue:
    """Return what is wrong with a date in quotes; the hint writes the same date as it has to stand in the file."""
    if not (match := _WRITTEN.fullmatch(text.strip())):
        return InvalidValue(Text("must be a date, not {text}", text=shown(text)), _unquoted("2023-08-10"))
    year, month, day = (int(match[n] or match[m]) for n, m in (("year", "y"), ("month", "m"), ("day", "d")))
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    try:
        found = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - plans hold local times
    except ValueError:
        return InvalidValue(
            Text("{text} is in no calendar", text=shown(text)),
            Text("check the day and the month, and write the date without quotes: {day}", day="2023-08-10"),
        )
    meant = found.isoformat() if match["hour"] and has_time else found.date().isoformat()
    return InvalidValue(Text("must be a date, not {text}", text=shown(text)), _unquoted(meant))


def _unquoted(date: str) -> Text:
    return Text("write the date without quotes: {date}", date=date)


def clock(value: object) -> time:
    """Return a time of day."""
    if not isinstance(value, str) or not (match := _CLOCK.fullmatch(value)):
        raise InvalidValue(
            Text("must be a time of day, not {value}", value=shown(value)),
            Text('write hours and minutes in quotes: "08:00"'),
        )
    return time(int(match[1]), int(match[2]))


def hours(value: object) -> tuple[time, time]:
    """Return the opening hours: opening and closing time."""
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidValue(Text("must be two times of day"), Text('write the first and the last: ["08:00", "17:00"]'))
    opens, closes = clock(value[0]), clock(value[1])
    if opens >= closes:
        raise InvalidValue(
            Text("opens at {first}, which is not before it closes at {last}", first=value[0], last=value[1])
        )
    return opens, closes


def step(value: object) -> DayCount:
    """Return a count of days or working days."""
    if not isinstance(value, str) or not (match := _STEP.fullmatch(value)):
        hint = Text('write a count of days: "14 days", "3 working days", "1 working day"')
        raise InvalidValue(Text("{value} is not a count of days from 1 to 999", value=shown(value)), hint)
    return DayCount(int(match[1]), "working days" if match[2] else "days")


def rung(value: object) -> DayCount | None:
    """Return a count of days before the target day; None stands for the target day itself."""
    return None if value == "target" else step(value)


def zone(value: object) -> ZoneInfo:
    """Return a time zone of the IANA database."""
    known = available_timezones()
    if not isinstance(value, str) or value not in known:
        hint = {"Asia/Hanoi": Text("Việt Nam is Asia/Ho_Chi_Minh")}.get(str(value)) or near_names(
            str(value), sorted(known)
        )
        raise InvalidValue(Text("unknown time zone {value}", value=shown(value)), hint)
    return ZoneInfo(value)


def target(value: object) -> str:
    """Return the target of an indicator."""
    text = line(value)
    match = _TARGET.fullmatch(text)
    if not match or (match[1] and int(match[1]) > int(match[2])):
        raise InvalidValue(
            Text("{value} is not a target", value=shown(value)), Text('write "100%", ">= 1", "= 1" or "30%..50%"')
        )
    return text


def address(value: object) -> str:
    """Return an e-mail address, with an internationalised domain in its ASCII form."""
    found = read_address(line(value))
    if found is None:
        raise InvalidValue(
            Text("{value} cannot be an e-mail address", value=shown(value)),
            Text("write one address only, such as ten@truong.edu.vn"),
        )
    return found


def listed(value: object) -> object:
    """Return a single name as a list of one; any other value as it is."""
    return [value] if isinstance(value, str) else value


def _as(read: Callable[[object], object]) -> PlainValidator:
    return PlainValidator(read)


Words = Annotated[str, _as(words)]
Line = Annotated[str, _as(line)]
Title = Annotated[str, _as(title)]
Id = Annotated[str, _as(identifier)]
Day = Annotated[date, _as(day)]
Moment = Annotated[date, _as(moment)]  # `datetime` is a subclass of `date`
ClockTime = Annotated[time, _as(clock)]
Hours = Annotated[tuple[time, time], _as(hours)]
StepText = Annotated[DayCount, _as(step)]
RungText = Annotated[DayCount | None, _as(rung)]
Zone = Annotated[ZoneInfo, _as(zone)]
Target = Annotated[str, _as(target)]
Address = Annotated[str, _as(address)]
AddressOrNone = Annotated[str, _as(lambda value: value if value == "" else address(value))]
