"""What deciding about received mails needs, and how a decision is noted with a mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scheduler.errors import UserError
from scheduler.plan.answers.received_mail import Attachment, ReceivedMail
from scheduler.ports import Definition, Document, InboxDecision, InboxRow, MailSummary, UnitOfWork
from scheduler.queries.agendas import AgendaCache
from scheduler.services.context import ServiceContext
from scheduler.texts import Text

KeepFile = Callable[[Attachment], Document]  # keeps the bytes of an attachment among the documents


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerContext:
    """What deciding about mails needs.

    `definitions` are those in force. `mailbox` is the address to which answers come, `own` holds all addresses that
    the installation writes from, in lower case.
    """

    services: ServiceContext
    definitions: Sequence[Definition]
    agendas: AgendaCache
    secret: bytes
    mailbox: str
    own: frozenset[str]

    def definition(self, plan: str) -> Definition | None:
        """Return the definition of a plan, or None if it is not in force."""
        return next((one for one in self.definitions if one.plan.id == plan), None)


def summarise(mail: ReceivedMail) -> MailSummary:
    """Return what a list shows of a mail."""
    return MailSummary(
        message_id=mail.message_id, sender=mail.sender, sender_name=mail.sender_name, subject=mail.subject
    )


def note_decision(unit: UnitOfWork, row: InboxRow, decision: InboxDecision) -> None:
    """Note with a mail what becomes of it. Raises `UserError` if somebody else has decided since `row` was read."""
    now = unit.inbox.get(row.id)
    if now is None or not is_unchanged(now, row) or not unit.inbox.decide(row.id, decision, expected=row.state):
        raise UserError(
            Text("somebody else has just decided about i{id}", id=row.id),
            hint=Text("look at it again"),
            code="overtaken",
        )


def is_unchanged(now: InboxRow, row: InboxRow) -> bool:
    """Return whether nobody has decided about a mail since `row` was read; it may have got the same state anew."""
    return (now.state, now.decided_at) == (row.state, row.decided_at)
