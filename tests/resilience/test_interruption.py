"""The record or its server goes away in the midst of a dispatch and comes back: the daemon goes on by itself.

A real engine in a thread, a real mail server, a real database; of nothing two mails, not even of what was in hand.
"""

from __future__ import annotations

import resource
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
import sqlalchemy as sa

from scheduler.clock import SystemClock
from scheduler.store import open_store
from tests.support.daemon_fixture import ONCE, DaemonFixture, large_plan
from tests.support.daemon_processes import DUE
from tests.support.polling import TIMEOUT, wait_until
from tests.support.postgresql import Cluster
from tests.support.runner_fixture import ShiftedClock, engine_of, running
from tests.support.scripted_smtp import ScriptedServer
from tests.support.smtp_mailers import mailer

COUNT = 250
HEARTBEAT = 0.5  # 25 without a sign of life end the engine; a loaded machine may need seconds to connect


@contextmanager
def dispatching(
    url: str, server: ScriptedServer, on_begin: Callable[[sa.Connection], None] | None = None
) -> Iterator[DaemonFixture]:
    """Run an engine through a dispatch of 250 mails; in the end everything has left, each once."""
    with closing(open_store(url, busy_timeout=0.1)) as store, mailer(server.port) as post:
        daemon = DaemonFixture(store, large_plan(COUNT, ladder=ONCE))
        daemon.ticker.load()
        daemon.ticker = daemon.new_ticker(name="second", mailer=post, clock=ShiftedClock(DUE - SystemClock().now()))
        if on_begin:
            sa.event.listen(store.engine, "begin", on_begin)
        with running(engine_of(daemon.ticker, heartbeat=HEARTBEAT)) as raised:
            yield daemon
            wait_until(lambda: sent(daemon) == COUNT, "everything leaves")
        assert raised == []
    assert Counter(received.recipient for received in server.received).most_common(1)[0][1] == 1
    assert len(server.received) == COUNT


def sent(daemon: DaemonFixture) -> int:
    """Return how many steps were recorded as sent."""
    return Counter(rung.state for rung in daemon.rows(None))["sent"]


def leaves(server: ScriptedServer, count: int) -> None:
    """Wait until so many mails have left."""
    wait_until(lambda: len(server.received) >= count, f"{count} mails leave")


def logged(daemon: DaemonFixture, words: str) -> None:
    """Wait until the daemon says words of trouble."""
    wait_until(lambda: any(words in text for text in daemon.logged("trouble")), f"{words!r} is logged")


def test_postgresql_restarted_during_a_dispatch(postgres: Cluster, postgres_url: str, server: ScriptedServer) -> None:
    """Twice: while reminders are written, and while they leave."""
    with dispatching(postgres_url, server):
        postgres.restart()
        leaves(server, 100)
        postgres.restart()


def test_postgresql_away_during_a_dispatch(postgres: Cluster, postgres_url: str, server: ScriptedServer) -> None:
    """For several heartbeats."""
    with dispatching(postgres_url, server) as daemon:
        leaves(server, 100)
        postgres.stop()
        logged(daemon, "cannot be reached")
        postgres.start()


@pytest.mark.parametrize("left", [0, 100])
def test_sqlite_locked_during_a_dispatch(file_url: str, server: ScriptedServer, left: int) -> None:
    """For longer than anybody waits for a lock, several times over."""
    with dispatching(file_url, server) as daemon:
        leaves(server, left)
        with closing(sqlite3.connect(file_url.removeprefix("sqlite:///"), timeout=TIMEOUT)) as other:
            other.execute("BEGIN IMMEDIATE")
            wait_until(lambda: len(daemon.logged("trouble")) >= 3, "the daemon logs it three times")
            other.rollback()
        assert all("is locked by another writer" in text for text in daemon.logged("trouble"))


def test_postgresql_made_read_only_during_a_dispatch(
    postgres: Cluster, postgres_url: str, server: ScriptedServer
) -> None:
    """As after a failover to a standby; somebody puts it right."""
    name = postgres_url.partition("@/")[2].partition("?")[0]

    def forbid_writing(value: str) -> None:
        postgres.psql(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
        postgres.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    with dispatching(postgres_url, server) as daemon:
        leaves(server, 100)
        forbid_writing("on")
        logged(daemon, "it is read-only")
        forbid_writing("off")


def test_no_room_for_sqlite_to_write_reminders(file_url: str, server: ScriptedServer) -> None:
    """They are written when there is room; nothing has to be started again."""
    disk = FakeDisk()
    with dispatching(file_url, server, disk) as daemon:
        logged(daemon, "there is no room left")
        assert server.received == []
        disk.pages = 1_000_000


class FakeDisk:
    """Lets the file grow to so many pages and no further, as a full disk would."""

    def __init__(self) -> None:
        self.pages = 1  # never fewer than there are

    def __call__(self, connection: sa.Connection) -> None:
        """Take effect in the transaction that begins."""
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.execute(f"PRAGMA max_page_count={self.pages}")


def test_a_disk_that_fails_under_sqlite_while_mails_leave(file_url: str, server: ScriptedServer) -> None:
    """What the mail server has answered is recorded when the disk is well again."""
    with dispatching(file_url, server) as daemon:
        leaves(server, 100)
        with small_files():
            logged(daemon, "the disk failed")


@contextmanager
def small_files() -> Iterator[None]:
    """Let no file of this process grow beyond 64 KB: every write to the database fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
