"""Validates recurring dates: parses the rule and counts its days."""

from __future__ import annotations

from datetime import datetime, time
from itertools import islice

from dateutil.rrule import rrulestr

from scheduler.definitions.problems import InvalidValue
from scheduler.plan.dates.date_forms import Recurring

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
_MOST = 1_000


def check_recurrence(form: Recurring) -> None:
    """Raise `InvalidValue` unless the rule yields between one and a thousand days."""
    if form.first > form.until:
        raise InvalidValue(f"begins on {form.first}, after it ends on {form.until}", "give `from` and `until`")
    count = _count(form, _parts(form.rule))
    if not count:
        raise InvalidValue(f"the rule gives no day from {form.first} to {form.until}")
    if count > _MOST:
        raise InvalidValue(f"the rule gives more than {_MOST} days", "choose a rarer rule or an earlier `until`")


def _parts(rule: str) -> dict[str, str]:
    parts = dict(part.partition("=")[::2] for part in rule.upper().removeprefix("RRULE:").split(";"))
    if parts.get("FREQ") not in _FREQUENCIES:
        raise InvalidValue("the rule needs a FREQ of a day or longer", "one of " + ", ".join(_FREQUENCIES))
    if clock := parts.keys() & {"BYHOUR", "BYMINUTE", "BYSECOND"}:
        raise InvalidValue(f"the rule must name days, not times: {min(clock)}")
    if {"COUNT", "UNTIL"} <= parts.keys():
        raise InvalidValue("the rule has both COUNT and UNTIL", "keep one")
    for part in ("INTERVAL", "COUNT"):
        if part in parts and not parts[part].lstrip("0").isdecimal():
            raise InvalidValue(f"{part} of the rule must be a whole number from 1, not {parts[part]!r}")
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
        raise InvalidValue(f"the rule cannot be read: {error}", "for example FREQ=MONTHLY;BYMONTHDAY=25") from error
