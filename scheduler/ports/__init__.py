"""The ports: what the core needs from the outside, as Protocols.

Every implementation of a port passes the same contract suite (tests/contracts). All instants are aware and UTC.
The parts of a unit of work never commit by themselves; `Store.transaction` does.
"""

from __future__ import annotations

from scheduler.ports.access import Access, Document, Documents, PartyPages, SessionRow
from scheduler.ports.calendars import FeedContents, FeedEntry, FeedItem, FeedPart, FeedRenderer, FeedRow, Feeds
from scheduler.ports.clock import Clock, ClockReading, Machine
from scheduler.ports.definitions import Checker, Definition, Definitions, Finding, Loaded
from scheduler.ports.events import Event, EventName, Reporter
from scheduler.ports.heartbeats import Heartbeats
from scheduler.ports.inbox import (
    LONGEST_IDLE,
    FetchedMail,
    FolderState,
    Inbox,
    InboxDecision,
    InboxRow,
    InboxState,
    IncomingFiles,
    MailReader,
    MailSummary,
)
from scheduler.ports.ledger import (
    FEW,
    UNSENT,
    Facts,
    Inputs,
    Plans,
    PlanState,
    Renames,
    RungChange,
    RungCount,
    RungRow,
    Rungs,
    StepAhead,
)
from scheduler.ports.mail import Composer, Mail, Mailer, Outcome, Pace, SentFolder
from scheduler.ports.outbox import (
    EVERY_MAIL,
    Accounts,
    AccountState,
    MailSearch,
    MessageRow,
    MessageState,
    Outbox,
    Outgoing,
    Usage,
)
from scheduler.ports.runner import DaemonWork, Runner, Tick
from scheduler.ports.sources import PeriodicSource
from scheduler.ports.store import NOTHING_FAILED, CheckRow, ClockMark, FailedSource, Journal, Store, UnitOfWork

__all__ = [
    "EVERY_MAIL",
    "FEW",
    "LONGEST_IDLE",
    "NOTHING_FAILED",
    "UNSENT",
    "Access",
    "AccountState",
    "Accounts",
    "CheckRow",
    "Checker",
    "Clock",
    "ClockMark",
    "ClockReading",
    "Composer",
    "DaemonWork",
    "Definition",
    "Definitions",
    "Document",
    "Documents",
    "Event",
    "EventName",
    "Facts",
    "FailedSource",
    "FeedContents",
    "FeedEntry",
    "FeedItem",
    "FeedPart",
    "FeedRenderer",
    "FeedRow",
    "Feeds",
    "FetchedMail",
    "Finding",
    "FolderState",
    "Heartbeats",
    "Inbox",
    "InboxDecision",
    "InboxRow",
    "InboxState",
    "IncomingFiles",
    "Inputs",
    "Journal",
    "Loaded",
    "Machine",
    "Mail",
    "MailReader",
    "MailSearch",
    "MailSummary",
    "Mailer",
    "MessageRow",
    "MessageState",
    "Outbox",
    "Outcome",
    "Outgoing",
    "Pace",
    "PartyPages",
    "PeriodicSource",
    "PlanState",
    "Plans",
    "Renames",
    "Reporter",
    "RungChange",
    "RungCount",
    "RungRow",
    "Rungs",
    "Runner",
    "SentFolder",
    "SessionRow",
    "StepAhead",
    "Store",
    "Tick",
    "UnitOfWork",
    "Usage",
]
