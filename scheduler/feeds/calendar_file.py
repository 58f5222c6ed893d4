"""A whole calendar from finished parts: names, how often to look again, zones, events."""

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
    """Return a calendar's bytes; it needs at least one part."""
    title = " ".join(name.split())
    keys = [key for key in zones if not is_utc(key)]
    head = [_HEAD, property_line("NAME", title), property_line("X-WR-CALNAME", title), _REFRESH]
    if len(keys) == len(zones) == 1:
        head.append(property_line("X-WR-TIMEZONE", keys[0]))
    return b"".join([*head, *(zone_block(key) for key in keys), *parts, _FOOT])


def render_placeholder(language: str, day: date, at: datetime, *ids: str, tasks: bool) -> bytes:
    """Return what an empty calendar, or list of tasks, holds since `at`, on a day.

    Some programs keep what was there until there is something of the kind they look for.
    """
    from scheduler.feeds.rendering import render  # its library takes 60 ms: only who renders pays

    item = FeedItem(
        uid=make_uid("empty", *ids, at.isoformat()),  # one that comes again is another
        language=language,
        title=calendar_words("empty", language),
        text=calendar_words("empty_text", language),
        first=day,
        last=day,
        task_due=day,
        task_done=at,
    )
    return render(item, sequence=0, created_at=at, revised_at=at)[tasks]
