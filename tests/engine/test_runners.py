"""Every runner keeps the contract of runners."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from scheduler.clock import SystemClock
from scheduler.engine.runners import advance_tables
from scheduler.engine.runners.apscheduler_runner import STALLED_AFTER
from scheduler.engine.runners.procrastinate_runner import ProcrastinateRunner
from scheduler.ports import DaemonWork
from scheduler.store import SqlStore, open_store, read_address
from tests.contracts.runners import EngineOf, RunnerContract
from tests.support.postgresql import postgres, postgres_url
from tests.support.runner_fixture import QUICK, make_senders
from tests.support.runner_fixture import engine_of as apscheduler_runner

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


def procrastinate_runner(record: SqlStore, url: str, ticker: DaemonWork, **details: Any) -> ProcrastinateRunner:
    """Return a runner with the machine's clock and quick heartbeats, whose senders keep their `chunks`."""
    stopping = details.pop("stopping", None) or threading.Event()
    chunks, senders = details.pop("chunks", None), details.pop("senders", 2)
    settings: dict[str, Any] = {"system": SystemClock(), "heartbeat": QUICK, **details}
    return ProcrastinateRunner(
        ticker,
        store=record,
        address=read_address(url),
        senders=make_senders(senders, stopping=stopping, chunks=chunks),
        stopping=stopping,
        **settings,
    )
