"""Where documents go, by which channels, and whom to ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scheduler.plan.dates.date_forms import By
from scheduler.plan.messages.destinations import (
    find_destination,
    names_to_send_to,
    office_receives,
    parties_of,
    ways_to_send,
    whom_to_ask,
)
from scheduler.plan.model import Channel, Milestone, Office
from tests.support.plan_builders import PARTIES, deadline, plan

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
