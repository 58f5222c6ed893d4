"""What the senders of a worker do when the record goes away, and how chunks reach them over PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from procrastinate.schema import SchemaManager

from scheduler.clock import SystemClock
from scheduler.engine.mails.delivery import Delivery
from scheduler.engine.mails.senders import Senders
from scheduler.engine.runners import advance_tables, make_queue, require_tables
from scheduler.engine.runners.procrastinate_schema import installed_version
from scheduler.errors import RecordUnavailable, UserError
from scheduler.plan.model import Plan
from scheduler.ports import Chunk
from scheduler.ports.events import Event
from scheduler.store import SqlStore, open_store
from tests.support.fakes import Crash
from tests.support.polling import wait_until
from tests.support.postgresql import Cluster, postgres, postgres_url
from tests.support.runner_fixture import FakeTicker, procrastinate_runner, running

__all__ = ["postgres", "postgres_url"]

CHUNK = Chunk(name="queue/1", mails=(1, 2))


@dataclass
class FailingSender:
    """A sender whose record is away for some calls."""

    fails: int
    stopping: threading.Event = field(default_factory=threading.Event)
    calls: list[str] = field(default_factory=list)

    def deliver_chunk(self, chunk: Chunk, plans: Mapping[str, Plan]) -> Delivery:
        """Fail as long as the record is away."""
        self._call("deliver")
        return Delivery()

    def mend(self) -> None:
        """Fail as long as the record is away."""
        self._call("mend")

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.fails:
            self.fails -= 1
            raise RecordUnavailable("the record is away")


def senders_of(sender: FailingSender, events: list[Event]) -> Senders:
    return Senders([sender], clock=SystemClock(), plans=dict, report=events.append, stopping=sender.stopping)


def test_what_is_known_is_recorded_before_the_chunk_goes_on() -> None:
    """It may be the answer to a mail that has left."""
    sender, events = FailingSender(fails=2), list[Event]()
    senders_of(sender, events).deliver(CHUNK)
    assert sender.calls == ["deliver", "mend", "mend", "deliver"]
    assert [event.text for event in events] == ["the record is away"] * 2


def test_a_process_that_stops_tries_a_few_times_more_to_record_what_it_knows() -> None:
    """And ends then: the mail is one that was in flight."""
    sender = FailingSender(fails=99)
    sender.stopping.set()
    senders = senders_of(sender, [])
    senders.deliver(CHUNK)
    assert sender.calls == []
    sender.stopping.clear()
    threading.Timer(0.1, sender.stopping.set).start()
    senders.deliver(CHUNK)
    assert sender.calls == ["deliver", "mend", "mend", "mend"]


# ---- over PostgreSQL


@pytest.fixture
def record(postgres_url: str) -> Iterator[SqlStore]:
    """Return a record with the tables of the engine."""
    with closing(open_store(postgres_url)) as store:
        with store.transaction() as unit:
            assert advance_tables(unit.driver_connection)
        yield store


def test_a_chunk_is_announced_when_its_transaction_commits(record: SqlStore, postgres_url: str) -> None:
    """What is rolled back was never handed over; the urgent ones come first."""
    queue, ticker = make_queue(), FakeTicker()
    with suppress(Crash), record.transaction() as unit:
        queue.put(unit, [Chunk(name="queue/0", mails=(9,))], urgent=True)
        raise Crash
    with record.transaction() as unit:
        queue.put(unit, [CHUNK], urgent=False)
        queue.put(unit, [Chunk(name="queue/2", mails=(3,))], urgent=True)
        queue.put(unit, [], urgent=True)
    chunks: list[Chunk] = []
    with running(procrastinate_runner(record, postgres_url, ticker, chunks=chunks, senders=1)):
        wait_until(lambda: len(chunks) == 2, "both came")
    assert [chunk.name for chunk in chunks] == ["queue/2", "queue/1"]


def test_the_worker_goes_on_after_every_connection_was_cut(
    record: SqlStore, postgres: Cluster, postgres_url: str
) -> None:
    """What comes afterwards is delivered."""
    ticker, chunks = FakeTicker(), list[Chunk]()
    with running(procrastinate_runner(record, postgres_url, ticker, chunks=chunks, senders=1)):
        _announce(record, CHUNK)
        wait_until(lambda: len(chunks) == 1, "the first came")
        postgres.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'")
        _announce(record, Chunk(name="queue/2", mails=(3,)))
        wait_until(lambda: len(chunks) == 2, "the second came")


def _announce(record: SqlStore, chunk: Chunk) -> None:
    with record.transaction() as unit:
        make_queue().put(unit, [chunk], urgent=False)


def test_tables_of_an_older_version_are_brought_up_to_date(postgres_url: str) -> None:
    """Migration by migration, each in a transaction of its own; one that was cut short goes on."""
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    with closing(open_store(postgres_url)) as store:

        def advance() -> bool:
            with store.transaction() as unit:
                return advance_tables(unit.driver_connection)

        for file in files[:-2]:
            with store.transaction() as unit:
                unit.driver_connection.execute(file.read_text(encoding="utf-8"))
        mark = f"hanchot: procrastinate 3.3.0, {files[-3].name}"
        with store.transaction() as unit:
            unit.driver_connection.execute(f"COMMENT ON TABLE procrastinate_jobs IS '{mark}'")
            with pytest.raises(UserError, match="missing, or older"):
                require_tables(unit.driver_connection)
        assert [advance() for _ in range(4)] == [True, True, True, False]
        with store.reading() as view:
            require_tables(view.driver_connection)
            asking = "SELECT obj_description('procrastinate_jobs'::regclass)"
            [(comment,)] = view.driver_connection.execute(asking).fetchall()
    assert comment == f"hanchot: procrastinate {installed_version()}, {files[-1].name}"
