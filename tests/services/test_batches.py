"""What a person says in one act: rehearsed before it is done, done once, and not done where others were faster."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier

import pytest

from scheduler.errors import UserError
from scheduler.plan.dates.date_forms import By
from scheduler.plan.facts import Fact
from scheduler.queries.agendas import AgendaInputs, find_state, inputs_fingerprint
from scheduler.services.context import ServiceContext
from scheduler.services.record_facts import Recorded, StaleDecision, record_all, rehearse_all
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, DaemonFixture, due_by, plan, report
from tests.support.plan_builders import at, deadline


@pytest.fixture
def running(daemon: DaemonFixture) -> DaemonFixture:
    """Return a daemon in which the first reminder has left; it is Saturday, 4 March, noon."""
    daemon.live(at(3, 4, 12))
    return daemon


def act(daemon: DaemonFixture, *facts: Fact, expected_version: str = "", notify: bool = True) -> Recorded:
    services = ServiceContext(store=daemon.store, composer=COMPOSER)
    return record_all(services, daemon.definition, facts, expected_version=expected_version, notify=notify)


def rehearsed(daemon: DaemonFixture, *facts: Fact, expected_version: str = "") -> Recorded:
    return rehearse_all(
        ServiceContext(store=daemon.store, composer=COMPOSER),
        daemon.definition,
        facts,
        expected_version=expected_version,
    )


def everything(daemon: DaemonFixture) -> object:
    return daemon.facts(), daemon.rows(None), daemon.mails(), daemon.state()


def name(daemon: DaemonFixture) -> str:
    with daemon.store.reading() as view:
        return inputs_fingerprint(find_state(view, daemon.plan), daemon.plan)


def test_a_rehearsal_says_what_the_act_will_do_and_changes_nothing(running: DaemonFixture) -> None:
    before = everything(running)
    said = rehearsed(running, running.fact("received"))
    assert everything(running) == before
    done = act(running, running.fact("received"))
    assert said == done
    assert done.notified == ("officer@beta.example",)
    assert len(done.changes.dropped) == 8


def test_a_rehearsal_refuses_what_the_act_would_refuse(running: DaemonFixture) -> None:
    before = everything(running)
    with pytest.raises(UserError, match="nothing of report was received"):
        rehearsed(running, running.fact("returned"))
    assert everything(running) == before


def test_several_facts_are_recorded_together(running: DaemonFixture) -> None:
    done = act(running, running.fact("received"), running.fact("received", "gamma"))
    assert [fact.party for fact in done.facts] == ["beta", "gamma"]
    assert done.notified == ("officer@beta.example", "officer@gamma.example")
    assert {row.party for row in done.changes.dropped} == {"beta", "gamma"}


def test_of_several_facts_none_is_recorded_if_one_makes_no_sense(running: DaemonFixture) -> None:
    before = everything(running)
    with pytest.raises(UserError):
        act(running, running.fact("received"), running.fact("accepted", "gamma"))
    assert everything(running) == before


def test_a_form_that_is_sent_twice_is_recorded_once(running: DaemonFixture) -> None:
    """Also if it would make no sense the second time."""
    first = act(running, running.fact("received", idempotency_key="x"))
    act(running, running.fact("accepted", idempotency_key="y"))
    before = everything(running)
    for name in ("x", "y"):
        again = act(running, running.fact("accepted", idempotency_key=name))
        assert again.changes.dropped == ()
    assert act(running, running.fact("received", idempotency_key="x")).facts == first.facts
    assert everything(running) == before


def test_what_others_recorded_about_the_same_thing_stops_the_act(running: DaemonFixture) -> None:
    expected_version = name(running)
    running.record("waived", reason="new")
    before = everything(running)
    for attempt in (act, rehearsed):
        with pytest.raises(StaleDecision) as overtaken:
            attempt(running, running.fact("received"), expected_version=expected_version)
        assert [fact.kind for fact in overtaken.value.facts] == ["waived"]
        assert not overtaken.value.is_revised
    assert everything(running) == before


def test_a_decision_about_all_parties_concerns_each(running: DaemonFixture) -> None:
    expected_version = name(running)
    running.record("waived", None, reason="nobody need")
    with pytest.raises(StaleDecision):
        act(running, running.fact("received"), expected_version=expected_version)


def test_what_was_recorded_about_something_else_does_not_matter(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(report(), deadline(By(date(2023, 5, 1)), id="other")))
    daemon.take()
    expected_version = name(daemon)
    daemon.record("received", "gamma")
    daemon.record("received", milestone="other")
    assert act(daemon, daemon.fact("received"), expected_version=expected_version).fact.id == 3


def test_a_revision_of_the_plan_stops_the_act(running: DaemonFixture) -> None:
    expected_version = name(running)
    running.definitions.plans[0] = plan(due_by(date(2023, 3, 24)))
    with pytest.raises(StaleDecision) as overtaken:
        act(running, running.fact("received"), expected_version=expected_version)
    assert overtaken.value.is_revised


@pytest.mark.parametrize("expected_version", ["nonsense", "1/x/y/z", "////", "1/2/3"])
def test_a_word_that_says_nothing_is_taken_as_out_of_date(running: DaemonFixture, expected_version: str) -> None:
    assert AgendaInputs.of(expected_version) is None
    with pytest.raises(StaleDecision):
        act(running, running.fact("received"), expected_version=expected_version)


def test_the_word_a_form_came_by_is_kept_with_the_fact(running: DaemonFixture) -> None:
    fact = running.fact("received", idempotency_key="x")
    recorded = act(running, fact)
    assert running.facts() == [replace(fact, id=recorded.fact.id)]


def test_a_form_that_reaches_two_processes_at_once_is_recorded_once(open_file: Callable[[], SqlStore]) -> None:
    stores = [open_file(), open_file()]
    daemons = [DaemonFixture(store) for store in stores]
    daemons[0].live(at(3, 4, 12))
    daemons[1].clock.instant = at(3, 4, 12)
    together = Barrier(2)

    def send(daemon: DaemonFixture) -> Recorded:
        together.wait()
        return act(daemon, daemon.fact("received", idempotency_key="x"))

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(send, daemons)
    assert one.facts == other.facts
    assert {len(one.changes.dropped), len(other.changes.dropped)} == {0, 8}
    assert len(daemons[0].facts()) == 1
    assert [row.name for row in daemons[0].notices()] == ["receipt:1"]
