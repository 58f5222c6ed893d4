"""Of several processes one plans; the others follow the record, deliver, and take over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scheduler.engine.mails.handover import UNTAKEN, WINDOW
from scheduler.engine.tick import Ticker
from scheduler.ports import Chunk, Process, Role, UnitOfWork
from scheduler.queries.mail_limits import Limits
from scheduler.services.heartbeats import Heartbeat, Rhythm
from scheduler.store import SqlStore, open_store
from tests.contracts.store_samples import outgoing
from tests.support.daemon_fixture import ONCE, DaemonFixture, large_plan, plan, report
from tests.support.fakes import FakeDefinitions, definition_of
from tests.support.plan_builders import at

TAKEOVER = timedelta(seconds=30)


class KeptQueue:
    """A queue that keeps what it is given."""

    def __init__(self) -> None:
        self.chunks: list[tuple[Chunk, bool]] = []

    def put(self, unit: UnitOfWork, chunks: Sequence[Chunk], *, urgent: bool) -> None:
        """Keep the chunks."""
        self.chunks += [(chunk, urgent) for chunk in chunks]

    def take(self) -> list[int]:
        """Return how many mails each chunk has, and forget them."""
        sizes = [len(chunk.mails) for chunk, _ in self.chunks]
        self.chunks.clear()
        return sizes


def start(daemon: DaemonFixture, name: str, role: Role = "daemon", **details: Any) -> tuple[Ticker, FakeDefinitions]:
    """Return the work of one more process on the record, with a folder of its own."""
    folder = FakeDefinitions(list(details.pop("plans", daemon.definitions.plans)))
    process = Process(name=name, role=role)
    heartbeat = Heartbeat(daemon.store, process, system=daemon.clock, clock=daemon.clock)
    ticker = daemon.new_ticker(heartbeat=heartbeat, definitions=folder, report=daemon.events.append, **details)
    ticker.load()
    return ticker, folder


def test_only_who_plans_reads_files(daemon: DaemonFixture) -> None:
    """The other one has the plan in force all the same, as it was taken."""
    _, read = start(daemon, "first")
    second, unread = start(daemon, "second")
    second.tick()
    assert (read.read > 0, unread.read) == (True, 0)
    assert second.plans == daemon.definitions.plans


def test_a_process_that_stands_by_delivers_and_decides_nothing(daemon: DaemonFixture) -> None:
    """What the first one has written may leave from the second."""
    first, _ = start(daemon, "first")
    second, _ = start(daemon, "second")
    daemon.clock.instant = at(3, 3, 9)
    first.tick()
    written = len(daemon.mails())
    daemon.clock.instant += timedelta(seconds=1)
    second.tick()
    assert len(daemon.mails()) == written
    assert {mail.state for mail in daemon.mails()} == {"sent"}


def test_another_process_plans_within_half_a_minute_when_the_first_is_silent(daemon: DaemonFixture) -> None:
    """It reads its files then, and says so."""
    start(daemon, "first")
    second, folder = start(daemon, "second")
    rhythm = Rhythm()
    assert rhythm.lead + rhythm.every <= TAKEOVER
    for _ in range(4):
        daemon.clock.instant += rhythm.every
        second.tick()
    assert folder.read > 0
    assert daemon.logged("done") == ["this process plans from now on"]


def test_a_folder_of_last_week_changes_nothing(daemon: DaemonFixture) -> None:
    """The machine that takes over has an old copy: it is refused by name, and what is in force goes on."""
    old = daemon.plan
    new = plan(report(title="Another title"))
    first, folder = start(daemon, "first")
    folder.plans = [new]
    first.load()
    daemon.definitions.plans = [new, old]  # the texts that can be rebuilt
    second, stale = start(daemon, "second", plans=[old])
    stale.place = "elsewhere:plan.toml"
    daemon.clock.instant += TAKEOVER
    second.tick()
    [refused] = daemon.logged("refused")
    assert "is the revision of plan that was loaded on" in refused
    assert "from here:plan.toml" in refused
    assert second.plans == [new]
    assert daemon.state().digest == new.digest
    second.tick()
    assert len(daemon.logged("refused")) == 1


def test_a_plan_that_the_planning_process_no_longer_has_is_not_followed(daemon: DaemonFixture) -> None:
    other = plan(report(), id="other")
    start(daemon, "first", plans=[daemon.plan, other])
    daemon.definitions.plans = [daemon.plan, other]
    with daemon.store.transaction() as unit:
        unit.plans.mark_served(["other"])
    second, _ = start(daemon, "second")
    assert [one.id for one in second.plans] == ["other"]


def test_pages_on_a_machine_of_their_own_never_plan(daemon: DaemonFixture) -> None:
    """Nobody reads files, however long nobody plans."""
    web, folder = start(daemon, "web", "web")
    daemon.clock.instant += timedelta(hours=1)
    web.tick()
    assert (folder.read, web.plans) == (0, [])


# ---- handing over


@pytest.fixture
def crowd() -> Iterator[DaemonFixture]:
    """Return a daemon on whose plan 120 reminders are due."""
    with closing(open_store("sqlite://")) as store:
        daemon = DaemonFixture(store, large_plan(120, ladder=ONCE), start=at(3, 9, 18))
        daemon.ticker.load()
        daemon.clock.instant = at(3, 10, 8)
        yield daemon


def hand_over(daemon: DaemonFixture, queue: KeptQueue, name: str = "first", **details: Any) -> Ticker:
    ticker, _ = start(daemon, name, queue=queue, **details)
    ticker.tick()
    return ticker


def test_due_mails_are_handed_over_in_chunks_and_none_leaves_from_here(crowd: DaemonFixture) -> None:
    queue = KeptQueue()
    hand_over(crowd, queue)
    assert queue.take() == [50, 50, 20]
    assert crowd.mailer.sent == []


def test_a_chunk_that_nobody_takes_over_is_handed_over_again(crowd: DaemonFixture) -> None:
    """When the lease of its reservation ends; nobody can have sent it."""
    queue = KeptQueue()
    ticker = hand_over(crowd, queue)
    queue.take()
    ticker.tick()
    assert queue.take() == []
    crowd.clock.instant += UNTAKEN
    ticker.tick()
    assert queue.take() == [50, 50, 20]
    assert not any(mail.unclear for mail in crowd.mails())


def test_no_more_is_handed_over_than_the_limits_allow(crowd: DaemonFixture) -> None:
    """What waits for a worker takes its part of them."""
    queue = KeptQueue()
    ticker = hand_over(crowd, queue, limits=Limits(per_minute=30))
    assert queue.take() == [30]
    crowd.clock.instant += timedelta(seconds=5)
    ticker.tick()
    assert queue.take() == []


def test_who_does_not_plan_hands_over_only_what_somebody_waits_for(crowd: DaemonFixture) -> None:
    """A link to sign in, asked for on a page of another machine."""
    hand_over(crowd, KeptQueue())
    crowd.clock.instant += UNTAKEN
    with crowd.store.transaction() as unit:
        unit.outbox.add(replace(outgoing(), kind="sign-in", plan="", not_before=crowd.clock.instant, expires_at=None))
        unit.heartbeats.lead("first", crowd.clock.instant, TAKEOVER)
    queue = KeptQueue()
    hand_over(crowd, queue, "second", role="web")
    assert [(len(chunk.mails), urgent) for chunk, urgent in queue.chunks] == [(1, True)]


def test_the_window_is_kept(store: SqlStore) -> None:
    """The rest is handed over when there is room, which is looked at every two seconds."""
    daemon = DaemonFixture(store, large_plan(WINDOW + 100, ladder=ONCE), start=at(3, 9, 18))
    daemon.ticker.load()
    daemon.clock.instant = at(3, 10, 8)
    queue = KeptQueue()
    ticker, _ = start(daemon, "first", queue=queue)
    due = ticker.tick()
    assert sum(queue.take()) == WINDOW
    assert due.wake_at == at(3, 10, 8) + timedelta(seconds=2)
    ids = [mail.id for mail in daemon.mails(state="inflight")[:60]]
    with store.transaction() as unit:
        [name] = unit.outbox.holders()
        assert len(unit.outbox.take_over(ids, reserved_by=name, by="w/1", now=at(3, 10, 8), lease=UNTAKEN)) == 60
    daemon.clock.instant += timedelta(seconds=2)
    ticker.tick()
    assert sum(queue.take()) == 60


def test_a_blocked_account_hands_nothing_over(crowd: DaemonFixture) -> None:
    queue = KeptQueue()
    with crowd.store.transaction() as unit:
        unit.accounts.stop("fake", reason="535 bad credentials")
    hand_over(crowd, queue)
    assert queue.take() == []


def test_nothing_is_delivered_by_a_process_that_leaves_that_to_others(crowd: DaemonFixture) -> None:
    ticker, _ = start(crowd, "first", delivers=False)
    ticker.tick()
    assert (crowd.mailer.sent, {mail.state for mail in crowd.mails()}) == ([], {"queued"})


def test_a_revision_keeps_the_place_that_it_was_last_read_from(daemon: DaemonFixture) -> None:
    """So that an edit there may be taken back there."""
    first, folder = start(daemon, "first")
    folder.place = "moved:plan.toml"
    first.load()
    assert daemon.state().place == "moved:plan.toml"
    with daemon.store.reading() as view:
        text = view.plans.text(daemon.plan.id)
    assert text is not None
    assert text.files == definition_of(daemon.plan).files
