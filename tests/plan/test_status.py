"""The board: a status for every obligation, and what waits for what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time

import pytest

from scheduler.plan.dates.date_forms import Before, By, DateForm, On, Undated, Window
from scheduler.plan.facts import FactKind
from scheduler.plan.model import Deliverable, Milestone
from scheduler.plan.standing import read_standing
from scheduler.plan.status import draw_board, is_complete, part_came_on, read_cell, still_needed
from tests.support.plan_builders import PlanHistory, at, deadline, event, history_of, plan

REPORT = deadline(
    Before(date(2023, 8, 10)),
    deliverables=tuple(Deliverable(id=id, title=id) for id in ("plan", "list")),
    channels=("paper", "email"),
)


def code(history: PlanHistory, now: datetime, milestone: str = "report", party: str = "beta") -> str:
    """Return the status of one obligation."""
    agenda = history.agenda()
    return read_cell(agenda, agenda.by_key[milestone, party], now).code


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(1, 31), "not_open"),
        (at(2, 1, 0), "pending"),
        (at(8, 1, 23), "pending"),
        (at(8, 2, 0), "due_soon"),  # a week before the target
        (at(8, 9, 23, 59), "due_soon"),
        (at(8, 10, 0), "due_today"),
        (at(8, 10, 23, 59), "due_today"),
        (at(8, 11, 0), "overdue"),
    ],
)
def test_an_open_deadline_comes_nearer(now: datetime, expected: str) -> None:
    assert code(history_of(REPORT), now) == expected


def test_a_strict_deadline_is_overdue_on_its_named_day() -> None:
    assert code(history_of(REPORT, lateness="strict"), at(8, 10, 0)) == "overdue"


@pytest.mark.parametrize(("form", "expected"), [(Before, "overdue"), (By, "due_today")])
def test_exactly_at_its_clock_time(form: type[Before | By], expected: str) -> None:
    history = history_of(deadline(form(date(2023, 8, 10), time(17))))
    assert code(history, at(8, 10, 17)) == expected


@pytest.mark.parametrize(
    ("recorded", "now", "expected"),
    [
        ((("received", 1, ("plan",)),), at(8, 2), "partial"),
        ((("received", 1, ("plan",)),), at(8, 14), "overdue_partial"),
        ((("received", 1, ()),), at(8, 14), "submitted"),
        ((("received", 1, ()), ("returned", 2, ())), at(8, 3), "revision"),
        ((("received", 1, ()), ("returned", 2, ())), at(8, 14), "revision"),
        ((("received", 1, ()), ("returned", 2, ()), ("received", 3, ())), at(8, 3), "resubmitted"),
        ((("received", 1, ()), ("accepted", 2, ())), at(8, 14), "accepted"),
        ((("received", 14, ()), ("accepted", 15, ())), at(8, 15), "accepted_late"),
        ((("waived", 1, ()),), at(8, 14), "exempt"),
    ],
)
def test_what_was_told_shows(
    recorded: tuple[tuple[FactKind, int, tuple[str, ...]], ...], now: datetime, expected: str
) -> None:
    history = history_of(REPORT)
    for kind, day, items in recorded:
        history.record(kind, at(8, day), "report", "beta", deliverables=items)
    assert code(history, now) == expected


@pytest.mark.parametrize(
    ("recorded", "now", "expected"),
    [
        ((), at(8, 3), False),
        ((), at(8, 14), True),
        ((("received", 1), ("returned", 2)), at(8, 3), False),
        ((("received", 1), ("returned", 2)), at(8, 14), True),
        ((("declared", 1),), at(8, 14), True),
        ((("received", 1),), at(8, 14), False),
        ((("waived", 1),), at(8, 14), False),
    ],
)
def test_whatever_its_status_what_is_owed_after_its_last_day_is_overdue(
    recorded: tuple[tuple[FactKind, int], ...], now: datetime, expected: bool
) -> None:
    history = history_of(REPORT)
    for kind, day in recorded:
        history.record(kind, at(8, day), "report", "beta")
    agenda = history.agenda()
    assert read_cell(agenda, agenda.by_key["report", "beta"], now).overdue is expected


@pytest.mark.parametrize("now", [at(8, 2), at(8, 20), at(12, 1)])
@pytest.mark.parametrize(("channel", "missing"), [("web", ("paper",)), ("email", ("paper",)), ("paper", ("email",))])
def test_what_came_by_one_channel_only_is_submitted_and_lacks_a_copy_until_somebody_accepts_it(
    channel: str, missing: tuple[str, ...], now: datetime
) -> None:
    """It is never partial and never overdue (contract rule 8)."""
    history = history_of(REPORT)
    steps: tuple[tuple[FactKind, dict[str, str], str, bool], ...] = (
        ("received", {"channel": channel}, "submitted", True),
        ("accepted", {}, "accepted", False),
    )
    for kind, details, code, lacks_copy in steps:
        history.record(kind, at(8, 1), "report", "beta", **details)
        agenda = history.agenda()
        cell = read_cell(agenda, agenda.by_key["report", "beta"], now)
        assert (cell.code, cell.lacks_copy, cell.is_done, cell.overdue) == (code, lacks_copy, True, False)
        assert cell.missing_channels == missing


def test_an_event_that_was_waived_for_all_is_called_off_for_all() -> None:
    june = On(date(2023, 6, 8), date(2023, 6, 8))
    history = history_of(event(june, organiser=("lead",), attendees=("beta", "gamma")))
    history.record("waived", at(5, 2), "meeting", "beta")
    assert [code(history, at(5, 3), "meeting", who) for who in ("lead", "beta")] == ["fixed", "exempt"]
    history.record("waived", at(5, 4), "meeting", None)
    assert [code(history, at(5, 5), "meeting", who) for who in ("lead", "gamma")] == ["called_off"] * 2


def test_a_part_sent_before_the_plan_is_active_shows() -> None:
    history = history_of(REPORT)
    history.record("received", at(1, 30), "report", "beta", deliverables=("plan",))
    assert code(history, at(1, 31)) == "partial"


def test_what_was_past_at_the_first_load_is_unknown() -> None:
    assert code(PlanHistory(plan(REPORT), loaded_at=at(8, 14)), at(8, 15)) == "unknown"


@pytest.mark.parametrize(
    ("milestone", "now", "expected"),
    [
        (event(Window(date(2023, 6, 1), date(2023, 6, 10), "")), at(6, 15), "tentative"),
        (event(Before(date(2023, 6, 15))), at(6, 1), "tentative"),
        (event(On(date(2023, 6, 5), date(2023, 6, 7))), at(6, 7, 23), "fixed"),
        (event(On(date(2023, 6, 5), date(2023, 6, 7))), at(6, 8, 0), "held"),
        (deadline(Undated("yearly"), "meeting"), at(6, 1), "undated"),
        (deadline(Window(date(2023, 6, 1), date(2023, 6, 10), ""), "meeting"), at(6, 1), "tentative"),
    ],
)
def test_events_and_dates_to_come(milestone: Milestone, now: datetime, expected: str) -> None:
    assert code(history_of(milestone), now, "meeting") == expected


@pytest.mark.parametrize(
    ("form", "day", "late"),
    [
        (Before(date(2023, 8, 10)), 10, False),
        (Before(date(2023, 8, 10)), 11, True),
        (By(date(2023, 8, 11)), 11, False),
    ],
)
def test_late_is_what_happened_after_the_last_day_in_time(form: DateForm, day: int, late: bool) -> None:
    history = history_of(deadline(form))
    history.record("received", at(8, 20), "report", "beta", happened_at=at(8, day, 23))
    agenda = history.agenda()
    assert read_cell(agenda, agenda.by_key["report", "beta"], at(8, 21)).late == late


def test_an_extension_makes_a_late_answer_one_in_time() -> None:
    history = history_of(deadline(Before(date(2023, 8, 10))))
    history.record("received", at(8, 14), "report", "beta")
    history.record("extended", at(8, 15), "report", "beta", form=By(date(2023, 8, 14)))
    agenda = history.agenda()
    assert not read_cell(agenda, agenda.by_key["report", "beta"], at(8, 21)).late


def test_the_channel_still_missing_is_shown_once_everything_arrived_by_another() -> None:
    history = history_of(REPORT)

    def missing() -> tuple[str, ...]:
        agenda = history.agenda()
        return read_cell(agenda, agenda.by_key["report", "beta"], at(8, 14)).missing_channels

    assert missing() == ()
    history.record("received", at(8, 1), "report", "beta", channel="email", deliverables=("list",))
    assert missing() == ()
    history.record("received", at(8, 1), "report", "beta", channel="email")
    assert missing() == ("paper",)
    history.record("received", at(8, 3), "report", "beta", channel="paper")
    assert missing() == ()


def test_the_board_has_every_obligation_in_the_order_of_the_plan() -> None:
    history = history_of(REPORT, event(On(date(2023, 6, 5), date(2023, 6, 7))))
    cells = [(c.obligation.milestone, c.obligation.party) for c in draw_board(history.agenda(), at(8, 1))]
    assert cells == [(id, party) for id in ("report", "meeting") for party in ("lead", "beta", "gamma")]


# ---- what waits for what

SUMMARY = deadline(Before(date(2023, 8, 20)), "summary", responsible=("lead",), needs=("report", "meeting"))
MEETING = event(On(date(2023, 8, 15), date(2023, 8, 15)))


def test_what_is_needed_is_shown_with_those_who_still_owe_it() -> None:
    history = history_of(SUMMARY, REPORT, MEETING)
    history.record("received", at(8, 1), "report", "gamma")

    def waits(day: int) -> dict[str, list[str]]:
        found = still_needed(history.agenda(), SUMMARY, at(8, day))
        return {milestone.id: [p.id for p in parties] for milestone, parties in found}

    assert waits(10) == {"report": ["lead", "beta"], "meeting": ["lead"]}
    assert waits(16) == {"report": ["lead", "beta"]}
    history.record("waived", at(8, 16), "report")
    assert waits(17) == {}


def test_what_is_needed_never_delays_a_rung() -> None:
    alone = replace(SUMMARY, needs=())
    assert history_of(SUMMARY, REPORT, MEETING).ladder("summary", "lead") == history_of(alone).ladder("summary", "lead")


def test_a_milestone_is_complete_with_what_it_needs() -> None:
    history = history_of(SUMMARY, REPORT, MEETING)
    history.record("received", at(8, 1), "summary", "lead")
    assert not is_complete(history.agenda(), "summary", at(8, 16))
    for party in ("lead", "beta", "gamma"):
        history.record("received", at(8, 2), "report", party)
    assert is_complete(history.agenda(), "report")
    assert not is_complete(history.agenda(), "summary", at(8, 15))
    assert is_complete(history.agenda(), "summary", at(8, 16))  # the day after the meeting
    assert not is_complete(history.agenda(), "summary")


def test_a_milestone_that_nobody_owes_is_not_complete() -> None:
    assert not is_complete(history_of(replace(REPORT, responsible=())).agenda(), "report")


def test_facts_about_dates_members_and_addresses_leave_the_standing_alone() -> None:
    history, whole = history_of(REPORT), read_standing(REPORT, [])
    kinds: dict[FactKind, dict[str, object]] = {
        "extended": {"form": By(date(2023, 9, 1))},
        "date_fixed": {"form": By(date(2023, 9, 1))},
        "amended": {"form": By(date(2023, 9, 1))},
        "joined": {},
        "nominated": {"group": "winners"},
        "bounced": {"address": "officer@beta.example"},
        "rerouted": {"address": "officer@beta.example"},
        "withdrawn": {"target": 1},
    }
    for kind, details in kinds.items():
        history.record(kind, at(8, 1), "report", "beta", **details)
    assert read_standing(REPORT, history.facts) == whole


def test_who_sent_a_part_is_not_called_one_who_sent_nothing() -> None:
    """Also after the last day: the day on which it came stands beside what is late."""
    history = history_of(REPORT)
    history.record("received", at(8, 1), "report", "beta", deliverables=("plan",))
    cell = read_cell(history.agenda(), history.agenda().by_key["report", "beta"], at(8, 14))
    assert (cell.code, cell.overdue, part_came_on(cell, history.plan.zone)) == (
        "overdue_partial",
        True,
        date(2023, 8, 1),
    )
    early = read_cell(history.agenda(), history.agenda().by_key["report", "beta"], at(8, 2))
    assert (early.code, part_came_on(early, history.plan.zone)) == ("partial", None)
