"""What a person asks to be recorded, as a fact."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest

from scheduler.errors import NothingMatched, UserError
from scheduler.plan.commands import AmendDate, Command, Declare, Extend, FixDate, RecordReceived, Scenario
from scheduler.plan.dates.date_forms import By, On, Window
from scheduler.plan.facts import DEFINITION, Actor, Amended, DateFixed, Extended, Received
from scheduler.plan.model import Channel
from scheduler.services.commands import build_fact
from tests.support.daemon_fixture import FRIDAY, plan, report
from tests.support.plan_builders import at, event

NOW = at(3, 21, 9)
PLAN = plan(report(), event(Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")))


def received(**details: Any) -> Received:
    """Return the fact of a submission of the report."""
    fact = build_fact(PLAN, RecordReceived(at=NOW, milestone="report", party="beta", **details))
    assert isinstance(fact, Received)
    return fact


def date_fixed(milestone: str, **details: Any) -> DateFixed:
    """Return the fact of a fixed date."""
    fact = build_fact(PLAN, FixDate(at=NOW, milestone=milestone, **details))
    assert isinstance(fact, DateFixed)
    return fact


def test_a_submission_happened_when_it_was_recorded_unless_somebody_says_otherwise() -> None:
    """The time of receipt decides lateness."""
    assert received().happened_at == NOW
    assert received(received_at=at(3, 17, 18)).happened_at == at(3, 17, 18)


def test_a_postmark_counts_for_paper() -> None:
    """The middle of its day, in the plan's zone (contract rule 8)."""
    fact = received(channel="paper", sent_on=FRIDAY)
    assert (fact.happened_at, fact.recorded_at) == (at(3, 17, 12), NOW)


def test_a_postmark_of_today_does_not_lie_in_the_future() -> None:
    """At nine in the morning its day's noon has not come."""
    assert received(channel="paper", sent_on=date(2023, 3, 21)).happened_at == NOW


@pytest.mark.parametrize(
    "when", [{"received_at": at(3, 21, 10)}, {"received_on": date(2023, 3, 22)}], ids=["hour", "day"]
)
@pytest.mark.parametrize("paper", [{}, {"channel": "paper", "sent_on": FRIDAY}], ids=["without", "with a postmark"])
def test_what_came_did_not_come_in_the_future(when: dict[str, Any], paper: dict[str, Any]) -> None:
    """Also where a postmark in time decides lateness."""
    with pytest.raises(UserError, match="in the future"):
        received(**when, **paper)


def test_a_paper_keeps_its_postmark_and_the_day_it_came() -> None:
    """The postmark decides lateness; of another submission that came on a day the hour stays unknown."""
    paper = received(channel="paper", sent_on=FRIDAY, received_at=at(3, 20, 16))
    assert (paper.sent_on, paper.received_on, paper.happened_at) == (FRIDAY, date(2023, 3, 20), at(3, 17, 12))
    other = received(channel="email", received_on=date(2023, 3, 20))
    assert (other.sent_on, other.received_on, other.happened_at) == (None, date(2023, 3, 20), at(3, 20, 12))


@pytest.mark.parametrize("channel", [None, "email", "web"])
def test_a_postmark_on_anything_but_paper_is_refused(channel: Channel | None) -> None:
    """The way out is named."""
    with pytest.raises(UserError, match="goes with paper only") as error:
        received(channel=channel, sent_on=FRIDAY)
    assert "--received-at" in (error.value.problems[0].hint or "")


def test_what_came_and_how_is_kept() -> None:
    """Documents, channel, files, and who wrote it down."""
    an = Actor(name="An")
    fact = received(deliverables=("plan",), channel="email", files=("a.pdf",), by=an)
    assert (fact.deliverables, fact.channel, fact.files, fact.by) == (("plan",), "email", ("a.pdf",), an)


def test_an_extension_includes_its_day() -> None:
    """Whatever the plan's lateness (contract rule 11)."""
    fact = build_fact(PLAN, Extend(at=NOW, milestone="report", party="beta", until=date(2023, 3, 31), decision="No. 7"))
    assert isinstance(fact, Extended)
    assert (fact.form, fact.decision) == (By(date(2023, 3, 31)), "No. 7")


def test_the_date_of_an_event_is_its_days_and_that_of_a_deadline_its_last() -> None:
    """With a clock time if one is given."""
    assert date_fixed("meeting", first=date(2023, 6, 5)).form == On(date(2023, 6, 5), date(2023, 6, 5))
    fact = date_fixed("meeting", first=datetime(2023, 6, 5, 8), last=date(2023, 6, 6), place="Vinh")  # noqa: DTZ001
    assert (fact.form, fact.place) == (On(date(2023, 6, 5), date(2023, 6, 6), time(8)), "Vinh")
    assert date_fixed("report", first=FRIDAY).form == By(FRIDAY)


def test_an_event_does_not_end_before_it_begins_and_a_deadline_has_one_day() -> None:
    """Nor is an unknown milestone fixed."""
    with pytest.raises(UserError, match="cannot end on 2023-06-04 before it begins"):
        date_fixed("meeting", first=date(2023, 6, 5), last=date(2023, 6, 4))
    with pytest.raises(UserError, match="has one day"):
        date_fixed("report", first=FRIDAY, last=FRIDAY)
    with pytest.raises(NothingMatched, match="did you mean meeting"):
        date_fixed("meetin", first=FRIDAY)


def test_an_amendment_stands_for_the_file() -> None:
    """As if a revision had been loaded then (contract rule 18)."""
    before = By(date(2023, 3, 10))
    fact = build_fact(PLAN, AmendDate(at=NOW, milestone="report", form=By(FRIDAY), was=before))
    assert isinstance(fact, Amended)
    assert (fact.by, fact.was, fact.recorded_at) == (DEFINITION, before, NOW)


def test_an_outage_includes_its_beginning_and_not_its_end() -> None:
    """At its end the daemon is back."""
    span = (at(3, 1), at(3, 3))
    scenario = Scenario(outages=[span])
    assert [scenario.outage_at(when) for when in (at(2, 28), at(3, 1), at(3, 2), at(3, 3))] == [None, span, span, None]


@pytest.mark.parametrize("day", [date.min, date(2020, 12, 31), date(2029, 1, 1), date.max])
def test_a_day_that_lies_years_from_the_plan_is_a_slip_of_the_hand(day: date) -> None:
    """Days at the end of the calendar cannot be counted from; pages would draw thousands of months."""
    asked: tuple[Command, ...] = (
        RecordReceived(at=NOW, milestone="report", party="beta", channel="paper", sent_on=day),
        Declare(at=NOW, milestone="report", party="beta", sent_on=day, channel="paper"),
        Extend(at=NOW, milestone="report", party="beta", until=day),
        FixDate(at=NOW, milestone="meeting", first=day),
        FixDate(at=NOW, milestone="meeting", first=date(2023, 6, 5), last=day),
    )
    for command in asked:
        with pytest.raises(UserError) as refused:
            build_fact(PLAN, command)
        assert refused.value.problems[0].code == "far-day"


@pytest.mark.parametrize("day", [date(2021, 1, 1), date(2028, 12, 31)])
def test_years_near_the_plans_own_are_taken(day: date) -> None:
    assert date_fixed("meeting", first=day).form == On(day, day)
