"""Validates recurring dates: parses the rule, counts its days, and names those that a person may not expect."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from itertools import islice, takewhile

from dateutil.rrule import rrulestr

from scheduler.definitions.problems import InvalidValue, ProblemReport
from scheduler.plan.dates.date_forms import Recurring
from scheduler.texts import Text
from scheduler.toml_lines import Key

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
_MOST = 1_000
_OTHER_DAYS = ("BYDAY", "BYYEARDAY", "BYWEEKNO", "BYEASTER")
_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def check_recurrence(form: Recurring) -> None:
    """Raise `InvalidValue` unless the rule yields between one and a thousand days."""
    if form.first > form.until:
        raise InvalidValue(
            Text("begins on {first}, after it ends on {until}", first=form.first, until=form.until),
            Text("give `from` and `until`"),
        )
    count = _count(form, _parts(form.rule))
    if not count:
        raise InvalidValue(Text("the rule gives no day from {first} to {until}", first=form.first, until=form.until))
    if count > _MOST:
        raise InvalidValue(
            Text("the rule gives more than {most} days", most=_MOST), Text("choose a rarer rule or an earlier `until`")
        )


def advise_recurrence(report: ProblemReport, key: Key, form: Recurring, *, has_start: bool) -> None:
    """Report warnings about the days of a rule that `check_recurrence` has accepted.

    `has_start` says that the file gives `from` and does not leave it to the day of issue.
    """
    parts = _parts(form.rule)
    if taken := _taken_from_start(parts, form.first, has_start):
        day, written = taken
        start = "`from`" if has_start else Text("the day of issue")
        message = Text(
            "the rule names no day: it takes {day} from {start}, {first}", day=day, start=start, first=form.first
        )
        report.warn(
            "rule-day-from-start",
            key,
            message,
            Text("write the day that is meant into the rule, such as {written}", written=written),
        )
    longest = _longest(parts)
    if skipped := [month for month in _months(form, parts) if monthrange(month.year, month.month)[1] < longest]:
        months = ", ".join(f"{month:%Y-%m}" for month in skipped[:5]) + (", ..." if len(skipped) > 5 else "")
        message = Text("there is no day {longest} in {months}: nothing is due then", longest=longest, months=months)
        report.warn("rule-skips-months", key, message, Text("for the last day of each month write BYMONTHDAY=-1"))


def _taken_from_start(parts: Mapping[str, str], first: date, has_start: bool) -> tuple[str, str] | None:
    """Return the day that a rule takes from its first day, and how it is written; None if it names one.

    A rule of weeks or years is commonly counted from a `from` of its own; that is what its writer meant.
    """
    if parts.keys() & {"BYMONTHDAY", *_OTHER_DAYS}:
        return None
    if parts["FREQ"] == "MONTHLY":
        return Text("day {day}", day=first.day), f"BYMONTHDAY={first.day if first.day < 29 else -1}"
    if parts["FREQ"] == "WEEKLY" and not has_start:
        return _WEEK[first.weekday()], f"BYDAY={_WEEK[first.weekday()][:2].upper()}"
    if parts["FREQ"] == "YEARLY" and not has_start:
        return Text("day {day}", day=first.day), f"BYMONTH={parts.get('BYMONTH', first.month)};BYMONTHDAY={first.day}"
    return None


def _longest(parts: Mapping[str, str]) -> int:
    """Return the highest day of the month that a rule asks for; 0 if it only bounds other days or counts backwards."""
    if parts.keys() & {"BYSETPOS", *_OTHER_DAYS}:
        return 0
    return max((int(day) for day in re.findall(r"(?<![-\d])\d+", parts.get("BYMONTHDAY", ""))), default=0)


def _months(form: Recurring, parts: Mapping[str, str]) -> Iterator[date]:
    """Yield the first day of each month that a rule looks at."""
    if parts["FREQ"] in ("MONTHLY", "YEARLY"):
        rule = ";".join(f"{name}={value}" for name, value in {**parts, "BYMONTHDAY": "1"}.items())
        start = datetime.combine(form.first.replace(day=1), time())
        days = (instant.date() for instant in islice(rrulestr(rule, dtstart=start), _MOST))
        yield from takewhile(lambda day: day <= form.until, days)


def _parts(rule: str) -> dict[str, str]:
    parts = dict(part.partition("=")[::2] for part in rule.upper().removeprefix("RRULE:").split(";"))
    if parts.get("FREQ") not in _FREQUENCIES:
        raise InvalidValue(
            Text("the rule needs a FREQ of a day or longer"), Text("one of {names}", names=", ".join(_FREQUENCIES))
        )
    if clock := parts.keys() & {"BYHOUR", "BYMINUTE", "BYSECOND"}:
        raise InvalidValue(Text("the rule must name days, not times: {part}", part=min(clock)))
    if {"COUNT", "UNTIL"} <= parts.keys():
        raise InvalidValue(Text("the rule has both COUNT and UNTIL"), Text("keep one"))
    if parts.get("UNTIL", "").endswith("Z"):
        until = parts["UNTIL"]
        message = Text("UNTIL of the rule must be a day of the plan, without a time of UTC: not {until}", until=until)
        raise InvalidValue(
            message, Text("write UNTIL={until}, or leave it out and give `until` beside the rule", until=until[:8])
        )
    for part in ("INTERVAL", "COUNT"):
        if part in parts and not parts[part].lstrip("0").isdecimal():
            raise InvalidValue(
                Text("{part} of the rule must be a whole number from 1, not {value!r}", part=part, value=parts[part])
            )
    return parts


def _count(form: Recurring, parts: dict[str, str]) -> int:
    """Return the number of days, at most one more than allowed.

    The rule is bounded by `until`: dateutil would search a rule that matches no day up to the year 9999.
    """
    wanted = int(parts.pop("COUNT", _MOST + 1))
    last = f"{form.until:%Y%m%d}"
    if parts.get("UNTIL", "9")[:8] > last:
        parts["UNTIL"] = last
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        days = rrulestr(text, dtstart=datetime.combine(form.first, time()))
        return sum(1 for _ in islice(days, min(wanted, _MOST + 1)))
    except (ValueError, TypeError, IndexError) as error:
        raise InvalidValue(
            Text("the rule cannot be read: {error}", error=error), Text("for example FREQ=MONTHLY;BYMONTHDAY=25")
        ) from error
