"""What a calendar program's reply to an invitation says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from scheduler.plan import reasons
from scheduler.plan.answers.received_mail import Authentication, CalendarReply, ReceivedMail
from scheduler.plan.answers.replies import ReplyReading, read_reply
from scheduler.plan.dates.date_forms import On
from scheduler.plan.reasons import Reason
from tests.support.plan_builders import PlanHistory, at, event, history_of, party

DAYS = On(date(2023, 6, 8), date(2023, 6, 8))
CAME = at(5, 10)
OFFICER = "officer@beta.example"
MAIL = ReceivedMail(sender=OFFICER, authentication=Authentication(state="pass"))
YES = CalendarReply(uid="x", attendee=OFFICER, status="accepted", stamped_at=at(5, 9))


def reading(
    mail: ReceivedMail = MAIL,
    calendar: CalendarReply = YES,
    *,
    days: On | None = DAYS,
    history: PlanHistory | None = None,
    deputy: str = "",
    is_contact: bool = True,
) -> ReplyReading:
    """Return what a reply of beta to the invitation to the meeting says."""
    history = history or history_of(event(DAYS))
    o = history.agenda().by_key["meeting", "beta"]
    milestone = event(DAYS, deputy=deputy)
    return read_reply(mail, calendar, o, milestone, is_contact=is_contact, days=days, arrived_at=CAME)


@pytest.mark.parametrize("status", ["accepted", "tentative", "declined"])
def test_what_a_calendar_program_says_is_taken_at_that(status: str) -> None:
    assert reading(calendar=replace(YES, status=status)) == ReplyReading(status, at(5, 9))  # type: ignore[arg-type]


def test_it_was_said_when_the_program_says_but_never_after_it_came_nor_before_the_invitation() -> None:
    assert reading(calendar=replace(YES, stamped_at=None)).said_at == CAME
    assert reading(calendar=replace(YES, stamped_at=at(1, 1, year=1970))).said_at == CAME
    history = history_of(event(DAYS))
    history.record("date_fixed", at(5, 9, 12), "meeting", form=DAYS, place="hall 2")
    assert reading(history=history).said_at == CAME
    assert reading(calendar=replace(YES, stamped_at=CAME + timedelta(days=400))).said_at == CAME


def test_a_deputy_comes_where_the_plan_lets_one() -> None:
    sends = replace(YES, status="delegated")
    assert reading(calendar=sends).doubts == (reasons.REPLY_NO_DEPUTY,)
    assert reading(calendar=sends, deputy="a vice head").doubts == ()


@pytest.mark.parametrize(
    ("mail", "calendar", "days", "doubt"),
    [
        (replace(MAIL, authentication=Authentication(state="none")), YES, DAYS, reasons.SENDER_UNPROVEN),
        (MAIL, replace(YES, attendee="head@beta.example"), DAYS, reasons.reply_of_other("head@beta.example")),
        (MAIL, replace(YES, status="needs-action"), DAYS, reasons.REPLY_UNCLEAR),
        (MAIL, YES, replace(DAYS, last=date(2023, 6, 9)), reasons.REPLY_TO_OTHER_DAYS),
        (MAIL, YES, None, reasons.REPLY_TO_OTHER_DAYS),
    ],
)
def test_what_is_doubtful_is_said(mail: ReceivedMail, calendar: CalendarReply, days: On | None, doubt: Reason) -> None:
    assert reading(mail, calendar, days=days).doubts == (doubt,)


def test_who_is_no_contact_of_the_party_is_said() -> None:
    assert reading(is_contact=False).doubts == (reasons.SENDER_UNKNOWN,)


def test_a_party_that_has_ended_replies_to_nothing() -> None:
    history = history_of(event(DAYS), parties=(party("lead"), party("beta", valid_to=date(2023, 5, 1)), party("gamma")))
    assert reading(history=history).doubts == (reasons.REPLY_TO_OTHER_DAYS,)


def test_upper_and_lower_case_of_an_address_are_the_same() -> None:
    assert reading(calendar=replace(YES, attendee="Officer@Beta.example")).doubts == ()


def test_to_what_was_called_off_nobody_replies() -> None:
    history = history_of(event(DAYS))
    history.record("waived", at(5, 1), "meeting", reason="no money")
    assert reading(history=history).doubts == (reasons.REPLY_TO_OTHER_DAYS,)


def test_a_later_reply_of_the_same_person_goes_before() -> None:
    history = history_of(event(DAYS))
    history.record(
        "replied", at(5, 9, 12), "meeting", "beta", reply="declined", address="OFFICER@beta.example", form=DAYS
    )
    assert reading(history=history).is_older
    assert not reading(replace(MAIL, sender="head@beta.example"), history=history).is_older
    assert not reading(calendar=replace(YES, stamped_at=at(5, 9, 12)), history=history).is_older


def test_what_was_said_of_other_days_makes_no_reply_older() -> None:
    history = history_of(event(DAYS))
    other = On(date(2023, 6, 9), date(2023, 6, 9))
    history.record("replied", at(5, 9, 12), "meeting", "beta", reply="declined", address=OFFICER, form=other)
    assert not reading(history=history).is_older
