"""Who a rung's mail goes to (rules 7 and 10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from scheduler.plan.agenda import Rung
from scheduler.plan.dates.date_forms import Before, By
from scheduler.plan.facts import Fact, FactKind, drop_withdrawn
from scheduler.plan.message_kinds import RungKind
from scheduler.plan.messages.promises import recipients_of
from scheduler.plan.messages.reminders import describe_missing
from scheduler.plan.model import Contact, Deliverable, Escalation, Group, Party, Plan, Role
from scheduler.plan.recipients import (
    Recipient,
    bounced_addresses,
    contacts_for,
    escalation_named,
    heads_of,
    operators,
    silent_addresses,
    superiors,
)
from tests.support.plan_builders import PARTIES, PlanHistory, at, deadline, history_of, plan, working_days

TO_LEAD = Escalation(after=working_days(2), to="lead")
DEPUTIES = Group(id="deputies", parties=("beta", "gamma"))
LEAD, BETA, GAMMA = PARTIES


def staffed(*roles: Role) -> Party:
    """Return a party with one contact for each role; the address says which."""
    contacts = tuple(Contact(name=r, email=f"{r}{n}@x.example", role=r) for n, r in enumerate(roles))
    return replace(BETA, contacts=contacts)


def addresses(found: Sequence[Recipient]) -> list[str]:
    """Return the local parts of the addresses."""
    return [r.contact.email.partition("@")[0] for r in found]


@pytest.mark.parametrize(
    ("roles", "bounced", "reminded", "overdue"),
    [
        (("officer", "head"), (), ["officer0"], ["officer0", "head1"]),
        (("officer", "officer", "head"), (), ["officer0", "officer1"], ["officer0", "officer1", "head2"]),
        (("head", "assistant"), (), ["head0"], ["head0"]),
        (("assistant",), (), ["assistant0"], ["assistant0"]),
        (("officer", "head", "assistant"), ("officer0",), ["head1"], ["head1"]),
        (("officer", "head", "assistant"), ("officer0", "head1"), ["assistant2"], ["assistant2"]),
        (("officer", "officer", "head"), ("officer0",), ["officer1"], ["officer1", "head2"]),
        (("officer", "head"), ("head1",), ["officer0"], ["officer0"]),
        (("officer",), ("officer0",), [], []),
        ((), (), [], []),
    ],
)
def test_officers_else_the_head_else_an_assistant_and_overdue_also_the_head(
    roles: tuple[Role, ...], bounced: Collection[str], reminded: list[str], overdue: list[str]
) -> None:
    dead = [f"{name}@x.example" for name in bounced]
    party = staffed(*roles)
    assert addresses(contacts_for(party, with_head=False, avoided=dead)) == reminded
    assert addresses(contacts_for(party, with_head=True, avoided=dead)) == overdue


def test_one_address_gets_one_mail() -> None:
    twice = (Contact(name="a", email="a@x.example"), Contact(name="b", email="a@x.example", role="head"))
    party = replace(BETA, contacts=twice)
    assert len(contacts_for(party, with_head=True)) == 1


def test_heads_whose_addresses_work() -> None:
    assert addresses(heads_of(staffed("officer", "head", "head"))) == ["head1", "head2"]
    assert addresses(heads_of(staffed("officer", "head", "head"), ["head1@x.example"])) == ["head2"]


# ---- escalation


def informed(known: Plan, about: str, to: str = "lead", bounced: Collection[str] = ()) -> list[str]:
    """Return the addresses notified that a party has not answered."""
    return [r.contact.email for r in superiors(known, replace(TO_LEAD, to=to), about, bounced)]


def test_the_lead_is_told_of_the_others() -> None:
    assert informed(plan(groups=(DEPUTIES,)), "beta") == ["officer@lead.example"]


def test_the_heads_of_the_deputies_are_told_of_the_lead() -> None:
    assert informed(plan(groups=(DEPUTIES,)), "lead") == ["head@beta.example", "head@gamma.example"]


@pytest.mark.parametrize("groups", [(), (Group(id="deputies"),)], ids=["no group", "nobody in it"])
def test_without_deputies_the_leads_own_head_is_told(groups: tuple[Group, ...]) -> None:
    assert informed(plan(groups=groups), "lead") == ["head@lead.example"]


def test_deputies_that_cannot_be_reached_leave_the_leads_own_head() -> None:
    dead = ["head@beta.example", "head@gamma.example"]
    assert informed(plan(groups=(DEPUTIES,)), "lead", bounced=dead) == ["head@lead.example"]


def test_nobody_above() -> None:
    headless = replace(LEAD, contacts=LEAD.contacts[:1])
    assert informed(plan(parties=(headless, BETA, GAMMA)), "lead") == []


def test_one_deputy_is_told_of_another() -> None:
    assert informed(plan(groups=(DEPUTIES,)), "gamma", to="deputies") == ["head@beta.example"]


def test_an_escalation_is_found_by_the_name_of_its_rung() -> None:
    report = deadline(Before(date(2023, 8, 10)))
    assert escalation_named(report, "escalate:2wd") == TO_LEAD
    assert escalation_named(report, "escalate:5wd") is None


# ---- bounces


def test_the_addresses_that_bounce() -> None:
    history = history_of()
    history.record("bounced", at(8, 1), party="beta", address="officer@beta.example")
    history.record("bounced", at(8, 1), party="beta", address="head@beta.example")
    history.record("rerouted", at(8, 2), party="beta", was=("officer@beta.example", "head@beta.example"))
    history.record("rerouted", at(8, 3), party="beta", address="head@beta.example")
    history.record("received", at(8, 4), "report", "beta")
    assert bounced_addresses(history.facts) == {"officer@beta.example"}


def test_an_address_that_the_roster_names_anew_lives_again() -> None:
    """To edit it away does not revive it, to name it again does; that of another party stays as it was."""
    history = history_of()
    for party, address in (("beta", "officer@beta.example"), ("gamma", "officer@gamma.example")):
        history.record("bounced", at(8, 1), party=party, address=address)
    history.record("rerouted", at(8, 2), party="beta", was=("officer@beta.example",))
    assert bounced_addresses(history.facts) == {"officer@beta.example", "officer@gamma.example"}
    history.record("rerouted", at(8, 3), party="beta", was=("new@beta.example",))
    assert bounced_addresses(history.facts) == {"officer@gamma.example"}


# ---- pauses

THIRD_OF_AUGUST = at(8, 3)
OFFICER, HEAD = "officer@beta.example", "head@beta.example"


def silent(history: PlanHistory, when: datetime = THIRD_OF_AUGUST) -> set[str]:
    """Return the addresses to which nothing is written at an instant."""
    return set(silent_addresses(history.plan, drop_withdrawn(history.facts), when))


def pause(history: PlanHistory, address: str, until: date) -> Fact:
    """Pause an address of beta."""
    return history.record("paused", at(8, 1), party="beta", address=address, until=until)


def test_a_paused_address_gets_no_mail_up_to_the_last_day_of_the_pause() -> None:
    history = history_of()
    pause(history, OFFICER, date(2023, 8, 4))
    assert silent(history, at(8, 4, 23)) == {OFFICER}
    assert silent(history, at(8, 5, 0)) == set()


def test_the_last_pause_of_an_address_counts_until_it_is_ended_or_undone() -> None:
    history = history_of()
    pause(history, OFFICER, date(2023, 8, 31))
    shorter = pause(history, OFFICER, date(2023, 8, 2))
    assert silent(history) == set()
    history.undo(shorter, at(8, 2))
    assert silent(history) == {OFFICER}
    history.record("rerouted", at(8, 2), party="beta", address=OFFICER)
    assert silent(history) == set()


@pytest.mark.parametrize("other", ["paused", "bounced"])
def test_a_pause_does_not_count_while_the_party_has_nobody_else(other: FactKind) -> None:
    """Nobody is left without a word because of a pause."""
    history = history_of()
    pause(history, OFFICER, date(2023, 8, 31))
    details: dict[str, Any] = {"until": date(2023, 8, 31)} if other == "paused" else {}
    history.record(other, at(8, 2), party="beta", address=HEAD, **details)
    assert silent(history) == (set() if other == "paused" else {HEAD})


def test_an_address_of_two_parties_is_paused_only_if_both_have_somebody_else() -> None:
    shared = Contact(name="Shared", email=OFFICER)
    alone = replace(PARTIES[2], contacts=(shared,))
    history = PlanHistory(plan(parties=(PARTIES[0], PARTIES[1], alone)))
    pause(history, OFFICER, date(2023, 8, 31))
    assert silent(history) == set()


def test_a_head_is_paused_only_if_there_is_another_head() -> None:
    """Else nobody would be told what goes to heads alone."""
    history = history_of()
    pause(history, HEAD, date(2023, 8, 31))
    assert silent(history) == set()
    second = replace(
        PARTIES[1], contacts=(*PARTIES[1].contacts, Contact(name="Two", email="two@beta.example", role="head"))
    )
    history = PlanHistory(plan(parties=(PARTIES[0], second, PARTIES[2])))
    pause(history, HEAD, date(2023, 8, 31))
    assert silent(history) == {HEAD}


def test_a_pause_changes_nothing_of_what_is_owed() -> None:
    history = history_of(deadline(By(date(2023, 8, 10))))
    before = list(history.agenda().rungs())
    pause(history, OFFICER, date(2023, 8, 31))
    assert list(history.agenda().rungs()) == before


# ---- operators


def test_operators_are_the_configured_addresses() -> None:
    found = operators(plan(), ["head@lead.example", "other@x.example"])
    assert [(r.party.id, r.contact.name, r.contact.email) for r in found] == [
        ("lead", "head", "head@lead.example"),
        ("lead", "", "other@x.example"),
    ]


def test_else_the_first_officer_of_the_lead() -> None:
    assert addresses(operators(plan(), [])) == ["officer"]
    two = replace(LEAD, contacts=tuple(Contact(name=n, email=f"{n}@x.example") for n in "ab"))
    assert addresses(operators(plan(parties=(two, BETA, GAMMA)), [])) == ["a"]


def test_a_plan_without_lead_has_its_first_party_for_it() -> None:
    found = operators(plan(parties=(GAMMA, BETA)), [])
    assert [r.party.id for r in found] == ["gamma"]
    assert operators(plan(parties=()), ["a@x.example"]) == []


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("reminder", "before:7d", ["officer@beta.example"]),
        ("overdue", "overdue:1", ["officer@beta.example", "head@beta.example"]),
        ("escalation", "escalate:2wd", ["officer@lead.example"]),
        ("escalation", "escalate:9wd", []),  # its ladder has no such escalation any more
    ],
)
def test_the_kind_of_a_rung_says_who_gets_its_messages(kind: RungKind, name: str, expected: list[str]) -> None:
    """A party's own contacts; of an escalation those above it."""
    due = date(2023, 8, 10)
    rung = Rung(milestone="report", party="beta", name=name, due=due, at=at(8, 3), kind=kind)
    found = recipients_of(history_of(deadline(Before(due))).agenda(), rung, ())
    assert [to.contact.email for to in found] == expected


def test_where_there_is_no_obligation_every_document_is_missing() -> None:
    """Somebody who is only asked to choose owes none of them, and may still read what they are."""
    documents = (Deliverable(id="list", title="The list"), Deliverable(id="plan", title="The plan"))
    assert describe_missing(deadline(Before(date(2023, 8, 10)), deliverables=documents), None) == documents
