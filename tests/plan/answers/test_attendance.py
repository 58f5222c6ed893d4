"""Who comes to an event, by the replies to its invitation."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scheduler.plan.answers.attendance import (
    STATES,
    Attendance,
    count_attendance,
    count_people,
    offered_replies,
    read_attendance,
    takes_part,
)
from scheduler.plan.dates.date_forms import On, Window
from scheduler.plan.facts import Reply
from tests.support.plan_builders import PlanHistory, at, event, history_of, party

FIXED = On(date(2023, 6, 8), date(2023, 6, 8))
MOVED = On(date(2023, 6, 9), date(2023, 6, 9))


@pytest.fixture
def history() -> PlanHistory:
    return history_of(event(FIXED))


def say(history: PlanHistory, day: int, reply: Reply, **details: Any) -> None:
    """Let beta reply on a day in May."""
    history.record("replied", at(5, day), "meeting", "beta", **{"reply": reply, "form": FIXED, **details})


def attendance(history: PlanHistory, party: str = "beta") -> Attendance:
    return read_attendance(history.agenda().by_key["meeting", party])


def test_who_has_said_nothing_has_not_replied(history: PlanHistory) -> None:
    assert attendance(history) == Attendance("unanswered")
    assert (attendance(history).last, attendance(history).people) == (None, None)


@pytest.mark.parametrize(("reply", "state"), STATES.items())
def test_each_reply_says_whether_the_party_comes(history: PlanHistory, reply: Reply, state: str) -> None:
    say(history, 10, reply)
    assert attendance(history).state == state
    assert attendance(history, "gamma").state == "unanswered"


def test_the_later_answer_of_the_party_holds(history: PlanHistory) -> None:
    say(history, 10, "accepted", people=4)
    say(history, 11, "declined")
    assert (attendance(history).state, attendance(history).people) == ("absent", None)


def test_a_reply_that_was_written_earlier_and_came_later_changes_nothing(history: PlanHistory) -> None:
    say(history, 11, "declined", address="an@beta.example")
    say(history, 12, "accepted", address="an@beta.example", happened_at=at(5, 10))
    assert attendance(history).state == "absent"


def test_the_party_comes_if_one_of_its_contacts_does(history: PlanHistory) -> None:
    say(history, 10, "accepted", address="an@beta.example")
    say(history, 11, "declined", address="binh@beta.example")
    assert attendance(history).state == "coming"
    last = attendance(history).last
    assert last is not None
    assert last.address == "an@beta.example"
    say(history, 12, "declined", address="an@beta.example")
    assert attendance(history).state == "absent"


def test_an_answer_for_the_whole_party_replaces_those_of_its_contacts(history: PlanHistory) -> None:
    say(history, 10, "accepted", address="an@beta.example")
    say(history, 11, "declined")
    assert attendance(history).state == "absent"
    say(history, 12, "tentative", address="an@beta.example")
    assert attendance(history).state == "undecided"


def test_a_later_answer_of_a_contact_replaces_that_for_the_whole_party(history: PlanHistory) -> None:
    say(history, 10, "accepted", people=5)
    say(history, 11, "declined", address="an@beta.example")
    assert (attendance(history).state, attendance(history).people) == ("absent", None)
    say(history, 12, "accepted", address="AN@beta.example")
    assert (attendance(history).state, attendance(history).people) == ("coming", 5)


def test_parties_are_counted_that_take_part(history: PlanHistory) -> None:
    """Not one that was released, nor one that ends before the event; the one that follows it does."""
    beta = party("beta", valid_to=date(2023, 6, 7), successor="delta")
    history = history_of(event(FIXED), parties=(party("lead"), beta, party("gamma"), party("delta")))
    say(history, 10, "accepted")
    history.record("waived", at(5, 11), "meeting", "gamma", reason="small")
    agenda = history.agenda()
    taking = [o.party for o in agenda.by_milestone["meeting"] if takes_part(agenda.plan, o)]
    assert taking == ["lead", "delta"]
    assert count_attendance(agenda.plan, agenda.by_milestone["meeting"]) == {"unanswered": 2}


def test_how_many_come_is_what_was_said_last(history: PlanHistory) -> None:
    say(history, 10, "delegated", people=3, deputy="Mr Nam")
    say(history, 11, "accepted", address="an@beta.example")
    found = attendance(history)
    assert (found.state, found.people) == ("coming", 3)
    agenda = history.agenda()
    assert count_people(agenda.plan, agenda.by_milestone["meeting"]) == 3  # the others have not said how many


def test_a_reply_holds_for_the_days_that_it_was_given_for(history: PlanHistory) -> None:
    """For another place too; when the event goes back to those days, it holds again."""
    say(history, 10, "accepted")
    moved = history.record("date_fixed", at(5, 11), "meeting", form=MOVED)
    assert attendance(history).state == "unanswered"
    history.record("withdrawn", at(5, 12), None, target=moved.id)
    assert attendance(history).state == "coming"
    history.record("date_fixed", at(5, 13), "meeting", form=FIXED, place="hall 3")
    assert attendance(history).state == "coming"


def test_nobody_attends_what_has_no_day() -> None:
    history = history_of(event(Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")))
    assert attendance(history, "lead").state == "unanswered"


def test_a_reply_closes_nothing_and_stops_no_reminder(history: PlanHistory) -> None:
    before = history.ladder("meeting", "beta")
    say(history, 10, "accepted")
    assert history.ladder("meeting", "beta") == before
    assert history.agenda().by_key["meeting", "beta"].standing.is_open


def test_a_deputy_is_offered_where_the_plan_lets_one_come() -> None:
    assert offered_replies(event(FIXED)) == ("accepted", "tentative", "declined")
    assert "delegated" in offered_replies(event(FIXED, deputy="a vice head"))
