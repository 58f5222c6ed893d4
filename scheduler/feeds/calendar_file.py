"""Assembles a calendar file from rendered parts, with its name, refresh interval and time zones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from scheduler.feeds.content_lines import property_line
from scheduler.feeds.items import make_uid
from scheduler.feeds.zones import is_utc, zone_block
from scheduler.ports import FeedItem
from scheduler.wording import calendar_words

_HEAD = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//hanchot//feeds//VI\r\nCALSCALE:GREGORIAN\r\n"
_REFRESH = b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H\r\n"
_FOOT = b"END:VCALENDAR\r\n"


def assemble(name: str, parts: Sequence[bytes], zones: Sequence[str]) -> bytes:
    """Return the bytes of a calendar; `parts` must not be empty (RFC 5545 requires a component)."""
    title = " ".join(name.split())
    keys = [key for key in zones if not is_utc(key)]
    head = [_HEAD, property_line("NAME", title), property_line("X-WR-CALNAME", title), _REFRESH]
    if len(keys) == len(zones) == 1:
        head.append(property_line("X-WR-TIMEZONE", keys[0]))
    return b"".join([*head, *(zone_block(key) for key in keys), *parts, _FOOT])


def render_placeholder(language: str, day: date, at: datetime, *ids: str, tasks: bool) -> bytes:
    """Return the bytes of the only entry of a calendar, or list of tasks, that has been empty since `at`.

    The entry lies on `day`. Without it, some programs keep the former entries until they find one of the kind
    that they look for. `ids` identify the calendar.
    """
    from scheduler.feeds.rendering import render  # imported here: icalendar takes 60 ms to import

    item = FeedItem(
        uid=make_uid("empty", *ids, at.isoformat()),  # a calendar that is empty once more gets another entry
        language=language,
        title=calendar_words("empty", language),
        text=calendar_words("empty_text", language),
        first=day,
        last=day,
        task_due=day,
        task_done=at,
    )
    return render(item, sequence=0, created_at=at, revised_at=at)[tasks]
