"""The engine on APScheduler: each of its known pitfalls cannot happen here, or is shown not to hurt.

The codes are those of the list of pitfalls: A1 a job that re-arms itself, A2 misfires, A3 and A4 a stepped
clock, A5 endless lists of missed runs, A6 a scheduler that dies silently, A7 to A9 job stores, A10 and A11 the
asyncio scheduler, A12 and A13 cron and summer time, A14 waits that are too long.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, timedelta

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from scheduler.clock import ReplayClock, SystemClock
from scheduler.engine.runners.apscheduler_runner import HEARTBEAT, APSchedulerRunner
from scheduler.errors import RecordReplaced
from scheduler.ports import Tick
from scheduler.store import SqlStore
from tests.support.daemon_fixture import LADDER, DaemonFixture
from tests.support.plan_builders import at
from tests.support.polling import TIMEOUT, wait_until
from tests.support.runner_fixture import FakeTicker, ShiftedClock, engine_of, running


def scheduler_of(engine: APSchedulerRunner) -> BackgroundScheduler:
    return engine._scheduler


# ---- how it is set up


def test_two_permanent_jobs_lie_in_memory_and_nothing_else() -> None:
    """Reminders are rows: there is no job store to lose, to share or to pickle (A7, A8, A9)."""
    ticker = FakeTicker()
    engine = engine_of(ticker)
    with running(engine):
        ticker.wait_for(ticks=3)
        scheduler = scheduler_of(engine)
        assert sorted(job.id for job in scheduler.get_jobs()) == ["check", "tick"]
        assert [type(store) for store in scheduler._jobstores.values()] == [MemoryJobStore]


def test_no_job_can_be_dropped_for_being_late_or_run_beside_itself() -> None:
    """However late, it runs once (A2)."""
    engine = engine_of(ticker := FakeTicker())
    with running(engine):
        ticker.wait_for(ticks=1)
        rules = {(job.misfire_grace_time, job.coalesce, job.max_instances) for job in scheduler_of(engine).get_jobs()}
    assert rules == {(None, True, 1)}


def test_jobs_are_plain_intervals_in_utc() -> None:
    """No cron: no summer time, no day numbers, no seconds (A5, A12, A13); threads, no event loop (A10, A11)."""
    engine = engine_of(ticker := FakeTicker(), heartbeat=HEARTBEAT)
    with running(engine):
        ticker.wait_for(ticks=1)
        scheduler = scheduler_of(engine)
        jobs = scheduler.get_jobs()
    assert type(scheduler) is BackgroundScheduler
    assert scheduler.timezone is UTC
    assert {type(job.trigger) for job in jobs} == {IntervalTrigger}
    assert {job.trigger.timezone for job in jobs} == {UTC}
    assert min(job.trigger.interval for job in jobs) == timedelta(seconds=HEARTBEAT) >= timedelta(seconds=30)


def test_between_two_due_instants_only_the_heartbeat_wakes_it() -> None:
    """No busy loop; no wait is longer than a heartbeat (A14)."""
    engine = engine_of(ticker := FakeTicker(), heartbeat=HEARTBEAT)
    with running(engine):
        ticker.wait_for(ticks=1)
        jobs = {job.id: job.next_run_time for job in scheduler_of(engine).get_jobs()}
        wait = jobs["tick"] - SystemClock().now()
    assert timedelta(seconds=HEARTBEAT - 10) < wait <= timedelta(seconds=HEARTBEAT)
    assert jobs["check"] is None
    assert ticker.ticks == 1


# ---- ticks come


def test_a_tick_longer_than_several_heartbeats_is_followed_by_another() -> None:
    """The heartbeats that found it running are skipped without a word, and nothing is lost (A1)."""
    skipped = threading.Semaphore(0)

    def work(number: int) -> None:
        for _ in range(3 if number == 1 else 0):
            assert skipped.acquire(timeout=TIMEOUT)

    engine = engine_of(ticker := FakeTicker(work=work))
    scheduler_of(engine).add_listener(lambda event: skipped.release(), EVENT_JOB_MAX_INSTANCES)
    with running(engine):
        ticker.wait_for(ticks=3)
    assert ticker.problems == []


@pytest.mark.parametrize("at_tick", [1, 2, 5])
def test_a_record_that_was_replaced_ends_the_run_with_its_error(at_tick: int) -> None:
    """Whoever starts the process again, as systemd does, opens the new one."""

    def work(number: int) -> None:
        if number == at_tick:
            raise RecordReplaced("another file has taken the place of the database")

    with running(engine_of(ticker := FakeTicker(work=work))) as raised:
        wait_until(lambda: bool(raised), "the run ends")
    assert [type(error) for error in raised] == [RecordReplaced]
    assert ticker.ticks == at_tick


# ---- clocks


def test_a_first_tick_that_is_an_hour_late_is_not_dropped() -> None:
    """The clock was set forward between start and first run (A2)."""
    with running(engine_of(ticker := FakeTicker(), system=ShiftedClock(timedelta(hours=-1)))):
        ticker.wait_for(ticks=1)


def test_a_clock_set_forward_is_noticed_and_everything_looked_at_anew() -> None:
    """After a suspended night what became due leaves now (A3)."""
    clock = ShiftedClock(timedelta(hours=-1))
    with running(engine_of(ticker := FakeTicker(), system=clock)):
        ticker.wait_for(ticks=2)
        clock.shift = timedelta(0)
        wait_until(lambda: bool(ticker.problems), "trouble is reported")
        seen = ticker.ticks
        ticker.wait_for(ticks=seen + 1)
    assert ticker.problems == ["the machine's clock moved by +3600 s; everything is looked at anew"]


def test_a_clock_set_back_does_not_silence_the_heartbeat() -> None:
    """To APScheduler its next run lies an hour ahead then; the watch sees it and arms the job anew (A4)."""
    clock = ShiftedClock()
    engine = engine_of(ticker := FakeTicker(), system=clock)
    with running(engine):
        ticker.wait_for(ticks=2)
        scheduler_of(engine).modify_job("tick", next_run_time=SystemClock().now() + timedelta(hours=1))
        wait_until(lambda: not scheduler_of(engine)._executors["default"]._instances.get("tick"), "no tick is at work")
        clock.shift = timedelta(hours=-1)
        seen = ticker.ticks
        ticker.wait_for(ticks=seen + 3)
    assert ticker.problems[0] == "the machine's clock moved by -3600 s; everything is looked at anew"


def test_a_clock_that_drifts_a_little_is_no_trouble() -> None:
    """NTP corrects by fractions of a second."""
    clock = ShiftedClock()
    with running(engine_of(ticker := FakeTicker(), system=clock)):
        ticker.wait_for(ticks=2)
        clock.shift = timedelta(seconds=1.5)
        seen = ticker.ticks
        ticker.wait_for(ticks=seen + 4)
    assert ticker.problems == []


def test_a_clock_that_is_slewed_for_days_is_no_trouble() -> None:
    """NTP lets it run faster or slower for as long as it takes; what counts is the step between two heartbeats."""
    clock = ShiftedClock()
    beats: list[timedelta] = []

    def slew() -> None:
        clock.shift += timedelta(seconds=1)
        beats.append(clock.shift)

    with running(engine_of(ticker := FakeTicker(), system=clock, on_heartbeat=slew)):
        wait_until(lambda: len(beats) > 10, "eleven heartbeats come")
    assert ticker.problems == []


def test_a_process_that_was_stopped_for_hours_in_the_midst_of_a_tick_goes_on() -> None:
    """All clocks have moved when it wakes; the tick that stood still with it is not taken for a hanging one."""
    passed, beats = [0.0], threading.Semaphore(0)
    clock = ShiftedClock()

    def stand_still() -> None:
        if clock.shift == timedelta(0):
            passed[0] += 6 * 3600
            clock.shift = timedelta(hours=6)
        beats.release()

    def work(number: int) -> None:
        for _ in range(3 if number == 1 else 0):
            assert beats.acquire(timeout=TIMEOUT)

    ticker = FakeTicker(work=work)
    engine = engine_of(ticker, system=clock, monotonic=lambda: time.monotonic() + passed[0], on_heartbeat=stand_still)
    with running(engine) as raised:
        ticker.wait_for(ticks=3)
    assert raised == []
    assert [text for text in ticker.problems if "clock moved" not in text] == []


def test_a_month_asleep_costs_no_memory_worth_mention() -> None:
    """APScheduler lists every missed run even where they coalesce: at a heartbeat these are few (A5)."""
    engine = engine_of(ticker := FakeTicker(), heartbeat=HEARTBEAT)
    with running(engine):
        ticker.wait_for(ticks=1)
        job = scheduler_of(engine).get_job("tick")
        missed = job._get_run_times(SystemClock().now() + timedelta(days=30))
    assert len(missed) <= 30 * 24 * 120


# ---- faults


# ---- stopping


def test_stopping_during_a_tick_waits_for_its_end() -> None:
    """The mail in hand is finished (A10)."""
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work(number: int) -> None:
        begun.set()
        assert go_on.wait(TIMEOUT)
        ended.set()

    engine = engine_of(FakeTicker(work=work))
    thread = threading.Thread(target=engine.run)
    thread.start()
    assert begun.wait(TIMEOUT)
    engine.stop()
    wait_until(lambda: not scheduler_of(engine).running, "the scheduler ends")
    assert thread.is_alive()
    assert not ended.is_set()
    go_on.set()
    thread.join(TIMEOUT)
    assert ended.is_set()
    assert not thread.is_alive()


def test_stopping_between_the_end_of_a_tick_and_its_arming_does_not_hang() -> None:
    """APScheduler waits for its threads with its locks held; a thread that wants them must not come late."""
    stopping = threading.Event()

    def stop_here(tick: Tick) -> None:
        stopping.set()
        wait_until(lambda: engine._arming._shutdown, "its threads are ended")

    ticker = FakeTicker(ahead=timedelta(0), check_ahead=timedelta(0))
    engine = engine_of(ticker, stopping=stopping, after_tick=stop_here)
    with running(engine):
        assert stopping.wait(TIMEOUT)


# ---- the real ticker


def test_a_replay_lives_through_its_weeks_at_the_right_instants(store: SqlStore) -> None:
    """Two months in seconds: each rung leaves at its own minute, checks and openings in between."""
    daemon = DaemonFixture(store)
    clock = ReplayClock(daemon.clock.instant, speed=2_000_000)
    daemon.mailer.clock = clock
    daemon.ticker = daemon.new_ticker(clock=clock)
    daemon.ticker.load()
    over = threading.Event()

    def watch(tick: Tick) -> None:
        if tick.at >= at(4, 1):
            over.set()

    with running(engine_of(daemon.ticker, after_tick=watch)):
        assert over.wait(TIMEOUT)
    assert daemon.left() == [
        f"{when} {name}" for name, when in LADDER.items() if name not in ("target", "escalate:2wd")
    ]
    assert daemon.logged("trouble") == []


def test_a_replay_that_is_over_stays_up_and_does_nothing(store: SqlStore) -> None:
    """Its clock stands still; only heartbeats come."""
    daemon = DaemonFixture(store)
    clock = ReplayClock(at(3, 10, 7), speed=3600)
    daemon.mailer.clock = clock
    daemon.ticker = daemon.new_ticker(clock=clock)
    daemon.ticker.load()
    ticks: list[Tick] = []

    def stop_the_clock(tick: Tick) -> None:
        clock.stop()
        ticks.append(tick)

    with running(engine_of(daemon.ticker, after_tick=stop_the_clock)) as raised:
        wait_until(lambda: len(ticks) >= 5, "five ticks")
    assert {tick.at for tick in ticks} == {at(3, 10, 7)}
    assert raised == []
    assert daemon.mailer.sent == []
