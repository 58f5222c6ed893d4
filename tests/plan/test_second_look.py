"""Why a rung that was promised is no longer owed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scheduler.plan import reasons
from scheduler.plan.agenda import Rung
from scheduler.plan.dates.date_forms import By, On, Undated, Window
from scheduler.plan.model import Group
from scheduler.plan.second_look import why_gone, why_not_owed
from tests.support.plan_builders import PlanHistory, at, deadline, event, history_of

FRIDAY = date(2023, 3, 17)
REPORT = deadline(By(FRIDAY))
WINDOW = Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")


def fixed(day: int) -> PlanHistory:
    """Return a plan with a meeting on a day in June."""
    return history_of(event(On(date(2023, 6, day), date(2023, 6, day))))


def rung(**changes: Any) -> Rung:
    """Return a reminder of beta's report."""
    values: dict[str, Any] = {
        "milestone": "report", "party": "beta", "name": "before:7d", "due": FRIDAY, "at": at(3, 10), "kind": "reminder",
    }  # fmt: skip
    return Rung(**(values | changes))


def of_meeting(**changes: Any) -> Rung:
    """Return a rung of a meeting that lay on 1 June."""
    return rung(**{"milestone": "meeting", "due": date(2023, 6, 1)} | changes)


@pytest.mark.parametrize(
    ("now", "known", "reason"),
    [
        (history_of(REPORT), rung(), None),
        (history_of(event(WINDOW)), rung(), "report is no longer in the plan"),
        (history_of(REPORT), rung(party="delta"), "delta no longer has a part in report"),
        (history_of(deadline(By(date(2023, 3, 24)))), rung(), "the date moved to 2023-03-24"),
        (history_of(event(WINDOW)), of_meeting(party="lead", due=FRIDAY), "the window moved to 2023-06-01"),
        (history_of(replace(REPORT, form=Undated("later"))), rung(), "the date is open again"),
        (fixed(8), of_meeting(party="lead", kind="fix-date"), "the date was fixed: 2023-06-08"),
        (fixed(1), of_meeting(party="lead", kind="fix-date"), "the date was fixed: 2023-06-01"),
        (fixed(8), of_meeting(), "the date was fixed: 2023-06-08"),
    ],
)
def test_a_rung_that_the_plan_holds_no_more_says_why(now: PlanHistory, known: Rung, reason: str | None) -> None:
    """In words for a person; the ledger and the last looks before sending say the same."""
    gone = why_gone(now.agenda(), known)
    assert (gone and str(gone)) == reason
    assert why_not_owed(now.agenda(), known) == (("cancelled", gone) if reason else None)


def test_a_rung_about_what_is_closed_is_skipped_even_if_its_date_moved() -> None:
    history = history_of(REPORT)
    history.record("received", at(3, 1), "report", "beta")
    assert why_not_owed(history.agenda(), rung(due=date(2023, 3, 10))) == (
        "skipped",
        reasons.closed("received", date(2023, 3, 1), None, ""),
    )


def test_a_declaration_after_its_instant_skips_a_reminder_and_nothing_else() -> None:
    """One that was known before made the agenda skip it already."""
    history = history_of(REPORT)
    history.record("declared", at(3, 10, 9), "report", "beta", channel="paper")
    said = reasons.said_sent(date(2023, 3, 10), "paper")
    assert why_not_owed(history.agenda(), rung(at=at(3, 10, 8))) == ("skipped", said)
    assert why_not_owed(history.agenda(), rung(at=at(3, 10, 10))) is None
    assert why_not_owed(history.agenda(), rung(at=at(3, 10, 8), kind="escalation")) is None


def test_a_choice_is_owed_until_every_group_is_filled() -> None:
    groups = [Group(id=id, chosen_by="lead", after="report") for id in ("winners", "guests")]
    history = history_of(REPORT, groups=groups)
    asked = rung(party="lead", kind="choose", name="choose:1")
    history.record("nominated", at(3, 1), group="winners", parties=("beta",))
    assert why_not_owed(history.agenda(), asked) is None
    history.record("nominated", at(3, 2), group="guests")
    assert why_not_owed(history.agenda(), asked) == ("skipped", reasons.CHOSEN)
