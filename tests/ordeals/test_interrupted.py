"""The record or its server goes away in the midst of a dispatch and comes back: the daemon goes on by itself.

A real engine in a thread, a real mail server, a real database; of nothing two mails, not even of what was in hand.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from scheduler.clock import SystemClock
from scheduler.store import open_store
from tests.engine.house import ONCE, House, crowd
from tests.engine.test_embedded import Shifted, engine_of, running
from tests.mail.mailing import mailer
from tests.mail.scripted import ScriptedServer
from tests.mail.servers import wait_until
from tests.ordeals.daemons import DUE, PATIENCE
from tests.postgres import Cluster

COUNT = 400


@contextmanager
def dispatching(url: str, server: ScriptedServer) -> Iterator[House]:
    """Run an engine through a dispatch of 400 mails; in the end everything has left, each once."""
    with closing(open_store(url, busy_timeout=0.1)) as store, mailer(server.port) as post:
        house = House(store, crowd(COUNT, ladder=ONCE))
        house.ticker.load()
        house.ticker = house.daemon(name="second", mailer=post, clock=Shifted(DUE - SystemClock().now()))
        with running(engine_of(house.ticker)):
            yield house
            wait_until(lambda: sent(house) == COUNT, "everything leaves", PATIENCE)
    assert Counter(received.recipient for received in server.received).most_common(1)[0][1] == 1
    assert len(server.received) == COUNT


def sent(house: House) -> int:
    """Return how many steps were recorded as sent."""
    return Counter(rung.state for rung in house.rows(None))["sent"]


def leaves(server: ScriptedServer, count: int) -> None:
    """Wait until so many mails have left."""
    wait_until(lambda: len(server.received) >= count, f"{count} mails leave", PATIENCE)


def told(house: House, words: str) -> None:
    """Wait until the daemon says words of trouble."""
    wait_until(lambda: any(words in text for text in house.told("trouble")), f"{words!r} is told", PATIENCE)


def test_postgresql_restarted_during_a_dispatch(postgres: Cluster, postgres_url: str, server: ScriptedServer) -> None:
    """Twice: while reminders are written, and while they leave."""
    with dispatching(postgres_url, server) as house:
        postgres.restart()
        leaves(server, 100)
        postgres.restart()
        told(house, "was lost")


def test_postgresql_away_during_a_dispatch(postgres: Cluster, postgres_url: str, server: ScriptedServer) -> None:
    """For several heartbeats."""
    with dispatching(postgres_url, server) as house:
        leaves(server, 100)
        postgres.stop()
        told(house, "cannot be reached")
        postgres.start()


@pytest.mark.parametrize("left", [0, 100])
def test_sqlite_locked_during_a_dispatch(file_url: str, server: ScriptedServer, left: int) -> None:
    """For longer than anybody waits for a lock, several times over."""
    with dispatching(file_url, server) as house:
        leaves(server, left)
        with closing(sqlite3.connect(file_url.removeprefix("sqlite:///"), timeout=PATIENCE)) as other:
            other.execute("BEGIN IMMEDIATE")
            wait_until(lambda: len(house.told("trouble")) >= 3, "the daemon is told three times", PATIENCE)
            other.rollback()
        assert all("is locked by another writer" in text for text in house.told("trouble"))
