"""An engine on APScheduler that runs in a thread, and a ticker that only counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scheduler.clock import SystemClock
from scheduler.engine.mails.delivery import Delivery
from scheduler.engine.mails.senders import Senders
from scheduler.engine.runners.apscheduler_runner import APSchedulerRunner
from scheduler.engine.runners.procrastinate_runner import ProcrastinateRunner
from scheduler.plan.model import Plan
from scheduler.ports import Chunk, Clock, DaemonWork, Runner, Tick
from scheduler.ports.events import Event, Reporter
from scheduler.store import SqlStore, read_address
from tests.support.polling import TIMEOUT, wait_until

QUICK = 0.05  # a heartbeat for tests
FAR = timedelta(days=1)


@dataclass
class FakeTicker:
    """A ticker that only counts; `work` runs in each tick, `ahead` says when it wants to be woken next."""

    clock: Clock = field(default_factory=SystemClock)
    work: Callable[[int], object] = lambda number: None
    ahead: timedelta = FAR
    check_ahead: timedelta = FAR
    ticks: int = 0
    checks: int = 0
    pulse: int = 0
    events: list[Event] = field(default_factory=list)

    def tick(self) -> Tick:
        """Count."""
        self.ticks += 1
        self.work(self.ticks)
        now = self.clock.now()
        return Tick(at=now, wake_at=now + self.ahead, check_at=now + self.check_ahead)

    def check(self) -> None:
        """Count."""
        self.checks += 1

    def report(self, event: Event) -> None:
        """Keep the event."""
        self.pulse += 1
        self.events.append(event)

    def wait_for(self, *, ticks: int = 0, checks: int = 0) -> None:
        """Wait until so many have been counted."""
        wait_until(lambda: self.ticks >= ticks and self.checks >= checks, f"{ticks} ticks and {checks} checks")

    @property
    def problems(self) -> list[str]:
        return [event.text for event in self.events if event.name == "trouble"]


class ShiftedClock:
    """The machine's clock, set wrong by `shift`."""

    def __init__(self, shift: timedelta = timedelta()) -> None:
        self.shift = shift

    def now(self) -> datetime:
        """Return the wrong time."""
        return SystemClock().now() + self.shift

    def seconds_until(self, instant: datetime) -> float:
        """Return the seconds until an instant of the wrong time."""
        return max(0.0, (instant - self.now()).total_seconds())


@contextmanager
def running(engine: Runner) -> Iterator[list[BaseException]]:
    """Run a runner in a thread for the time of a block; yields what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            engine.run()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        engine.stop()
        thread.join(TIMEOUT)
        assert not thread.is_alive(), "the runner does not stop"


def engine_of(ticker: DaemonWork, **details: Any) -> APSchedulerRunner:
    """Return an engine with the machine's clock and quick heartbeats."""
    settings: dict[str, Any] = {"system": SystemClock(), "stopping": threading.Event(), "heartbeat": QUICK, **details}
    return APSchedulerRunner(ticker, **settings)


@dataclass
class FakeSender:
    """A sender that keeps which chunks it was given; `work` runs with each of them."""

    chunks: list[Chunk]
    work: Callable[[Chunk], object] = lambda chunk: None

    def deliver_chunk(self, chunk: Chunk, plans: Mapping[str, Plan]) -> Delivery:
        """Keep the chunk."""
        self.chunks.append(chunk)
        self.work(chunk)
        return Delivery()

    def mend(self) -> None:
        """Do nothing: nothing is torn."""


def make_senders(
    count: int,
    *,
    stopping: threading.Event,
    chunks: list[Chunk] | None = None,
    work: Callable[[Chunk], object] = lambda chunk: None,
    report: Reporter = lambda event: None,
) -> Senders:
    """Return senders that keep what they are given."""
    kept = [] if chunks is None else chunks
    return Senders(
        [FakeSender(kept, work) for _ in range(count)],
        clock=SystemClock(),
        plans=dict,
        report=report,
        stopping=stopping,
    )


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
