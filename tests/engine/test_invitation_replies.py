"""Invitations are answered by calendar programs: who comes is recorded, and a person sees what is doubtful."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from scheduler.feeds.invitation_file import write_invitation
from scheduler.mail.composer import AnswerAddress
from scheduler.plan.answers.attendance import Attendance, read_attendance
from scheduler.plan.dates.date_forms import On, Window
from scheduler.plan.facts import Actor, Replied
from scheduler.queries.agendas import read_agenda
from scheduler.store import SqlStore
from tests.support.daemon_fixture import plan, templates
from tests.support.incoming_mail import MAILBOX, AnsweredDaemon
from tests.support.mail_reader import read
from tests.support.plan_builders import PARTIES, at, event
from tests.support.received_mails import CALENDAR_PROGRAMS, Letter, authenticated, calendar_text

JUNE = Window(date(2023, 6, 1), date(2023, 6, 10), "early in June")
FIXED = On(date(2023, 6, 8), date(2023, 6, 8))
MOVED = On(date(2023, 6, 9), date(2023, 6, 9))
OFFICER = "officer@beta.example"


@pytest.fixture
def daemon(store: SqlStore, tmp_path: Path) -> AnsweredDaemon:
    """Return a daemon that has just invited everybody to the meeting, whose day was fixed."""
    composer = templates(answers=AnswerAddress(MAILBOX, write_invitation))
    meeting = event(JUNE, deputy="a vice head")
    daemon = AnsweredDaemon(store, tmp_path, plan(meeting, event(JUNE, "other")), composer=composer)
    daemon.live(at(5, 1))
    daemon.record("date_fixed", None, "meeting", form=FIXED, place="hall 2")
    daemon.live(at(5, 4))
    return daemon


def invitations(daemon: AnsweredDaemon, address: str = OFFICER) -> list[Any]:
    """Return the events that the mails to an address put into its calendar, with their methods, oldest first."""
    found = []
    for mail in sorted(daemon.mails(), key=lambda mail: mail.id):
        parts = read(mail.mail.data).walk() if mail.mail.address == address else ()
        for part in parts:
            if part.get_content_type() == "text/calendar":
                data = part.get_payload(decode=True)
                assert isinstance(data, bytes)
                calendar = Calendar.from_ical(data)
                found.append((str(calendar["METHOD"]), calendar.walk("VEVENT")[0]))
    return found


def reply(
    daemon: AnsweredDaemon,
    partstat: str = "ACCEPTED",
    *,
    sender: str = OFFICER,
    when: datetime | None = None,
    program: str = "outlook",
    results: tuple[str, ...] | None = None,
    **calendar: Any,
) -> Any:
    """Let somebody answer the last invitation, and return what became of the mail."""
    daemon.clock.instant = when or daemon.clock.instant
    _, invited = invitations(daemon)[-1]
    stamp = f"{daemon.clock.instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    said: dict[str, Any] = {
        "uid": str(invited["UID"]),
        "sequence": int(invited["SEQUENCE"]),
        "stamp": stamp,
        "attendee": sender,
    }
    letter = Letter(
        sender=sender,
        to=MAILBOX,
        subject="Accepted: Meeting",
        text="",
        message_id=f"<{partstat}.{stamp}.{sender}>",
        results=(authenticated(sender),) if results is None else results,
    )
    return daemon.receive(CALENDAR_PROGRAMS[program](letter, calendar_text(partstat=partstat, **(said | calendar))))


def attendance(daemon: AnsweredDaemon, party: str = "beta") -> Attendance:
    with daemon.store.reading() as view:
        return read_attendance(read_agenda(view, daemon.plan).by_key["meeting", party])


def replies(daemon: AnsweredDaemon) -> list[Replied]:
    return [fact for fact in daemon.facts() if isinstance(fact, Replied)]


@pytest.mark.parametrize("program", CALENDAR_PROGRAMS)
def test_an_accepted_invitation_is_recorded_with_what_was_said(daemon: AnsweredDaemon, program: str) -> None:
    left = daemon.left()
    row = reply(daemon, program=program, when=at(5, 5, 9))
    [fact] = replies(daemon)
    assert (row.state, row.milestone, row.party, row.facts) == ("rsvp", "meeting", "beta", (fact.id,))
    assert (fact.reply, fact.address, fact.by) == ("accepted", OFFICER, Actor("source", "mailbox"))
    assert (fact.note, fact.happened_at) == ("Trường sẽ cử Phó Hiệu trưởng, đến đúng giờ", at(5, 5, 9))
    assert fact.form == FIXED
    assert attendance(daemon).state == "coming"
    daemon.live(at(5, 6))
    assert daemon.left() == left, "nobody is written to because of it"


def test_a_deputy_is_recorded_by_the_address(daemon: AnsweredDaemon) -> None:
    reply(daemon, "DELEGATED", delegated_to="pho@beta.example")
    said = attendance(daemon)
    assert (said.state, said.last and said.last.deputy) == ("deputy", "pho@beta.example")


def test_the_same_mail_twice_is_recorded_once_and_an_older_answer_changes_nothing(daemon: AnsweredDaemon) -> None:
    reply(daemon, "DECLINED", when=at(5, 5, 12))
    late = reply(daemon, "ACCEPTED", when=at(5, 5, 13), stamp="20230505T010000Z")
    assert (late.state, str(late.reasons[0])) == ("rsvp", "a later reply of the same person is known")
    assert attendance(daemon).state == "absent"


def test_a_new_date_asks_again_under_the_same_uid_and_an_answer_to_the_former_is_for_a_person(
    daemon: AnsweredDaemon,
) -> None:
    reply(daemon, when=at(5, 5))
    old = int(invitations(daemon)[-1][1]["SEQUENCE"])
    daemon.record("date_fixed", None, "meeting", form=MOVED, place="hall 2")
    daemon.live(at(5, 10))
    (asked, first), (updated, second) = invitations(daemon)
    assert (asked, updated, str(first["UID"])) == ("REQUEST", "REQUEST", str(second["UID"]))
    assert second["SEQUENCE"] > first["SEQUENCE"]
    assert second["DTSTART"].dt == date(2023, 6, 9)
    assert attendance(daemon).state == "unanswered"
    row = reply(daemon, sequence=old)
    assert (row.state, row.party) == ("review", "beta")
    assert [str(one) for one in row.reasons] == ["it replies to an invitation that holds no longer"]
    assert reply(daemon, when=at(5, 10, 12)).state == "rsvp"
    assert attendance(daemon).state == "coming"


def test_what_is_called_off_leaves_the_calendars(daemon: AnsweredDaemon) -> None:
    daemon.record("waived", None, "meeting", reason="storm")
    daemon.live(at(5, 10))
    (_, first), (method, last) = invitations(daemon)
    assert (method, str(last["STATUS"]), str(last["UID"])) == ("CANCEL", "CANCELLED", str(first["UID"]))
    assert last["DTSTART"].dt == date(2023, 6, 8)


def test_a_decision_taken_back_invites_to_the_former_day_again(daemon: AnsweredDaemon) -> None:
    moved = daemon.record("date_fixed", None, "meeting", form=MOVED, place="hall 2").fact
    daemon.live(at(5, 10))
    daemon.undo(moved)
    daemon.live(at(5, 12))
    numbers = [(method, entry["SEQUENCE"], entry["DTSTART"].dt.day) for method, entry in invitations(daemon)]
    assert [(method, day) for method, _, day in numbers] == [("REQUEST", 8), ("REQUEST", 9), ("REQUEST", 8)]
    assert sorted(number for _, number, _ in numbers) == [number for _, number, _ in numbers]
    assert len({number for _, number, _ in numbers}) == 3


@pytest.mark.parametrize(
    ("said", "state", "why"),
    [
        ({"results": ()}, "review", "the mail server did not confirm the sender"),
        ({"attendee": "head@beta.example"}, "review", "it replies in the name of head@beta.example"),
        ({"partstat": "NEEDS-ACTION"}, "review", "it does not say whether anybody comes"),
        ({"sender": "stranger@elsewhere.example"}, "review", "the sender is not a registered contact"),
        ({"uid": "somebody-elses@calendar.example"}, "rsvp", "it replies to no invitation of ours to a party"),
    ],
)
def test_what_is_not_certain_changes_nothing(
    daemon: AnsweredDaemon, said: dict[str, Any], state: str, why: str
) -> None:
    row = reply(daemon, **said)
    assert row.state == state
    assert str(row.reasons[0]).startswith(why)
    assert replies(daemon) == []


def test_who_is_a_contact_of_several_parties_speaks_for_the_one_that_was_invited(daemon: AnsweredDaemon) -> None:
    lead, beta, *others = PARTIES
    lead = replace(lead, contacts=(*lead.contacts, *beta.contacts))
    daemon.definitions.plans = [plan(*daemon.plan.milestones, parties=(lead, beta, *others))]
    daemon.ticker.load()
    assert reply(daemon).party == "beta"
    assert (attendance(daemon).state, attendance(daemon, "lead").state) == ("coming", "unanswered")


def test_an_assistant_answers_for_a_contact_and_a_person_looks_at_it(daemon: AnsweredDaemon) -> None:
    row = reply(daemon, sender="assistant@beta.example", attendee=OFFICER)
    assert (row.state, row.milestone, row.party) == ("review", "meeting", "beta")
    assert [str(one) for one in row.reasons] == [
        "the sender is not a registered contact",
        f"it replies in the name of {OFFICER}",
    ]


def test_a_reminder_asks_those_again_who_have_not_replied(daemon: AnsweredDaemon) -> None:
    """Also of an event that was fixed so late that the reminder is the invitation."""
    reply(daemon)
    daemon.live(at(6, 1, 9))
    assert len(invitations(daemon)) == 1
    gamma = invitations(daemon, "officer@gamma.example")
    assert [(method, entry["SEQUENCE"]) for method, entry in gamma] == [("REQUEST", gamma[0][1]["SEQUENCE"])] * 2


def test_of_a_plan_that_was_ended_nothing_is_recorded(daemon: AnsweredDaemon) -> None:
    daemon.record("retired", None, None, reason="replaced")
    row = reply(daemon)
    assert row.state == "review"
    assert replies(daemon) == []
