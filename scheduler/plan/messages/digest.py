"""The content of the weekly digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from scheduler.plan.answers.reading_gap import ReadingGap
from scheduler.plan.dates.date_forms import On, Window
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.facts import Fact
from scheduler.plan.messages.response_summary import ResponseEntry
from scheduler.plan.model import Milestone, Party


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestDone:
    """One milestone with the parties that have completed it."""

    milestone: Milestone
    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestDue:
    """One milestone with a coming `day`: the day to aim at by `due`, or else the first day of `event`.

    Of a deadline, `answered` of the `total` parties with that day have sent everything.
    """

    day: date
    milestone: Milestone
    parties: tuple[Party, ...] = ()  # those for which it is still open; for an event, its organisers
    answered: int = 0
    total: int = 0
    is_unassigned: bool = False  # it is not known yet which parties will owe it
    due: DueDate | None = None
    event: On | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestIncomplete:
    """One milestone of which something is still missing, with the parties that owe it."""

    milestone: Milestone
    entries: tuple[ResponseEntry, ...]
    due: DueDate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestUndecided:
    """One event without a fixed day: its window, or the date by which it must take place."""

    milestone: Milestone
    window: Window | None = None
    due: DueDate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestChange:
    """One fact of the past seven days that changed something; `milestone` is None if the fact names none."""

    fact: Fact
    milestone: Milestone | None = None
    parties: tuple[Party, ...] = ()  # empty if it concerns all parties


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestMails:
    """The number of mails that ended in the same state, and the subjects of some of them."""

    count: int = 0
    subjects: tuple[str, ...] = ()


class DigestSource(NamedTuple):
    """A source of status checks that cannot be looked at, and since when (UTC); None: it never was."""

    source: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestHealth:
    """The state of the system itself; instants are UTC."""

    outages: tuple[tuple[datetime, datetime], ...] = ()  # from, to
    bounced: tuple[tuple[Party, str], ...] = ()  # party, address
    failed: DigestMails = DigestMails()
    ambiguous: DigestMails = DigestMails()  # it is unknown whether they arrived
    sources: tuple[DigestSource, ...] = ()
    gap: ReadingGap | None = None
    last_tick: datetime | None = None

    @property
    def is_well(self) -> bool:
        """Return whether nothing needs attention."""
        is_blind = self.sources or self.gap
        return not (self.outages or self.bounced or self.failed.count or self.ambiguous.count or is_blind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One week of one plan, for the lead; days are local to the plan and every list is in reading order.

    `week` is the ISO number of the week in which the digest is sent; `first` and `last` are its days. `due`
    looks fourteen days ahead; `next_milestone` is the next milestone of all, even if it lies beyond them.
    """

    week: int
    first: date
    last: date
    done: tuple[DigestDone, ...] = ()
    due: tuple[DigestDue, ...] = ()
    incomplete: tuple[DigestIncomplete, ...] = ()
    lacking: tuple[DigestIncomplete, ...] = ()  # submitted, but a copy by another channel is still missing
    unchecked: tuple[DigestDone, ...] = ()  # complete, and neither accepted nor returned
    undecided: tuple[DigestUndecided, ...] = ()
    undated: tuple[Milestone, ...] = ()
    changed: tuple[DigestChange, ...] = ()
    health: DigestHealth = DigestHealth()
    next_milestone: DigestDue | None = None
