"""The mailbox to which answers come, as the configuration names it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from io import BytesIO

from scheduler.bootstrap.container import Container
from scheduler.config import read_span
from scheduler.documents.file_kinds import find_kind
from scheduler.engine.sources.answers import MailboxAdapters
from scheduler.inbox.mail_reader import MailReader
from scheduler.inbox.mailbox import Mailbox, MailboxParts
from scheduler.inbox.watch import MailboxWatch
from scheduler.mail.imap_session import ImapSession
from scheduler.ports import Definition, MailSummary, Store
from scheduler.queries.agendas import AgendaCache
from scheduler.services.context import ServiceContext
from scheduler.services.inbox.context import AnswerContext, summarise

TIMEOUT = 60.0  # seconds of silence after which a server is given up


def mailbox_adapters(container: Container) -> MailboxAdapters:
    """Return what deciding about received mails needs."""
    settings = container.settings
    own = {settings.mail.sender, settings.mail.reply_to, settings.inbox.username}
    return MailboxAdapters(
        reader=_reader(container),
        files=container.blob_store(container.clock),
        address=settings.mail.reply_to or settings.mail.sender,
        own=frozenset(address.casefold() for address in own if "@" in address),
        secret=container.secret,
    )


def answer_context(
    container: Container,
    services: ServiceContext,
    definitions: Sequence[Definition],
    agendas: AgendaCache | None = None,
) -> AnswerContext:
    """Return what a person's decision about a received mail needs, outside of the daemon's own passes.

    `agendas` are those that a process shares; a command draws its own.
    """
    mailbox = mailbox_adapters(container)
    return AnswerContext(
        services=services,
        definitions=definitions,
        agendas=agendas or AgendaCache(),
        secret=mailbox.secret,
        mailbox=mailbox.address,
        own=mailbox.own,
    )


def open_mailbox(container: Container, store: Store) -> Mailbox:
    """Return the mailbox that answers come to; it connects when it is read. Raises `NoPassword`."""
    reader = _reader(container)

    def read_summary(header: bytes) -> MailSummary:
        return summarise(reader.read(BytesIO(header)))

    parts = MailboxParts(
        store=store,
        clock=container.clock,
        store_file=container.blob_store(container.clock).keep_pieces,
        read_summary=read_summary,
    )
    session = ImapSession(container.inbox_account(), timeout=TIMEOUT)
    return Mailbox(session, container.settings.inbox.folders, parts)


def watch_mailbox(
    container: Container, store: Store, *, found: Callable[[], None], log: Callable[[str], None]
) -> AbstractContextManager[None]:
    """Return a block for which the mailbox is watched; see `MailboxWatch`. Raises `NoPassword`."""
    inbox = container.settings.inbox
    mailbox = open_mailbox(container, store)
    return MailboxWatch(mailbox, poll=read_span(inbox.poll), idle=inbox.idle, found=found, log=log).running()


def _reader(container: Container) -> MailReader:
    def kind_of(head: bytes) -> str:
        kind = find_kind(head)
        return kind.type if kind else ""

    return MailReader(authserv_id=container.settings.inbox.authserv_id, find_kind=kind_of)
