"""Events are told in the local time of their plan, and show that a long tick progresses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from scheduler.engine.local_reporter import LocalReporter
from scheduler.errors import UserError
from scheduler.ports.events import Event
from tests.support.daemon_fixture import plan

NOON = datetime(2023, 3, 1, 12, tzinfo=UTC)


def event(plan: str = "") -> Event:
    return Event(name="trouble", at=NOON, plan=plan, text="a text")


def test_an_event_has_the_time_of_its_plan_and_any_other_that_of_the_first_plan() -> None:
    """Before there is a plan it is UTC."""
    events: list[Event] = []
    reporter = LocalReporter(events.append)
    reporter.report(event())
    reporter.add_zone(plan(id="first"))
    reporter.add_zone(replace(plan(id="second"), zone=ZoneInfo("Asia/Tokyo")))
    for id in ("", "second", "unknown"):
        reporter.report(event(id))
    assert [told.at.hour for told in events] == [12, 19, 21, 19]
    assert {told.at for told in events} == {NOON}


def test_what_is_only_passed_on_is_no_sign_of_life() -> None:
    """A request to the pages does not show that a tick progresses."""
    reporter = LocalReporter(lambda event: None)
    reporter.report(event())
    reporter.pass_on(event())
    assert reporter.pulse == 1


def test_a_step_that_fails_is_told_with_its_plan_and_has_no_result() -> None:
    """A mistake of a user in its words, a fault of ours with its kind."""
    events: list[Event] = []
    reporter = LocalReporter(events.append)

    def fail(error: Exception) -> int:
        raise error

    assert reporter.guard("digest", plan(), NOON, lambda: fail(UserError("no such day"))) is None
    assert reporter.guard("calendars", plan(), NOON, lambda: fail(ZeroDivisionError("by us"))) is None
    assert reporter.guard("digest", plan(), NOON, lambda: 3) == 3
    assert [(told.plan, told.step, told.text) for told in events] == [
        ("plan", "digest", "no such day"),
        ("plan", "calendars", "ZeroDivisionError: by us"),
    ]
