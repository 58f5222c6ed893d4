"""The mails that came into the mailbox: how they are fetched, how they are kept, and what became of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Literal, Protocol

from scheduler.plan.answers.received_mail import ReceivedMail
from scheduler.plan.reasons import Reason

LONGEST_IDLE = timedelta(minutes=9)  # many servers and routers forget a silent connection after ten

InboxState = Literal[
    "new",
    "received",
    "review",
    "dismissed",
    "machine",
    "bounce",
    "delayed",
    "rsvp",
    "duplicate",
    "own",
    "unlinked",
    "quarantine",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedMail:
    """A mail as the mail server gave it.

    `arrived_at` is its INTERNALDATE (UTC). `data` are its bytes if they are few; more of them lie in the file store
    under `digest`, their SHA-256 in hexadecimal; `body` is that of what follows the header. Of one that is not
    `is_whole` only the header was fetched: it lay there before reading began, or it is too large. `identity` is the
    same however often the mail is fetched, from a rebuilt mailbox, too.
    """

    folder: str
    uid: int
    arrived_at: datetime
    size: int
    identity: str
    digest: str
    body: str
    data: bytes | None = None
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderState:
    """How far a folder has been read: everything with a UID up to `last_uid` is known, as of `read_at` (UTC).

    `uidvalidity` changes when the server numbers the mails of the folder anew. Mails with a UID below `before_uid` lay
    there before reading began.
    """

    folder: str
    uidvalidity: int
    last_uid: int
    before_uid: int = 0
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSummary:
    """What a list shows of a mail, read from its header."""

    message_id: str = ""
    sender: str = ""
    sender_name: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """A mail that came, and what became of it.

    A `new` one is not decided yet. `plan`, `milestone` and `party` say what it answers, as far as that is known.
    `reasons` say why it was decided so, the strongest first. `facts` are the ids of the facts that were recorded
    because of it. Of one that is not `is_whole` only the header was kept.
    """

    id: int
    folder: str
    uid: int
    arrived_at: datetime
    size: int
    digest: str
    body: str
    is_whole: bool
    summary: MailSummary
    state: InboxState = "new"
    plan: str = ""
    milestone: str = ""
    party: str = ""
    reasons: tuple[Reason, ...] = ()
    facts: tuple[int, ...] = ()
    decided_at: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxDecision:
    """What becomes of a mail; `by` is the person who decided, "" for the daemon."""

    state: InboxState
    at: datetime
    summary: MailSummary | None = None  # None: it stays as it is
    plan: str = ""
    milestone: str = ""
    party: str = ""
    reasons: tuple[Reason, ...] = ()
    facts: tuple[int, ...] = ()
    by: str = ""


class Inbox(Protocol):
    """The mails that came, and how far each folder has been read."""

    def folders(self) -> Sequence[FolderState]:
        """Return every folder that has been read, by name."""

    def record_folder(self, state: FolderState) -> None:
        """Record how far a folder has been read."""

    def add(self, mail: FetchedMail, summary: MailSummary, *, uidvalidity: int, state: InboxState) -> int | None:
        """Store a mail; return its id, or None if it is known by its identity: then only its place is noted."""

    def decide(self, id: int, decision: InboxDecision, *, expected: InboxState) -> bool:
        """Record what becomes of a mail; return False if it is not in the `expected` state any more."""

    def get(self, id: int) -> InboxRow | None:
        """Return a mail, or None."""

    def data(self, id: int) -> bytes | None:
        """Return the bytes of a mail that are kept in the record; None if they lie in a file."""

    def new(self, limit: int) -> Sequence[InboxRow]:
        """Return mails that are not decided yet, the oldest first."""

    def page(
        self, states: Collection[InboxState] = (), *, before: int = 0, limit: int = 100, offset: int = 0
    ) -> Sequence[InboxRow]:
        """Return mails in some states, or in all, the newest first, after skipping `offset`.

        `before` is the id at which the last list ended.
        """

    def counts(self) -> Mapping[InboxState, int]:
        """Return the number of mails by state; states without mails are left out."""

    def count(self, state: InboxState) -> int:
        """Return how many mails are in a state."""

    def counts_of(self, plan: str) -> Mapping[tuple[str, str, InboxState], int]:
        """Return the number of mails about each obligation of a plan, by milestone, party and state."""

    def like(self, message_id: str) -> Sequence[InboxRow]:
        """Return the mails with a Message-ID, the oldest first."""


class MailReader(Protocol):
    """Reads raw mails; nothing that is in one makes it raise. Errors of the stream do."""

    def read(self, stream: IO[bytes]) -> ReceivedMail:
        """Return what a mail says."""

    def attachment(self, stream: IO[bytes], part: str) -> Iterator[bytes]:
        """Yield the bytes of an attachment. Raises `KeyError` for an unknown part."""


class IncomingFiles(Protocol):
    """The files of large mails, and where the documents in mails are kept."""

    def open(self, digest: str) -> IO[bytes]:
        """Open the file of a large mail. Raises `OSError`."""

    def keep_pieces(self, pieces: Iterable[bytes]) -> str:
        """Keep bytes in a file under their digest, which is returned. Raises `OSError`."""
