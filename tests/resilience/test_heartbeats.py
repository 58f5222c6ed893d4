"""On PostgreSQL the server's clock says who is dead, whatever the clocks of the machines show.

With the rhythm of a daemon; the past of a process is written into the record, so that nobody waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from scheduler.clock import SteppingClock
from scheduler.ports import Process
from scheduler.services.heartbeats import Heartbeat
from scheduler.store import SqlStore, open_store
from tests.contracts.store_samples import LEASE, NOW, outgoing, queue
from tests.support.runner_fixture import ShiftedClock

DAY = timedelta(days=1)
WRONG = pytest.mark.parametrize("ahead", [-DAY, timedelta(0), DAY])


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    """Return a record on a server, with one mail in it."""
    with closing(open_store(postgres_url)) as opened:
        queue(opened, outgoing())
        yield opened


def heartbeat(store: SqlStore, name: str, ahead: timedelta) -> Heartbeat:
    """Return the heartbeat of a process on a machine whose clock is ahead."""
    return Heartbeat(store, Process(name=name, role="daemon"), system=ShiftedClock(ahead), clock=SteppingClock(NOW))


def claim(store: SqlStore, name: str) -> int:
    """Claim what can be claimed; return how much that is."""
    with store.transaction() as unit:
        return len(unit.outbox.claim(NOW, by=name, lease=LEASE, limit=9))


@WRONG
@pytest.mark.parametrize(("silent", "is_dead"), [(0, False), (30, False), (46, True), (60, True), (3600, True)])
def test_what_a_process_held_can_be_claimed_once_it_was_silent_for_45_seconds(
    store: SqlStore, ahead: timedelta, silent: int, is_dead: bool
) -> None:
    assert claim(store, "silent") == 1
    with store.transaction() as unit:
        now = unit.heartbeats.clock()
        assert now is not None
        unit.heartbeats.record(Process(name="silent", role="daemon"), now - timedelta(seconds=silent))
    assert heartbeat(store, "another", ahead).beat() == is_dead
    assert claim(store, "another") == is_dead


@WRONG
def test_a_living_process_keeps_what_it_holds_however_wrong_its_own_clock_is(store: SqlStore, ahead: timedelta) -> None:
    living = heartbeat(store, "living", ahead)
    mark = living.mark()
    assert claim(store, "living") == 1
    assert heartbeat(store, "another", -ahead).beat() == 0
    assert claim(store, "another") == 0
    assert living.is_unbroken(mark)
