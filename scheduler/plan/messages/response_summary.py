"""The summary of which parties have answered, for escalations and the digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.model import Channel, Deliverable, Milestone, Party


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseEntry:
    """One party: its status and what it still owes."""

    party: Party
    status: str  # a `StatusCode` of plan.status, or `extended`
    missing: tuple[Deliverable, ...] = ()
    channels: tuple[Channel, ...] = ()  # channels by which a copy of the submission is still missing
    notices: int = 0  # reminders and overdue notices that were sent
    came_on: date | None = None  # the local day on which a part came of what is overdue


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSummary:
    """The responsible parties of one milestone by their answer, and the next milestone that waits for it.

    Each party is in exactly one of `entries`, `submitted`, `accepted` and `apart`.
    """

    entries: tuple[ResponseEntry, ...]  # open and late, in the order of the agenda
    submitted: tuple[Party, ...]  # answered, waiting for acceptance
    accepted: tuple[Party, ...]
    apart: tuple[ResponseEntry, ...] = ()  # not late: extended, released, or unknown whether they are open
    lacking: tuple[ResponseEntry, ...] = ()  # submitted, but a copy by another channel is still missing
    total: int
    affects: Milestone | None = None  # the next milestone that needs this one
    affects_due: DueDate | None = None
