"""The record: its transactions, and everything in one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scheduler.ports.access import Access, Documents, PartyPages
from scheduler.ports.calendars import Feeds
from scheduler.ports.definitions import Finding
from scheduler.ports.ledger import Facts, Plans, Rungs
from scheduler.ports.outbox import Accounts, Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """What the last status check of one source saw of one obligation, and since when it has."""

    milestone: str
    party: str
    source: str
    seen: str
    since: datetime
    checked_at: datetime


class Journal(Protocol):
    """What the daemon did and saw itself."""

    def last_tick(self) -> datetime | None:
        """Return when the last completed tick was."""

    def record_tick(self, at: datetime) -> None:
        """Remember a completed tick."""

    def record_outage(self, since: datetime, until: datetime) -> None:
        """Remember a span in which steps suffered, and that the operators were told at its end."""

    def outages(self, after: datetime) -> Sequence[tuple[datetime, datetime]]:
        """Return the outages that ended after an instant, oldest first."""

    def record_check(self, plan: str, at: datetime, findings: Sequence[Finding]) -> None:
        """Remember what a status check of a loaded plan saw; `since` stays while what is seen stays the same."""

    def checks(self, plan: str) -> Sequence[CheckRow]:
        """Return what the last check of each obligation saw."""


class UnitOfWork(Protocol):
    """One transaction: everything in it happens or nothing does."""

    plans: Plans
    facts: Facts
    rungs: Rungs
    outbox: Outbox
    accounts: Accounts
    journal: Journal
    access: Access
    feeds: Feeds
    pages: PartyPages
    documents: Documents


class Store(Protocol):
    """The record. Any number of processes may use one store."""

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """Open a writing transaction; commit on leaving, roll back on an exception."""

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """Open a consistent view that never waits for a writer; nothing may be changed in it."""

    def close(self) -> None:
        """Let go of every connection."""
