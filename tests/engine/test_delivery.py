"""Written mails leave: inside the hours, each once, and nothing is lost when the transport is unwell."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from scheduler.engine.mails.delivery import HOLD
from scheduler.engine.mails.mail_queue import LEASE, PAGE
from scheduler.errors import RecordUnavailable
from scheduler.mail.maildir import Maildir
from scheduler.ports import Mail, Outcome, Process
from scheduler.services.heartbeats import Heartbeat
from scheduler.store import SqlStore
from tests.support.daemon_fixture import DaemonFixture, large_plan
from tests.support.fakes import AdvancingClock, Crash, FakeMailer, LockedStore, crash, nothing, on_call
from tests.support.plan_builders import at

OpenFile = Callable[[], SqlStore]


# ---- a transport that is unwell


def test_while_the_transport_is_unwell_everything_stays_queued_and_leaves_later_once(daemon: DaemonFixture) -> None:
    """One attempt shows it; the rest is not even tried."""
    daemon.live(at(3, 9, 18))
    tries: list[Mail] = []
    daemon.mailer.is_down, daemon.mailer.before = True, tries.append
    for minute in range(3):
        daemon.tick(at(3, 10, 8, minute))
    assert len(tries) == 3
    assert {mail.state for mail in daemon.mails(rung="before:7d")} == {"queued"}
    assert {mail.attempts for mail in daemon.mails(rung="before:7d")} == {0}
    assert daemon.logged("trouble")[0] == (
        "mail stays in the outbox: the server does not answer\n    look at [mail.smtp]"
    )
    daemon.mailer.is_down = False
    daemon.tick(at(3, 10, 8, 30))
    daemon.tick(at(3, 10, 8, 31))
    assert len(daemon.mailer.ids) == len(set(daemon.mailer.ids)) == 6
    assert {mail.state for mail in daemon.mails(rung="before:7d")} == {"sent"}


def test_a_maildir_that_cannot_be_written_keeps_the_mails_in_the_outbox(store: SqlStore, tmp_path: Path) -> None:
    """A file lies where the folder should be; when it is gone, everything leaves."""
    folder = tmp_path / "mail"
    folder.write_text("in the way", encoding="utf-8")
    daemon = DaemonFixture(store, mailer=Maildir(folder))
    daemon.live(at(3, 3, 9))
    assert {mail.state for mail in daemon.mails()} == {"queued"}
    assert "cannot write mail into" in daemon.logged("trouble")[0]
    assert daemon.failed() == {"delivery"}
    folder.unlink()
    daemon.tick(at(3, 3, 10))
    assert len(list((folder / "new").iterdir())) == 3


def test_a_mail_that_breaks_the_mailer_waits_and_the_others_leave(daemon: DaemonFixture) -> None:
    """A fault of ours with one mail is logged; it is tried again later."""
    faults: list[Mail] = []

    def break_once(mail: Mail) -> None:
        if mail.address == "officer@beta.example" and not faults:
            faults.append(mail)
            raise ZeroDivisionError("by us")

    daemon.live(at(3, 9, 18))
    daemon.mailer.before = break_once
    daemon.tick(at(3, 10, 8))
    assert daemon.left("officer@gamma.example")[-1] == "03-10 08:00 before:7d"
    assert "mail stays in the outbox: ZeroDivisionError: by us" in daemon.logged("trouble")
    daemon.live(at(3, 10, 9))
    assert daemon.left()[-1] == "03-10 08:15 before:7d"


@pytest.mark.parametrize("state", ["failed", "ambiguous"])
def test_what_the_server_said_is_kept_and_decides_the_rung(
    daemon: DaemonFixture, state: Literal["failed", "ambiguous"]
) -> None:
    """In the server's words, on the mail and on the promise; the rungs ahead are not touched."""
    daemon.mailer.outcome = Outcome(state=state, reply="550 5.1.1 no such user")
    daemon.live(at(3, 4))
    assert {(mail.state, mail.reply) for mail in daemon.mails()} == {(state, "550 5.1.1 no such user")}
    row = daemon.row("before:14d")
    assert row.state == state
    assert str(row.reason).endswith("550 5.1.1 no such user")
    assert daemon.logged(state) == [str(row.reason)] * 3
    assert daemon.row("before:7d").state == "planned"


def test_a_sent_rung_has_no_reason(daemon: DaemonFixture) -> None:
    """The reply stays on the mail."""
    daemon.live(at(3, 4))
    assert str(daemon.row("before:14d").reason) == ""
    assert daemon.row("before:14d").settled_at == at(3, 3, 8)
    assert {mail.reply for mail in daemon.mails()} == {"250 ok"}


# ---- hours bind delivery


def test_what_was_written_in_time_and_could_not_leave_before_closing_waits_for_the_opening(
    daemon: DaemonFixture,
) -> None:
    """Opening hours bind delivery, not only dispatch."""
    daemon.live(at(3, 9, 18))
    daemon.mailer.is_down = True
    daemon.live(at(3, 10, 17))
    daemon.mailer.is_down = False
    for hour in (17, 20, 23):
        daemon.tick(at(3, 10, hour))
    daemon.live(at(3, 13, 9))
    assert daemon.left()[-1] == "03-13 08:00 before:7d"


def test_a_delivery_that_takes_until_closing_time_stops_there(store: SqlStore) -> None:
    """The clock is read for each mail, not once for all."""
    daemon = DaemonFixture(store, large_plan(100))
    daemon.live(at(3, 3, 7))

    def take_time(mail: Mail) -> None:
        daemon.clock.instant += timedelta(minutes=1)

    daemon.mailer.before = take_time
    daemon.tick(at(3, 3, 16, 30))
    assert len(daemon.mailer.sent) == 30
    assert {mail.state for mail in daemon.mails()} == {"sent", "queued"}
    daemon.live(at(3, 6, 8))
    daemon.live(at(3, 7, 12))
    assert len(daemon.mailer.ids) == len(set(daemon.mailer.ids)) == 100


def test_an_outage_summary_is_not_bound_by_the_hours(daemon: DaemonFixture) -> None:
    """Operators are notified at once."""
    daemon.live(at(3, 9, 18))
    daemon.tick(at(3, 19, 3))
    assert daemon.left("ops@cum.example") == ["03-19 03:00 outage"]


# ---- leases


def test_a_page_is_not_held_until_its_lease_runs_out(store: SqlStore) -> None:
    """A server that takes a minute for each mail: what would outlive the lease is given back and taken anew."""
    daemon = DaemonFixture(store, large_plan(60))
    daemon.live(at(3, 3, 7))
    other = FakeMailer(daemon.clock)
    second = daemon.new_ticker(name="second", mailer=other)
    second.load()

    def dawdle(mail: Mail) -> None:
        daemon.clock.instant += timedelta(minutes=1)
        if len(daemon.mailer.sent) in (10, 20, 30):
            second.tick()

    daemon.mailer.before = dawdle
    daemon.tick(at(3, 3, 9))
    sent = [*daemon.mailer.ids, *other.ids]
    assert len(sent) == len(set(sent)) == 60
    assert HOLD + timedelta(minutes=10) < LEASE


def test_a_clock_that_runs_while_mails_leave_does_not_stop_them(store: SqlStore) -> None:
    """At least one mail leaves for each page, however slow everything is."""
    daemon = DaemonFixture(store, large_plan(10))
    daemon.live(at(3, 3, 7))
    daemon.ticker = daemon.new_ticker(clock=AdvancingClock(at(3, 3, 9), timedelta(minutes=5)))
    daemon.ticker.tick()
    assert len(daemon.mailer.ids) == len(set(daemon.mailer.ids)) == 10


def test_the_mails_of_a_daemon_that_died_leave_when_their_lease_is_over(daemon: DaemonFixture) -> None:
    """Nothing is lost; the one that was in hand goes out again with the same identity."""
    daemon.live(at(3, 9, 18))
    daemon.mailer.before = on_call(2, crash)
    with pytest.raises(Crash):
        daemon.tick(at(3, 10, 8))
    assert sorted(mail.state for mail in daemon.mails(rung="before:7d")) == ["inflight", "inflight", "sent"]
    daemon.mailer.before = lambda mail: None
    daemon.ticker = daemon.new_ticker(name="second")
    tick = daemon.tick(at(3, 10, 8, 1))
    assert tick.wake_at == at(3, 10, 8) + LEASE
    assert len(daemon.mailer.sent) == 4
    daemon.live(at(3, 11))
    assert len(daemon.mailer.ids) == len(set(daemon.mailer.ids)) == 6


# ---- a request to stop


def heartbeat_of(daemon: DaemonFixture, name: str = "beating") -> Heartbeat:
    return Heartbeat(daemon.store, Process(name=name, role="daemon"), system=daemon.clock, clock=daemon.clock)


def test_a_daemon_that_could_not_say_lately_that_it_lives_begins_no_mail(daemon: DaemonFixture) -> None:
    """Others may have taken it for dead and be at its mails."""
    store = LockedStore(daemon.store)
    heartbeat = Heartbeat(store, Process(name="beating", role="daemon"), system=daemon.clock, clock=daemon.clock)
    daemon.ticker = daemon.new_ticker(heartbeat=heartbeat)
    store.lock()
    with pytest.raises(RecordUnavailable):
        daemon.tick(at(3, 3, 8))
    assert daemon.mailer.sent == []
    daemon.tick()
    assert len(daemon.mailer.sent) == 3


@pytest.mark.parametrize("beats_again", [False, True])
@pytest.mark.parametrize("minutes", [1, 3, 14])
def test_a_daemon_that_was_suspended_between_two_mails_leaves_the_others_to_whoever_took_them(
    daemon: DaemonFixture, minutes: int, beats_again: bool
) -> None:
    """Its heart may beat again before it goes on; what it held is not its own any more for all that."""
    heartbeat, other = heartbeat_of(daemon), heartbeat_of(daemon, "other")
    daemon.ticker = daemon.new_ticker(heartbeat=heartbeat)

    def suspend(mail: Mail) -> None:
        daemon.mailer.before = nothing
        daemon.clock.instant += timedelta(minutes=minutes)
        assert other.beat() == 3
        daemon.new_ticker(heartbeat=other).tick()
        if beats_again:
            heartbeat.beat()

    daemon.mailer.before = suspend
    daemon.clock.instant = at(3, 3, 8)
    heartbeat.beat()
    daemon.tick()
    twice = [id for id, number in Counter(daemon.mailer.ids).items() if number > 1]
    assert len(twice) == 1  # the one that was in hand
    assert len(daemon.mailer.sent) == 4
    assert {mail.state for mail in daemon.mails()} == {"sent"}


def test_a_request_to_stop_finishes_the_mail_in_hand_and_leaves_the_rest_queued(store: SqlStore) -> None:
    """At once free for another daemon; the tick does not count as completed."""
    daemon = DaemonFixture(store, large_plan(120))
    daemon.live(at(3, 3, 7))
    daemon.ticker = daemon.new_ticker(is_stopping=lambda: len(daemon.mailer.sent) >= 70)
    daemon.tick(at(3, 3, 8))
    states = [mail.state for mail in daemon.mails()]
    assert (states.count("sent"), states.count("queued")) == (70, 50)
    with store.reading() as view:
        assert view.journal.last_tick() == at(3, 2, 8)
    daemon.ticker = daemon.new_ticker(name="second")
    daemon.tick(at(3, 3, 8))
    assert len(daemon.mailer.ids) == len(set(daemon.mailer.ids)) == 120


def test_a_daemon_asked_to_stop_before_it_began_sends_nothing(daemon: DaemonFixture) -> None:
    """Everything stays planned."""
    daemon.live(at(3, 9, 18))
    daemon.ticker = daemon.new_ticker(is_stopping=lambda: True)
    daemon.ticker.load()
    daemon.tick(at(3, 10, 8))
    assert daemon.states()["before:7d"] == "planned"
    assert daemon.left() == ["03-03 08:00 before:14d"]


# ---- two daemons


def test_two_daemons_on_one_record_never_send_a_rung_twice(open_file: OpenFile) -> None:
    """Each has its own connection; one ticks in the middle of the other's tick, at every step of it."""
    first = DaemonFixture(open_file(), large_plan(60))
    second = DaemonFixture(open_file(), large_plan(60))
    first.live(at(3, 3, 7))
    second.clock.instant = at(3, 3, 8)
    second.ticker.load()
    first.mailer.before = lambda mail: second.tick(at(3, 3, 8))
    first.tick(at(3, 3, 8))
    second.tick(at(3, 3, 8, 1))
    sent = [*first.mailer.ids, *second.mailer.ids]
    assert len(sent) == len(set(sent)) == 60
    assert {row.state for row in first.rows(None) if row.name == "before:14d"} == {"sent"}


def test_two_daemons_that_compose_at_the_same_moment_share_the_work(open_file: OpenFile) -> None:
    """Between planning and claiming the other was faster: its claims hold."""
    first = DaemonFixture(open_file(), large_plan(60))
    second = DaemonFixture(open_file(), large_plan(60))
    first.live(at(3, 3, 7))
    second.clock.instant = at(3, 3, 8)
    second.ticker.load()
    first.ticker = first.new_ticker(report=on_call(1, lambda: second.tick(at(3, 3, 8))), name="third")
    first.tick(at(3, 3, 8))
    sent = [*first.mailer.ids, *second.mailer.ids]
    assert len(sent) == len(set(sent)) == 60


def test_two_daemons_at_the_same_time_never_send_a_rung_twice(open_file: OpenFile) -> None:
    """Each in a thread of its own, from the same instant on; nothing is left for a third."""
    daemons = [DaemonFixture(open_file(), large_plan(120), name=f"daemon {number}") for number in range(2)]
    daemons[0].live(at(3, 3, 7))
    start = threading.Barrier(len(daemons))

    def work(daemon: DaemonFixture) -> None:
        daemon.clock.instant = at(3, 3, 8)
        daemon.ticker.load()
        start.wait(20)
        daemon.tick()

    with ThreadPoolExecutor(len(daemons)) as pool:
        for done in [pool.submit(work, daemon) for daemon in daemons]:
            done.result(60)
    sent = [id for daemon in daemons for id in daemon.mailer.ids]
    assert len(sent) == len(set(sent)) == 120
    assert {row.state for row in daemons[0].rows(None) if row.name == "before:14d"} == {"sent"}
    assert not any(daemon.logged("trouble") for daemon in daemons)


def test_pages_of_mail_are_taken_until_nothing_is_left(store: SqlStore) -> None:
    """Exactly one page, and one more than a page."""
    for count in (PAGE, PAGE + 1):
        daemon = DaemonFixture(
            store, replace(large_plan(count), id=f"plan-{count}", digest=str(count)), name=str(count)
        )
        daemon.live(at(3, 3, 7))
        daemon.tick(at(3, 3, 8))
        assert len(daemon.mailer.sent) == count
