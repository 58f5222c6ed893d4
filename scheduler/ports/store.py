"""The store of the record: its transactions, and what a transaction gives access to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from scheduler.plan.reasons import Reason
from scheduler.plan.scope import Scope
from scheduler.ports.access import Access, Documents, PartyPages
from scheduler.ports.calendars import Feeds
from scheduler.ports.definitions import Finding
from scheduler.ports.heartbeats import Heartbeats
from scheduler.ports.inbox import Inbox
from scheduler.ports.ledger import Facts, Plans, Renames, Rungs
from scheduler.ports.outbox import Accounts, Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """The finding of the last status check of one source about one obligation, and since when it is the same."""

    milestone: str
    party: str
    source: str
    seen: str
    since: datetime
    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedSource:
    """A source of status checks that could not be looked at in the last check of a plan, and why.

    With a milestone and a party that is so for their obligation only. `since` is when it was last looked at; None if it
    never was.
    """

    source: str
    words: str
    since: datetime | None = None
    milestone: str = ""
    party: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMark:
    """A moment at which a machine's clock was taken as right: its time, and how long the machine had been up."""

    boot: str
    uptime: timedelta
    at: datetime


NOTHING_FAILED: Mapping[str, str] = {}


class Journal(Protocol):
    """The record of the daemon's own work: ticks, outages, status checks."""

    def last_tick(self) -> datetime | None:
        """Return the instant of the last completed tick, or None."""

    def record_tick(self, at: datetime) -> None:
        """Record a completed tick."""

    def record_clock(self, mark: ClockMark) -> None:
        """Record the latest mark of a start of a machine."""

    def clock(self, boot: str) -> ClockMark | None:
        """Return the mark of a start of a machine, or None."""

    def last_clock(self) -> datetime | None:
        """Return the latest instant of all marks, or None."""

    def put_right(self, now: datetime, since: datetime, reason: Reason) -> int:
        """Take back what a clock that was ahead has settled and recorded after `since`.

        Missed rungs and mails, and skipped rungs that no mail carried, become open again for this `reason`. What may
        not be sent any more is missed again. Pauses and leases that would outlast their purpose end `now`, and mails
        that wait for a later instant are looked at again. Marks of clocks are forgotten. Returns how many rungs live
        again.
        """

    def record_outage(self, since: datetime, until: datetime) -> None:
        """Record an outage that affected rungs, of which the operators were informed at its end."""

    def outages(self, after: datetime) -> Sequence[tuple[datetime, datetime]]:
        """Return the outages that ended after an instant, oldest first."""

    def record_check(
        self, plan: str, at: datetime, findings: Sequence[Finding], failed: Mapping[str, str] = NOTHING_FAILED
    ) -> None:
        """Record a status check of a loaded plan; `since` stays while the finding stays the same.

        `failed` says by source why it could not be looked at; that holds until a check in which it does not fail, as
        does a finding that is blind.
        """

    def failed_sources(self, plan: str) -> Sequence[FailedSource]:
        """Return what could not be looked at in the last check of a plan, by source: first a source as a whole."""

    def checks(self, plan: str, scope: Scope | None = None) -> Sequence[CheckRow]:
        """Return the findings of the last check of each obligation, or of those of a scope.

        A scope names occurrences by their own ids.
        """


class UnitOfWork(Protocol):
    """One transaction: all of it is committed, or nothing."""

    plans: Plans
    facts: Facts
    rungs: Rungs
    renames: Renames
    outbox: Outbox
    accounts: Accounts
    journal: Journal
    heartbeats: Heartbeats
    access: Access
    feeds: Feeds
    pages: PartyPages
    documents: Documents
    inbox: Inbox

    @property
    def driver_connection(self) -> Any:
        """Return the driver's connection, for an engine that has tables of its own in the same database."""


class Store(Protocol):
    """The database of the record; several processes may use it at the same time."""

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """Open a write transaction; it commits at the end of the block and rolls back on an exception."""

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """Open a read-only transaction: a consistent snapshot that never waits for a writer."""

    def verify(self) -> None:
        """Raise `RecordReplaced` if the database is not the one that was opened, or has another version by now."""

    def close(self) -> None:
        """Close all connections."""
