"""What every runner does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from scheduler.errors import UserError
from scheduler.ports import Runner, Tick
from tests.support.fakes import Crash
from tests.support.polling import TIMEOUT, wait_until
from tests.support.runner_fixture import QUICK, FakeTicker, running

LONG = 30.0  # seconds of a heartbeat that no test waits for

EngineOf = Callable[..., Runner]


class RunnerContract:
    """Fires work; `engine_of` makes a runner of a ticker, with quick heartbeats if not told otherwise.

    Further arguments are `stopping`, `heartbeat` (seconds), `after_tick` and `on_heartbeat`.
    """

    stalled_after: int  # heartbeats without a sign of life after which the run ends

    def test_the_first_tick_comes_at_once_and_every_heartbeat_brings_another(self, engine_of: EngineOf) -> None:
        """Also if nothing is due."""
        with running(engine_of(ticker := FakeTicker())):
            ticker.wait_for(ticks=5)
        assert ticker.problems == []

    def test_a_due_instant_before_the_next_heartbeat_wakes_it(self, engine_of: EngineOf) -> None:
        """The heartbeat is half a minute away."""
        ticker = FakeTicker(ahead=timedelta(milliseconds=50))
        with running(engine_of(ticker, heartbeat=LONG)):
            ticker.wait_for(ticks=4)

    def test_a_tick_whose_next_instant_has_come_when_it_ends_is_followed_at_once(self, engine_of: EngineOf) -> None:
        """A job that would re-arm itself while it runs is skipped and lost; this one is armed when it is over (A1).

        So short a tick often ends before a library has looked away from it; its own bookkeeping, which
        comes after that, must not put the next run half a minute away.
        """
        ticker = FakeTicker(ahead=timedelta(0))
        with running(engine_of(ticker, heartbeat=LONG)):
            ticker.wait_for(ticks=20)

    def test_status_checks_are_a_job_of_their_own_and_come_when_they_are_due(self, engine_of: EngineOf) -> None:
        """Tick and check are armed for the same instant."""
        ticker = FakeTicker(check_ahead=timedelta(milliseconds=30))
        with running(engine_of(ticker, heartbeat=LONG)):
            ticker.wait_for(ticks=3, checks=3)

    def test_a_check_that_is_not_the_next_thing_does_not_come_early(self, engine_of: EngineOf) -> None:
        """A rung is due before it."""
        ticker = FakeTicker(ahead=timedelta(milliseconds=10))
        with running(engine_of(ticker, heartbeat=LONG)):
            ticker.wait_for(ticks=5)
        assert ticker.checks == 0

    @pytest.mark.parametrize("error", [ZeroDivisionError("by us"), Crash("by whom")])
    def test_a_fault_in_a_tick_is_reported_and_the_next_heartbeat_ticks_again(
        self, engine_of: EngineOf, error: BaseException
    ) -> None:
        """No exception ends the scheduler's thread (A6)."""

        def fail(number: int) -> None:
            if number <= 2:
                raise error

        with running(engine_of(ticker := FakeTicker(work=fail))) as raised:
            ticker.wait_for(ticks=4)
        assert ticker.problems == [f"{type(error).__name__}: {error}"] * 2
        assert raised == []

    def test_a_record_that_is_locked_is_reported_in_plain_words(
        self, engine_of: EngineOf, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A person reads it; the next heartbeat tries again."""

        def fail(number: int) -> None:
            if number == 1:
                raise UserError("the record is locked", hint="close the other program")

        with caplog.at_level(logging.WARNING), running(engine_of(ticker := FakeTicker(work=fail))):
            ticker.wait_for(ticks=3)
        assert ticker.problems == ["the record is locked\n    close the other program"]
        assert caplog.records == []

    def test_a_fault_in_a_check_is_reported_and_checks_go_on(self, engine_of: EngineOf) -> None:
        """In plain words where it has some."""

        class FailingTicker(FakeTicker):
            def check(self) -> None:
                super().check()
                raise (UserError("no mailbox") if self.checks == 1 else ZeroDivisionError("by us"))

        ticker = FailingTicker(check_ahead=timedelta(milliseconds=20))
        with running(engine_of(ticker, heartbeat=LONG)):
            ticker.wait_for(checks=3)
        assert ticker.problems[:2] == ["no mailbox", "ZeroDivisionError: by us"]

    def test_a_fault_in_what_follows_a_tick_does_not_end_the_ticks(self, engine_of: EngineOf) -> None:
        """It is logged, and the next heartbeat ticks again."""

        def fail(tick: Tick) -> None:
            raise ZeroDivisionError("by us")

        with running(engine_of(ticker := FakeTicker(), after_tick=fail)):
            ticker.wait_for(ticks=3)
        assert set(ticker.problems) == {"ZeroDivisionError: by us"}

    def test_ticks_that_cease_to_come_end_the_run_with_an_error(self, engine_of: EngineOf) -> None:
        """A daemon that hangs must not look alive (A6)."""
        stopping = threading.Event()
        beats: list[int] = []
        engine = engine_of(
            FakeTicker(work=lambda number: stopping.wait(TIMEOUT)),
            stopping=stopping,
            heartbeat=QUICK / 5,
            on_heartbeat=lambda: beats.append(1),
        )
        with running(engine) as raised:
            wait_until(lambda: bool(raised), "the engine ends")
        (error,) = raised
        assert isinstance(error, UserError)
        assert "no tick was completed" in str(error)
        assert "nothing is lost" in str(error)
        assert len(beats) == self.stalled_after

    def test_a_long_tick_that_does_things_is_not_taken_for_a_hanging_one(self, engine_of: EngineOf) -> None:
        """A thousand mails to a slow server take longer than any limit; each is a sign of life."""
        beats, taken, done = threading.Semaphore(0), threading.Semaphore(0), threading.Event()

        def work(number: int) -> None:
            for _ in range(3 * self.stalled_after if number == 1 else 0):
                ticker.pulse += 1
                assert beats.acquire(timeout=TIMEOUT)
                taken.release()
            done.set()

        def beat() -> None:
            beats.release()
            assert done.is_set() or taken.acquire(timeout=TIMEOUT)

        ticker = FakeTicker(work=work)
        with running(engine_of(ticker, heartbeat=QUICK / 5, on_heartbeat=beat)) as raised:
            assert done.wait(TIMEOUT)
            ticker.wait_for(ticks=2)
        assert raised == []

    def test_an_engine_told_to_stop_before_it_runs_ends_at_once(self, engine_of: EngineOf) -> None:
        """A signal may come at any moment."""
        stopping = threading.Event()
        stopping.set()
        with running(engine_of(ticker := FakeTicker(), stopping=stopping)) as raised:
            pass
        assert raised == []
        assert ticker.ticks <= 1

    def test_after_the_end_no_thread_is_left(self, engine_of: EngineOf) -> None:
        """The process can end."""
        before = threading.active_count()
        with running(engine_of(ticker := FakeTicker())):
            ticker.wait_for(ticks=2)
        assert threading.active_count() == before

    def test_it_ticks_at_once_when_it_is_woken(self, engine_of: EngineOf) -> None:
        """As after an edit of a definition."""
        engine = engine_of(ticker := FakeTicker(), heartbeat=LONG)

        def is_woken() -> bool:
            engine.wake()
            return ticker.ticks >= 2

        with running(engine):
            ticker.wait_for(ticks=1)
            wait_until(is_woken, "it is woken")

    def test_before_and_after_a_run_there_is_nothing_to_wake(self, engine_of: EngineOf) -> None:
        """Whatever asks for a tick need not know."""
        engine = engine_of(ticker := FakeTicker())
        engine.wake()
        with running(engine):
            ticker.wait_for(ticks=1)
        seen = ticker.ticks
        engine.wake()
        assert ticker.ticks == seen
