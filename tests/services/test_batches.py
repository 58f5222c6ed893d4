"""What a person says in one act: rehearsed before it is done, done once, and not done where others were faster."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier

import pytest

from scheduler.errors import UserError
from scheduler.plan.model import By, Fact
from scheduler.services.notices import Desk
from scheduler.services.reconcile import find_state, name_inputs, parse_inputs
from scheduler.services.record_facts import Overtaken, Recorded, record_all, rehearse
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, House, due_by, plan, report
from tests.support.plan_builders import at, deadline


@pytest.fixture
def running(house: House) -> House:
    """Return a house in which the first reminder has left; it is Saturday, 4 March, noon."""
    house.live(at(3, 4, 12))
    return house


def act(house: House, *facts: Fact, seen: str = "", notify: bool = True) -> Recorded:
    desk = Desk(store=house.store, composer=COMPOSER)
    return record_all(desk, house.definition, facts, seen=seen, notify=notify)


def rehearsed(house: House, *facts: Fact, seen: str = "") -> Recorded:
    return rehearse(Desk(store=house.store, composer=COMPOSER), house.definition, facts, seen=seen)


def everything(house: House) -> object:
    return house.facts(), house.rows(None), house.mails(), house.state()


def word(house: House) -> str:
    with house.store.reading() as view:
        return name_inputs(find_state(view, house.plan), house.plan)


def test_a_rehearsal_says_what_the_act_will_do_and_changes_nothing(running: House) -> None:
    before = everything(running)
    said = rehearsed(running, running.fact("received"))
    assert everything(running) == before
    done = act(running, running.fact("received"))
    assert said == done
    assert done.notified == ("officer@beta.example",)
    assert len(done.changes.dropped) == 8


def test_a_rehearsal_refuses_what_the_act_would_refuse(running: House) -> None:
    before = everything(running)
    with pytest.raises(UserError, match="nothing of report was received"):
        rehearsed(running, running.fact("returned"))
    assert everything(running) == before


def test_several_facts_are_recorded_together(running: House) -> None:
    done = act(running, running.fact("received"), running.fact("received", "gamma"))
    assert [fact.party for fact in done.facts] == ["beta", "gamma"]
    assert done.notified == ("officer@beta.example", "officer@gamma.example")
    assert {row.party for row in done.changes.dropped} == {"beta", "gamma"}


def test_of_several_facts_none_is_recorded_if_one_makes_no_sense(running: House) -> None:
    before = everything(running)
    with pytest.raises(UserError):
        act(running, running.fact("received"), running.fact("accepted", "gamma"))
    assert everything(running) == before


def test_a_form_that_is_sent_twice_is_recorded_once(running: House) -> None:
    """Also if it would make no sense the second time."""
    first = act(running, running.fact("received", once="x"))
    act(running, running.fact("accepted", once="y"))
    before = everything(running)
    for word in ("x", "y"):
        again = act(running, running.fact("accepted", once=word))
        assert again.changes.dropped == ()
    assert act(running, running.fact("received", once="x")).facts == first.facts
    assert everything(running) == before


def test_what_others_recorded_about_the_same_thing_stops_the_act(running: House) -> None:
    seen = word(running)
    running.record("waived", reason="new")
    before = everything(running)
    for attempt in (act, rehearsed):
        with pytest.raises(Overtaken) as overtaken:
            attempt(running, running.fact("received"), seen=seen)
        assert [fact.kind for fact in overtaken.value.facts] == ["waived"]
        assert not overtaken.value.is_revised
    assert everything(running) == before


def test_a_decision_about_all_parties_concerns_each(running: House) -> None:
    seen = word(running)
    running.record("waived", None, reason="nobody need")
    with pytest.raises(Overtaken):
        act(running, running.fact("received"), seen=seen)


def test_what_was_recorded_about_something_else_does_not_matter(store: SqlStore) -> None:
    house = House(store, plan(report(), deadline(By(date(2023, 5, 1)), id="other")))
    house.take()
    seen = word(house)
    house.record("received", "gamma")
    house.record("received", milestone="other")
    assert act(house, house.fact("received"), seen=seen).fact.id == 3


def test_a_revision_of_the_plan_stops_the_act(running: House) -> None:
    seen = word(running)
    running.shelf.plans[0] = plan(due_by(date(2023, 3, 24)))
    with pytest.raises(Overtaken) as overtaken:
        act(running, running.fact("received"), seen=seen)
    assert overtaken.value.is_revised


@pytest.mark.parametrize("seen", ["nonsense", "1/x/y/z", "////", "1/2/3"])
def test_a_word_that_says_nothing_is_taken_as_out_of_date(running: House, seen: str) -> None:
    assert parse_inputs(seen) is None
    with pytest.raises(Overtaken):
        act(running, running.fact("received"), seen=seen)


def test_the_word_a_form_came_by_is_kept_with_the_fact(running: House) -> None:
    fact = running.fact("received", once="x")
    recorded = act(running, fact)
    assert running.facts() == [replace(fact, id=recorded.fact.id)]


def test_a_form_that_reaches_two_processes_at_once_is_recorded_once(open_file: Callable[[], SqlStore]) -> None:
    stores = [open_file(), open_file()]
    houses = [House(store) for store in stores]
    houses[0].live(at(3, 4, 12))
    houses[1].clock.instant = at(3, 4, 12)
    together = Barrier(2)

    def send(house: House) -> Recorded:
        together.wait()
        return act(house, house.fact("received", once="x"))

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(send, houses)
    assert one.facts == other.facts
    assert {len(one.changes.dropped), len(other.changes.dropped)} == {0, 8}
    assert len(houses[0].facts()) == 1
    assert len(houses[0].mails(kind="receipt")) == 1
