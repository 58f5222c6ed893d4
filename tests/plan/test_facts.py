"""Facts say who recorded them."""

from __future__ import annotations

from datetime import date

import pytest

from scheduler.plan.dates.date_forms import By
from scheduler.plan.facts import DEFINITION, MAIL_SERVER, OFFICE, Actor, parties_of_fact
from tests.support.plan_builders import at, deadline, history_of


@pytest.mark.parametrize(
    ("actor", "label"),
    [
        (OFFICE, ""),
        (Actor(name="An"), "An"),
        (Actor("party", "Nam"), "page: Nam"),
        (Actor("party"), "page"),
        (DEFINITION, "definition"),
        (MAIL_SERVER, "mail server"),
        (Actor("source", "folder"), "folder"),
    ],
)
def test_an_actor_is_listed_by_name_or_else_by_role(actor: Actor, label: str) -> None:
    assert actor.label == label


def test_nobody_becomes_a_party_by_what_they_call_themselves() -> None:
    """The name is typed by whoever records; the role is not."""
    assert Actor(name="page: Nam") != Actor("party", "Nam")


def test_a_fact_names_one_party_those_that_were_chosen_or_nobody() -> None:
    history = history_of(deadline(By(date(2023, 8, 10))))
    facts = [
        history.record("received", at(3, 1), "report", "beta"),
        history.record("nominated", at(3, 1), group="winners", parties=("beta", "gamma")),
        history.record("waived", at(3, 1), "report"),
    ]
    assert [parties_of_fact(fact) for fact in facts] == [("beta",), ("beta", "gamma"), ()]
