"""The bytes: rules 1 to 12 and 21 of what makes a feed work, and what the calendar library gets wrong."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.feeds import IcalFeedRenderer
from scheduler.feeds.calendar_file import assemble, render_placeholder
from scheduler.feeds.content_lines import fold
from scheduler.ports import FeedItem
from tests.support.ical_reader import Component, events, parse, the_event

CHANGED = datetime(2023, 2, 1, 7, 30, tzinfo=UTC)
ITEM = FeedItem(uid="u", language="vi", title="Hội nghị", text="Một", first=date(2023, 6, 8), last=date(2023, 6, 8))


UNSAYABLE = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"


def render(**said: Any) -> bytes:
    """Return an item's bytes among the events."""
    changes = {name: said.pop(name) for name in ("sequence", "created_at", "revised_at") if name in said}
    values = {name: getattr(ITEM, name) for name in FeedItem.__slots__} | said
    times: dict[str, Any] = {"sequence": 0, "created_at": CHANGED, "revised_at": CHANGED} | changes
    return IcalFeedRenderer().render(FeedItem(**values), **times)[0]


def calendar(*parts: bytes, name: str = "Lịch", zones: tuple[str, ...] = (), language: str = "vi") -> bytes:
    """Return a whole calendar; without parts it has its placeholder."""
    return assemble(name, parts or [render_placeholder(language, CHANGED.date(), CHANGED, "beta", tasks=False)], zones)


def rendered(**said: Any) -> Component:
    """Return an item as it is read."""
    return the_event(calendar(render(**said)))


def any_text() -> st.SearchStrategy[str]:
    """Return texts with everything that could go wrong in them."""
    tricky = st.sampled_from(
        [
            "ế",
            "e\u0302\u0301",
            "\u202e",
            "\u2066",
            "\ufeff",
            "\\",
            "\\n",
            "\\N",
            ";",
            ",",
            ":",
            '"',
            "\n",
            "\r\n",
            "👩\u200d🏫",
            " ",
        ]
    )
    return st.lists(tricky | st.text(max_size=9), max_size=60).map("".join)


@given(any_text())
def test_every_line_ends_with_crlf_and_the_bytes_are_utf_8_without_a_bom(text: str) -> None:
    """The last one too."""
    data = calendar(render(text=text, title=text))
    assert data.startswith(b"BEGIN:VCALENDAR\r\n")
    assert data.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    data.decode("utf-8")


@given(any_text())
def test_no_line_is_longer_than_75_octets_nor_cut_in_a_character_or_an_escape(text: str) -> None:
    """The library cuts escapes, and some readers drop the whole calendar then."""
    lines = render(text=text).split(b"\r\n")
    assert max(map(len, lines)) <= 75
    for line, following in pairwise(lines):
        line.decode("utf-8")
        slashes = len(line) - len(line.rstrip(b"\\"))
        assert not (following.startswith(b" ") and slashes % 2)


@given(any_text())
def test_what_is_said_is_what_is_read(text: str) -> None:
    """By our own reading and by the library's, but for what no reader could show."""
    data = calendar(render(text=text))
    said = unicodedata.normalize("NFC", re.sub(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]", "\n", text).replace("\t", " "))
    said = re.sub(UNSAYABLE, "", said)
    assert the_event(data).text("DESCRIPTION").replace("\u200b", "") == said.replace("\u200b", "")
    [read] = icalendar.Calendar.from_ical(data).walk("VEVENT")
    assert read.errors == []
    assert str(read.get("DESCRIPTION", "")).replace("\u200b", "") == said.replace("\u200b", "")


@given(st.text() | any_text())
def test_there_are_no_control_characters_and_text_is_composed(text: str) -> None:
    """One NUL empties a calendar in some programs."""
    data = calendar(render(title=text, text=text, place=text), name=text.replace("\n", " "))
    for line in data.decode("utf-8").split("\r\n"):
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e\u2066\ufeff]", line)
        assert unicodedata.is_normalized("NFC", line)


def test_a_backslash_before_an_n_stays_a_backslash() -> None:
    """The library reads it as a line break, and so do others; a mark without width keeps them apart."""
    assert rendered(text="C:\\New\\notes").text("DESCRIPTION").replace("\u200b", "") == "C:\\New\\notes"


def test_the_version_and_the_product_come_once_and_first() -> None:
    """Strict importers take nothing otherwise."""
    lines = calendar(render()).split(b"\r\n")
    assert lines[1:3] == [b"VERSION:2.0", b"PRODID:-//hanchot//feeds//VI"]
    assert lines.count(b"VERSION:2.0") == 1


def test_rules_5_and_8_a_calendar_has_no_method_and_no_uid_of_its_own() -> None:
    """Stores refuse the one; the other makes one item of all."""
    found = parse(calendar(render()))
    assert {"METHOD", "UID"}.isdisjoint({name for name, _ in found.lines})


def test_rules_5_and_21_an_entry_has_neither_attendees_nor_alarms() -> None:
    """It is no invitation; reminding is the mails' work."""
    found = rendered()
    assert {"ATTENDEE", "ORGANIZER"}.isdisjoint({name for name, _ in found.lines})
    assert found.parts == ()


def test_the_calendar_has_its_name_in_both_ways() -> None:
    """Most programs know only the older one."""
    found = parse(calendar(render(), name="Cụm Thi đua, 2023"))
    assert found.text("NAME") == found.text("X-WR-CALNAME") == "Cụm Thi đua, 2023"


def test_a_calendar_has_no_colour() -> None:
    """Its readers choose one."""
    found = parse(calendar(render()))
    assert {"COLOR", "X-APPLE-CALENDAR-COLOR"}.isdisjoint({name for name, _ in found.lines})


def test_how_often_to_look_again_is_said_in_both_ways() -> None:
    """As durations; the library leaves the type out. Without it a common server asks once a week."""
    found = parse(calendar(render()))
    assert found.line("REFRESH-INTERVAL") == "REFRESH-INTERVAL;VALUE=DURATION:PT1H"
    assert found.line("X-PUBLISHED-TTL") == "X-PUBLISHED-TTL:PT1H"


@pytest.mark.parametrize(
    ("zones", "said"),
    [
        ((), None),
        (("Asia/Ho_Chi_Minh",), "Asia/Ho_Chi_Minh"),
        (("Asia/Ho_Chi_Minh", "Europe/Berlin"), None),
        (("UTC",), None),
    ],
)
def test_the_hint_at_a_zone_is_given_only_where_there_is_one(zones: tuple[str, ...], said: str | None) -> None:
    """Some readers let it override everything."""
    found = parse(calendar(render(), zones=zones))
    assert found.get("X-WR-TIMEZONE") == said


def test_a_calendar_without_entries_holds_one_that_says_so() -> None:
    """Some programs keep what was there before, else."""
    data = calendar(name="Lịch")
    [found] = events(data)
    assert found.text("SUMMARY") == "Lịch hiện chưa có nội dung nào"
    assert (found["DTSTART"], found["DTEND"]) == ("20230201", "20230202")
    assert found["DTSTAMP"] == found["LAST-MODIFIED"] == "20230201T073000Z"
    assert calendar(name="Lịch") == data


def test_a_uid_is_opaque_and_short() -> None:
    """It holds no date, title, token or host."""
    from scheduler.feeds.items import make_uid

    uid = make_uid("own", "cum-2023", "so-ket@2023-05-25", "tran-phu" * 100)
    assert re.fullmatch(r"[0-9a-f]{32}", uid)
    assert make_uid("own", "a", "bc") != make_uid("own", "ab", "c")


def test_the_stamp_is_the_instant_of_the_change_to_the_second() -> None:
    """Never the present; created is no later."""
    later = datetime(2023, 3, 1, 1, 2, 3, 999999, tzinfo=UTC)
    found = rendered(sequence=4, revised_at=later)
    assert found["DTSTAMP"] == found["LAST-MODIFIED"] == "20230301T010203Z"
    assert (found["CREATED"], found["SEQUENCE"]) == ("20230201T073000Z", "4")


def test_rules_2_and_18_a_timed_entry_is_one_line_each_with_its_zone() -> None:
    """Start and end in the same zone."""
    found = rendered(clock=time(8), end_clock=time(17), zone="Europe/Berlin", busy=True)
    assert found.line("DTEND") == "DTEND;TZID=Europe/Berlin:20230608T170000"


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=300))
def test_folded_lines_unfold_to_what_they_were(text: str) -> None:
    """Cutting loses nothing."""
    assert fold([text]).decode().replace("\r\n ", "") == text + "\r\n"
