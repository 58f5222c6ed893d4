"""The links in mails: private pages of parties, how long they are served, and the board for operators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import blake2b
from urllib.parse import quote

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.message_kinds import link_target
from scheduler.plan.messages.message import Message
from scheduler.plan.obligations import Obligation
from scheduler.plan.recipients import operators
from scheduler.ports import UnitOfWork
from scheduler.tokens import make_token

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


def make_linker(addresses: SiteLinks | None, unit: UnitOfWork) -> Callable[[Message], Message]:
    """Return a function that adds to a message the address of its subject, if there are links.

    A message to a party links to its page, one that asks an operator for something links to the board.
    """
    if addresses is None:
        return lambda message: message
    generations = unit.pages.generations()

    def link(message: Message) -> Message:
        match link_target(message.kind):
            case None:
                return message
            case "party page":
                party, below = message.party.id, (message.plan.id, message.occurrence)
                return replace(message, page=addresses.of(party, generations.get(party, 1), *below))
            case "milestone":
                return replace(
                    message, page=_of_milestone(addresses, message) if _is_operator(addresses, message) else ""
                )
            case "board":
                return replace(message, page=addresses.board if _is_operator(addresses, message) else "")

    return link


def _is_operator(addresses: SiteLinks, message: Message) -> bool:
    """Return whether the recipient may open the board."""
    return any(message.to.email == contact.email for _, contact in operators(message.plan, addresses.operators))


def _of_milestone(addresses: SiteLinks, message: Message) -> str:
    """Return the address where an operator decides about a milestone, or about one party there."""
    occurrence = message.occurrence or (message.milestone.id if message.milestone else "")
    about = message.fact.party if message.fact is not None else None
    return addresses.on_board(message.plan.id, occurrence, *([about] if about else []))


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
