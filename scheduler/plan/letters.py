"""What a mail is about, as a value: everything its words need and nothing about how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scheduler.plan.dates import DueDate
from scheduler.plan.model import Contact, Deliverable, Fact, Group, Milestone, On, Party, Plan, Window

MessageKind = Literal[
    "reminder",
    "overdue",
    "escalation",
    "fix-date",
    "invitation",
    "change",
    "receipt",
    "return",
    "choose",
    "outage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollEntry:
    """One party in an escalation's list: how it stands and what it still owes."""

    party: Party
    status: str  # a status code, see plan.status
    missing: tuple[Deliverable, ...] = ()
    notices: int = 0  # reminders and overdue notices that really left


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """Who has answered: every responsible party of one milestone, and what waits for it."""

    entries: tuple[RollEntry, ...]  # those still open, in roster order
    submitted: tuple[Party, ...]  # answered, waiting for acceptance
    accepted: tuple[Party, ...]
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
class Letter:
    """One mail to one contact of one party.

    `key` is its identity for ever (the Message-ID follows from it); `now` is the UTC instant at
    which it is written. `milestone` is None only for an outage. Which of the further fields
    are set follows from `kind`: `due` reminder, overdue, escalation, change, return, receipt and
    fix-date of an event with a last day; `event` and `place` invitation and reminder of an event;
    `window` fix-date of a tentative event; `roll` escalation; `group` and `candidates` choose;
    `fact` change, receipt, return; `outage` outage.
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
    was: DueDate | None = None  # change: the date before
    event: On | None = None
    place: str = ""
    window: Window | None = None
    missing: tuple[Deliverable, ...] = ()
    received: tuple[Deliverable, ...] = ()
    waits_for: tuple[tuple[Milestone, tuple[Party, ...]], ...] = ()  # needed milestones and who still owes them
    roll: Roll | None = None
    group: Group | None = None
    candidates: tuple[Party, ...] = ()
    fact: Fact | None = None
    outage: Outage | None = None
