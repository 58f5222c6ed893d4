"""Who has answered and who has not, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.model import Channel, Deliverable, Milestone, Party


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseEntry:
    """One party in a list: how it stands and what it still owes."""

    party: Party
    status: str  # a status code, see plan.status
    missing: tuple[Deliverable, ...] = ()
    channels: tuple[Channel, ...] = ()  # by which what was submitted has not come yet
    notices: int = 0  # reminders and overdue notices that really left


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSummary:
    """Who has answered: every responsible party of one milestone, and what waits for it.

    Each is in one of `entries`, `submitted`, `accepted` and `apart`.
    """

    entries: tuple[ResponseEntry, ...]  # open and late, in roster order
    submitted: tuple[Party, ...]  # answered, waiting for acceptance
    accepted: tuple[Party, ...]
    apart: tuple[ResponseEntry, ...] = ()  # nothing is to be said against them: more time, released, in doubt
    lacking: tuple[ResponseEntry, ...] = ()  # of the submitted, those of which a copy by another channel has not come
    total: int
    affects: Milestone | None = None  # the next milestone that needs this one
    affects_due: DueDate | None = None
