"""Keeping the ledger in step: what becomes of a row when its promise holds, changes or falls away."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from scheduler.plan import reasons
from scheduler.plan.agenda import Rung
from scheduler.plan.dates.date_forms import By
from scheduler.plan.model import Group
from scheduler.ports import RungRow
from scheduler.queries.agendas import AgendaCache, find_state, inputs_fingerprint, read_agenda
from scheduler.services.ledger_changes import diff_rung
from scheduler.services.reconcile import Changes, reconcile
from scheduler.store import SqlStore
from tests.support.daemon_fixture import FRIDAY, DaemonFixture, due_by, plan, report
from tests.support.plan_builders import at

NOW = at(3, 10, 12)
RECEIVED, SAME_DAY, OTHER = reasons.closed("received", FRIDAY, None, ""), reasons.same_day("x"), reasons.CHOSEN
AWAY = reasons.not_in_plan("report")
BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


def rung(**changes: Any) -> Rung:
    values: dict[str, Any] = {
        "milestone": "report",
        "party": "beta",
        "name": "target",
        "due": FRIDAY,
        "at": AFTER,
        "kind": "reminder",
    }
    return Rung(**(values | changes))


def row(**changes: Any) -> RungRow:
    values: dict[str, Any] = {"id": 1, "plan": "plan", **rung()._asdict(), "noticed_at": None}
    return RungRow(**(values | changes))


# ---- diff_rung: a promise that holds and its unsent row


@pytest.mark.parametrize(
    ("promise", "known"),
    [
        pytest.param(rung(), row(), id="planned as before"),
        pytest.param(
            rung(state="cancelled", reason=RECEIVED),
            row(state="cancelled", reason=RECEIVED),
            id="cancelled as before",
        ),
        pytest.param(rung(at=BEFORE, note="moved"), row(at=BEFORE - timedelta(days=1)), id="both instants have come"),
        pytest.param(rung(at=BEFORE), row(at=BEFORE, state="cancelled", reason=OTHER), id="lives again too late"),
        pytest.param(rung(at=BEFORE), row(at=AFTER, state="skipped", reason=OTHER), id="lives again in the past"),
        pytest.param(
            rung(at=NOW - timedelta(days=5)),
            row(at=NOW - timedelta(days=5), state="cancelled", reason=AWAY),
            id="was away, and is too late to be sent",
        ),
        pytest.param(
            rung(at=NOW),
            row(at=NOW, state="skipped", reason=OTHER, noticed_at=NOW),
            id="the dispatch settled it just now",
        ),
        pytest.param(
            rung(at=NOW, state="cancelled", reason=reasons.NO_SUCH_STEP),
            row(at=NOW, state="skipped", reason=OTHER, noticed_at=NOW),
            id="the dispatch settled it, and the reason stays",
        ),
    ],
)
def test_nothing_changes(promise: Rung, known: RungRow) -> None:
    """What is final or in the hands of the dispatch is left alone."""
    assert diff_rung(promise, known, NOW, plan()) is None


@pytest.mark.parametrize(
    ("promise", "known"),
    [
        pytest.param(rung(state="cancelled", reason=RECEIVED), row(), id="closed"),
        pytest.param(rung(state="cancelled", reason=RECEIVED, at=BEFORE), row(at=BEFORE), id="closed while it waits"),
        pytest.param(rung(state="skipped", reason=SAME_DAY), row(), id="swallowed"),
        pytest.param(rung(), row(state="cancelled", reason=RECEIVED), id="lives again"),
        pytest.param(rung(at=NOW), row(at=NOW, state="cancelled", reason=RECEIVED), id="lives again at its instant"),
        pytest.param(rung(at=BEFORE), row(at=BEFORE, state="cancelled", reason=AWAY), id="was away at its instant"),
        pytest.param(rung(), row(state="skipped", reason=SAME_DAY), id="not swallowed any more"),
        pytest.param(
            rung(state="cancelled", reason=reasons.DATE_OPEN),
            row(state="cancelled", reason=RECEIVED),
            id="another reason",
        ),
        pytest.param(rung(at=AFTER + timedelta(hours=2)), row(), id="another hour"),
        pytest.param(rung(note="moved"), row(), id="another day with its note"),
        pytest.param(rung(at=BEFORE), row(), id="moved to an instant that has come"),
        pytest.param(rung(), row(at=BEFORE), id="postponed when its instant had come"),
        pytest.param(
            rung(), row(state="cancelled", reason=OTHER, noticed_at=BEFORE, at=AFTER), id="postponed, and lives again"
        ),
    ],
)
def test_the_row_follows_its_promise(promise: Rung, known: RungRow) -> None:
    """State, instant, reason and note together, and only from the state it was seen in."""
    change = diff_rung(promise, known, NOW, plan())
    assert change is not None
    assert (change.id, change.was) == (known.id, known.state)
    assert (change.state, change.at, change.reason, change.note) == (
        promise.state,
        promise.at,
        promise.reason,
        promise.note,
    )


# ---- the whole ledger


def again(daemon: DaemonFixture, when: datetime) -> Changes:
    with daemon.store.transaction() as unit:
        return reconcile(unit, read_agenda(unit, daemon.plan), when)


def test_reconciling_twice_gives_nothing_new(daemon: DaemonFixture) -> None:
    """At any moment of the year."""
    daemon.take()
    for when in (at(2, 1), at(3, 3, 8), at(3, 12), at(4, 30)):
        daemon.live(when)
        before = daemon.rows(None)
        assert again(daemon, when) == Changes()
        assert daemon.rows(None) == before


def test_a_ledger_in_which_everything_is_sent_reports_nothing_new(store: SqlStore) -> None:
    """Also when no row is open any more."""
    ladder = replace(report().ladder, before=(), overdue=None, escalate=())
    daemon = DaemonFixture(store, plan(replace(report(), ladder=ladder)))
    daemon.live(at(3, 20))
    assert {row.state for row in daemon.rows(None)} == {"sent"}
    assert replace(daemon.record("received").changes, notices=()) == Changes()


def test_the_inputs_that_a_ledger_follows_from_are_one_comparable_word(daemon: DaemonFixture) -> None:
    """Revision, facts and idle days: each makes it another."""
    daemon.take()
    words = [inputs_fingerprint(daemon.state(), daemon.plan)]
    daemon.record("received")
    words.append(inputs_fingerprint(daemon.state(), daemon.plan))
    with daemon.store.transaction() as unit:
        unit.plans.record_seen("plan", date(2023, 2, 3), [date(2023, 2, 2)])
    words += [
        inputs_fingerprint(daemon.state(), daemon.plan),
        inputs_fingerprint(daemon.state(), plan(due_by(date(2023, 3, 24)))),
    ]
    assert len(set(words)) == len(words)


def test_an_agenda_is_drawn_again_only_when_something_changed(daemon: DaemonFixture) -> None:
    """Each process keeps its own."""
    daemon.take()
    agendas = AgendaCache()
    with daemon.store.reading() as view:
        first = agendas.read(view, daemon.plan)
        assert agendas.read(view, daemon.plan) is first
    daemon.slip_in("received")
    with daemon.store.reading() as view:
        second = agendas.read(view, daemon.plan)
    assert second is not first
    assert not second.by_key["report", "beta"].standing.is_open


def test_a_plan_that_was_never_loaded_has_no_ledger(daemon: DaemonFixture) -> None:
    """A mistake of ours, reported as one."""
    with daemon.store.reading() as view:
        for ask in (find_state, read_agenda):
            with pytest.raises(LookupError, match="plan plan was never loaded"):
                ask(view, daemon.plan)


def test_moving_a_date_there_and_back_touches_its_own_rungs_only(daemon: DaemonFixture) -> None:
    """The other milestone does not notice."""
    daemon.definitions.plans = [plan(report(), due_by(FRIDAY, id="second"))]
    daemon.take()
    untouched = daemon.rows(None, "second")
    daemon.take(plan(due_by(date(2023, 3, 24)), due_by(FRIDAY, id="second")), at(2, 2))
    daemon.take(daemon.plan, at(2, 3))
    assert daemon.rows(None, "second") == untouched


def test_an_extension_reaches_the_party_it_was_given_to(daemon: DaemonFixture) -> None:
    """Nobody else."""
    daemon.take()
    others = daemon.rows("gamma") + daemon.rows("lead")
    daemon.record("extended", form=By(date(2023, 3, 24)))
    assert daemon.rows("gamma") + daemon.rows("lead") == others


def test_a_group_chosen_later_gets_rungs_when_it_is_chosen(daemon: DaemonFixture) -> None:
    """And loses them when the choice is taken back."""
    nominees = Group(id="nominees", chosen_by="lead", after="report")
    daemon.definitions.plans = [
        plan(due_by(FRIDAY, responsible=("nominees",)), due_by(FRIDAY, id="second"), groups=[nominees])
    ]
    daemon.take()
    assert daemon.rows("beta") == []
    fact = daemon.record("nominated", None, None, group="nominees", parties=("beta",)).fact
    assert daemon.states()["before:14d"] == "planned"
    daemon.undo(fact)
    assert str(daemon.row("before:14d").reason) == "beta no longer has a part in report"
