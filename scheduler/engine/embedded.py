"""The engine inside this process: APScheduler fires the ticks and the status checks.

APScheduler keeps two permanent jobs in memory and nothing else; reminders are rows, never jobs.
That makes most of its pitfalls impossible: no job store to lose or share, no job that re-adds
itself, no cron, no misfire that drops anything. Times are UTC.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from scheduler.engine.events import Event
from scheduler.engine.ticking import Tick, Ticker
from scheduler.errors import UserError
from scheduler.ports import Clock

HEARTBEAT = 30.0  # seconds; bounds how late a step of the machine's clock can make us
STALLED_AFTER = 10  # heartbeats without a completed tick
CLOCK_STEP = 2.0  # seconds by which wall and monotonic clock may drift apart between two heartbeats


class EmbeddedEngine:
    """Runs a ticker until it is stopped.

    `system` is the machine's clock, by which APScheduler waits; `after_tick` is called with each tick.
    """

    def __init__(
        self,
        ticker: Ticker,
        *,
        system: Clock,
        stopping: threading.Event,
        heartbeat: float = HEARTBEAT,
        monotonic: Callable[[], float] = time.monotonic,
        after_tick: Callable[[Tick], None] | None = None,
    ) -> None:
        self._ticker = ticker
        self._system = system
        self._stopping = stopping
        self._heartbeat = heartbeat
        self._monotonic = monotonic
        self._after_tick = after_tick
        self._beat = monotonic()
        self._failure: BaseException | None = None
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(2)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )

    def run(self) -> None:
        """Tick until stopped; the mail in hand is finished first. Raises `UserError` if ticks cease to come."""
        first = self._system.now()
        every = IntervalTrigger(seconds=self._heartbeat, timezone=UTC)
        seldom = IntervalTrigger(hours=6, timezone=UTC)
        self._scheduler.add_listener(self._after_job, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
        self._scheduler.add_job(self._ticker.tick, every, id="tick", next_run_time=first)
        self._scheduler.add_job(self._ticker.check, seldom, id="check", next_run_time=None)
        self._scheduler.start()
        try:
            self._watch()
        finally:
            self._stopping.set()
            self._scheduler.shutdown(wait=True)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ask the run to end."""
        self._stopping.set()

    def _watch(self) -> None:
        """Sleep from heartbeat to heartbeat; notice a stepped clock and a scheduler that fell silent."""
        offset = self._offset()
        while not self._stopping.wait(self._heartbeat):
            moved = self._offset() - offset
            if abs(moved) > CLOCK_STEP:
                offset += moved
                self._scheduler.modify_job("tick", next_run_time=self._system.now())
                text = f"the machine's clock moved by {moved:+.0f} s; everything is looked at anew"
                self._ticker.report(Event(word="trouble", at=self._ticker.clock.now(), text=text))
            if self._monotonic() - self._beat > STALLED_AFTER * self._heartbeat:
                self._failure = UserError(
                    f"no tick was completed for {STALLED_AFTER * self._heartbeat:.0f} s",
                    hint="the daemon ends so that it can be started again; nothing is lost",
                )
                return

    def _offset(self) -> float:
        return self._system.now().timestamp() - self._monotonic()

    def _after_job(self, event: JobExecutionEvent) -> None:
        """Move the jobs to when they are due next; runs after APScheduler has let go of the job."""
        if event.job_id != "tick" or self._stopping.is_set():
            return
        self._beat = self._monotonic()
        if event.exception is not None:
            text = f"{type(event.exception).__name__}: {event.exception}"
            self._ticker.report(Event(word="trouble", at=self._ticker.clock.now(), text=text))
            return
        tick: Tick = event.retval
        if self._after_tick is not None:
            self._after_tick(tick)
        self._arm(tick)

    def _arm(self, tick: Tick) -> None:
        clock = self._ticker.clock
        wait = clock.seconds_until(min(tick.wake_at, tick.check_at))
        if wait < self._heartbeat:
            due = self._system.now() + timedelta(seconds=wait)
            self._scheduler.modify_job("tick", next_run_time=due)
            if tick.check_at <= tick.wake_at:
                self._scheduler.modify_job("check", next_run_time=due)
