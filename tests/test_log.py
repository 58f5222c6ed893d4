"""The log: one line for each thing, ids, no addresses, and nothing that can stop the daemon."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import wording
from scheduler.errors import Problem, UserError
from scheduler.log import Libraries, Log, LogFormat, choose_format, mask
from scheduler.ports.events import Event, EventName

AT = datetime(2023, 3, 1, 1, 0, tzinfo=UTC).astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
SENT = Event(
    name="sent", at=AT, text="[Cụm] Gửi kế hoạch", plan="cum", milestone="dang-ky", party="nghe-an", rung="target"
)


class FakeStream:
    """Keeps what is written on it; while it is `full` it refuses."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_full = False

    def write(self, line: bytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.lines += line.decode().splitlines()


def written(log_format: LogFormat, *events: Event) -> list[str]:
    """Return the lines of some events."""
    stream = FakeStream()
    log = Log(log_format, stream.write)
    for event in events:
        log.event(event)
    return stream.lines


def test_a_line_for_people_says_when_what_and_about_whom() -> None:
    """In the zone that the instant comes in; a check that saw nothing new is no news."""
    checked = Event(name="checked", at=AT, text="")
    assert written("text", SENT, checked) == ["2023-03-01 08:00  sent      dang-ky nghe-an target  [Cụm] Gửi kế hoạch"]


def test_the_line_is_in_the_language_of_the_log() -> None:
    """Its first words, too, as wide as in any other line; the kind of a mail stands where it has no rung."""
    stream = FakeStream()
    log = Log("text", stream.write, language="vi")
    log.event(SENT)
    log.event(replace(SENT, rung="digest", at=AT.replace(month=12)))
    log.say("a", AT, level=logging.WARNING)
    assert stream.lines == [
        "01/3/2023 08:00   đã gửi     dang-ky nghe-an nhắc ngày cuối đề nghị gửi  [Cụm] Gửi kế hoạch",
        "01/12/2023 08:00  đã gửi     dang-ky nghe-an Báo cáo tiến độ tuần  [Cụm] Gửi kế hoạch",
        "cảnh báo: a",
    ]


@pytest.mark.parametrize("language", wording.languages())
def test_every_event_has_a_name(language: str) -> None:
    assert set(wording.LANGUAGES[language].events) == set(get_args(EventName))


def test_a_line_of_json_has_the_ids_and_a_level() -> None:
    """Ids that an event does not have are left out."""
    sent, trouble, missed = map(
        json.loads,
        written(
            "json",
            SENT,
            Event(name="trouble", at=AT, text="a\nb", step="digest"),
            Event(name="missed", at=AT, text="x"),
        ),
    )
    assert sent == {
        "at": "2023-03-01T08:00:00+07:00",
        "level": "info",
        "event": "sent",
        "plan": "cum",
        "milestone": "dang-ky",
        "party": "nghe-an",
        "rung": "target",
        "text": "[Cụm] Gửi kế hoạch",
    }
    assert trouble == {"at": sent["at"], "level": "error", "event": "trouble", "step": "digest", "text": "a\nb"}
    assert missed["level"] == "warning"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("550 <a.b+c@x.vn>: unknown", "550 <(address)>: unknown"),
        ("to van.thu@coquan.gov.vn, b@y.vn.", "to (address), (address)."),
        ('"a b"@x.vn gone', "(address) gone"),
        ("văn-thư@cơ-quan.vn", "(address)"),
        ("user@[10.0.0.1]", "(address)"),
        ("mailto:a@b.vn?x", "mailto:(address)?x"),
        ("postgresql+psycopg://user@host/name is locked", "postgresql+psycopg://(address)/name is locked"),
        ("r'\\na@b.vn'", "r'\\(address)'"),
        ("at 08:00 @ home", "at 08:00 @ home"),
        ("bao-cao@2024-05-25 is due", "bao-cao@2024-05-25 is due"),
        ("GET /calendar/abcdefghijklmnop0123/x.ics", "GET /calendar/(token)/x.ics"),
        ("https://x.vn/p/abcdefghijklmnop0123", "https://x.vn/p/(token)"),
        ("/srv/plans/p/short", "/srv/plans/p/short"),
    ],
)
def test_addresses_and_tokens_never_reach_the_log(text: str, masked: str) -> None:
    """Whatever a server or a library says."""
    assert mask(text) == masked
    event = Event(name="failed", at=AT, text=text)
    assert json.loads(written("json", event)[0])["text"] == masked
    assert written("text", event)[0].endswith(masked)


def test_no_field_of_a_line_is_spared() -> None:
    """Masking is a step that every value passes, not a habit of some callers."""
    event = Event(name="sent", at=AT, text="x", party="a@b.vn", rung="/p/abcdefghijklmnop0123")
    for log_format in ("text", "json"):
        (line,) = written(log_format, event)
        assert "a@b.vn" not in line
        assert "abcdefghijklmnop" not in line
        assert "(address)" in line


@given(
    st.from_regex(r"[a-z0-9.+-]{1,20}@[a-z0-9-]{1,10}\.vn", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_no_address_survives_whatever_stands_around_it(address: str, around: str) -> None:
    """Between spaces or brackets, in a line of JSON as well."""
    for text in (f"{around} {address} {around}", f"{around}<{address}>{around}"):
        assert address not in mask(text)


def test_a_full_disk_stops_nothing_and_what_was_lost_is_counted() -> None:
    """Once there is room again the log says how much is missing."""
    stream = FakeStream()
    log = Log("text", stream.write)
    log.event(SENT)
    stream.is_full = True
    log.event(SENT)
    log.say("x", AT)
    stream.is_full = False
    log.say("y", AT)
    log.say("z", AT)
    assert stream.lines[1:] == ["error: 2 lines of this log could not be written", "y", "z"]


def test_what_was_lost_is_told_in_json_too() -> None:
    """Every line stays an object."""
    stream = FakeStream()
    log = Log("json", stream.write)
    stream.is_full = True
    log.event(SENT)
    stream.is_full = False
    log.event(SENT)
    assert [json.loads(line)["event"] for line in stream.lines] == ["lost", "sent"]


def test_a_log_without_a_reader_stops_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """A pipe whose other end is closed."""
    reader, writer = os.pipe()
    os.close(reader)

    def write(line: bytes) -> None:
        os.write(writer, line)

    try:
        Log("text", write).event(SENT)
    finally:
        os.close(writer)
    Log("text").event(SENT)
    assert capfd.readouterr().err.endswith("Gửi kế hoạch\n")


def test_every_problem_of_an_error_is_a_line_of_json() -> None:
    """With its hint."""
    stream = FakeStream()
    problems = [Problem(message="a", hint="do b"), Problem(message="c", severity="warning")]
    Log("json", stream.write).problems(UserError(problems), AT)
    assert [(row["level"], row["text"]) for row in map(json.loads, stream.lines)] == [
        ("error", "a\n    do b"),
        ("warning", "c"),
    ]
    Log("text", stream.write).problems(UserError(problems), AT)
    assert stream.lines[2:] == ["error: a", "    do b", "warning: c"]


def test_what_libraries_say_comes_into_the_same_log() -> None:
    """From warnings on, at its level, masked, without a traceback; what does not fit its arguments as it is."""
    stream = FakeStream()
    log = Log("json", stream.write)
    handler = Libraries(lambda text, level: log.say(text, AT, level=level))
    library = logging.getLogger("library")
    library.addHandler(handler)
    library.propagate = False  # pytest listens at the root, and is strict
    library.info("quiet")
    library.warning("a@b.vn is odd")
    library.critical("it failed for %s", "good", exc_info=ValueError("x"))
    library.error("%d of a@b.vn", "many")
    library.removeHandler(handler)
    library.propagate = True
    assert [(row["level"], row["text"]) for row in map(json.loads, stream.lines)] == [
        ("warning", "library: (address) is odd"),
        ("error", "library: it failed for good"),
        ("error", "library: %d of (address)"),
    ]


@pytest.mark.parametrize(
    ("wanted", "is_replay", "log_format"),
    [("text", False, "text"), ("json", True, "json"), (None, True, "text"), (None, False, "json")],
)
def test_without_a_terminal_the_daemon_logs_json(wanted: str | None, is_replay: bool, log_format: LogFormat) -> None:
    """A replay is looked at by people, and what was asked for holds."""
    assert choose_format(wanted, is_replay=is_replay) == log_format
