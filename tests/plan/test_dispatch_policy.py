"""What becomes of rungs whose instant has come (rules 1 and 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from scheduler.plan import reasons
from scheduler.plan.dates.date_forms import Before
from scheduler.plan.dispatch_policy import Decision, DueRung, decide, last_moment, opening, working_days_late
from scheduler.plan.model import Escalation, Ladder
from tests.support.plan_builders import at, deadline, plan, vietnam, working_days

LADDER = Ladder(
    escalate=(Escalation(after=working_days(2), to="lead"), Escalation(after=working_days(5), to="deputies"))
)
EARLY = Ladder(opens=time(6), closes=time(20))
PLAN = plan(
    deadline(Before(date(2023, 8, 10)), ladder=LADDER),
    deadline(Before(date(2023, 8, 10)), "early", ladder=EARLY),
    workdays=vietnam(2023),
)
SEND = Decision("send")


def rung(name: str, instant: datetime, noticed: datetime | None = None, milestone: str = "report") -> DueRung:
    """Return a due rung of beta's."""
    return DueRung(milestone, "beta", name, instant, noticed)


def wait(until: datetime) -> Decision:
    """Return the decision to wait for an opening."""
    return Decision("wait", until=until)


def missed(count: int) -> Decision:
    """Return the decision to let a rung go that is so many working days late."""
    return Decision("missed", reasons.days_late(count))


def alone(due: DueRung, now: datetime) -> Decision:
    """Return what becomes of one rung."""
    (decision,) = decide([due], plan=PLAN, now=now)
    return decision


def test_a_rung_on_time_is_sent() -> None:
    assert alone(rung("target", at(8, 9)), at(8, 9)) == SEND


def test_nothing_due_nothing_decided() -> None:
    assert decide([], plan=PLAN, now=at(8, 9)) == []


@pytest.mark.parametrize(
    ("due", "now", "late"),
    [
        (at(8, 9), at(8, 9, 16), 0),
        (at(8, 9), at(8, 10, 9), 1),
        (at(8, 9), at(8, 11, 16), 2),
        (at(8, 9), at(8, 12, 10), 2),  # Saturday adds nothing
        (at(8, 9), at(8, 14, 9), 3),
        (at(1, 19), at(1, 27, 9), 1),  # nor does Tết
    ],
)
def test_lateness_is_counted_in_working_days_after_the_rungs_day(due: datetime, now: datetime, late: int) -> None:
    assert working_days_late(due, now, PLAN) == late


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(8, 11, 16), SEND),
        (at(8, 11, 17), wait(at(8, 14))),
        (at(8, 12, 10), wait(at(8, 14))),
        (at(8, 14, 6), missed(3)),
        (at(8, 14, 9), missed(3)),
    ],
)
def test_more_than_two_working_days_late_is_missed(now: datetime, expected: Decision) -> None:
    """A rung of Wednesday, the daemon back on Friday, over the weekend, or on Monday."""
    assert alone(rung("target", at(8, 9)), now) == expected


def test_what_was_noticed_on_friday_evening_still_leaves_on_monday() -> None:
    due = rung("target", at(8, 9), noticed=at(8, 11, 18))
    assert alone(due, at(8, 13, 12)) == wait(at(8, 14))
    assert alone(due, at(8, 14, 7, 59)) == wait(at(8, 14))
    assert alone(due, at(8, 14)) == SEND
    assert alone(due, at(8, 14, 16)) == SEND


def test_the_opening_it_waited_for_passes_but_once() -> None:
    """The daemon went down again before Monday's opening and came back on Tuesday."""
    assert alone(rung("target", at(8, 9), noticed=at(8, 11, 18)), at(8, 15, 9)) == missed(4)
    assert alone(rung("target", at(8, 11), noticed=at(8, 11, 18)), at(8, 15, 9)) == SEND


def test_what_was_noticed_in_the_hours_and_not_sent_grows_late() -> None:
    assert alone(rung("target", at(8, 9), noticed=at(8, 9, 10)), at(8, 14, 9)) == missed(3)


def test_of_several_late_rungs_the_newest_leaves() -> None:
    due = [
        rung("before:3wd", at(8, 4)),
        rung("before:1wd", at(8, 8)),
        rung("target", at(8, 9)),
        rung("named-day", at(8, 10)),
    ]
    newer = Decision("skipped", reasons.came_late("named-day"))
    assert decide(due, plan=PLAN, now=at(8, 10, 9)) == [missed(4), newer, newer, SEND]


def test_the_newest_is_found_in_any_order() -> None:
    due = [rung("named-day", at(8, 10)), rung("target", at(8, 9))]
    assert [d.act for d in decide(due, plan=PLAN, now=at(8, 10, 9))] == ["send", "skipped"]


def test_outside_the_hours_the_newest_waits() -> None:
    due = [rung("target", at(8, 9)), rung("named-day", at(8, 10))]
    acts = decide(due, plan=PLAN, now=at(8, 10, 18))
    assert acts == [Decision("skipped", reasons.came_late("named-day")), wait(at(8, 11))]


def test_other_obligations_do_not_matter() -> None:
    due = [
        rung("target", at(8, 9)),
        DueRung("report", "gamma", "named-day", at(8, 10)),
        rung("named-day", at(8, 10), milestone="early"),
    ]
    assert decide(due, plan=PLAN, now=at(8, 10, 9)) == [SEND] * 3


def test_an_escalation_goes_to_somebody_else_and_swallows_no_notice() -> None:
    due = [rung("overdue:1", at(8, 11)), rung("escalate:2wd", at(8, 14))]
    assert decide(due, plan=PLAN, now=at(8, 15, 9)) == [SEND, SEND]


def test_escalations_to_different_addressees_both_leave() -> None:
    due = [rung("escalate:2wd", at(8, 14)), rung("escalate:5wd", at(8, 14))]
    assert decide(due, plan=PLAN, now=at(8, 15, 9)) == [SEND, SEND]


def test_escalations_to_one_addressee_are_told_of_once() -> None:
    twice = replace(LADDER, escalate=tuple(replace(e, to="lead") for e in LADDER.escalate))
    changed = plan(deadline(Before(date(2023, 8, 10)), ladder=twice))
    due = [rung("escalate:2wd", at(8, 14)), rung("escalate:5wd", at(8, 15))]
    assert [d.act for d in decide(due, plan=changed, now=at(8, 16, 9))] == ["skipped", "send"]


def test_a_choice_and_another_question_of_one_instant_both_leave() -> None:
    """On 15 November the lead is asked for a date and for the nominees: two questions."""
    due = [rung("fix-date:passed", at(8, 10)), rung("choose:1", at(8, 10))]
    assert decide(due, plan=PLAN, now=at(8, 10)) == [SEND, SEND]


def test_of_several_late_choices_the_newest_leaves() -> None:
    due = [rung("choose:1", at(8, 8)), rung("choose:2", at(8, 10))]
    assert [d.act for d in decide(due, plan=PLAN, now=at(8, 10, 9))] == ["skipped", "send"]


# ---- openings and the last moment


def test_a_milestone_can_have_hours_of_its_own() -> None:
    evening = at(8, 9, 18)
    assert opening(PLAN, "early", evening) == evening
    assert opening(PLAN, "report", evening) == at(8, 10)
    assert opening(PLAN, None, evening) == at(8, 10)


def test_an_occurrence_has_the_hours_of_its_milestone() -> None:
    assert opening(PLAN, "early@2023-08-10", at(8, 9, 18)) == at(8, 9, 18)


@pytest.mark.parametrize(
    ("due", "composed", "following", "expected"),
    [
        (at(8, 9), at(8, 9), None, at(8, 14)),  # Thursday and Friday are gone by Monday's opening
        (at(8, 9), at(8, 9), at(8, 10), at(8, 10)),
        (at(8, 9), at(8, 9), at(8, 30), at(8, 14)),
        (at(8, 9), at(8, 11, 9), None, at(8, 16)),  # composed late: counted from then
        (at(8, 9), at(8, 11, 9), at(8, 10), at(8, 16)),  # a next rung already past does not count
        (at(8, 9), at(8, 9), at(8, 9), at(8, 14)),  # nor one of this very instant
    ],
)
def test_a_composed_mail_is_too_old_at_the_next_rung_or_after_two_working_days(
    due: datetime, composed: datetime, following: datetime | None, expected: datetime
) -> None:
    assert last_moment(due, composed, following, PLAN) == expected


def test_a_decision_is_the_same_however_often_it_is_asked() -> None:
    due = [rung("target", at(8, 9)), rung("named-day", at(8, 10))]
    now = at(8, 10, 9) + timedelta(minutes=1)
    assert decide(due, plan=PLAN, now=now) == decide(due, plan=PLAN, now=now)
