"""Who is invited can answer by the calendar program: the calendar part of a mail about an event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from email.message import Message as Parsed
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from scheduler.feeds.invitation_file import write_invitation
from scheduler.mail.composer import AnswerAddress, TemplateComposer
from scheduler.plan.answers.tokens import invitation_token
from scheduler.plan.dates.date_forms import On
from scheduler.plan.facts import Replied, Reply
from scheduler.plan.messages.invitations import Invitation
from scheduler.plan.messages.message import InvitationMessage, Message
from scheduler.plan.model import Contact
from scheduler.plan.obligations import EventDate
from tests.support.mail_reader import read
from tests.support.sample_messages import IN_EVERY_LANGUAGE, SENDER
from tests.support.shipped_messages import SHIPPED

TEMPLATES = Path(__file__).parents[2] / "templates"
SECRET = b"s" * 32


def composer(answers: AnswerAddress | None) -> TemplateComposer:
    return TemplateComposer([TEMPLATES], sender=SENDER, organisation="", reply_to=None, secret=SECRET, answers=answers)


READ = AnswerAddress(SENDER, write_invitation)
INVITED = SHIPPED["tong-ket-invitation"]
assert isinstance(INVITED, InvitationMessage)
INVITATION = INVITED


def calendar_part(message: Message, answers: AnswerAddress | None = READ) -> Parsed | None:
    """Return the calendar part of a mail, or None; it is the last of the alternatives."""
    mail = read(composer(answers).compose(message).data)
    whole, *parts = mail.walk()
    assert whole.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in parts]
    assert kinds in (["text/plain", "text/html"], ["text/plain", "text/html", "text/calendar"])
    return parts[2] if len(parts) == 3 else None


def entry(message: Message) -> tuple[Any, Any]:
    """Return the calendar of a mail and its only event, as an independent program reads them."""
    part = calendar_part(message)
    assert part is not None
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    calendar = Calendar.from_ical(data)
    assert calendar["METHOD"] == part.get_param("method"), "Gmail and Outlook show no buttons otherwise"
    [event] = calendar.walk("VEVENT")
    return calendar, event


def test_an_invitation_asks_the_addressee_and_names_the_sender_as_the_organiser() -> None:
    """Programs show buttons only if ORGANIZER is the sender."""
    calendar, event = entry(INVITATION)
    assert calendar["METHOD"] == "REQUEST"
    assert event["ORGANIZER"] == f"mailto:{SENDER}"
    assert event["ATTENDEE"] == f"mailto:{INVITATION.to.email}"
    assert {key: event["ATTENDEE"].params[key] for key in ("PARTSTAT", "RSVP", "ROLE")} == {
        "PARTSTAT": "NEEDS-ACTION",
        "RSVP": "TRUE",
        "ROLE": "REQ-PARTICIPANT",
    }
    assert event["SUMMARY"] == INVITATION.milestone.title
    assert event["LOCATION"] == "Hội trường Trường Chính trị Trần Phú tỉnh Hà Tĩnh"
    assert event["DESCRIPTION"].startswith(INVITATION.milestone.note)
    assert INVITATION.plan.office.phone in event["DESCRIPTION"]
    assert (event["STATUS"], event["SEQUENCE"], event["TRANSP"]) == ("CONFIRMED", 1, "OPAQUE")


def test_its_hours_are_told_in_utc() -> None:
    """08:00 to 17:00 in Ha Noi."""
    _, event = entry(INVITATION)
    assert event["DTSTART"].dt == datetime(2023, 11, 13, 1, tzinfo=UTC)
    assert event["DTEND"].dt == datetime(2023, 11, 13, 10, tzinfo=UTC)
    assert event["DTSTAMP"].dt == INVITATION.now


def test_without_an_hour_it_fills_its_days() -> None:
    days = On(date(2023, 11, 13), date(2023, 11, 14))
    _, event = entry(replace(INVITATION, when=EventDate(days), invitation=Invitation(days)))
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2023, 11, 13), date(2023, 11, 15))
    assert "LOCATION" not in event


def test_what_begins_after_closing_time_lasts_an_hour() -> None:
    days = On(date(2023, 11, 13), date(2023, 11, 13), time(19))
    _, event = entry(replace(INVITATION, invitation=Invitation(days)))
    assert event["DTEND"].dt == datetime(2023, 11, 13, 13, tzinfo=UTC)


def test_a_later_word_about_it_has_the_same_uid_and_a_higher_number() -> None:
    _, first = entry(INVITATION)
    moved = Invitation(On(date(2023, 11, 20), date(2023, 11, 20)), "", 7)
    _, second = entry(replace(INVITATION, key="another", invitation=moved))
    assert (first["UID"], first["SEQUENCE"], second["SEQUENCE"]) == (second["UID"], 1, 7)
    token = invitation_token(SECRET, INVITATION.plan, INVITATION.occurrence, INVITATION.party.id)
    assert first["UID"].partition("@")[0] == token
    assert len(first["UID"]) < 60


def test_a_renamed_milestone_keeps_its_uid() -> None:
    milestone = replace(INVITATION.milestone, id="wrap-up", was=(INVITATION.milestone.id,))
    others = [one for one in INVITATION.plan.milestones if one.id != INVITATION.milestone.id]
    renamed = replace(INVITATION.plan, milestones=(milestone, *others))
    party = INVITATION.party.id
    now, before = (
        invitation_token(SECRET, plan, id, party)
        for plan, id in ((renamed, "wrap-up"), (INVITATION.plan, INVITATION.occurrence))
    )
    assert now == before


def test_each_party_has_a_uid_of_its_own() -> None:
    """Releasing one takes the event from nobody who serves another."""
    other = next(party for party in INVITATION.plan.parties.values() if party.id != INVITATION.party.id)
    _, own = entry(INVITATION)
    _, others = entry(replace(INVITATION, party=other))
    assert own["UID"] != others["UID"]


@pytest.mark.parametrize(
    ("replies", "known"),
    [
        ((("declined", "QUANGBINH"),), "DECLINED"),
        ((("tentative", ""),), "TENTATIVE"),
        ((("accepted", "QUANGBINH"), ("declined", "")), "ACCEPTED"),
        ((("accepted", "another@quangbinh.example"),), "NEEDS-ACTION"),
    ],
)
def test_it_repeats_what_the_addressee_has_replied(replies: tuple[tuple[Reply, str], ...], known: str) -> None:
    """Programs ask anew otherwise; its own reply goes before that of the whole party."""
    address = {"QUANGBINH": INVITATION.to.email.upper()}
    said = tuple(
        Replied(
            plan="x", happened_at=at, recorded_at=at, milestone="x", party="x", reply=reply, address=address.get(a, a)
        )
        for at in [INVITATION.now]
        for reply, a in replies
    )
    assert INVITATION.invitation is not None
    _, event = entry(replace(INVITATION, invitation=INVITATION.invitation._replace(replies=said)))
    assert event["ATTENDEE"].params["PARTSTAT"] == known


def test_the_private_address_of_the_page_is_not_in_it() -> None:
    message = replace(INVITATION, page="https://office.example/p/secret-token/plan/meeting")
    part = calendar_part(message)
    assert part is not None
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    assert b"secret-token" not in data.replace(b"\r\n ", b"")


def test_what_is_called_off_is_cancelled() -> None:
    days = On(date(2023, 11, 13), date(2023, 11, 13))
    calendar, event = entry(replace(INVITATION, invitation=Invitation(days, "", 3, is_off=True)))
    assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 3)
    assert event["DTSTART"].dt == days.first
    assert "RSVP" not in event["ATTENDEE"].params


@pytest.mark.parametrize(
    "answers",
    [None, AnswerAddress(SENDER), AnswerAddress("another@cum.example", write_invitation)],
    ids=["no mailbox", "no calendars", "answers go elsewhere"],
)
def test_where_no_answer_would_be_read_none_is_asked_for(answers: AnswerAddress | None) -> None:
    assert calendar_part(INVITATION, answers) is None


@pytest.mark.parametrize("name", IN_EVERY_LANGUAGE)
def test_only_mails_that_invite_have_a_calendar(name: str) -> None:
    message = IN_EVERY_LANGUAGE[name]
    assert bool(calendar_part(message)) == bool(getattr(message, "invitation", None))


def test_nothing_in_a_name_or_title_becomes_a_property() -> None:
    hostile = 'x"\r\nATTENDEE:mailto:evil@example.org\r\n;PARTSTAT=ACCEPTED:,\u2028'
    milestone = replace(INVITATION.milestone, title=hostile.replace("\r\n", "\n"))
    to = Contact(name=hostile.replace("\r\n", " "), email=INVITATION.to.email)
    days = On(date(2023, 11, 13), date(2023, 11, 13))
    plan = replace(INVITATION.plan, milestones=(milestone,))
    data = write_invitation(
        replace(INVITATION, milestone=milestone, to=to, plan=plan),
        Invitation(days, hostile),
        uid="x@y.example",
        organiser=(hostile, SENDER),
    )
    event: Any
    [event] = Calendar.from_ical(data).walk("VEVENT")
    assert event["ATTENDEE"] == f"mailto:{INVITATION.to.email}"
    assert event["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert event["ORGANIZER"] == f"mailto:{SENDER}"
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
