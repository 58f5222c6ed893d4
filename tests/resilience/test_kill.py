"""`kill -9` in the midst of a dispatch of 2,000 mails: nothing is lost, and twice comes only what was in hand."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from multiprocessing.process import BaseProcess

import pytest

from scheduler.clock import SteppingClock, SystemClock
from scheduler.engine.mails.mail_queue import LEASE
from scheduler.ports import Process
from scheduler.services.heartbeats import Heartbeat, Rhythm
from scheduler.store import open_store
from tests.support.daemon_fixture import ONCE, DaemonFixture, large_plan
from tests.support.daemon_processes import (
    CONTEXT,
    COUNT,
    DUE,
    count_written,
    load,
    read,
    start,
    tick,
    tick_beating,
    tick_twice,
)
from tests.support.polling import TIMEOUT, wait_until
from tests.support.scripted_smtp import DEFAULTS, FREEZE, Answers, Received, ScriptedServer
from tests.support.smtp_mailers import mailer

WRITTEN = (200, 200, 600, 1000)  # reminders, in pages of 200: kills soon after
QUICKER = 6  # than a daemon's rhythm; in one still quicker a busy machine is late by more than there is to spare
RHYTHM = Rhythm(every=Rhythm().every / QUICKER, sure=Rhythm().sure / QUICKER, stale=Rhythm().stale / QUICKER)
MINUTE = 60 / QUICKER  # seconds
SENT = 16  # kills while mails leave


def kill(process: BaseProcess) -> None:
    """Kill a process that is at work."""
    assert process.is_alive(), "it was not alive any more"
    process.kill()
    process.join(TIMEOUT)
    assert process.exitcode == -signal.SIGKILL


def look_at_what_came(url: str, came: Sequence[Received], kills: int) -> None:
    """Look that everything has left, and twice only what a killed daemon had in hand: once more for each kill."""
    rungs, mails = read(url)
    assert Counter(rung.state for rung in rungs) == {"sent": COUNT}
    assert Counter(mail.state for mail in mails) == {"sent": COUNT}
    stored = {mail.mail.message_id: mail.mail.data for mail in mails}
    copies: dict[str, list[Received]] = defaultdict(list)
    last: dict[str, Received] = {}
    for received in came:
        copies[received.message_id].append(received)
        last[received.connection] = received
    assert copies.keys() == stored.keys()
    assert [id for id, same in copies.items() if {one.data for one in same} != {stored[id]}] == []
    assert len(came) - COUNT <= kills
    in_hand = Counter(received.message_id for received in last.values())
    assert [id for id, same in copies.items() if len(same) - 1 > in_hand[id]] == []


@pytest.mark.parametrize("seed", [20230320])
def test_a_dispatch_killed_twenty_times_loses_nothing(url: str, server: ScriptedServer, seed: int) -> None:
    """Each daemon comes when the lease of the last one is over; each copy has the same identity and bytes."""
    load(url)
    chance = random.Random(seed)
    instant = DUE
    for written, more, seconds in [
        *[(n, 0, 0.1) for n in WRITTEN],
        *[(0, chance.randint(1, 99), 0.02) for _ in range(SENT)],
    ]:
        goal = len(server.received) + more
        process = start(tick, url, server.port, instant)
        wait_until(partial(has_come, url, server, written, goal), "the moment comes")
        process.join(chance.uniform(0, seconds))  # into the midst of whatever it does then
        kill(process)
        instant += LEASE + timedelta(minutes=1)
    last = start(tick, url, server.port, instant)
    last.join(TIMEOUT)
    assert last.exitcode == 0
    look_at_what_came(url, server.received, len(WRITTEN) + SENT)


def has_come(url: str, server: ScriptedServer, written: int, received: int) -> bool:
    """Return whether so many reminders have been written, and so many have left."""
    return len(server.received) >= received and (not written or count_written(url, DUE) >= written)


def test_of_two_daemons_one_is_killed_half_way_and_the_other_sends_the_rest(
    postgres_url: str, server: ScriptedServer
) -> None:
    """It finishes its own share at once, and what the dead one had in hand when the lease is over."""
    load(postgres_url)
    survivor, connection = CONTEXT.Pipe()
    other = start(tick_twice, postgres_url, server.port, DUE, connection)
    answers: Answers = {
        "content": [*[DEFAULTS["content"]] * 324, FREEZE]
    }  # the middle of a page; the last one stays unanswered
    with ScriptedServer(answers) as halting:
        victim = start(tick, postgres_url, halting.port, DUE)
        wait_until(lambda: len(halting.received) == 325, "it is half-way")
        kill(victim)
    assert survivor.poll(TIMEOUT)
    wakes: datetime = survivor.recv()
    assert wakes == DUE + LEASE
    assert Counter(mail.state for mail in read(postgres_url)[1]) == {"sent": COUNT - 26, "inflight": 26}
    survivor.send("go on")
    other.join(TIMEOUT)
    assert other.exitcode == 0
    look_at_what_came(postgres_url, [*server.received, *halting.received], kills=1)


@pytest.mark.parametrize("sent", [310, 325])
def test_what_a_killed_daemon_held_leaves_within_a_minute(url: str, server: ScriptedServer, sent: int) -> None:
    """Of a minute that is six times as quick, as soon as its heartbeat is stale; its leases are longer."""
    load(url)
    released, woken = [], threading.Event()

    def wake() -> None:
        released.append(time.monotonic())
        woken.set()

    with closing(open_store(url)) as store, mailer(server.port) as post:
        heartbeat = Heartbeat(
            store,
            Process(name="survivor", role="worker"),  # the victim plans
            system=SystemClock(),
            clock=SteppingClock(DUE),
            rhythm=RHYTHM,
        )
        with heartbeat.beating(wake):
            answers: Answers = {"content": [*[DEFAULTS["content"]] * (sent - 1), FREEZE]}  # the last stays unanswered
            with ScriptedServer(answers) as halting:
                victim = start(tick_beating, url, halting.port, DUE, RHYTHM)
                wait_until(lambda: len(halting.received) == sent, "it is half-way")
                kill(victim)
                killed = time.monotonic()
            assert Counter(mail.state for mail in read(url)[1])["inflight"] > 0
            daemon = DaemonFixture(store, large_plan(COUNT, ladder=ONCE), start=DUE, mailer=post, heartbeat=heartbeat)
            daemon.ticker.load()
            daemon.tick()
            assert woken.wait(TIMEOUT)
            daemon.tick()
    assert released[0] - killed <= MINUTE
    look_at_what_came(url, [*server.received, *halting.received], kills=1)
