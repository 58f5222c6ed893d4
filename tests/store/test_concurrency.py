"""Several at one database file: readers beside a writer, and processes that claim."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from scheduler.errors import UserError
from scheduler.store import SqlStore, open_store
from tests.contracts.store_samples import LEASE, NOW, PLAN, a_fact, a_rung, add_rungs, outgoing, queue


@pytest.fixture
def file(url: str) -> Iterator[SqlStore]:
    with closing(open_store(url, busy_timeout=0.05)) as store:
        yield store


def test_a_reader_neither_waits_for_a_writer_nor_sees_what_is_not_committed(file: SqlStore) -> None:
    with file.transaction() as unit:
        unit.facts.append(a_fact())
        with file.reading() as view:
            assert list(view.facts.of(PLAN)) == []
    with file.reading() as view:
        assert len(view.facts.of(PLAN)) == 1


def test_a_reader_keeps_its_view_while_others_write(file: SqlStore) -> None:
    with file.reading() as view:
        assert list(view.facts.of(PLAN)) == []
        with file.transaction() as unit:
            unit.facts.append(a_fact())
        assert list(view.facts.of(PLAN)) == []


def test_an_idle_reader_does_not_keep_a_writer_waiting(file: SqlStore) -> None:
    with file.reading() as view:
        view.facts.of(PLAN)
        for _ in range(3):
            with file.transaction() as unit:
                unit.facts.append(a_fact())


def test_another_store_on_the_same_file_sees_what_was_committed(file: SqlStore, url: str) -> None:
    with closing(open_store(url)) as other:
        with file.transaction() as unit:
            unit.facts.append(a_fact())
        with other.reading() as view:
            assert len(view.facts.of(PLAN)) == 1


def test_a_thread_waits_for_another_only_so_long(file: SqlStore) -> None:
    def write() -> None:
        with file.transaction() as unit:
            unit.facts.append(a_fact())

    with ThreadPoolExecutor(1) as pool:
        with file.transaction(), pytest.raises(UserError, match="locked by another writer"):
            pool.submit(write).result()
        pool.submit(write).result()


def test_more_readers_than_connections_are_refused_in_words(file: SqlStore) -> None:
    with ExitStack() as readers:
        for _ in range(15):
            readers.enter_context(file.reading())
        with pytest.raises(UserError, match="every connection"):
            readers.enter_context(file.reading())


def claim_in_process(
    url: str, name: str, start: Callable[[], int], answers: multiprocessing.SimpleQueue[tuple[list[int], list[int]]]
) -> None:
    rungs: list[int] = []
    mails: list[int] = []
    with closing(open_store(url)) as store:
        start()
        while True:
            with store.transaction() as unit:
                page = [row.id for row in unit.outbox.claim(NOW, by=name, lease=LEASE, limit=5)]
                due = [row.id for row in unit.rungs.due(PLAN, NOW)][:5]
                rungs += unit.rungs.claim(due, now=NOW)
            mails += page
            if not page and not due:
                break
    answers.put((rungs, mails))


def test_processes_never_claim_the_same_twice(shared_url: str) -> None:
    with closing(open_store(shared_url)) as store:
        rungs = add_rungs(store, *(a_rung(party=f"truong-{number}") for number in range(200)))
        mails = queue(store, *(outgoing(number) for number in range(200)))
    spawn = multiprocessing.get_context("spawn")
    together, answers = spawn.Barrier(2, timeout=60), spawn.SimpleQueue()
    processes = [
        spawn.Process(target=claim_in_process, args=(shared_url, name, together.wait, answers)) for name in ("a", "b")
    ]
    for process in processes:
        process.start()
    (some_rungs, some_mails), (other_rungs, other_mails) = answers.get(), answers.get()
    for process in processes:
        process.join()
    assert sorted(some_rungs + other_rungs) == sorted(rungs)
    assert sorted(some_mails + other_mails) == sorted(mails)
