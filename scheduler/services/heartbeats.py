"""The heartbeat of a process, by which others know that what it holds is in good hands, and which of them plans.

A process that is gone cannot say so, and a lock that is gone proves nothing: it may have been lost by a living process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.errors import RecordUnavailable
from scheduler.ports import Clock, Process, Role, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a process records its heartbeat, until when it may trust it, and when others call it stale.

    Between the last two a mail begins that was about to. A process that plans does so for `lead` after each heartbeat;
    with `every`, that is the longest time until another one takes over.
    """

    every: timedelta = timedelta(seconds=10)
    sure: timedelta = timedelta(seconds=30)
    stale: timedelta = timedelta(seconds=45)
    lead: timedelta = timedelta(seconds=18)


PLANNING: frozenset[Role] = frozenset({"daemon", "planner"})


class Heartbeat:
    """The heartbeat of this process under its `name`, by which it also claims mails. Threads may share it.

    `system` is the machine's clock, `clock` the one by which leases end. Of the processes whose role is to plan, one at
    a time does.
    """

    def __init__(
        self, store: Store, process: Process, *, system: Clock, clock: Clock, rhythm: Rhythm | None = None
    ) -> None:
        self.name = process.name
        self._process = process
        self._store = store
        self._system = system
        self._clock = clock
        self._rhythm = rhythm or Rhythm()
        self._beating = threading.Lock()
        self._confirmed_at: datetime | None = None
        self._breaks = 0
        self._is_leading = False
        self._claimed_at: datetime | None = None

    def leads(self) -> bool:
        """Return whether this process is the one that plans, after a beat if the last one is not recent.

        Raises `RecordUnavailable`.
        """
        if not self._was_confirmed_within(self._rhythm.lead, self._system.now()):
            self.beat()
        return self._is_leading

    def note_claim(self) -> None:
        """Let the next heartbeat tell that this process has claimed mails."""
        self._claimed_at = self._system.now()

    def mark(self) -> int:
        """Return a mark for what is claimed from now on, after a beat if the last one is not recent.

        Raises `RecordUnavailable` if nothing may be claimed, because this process may be taken for dead.
        """
        if not self._is_sure(self._system.now()):
            self.beat()
        return self._breaks

    def is_unbroken(self, mark: int) -> bool:
        """Return whether it has been beating ever since a mark, so that nobody can have released what is held."""
        return self._breaks == mark and self._is_sure(self._system.now())

    def beat(self) -> int:
        """Record that this process lives, and release the mails that dead ones hold; return how many there were.

        If it is its role to plan, it takes the lead unless another process has it.

        It commits. The record is dated by the database server's clock if it has one of its own: processes on several
        machines are compared by it. Raises `RecordUnavailable`.
        """
        with self._beating:
            return self._beat(self._system.now())

    def _beat(self, began: datetime) -> int:
        with self._store.transaction() as unit:
            now = unit.heartbeats.clock() or began
            unit.heartbeats.record(replace(self._process, claimed_at=self._claimed_at), now)
            stale = unit.heartbeats.stale(now - self._rhythm.stale)
            released = unit.outbox.end_leases(stale, now=self._clock.now()) if stale else 0
            unit.heartbeats.forget(stale)
            leads = self._process.role in PLANNING and unit.heartbeats.lead(self.name, now, self._rhythm.lead)
        if not self._is_sure(began):
            self._breaks += 1
        self._confirmed_at, self._is_leading = began, leads
        return released

    @contextmanager
    def beating(self, changed: Callable[[], None]) -> Iterator[None]:
        """Beat in a thread for a block.

        `changed` is called when mails of dead processes were released, and when this process has taken the lead.
        """
        self._try_to_beat(changed)
        ended = threading.Event()
        thread = threading.Thread(target=self._beat_until, args=(ended, changed), name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            with suppress(RecordUnavailable):  # then others find it stale
                self._end()

    def _beat_until(self, ended: threading.Event, changed: Callable[[], None]) -> None:
        while not ended.wait(self._rhythm.every.total_seconds()):
            self._try_to_beat(changed)

    def _try_to_beat(self, changed: Callable[[], None]) -> None:
        with suppress(RecordUnavailable):  # the tick reports it, and no mail begins meanwhile
            did_lead = self._is_leading
            if self.beat() or self._is_leading != did_lead:
                changed()

    def _end(self) -> None:
        """Release what this process still holds, and forget its heartbeat. It commits."""
        with self._store.transaction() as unit:
            unit.outbox.end_leases([self.name], now=self._clock.now())
            unit.heartbeats.forget([self.name])

    def _is_sure(self, now: datetime) -> bool:
        """Return whether the last beat was lately; not if the clock was turned back since."""
        return self._was_confirmed_within(self._rhythm.sure, now)

    def _was_confirmed_within(self, span: timedelta, now: datetime) -> bool:
        return self._confirmed_at is not None and timedelta() <= now - self._confirmed_at <= span
