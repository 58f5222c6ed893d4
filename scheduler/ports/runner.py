"""What fires the daemon's work, the work that it fires, and the queue through which it hands mails over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scheduler.ports.clock import Clock
from scheduler.ports.events import Event
from scheduler.ports.outbox import Chunk
from scheduler.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one pass left: when to wake next, and when the next status check is due (UTC)."""

    at: datetime
    wake_at: datetime
    check_at: datetime


class DaemonWork(Protocol):
    """The daemon's work, one pass at a time; passes wait for each other within a process."""

    @property
    def clock(self) -> Clock:
        """Return the clock by which the work is due; a replay makes up its time."""

    @property
    def pulse(self) -> int:
        """Return a number that grows with everything the work does: the sign of life of a long pass."""

    def tick(self) -> Tick:
        """Do everything that is due now.

        Raises `HanchotError` where the record cannot be used, and `RecordReplaced` if it never can be again.
        """

    def check(self) -> None:
        """Run the status checks that are due now. Raises `HanchotError` like `tick`."""

    def report(self, event: Event) -> None:
        """Report an event."""


class Runner(Protocol):
    """Fires the daemon's work: at once, when something is due, and at every heartbeat, until it is stopped.

    No failure of a pass ends the run but a record that was replaced; the next heartbeat tries again.
    """

    def run(self) -> None:
        """Run until stopped; the pass in hand is finished first.

        Raises `UserError` if passes cease to end, and `RecordReplaced` if a pass raises it.
        """

    def stop(self) -> None:
        """Ask the run to end; from any thread, also before it began."""

    def wake(self) -> None:
        """Ask for a tick now; from any thread. Before and after the run it does nothing."""


class ChunkQueue(Protocol):
    """The queue through which reserved mails reach a worker."""

    def put(self, unit: UnitOfWork, chunks: Sequence[Chunk], *, urgent: bool) -> None:
        """Announce chunks within a transaction; workers see them when it commits. Raises `RecordUnavailable`."""
