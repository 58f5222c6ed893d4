"""Escalation is fair: days on which we could not be heard do not count (contract rule 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scheduler.plan.agenda import Rung
from scheduler.plan.dates.date_forms import Before
from scheduler.plan.model import Contact, Escalation, Ladder, Milestone, Party
from tests.support.plan_builders import (
    PARTIES,
    PlanHistory,
    at,
    days,
    deadline,
    history_of,
    party,
    plan,
    working_days,
)

LEAD, BETA, GAMMA = PARTIES
AUGUST = deadline(Before(date(2023, 8, 10)))  # late from Friday 11 August, escalated to the lead on Monday 14 August
NEW = Contact(name="new", email="new@beta.example")


def escalation(history: PlanHistory, idle: tuple[int, ...] = (), party: str = "beta") -> Rung:
    """Return the escalation about a party; `idle` holds days of August."""
    found = history.rungs(party=party, idle=[date(2023, 8, day) for day in idle])
    return next(rung for rung in found if rung.name == "escalate:2wd")


def bounce(history: PlanHistory, day: int, who: str, hour: int = 9) -> None:
    """Record that one of beta's addresses bounced."""
    history.record("bounced", at(8, day, hour), party="beta", address=f"{who}@beta.example")


def change_roster(history: PlanHistory, day: int, *contacts: Contact) -> None:
    """Load a roster that gives beta other contacts."""
    moved = replace(history.plan.parties["beta"], contacts=contacts)
    history.revise(replace(history.plan, parties=dict(history.plan.parties) | {"beta": moved}), at(8, day))


@pytest.mark.parametrize(
    ("idle", "day"),
    [
        ((), 14),
        ((10,), 14),  # not late yet: nothing to count
        ((11,), 15),
        ((14,), 15),
        ((11, 14), 16),
        ((11, 14, 15, 16, 17), 21),
        ((12, 13), 14),  # a weekend is not counted anyway
        ((15,), 14),
    ],
)
def test_a_day_on_which_the_daemon_was_down_is_not_counted(idle: tuple[int, ...], day: int) -> None:
    assert escalation(history_of(AUGUST), idle).at == at(8, day)


def test_a_moved_escalation_says_from_where() -> None:
    note = escalation(history_of(AUGUST), (11,)).note
    assert str(note) == (
        "2 working days after 2023-08-10, the last day in time; "
        "moved from 2023-08-14: days on which nobody was reminded do not count"
    )


def test_overdue_notices_keep_their_days() -> None:
    history = history_of(AUGUST)
    idle = [date(2023, 8, 11), date(2023, 8, 14)]
    assert [r.at for r in history.rungs() if r.kind == "overdue"] == [
        r.at for r in history.rungs(idle=idle) if r.kind == "overdue"
    ]


def test_a_count_of_days_waits_as_many_working_days_as_it_spans() -> None:
    ladder = Ladder(escalate=(Escalation(after=days(4), to="lead"),))
    history = history_of(replace(AUGUST, ladder=ladder))
    assert [r.at for r in history.rungs() if r.kind == "escalation"] == [at(8, 14)]
    assert [r.at for r in history.rungs(idle=[date(2023, 8, 11)]) if r.kind == "escalation"] == [at(8, 15)]


def test_several_escalations_ascend_in_whatever_order_they_are_written() -> None:
    steps = (Escalation(after=working_days(5), to="deputies"), Escalation(after=working_days(2), to="lead"))
    history = history_of(replace(AUGUST, ladder=Ladder(escalate=steps)))
    assert [r.name for r in history.rungs() if r.kind == "escalation"] == ["escalate:2wd", "escalate:5wd"]


def test_a_ladder_without_escalation_never_tells_anybody() -> None:
    history = history_of(replace(AUGUST, ladder=Ladder(escalate=())))
    bounce(history, 1, "officer")
    assert not [r for r in history.rungs() if r.kind == "escalation"]


# ---- nobody is reported who was not written to


def doubtful(opened: int, milestone: Milestone = AUGUST) -> PlanHistory:
    """Return the story of what was past at the first load and was said to be open on a day of August."""
    history = PlanHistory(plan(milestone), loaded_at=at(8, 10, 12))
    history.record("opened", at(8, opened, 9), "report", "beta")
    return history


def test_it_counts_from_the_first_notice_where_that_comes_later() -> None:
    found = escalation(doubtful(11))
    assert found.at == at(8, 17)
    assert str(found.note) == "2 working days after 2023-08-15, the first notice"
    assert escalation(doubtful(11), idle=(16,)).at == at(8, 18)


def test_a_notice_before_it_leaves_it_where_it_is() -> None:
    history = history_of(AUGUST)
    history.record("extended", at(8, 9, 9), "report", "beta", form=Before(date(2023, 8, 14)))
    assert [r.at for r in history.rungs() if r.kind == "escalation"] == [at(8, 16)]


def test_without_a_notice_ahead_there_is_none() -> None:
    assert doubtful(18).rungs() == []


def test_only_the_escalations_that_come_too_early_wait() -> None:
    steps = (Escalation(after=working_days(2), to="lead"), Escalation(after=working_days(5), to="lead"))
    history = doubtful(11, replace(AUGUST, ladder=Ladder(escalate=steps)))
    found = {r.name: r.at for r in history.rungs() if r.kind == "escalation"}
    assert found == {"escalate:2wd": at(8, 17), "escalate:5wd": at(8, 17)}


def test_a_ladder_that_only_escalates_does_so() -> None:
    bare = Ladder(before=(), on_named_day=False, overdue=None)
    assert escalation(doubtful(11, replace(AUGUST, ladder=bare))).at == at(8, 14)


# ---- bounces


def test_while_every_address_bounces_nobody_is_told() -> None:
    history = history_of(AUGUST)
    bounce(history, 1, "officer")
    assert escalation(history).state == "planned"
    bounce(history, 11, "head")
    found = escalation(history)
    assert (found.state, str(found.reason)) == (
        "skipped",
        "every address of the party bounces; put its contacts right first",
    )
    assert escalation(history, party="gamma").state == "planned"


def test_an_escalation_before_the_last_address_died_stands() -> None:
    history = history_of(AUGUST)
    bounce(history, 1, "officer")
    bounce(history, 15, "head")
    assert escalation(history).state == "planned"


def test_an_escalation_of_the_day_on_which_the_last_address_died_is_not_sent() -> None:
    history = history_of(AUGUST)
    bounce(history, 1, "officer")
    bounce(history, 14, "head", hour=7)
    assert escalation(history).state == "skipped"


def test_the_days_on_which_every_address_bounced_are_not_counted() -> None:
    history = history_of(AUGUST)
    for who in ("officer", "head"):
        bounce(history, 11, who)
    change_roster(history, 15, NEW)
    found = escalation(history)
    assert (found.state, found.at) == ("planned", at(8, 17))
    assert history.agenda().bounces == {"beta": ((at(8, 11, 9), at(8, 15)),)}


def test_one_address_that_works_is_enough() -> None:
    history = history_of(AUGUST)
    bounce(history, 11, "officer")
    change_roster(history, 15, NEW)
    assert escalation(history).at == at(8, 14)
    assert history.agenda().bounces == {}


def test_new_addresses_can_die_too() -> None:
    history = history_of(AUGUST)
    for who in ("officer", "head"):
        bounce(history, 1, who)
    change_roster(history, 2, NEW)
    bounce(history, 11, "new")
    assert escalation(history).state == "skipped"
    change_roster(history, 14, Contact(name="newer", email="newer@beta.example"))
    assert escalation(history).at == at(8, 16)
    assert len(history.agenda().bounces["beta"]) == 2


def test_an_address_known_to_be_dead_stays_dead_in_a_new_roster() -> None:
    history = history_of(AUGUST)
    bounce(history, 1, "officer")
    officer = BETA.contacts[0]
    change_roster(history, 2, officer)
    assert escalation(history).state == "skipped"


def test_an_address_that_works_again_ends_it() -> None:
    history = history_of(AUGUST)
    for who in ("officer", "head"):
        bounce(history, 11, who)
    history.record("rerouted", at(8, 15), party="beta", address="officer@beta.example")
    assert escalation(history).at == at(8, 17)


def test_undoing_a_bounce_is_as_if_it_had_not_been_recorded() -> None:
    history = history_of(AUGUST)
    for who in ("officer", "head"):
        bounce(history, 11, who)
    history.undo(history.facts[-1], at(8, 14))
    assert (escalation(history).state, escalation(history).at) == ("planned", at(8, 14))


@pytest.mark.parametrize("roster", [(LEAD, party("beta", contacts=()), GAMMA), (LEAD, GAMMA)])
def test_a_party_without_addresses_has_none_that_bounce(roster: tuple[Party, ...]) -> None:
    history = history_of(replace(AUGUST, responsible=("gamma",)), parties=roster)
    bounce(history, 11, "officer")
    assert history.agenda().bounces == {}
