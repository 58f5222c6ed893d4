"""A runner inside this process: APScheduler fires the ticks and the status checks.

APScheduler keeps two permanent jobs in memory and nothing else; reminders are rows, never jobs. This rules out most of
its pitfalls: there is no job store to lose or share, no job that adds itself again, no cron, and no misfire that drops
work. Times are UTC.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent import futures
from contextlib import suppress
from datetime import UTC, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from scheduler.errors import HanchotError, RecordReplaced, UserError
from scheduler.ports import Clock, DaemonWork, Tick
from scheduler.ports.events import Event
from scheduler.texts import Text

HEARTBEAT = 30.0  # seconds; the longest delay that a step of the machine's clock can cause
STALLED_AFTER = 25  # heartbeats without progress; longer than the ten minutes an SMTP server may take
CLOCK_STEP = 2.0  # seconds by which wall and monotonic clock may drift apart between two heartbeats


class APSchedulerRunner:
    """A `Runner` on APScheduler's background scheduler.

    `system` is the machine's clock, which APScheduler waits by. `after_tick` is called with the result of each tick, in
    the thread of the tick; it must be short and not call the runner. `on_heartbeat` is called every `heartbeat` seconds
    unless the work has stalled.
    """

    def __init__(
        self,
        work: DaemonWork,
        *,
        system: Clock,
        stopping: threading.Event,
        heartbeat: float = HEARTBEAT,
        monotonic: Callable[[], float] = time.monotonic,
        after_tick: Callable[[Tick], None] | None = None,
        on_heartbeat: Callable[[], None] | None = None,
    ) -> None:
        self._work = work
        self._system = system
        self._stopping = stopping
        self._heartbeat = heartbeat
        self._monotonic = monotonic
        self._after_tick = after_tick
        self._on_heartbeat = on_heartbeat
        self._silent = 0  # heartbeats since the last progress
        self._failures = 0  # ticks in a row that could not be done
        self._pulse = 0
        self._arming = futures.ThreadPoolExecutor(1, thread_name_prefix="arming")
        self._failure: BaseException | None = None
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(2)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        # APScheduler warns if a tick outlasts a heartbeat; that is harmless, because the next heartbeat ticks again.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)

    def run(self) -> None:
        """Tick until stopped, and finish the current mail first.

        Raises `UserError` if ticks stall, and `RecordReplaced` if the record is another one by now.
        """
        first = self._system.now()
        every = IntervalTrigger(seconds=self._heartbeat, timezone=UTC)
        seldom = IntervalTrigger(hours=6, timezone=UTC)
        self._scheduler.add_listener(self._after_job, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
        self._scheduler.add_job(self._tick, every, id="tick", next_run_time=first)
        self._scheduler.add_job(self._check, seldom, id="check", next_run_time=None)
        self._scheduler.start()
        try:
            self._watch()
        finally:
            self._stopping.set()
            self._arming.shutdown(wait=True)  # first: APScheduler waits for its threads while holding its locks
            self._scheduler.shutdown(wait=True)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ask the run to end."""
        self._stopping.set()

    def wake(self) -> None:
        """Tick now instead of at the next heartbeat; do nothing before and after the run."""
        with suppress(JobLookupError):
            self._scheduler.modify_job("tick", next_run_time=self._system.now())

    def _watch(self) -> None:
        """Wait from heartbeat to heartbeat, and detect a stepped clock or stalled work."""
        offset = self._offset()
        while not self._stopping.wait(self._heartbeat):
            if self._is_stalled():
                self._failure = UserError(
                    Text(
                        "no tick was completed, and nothing else happened, for {value:.0f} s",
                        value=STALLED_AFTER * self._heartbeat,
                    ),
                    hint=Text("the daemon ends so that it can be started again; nothing is lost"),
                )
                return
            if self._on_heartbeat is not None:
                self._on_heartbeat()
            before, offset = offset, self._offset()
            if abs(offset - before) > CLOCK_STEP:
                self._scheduler.modify_job("tick", next_run_time=self._system.now())
                self._log(
                    Text(
                        "the machine's clock moved by {value:+.0f} s; everything is looked at anew",
                        value=offset - before,
                    )
                )
                self._pulse = self._work.pulse  # the report just made is not progress of a tick

    def _is_stalled(self) -> bool:
        """Return whether there was no progress for too long; each event that a tick reports is progress.

        Heartbeats are counted, not seconds, so that a process that was suspended for an hour does not count as stalled.
        """
        is_alive = self._work.pulse != self._pulse
        self._silent = 0 if is_alive else self._silent + 1
        self._pulse = self._work.pulse
        return self._silent > STALLED_AFTER

    def _tick(self) -> Tick | None:
        try:
            tick = self._work.tick()
        except RecordReplaced as error:
            self._failure = error
            self._stopping.set()
            return None
        except HanchotError as error:  # for example a locked database
            self._log(error.text)
            self._failures += 1
            return None
        self._failures = 0
        if self._after_tick is not None:
            self._after_tick(tick)
        return tick

    def _check(self) -> None:
        try:
            self._work.check()
        except HanchotError as error:
            self._log(error.text)

    def _log(self, text: str) -> None:
        self._work.report(Event(name="trouble", at=self._work.clock.now(), text=text))

    def _offset(self) -> float:
        return self._system.now().timestamp() - self._monotonic()

    def _after_job(self, event: JobExecutionEvent) -> None:
        """Handle the end of a job: schedule the next tick if it is due before the next heartbeat.

        APScheduler may call this listener in the middle of its own bookkeeping, if the job ended before that was done.
        The bookkeeping then overwrites any run time set here, so that is done in another thread.
        """
        if event.exception is not None:
            self._log(Text("{name__}: {exception}", name__=type(event.exception).__name__, exception=event.exception))
        if event.job_id != "tick" or self._stopping.is_set():
            return
        self._silent = 0
        tick = event.retval
        wait = self._retry_delay() if tick is None else self._wait(tick)
        if wait < self._heartbeat:
            with suppress(RuntimeError):  # the executor was shut down because the run ended
                self._arming.submit(self._arm, tick, wait)

    def _arm(self, tick: Tick | None, wait: float) -> None:
        """Schedule the next tick, and with it a check that is due by then."""
        try:
            due = self._system.now() + timedelta(seconds=wait)
            self._scheduler.modify_job("tick", next_run_time=due)
            if tick is not None and tick.check_at <= tick.wake_at:
                self._scheduler.modify_job("check", next_run_time=due)
        except Exception as error:  # the next heartbeat ticks again
            self._log(Text("{name__}: {error}", name__=type(error).__name__, error=error))

    def _retry_delay(self) -> float:
        """Return the seconds until a tick is tried again that failed: a second, then twice as long each time.

        After a fault that is ours it is the next heartbeat.
        """
        return 2.0 ** min(self._failures - 1, 10) if self._failures else self._heartbeat

    def _wait(self, tick: Tick) -> float:
        """Return the seconds until the next tick or check is due."""
        return self._work.clock.seconds_until(min(tick.wake_at, tick.check_at))
