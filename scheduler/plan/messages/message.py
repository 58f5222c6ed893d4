"""The content of a mail as a value: everything that its text needs and nothing about its layout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from scheduler.plan.dates.date_forms import DateForm, On, Window
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.facts import Fact
from scheduler.plan.message_kinds import MessageKind
from scheduler.plan.messages.digest import Digest
from scheduler.plan.messages.response_summary import ResponseSummary
from scheduler.plan.model import Contact, Deliverable, Group, Milestone, Party, Plan


class NoticeKey(NamedTuple):
    """The key of a mail that a fact causes: the outbox takes no second mail with it.

    `occurrence` is set if the mail is about another milestone than the fact, whose date moved with it.
    """

    fact: int
    kind: MessageKind
    address: str
    occurrence: str = ""

    def __str__(self) -> str:
        """Return the key as the record keeps it."""
        return ":".join([str(self.fact), self.kind, self.address, *([self.occurrence] if self.occurrence else [])])

    @staticmethod
    def beginning(fact: int, kind: MessageKind | None = None, address: str | None = None) -> str:
        """Return what all keys of a fact begin with, or those of one kind, or those of one kind to one address."""
        if address is not None and kind is not None:
            return str(NoticeKey(fact, kind, address))
        return f"{fact}:{kind}:" if kind is not None else f"{fact}:"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageEntry:
    """One rung that an outage affected, and its outcome."""

    milestone: Milestone
    party: Party
    rung: str
    at: datetime
    outcome: Literal["late", "missed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A span (UTC) in which the daemon was down, and the rungs that it affected."""

    since: datetime
    until: datetime
    entries: tuple[OutageEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The content of one mail to one contact of one party.

    `key` identifies the message for ever; the Message-ID is derived from it. `now` is the UTC instant at
    which the message is written. `milestone` is None only for an outage, a digest and a sign-in.

    The kind decides which of the other fields matter:

    * `due`: reminder, overdue, escalation, change, return, receipt, and fix-date of an event with a last day
    * `event` and `place`: invitation, and reminder of an event
    * `window`: fix-date of a tentative event
    * `roll`: escalation
    * `group` and `candidates`: choose
    * `fact`: change, receipt, return, and notice (which informs the lead of what a party says)
    * `outage`: outage
    * `digest`: digest
    * `link` and `link_until`: sign-in
    """

    key: str
    kind: MessageKind
    plan: Plan
    party: Party
    to: Contact
    now: datetime
    rung: str | None = None
    milestone: Milestone | None = None
    occurrence: str = ""  # id of the milestone or, for a recurring one, `milestone@date`
    due: DueDate | None = None
    was: DateForm | None = None  # change: the date before
    event: On | None = None
    place: str = ""
    place_was: str = ""  # change: the place before
    window: Window | None = None
    missing: tuple[Deliverable, ...] = ()
    received: tuple[Deliverable, ...] = ()
    waits_for: tuple[tuple[Milestone, tuple[Party, ...]], ...] = ()  # needed milestones, with the parties that owe them
    roll: ResponseSummary | None = None
    group: Group | None = None
    candidates: tuple[Party, ...] = ()
    fact: Fact | None = None
    outage: Outage | None = None
    digest: Digest | None = None
    page: str = ""  # URL at which the reader can answer: the party's page, or for an operator the board
    link: str = ""
    link_until: datetime | None = None  # UTC

    @property
    def language(self) -> str:
        """Return the language of the message: that of the addressee, else that of the plan."""
        return self.to.language or self.plan.language
