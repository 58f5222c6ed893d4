"""What is recorded in scope leaves the record as if the whole plan had been drawn again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.date_forms import By
from scheduler.queries.agendas import AgendaCache, read_agenda
from scheduler.queries.snapshot import SnapshotCache
from scheduler.services.dry_run import dry_run
from scheduler.services.reconcile import Changes, reconcile
from scheduler.store import open_store
from tests.support import strategies as our
from tests.support.plan_builders import PlanHistory
from tests.support.recorded_histories import recorded_one_by_one

LAST = datetime(2024, 1, 1, tzinfo=UTC)


def contents(agenda: Agenda) -> tuple[object, ...]:
    """Return everything that an agenda holds."""
    return agenda.obligations, agenda.nominations, agenda.nominated, agenda.bounces, tuple(agenda.rungs())


@given(our.branching_histories())
def test_after_each_fact_a_reconcile_of_the_whole_plan_finds_nothing_to_do(history: PlanHistory) -> None:
    with closing(open_store("sqlite://")) as store:
        for plan, fact in recorded_one_by_one(store, history):
            with dry_run(store) as unit:
                assert reconcile(unit, read_agenda(unit, plan), fact.recorded_at) == Changes()


@given(our.branching_histories())
def test_an_agenda_that_is_kept_follows_each_fact_as_if_it_were_drawn_anew(history: PlanHistory) -> None:
    agendas, snapshots = AgendaCache(), SnapshotCache(AgendaCache())
    with closing(open_store("sqlite://")) as store:
        for plan, fact in recorded_one_by_one(store, history):
            with store.reading() as view:
                drawn = contents(read_agenda(view, plan))
                assert contents(agendas.read(view, plan)) == drawn
                kept = snapshots.read(view, plan, fact.recorded_at)
                assert contents(kept.agenda) == drawn
                assert kept.facts == view.facts.of(plan.id)


@given(our.branching_histories(), our.any_day())
def test_what_is_recorded_after_an_edit_of_the_file_is_in_step_too(history: PlanHistory, moved: date) -> None:
    """The edit itself is taken with the whole plan."""
    [first, *others] = history.plan.milestones
    edited = replace(history, plan=replace(history.plan, milestones=(replace(first, form=By(moved)), *others)))
    later = [replace(fact, recorded_at=fact.recorded_at + timedelta(days=400)) for fact in history.facts]
    with closing(open_store("sqlite://")) as store:
        list(recorded_one_by_one(store, history))
        for plan, fact in recorded_one_by_one(store, replace(edited, facts=later), since=LAST):
            with dry_run(store) as unit:
                assert reconcile(unit, read_agenda(unit, plan), fact.recorded_at) == Changes()
