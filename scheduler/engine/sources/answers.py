"""Decide about the mails that have come into the mailbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import IO

from scheduler.engine.plans_in_force import PlansInForce
from scheduler.errors import HanchotError, UserError
from scheduler.plan import reasons
from scheduler.plan.answers.received_mail import Attachment
from scheduler.ports import Document, InboxDecision, InboxRow, IncomingFiles, MailReader, Store
from scheduler.ports.events import Event, Reporter
from scheduler.services.context import ServiceContext
from scheduler.services.inbox.context import AnswerContext
from scheduler.services.inbox.decisions import decide_mail
from scheduler.system_errors import word_system
from scheduler.texts import Text
from scheduler.wording.sentences import word_state

_AT_ONCE = 200  # mails in one tick, so that reminders wait for a full mailbox no longer than that takes
_NOW = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxAdapters:
    """What answers by mail need: how mails are read, where they lie, and the address to which they come.

    `own` holds the addresses that the installation writes from. `secret` is that of the installation. `sync` fetches
    mails where nobody else does.
    """

    reader: MailReader
    files: IncomingFiles
    address: str
    own: frozenset[str]
    secret: bytes
    sync: Callable[[], int] | None = None


class AnswerSource:
    """A periodic source: the mails that were stored and are not decided yet."""

    name = "mailbox"

    def __init__(
        self, services: ServiceContext, plans: PlansInForce, mailbox: MailboxAdapters, report: Reporter
    ) -> None:
        self._report = report
        self._services = services
        self._plans = plans
        self._mailbox = mailbox

    @property
    def next_at(self) -> datetime | None:
        """Return an instant that has passed: each tick looks whether mails wait, whoever has stored them."""
        return _NOW

    def collect(self, now: datetime) -> None:
        """Decide about the mails that wait, the oldest first. It commits.

        Raises `UserError` if the mailbox cannot be read, after the mails that are stored have been decided.
        """
        if not self._plans.definitions:  # who a contact is, and what is owed, is not known yet
            return
        self._decide_some(now)
        if self._mailbox.sync is not None and self._mailbox.sync():
            self._decide_some(now)

    def _decide_some(self, now: datetime) -> None:
        with self._services.store.reading() as view:
            rows = view.inbox.new(_AT_ONCE)
        context = AnswerContext(
            services=self._services,
            definitions=self._plans.definitions,
            agendas=self._plans.agendas,
            secret=self._mailbox.secret,
            mailbox=self._mailbox.address,
            own=self._mailbox.own,
        )
        failures = [failure for row in rows if (failure := self._try_decide(context, row, now))]
        if failures:
            raise UserError(
                Text(
                    "{number} mails could not be decided about: {failures}", number=len(failures), failures=failures[0]
                )
            )

    def _try_decide(self, context: AnswerContext, row: InboxRow, now: datetime) -> str:
        """Decide about a mail; return why that has to wait, "" if it is done.

        One whose file is gone, or that shows a bug, is put aside for a person and stops no other.
        """
        try:
            self._decide(context, row, now)
        except HanchotError:  # the record is not available, or the clock not believed
            raise
        except FileNotFoundError as error:
            self._put_aside(row, Text("{filename} is gone", filename=error.filename), now)
        except OSError as error:
            return Text("i{id}: {words}", id=row.id, words=word_system(error))
        except Exception as error:
            self._put_aside(row, f"{type(error).__name__}: {error}", now)
        return ""

    def _put_aside(self, row: InboxRow, words: str, now: datetime) -> None:
        why = reasons.not_recorded(ascii(words)[1:-1])  # what an error quotes may be no text for a database
        with self._services.store.transaction() as unit:
            unit.inbox.decide(row.id, InboxDecision(state="quarantine", at=now, reasons=(why,)), expected="new")

    def _decide(self, context: AnswerContext, row: InboxRow, now: datetime) -> None:
        mailbox = self._mailbox
        with open_mail(self._services.store, mailbox.files, row) as stream:
            mail = mailbox.reader.read(stream)
            decide_mail(context, row, mail, lambda file: keep_attachment(mailbox, stream, file), now)
        self._tell(row, now)

    def _tell(self, row: InboxRow, now: datetime) -> None:
        """Report what became of a mail that has something to do with a plan."""
        with self._services.store.reading() as view:
            decided = view.inbox.get(row.id)
        if decided is not None and decided.plan:
            text = Text("mail i{id}: {state}", id=row.id, state=word_state(decided.state))
            where = {"plan": decided.plan, "milestone": decided.milestone, "party": decided.party}
            self._report(Event(name="arrived", at=now, text=text, **where))


@contextmanager
def open_mail(store: Store, files: IncomingFiles, row: InboxRow) -> Iterator[IO[bytes]]:
    """Open the bytes of a mail for a block, from the record or from its file. Raises `OSError`."""
    with store.reading() as view:
        data = view.inbox.data(row.id)
    with BytesIO(data) if data is not None else files.open(row.digest) as stream:
        yield stream


def keep_attachment(mailbox: MailboxAdapters, stream: IO[bytes], file: Attachment) -> Document:
    """Keep an attachment of an opened mail among the documents. Raises `OSError`."""
    digest = mailbox.files.keep_pieces(mailbox.reader.attachment(stream, file.part))
    return Document(name=file.name or f"{file.part}", kind=file.kind, size=file.size, digest=digest)
