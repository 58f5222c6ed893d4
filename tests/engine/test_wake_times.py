"""The engine is woken from outside, and says that it lives."""

from __future__ import annotations

import threading

from tests.support.polling import TIMEOUT
from tests.support.runner_fixture import QUICK, FakeTicker, engine_of, running


def test_an_engine_that_is_woken_ticks_at_once() -> None:
    """The next heartbeat is an hour away."""
    ticker = FakeTicker()
    engine = engine_of(ticker, heartbeat=3600.0)
    with running(engine):
        ticker.wait_for(ticks=1)
        engine.wake()
        ticker.wait_for(ticks=2)


def test_waking_an_engine_that_does_not_run_does_nothing() -> None:
    """Neither before nor after."""
    ticker = FakeTicker()
    engine = engine_of(ticker)
    engine.wake()
    with running(engine):
        ticker.wait_for(ticks=1)
    ticks = ticker.ticks
    engine.wake()
    assert ticker.ticks == ticks


def test_each_heartbeat_of_a_living_engine_is_told() -> None:
    """A watchdog listens."""
    beats = threading.Semaphore(0)
    with running(engine_of(FakeTicker(), heartbeat=QUICK, on_heartbeat=beats.release)):
        for _ in range(3):
            assert beats.acquire(timeout=TIMEOUT)
