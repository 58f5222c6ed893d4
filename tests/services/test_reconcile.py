"""Keeping the ledger in step: what becomes of a row when its promise holds, changes or falls away."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from scheduler.plan.agenda import Rung
from scheduler.plan.model import By, Group, On, Undated, Window
from scheduler.ports import RungRow
from scheduler.services.reconcile import (
    Agendas,
    Changes,
    find_state,
    name_inputs,
    read_agenda,
    reconcile,
    weigh,
    why_gone,
)
from tests.support.daemon_fixture import FRIDAY, House, due_by, plan, report
from tests.support.plan_builders import at, event, tell_of

NOW = at(3, 10, 12)
BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


def rung(**changes: object) -> Rung:
    values = {"milestone": "report", "party": "beta", "name": "target", "due": FRIDAY, "at": AFTER, "kind": "reminder"}
    return Rung(**(values | changes))  # type: ignore[arg-type]


def row(**changes: object) -> RungRow:
    values = {"id": 1, "plan": "plan", **rung()._asdict(), "noticed_at": None}
    return RungRow(**(values | changes))  # type: ignore[arg-type]


# ---- weigh: a promise that holds and its unsent row


@pytest.mark.parametrize(
    ("promise", "known"),
    [
        pytest.param(rung(), row(), id="planned as before"),
        pytest.param(
            rung(state="cancelled", reason="received"),
            row(state="cancelled", reason="received"),
            id="cancelled as before",
        ),
        pytest.param(rung(at=BEFORE, note="moved"), row(at=BEFORE - timedelta(days=1)), id="both instants have come"),
        pytest.param(rung(at=BEFORE), row(at=BEFORE, state="cancelled", reason="r"), id="lives again too late"),
        pytest.param(rung(at=BEFORE), row(at=AFTER, state="skipped", reason="r"), id="lives again in the past"),
        pytest.param(
            rung(at=NOW),
            row(at=NOW, state="skipped", reason="r", noticed_at=NOW),
            id="the dispatch settled it just now",
        ),
        pytest.param(
            rung(at=NOW, state="cancelled", reason="other"),
            row(at=NOW, state="skipped", reason="r", noticed_at=NOW),
            id="the dispatch settled it, and the reason stays",
        ),
    ],
)
def test_nothing_changes(promise: Rung, known: RungRow) -> None:
    """What is final or in the hands of the dispatch is left alone."""
    assert weigh(promise, known, NOW) is None


@pytest.mark.parametrize(
    ("promise", "known"),
    [
        pytest.param(rung(state="cancelled", reason="received"), row(), id="closed"),
        pytest.param(rung(state="cancelled", reason="received", at=BEFORE), row(at=BEFORE), id="closed while it waits"),
        pytest.param(rung(state="skipped", reason="same day as x"), row(), id="swallowed"),
        pytest.param(rung(), row(state="cancelled", reason="received"), id="lives again"),
        pytest.param(rung(at=NOW), row(at=NOW, state="cancelled", reason="received"), id="lives again at its instant"),
        pytest.param(rung(), row(state="skipped", reason="same day as x"), id="not swallowed any more"),
        pytest.param(
            rung(state="cancelled", reason="waived"), row(state="cancelled", reason="received"), id="another reason"
        ),
        pytest.param(rung(at=AFTER + timedelta(hours=2)), row(), id="another hour"),
        pytest.param(rung(note="moved"), row(), id="another day with its note"),
        pytest.param(rung(at=BEFORE), row(), id="moved to an instant that has come"),
        pytest.param(rung(), row(at=BEFORE), id="postponed when its instant had come"),
        pytest.param(
            rung(), row(state="cancelled", reason="r", noticed_at=BEFORE, at=AFTER), id="postponed, and lives again"
        ),
    ],
)
def test_the_row_follows_its_promise(promise: Rung, known: RungRow) -> None:
    """State, instant, reason and note together, and only from the state it was seen in."""
    change = weigh(promise, known, NOW)
    assert change is not None
    assert (change.id, change.was) == (known.id, known.state)
    assert (change.state, change.at, change.reason, change.note) == (
        promise.state,
        promise.at,
        promise.reason,
        promise.note,
    )


# ---- why_gone: a row without a promise


WINDOW = Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")


@pytest.mark.parametrize(
    ("now", "known", "reason"),
    [
        (tell_of(event(WINDOW)), row(), "report is no longer in the plan"),
        (tell_of(report()), row(party="delta"), "delta no longer has a part in report"),
        (tell_of(due_by(date(2023, 3, 24))), row(), "the date moved to 2023-03-24"),
        (tell_of(event(WINDOW)), row(milestone="meeting", party="lead"), "the window moved to 2023-06-01"),
        (tell_of(report()), row(name="before:21d"), "the plan no longer has this step"),
        (tell_of(replace(report(), form=Undated("later"))), row(), "the date is open again"),
        (
            tell_of(event(On(date(2023, 6, 8), date(2023, 6, 8)))),
            row(milestone="meeting", party="lead", kind="fix-date", due=date(2023, 6, 1)),
            "the date was fixed: 2023-06-08",
        ),
        (
            tell_of(event(On(date(2023, 6, 1), date(2023, 6, 1)))),
            row(milestone="meeting", party="lead", kind="fix-date", due=date(2023, 6, 1)),
            "the date was fixed: 2023-06-01",
        ),
        (
            tell_of(event(On(date(2023, 6, 8), date(2023, 6, 8)))),
            row(milestone="meeting", party="beta", due=date(2023, 6, 1)),
            "the date was fixed: 2023-06-08",
        ),
    ],
)
def test_a_promise_that_falls_away_says_why(now: object, known: RungRow, reason: str) -> None:
    """In words for a person."""
    assert why_gone(now.agenda(), known) == reason  # type: ignore[attr-defined]


# ---- the whole ledger


def again(house: House, when: datetime) -> Changes:
    with house.store.transaction() as unit:
        return reconcile(unit, house.plan, when)


def test_reconciling_twice_gives_nothing_new(house: House) -> None:
    """At any moment of the year."""
    house.take()
    for when in (at(2, 1), at(3, 3, 8), at(3, 12), at(4, 30)):
        house.live(when)
        before = house.rows(None)
        assert again(house, when) == Changes()
        assert house.rows(None) == before


def test_a_ledger_in_which_everything_is_sent_reports_nothing_new(store: object) -> None:
    """Also when no row is open any more."""
    ladder = replace(report().ladder, before=(), overdue=None, escalate=())
    house = House(store, plan(replace(report(), ladder=ladder)))  # type: ignore[arg-type]
    house.live(at(3, 20))
    assert {row.state for row in house.rows(None)} == {"sent"}
    assert house.record("received").changes == Changes()


def test_the_inputs_that_a_ledger_follows_from_are_one_comparable_word(house: House) -> None:
    """Revision, facts and idle days: each makes it another."""
    house.take()
    words = [name_inputs(house.state(), house.plan)]
    house.record("received")
    words.append(name_inputs(house.state(), house.plan))
    with house.store.transaction() as unit:
        unit.plans.record_seen("plan", date(2023, 2, 3), [date(2023, 2, 2)])
    words += [name_inputs(house.state(), house.plan), name_inputs(house.state(), plan(due_by(date(2023, 3, 24))))]
    assert len(set(words)) == len(words)


def test_an_agenda_is_drawn_again_only_when_something_changed(house: House) -> None:
    """Each process keeps its own."""
    house.take()
    agendas = Agendas()
    with house.store.reading() as view:
        first = agendas.read(view, house.plan)
        assert agendas.read(view, house.plan) is first
    house.slip_in("received")
    with house.store.reading() as view:
        second = agendas.read(view, house.plan)
    assert second is not first
    assert not second.by_key["report", "beta"].standing.is_open


def test_a_plan_that_was_never_loaded_has_no_ledger(house: House) -> None:
    """A mistake of ours, told as one."""
    with house.store.reading() as view:
        for ask in (find_state, read_agenda):
            with pytest.raises(LookupError, match="plan plan was never loaded"):
                ask(view, house.plan)


def test_moving_a_date_there_and_back_touches_its_own_rungs_only(house: House) -> None:
    """The other milestone does not notice."""
    house.shelf.plans = [plan(report(), due_by(FRIDAY, id="second"))]
    house.take()
    untouched = house.rows(None, "second")
    house.take(plan(due_by(date(2023, 3, 24)), due_by(FRIDAY, id="second")), at(2, 2))
    house.take(house.plan, at(2, 3))
    assert house.rows(None, "second") == untouched


def test_an_extension_reaches_the_party_it_was_given_to(house: House) -> None:
    """Nobody else."""
    house.take()
    others = house.rows("gamma") + house.rows("lead")
    house.record("extended", form=By(date(2023, 3, 24)))
    assert house.rows("gamma") + house.rows("lead") == others


def test_a_group_chosen_later_gets_rungs_when_it_is_chosen(house: House) -> None:
    """And loses them when the choice is taken back."""
    nominees = Group(id="nominees", chosen_by="lead", after="report")
    house.shelf.plans = [
        plan(due_by(FRIDAY, responsible=("nominees",)), due_by(FRIDAY, id="second"), groups=[nominees])
    ]
    house.take()
    assert house.rows("beta") == []
    fact = house.record("nominated", None, None, group="nominees", parties=("beta",)).fact
    assert house.states()["before:14d"] == "planned"
    house.undo(fact)
    assert house.row("before:14d").reason == "beta no longer has a part in report"
