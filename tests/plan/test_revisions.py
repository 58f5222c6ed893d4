"""What a new revision decides anew, and terms as plain data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest
from hypothesis import given

from scheduler.plan.dates.date_forms import (
    Before,
    By,
    DateForm,
    On,
    Recurring,
    Relative,
    Undated,
    Window,
    describe_form,
    form_from_data,
    form_to_data,
)
from scheduler.plan.facts import DEFINITION, Amended, Fact, Rerouted
from scheduler.plan.model import Contact, Group, Plan
from scheduler.plan.revisions import compare_terms, read_terms
from tests.support import strategies as our
from tests.support.plan_builders import PARTIES, at, days, deadline, event, party, plan, working_days

LEAD, BETA, GAMMA = PARTIES
NOW = at(8, 3)
OLD = plan(deadline(Before(date(2023, 8, 10))), event(Window(date(2023, 6, 1), date(2023, 6, 10), "in June")))


def stored(known: Plan) -> dict[str, Any]:
    """Return the terms as they come back from the store."""
    found: dict[str, Any] = json.loads(json.dumps(read_terms(known, NOW)))
    return found


def decided(new: Plan, old: Plan = OLD) -> list[Fact]:
    """Return the facts that loading a revision over another brings."""
    return list(compare_terms(new, stored(old), NOW))


def summary(facts: Iterable[Fact]) -> list[tuple[str, str | None, str | None]]:
    """Return facts in short."""
    return [(f.kind, f.milestone, f.party) for f in facts]


@given(our.forms())
def test_every_form_of_a_date_survives_as_plain_data(form: DateForm) -> None:
    assert form_from_data(json.loads(json.dumps(form_to_data(form)))) == form


def test_loading_the_same_again_decides_nothing() -> None:
    assert decided(OLD) == []


def test_a_changed_title_decides_nothing() -> None:
    assert decided(replace(OLD, title="Another", lateness="strict")) == []


def test_a_changed_date_is_an_amendment_of_that_instant() -> None:
    form = By(date(2023, 8, 16))
    (fact,) = decided(replace(OLD, milestones=(replace(OLD.milestones[0], form=form), OLD.milestones[1])))
    assert fact == Amended(
        plan="plan",
        happened_at=NOW,
        recorded_at=NOW,
        by=DEFINITION,
        milestone="report",
        form=form,
        was=Before(date(2023, 8, 10)),
    )


def test_a_new_milestone_is_joined_by_its_parties() -> None:
    extra = deadline(By(date(2023, 9, 9)), "extra", responsible=("beta",))
    assert summary(decided(replace(OLD, milestones=(*OLD.milestones, extra)))) == [("joined", "extra", "beta")]


def test_a_dropped_milestone_decides_nothing() -> None:
    assert decided(replace(OLD, milestones=OLD.milestones[:1])) == []


def test_a_new_member_joins_every_milestone_of_its_group() -> None:
    members = Group(id="members", parties=("lead", "beta", "gamma", "delta"))
    new = replace(OLD, groups={**OLD.groups, "members": members}, parties={**OLD.parties, "delta": party("delta")})
    assert summary(decided(new)) == [("joined", "report", "delta"), ("joined", "meeting", "delta")]


def test_a_new_successor_joins_too() -> None:
    ended = replace(BETA, valid_to=date(2023, 8, 31), successor="heir")
    new = replace(OLD, parties={**OLD.parties, "beta": ended, "heir": party("heir")})
    assert summary(decided(new)) == [("joined", "report", "heir"), ("joined", "meeting", "heir")]


def test_other_addresses_reroute_and_say_which_there_were() -> None:
    moved = replace(BETA, contacts=(Contact(name="new", email="new@beta.example"),))
    (fact,) = decided(replace(OLD, parties={**OLD.parties, "beta": moved}))
    assert isinstance(fact, Rerouted)
    assert (fact.party, fact.was) == ("beta", ("head@beta.example", "officer@beta.example"))


def test_another_name_or_order_of_contacts_reroutes_nothing() -> None:
    renamed = replace(BETA, name="Beta School", contacts=tuple(reversed(BETA.contacts)))
    assert decided(replace(OLD, parties={**OLD.parties, "beta": renamed})) == []


def test_a_party_new_in_the_roster_reroutes_nothing() -> None:
    assert decided(replace(OLD, parties={**OLD.parties, "delta": party("delta")})) == []


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (Before(date(2023, 8, 10)), "before 2023-08-10"),
        (Before(date(2023, 8, 10), time(17)), "before 2023-08-10 17:00"),
        (By(date(2023, 8, 10)), "by 2023-08-10"),
        (On(date(2023, 6, 8), date(2023, 6, 8)), "on 2023-06-08"),
        (On(date(2023, 6, 5), date(2023, 6, 7), time(8)), "on 2023-06-05 to 2023-06-07 08:00"),
        (Window(date(2023, 6, 1), date(2023, 6, 10), "early June"), "between 2023-06-01 and 2023-06-10 (early June)"),
        (Window(date(2023, 6, 1), date(2023, 6, 10), ""), "between 2023-06-01 and 2023-06-10"),
        (Undated("yearly"), "undated (yearly)"),
        (Undated(""), "undated"),
        (
            Recurring("FREQ=MONTHLY", "by", date(2023, 1, 1), date(2023, 12, 31)),
            "by FREQ=MONTHLY from 2023-01-01 until 2023-12-31",
        ),
        (Relative("meeting", working_days(5), "within"), "5 working days after meeting"),
        (Relative("meeting", days(1), "before"), "1 day before meeting"),
    ],
)
def test_a_date_in_short_words(form: DateForm, words: str) -> None:
    assert describe_form(form) == words
