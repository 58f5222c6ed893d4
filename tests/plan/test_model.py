"""The words of a plan as values."""

from __future__ import annotations

from datetime import date

import pytest

from scheduler.plan.dates.date_forms import Before, DayCount, On
from scheduler.plan.model import Office
from tests.support.plan_builders import days, deadline, event, plan, working_days


@pytest.mark.parametrize(
    ("step", "code", "words"),
    [
        (days(14), "14d", "14 days"),
        (days(1), "1d", "1 day"),
        (working_days(1), "1wd", "1 working day"),
        (working_days(3), "3wd", "3 working days"),
    ],
)
def test_a_count_has_a_short_form_for_rungs_and_one_to_read(step: DayCount, code: str, words: str) -> None:
    assert (step.code, str(step)) == (code, words)


def test_an_occurrence_leads_to_its_milestone() -> None:
    report = deadline(Before(date(2023, 8, 10)))
    assert plan(report).milestone("report@2023-08-10") == plan(report).milestone("report") == report


def test_the_responsible_own_a_deadline_and_the_organiser_an_event() -> None:
    assert deadline(Before(date(2023, 8, 10)), organiser=("beta",)).owners == ("members",)
    assert event(On(date(2023, 6, 8), date(2023, 6, 8)), responsible=("beta",)).owners == ("lead",)


@pytest.mark.parametrize(
    ("short", "office", "name"),
    [("Cluster", "Office", "Cluster"), ("", "Office", "Office"), ("", "", "Plan")],
)
def test_mails_are_sent_in_the_shortest_name_there_is(short: str, office: str, name: str) -> None:
    assert plan(short=short, office=Office(name=office)).sender_name == name
