"""Written mails leave: inside the hours, each once, and nothing is lost when the transport is unwell."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.engine.delivery import HOLD, LEASE, PAGE
from scheduler.mail.maildir import Maildir
from scheduler.ports import Mail, Outcome
from scheduler.store import SqlStore
from tests.support.daemon_fixture import House, crowd
from tests.support.fakes import Crash, Post, RunningClock, crash, on_call
from tests.support.plan_builders import at

OpenFile = Callable[[], SqlStore]


# ---- a transport that is unwell


def test_while_the_transport_is_unwell_everything_stays_queued_and_leaves_later_once(house: House) -> None:
    """One attempt shows it; the rest is not even tried."""
    house.live(at(3, 9, 18))
    tries: list[Mail] = []
    house.post.is_down, house.post.before = True, tries.append
    for minute in range(3):
        house.tick(at(3, 10, 8, minute))
    assert len(tries) == 3
    assert {mail.state for mail in house.mails(rung="before:7d")} == {"queued"}
    assert {mail.attempts for mail in house.mails(rung="before:7d")} == {0}
    assert house.told("trouble")[0] == ("mail stays in the outbox: the server does not answer\n    look at [mail.smtp]")
    house.post.is_down = False
    house.tick(at(3, 10, 8, 30))
    house.tick(at(3, 10, 8, 31))
    assert len(house.post.ids) == len(set(house.post.ids)) == 6
    assert {mail.state for mail in house.mails(rung="before:7d")} == {"sent"}


def test_a_maildir_that_cannot_be_written_keeps_the_mails_in_the_outbox(store: SqlStore, tmp_path: Path) -> None:
    """A file lies where the folder should be; when it is gone, everything leaves."""
    folder = tmp_path / "mail"
    folder.write_text("in the way", encoding="utf-8")
    house = House(store, mailer=Maildir(folder))
    house.live(at(3, 3, 9))
    assert {mail.state for mail in house.mails()} == {"queued"}
    assert "cannot write mail into" in house.told("trouble")[0]
    folder.unlink()
    house.tick(at(3, 3, 10))
    assert len(list((folder / "new").iterdir())) == 3


def test_a_mail_that_breaks_the_mailer_waits_and_the_others_leave(house: House) -> None:
    """A fault of ours with one mail is told; it is tried again later."""
    faults: list[Mail] = []

    def break_once(mail: Mail) -> None:
        if mail.address == "officer@beta.example" and not faults:
            faults.append(mail)
            raise ZeroDivisionError("by us")

    house.live(at(3, 9, 18))
    house.post.before = break_once
    house.tick(at(3, 10, 8))
    assert house.left("officer@gamma.example")[-1] == "03-10 08:00 before:7d"
    assert "mail stays in the outbox: ZeroDivisionError: by us" in house.told("trouble")
    house.live(at(3, 10, 9))
    assert house.left()[-1] == "03-10 08:15 before:7d"


@pytest.mark.parametrize("state", ["failed", "ambiguous"])
def test_what_the_server_said_is_kept_and_decides_the_rung(house: House, state: str) -> None:
    """In the server's words, on the mail and on the promise; the rungs ahead are not touched."""
    house.post.outcome = Outcome(state=state, reply="550 5.1.1 no such user")  # type: ignore[arg-type]
    house.live(at(3, 4))
    assert {(mail.state, mail.reply) for mail in house.mails()} == {(state, "550 5.1.1 no such user")}
    row = house.row("before:14d")
    assert row.state == state
    assert row.reason.endswith("550 5.1.1 no such user")
    assert house.told(state) == [row.reason] * 3
    assert house.row("before:7d").state == "planned"


def test_a_sent_rung_has_no_reason(house: House) -> None:
    """The reply stays on the mail."""
    house.live(at(3, 4))
    assert house.row("before:14d").reason == ""
    assert house.row("before:14d").settled_at == at(3, 3, 8)
    assert {mail.reply for mail in house.mails()} == {"250 ok"}


# ---- hours bind delivery


def test_what_was_written_in_time_and_could_not_leave_before_closing_waits_for_the_opening(house: House) -> None:
    """Opening hours bind delivery, not only dispatch."""
    house.live(at(3, 9, 18))
    house.post.is_down = True
    house.live(at(3, 10, 17))
    house.post.is_down = False
    for hour in (17, 20, 23):
        house.tick(at(3, 10, hour))
    house.live(at(3, 13, 9))
    assert house.left()[-1] == "03-13 08:00 before:7d"


def test_a_delivery_that_takes_until_closing_time_stops_there(store: SqlStore) -> None:
    """The clock is read for each mail, not once for all."""
    house = House(store, crowd(100))
    house.live(at(3, 3, 7))

    def take_time(mail: Mail) -> None:
        house.clock.instant += timedelta(minutes=1)

    house.post.before = take_time
    house.tick(at(3, 3, 16, 30))
    assert len(house.post.sent) == 30
    assert {mail.state for mail in house.mails()} == {"sent", "queued"}
    house.live(at(3, 6, 8))
    house.live(at(3, 7, 12))
    assert len(house.post.ids) == len(set(house.post.ids)) == 100


def test_an_outage_summary_is_not_bound_by_the_hours(house: House) -> None:
    """Operators are told at once."""
    house.live(at(3, 9, 18))
    house.tick(at(3, 19, 3))
    assert house.left("ops@cum.example") == ["03-19 03:00 outage"]


# ---- leases


def test_a_page_is_not_held_until_its_lease_runs_out(store: SqlStore) -> None:
    """A server that takes a minute for each mail: what would outlive the lease is given back and taken anew."""
    house = House(store, crowd(60))
    house.live(at(3, 3, 7))
    other = Post(house.clock)
    second = house.daemon(name="second", mailer=other)
    second.load()

    def dawdle(mail: Mail) -> None:
        house.clock.instant += timedelta(minutes=1)
        if len(house.post.sent) in (10, 20, 30):
            second.tick()

    house.post.before = dawdle
    house.tick(at(3, 3, 9))
    sent = [*house.post.ids, *other.ids]
    assert len(sent) == len(set(sent)) == 60
    assert HOLD + timedelta(minutes=10) < LEASE


def test_a_clock_that_runs_while_mails_leave_does_not_stop_them(store: SqlStore) -> None:
    """At least one mail leaves for each page, however slow everything is."""
    house = House(store, crowd(10))
    house.live(at(3, 3, 7))
    house.ticker = house.daemon(clock=RunningClock(at(3, 3, 9), timedelta(minutes=5)))
    house.ticker.tick()
    assert len(house.post.ids) == len(set(house.post.ids)) == 10


def test_the_mails_of_a_daemon_that_died_leave_when_their_lease_is_over(house: House) -> None:
    """Nothing is lost; the one that was in hand goes out again with the same identity."""
    house.live(at(3, 9, 18))
    house.post.before = on_call(2, crash)
    with pytest.raises(Crash):
        house.tick(at(3, 10, 8))
    assert sorted(mail.state for mail in house.mails(rung="before:7d")) == ["inflight", "inflight", "sent"]
    house.post.before = lambda mail: None
    house.ticker = house.daemon(name="second")
    tick = house.tick(at(3, 10, 8, 1))
    assert tick.wake_at == at(3, 10, 8) + LEASE
    assert len(house.post.sent) == 4
    house.live(at(3, 11))
    assert len(house.post.ids) == len(set(house.post.ids)) == 6


# ---- a request to stop


def test_a_request_to_stop_finishes_the_mail_in_hand_and_leaves_the_rest_queued(store: SqlStore) -> None:
    """At once free for another daemon; the tick does not count as completed."""
    house = House(store, crowd(120))
    house.live(at(3, 3, 7))
    house.ticker = house.daemon(is_stopping=lambda: len(house.post.sent) >= 70)
    house.tick(at(3, 3, 8))
    states = [mail.state for mail in house.mails()]
    assert (states.count("sent"), states.count("queued")) == (70, 50)
    with store.reading() as view:
        assert view.journal.last_tick() == at(3, 2, 8)
    house.ticker = house.daemon(name="second")
    house.tick(at(3, 3, 8))
    assert len(house.post.ids) == len(set(house.post.ids)) == 120


def test_a_daemon_asked_to_stop_before_it_began_sends_nothing(house: House) -> None:
    """Everything stays planned."""
    house.live(at(3, 9, 18))
    house.ticker = house.daemon(is_stopping=lambda: True)
    house.ticker.load()
    house.tick(at(3, 10, 8))
    assert house.states()["before:7d"] == "planned"
    assert house.left() == ["03-03 08:00 before:14d"]


# ---- two daemons


def test_two_daemons_on_one_record_never_send_a_rung_twice(open_file: OpenFile) -> None:
    """Each has its own connection; one ticks in the middle of the other's tick, at every step of it."""
    first = House(open_file(), crowd(60))
    second = House(open_file(), crowd(60))
    first.live(at(3, 3, 7))
    second.clock.instant = at(3, 3, 8)
    second.ticker.load()
    first.post.before = lambda mail: second.tick(at(3, 3, 8))
    first.tick(at(3, 3, 8))
    second.tick(at(3, 3, 8, 1))
    sent = [*first.post.ids, *second.post.ids]
    assert len(sent) == len(set(sent)) == 60
    assert {row.state for row in first.rows(None) if row.name == "before:14d"} == {"sent"}


def test_two_daemons_that_compose_at_the_same_moment_share_the_work(open_file: OpenFile) -> None:
    """Between planning and claiming the other was faster: its claims hold."""
    first = House(open_file(), crowd(60))
    second = House(open_file(), crowd(60))
    first.live(at(3, 3, 7))
    second.clock.instant = at(3, 3, 8)
    second.ticker.load()
    first.ticker = first.daemon(report=on_call(1, lambda: second.tick(at(3, 3, 8))), name="third")
    first.tick(at(3, 3, 8))
    sent = [*first.post.ids, *second.post.ids]
    assert len(sent) == len(set(sent)) == 60


def test_two_daemons_at_the_same_time_never_send_a_rung_twice(open_file: OpenFile) -> None:
    """Each in a thread of its own, from the same instant on; nothing is left for a third."""
    houses = [House(open_file(), crowd(120), name=f"daemon {number}") for number in range(2)]
    houses[0].live(at(3, 3, 7))
    start = threading.Barrier(len(houses))

    def work(house: House) -> None:
        house.clock.instant = at(3, 3, 8)
        house.ticker.load()
        start.wait(20)
        house.tick()

    with ThreadPoolExecutor(len(houses)) as pool:
        for done in [pool.submit(work, house) for house in houses]:
            done.result(60)
    sent = [id for house in houses for id in house.post.ids]
    assert len(sent) == len(set(sent)) == 120
    assert {row.state for row in houses[0].rows(None) if row.name == "before:14d"} == {"sent"}
    assert not any(house.told("trouble") for house in houses)


def test_pages_of_mail_are_taken_until_nothing_is_left(store: SqlStore) -> None:
    """Exactly one page, and one more than a page."""
    for count in (PAGE, PAGE + 1):
        house = House(store, replace(crowd(count), id=f"plan-{count}", digest=str(count)), name=str(count))
        house.live(at(3, 3, 7))
        house.tick(at(3, 3, 8))
        assert len(house.post.sent) == count
