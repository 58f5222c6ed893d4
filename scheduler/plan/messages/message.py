"""What a mail is about, as a value: everything its words need and nothing about how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from scheduler.plan.due_dates import DueDate
from scheduler.plan.model import (
    Channel,
    Contact,
    DateForm,
    Deliverable,
    Fact,
    Group,
    Milestone,
    On,
    Party,
    Plan,
    Window,
)

MessageKind = Literal[
    "reminder",
    "overdue",
    "escalation",
    "fix-date",
    "invitation",
    "change",
    "receipt",
    "return",
    "notice",
    "choose",
    "outage",
    "digest",
    "sign-in",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollEntry:
    """One party in a list: how it stands and what it still owes."""

    party: Party
    status: str  # a status code, see plan.status
    missing: tuple[Deliverable, ...] = ()
    channels: tuple[Channel, ...] = ()  # by which what was submitted has not come yet
    notices: int = 0  # reminders and overdue notices that really left


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """Who has answered: every responsible party of one milestone, and what waits for it.

    Each is in one of `entries`, `submitted`, `accepted` and `apart`.
    """

    entries: tuple[RollEntry, ...]  # open and late, in roster order
    submitted: tuple[Party, ...]  # answered, waiting for acceptance
    accepted: tuple[Party, ...]
    apart: tuple[RollEntry, ...] = ()  # nothing is to be said against them: more time, released, in doubt
    lacking: tuple[RollEntry, ...] = ()  # of the submitted, those of which a copy by another channel has not come
    total: int
    affects: Milestone | None = None  # the next milestone that needs this one
    affects_due: DueDate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageEntry:
    """One rung that an outage touched: what it was and what became of it."""

    milestone: Milestone
    party: Party
    rung: str
    at: datetime
    outcome: Literal["late", "missed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """When the daemon was away (UTC) and what that did."""

    since: datetime
    until: datetime
    entries: tuple[OutageEntry, ...]


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
    entries: tuple[RollEntry, ...]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to one contact of one party.

    `key` is its identity for ever (the Message-ID follows from it); `now` is the UTC instant at
    which it is written. `milestone` is None only for an outage, a digest and a sign-in. Which of the further
    fields are set follows from `kind`: `due` reminder, overdue, escalation, change, return, receipt
    and fix-date of an event with a last day; `event` and `place` invitation and reminder of an event;
    `window` fix-date of a tentative event; `roll` escalation; `group` and `candidates` choose;
    `fact` change, receipt, return, and notice, which tells the lead what a party says; `outage` outage;
    `digest` digest; `link` and `link_until` sign-in.
    """

    key: str
    kind: MessageKind
    plan: Plan
    party: Party
    to: Contact
    now: datetime
    rung: str | None = None
    milestone: Milestone | None = None
    occurrence: str = ""  # the obligation's id: the milestone's, or `milestone@date`
    due: DueDate | None = None
    was: DateForm | None = None  # change: the date before
    event: On | None = None
    place: str = ""
    place_was: str = ""  # change: the place before
    window: Window | None = None
    missing: tuple[Deliverable, ...] = ()
    received: tuple[Deliverable, ...] = ()
    waits_for: tuple[tuple[Milestone, tuple[Party, ...]], ...] = ()  # needed milestones and who still owes them
    roll: Roll | None = None
    group: Group | None = None
    candidates: tuple[Party, ...] = ()
    fact: Fact | None = None
    outage: Outage | None = None
    digest: Digest | None = None
    page: str = ""  # where the reader sees what this is about and can answer: a party its page, an operator the board
    link: str = ""
    link_until: datetime | None = None  # UTC

    @property
    def language(self) -> str:
        """Return the language in which it is written: the addressee's own, or the plan's."""
        return self.to.language or self.plan.language
