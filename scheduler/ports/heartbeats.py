"""The processes that work on one record: their heartbeats, and which of them plans."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

Role = Literal["daemon", "planner", "worker", "web"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that works on the record.

    `name` begins with the name of its machine and a colon. A `daemon` plans, delivers and serves pages; the other roles
    do one of these. `seen_at` is its last heartbeat, `claimed_at` when it last claimed mails to deliver them. `secret`
    is the fingerprint of its installation's secret.
    """

    name: str
    role: Role
    since: datetime | None = None
    seen_at: datetime | None = None
    claimed_at: datetime | None = None
    version: str = ""
    secret: str = ""

    @property
    def machine(self) -> str:
        """Return the name of its machine."""
        return self.name.partition(":")[0]


class Heartbeats(Protocol):
    """When each process that works on the record was last seen alive, and which of them plans."""

    def clock(self) -> datetime | None:
        """Return the time by the database server's own clock (UTC); None if the database uses this machine's."""

    def record(self, process: Process, at: datetime) -> None:
        """Record that a process was alive at an instant; the first one also dates its beginning."""

    def processes(self) -> Sequence[Process]:
        """Return every process that is known, by name."""

    def stale(self, before: datetime) -> Sequence[str]:
        """Return the names of the processes that were last alive before an instant, in order."""

    def forget(self, names: Collection[str]) -> None:
        """Delete the heartbeats of processes; one that plans gives that up."""

    def lead(self, name: str, now: datetime, lease: timedelta) -> bool:
        """Let a process plan until its lease ends, unless another one does; return whether it does now."""

    def leader(self) -> tuple[str, datetime] | None:
        """Return the name of the process that last planned, and when its lease ends or ended; None if none ever did."""
