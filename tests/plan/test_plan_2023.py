"""The dates of the plan of 2023, the one the tool was made for: seven milestones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scheduler.plan.dates.date_forms import Before, Window
from scheduler.plan.model import Group, Ladder
from scheduler.plan.status import is_complete, still_needed
from tests.support.plan_builders import (
    PlanHistory,
    at,
    deadline,
    event,
    party,
    plan,
    reasons,
    vietnam,
    written,
)

DEPUTIES = Group(id="deputies", parties=("beta",))
NOMINEES = Group(id="nominees", chosen_by="lead", after="tong-ket")

MILESTONES = (
    deadline(Before(date(2023, 3, 20)), "dang-ky"),
    event(Window(date(2023, 6, 1), date(2023, 6, 10), "đầu tháng 6 năm 2023"), "so-ket"),
    deadline(Before(date(2023, 8, 10)), "bao-cao-so-ket", responsible=("lead",), needs=("so-ket",)),
    deadline(Before(date(2023, 10, 30)), "kiem-tra", responsible=("lead", "deputies")),
    event(Before(date(2023, 11, 15)), "tong-ket"),
    deadline(Before(date(2023, 11, 20)), "ho-so-tong-ket", responsible=("lead",), needs=("tong-ket",)),
    deadline(Before(date(2023, 11, 30)), "khen-thuong", responsible=("nominees",)),
)


def year() -> PlanHistory:
    """Return the plan as its office would load it on 20 February."""
    settled = plan(
        *MILESTONES,
        groups=(DEPUTIES, NOMINEES),
        issued=date(2023, 3, 20),
        remind_from=date(2023, 2, 20),
        workdays=vietnam(2023),
    )
    return PlanHistory(settled, loaded_at=at(2, 20, 0))


BEFORE = ["before:14d", "before:7d", "before:3wd", "before:1wd", "target", "named-day"]
AFTER = ["overdue:1", "overdue:2", "overdue:3", "escalate:2wd"]


def ladder(*days: str) -> list[str]:
    """Return the names of a full ladder with their days."""
    return [f"{day} {name}" for day, name in zip(days, BEFORE + AFTER, strict=True)]


@pytest.mark.parametrize(
    ("milestone", "expected"),
    [
        (
            "dang-ky",
            ("03-03", "03-10", "03-14", "03-16", "03-17", "03-20", "03-21", "03-23", "03-27", "03-22"),
        ),
        (
            "bao-cao-so-ket",
            ("07-26", "08-02", "08-04", "08-08", "08-09", "08-10", "08-11", "08-15", "08-17", "08-14"),
        ),
        (
            "kiem-tra",
            ("10-13", "10-20", "10-24", "10-26", "10-27", "10-30", "10-31", "11-02", "11-06", "11-01"),
        ),
        (
            "ho-so-tong-ket",
            ("11-03", "11-10", "11-14", "11-16", "11-17", "11-20", "11-21", "11-23", "11-27", "11-22"),
        ),
    ],
)
def test_the_ladder_of_each_deadline(milestone: str, expected: tuple[str, ...]) -> None:
    assert year().ladder(milestone, "lead") == ladder(*expected)


def test_the_registration_is_late_from_its_named_day_only_by_the_strict_reading() -> None:
    history = year()
    agenda = history.agenda()
    lenient = agenda.by_key["dang-ky", "beta"].due
    history.plan = replace(history.plan, lateness="strict")
    strict = history.agenda().by_key["dang-ky", "beta"].due
    assert lenient is not None
    assert strict is not None
    assert (lenient.target, lenient.late_from) == (date(2023, 3, 17), at(3, 21, 0))
    assert (strict.target, strict.late_from) == (date(2023, 3, 17), at(3, 20, 0))
    rungs = history.rungs("dang-ky", "beta")
    assert written(rungs)[-4:] == ["03-20 overdue:1", "03-22 overdue:2", "03-24 overdue:3", "03-21 escalate:2wd"]
    assert reasons(rungs) == {"named-day": "2023-03-20 is already late"}


def test_a_plan_loaded_on_its_day_of_issue_accuses_nobody_of_a_date_already_past() -> None:
    """Issued on 20 March, it asks for the registration before 20 March."""
    history = replace(year(), loaded_at=at(3, 20, 9))
    assert history.agenda().by_key["dang-ky", "beta"].unknown
    assert history.rungs("dang-ky", "beta") == []


def test_only_the_organiser_is_chased_for_the_date_of_the_mid_year_meeting() -> None:
    history = year()
    assert history.ladder("so-ket", "lead") == [
        "04-28 fix-date:30d",
        "05-18 fix-date:14d",
        "05-25 fix-date:7d",
        "06-12 fix-date:passed",
    ]
    assert history.rungs("so-ket", "beta") == []


def test_the_date_of_the_final_meeting_is_asked_for_back_from_its_target_day() -> None:
    assert year().ladder("tong-ket", "lead") == [
        "10-13 fix-date:30d",
        "10-31 fix-date:14d",
        "11-07 fix-date:7d",
        "11-15 fix-date:passed",
        "11-15 choose:1",
        "11-17 choose:2",
        "11-21 choose:3",
    ]


def test_only_nominees_report_for_the_award() -> None:
    history = year()
    assert not [o for o in history.agenda().obligations if o.milestone == "khen-thuong"]
    history.record("nominated", at(11, 16, 10), group="nominees", parties=("gamma",))
    assert history.ladder("khen-thuong", "gamma") == [
        "11-22 before:7d",
        "11-24 before:3wd",
        "11-28 before:1wd",
        "11-29 target",
        "11-30 named-day",
        "12-01 overdue:1",
        "12-05 overdue:2",
        "12-07 overdue:3",
        "12-04 escalate:2wd",
    ]
    assert history.ladder("khen-thuong", "beta") == []
    assert set(reasons([r for r in history.rungs("tong-ket", "lead") if r.kind == "choose"]).values()) == {
        "the parties were chosen"
    }


def test_the_reports_wait_for_their_meetings() -> None:
    history = year()
    agenda = history.agenda()
    report = history.plan.milestone("bao-cao-so-ket")
    waiting = [(m.id, [p.id for p in parties]) for m, parties in still_needed(agenda, report, at(7, 1))]
    assert waiting == [("so-ket", ["lead"])]
    assert not is_complete(agenda, "bao-cao-so-ket", at(12, 1))


def test_a_hurried_ladder_squeezes_into_the_days_there_are() -> None:
    """Loaded four working days before the target, only the rungs still ahead exist."""
    history = replace(year(), loaded_at=at(3, 13, 10))
    assert history.ladder("dang-ky", "beta")[0] == "03-14 before:3wd"


def test_a_party_of_two_groups_owes_once() -> None:
    doubled = replace(MILESTONES[0], responsible=("members", "deputies", "beta"))
    history = PlanHistory(plan(doubled, groups=(DEPUTIES,), parties=(party("lead"), party("beta"), party("gamma"))))
    assert [o.party for o in history.agenda().obligations] == ["lead", "beta", "gamma"]


def test_a_ladder_of_its_own_replaces_the_plans() -> None:
    own = replace(MILESTONES[0], ladder=Ladder(before=(None,), overdue=None, escalate=(), on_named_day=False))
    assert PlanHistory(plan(own)).ladder("dang-ky") == ["03-17 target"]
