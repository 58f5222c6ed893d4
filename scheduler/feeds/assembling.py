"""A whole calendar from finished parts: names, how often to look again, zones, events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scheduler.feeds.drawing import make_uid
from scheduler.feeds.lines import property_line
from scheduler.feeds.zones import is_utc, zone_block
from scheduler.plan.dates import ONE_DAY
from scheduler.wording import calendar_words

_HEAD = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//hanchot//feeds//VI\r\nCALSCALE:GREGORIAN\r\n"
_REFRESH = b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H\r\n"
_FOOT = b"END:VCALENDAR\r\n"


def assemble(name: str, parts: Sequence[bytes], zones: Sequence[str], *, language: str, changed_at: datetime) -> bytes:
    """Return a calendar's bytes. Without parts it holds one entry that says so: some programs keep what was there."""
    title = " ".join(name.split())
    keys = [key for key in zones if not is_utc(key)]
    head = [_HEAD, property_line("NAME", title), property_line("X-WR-CALNAME", title), _REFRESH]
    if len(keys) == len(zones) == 1:
        head.append(property_line("X-WR-TIMEZONE", keys[0]))
    blocks = [zone_block(key) for key in keys]
    return b"".join([*head, *blocks, *(parts or [_placeholder(title, language, changed_at)]), _FOOT])


def _placeholder(name: str, language: str, at: datetime) -> bytes:
    day, stamp = at.date(), f"{at:%Y%m%dT%H%M%SZ}"
    return b"".join(
        [
            b"BEGIN:VEVENT\r\n",
            property_line("UID", make_uid("empty", name, stamp)),  # one that comes again is another
            property_line("SEQUENCE", "0"),
            *(property_line(key, stamp) for key in ("DTSTAMP", "CREATED", "LAST-MODIFIED")),
            property_line("SUMMARY", calendar_words("empty", language)),
            property_line("DESCRIPTION", calendar_words("empty_text", language)),
            property_line("DTSTART", f"{day:%Y%m%d}", ";VALUE=DATE"),
            property_line("DTEND", f"{day + ONE_DAY:%Y%m%d}", ";VALUE=DATE"),
            property_line("STATUS", "CONFIRMED"),
            property_line("TRANSP", "TRANSPARENT"),
            property_line("X-MICROSOFT-CDO-BUSYSTATUS", "FREE"),
            b"END:VEVENT\r\n",
        ]
    )
