"""The links in mails: private pages of parties, how long they are served, and the board for operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Protocol, TypeVar, assert_never
from urllib.parse import quote

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.messages.message import (
    ChangeMessage,
    ChooseMessage,
    CopyMessage,
    CorrectionMessage,
    DigestMessage,
    EscalationMessage,
    FixDateMessage,
    InvitationMessage,
    Message,
    NoticeMessage,
    OutageMessage,
    OverdueMessage,
    ReceiptMessage,
    ReminderMessage,
    ReturnMessage,
    SignInMessage,
    SubmissionMessage,
)
from scheduler.plan.obligations import Obligation
from scheduler.plan.recipients import operators
from scheduler.ports import UnitOfWork
from scheduler.tokens import make_token

_M = TypeVar("_M", bound=Message)
PAGE_RETENTION = timedelta(days=90)  # how long a page is served after its last date (contract rule 11)


@dataclass(frozen=True, slots=True)
class SiteLinks:
    """The addresses of pages, below the address of the site.

    The address of a party's page holds a token derived from the secret.
    """

    base: str
    secret: bytes = field(repr=False)
    operators: Sequence[str] = ()  # the configured e-mail addresses

    @property
    def fingerprint(self) -> str:
        """Return a fingerprint of the site's address and secret; it does not change when a page is revoked."""
        return blake2b(self.base.encode(), key=self.secret[:64], digest_size=8).hexdigest()

    def of(self, party: str, generation: int = 1, *below: str) -> str:
        """Return the address of a party's page, or of a path below it."""
        return self._join("p", make_token(self.secret, "page", party, generation), *below)

    @property
    def board(self) -> str:
        """Return the address of the board, which only operators can open."""
        return self._join("")

    def on_board(self, plan: str, occurrence: str, *party: str) -> str:
        """Return the address of a milestone on the board, or of a party's obligation; only operators can open it."""
        return self._join("plans", plan, "milestones", occurrence, *party)

    def _join(self, *parts: str) -> str:
        return "/".join((self.base, *(quote(part, safe="@") for part in parts)))


class Linker(Protocol):
    """Adds to a message the address at which its reader can answer."""

    def __call__(self, message: _M, /) -> _M:
        """Return the message with its address, if there is one."""


def make_linker(links: SiteLinks | None, unit: UnitOfWork) -> Linker:
    """Return what adds links to messages; without `links` it leaves them as they are.

    A message to a party links to its page, one that asks an operator for something links to the board.
    """
    if links is None:
        return lambda message: message
    generations = unit.pages.generations()
    return lambda message: replace(message, page=_page_for(message, links, generations))


def _page_for(message: Message, links: SiteLinks, generations: Mapping[str, int]) -> str:
    plan, party = message.plan.id, message.party.id
    match message:
        case ReminderMessage() | OverdueMessage() | InvitationMessage() | ChangeMessage():
            return links.of(party, generations.get(party, 1), plan, message.occurrence)
        case ReceiptMessage() | ReturnMessage() | CorrectionMessage() | CopyMessage():
            return links.of(party, generations.get(party, 1), plan, message.occurrence)
        case SignInMessage():
            return ""
        case _ if not _is_operator(links, message):
            return ""
        case EscalationMessage() | FixDateMessage() | ChooseMessage():
            return links.on_board(plan, message.occurrence)
        case NoticeMessage():
            return links.on_board(plan, message.occurrence, message.fact.party)
        case SubmissionMessage(entries=(only,)):
            return links.on_board(plan, only.occurrence, only.party.id)
        case OutageMessage() | DigestMessage() | SubmissionMessage():
            return links.board
        case _:
            assert_never(message)


def _is_operator(links: SiteLinks, message: Message) -> bool:
    """Return whether the recipient may open the board."""
    return any(message.to.email == contact.email for _, contact in operators(message.plan, links.operators))


def is_over(agendas: Iterable[Agenda], party: str, now: datetime) -> bool:
    """Return whether everything that a party had a part in is more than ninety days past."""
    return all(
        local_day(now, agenda.plan.zone) > last_day(agenda, party) + PAGE_RETENTION
        for agenda in agendas
        if party in agenda.plan.parties
    )


def last_day(agenda: Agenda, party: str) -> date:
    """Return the last date of a party in a plan; without any date, the end of the plan's year."""
    days = [day for o in agenda.obligations if o.party == party and (day := _day_of(o)) is not None]
    return max(days, default=date(agenda.plan.year, 12, 31))


def _day_of(o: Obligation) -> date | None:
    if o.due is not None:
        return max(o.due.named, o.due.last)
    return o.span[1] if o.span is not None else None
