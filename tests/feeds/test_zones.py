"""A zone's block says what its clocks show, summer time included."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest

from scheduler.feeds.zones import is_utc, zone_block

ZONES = (
    "Asia/Ho_Chi_Minh",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Mexico_City",
    "Asia/Kathmandu",
)


@pytest.mark.parametrize("key", ZONES)
def test_a_block_gives_the_offsets_of_the_zone(key: str) -> None:
    """Every nine hours over the years of a plan, as the library understands the block."""
    block = icalendar.Timezone.from_ical(zone_block(key))
    assert isinstance(block, icalendar.Timezone)
    read, known = block.to_tz(lookup_tzid=False), ZoneInfo(key)
    local, end = datetime(2021, 1, 1, 4, 30, tzinfo=known), datetime(2031, 1, 1, tzinfo=known)
    while local < end:
        assert local.replace(tzinfo=read).utcoffset() == local.utcoffset(), local
        local += timedelta(hours=9)


def test_the_block_of_a_zone_without_summer_time_is_one_line_of_history() -> None:
    """The very block that every reader is known to take."""
    assert zone_block("Asia/Ho_Chi_Minh").decode().split("\r\n") == [
        "BEGIN:VTIMEZONE",
        "TZID:Asia/Ho_Chi_Minh",
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZNAME:+07",
        "TZOFFSETFROM:+0700",
        "TZOFFSETTO:+0700",
        "END:STANDARD",
        "END:VTIMEZONE",
        "",
    ]


def test_summer_time_is_a_yearly_rule() -> None:
    """A list of years ends some day, and some readers do not take it."""
    berlin, york = (zone_block(key).decode() for key in ("Europe/Berlin", "America/New_York"))
    assert "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU" in berlin
    assert "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU" in york


def test_a_zone_that_gave_summer_time_up_tells_its_changes_one_by_one() -> None:
    """No rule goes on for ever there."""
    assert "RRULE" not in zone_block("America/Mexico_City").decode()


def test_utc_is_no_zone() -> None:
    """By whichever of its names."""
    assert [is_utc(key) for key in ("UTC", "Etc/UTC", "Etc/GMT", "Asia/Ho_Chi_Minh", "Etc/GMT-7")] == [
        True,
        True,
        True,
        False,
        False,
    ]
