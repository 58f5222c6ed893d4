"""Daemons in processes of their own, sending by SMTP, and what is left in the record when they are gone.

They are forked from a server that has loaded everything: twenty of them start in a second.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from scheduler.clock import SteppingClock, SystemClock
from scheduler.ports import MessageRow, Process, RungRow
from scheduler.services.heartbeats import Heartbeat, Rhythm
from scheduler.store import open_store
from tests.support.daemon_fixture import ONCE, DaemonFixture, large_plan
from tests.support.plan_builders import at
from tests.support.smtp_mailers import mailer

COUNT = 2000
DUE = at(3, 10, 8)
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.support.daemon_processes", "tests.support.announcing_daemon"])


def start(work: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start a process; it does not outlive the tests."""
    process = CONTEXT.Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


def load(url: str) -> None:
    """Take a plan of 2,000 parties into an empty record, long before its one reminder is due."""
    with closing(open_store(url)) as store:
        DaemonFixture(store, large_plan(COUNT, ladder=ONCE)).ticker.load()


def tick(url: str, port: int, instant: datetime) -> None:
    """Be a daemon that was started at an instant: tick once."""
    with closing(open_store(url)) as store, mailer(port) as post:
        daemon = DaemonFixture(
            store, large_plan(COUNT, ladder=ONCE), start=instant, mailer=post, name=f"daemon {os.getpid()}"
        )
        daemon.ticker.load()
        daemon.tick()


def tick_beating(url: str, port: int, instant: datetime, rhythm: Rhythm) -> None:
    """Be a daemon with a heartbeat that was started at an instant: tick once."""
    with closing(open_store(url)) as store, mailer(port) as post:
        heartbeat = Heartbeat(
            store,
            Process(name=f"daemon {os.getpid()}", role="daemon"),
            system=SystemClock(),
            clock=SteppingClock(instant),
            rhythm=rhythm,
        )
        daemon = DaemonFixture(store, large_plan(COUNT, ladder=ONCE), start=instant, mailer=post, heartbeat=heartbeat)
        daemon.ticker.load()
        with heartbeat.beating(lambda: None):
            daemon.tick()


def read(url: str) -> tuple[list[RungRow], list[MessageRow]]:
    """Return the ledger and the outbox."""
    with closing(open_store(url)) as store, store.reading() as view:
        return list(view.rungs.of("plan")), list(view.outbox.list())


def count_written(url: str, now: datetime) -> int:
    """Return how many reminders have been written."""
    with closing(open_store(url)) as store, store.reading() as view:
        return COUNT - len(view.rungs.due("plan", now))


def tick_twice(url: str, port: int, instant: datetime, asker: Connection) -> None:
    """Be a daemon that ticks, says when it wants to be woken next, and is woken then."""
    with closing(open_store(url)) as store, mailer(port) as post:
        daemon = DaemonFixture(
            store, large_plan(COUNT, ladder=ONCE), start=instant, mailer=post, name=f"daemon {os.getpid()}"
        )
        daemon.ticker.load()
        wakes = daemon.tick().wake_at
        asker.send(wakes)
        asker.recv()
        daemon.tick(wakes)
