"""Who lives says so, and what the dead held is released."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from scheduler.clock import SteppingClock
from scheduler.errors import RecordUnavailable
from scheduler.ports import MessageState, Process
from scheduler.services.heartbeats import Heartbeat, Rhythm
from scheduler.store import SqlStore
from tests.contracts.store_samples import LEASE, NOW, outgoing, queue
from tests.support.fakes import LockedStore
from tests.support.polling import wait_until

QUICK = Rhythm(every=timedelta(seconds=0.05), sure=timedelta(seconds=30), stale=timedelta(seconds=45))


@pytest.fixture
def clock() -> SteppingClock:
    """Return the clock of all processes."""
    return SteppingClock(NOW)


def heartbeat(store: SqlStore | LockedStore, clock: SteppingClock, name: str = "a") -> Heartbeat:
    return Heartbeat(store, Process(name=name, role="daemon"), system=clock, clock=clock, rhythm=QUICK)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def take(store: SqlStore, *, by: str) -> None:
    with store.transaction() as unit:
        unit.outbox.claim(NOW, by=by, lease=LEASE, limit=1)


def states(store: SqlStore) -> list[tuple[MessageState, bool]]:
    """Return the state of each mail, and whether it could be claimed now."""
    with store.transaction() as unit:
        free = {row.id for row in unit.outbox.claim(after(60), by="nobody", lease=LEASE, limit=9)}
        return [(row.state, row.id in free) for row in unit.outbox.list()]


@pytest.mark.parametrize(("seconds", "is_sure"), [(0, True), (30, True), (31, False), (3600, False), (-1, False)])
def test_a_process_trusts_its_heartbeat_for_half_a_minute(
    store: SqlStore, clock: SteppingClock, seconds: float, is_sure: bool
) -> None:
    """A clock that was turned back proves nothing either."""
    process = heartbeat(store, clock)
    mark = process.mark()
    clock.instant = after(seconds)
    assert process.is_unbroken(mark) == is_sure


@pytest.mark.parametrize(("seconds", "is_unbroken"), [(10, True), (30, True), (40, False), (3600, False), (-5, False)])
def test_what_was_claimed_before_a_suspension_is_not_held_any_more(
    store: SqlStore, clock: SteppingClock, seconds: float, is_unbroken: bool
) -> None:
    """Not even once the process has beaten again: others may have released it meanwhile."""
    process = heartbeat(store, clock)
    mark = process.mark()
    clock.instant = after(seconds)
    process.beat()
    assert process.is_unbroken(process.mark())
    assert process.is_unbroken(mark) == is_unbroken


@pytest.mark.parametrize("seconds", [0, 31, 3600])
def test_a_process_beats_before_it_claims_anything(store: SqlStore, clock: SteppingClock, seconds: float) -> None:
    """The first time, and after a suspension; while the record refuses it, nothing may be claimed."""
    locked = LockedStore(store)
    process = heartbeat(locked, clock)
    if seconds:
        process.beat()
    clock.instant = after(seconds)
    locked.lock()
    with pytest.raises(RecordUnavailable):
        process.mark()
    assert process.is_unbroken(process.mark())


@pytest.mark.parametrize(("seconds", "released"), [(44, 0), (45, 0), (46, 1), (60, 1)])
def test_what_a_process_held_is_released_when_its_heartbeat_is_stale(
    store: SqlStore, clock: SteppingClock, seconds: float, released: int
) -> None:
    queue(store, outgoing())
    heartbeat(store, clock, "dead").beat()
    take(store, by="dead")
    clock.instant = after(seconds)
    living = heartbeat(store, clock, "living")
    assert [living.beat(), living.beat()] == [released, 0]
    assert states(store) == [("inflight", bool(released))]


def test_who_has_no_heartbeat_keeps_what_it_holds_until_its_lease_ends(store: SqlStore, clock: SteppingClock) -> None:
    queue(store, outgoing())
    take(store, by="another")
    clock.instant = after(46)
    assert heartbeat(store, clock).beat() == 0
    assert states(store) == [("inflight", False)]


def test_a_process_beats_until_it_ends_and_leaves_nothing_behind(store: SqlStore, clock: SteppingClock) -> None:
    queue(store, outgoing())
    process = heartbeat(store, clock)
    with process.beating(lambda: None):
        clock.instant = after(31)
        wait_until(lambda: process.is_unbroken(2), "it beats again")
        take(store, by="a")
    with store.reading() as view:
        assert view.heartbeats.stale(after(3600)) == []
    assert states(store) == [("inflight", True)]


def test_a_living_process_is_woken_when_something_was_released(store: SqlStore, clock: SteppingClock) -> None:
    queue(store, outgoing())
    heartbeat(store, clock, "dead").beat()
    take(store, by="dead")
    woken: list[str] = []
    with heartbeat(store, clock, "living").beating(lambda: woken.append("woken")):
        clock.instant = after(46)
        wait_until(lambda: woken == ["woken"], "it is woken")


def test_a_record_that_is_locked_for_a_while_does_not_end_the_beating(store: SqlStore, clock: SteppingClock) -> None:
    locked = LockedStore(store)
    locked.lock()
    process = heartbeat(locked, clock)
    with process.beating(lambda: None):
        wait_until(lambda: process.is_unbroken(1), "it beats")


def test_the_dead_are_known_within_a_minute() -> None:
    """The last beat may be as old as the death, and another process beats just before it is stale."""
    rhythm = Rhythm()
    assert rhythm.stale + rhythm.every < timedelta(minutes=1)
    assert 2 * rhythm.every < rhythm.sure < rhythm.stale
