"""What every store does with transactions, alone and with several at work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NoReturn, TypeVar

import pytest

from scheduler.errors import UserError
from scheduler.ports import Store, UnitOfWork
from tests.contracts.store_samples import LEASE, NOW, PLAN, a_fact, a_rung, add_rungs, outgoing, queue

_T = TypeVar("_T")


class ExpectedError(Exception):
    pass


def at_once(*jobs: Callable[[], _T]) -> list[_T]:
    """Run each job in a thread of its own, all from the same moment on."""
    together = Barrier(len(jobs), timeout=30)

    def run(job: Callable[[], _T]) -> _T:
        together.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def change_everything_and_fail(unit: UnitOfWork) -> NoReturn:
    unit.facts.append(a_fact())
    unit.plans.record_revision(plan=PLAN, digest="d", at=NOW, source="", terms={})
    unit.rungs.add(PLAN, [a_rung()], now=NOW)
    unit.outbox.add(outgoing(rungs=(unit.rungs.of(PLAN)[0].id,)))
    unit.journal.record_tick(NOW)
    unit.plans.record_seen(PLAN, NOW.date(), [NOW.date()])
    unit.journal.record_check(PLAN, NOW, [])
    raise ExpectedError


class UnitsContract:
    def test_what_a_transaction_did_is_there_after_it(self, store: Store) -> None:
        with store.transaction() as unit:
            fact = unit.facts.append(a_fact())
            assert list(unit.facts.of(PLAN)) == [fact]
        with store.reading() as unit:
            assert list(unit.facts.of(PLAN)) == [fact]

    def test_a_transaction_that_raises_leaves_nothing(self, store: Store) -> None:
        with pytest.raises(ExpectedError), store.transaction() as unit:
            change_everything_and_fail(unit)
        with store.reading() as unit:
            assert [*unit.facts.of(PLAN), *unit.plans.states(), *unit.rungs.of(PLAN), *unit.outbox.list()] == []
            assert (unit.journal.last_tick(), unit.plans.idle_days(PLAN)) == (None, set())

    def test_a_store_works_on_after_a_transaction_that_raised(self, store: Store) -> None:
        with pytest.raises(ExpectedError), store.transaction():
            raise ExpectedError
        with store.transaction() as unit:
            unit.facts.append(a_fact())
        with store.reading() as unit:
            assert len(unit.facts.of(PLAN)) == 1

    def test_nothing_can_be_changed_while_reading(self, store: Store) -> None:
        with pytest.raises(UserError), store.reading() as unit:
            unit.facts.append(a_fact())
        with store.transaction() as unit:
            assert list(unit.facts.of(PLAN)) == []

    def test_two_who_claim_at_once_share_the_promises(self, store: Store) -> None:
        ids = add_rungs(store, *(a_rung(party=f"truong-{number}") for number in range(200)))

        def claim() -> set[int]:
            got: set[int] = set()
            for start in range(0, len(ids), 10):
                with store.transaction() as unit:
                    got |= unit.rungs.claim(ids[start : start + 10], now=NOW)
            return got

        first, second = at_once(claim, claim)
        assert first | second == set(ids)
        assert first & second == set()

    def test_two_who_take_mails_at_once_take_different_ones(self, store: Store) -> None:
        ids = queue(store, *(outgoing(number) for number in range(100)))

        def take(name: str) -> Callable[[], list[int]]:
            def job() -> list[int]:
                got: list[int] = []
                while True:
                    with store.transaction() as unit:
                        page = unit.outbox.claim(NOW, by=name, lease=LEASE, limit=7)
                    if not page:
                        return got
                    got += [row.id for row in page]

            return job

        first, second = at_once(take("a"), take("b"))
        assert sorted(first + second) == ids

    def test_two_who_use_one_slot_at_once_make_one_mail(self, store: Store) -> None:
        def add(number: int) -> Callable[[], int | None]:
            def job() -> int | None:
                with store.transaction() as unit:
                    return unit.outbox.add(outgoing(number, deduplication_key="the one"))

            return job

        made = at_once(*(add(number) for number in range(4)))
        assert len([id for id in made if id is not None]) == 1
