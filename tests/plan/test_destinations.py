"""Where documents go, by which channels, and whom to ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scheduler.plan.dates.date_forms import By, On, Window
from scheduler.plan.messages.destinations import (
    find_destination,
    guests_to_invite,
    names_to_send_to,
    office_receives,
    parties_of,
    ways_to_send,
    whom_to_ask,
)
from scheduler.plan.messages.message import InvitationMessage, ReminderMessage
from scheduler.plan.messages.promises import messages_for
from scheduler.plan.model import Channel, Milestone, Office
from tests.support.plan_builders import PARTIES, PlanHistory, at, deadline, event, history_of, party, plan

OFFICE = Office(name="Cluster office", email="office@lead.example", address="1 Main Street", phone="0123")
COUNCIL = Office(name="The council", email="council@example.org")
REPORT = deadline(By(date(2023, 3, 17)))
PLAN = replace(plan(REPORT), office=OFFICE)


def test_parties_are_named_once_in_the_order_of_the_names() -> None:
    """A party that is named by itself and by its group stands where it is named first."""
    named = parties_of(PLAN, ("gamma", "members", "nobody"))
    assert [party.id for party in named] == ["gamma", *(id for id in PLAN.groups["members"].parties if id != "gamma")]


def test_a_milestone_may_name_its_receiver() -> None:
    """An own receiver without a name leaves the names of the recipients."""
    assert names_to_send_to(REPORT, PARTIES[:2]) == tuple(party.name for party in PARTIES[:2])
    assert names_to_send_to(replace(REPORT, submit_to=COUNCIL), PARTIES) == ("The council",)
    assert names_to_send_to(replace(REPORT, submit_to=Office()), PARTIES[:1]) == (PARTIES[0].name,)


def test_the_office_receives_what_others_send_to_the_lead() -> None:
    """The lead sends nothing to itself, and a plan without a lead has no receiving office."""
    lead = PLAN.parties[PLAN.groups["lead"].parties[0]]
    other = next(party for party in PARTIES if party.id != lead.id)
    assert office_receives(PLAN, other.id, [lead])
    assert not office_receives(PLAN, lead.id, [lead])
    assert not office_receives(PLAN, other.id, [other])
    assert not office_receives(replace(PLAN, groups={}), other.id, [lead])


@pytest.mark.parametrize(
    ("milestone", "ours", "expected"),
    [
        (replace(REPORT, submit_to=COUNCIL), True, COUNCIL),
        (replace(REPORT, report_to=("lead",)), False, OFFICE),
        (replace(REPORT, report_to=("beta",)), False, None),
        (replace(REPORT, report_to=("beta",)), True, OFFICE),
        (None, True, OFFICE),
        (None, False, None),
    ],
)
def test_documents_go_to_the_milestones_own_receiver_or_to_the_office(
    milestone: Milestone | None, ours: bool, expected: Office | None
) -> None:
    """What is reported to others goes somewhere the plan does not describe."""
    assert find_destination(PLAN, milestone, ours=ours) == expected


@pytest.mark.parametrize(
    ("channels", "destination", "expected"),
    [
        ((), OFFICE, [("paper", "Cluster office, 1 Main Street"), ("email", "office@lead.example")]),
        ((), COUNCIL, [("email", "council@example.org")]),
        ((), None, []),
        (("paper",), COUNCIL, [("paper", "")]),
        (("email", "web"), OFFICE, [("email", "office@lead.example"), ("web", "")]),
    ],
)
def test_a_milestone_without_channels_uses_those_with_an_address(
    channels: tuple[Channel, ...], destination: Office | None, expected: list[tuple[str, str]]
) -> None:
    """A paper copy needs a postal address; a channel that the milestone names is kept without one."""
    assert list(ways_to_send(replace(REPORT, channels=channels), destination)) == expected


def test_nothing_is_sent_without_a_milestone() -> None:
    assert ways_to_send(None, OFFICE) == ()


@pytest.mark.parametrize("known", ["contact", "phone", "email"])
def test_the_plans_office_is_asked_if_it_can_be_reached(known: str) -> None:
    """Else the receiver is, and the office again if there is none."""
    reachable, unreachable = Office(name="Office", **{known: "x"}), Office(name="Office", address="1 Main Street")
    assert whom_to_ask(reachable, COUNCIL) == reachable
    assert whom_to_ask(unreachable, COUNCIL) == COUNCIL
    assert whom_to_ask(unreachable, None) == unreachable


MINISTRY = party("ministry", external=True, contacts=())
MEETING = event(On(date(2023, 6, 8), date(2023, 6, 8)), guests=("ministry", "gamma"), attendees=("lead", "beta"))


def with_guests(milestone: Milestone = MEETING) -> PlanHistory:
    """Return a plan with a meeting to which the ministry and gamma come as guests."""
    return history_of(milestone, parties=(*PARTIES, MINISTRY))


def to_invite(history: PlanHistory, who: str = "lead") -> list[str]:
    """Return whom a party has to invite to the meeting."""
    return [guest.id for guest in guests_to_invite(history.plan, history.agenda().by_key["meeting", who])]


def test_guests_get_no_mail_and_the_organiser_has_to_invite_them() -> None:
    assert to_invite(with_guests()) == ["ministry", "gamma"]
    assert to_invite(with_guests(), "beta") == []


def test_a_guest_who_also_attends_is_invited_by_mail() -> None:
    assert to_invite(with_guests(replace(MEETING, guests=("ministry", "members")))) == ["ministry", "gamma"]


def test_nobody_is_invited_before_there_is_a_date_or_after_it_was_called_off() -> None:
    undecided = with_guests(replace(MEETING, form=Window(date(2023, 6, 1), date(2023, 6, 10), "")))
    assert to_invite(undecided) == []
    undecided.record("date_fixed", at(5, 2), "meeting", form=MEETING.form)
    assert to_invite(undecided) == ["ministry", "gamma"]
    undecided.record("waived", at(5, 3), "meeting", "lead")
    assert to_invite(undecided) == []


def test_guests_who_were_invited_are_told_when_there_is_no_date_any_more() -> None:
    history = with_guests()
    history.record("invited", at(5, 2), "meeting", form=MEETING.form)
    off = history.record("waived", at(5, 3), "meeting", "lead")
    assert to_invite(history) == ["ministry", "gamma"]
    history.record("invited", at(5, 4), "meeting", form=None)
    assert to_invite(history) == []
    history.undo(off, at(5, 5))
    assert to_invite(history) == ["ministry", "gamma"]


def test_who_was_invited_is_invited_anew_when_the_date_or_the_place_changes() -> None:
    """Also if the change is taken back."""
    history, eighth, ninth = with_guests(), MEETING.form, On(date(2023, 6, 9), date(2023, 6, 9))
    told = history.record("invited", at(5, 2), "meeting", form=eighth)
    assert to_invite(history) == []
    moved = history.record("date_fixed", at(5, 3), "meeting", form=ninth, place="Huế")
    assert to_invite(history) == ["ministry", "gamma"]
    told_again = history.record("invited", at(5, 4), "meeting", form=ninth)
    assert to_invite(history) == ["ministry", "gamma"]
    history.undo(told_again, at(5, 4))
    history.record("invited", at(5, 4), "meeting", form=ninth, place="Huế")
    assert to_invite(history) == []
    history.undo(moved, at(5, 5))
    assert to_invite(history) == ["ministry", "gamma"]
    history.undo(told, at(5, 6))
    assert to_invite(history) == ["ministry", "gamma"]


def test_the_mails_to_the_organiser_name_whom_to_invite_and_those_to_others_do_not() -> None:
    history = with_guests()
    agenda = history.agenda()
    named = {
        (rung.name, message.party.id): [guest.id for guest in message.to_invite]
        for rung in agenda.rungs()
        for message in messages_for(agenda, rung, rung.at, ())
        if isinstance(message, InvitationMessage | ReminderMessage)
    }
    assert named["invite", "lead"] == named["event:7d", "lead"] == ["ministry", "gamma"]
    assert named["invite", "beta"] == named["event:7d", "beta"] == []
