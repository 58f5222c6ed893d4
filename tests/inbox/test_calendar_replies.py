"""Answers to invitations are read; whatever is not one is nothing."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.inbox.calendar_replies import read_calendar_reply
from scheduler.inbox.mail_reader import MailReader
from scheduler.plan.answers.received_mail import CalendarReply
from tests.support.received_mails import SCHOOL, Letter, calendar_text, ios_calendar_reply, multipart


def test_an_answer_says_who_comes() -> None:
    """With the comment, and which of several answers is the newest."""
    assert read_calendar_reply(calendar_text()) == CalendarReply(
        uid="x1@cum-thi-dua.example",
        attendee=SCHOOL,
        status="accepted",
        comment="Trường sẽ cử Phó Hiệu trưởng, đến đúng giờ",
        sequence=2,
        stamped_at=datetime(2026, 11, 24, 1, 15, 30, tzinfo=UTC),
    )


def test_who_comes_instead_is_named() -> None:
    """By DELEGATED-TO."""
    text = calendar_text(partstat='DELEGATED;DELEGATED-TO="mailto:Pho@C1-ThanhHa.example"')
    reply = read_calendar_reply(text)
    assert reply is not None
    assert (reply.status, reply.delegated_to) == ("delegated", "Pho@c1-thanhha.example")


def test_little_is_needed() -> None:
    """Neither a stamp nor a sequence."""
    lines = [line for line in calendar_text().splitlines() if not line.startswith(("DTSTAMP", "SEQUENCE", "COMMENT"))]
    reply = read_calendar_reply("\r\n".join(lines))
    assert reply is not None
    assert (reply.stamped_at, reply.sequence, reply.comment) == (None, 0, "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("METHOD:REPLY", "METHOD:REQUEST"),
        ("METHOD:REPLY\r\n", ""),
        ("UID:x1@cum-thi-dua.example", "UID:"),
        ("mailto:vanthu@", "mailto:"),
        ("mailto:", "urn:uuid:"),
        ("PARTSTAT=ACCEPTED;", ""),
        ("SEQUENCE:2", "ATTENDEE;PARTSTAT=DECLINED:mailto:ba@b.example"),
        ("SEQUENCE:2", "SEQUENCE:two"),
        ("BEGIN:VEVENT", "BEGIN:VNOTHING"),
        ("BEGIN:VCALENDAR", ""),
    ],
)
def test_what_is_malformed_is_no_answer(old: str, new: str) -> None:
    """Nor is an invitation."""
    assert read_calendar_reply(calendar_text().replace(old, new)) is None


def test_who_delegates_answers_and_not_the_delegate_beside() -> None:
    """RFC 5546, 4.2.5."""
    text = calendar_text(partstat="DELEGATED", delegated_to="pho@beta.example")
    both = text.replace("SEQUENCE:2", "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:pho@beta.example\r\nSEQUENCE:2")
    for one in (text, both):
        reply = read_calendar_reply(one)
        assert reply is not None
        assert (reply.attendee, reply.status, reply.delegated_to) == (SCHOOL, "delegated", "pho@beta.example")


@pytest.mark.parametrize(
    "written", ["mailto:an%40beta.example", "MAILTO:an@beta.example?subject=x", "mailto: an@beta.example"]
)
def test_an_address_may_be_written_as_an_address_of_the_web(written: str) -> None:
    """RFC 6068."""
    reply = read_calendar_reply(calendar_text(attendee="ATTENDEE").replace("mailto:ATTENDEE", written))
    assert reply is not None
    assert reply.attendee == "an@beta.example"


@given(st.text(max_size=300), st.integers(0, 600))
def test_no_text_makes_it_fail(text: str, place: int) -> None:
    """Alone or inside an answer."""
    whole = calendar_text()
    read_calendar_reply(text)
    read_calendar_reply(whole[:place] + text + whole[place:])


def test_a_calendar_that_is_too_long_is_not_read() -> None:
    """An answer is short."""
    text = calendar_text() + "X" * 65_536
    reader = MailReader(authserv_id="", find_kind=lambda head: "")
    assert reader.read(io.BytesIO(ios_calendar_reply(Letter(), text))).calendar is None


def test_of_many_calendars_three_are_looked_at() -> None:
    """An answer has one, or the same twice."""
    reader = MailReader(authserv_id="", find_kind=lambda head: "")
    other, answer = (f"Content-Type: text/calendar\r\n\r\n{text}" for text in ("x", calendar_text()))
    for count, is_read in ((2, True), (3, False)):
        raw = multipart("mixed", "b", [*[other] * count, answer]).encode()
        assert bool(reader.read(io.BytesIO(raw)).calendar) is is_read
