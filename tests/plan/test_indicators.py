"""A plan's own targets: what was counted, of how many, and whether that is enough."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scheduler.plan.dates.date_forms import By, On
from scheduler.plan.indicators import Figure, is_reached, measure
from scheduler.plan.model import Deliverable, Indicator, Measure
from tests.support.plan_builders import PlanHistory, at, deadline, event, history_of

REPORT = deadline(
    By(date(2023, 3, 17)), deliverables=(Deliverable(id="plan", title="a"), Deliverable(id="list", title="b"))
)
MEETING = event(On(date(2023, 6, 8), date(2023, 6, 9)))


def count(history: PlanHistory, target: str = "100%", **asked: Any) -> Figure | None:
    indicator = Indicator(id="i", title="I", target=target, measure=Measure(**asked))
    return measure(history.agenda(), indicator, at(6, 9, 12))


def test_parties_count_once_everything_of_theirs_is_there() -> None:
    history = history_of(REPORT)
    history.record("received", at(3, 1), "report", "beta")
    history.record("received", at(3, 1), "report", "gamma", deliverables=("plan",))
    assert count(history, milestone="report") == Figure(done=1, total=3, is_reached=False)


def test_where_one_document_is_asked_for_the_others_do_not_matter() -> None:
    history = history_of(REPORT)
    history.record("received", at(3, 1), "report", "beta")
    history.record("received", at(3, 1), "report", "gamma", deliverables=("plan",))
    assert count(history, milestone="report", deliverable="plan") == Figure(done=2, total=3, is_reached=False)
    assert count(history, milestone="report", deliverable="list") == Figure(done=1, total=3, is_reached=False)


def test_who_was_released_counts_on_neither_side() -> None:
    history = history_of(REPORT)
    for party in ("lead", "beta"):
        history.record("received", at(3, 1), "report", party)
    history.record("waived", at(3, 1), "report", "gamma", reason="new")
    assert count(history, milestone="report") == Figure(done=2, total=2, is_reached=True)


def test_a_document_that_was_returned_does_not_count() -> None:
    history = history_of(REPORT)
    history.record("received", at(3, 1), "report", "beta")
    history.record("returned", at(3, 2), "report", "beta", missing=("plan",))
    assert count(history, milestone="report", deliverable="plan") == Figure(done=0, total=3, is_reached=False)
    assert count(history, milestone="report", deliverable="list") == Figure(done=1, total=3, is_reached=False)


def test_an_event_counts_once_it_is_over() -> None:
    """It is noon of its second day."""
    assert count(history_of(MEETING), ">= 1", milestone="meeting") == Figure(done=0, total=1, is_reached=False)
    held = history_of(event(On(date(2023, 6, 8), date(2023, 6, 8))))
    assert count(held, ">= 1", milestone="meeting") == Figure(done=1, total=1, is_reached=True)


def test_what_a_person_has_to_count_has_no_figure() -> None:
    indicator = Indicator(id="i", title="I", target="100%", measure=Measure(manual=True))
    assert measure(history_of(REPORT).agenda(), indicator, at(3, 1)) is None


@pytest.mark.parametrize(
    ("target", "done", "total", "reached"),
    [
        ("100%", 6, 6, True),
        ("100%", 5, 6, False),
        ("100%", 0, 0, False),
        (">= 1", 1, 9, True),
        (">= 1", 0, 9, False),
        ("= 1", 1, 6, True),
        ("= 1", 2, 6, False),
        ("30%..50%", 2, 6, True),
        ("30%..50%", 3, 6, True),
        ("30%..50%", 4, 6, False),
        ("<= 2", 2, 6, True),
        ("<= 2", 3, 6, False),
        ("30..50%", 2, 6, True),
        ("1..2", 3, 6, False),
        ("many", 6, 6, False),  # refused by the door, and reached by nothing
    ],
)
def test_a_target_is_reached_as_it_is_written(target: str, done: int, total: int, reached: bool) -> None:
    assert is_reached(target, done, total) is reached
