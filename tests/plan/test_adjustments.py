"""What the office decides about single reminders: one is left out, all pause for a while, or one leaves at once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scheduler.plan import reasons
from scheduler.plan.dates.date_forms import Before, By, On, Undated, Window
from scheduler.plan.facts import Fact
from scheduler.plan.ladders.adjustments import reminder_kind
from scheduler.plan.second_look import why_not_owed
from tests.support.plan_builders import PlanHistory, at, deadline, event, history_of

AUGUST = Before(date(2023, 8, 10))
JUNE = Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")
TWO_DAYS = On(date(2023, 6, 7), date(2023, 6, 8), None)


@pytest.fixture
def history() -> PlanHistory:
    return history_of(deadline(AUGUST))


def decide(history: PlanHistory, kind: Any, month: int, day: int, hour: int = 9, **details: Any) -> Fact:
    """Record what the office decides about beta's report."""
    about = {"milestone": "report", "party": "beta", "reason": "phone call"} | details
    return history.record(kind, at(month, day, hour), **about)


def reasons_of(history: PlanHistory) -> dict[str, str]:
    return {rung.name: str(rung.reason) for rung in history.rungs() if rung.reason}


# ---- one step is left out


def test_a_step_that_is_left_out_says_why_and_all_others_stay(history: PlanHistory) -> None:
    before = history.ladder()
    decide(history, "skipped", 7, 20, step="before:1wd", due=date(2023, 8, 10))
    assert history.ladder() == [rung for rung in before if rung != "08-08 before:1wd"]
    assert reasons_of(history)["before:1wd"] == "the office left it out: phone call"
    assert history.ladder(party="gamma") == before


def test_a_report_to_the_lead_can_be_left_out_too(history: PlanHistory) -> None:
    decide(history, "skipped", 7, 20, step="escalate:2wd", due=date(2023, 8, 10))
    assert not [rung for rung in history.ladder() if "escalate:2wd" in rung]


def test_what_was_left_out_for_one_date_is_not_left_out_for_another(history: PlanHistory) -> None:
    decide(history, "skipped", 7, 20, step="before:1wd", due=date(2023, 8, 10))
    history.record("extended", at(7, 21), "report", "beta", form=By(date(2023, 8, 31)))
    assert [rung for rung in history.ladder() if "before:1wd" in rung]


def test_a_step_that_the_plan_itself_skips_keeps_that_reason() -> None:
    """The named day is a Saturday."""
    history = history_of(deadline(Before(date(2023, 8, 12))))
    before = reasons_of(history)
    decide(history, "skipped", 7, 20, step="named-day", due=date(2023, 8, 12))
    assert reasons_of(history) == before


# ---- a pause


def test_reminders_pause_and_one_follows_the_end(history: PlanHistory) -> None:
    """It is the overdue notice if the deadline has passed meanwhile, and the plan's steps go on after it."""
    decide(history, "snoozed", 8, 4, until=date(2023, 8, 13))
    resumed = [rung for rung in history.rungs() if rung.name.startswith("resume")]
    assert [(rung.at, rung.kind) for rung in resumed] == [(at(8, 14), "overdue")]
    assert str(resumed[0].note) == "the first working day after the pause until 2023-08-13"
    assert [rung for rung in history.ladder() if "escalate" not in rung] == [
        *("07-26 before:14d", "08-02 before:7d", "08-04 before:3wd"),
        *("08-14 resume:1", "08-15 overdue:2", "08-17 overdue:3"),
    ]
    assert reasons_of(history)["target"] == "the office paused the reminders until 2023-08-13: phone call"


def test_a_pause_that_holds_nothing_back_is_followed_by_nothing(history: PlanHistory) -> None:
    before = history.ladder()
    decide(history, "snoozed", 4, 4, until=date(2023, 4, 13))
    assert history.ladder() == before


def test_the_days_of_a_pause_do_not_count_on_the_way_to_the_lead(history: PlanHistory) -> None:
    [rung] = [rung for rung in history.rungs() if rung.name == "escalate:2wd"]
    decide(history, "snoozed", 8, 11, hour=7, until=date(2023, 8, 14))
    [moved] = [rung for rung in history.rungs() if rung.name == "escalate:2wd"]
    assert (rung.at, moved.at) == (at(8, 14), at(8, 16))


def test_no_party_is_reported_before_it_was_reminded_after_a_pause(history: PlanHistory) -> None:
    decide(history, "snoozed", 3, 2, until=date(2023, 9, 15))
    rungs = [rung for rung in history.rungs() if rung.state == "planned"]
    first = min(rung.at for rung in rungs if rung.kind == "overdue")
    assert all(rung.at > first for rung in rungs if rung.kind == "escalation")


def test_a_later_pause_ends_the_one_before(history: PlanHistory) -> None:
    """Only the end of the last one is followed by a reminder; a shorter one lets the steps go on earlier."""
    decide(history, "snoozed", 8, 1, until=date(2023, 8, 31))
    decide(history, "snoozed", 8, 2, until=date(2023, 8, 8))
    ladder = history.ladder()
    assert ladder[:2] == ["07-26 before:14d", "08-09 target"]
    assert reasons_of(history)["resume:2"] == "same day as target"
    assert not [rung for rung in history.rungs() if rung.name == "resume:1"]


def test_a_pause_that_is_taken_back_leaves_the_ladder_as_it_was(history: PlanHistory) -> None:
    before = history.ladder()
    history.undo(decide(history, "snoozed", 8, 1, until=date(2023, 8, 31)), at(8, 2))
    assert history.ladder() == before


@pytest.mark.parametrize("is_undone", [False, True])
def test_what_a_pause_has_held_back_is_followed_up_when_it_ends_before_its_time(
    history: PlanHistory, is_undone: bool
) -> None:
    """A shorter one replaces it, or it is taken back: the party is reminded once, and reported to the lead after it."""
    long = decide(history, "snoozed", 8, 9, until=date(2023, 9, 15))
    if is_undone:
        history.undo(long, at(8, 23, 9))
    else:
        decide(history, "snoozed", 8, 21, until=date(2023, 8, 22))
    ladder = {rung.name: rung.at for rung in history.rungs() if rung.state == "planned" and rung.at >= at(8, 9, 9)}
    [resumed] = [when for name, when in ladder.items() if name.startswith("resume")]
    assert resumed == (at(8, 23, 9) if is_undone else at(8, 23))
    assert set(ladder) == {f"resume:{1 if is_undone else 2}", "escalate:2wd"}
    assert ladder["escalate:2wd"] == at(8, 25)


def test_taking_back_an_earlier_pause_does_not_end_a_later_one(history: PlanHistory) -> None:
    first = decide(history, "snoozed", 8, 1, until=date(2023, 8, 31))
    decide(history, "snoozed", 8, 3, until=date(2023, 8, 8))
    before = [rung for rung in history.ladder() if rung > "08-04"]
    history.undo(first, at(8, 4, 9))
    assert [rung for rung in history.ladder() if rung > "08-04"] == before


def test_a_pause_that_is_taken_back_after_its_end_has_been_followed_up_already(history: PlanHistory) -> None:
    pause = decide(history, "snoozed", 8, 1, until=date(2023, 8, 3))
    history.undo(pause, at(8, 7, 9))
    assert not [rung for rung in history.ladder() if rung.startswith("08-07")]


def test_a_pause_that_begins_before_the_last_one_was_followed_up_goes_on_with_it(history: PlanHistory) -> None:
    decide(history, "snoozed", 8, 11, hour=7, until=date(2023, 9, 15))
    decide(history, "snoozed", 9, 16, until=date(2023, 9, 20))
    assert [rung for rung in history.ladder() if rung > "08-11"] == ["09-21 resume:2", "09-25 escalate:2wd"]


def test_the_lead_is_told_after_the_reminder_that_follows_a_pause(history: PlanHistory) -> None:
    decide(history, "snoozed", 8, 14, hour=7, until=date(2023, 8, 20))
    assert [rung for rung in history.ladder() if rung > "08-14"] == ["08-21 resume:1", "08-22 escalate:2wd"]


def test_a_step_that_is_left_out_does_not_bring_back_one_that_gave_way_to_it(history: PlanHistory) -> None:
    decide(history, "snoozed", 8, 12, until=date(2023, 8, 14))
    decide(history, "skipped", 8, 13, step="overdue:2", due=date(2023, 8, 10))
    assert "08-15" not in " ".join(rung for rung in history.ladder() if "escalate" not in rung)


def test_a_reminder_that_was_asked_for_is_held_back_by_a_later_pause_or_left_out(history: PlanHistory) -> None:
    decide(history, "reminded", 7, 28, hour=20)
    decide(history, "snoozed", 7, 29, until=date(2023, 8, 3))
    assert reasons_of(history)["remind:1"] == "the office paused the reminders until 2023-08-03: phone call"
    decide(history, "reminded", 8, 4, hour=20)
    decide(history, "skipped", 8, 5, step="remind:3", due=date(2023, 8, 10))
    assert reasons_of(history)["remind:3"] == "the office left it out: phone call"


def test_a_step_that_waits_since_before_the_pause_is_held_back_too(history: PlanHistory) -> None:
    """The mail server was away: the look before sending finds the pause."""
    decide(history, "snoozed", 8, 4, hour=8, until=date(2023, 8, 7))
    agenda = history.agenda()
    [waiting] = [rung for rung in history.rungs() if rung.name == "before:3wd"]
    assert why_not_owed(agenda, waiting) == ("skipped", reasons.office_pauses(date(2023, 8, 7), "phone call"))
    [later] = [rung for rung in history.rungs() if rung.name == "target"]
    assert why_not_owed(agenda, later) is None


def test_a_pause_is_over_for_a_party_that_has_submitted(history: PlanHistory) -> None:
    decide(history, "snoozed", 8, 4, until=date(2023, 8, 13))
    history.record("received", at(8, 7), "report", "beta")
    assert {rung.state for rung in history.rungs() if rung.name.startswith("resume")} == {"cancelled"}


def test_a_request_to_fix_a_day_pauses_too() -> None:
    history = history_of(event(JUNE, organiser=("beta",)))
    history.record("snoozed", at(5, 1, 9), "meeting", "beta", until=date(2023, 5, 31), reason="x")
    ladder = history.ladder("meeting")
    assert not [rung for rung in ladder if "05-01" < rung < "05-31"]
    assert [rung for rung in history.rungs("meeting") if rung.name == "resume:1" and rung.kind == "fix-date"]


def test_an_event_that_begins_within_the_pause_is_not_reminded_of_afterwards() -> None:
    history = history_of(event(TWO_DAYS, organiser=("lead",), attendees=("beta",)))
    history.record("snoozed", at(5, 25), "meeting", "beta", until=date(2023, 6, 10), reason="x")
    assert not [rung for rung in history.ladder("meeting") if "resume" in rung or "event" in rung]


# ---- a reminder at once


@pytest.mark.parametrize(
    ("day", "hour", "leaves", "kind"),
    [(1, 9, at(8, 1, 9), "reminder"), (5, 9, at(8, 7), "reminder"), (15, 20, at(8, 16), "overdue")],
)
def test_a_reminder_that_is_asked_for_leaves_at_the_next_opening(
    history: PlanHistory, day: int, hour: int, leaves: Any, kind: str
) -> None:
    before = history.ladder()
    decide(history, "reminded", 8, day, hour)
    [rung] = [rung for rung in history.rungs() if rung.name == "remind:1"]
    assert (rung.at, rung.kind, str(rung.note)) == (leaves, kind, "the office asked for it: phone call")
    assert [one for one in history.ladder() if "remind" not in one] == before


def test_it_leaves_though_the_party_says_that_it_has_sent_it_and_in_a_pause(history: PlanHistory) -> None:
    history.record("declared", at(8, 1), "report", "beta", channel="paper")
    decide(history, "snoozed", 8, 1, until=date(2023, 8, 13))
    decide(history, "reminded", 8, 2)
    assert [rung.state for rung in history.rungs() if rung.name == "remind:3"] == ["planned"]


def test_what_was_asked_for_before_the_date_changed_is_not_asked_for_again(history: PlanHistory) -> None:
    decide(history, "reminded", 7, 3)
    history.record("extended", at(7, 21), "report", "beta", form=By(date(2023, 8, 31)))
    assert not [rung for rung in history.rungs() if rung.name.startswith("remind")]


def test_what_left_under_a_date_that_was_taken_back_does_not_leave_again(history: PlanHistory) -> None:
    """Neither a reminder that was asked for nor one that followed a pause; what has not left yet still does."""
    wrong = history.record("extended", at(7, 3, 9), "report", "beta", form=By(date(2023, 8, 31)))
    decide(history, "reminded", 7, 3, 10)
    decide(history, "snoozed", 8, 22, until=date(2023, 8, 26))
    decide(history, "reminded", 8, 29, 20)
    assert {"remind:2", "resume:3", "remind:4"} <= {rung.name for rung in history.rungs()}
    history.undo(wrong, at(8, 29, 21))
    assert {rung.name for rung in history.rungs() if rung.name[:6] in ("remind", "resume")} == {"remind:4"}


def test_what_left_before_a_date_that_was_taken_back_stays_as_it_was(history: PlanHistory) -> None:
    decide(history, "reminded", 7, 3)
    before = history.rungs()
    wrong = history.record("extended", at(7, 21), "report", "beta", form=By(date(2023, 8, 31)))
    history.undo(wrong, at(7, 21, 1))
    assert [rung for rung in history.rungs() if "remind" in rung.name] == [r for r in before if "remind" in r.name]


def test_what_followed_a_pause_before_the_date_changed_does_not_leave_again(history: PlanHistory) -> None:
    decide(history, "snoozed", 8, 1, until=date(2023, 8, 8))
    assert [rung.at for rung in history.rungs() if rung.name == "resume:1"] == [at(8, 9)]
    history.record("extended", at(8, 9, 10), "report", "beta", form=By(date(2023, 8, 14)))
    assert "resume:1" not in {rung.name for rung in history.rungs()}


def test_an_organiser_is_asked_for_the_day_at_once() -> None:
    history = history_of(event(JUNE, organiser=("beta",)))
    history.record("reminded", at(4, 3, 9), "meeting", "beta", reason="x")
    assert [rung.kind for rung in history.rungs("meeting") if rung.name == "remind:1"] == ["fix-date"]


def test_nobody_is_reminded_of_what_has_no_day_or_has_begun_or_is_for_others_to_fix() -> None:
    undated = history_of(event(Undated("as agreed"), organiser=("beta",)))
    undated.record("reminded", at(4, 3, 9), "meeting", "beta", reason="x")
    begun = history_of(event(TWO_DAYS, organiser=("lead",), attendees=("beta",)))
    begun.record("reminded", at(6, 7, 9), "meeting", "beta", reason="x")
    attending = history_of(event(JUNE, organiser=("lead",), attendees=("beta",)))
    attending.record("reminded", at(4, 3, 9), "meeting", "beta", reason="x")
    for history in (undated, begun, attending):
        assert not [rung for rung in history.rungs("meeting") if rung.name.startswith("remind")]
        o = history.agenda().by_key["meeting", "beta"]
        assert reminder_kind(history.plan, o, at(6, 7, 9)) is None


# ---- what does not follow


def test_a_note_changes_no_step(history: PlanHistory) -> None:
    before = history.rungs()
    history.record("noted", at(7, 3), "report", "beta", note="phone call")
    assert history.rungs() == before


def test_decisions_about_mails_do_not_say_whether_something_in_doubt_is_open() -> None:
    history = history_of(deadline(Before(date(2023, 1, 10))))
    history.record("noted", at(3, 3), "report", "beta", note="x")
    assert history.agenda().by_key["report", "beta"].unknown
