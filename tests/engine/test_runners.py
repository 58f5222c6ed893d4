"""Every runner keeps the contract of runners."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from scheduler.engine.runners import advance_tables
from scheduler.engine.runners.apscheduler_runner import STALLED_AFTER
from scheduler.store import SqlStore, open_store
from tests.contracts.runners import EngineOf, RunnerContract
from tests.support.postgresql import postgres, postgres_url
from tests.support.runner_fixture import engine_of as apscheduler_runner
from tests.support.runner_fixture import procrastinate_runner

__all__ = ["postgres", "postgres_url"]


class TestAPSchedulerRunner(RunnerContract):
    stalled_after = STALLED_AFTER

    @pytest.fixture
    def engine_of(self) -> EngineOf:
        return apscheduler_runner


class TestProcrastinateRunner(RunnerContract):
    """Over real connections, with two senders that have nothing to do."""

    stalled_after = STALLED_AFTER

    @pytest.fixture
    def record(self, postgres_url: str) -> Iterator[SqlStore]:
        store = open_store(postgres_url)
        with store.transaction() as unit:
            advance_tables(unit.driver_connection)
        yield store
        store.close()

    @pytest.fixture
    def engine_of(self, record: SqlStore, postgres_url: str) -> EngineOf:
        return partial(procrastinate_runner, record, postgres_url)
