"""VTIMEZONE blocks: one constant block per zone, with daylight saving as a yearly rule."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

FIRST, LAST = 2010, 2037  # years that a block covers; changes that fit no rule are listed one by one
_EPOCH = "19700101T000000"
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Change(NamedTuple):
    """A change of the UTC offset or the name of a zone; `at` is the local time by the offset `before`."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str
    is_summer: bool


def is_utc(key: str) -> bool:
    """Return whether a zone is UTC, whose times are written without a VTIMEZONE."""
    return key.rpartition("/")[2] in ("UTC", "UCT", "Zulu", "Universal", "Greenwich", "GMT", "GMT0", "GMT+0", "GMT-0")


@cache
def zone_block(key: str) -> bytes:
    """Return the VTIMEZONE block of a zone."""
    zone = ZoneInfo(key)
    start = datetime(FIRST, 1, 1, tzinfo=zone)
    begins = Change(start, _offset(start), _offset(start), start.tzname() or key, bool(start.dst()))
    lines = ["BEGIN:VTIMEZONE", f"TZID:{key}", *_observance(begins, _EPOCH)]
    groups: dict[tuple[timedelta, timedelta, str], list[Change]] = {}
    for change in _changes(zone):
        groups.setdefault((change.before, change.after, change.name), []).append(change)
    for group in groups.values():
        lines += _describe(group)
    return "\r\n".join([*lines, "END:VTIMEZONE", ""]).encode()


def _describe(group: Sequence[Change]) -> Iterator[str]:
    """Yield the lines for changes of one kind: one rule if it covers all, else one observance each."""
    rule = _rule(group)
    if rule:
        yield from _observance(group[0], _stamp(group[0].at), f"RRULE:{rule}")
        return
    for change in group:
        yield from _observance(change, _stamp(change.at))


def _observance(change: Change, start: str, *more: str) -> list[str]:
    kind = "DAYLIGHT" if change.is_summer else "STANDARD"
    return [
        f"BEGIN:{kind}",
        f"DTSTART:{start}",
        *more,
        f"TZNAME:{change.name}",
        f"TZOFFSETFROM:{_signed(change.before)}",
        f"TZOFFSETTO:{_signed(change.after)}",
        f"END:{kind}",
    ]


def _changes(zone: ZoneInfo) -> Iterator[Change]:
    """Yield every change from `FIRST` to `LAST`."""
    at, end = datetime(FIRST, 1, 1, tzinfo=UTC), datetime(LAST + 1, 1, 1, tzinfo=UTC)
    while at < end:
        following = at + timedelta(days=1)
        if _state(at, zone) != _state(following, zone):
            moment = _find(at, following, zone)
            before, after = (instant.astimezone(zone) for instant in (moment - timedelta(seconds=1), moment))
            wall = (moment + _offset(before)).replace(tzinfo=None)
            yield Change(wall, _offset(before), _offset(after), after.tzname() or "", bool(after.dst()))
        at = following


def _find(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    state = _state(low, zone)
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if _state(middle, zone) == state else (low, middle)
    return high


def _rule(group: Sequence[Change]) -> str:
    """Return the yearly RRULE that covers all changes of a group, or "" if there is none."""
    days = [change.at for change in group]
    years = [day.year for day in days]
    if years != list(range(years[0], LAST + 1)) or len({(d.month, d.weekday(), d.time()) for d in days}) > 1:
        return ""
    week = _common_week(days)
    return f"FREQ=YEARLY;BYMONTH={days[0].month};BYDAY={week}{_DAYS[days[0].weekday()]}" if week else ""


def _common_week(days: Sequence[datetime]) -> int:
    """Return which week of their month all days lie in; -1 for the last one, 0 if there is none."""
    if all(day.day + 7 > monthrange(day.year, day.month)[1] for day in days):
        return -1
    weeks = {(day.day - 1) // 7 + 1 for day in days}
    return weeks.pop() if len(weeks) == 1 else 0


def _state(instant: datetime, zone: ZoneInfo) -> tuple[timedelta, str]:
    local = instant.astimezone(zone)
    return _offset(local), local.tzname() or ""


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    assert offset is not None  # noqa: S101 - `local` is aware
    return offset


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%S")


def _signed(offset: timedelta) -> str:
    sign = "-" if offset < timedelta() else "+"
    minutes, seconds = divmod(abs(int(offset.total_seconds())), 60)
    return f"{sign}{minutes // 60:02}{minutes % 60:02}" + (f"{seconds:02}" if seconds else "")
