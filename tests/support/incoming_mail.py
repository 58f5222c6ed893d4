"""Mails that come into the mailbox of a daemon: stored as its watch stores them."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from scheduler.documents.blob_store import BlobStore
from scheduler.documents.file_kinds import find_kind
from scheduler.engine.sources.answers import MailboxAdapters
from scheduler.inbox.mail_reader import MailReader
from scheduler.plan.model import Plan
from scheduler.ports import FetchedMail, InboxRow, MailSummary
from tests.support.daemon_fixture import DaemonFixture
from tests.support.received_mails import SERVER, Letter, authenticated, thunderbird
from tests.support.served_site import ServedSite

MAILBOX = "nhacviec@cum.example"
SECRET = b"a secret of the tests"


def kind_of(head: bytes) -> str:
    """Return the media type of a file that is accepted, else ""."""
    kind = find_kind(head)
    return kind.type if kind else ""


class AnsweredDaemon(DaemonFixture):
    """A daemon that reads its mailbox."""

    def __init__(self, store: Any, folder: Path, *plans: Plan, **details: Any) -> None:
        self.files = BlobStore(folder / "documents", lambda: self.clock.now())
        self.mailbox = MailboxAdapters(
            reader=MailReader(authserv_id=SERVER, find_kind=kind_of),
            files=self.files,
            address=MAILBOX,
            own=frozenset([MAILBOX]),
            secret=SECRET,
        )
        self._count = 0
        super().__init__(store, *plans, mailbox=self.mailbox, **details)

    def deliver(self, raw: bytes, *, is_whole: bool = True, is_stored: bool = True) -> int:
        """Store a mail as new, or only that it came, and return its id."""
        self._count += 1
        mail = FetchedMail(
            folder="INBOX",
            uid=self._count,
            arrived_at=self.clock.instant,
            size=len(raw),
            identity=sha256(raw + bytes([self._count])).hexdigest(),
            digest=sha256(raw).hexdigest(),
            body=sha256(raw.partition(b"\r\n\r\n")[2]).hexdigest(),
            data=raw if is_stored else None,
            is_whole=is_whole,
        )
        with self.store.transaction() as unit:
            id = unit.inbox.add(mail, MailSummary(), uidvalidity=1, state="new")
        assert id is not None
        return id

    def receive(self, raw: bytes, when: datetime | None = None) -> InboxRow:
        """Deliver a mail, let the daemon decide, and return what became of the mail."""
        self.clock.instant = when or self.clock.instant
        id = self.deliver(raw)
        self.tick()
        return self.incoming(id)

    def incoming(self, id: int) -> InboxRow:
        """Return a mail that came."""
        with self.store.reading() as view:
            row = view.inbox.get(id)
        assert row is not None
        return row


def read_mailbox(site: ServedSite, folder: Path) -> AnsweredDaemon:
    """Return a daemon that reads a mailbox and works on a served record, by the served clock.

    `folder` is that of the site's configuration.
    """
    working = AnsweredDaemon(site.running.store, folder / "var", *[one.plan for one in site.definitions])
    working.clock = working.mailer.clock = site.clock
    working.ticker = working.new_ticker(mailbox=working.mailbox)
    working.ticker.load()
    return working


def answer(daemon: DaemonFixture, sender: str = "officer@beta.example", **details: Any) -> bytes:
    """Return an authenticated answer with a PDF to the last mail that a contact got."""
    mails = [mail for mail in daemon.mails() if mail.mail.address == sender]
    cited = mails[-1].mail.message_id if mails else ""
    values: dict[str, Any] = {
        "sender": sender,
        "to": MAILBOX,
        "in_reply_to": cited,
        "results": (authenticated(sender),),
        "text": "Kính gửi Văn phòng Cụm,",
        "subject": "Re: Report",
        "message_id": f"<{sha256(repr(sorted(details.items())).encode()).hexdigest()[:20]}@mail.example>",
    }
    return thunderbird(Letter(**(values | details)))
