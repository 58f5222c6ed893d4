"""The rungs of deadlines: from when on, and what decisions and submissions change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import Literal

import pytest

from scheduler.plan.dates.date_forms import Before, By, DateForm, FixedForm, Recurring, Undated
from scheduler.plan.facts import Amended, FactKind
from scheduler.plan.model import Deliverable, Milestone
from scheduler.plan.obligations import NoDate
from tests.support.plan_builders import PlanHistory, at, deadline, history_of, plan, reasons

AUGUST = Before(date(2023, 8, 10))
FULL = [
    "07-26 before:14d",
    "08-02 before:7d",
    "08-04 before:3wd",
    "08-08 before:1wd",
    "08-09 target",
    "08-10 named-day",
    "08-11 overdue:1",
    "08-15 overdue:2",
    "08-17 overdue:3",
    "08-14 escalate:2wd",
]


def edited(history: PlanHistory, form: DateForm) -> Milestone:
    """Return the report with another date."""
    return replace(history.plan.milestone("report"), form=form)


def test_every_party_has_a_full_ladder() -> None:
    history = history_of(deadline(AUGUST))
    assert [history.ladder(party=id) for id in ("lead", "beta", "gamma")] == [FULL] * 3


def test_a_rung_carries_its_key_and_kind() -> None:
    first, *_, last = history_of(deadline(AUGUST)).rungs()
    assert first.key == ("report", "beta", "before:14d", date(2023, 8, 10))
    assert (first.kind, last.kind, last.name) == ("reminder", "escalation", "escalate:2wd")


@pytest.mark.parametrize(
    ("remind_from", "loaded", "first"),
    [
        (date(2023, 8, 4), at(2, 1), "08-04 before:3wd"),
        (date(2023, 8, 5), at(2, 1), "08-08 before:1wd"),
        (date(2023, 2, 1), at(8, 4, 8), "08-04 before:3wd"),
        (date(2023, 2, 1), at(8, 4, 8, 1), "08-08 before:1wd"),
    ],
)
def test_no_rung_before_the_plan_is_active(remind_from: date, loaded: datetime, first: str) -> None:
    """Active from the later of `remind_from` at midnight and the first load (contract rule 4)."""
    history = PlanHistory(plan(deadline(AUGUST), remind_from=remind_from), loaded_at=loaded)
    assert history.ladder()[0] == first


# ---- closing


def test_a_submission_cancels_the_ladder_and_says_why() -> None:
    history = history_of(deadline(AUGUST))
    history.record("received", at(8, 3, 9), "report", "beta", channel="email")
    assert history.ladder() == []
    assert set(reasons(history.rungs()).values()) == {"received 2023-08-03 (email)"}
    assert history.ladder(party="gamma") == FULL


def test_a_waiver_gives_its_reason() -> None:
    history = history_of(deadline(AUGUST))
    history.record("waived", at(8, 3), "report", "beta", reason="no inspection")
    history.record("accepted", at(8, 4), "report", "gamma")
    assert set(reasons(history.rungs()).values()) == {"waived 2023-08-03 (no inspection)"}
    assert set(reasons(history.rungs(party="gamma")).values()) == {"accepted 2023-08-04"}


def test_a_partial_submission_stops_nothing() -> None:
    documents = tuple(Deliverable(id=id, title=id) for id in ("plan", "list"))
    history = history_of(deadline(AUGUST, deliverables=documents))
    history.record("received", at(7, 20), "report", "beta", deliverables=("plan",))
    assert history.ladder() == FULL


def test_a_return_brings_the_rungs_back() -> None:
    history = history_of(deadline(AUGUST))
    history.record("received", at(8, 1), "report", "beta")
    history.record("returned", at(8, 3), "report", "beta")
    assert history.ladder() == FULL


# ---- other dates


def test_an_extension_is_inclusive_and_has_a_full_ladder_from_the_decision_on() -> None:
    """Strict or lenient, the last day of an extension is in time (contract rule 11)."""
    history = history_of(deadline(AUGUST), lateness="strict")
    history.record("extended", at(8, 9, 10), "report", "beta", form=By(date(2023, 8, 25)))
    assert history.ladder() == [
        "08-11 before:14d",
        "08-18 before:7d",
        "08-22 before:3wd",
        "08-24 before:1wd",
        "08-25 named-day",
        "08-28 overdue:1",
        "08-30 overdue:2",
        "09-01 overdue:3",
        "08-29 escalate:2wd",
    ]
    assert {r.due for r in history.rungs()} == {date(2023, 8, 25)}
    assert history.ladder(party="gamma")[4] == "08-09 target"


def test_nothing_of_an_extension_lies_before_its_decision() -> None:
    history = history_of(deadline(AUGUST))
    history.record("extended", at(8, 18, 8), "report", "beta", form=By(date(2023, 8, 25)))
    assert history.ladder()[0] == "08-18 before:7d"  # exactly then counts as known (contract rule 9)
    later = history_of(deadline(AUGUST))
    later.record("extended", at(8, 18, 8, 1), "report", "beta", form=By(date(2023, 8, 25)))
    assert later.ladder()[0] == "08-22 before:3wd"


@pytest.mark.parametrize(
    ("order", "named"),
    [
        (("extended", "amended"), date(2023, 9, 8)),
        (("amended", "extended"), date(2023, 8, 25)),
        (("extended", "amended", "extended"), date(2023, 8, 25)),
        (("date_fixed", "amended"), date(2023, 9, 8)),
        (("amended", "date_fixed"), date(2023, 9, 20)),
    ],
)
def test_the_latest_decision_wins(order: tuple[FactKind, ...], named: date) -> None:
    forms: dict[FactKind, FixedForm] = {
        "extended": By(date(2023, 8, 25)),
        "amended": Before(date(2023, 9, 8)),
        "date_fixed": By(date(2023, 9, 20)),
    }
    history = history_of(deadline(AUGUST))
    for number, kind in enumerate(order):
        whom = "beta" if kind == "extended" else None
        history.record(kind, at(8, 1 + number), "report", whom, form=forms[kind])
    due = history.agenda().by_key["report", "beta"].due
    assert due is not None
    assert due.named == named


def test_two_decisions_of_one_instant_count_in_the_order_of_recording() -> None:
    history = history_of(deadline(AUGUST))
    history.record("amended", at(8, 1), "report", form=Before(date(2023, 9, 8)))
    history.record("extended", at(8, 1), "report", "beta", form=By(date(2023, 8, 25)))
    assert {r.due for r in history.rungs()} == {date(2023, 8, 25)}


def test_a_date_moved_there_and_back_has_its_rungs_again_from_the_way_back_on() -> None:
    history = history_of(deadline(AUGUST))
    history.record("amended", at(7, 20), "report", form=Before(date(2023, 9, 8)))
    assert {r.due for r in history.rungs()} == {date(2023, 9, 8)}
    history.record("amended", at(8, 3), "report", form=AUGUST)
    assert history.ladder() == FULL[2:]


def test_undoing_a_decision_is_as_if_it_had_not_been_made() -> None:
    history, untold = history_of(deadline(AUGUST)), history_of(deadline(AUGUST))
    history.undo(history.record("extended", at(8, 1), "report", "beta", form=By(date(2023, 8, 25))), at(8, 3))
    assert list(history.agenda().rungs()) == list(untold.agenda().rungs())


def test_an_edit_of_the_file_counts_from_its_load() -> None:
    history = history_of(deadline(AUGUST))
    history.revise(replace(history.plan, milestones=(edited(history, Before(date(2023, 8, 16))),)), at(8, 3, 12))
    assert history.ladder()[:2] == ["08-08 before:7d", "08-10 before:3wd"]
    decided = history.agenda().by_key["report", "beta"].decided_by
    assert isinstance(decided, Amended)
    assert decided.was == Before(date(2023, 8, 10))


def test_facts_about_no_milestone_leave_rungs_alone() -> None:
    history = history_of(deadline(AUGUST))
    history.record("nominated", at(8, 1), group="others")
    history.record("bounced", at(8, 1), party="beta", address="nobody@nowhere.example")
    assert history.ladder() == FULL


# ---- undated, unknown


def test_an_undated_duty_has_no_rung_until_its_date_is_fixed() -> None:
    history = history_of(deadline(Undated("Định kỳ 6 tháng, 01 năm")))
    assert history.rungs() == []
    assert history.agenda().by_key["report", "beta"].undated == "Định kỳ 6 tháng, 01 năm"
    history.record("date_fixed", at(7, 1), "report", form=By(date(2023, 8, 9), time(17)))
    assert history.ladder() == [
        "07-26 before:14d",
        "08-02 before:7d",
        "08-04 before:3wd",
        "08-08 before:1wd",
        "08-09 named-day",
        "08-10 overdue:1",
        "08-14 overdue:2",
        "08-16 overdue:3",
        "08-11 escalate:2wd",
    ]


def test_an_undated_duty_is_undated_even_without_words() -> None:
    assert history_of(deadline(Undated(""))).agenda().by_key["report", "beta"].when == NoDate("")


def unknown() -> PlanHistory:
    """Return a plan first loaded on 11 August, two days after the last day surely in time."""
    return PlanHistory(plan(deadline(AUGUST)), loaded_at=at(8, 11, 7))


def test_what_was_past_at_the_first_load_is_unknown_and_silent() -> None:
    history = unknown()
    assert history.agenda().by_key["report", "beta"].unknown
    assert history.rungs() == []


def test_a_plan_loaded_on_the_last_day_knows_what_is_open() -> None:
    history = PlanHistory(plan(deadline(AUGUST)), loaded_at=at(8, 9, 23))
    assert history.ladder()[0] == "08-10 named-day"


def test_confirming_it_open_starts_the_rungs_from_then_on() -> None:
    history = unknown()
    history.record("opened", at(8, 14, 9), "report", "beta")
    assert history.ladder() == ["08-15 overdue:2", "08-17 overdue:3", "08-17 escalate:2wd"]
    assert history.agenda().by_key["report", "gamma"].unknown


def test_recording_it_closes_it() -> None:
    history = unknown()
    history.record("received", at(8, 14, 9), "report", "beta", happened_at=at(8, 9))
    obligation = history.agenda().by_key["report", "beta"]
    assert (obligation.unknown, obligation.standing.state) == (False, "submitted")
    history.undo(history.facts[0], at(8, 15))
    assert history.agenda().by_key["report", "beta"].unknown


def test_extending_it_makes_it_known() -> None:
    history = unknown()
    history.record("extended", at(8, 14, 9), "report", "beta", form=By(date(2023, 8, 18)))
    assert history.ladder()[0] == "08-15 before:3wd"


def test_moving_its_date_to_come_makes_it_known() -> None:
    history = unknown()
    history.record("amended", at(8, 14, 9), "report", form=By(date(2023, 8, 18)))
    assert history.ladder()[0] == "08-15 before:3wd"


def test_correcting_a_date_that_stays_past_accuses_nobody() -> None:
    history = unknown()
    history.record("amended", at(8, 14, 9), "report", form=By(date(2023, 8, 10)))
    assert history.agenda().by_key["report", "beta"].unknown
    assert history.rungs() == []


# ---- recurring


def monthly(boundary: Literal["before", "by"] = "before", until: date = date(2023, 12, 31)) -> Recurring:
    """Return a duty of every 25th."""
    return Recurring("FREQ=MONTHLY;BYMONTHDAY=25", boundary, date(2023, 1, 1), until)


def test_each_occurrence_is_an_obligation_of_its_own() -> None:
    history = history_of(deadline(monthly()))
    ids = [o.milestone for o in history.agenda().obligations if o.party == "beta"]
    assert ids[0] == "report@2023-01-25"
    assert ids[-1] == "report@2023-12-25"
    assert len(ids) == 12
    history.record("received", at(5, 2), "report@2023-05-25", "beta")
    assert history.ladder("report@2023-05-25") == []
    assert history.ladder("report@2023-04-25")[0] == "04-10 before:14d"


@pytest.mark.parametrize(("boundary", "target"), [("before", date(2023, 5, 24)), ("by", date(2023, 5, 25))])
def test_an_occurrence_has_the_boundary_of_its_rule(boundary: Literal["before", "by"], target: date) -> None:
    due = history_of(deadline(monthly(boundary))).agenda().by_key["report@2023-05-25", "beta"].due
    assert due is not None
    assert (due.target, due.named) == (target, date(2023, 5, 25))


def test_first_and_last_day_of_a_rule_are_included() -> None:
    form = Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "by", date(2023, 3, 25), date(2023, 5, 25))
    history = history_of(deadline(form))
    assert [o.milestone[-5:] for o in history.agenda().obligations if o.party == "beta"] == ["03-25", "04-25", "05-25"]


def test_the_last_day_of_each_month() -> None:
    form = Recurring("FREQ=MONTHLY;BYMONTHDAY=-1", "by", date(2024, 1, 1), date(2024, 4, 30))
    history = history_of(deadline(form), year=2024)
    days = [o.milestone[-5:] for o in history.agenda().obligations if o.party == "beta"]
    assert days == ["01-31", "02-29", "03-31", "04-30"]


def test_one_occurrence_can_be_moved_and_extended() -> None:
    history = history_of(deadline(monthly()))
    history.record("amended", at(5, 2), "report@2023-05-25", form=Before(date(2023, 5, 31)))
    history.record("extended", at(5, 3), "report@2023-05-25", "gamma", form=By(date(2023, 6, 2)))
    agenda = history.agenda()
    named = {o.party: o.due.named for o in agenda.obligations if o.milestone == "report@2023-05-25" and o.due}
    assert named == {"lead": date(2023, 5, 31), "beta": date(2023, 5, 31), "gamma": date(2023, 6, 2)}


def test_prolonging_the_rule_keeps_what_was_decided_of_one_occurrence() -> None:
    history = history_of(deadline(monthly()))
    history.record("extended", at(5, 3), "report@2023-05-25", "gamma", form=By(date(2023, 6, 2)))
    history.revise(replace(history.plan, milestones=(edited(history, monthly(until=date(2024, 6, 30))),)), at(5, 9))
    due = history.agenda().by_key["report@2023-05-25", "gamma"].due
    assert due is not None
    assert due.named == date(2023, 6, 2)


def test_prolonging_the_rule_accuses_nobody_of_occurrences_past_at_the_first_load() -> None:
    history = PlanHistory(plan(deadline(monthly())), loaded_at=at(6, 1))
    history.revise(replace(history.plan, milestones=(edited(history, monthly(until=date(2024, 6, 30))),)), at(7, 1))
    unknown = {o.milestone for o in history.agenda().obligations if o.unknown}
    assert unknown == {f"report@2023-0{month}-25" for month in range(1, 6)}


def test_a_duty_can_become_recurring_by_decision() -> None:
    history = history_of(deadline(AUGUST))
    history.record("amended", at(3, 1), "report", form=monthly())
    assert history.ladder("report@2023-05-25")[0] == "05-10 before:14d"
    assert history.rungs("report") == []
