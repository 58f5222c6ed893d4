"""The weekly digest as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from scheduler.plan.dates.date_forms import On, Window
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.facts import Fact
from scheduler.plan.messages.response_summary import ResponseEntry
from scheduler.plan.model import Milestone, Party


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestDone:
    """One milestone that parties completed in the past seven days."""

    milestone: Milestone
    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestDue:
    """One milestone with a day to come: the target day of `due`, or the first day of `event`."""

    day: date
    milestone: Milestone
    parties: tuple[Party, ...] = ()  # those it is still open for; of an event its organisers
    due: DueDate | None = None
    event: On | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestIncomplete:
    """One milestone whose documents are asked for and not all there."""

    milestone: Milestone
    entries: tuple[ResponseEntry, ...]
    due: DueDate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestUndecided:
    """One event without its day: the window it lies in, or the date by which it must be held."""

    milestone: Milestone
    window: Window | None = None
    due: DueDate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestChange:
    """One fact of the past seven days that moved something; `milestone` is None if it names none."""

    fact: Fact
    milestone: Milestone | None = None
    parties: tuple[Party, ...] = ()  # none: it concerns everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestMails:
    """How many mails had one fate, and the subjects of some of them."""

    count: int = 0
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestHealth:
    """How the system itself is; instants are UTC."""

    outages: tuple[tuple[datetime, datetime], ...] = ()  # from, to
    bounced: tuple[tuple[Party, str], ...] = ()  # whose contact, its address
    failed: DigestMails = DigestMails()
    ambiguous: DigestMails = DigestMails()  # nobody knows whether they arrived
    last_tick: datetime | None = None

    @property
    def is_well(self) -> bool:
        """Whether there is nothing that needs a person."""
        return not (self.outages or self.bounced or self.failed.count or self.ambiguous.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One week of one plan, for the lead. Days are local to the plan; every list is in reading order.

    `week` is the ISO number of the week in which it is sent, from `first` to `last`. `due` looks
    fourteen days ahead; `next_milestone` is what comes next of all, also beyond them.
    """

    week: int
    first: date
    last: date
    done: tuple[DigestDone, ...] = ()
    due: tuple[DigestDue, ...] = ()
    incomplete: tuple[DigestIncomplete, ...] = ()
    undecided: tuple[DigestUndecided, ...] = ()
    undated: tuple[Milestone, ...] = ()
    changed: tuple[DigestChange, ...] = ()
    health: DigestHealth = DigestHealth()
    next_milestone: DigestDue | None = None
