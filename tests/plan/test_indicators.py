"""A plan's own targets: what was counted, of how many, and whether that is enough."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scheduler.plan.dates.date_forms import By, On
from scheduler.plan.indicators import Figure, is_reached, measure
from scheduler.plan.model import Deliverable, Group, Indicator, Measure
from tests.support.plan_builders import PARTIES, PlanHistory, at, deadline, event, history_of, party

REPORT = deadline(
    By(date(2023, 3, 17)), deliverables=(Deliverable(id="plan", title="a"), Deliverable(id="list", title="b"))
)
MEETING = event(On(date(2023, 6, 8), date(2023, 6, 9)))


def count(history: PlanHistory, target: str = "100%", **asked: Any) -> Figure | None:
    indicator = Indicator(id="i", title="I", target=target, measure=Measure(**asked))
    return measure(history.agenda(), indicator, at(6, 9, 12))


def counted(
    target: str, *results: tuple[str | None, int, int | None], each: bool = False
) -> tuple[int, int | None, bool]:
    """Return the figure that follows from results of a party (None: of all), a number, and what it is out of."""
    history = history_of(REPORT)
    for whose, value, of in results:
        history.record("counted", at(6, 1), None, whose, indicator="i", value=value, of=of)
    figure = count(history, target, manual=True, each=each)
    assert figure is not None
    return figure.done, figure.total, figure.is_reached


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
    for whose in ("lead", "beta"):
        history.record("received", at(3, 1), "report", whose)
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


# ---- what a person counts


def test_what_a_person_counts_has_no_figure_before_that() -> None:
    assert count(history_of(REPORT), manual=True) is None


@pytest.mark.parametrize(
    ("target", "value", "of", "figure"),
    [
        ("100%", 3, None, (3, 3, True)),
        ("100%", 2, None, (2, 3, False)),
        ("100%", 45, 50, (45, 50, False)),
        ("30%..50%", 1, None, (1, 3, True)),
        ("30%..50%", 2, None, (2, 3, False)),
        ("= 1", 1, None, (1, None, True)),
        ("= 1", 2, None, (2, None, False)),
        (">= 1", 0, None, (0, None, False)),
        (">= 1", 4, 9, (4, 9, True)),
    ],
)
def test_a_result_of_all_is_out_of_what_was_said_or_of_all_parties(
    target: str, value: int, of: int | None, figure: tuple[int, int | None, bool]
) -> None:
    """A number that is out of nothing stays a number."""
    assert counted(target, (None, value, of)) == figure


def test_results_of_parties_add_up() -> None:
    """A later one of the same party replaces the earlier one; who was not counted does not reach a share."""
    assert counted("100%", ("lead", 1, None), ("beta", 0, None)) == (1, 3, False)
    assert counted("100%", ("lead", 1, None), ("beta", 0, None), ("beta", 1, None), ("gamma", 1, None)) == (3, 3, True)
    assert counted("= 1", ("beta", 1, None)) == (1, None, True)
    assert counted("= 1", ("beta", 1, None), ("lead", 1, None)) == (2, None, False)


def test_results_of_a_party_that_is_not_counted_any_more_are_left_out() -> None:
    """It was in the group when its result was recorded."""
    others = (("gone", 1, None), ("lead", 1, None), ("beta", 1, None), ("gamma", 0, None))
    assert counted("100%", *others) == (2, 3, False)
    assert counted(">= 1", *others, each=True) == (2, 3, False)
    assert counted("= 2", *others) == (2, None, True)


def test_a_target_of_each_is_reached_once_every_party_has_reached_it() -> None:
    two = (("lead", 1, None), ("beta", 4, None))
    assert counted(">= 1", *two, each=True) == (2, 3, False)
    assert counted(">= 1", *two, ("gamma", 0, None), each=True) == (2, 3, False)
    assert counted(">= 1", *two, ("gamma", 2, None), each=True) == (3, 3, True)
    assert counted("90%", ("lead", 45, 50), ("beta", 44, 50), each=True) == (1, 3, False)
    assert counted(">= 1", (None, 3, None), each=True) == (3, 3, True)
    assert counted(">= 1", (None, 2, None), each=True) == (2, 3, False)


def test_the_last_result_of_all_stands_until_a_party_is_counted_after_it() -> None:
    assert counted("100%", ("lead", 1, None), (None, 2, None)) == (2, 3, False)
    assert counted("100%", (None, 2, None), ("lead", 1, None)) == (1, 3, False)


def test_a_result_that_is_taken_back_counts_no_more() -> None:
    history = history_of(REPORT)
    first = history.record("counted", at(6, 1), None, None, indicator="i", value=3)
    second = history.record("counted", at(6, 2), None, None, indicator="i", value=1)
    history.undo(second, at(6, 3))
    figure = count(history, manual=True)
    assert figure is not None
    assert (figure.done, figure.counted) == (3, (first,))


def test_without_members_all_parties_that_are_not_external_are_counted() -> None:
    guests = [*PARTIES, party("academy", external=True)]
    history = history_of(REPORT, parties=guests, groups=(Group(id="members"),))
    history.record("counted", at(6, 1), None, None, indicator="i", value=3)
    assert count(history, manual=True) == Figure(done=3, total=3, is_reached=True, counted=tuple(history.facts))  # type: ignore[arg-type]


def test_results_change_nothing_that_is_owed() -> None:
    """Nor do they say whether something in doubt is open."""
    history = history_of(deadline(By(date(2023, 1, 20))))
    before = history.agenda()
    history.record("counted", at(6, 1), None, "beta", indicator="i", value=1)
    assert history.agenda().obligations == before.obligations
    assert list(history.agenda().rungs()) == list(before.rungs())
