"""What is recorded in scope leaves the record as if the whole plan had been drawn again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.date_forms import By, On, Relative
from scheduler.plan.model import Deliverable, Milestone
from scheduler.queries.agendas import AgendaCache, read_agenda
from scheduler.queries.snapshot import SnapshotCache
from scheduler.services.apply_revision import take
from scheduler.services.context import ServiceContext
from scheduler.services.dry_run import dry_run
from scheduler.services.reconcile import Changes, reconcile
from scheduler.store import open_store
from tests.support import strategies as our
from tests.support.daemon_fixture import COMPOSER, due_by, signed
from tests.support.fakes import definition_of
from tests.support.plan_builders import PlanHistory, at, deadline, event, plan, working_days
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
    [first, *others] = history.plan.milestones
    edited = replace(history, plan=replace(history.plan, milestones=(replace(first, form=By(moved)), *others)))
    later = [replace(fact, recorded_at=fact.recorded_at + timedelta(days=400)) for fact in history.facts]
    with closing(open_store("sqlite://")) as store:
        list(recorded_one_by_one(store, history))
        for plan, fact in recorded_one_by_one(store, replace(edited, facts=later), since=LAST):
            with dry_run(store) as unit:
                assert reconcile(unit, read_agenda(unit, plan), fact.recorded_at) == Changes()


def edits(milestone: Milestone) -> st.SearchStrategy[Milestone]:
    """Return a milestone as it is or as an edit of the file may leave it."""
    forms = our.events() | our.windows() if milestone.kind == "event" else our.dated_forms() | our.recurrences()
    return st.one_of(
        st.just(milestone),
        st.builds(replace, st.just(milestone), form=forms),
        st.builds(replace, st.just(milestone), ladder=our.ladders()),
        st.just(replace(milestone, title="another title", deliverables=(Deliverable(id="new", title="new"),))),
        st.just(replace(milestone, responsible=("lead",), attendees=("lead",))),
    )


@given(our.branching_histories(), st.data())
def test_an_edit_of_some_milestones_draws_what_they_touch_and_leaves_nothing_to_do(
    history: PlanHistory, data: st.DataObject
) -> None:
    edited = replace(history.plan, milestones=tuple(data.draw(edits(m)) for m in history.plan.milestones))
    now = max([history.loaded_at, *(fact.recorded_at for fact in history.facts)]) + timedelta(hours=1)
    with closing(open_store("sqlite://")) as store:
        list(recorded_one_by_one(store, history))
        definition = definition_of(signed(edited))
        changes = take(store, definition, now)
        assert changes is None or changes.drawn is None
        with dry_run(store) as unit:
            assert reconcile(unit, read_agenda(unit, definition.plan), now) == Changes()


def test_an_edit_of_one_date_moves_the_reminders_of_what_is_counted_from_it() -> None:
    """And leaves alone what is not."""
    eighth, fifteenth = On(date(2023, 6, 8), date(2023, 6, 8)), On(date(2023, 6, 15), date(2023, 6, 15))
    others = (deadline(Relative("meeting", working_days(3), "before"), "slides"), due_by(date(2023, 5, 5)))
    with closing(open_store("sqlite://")) as store:
        services = ServiceContext(store=store, composer=COMPOSER)
        take(services.store, definition_of(signed(plan(event(eighth), *others))), at(3, 1))
        changes = take(services.store, definition_of(signed(plan(event(fifteenth), *others))), at(3, 2))
    assert changes is not None
    assert changes.drawn is None
    assert {row.milestone for row in changes.dropped} == {"meeting", "slides"}
    assert {rung.milestone for rung in changes.armed} == {"meeting", "slides"}


def test_another_rule_or_a_milestone_that_is_gone_draws_the_whole_plan() -> None:
    first = plan(due_by(date(2023, 3, 17)), due_by(date(2023, 5, 5), id="other"))
    for second in (replace(first, lateness="strict"), replace(first, milestones=first.milestones[:1])):
        with closing(open_store("sqlite://")) as store:
            services = ServiceContext(store=store, composer=COMPOSER)
            take(services.store, definition_of(signed(first)), at(3, 1))
            changes = take(services.store, definition_of(signed(second)), at(3, 2))
        assert changes is not None
        assert changes.drawn is not None
