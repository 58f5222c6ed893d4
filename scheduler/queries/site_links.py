"""Where mails lead: the private pages of parties, how long they are shown, and for operators the board."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import blake2b
from urllib.parse import quote

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import Fact
from scheduler.plan.messages.message import Message
from scheduler.plan.obligations import Obligation
from scheduler.plan.recipients import operators
from scheduler.ports import UnitOfWork
from scheduler.tokens import make_token

LINKS_TO_PARTY_PAGE = (
    "reminder",
    "overdue",
    "invitation",
    "change",
    "receipt",
    "return",
)  # kinds of mail that lead to the page
LINKS_TO_MILESTONE = ("escalation", "fix-date", "choose", "notice")  # those that lead to a milestone on the board
LINKS_TO_BOARD = ("outage", "digest")  # those that lead to the board itself
_PAGE = "page"
AFTERLIFE = timedelta(days=90)  # a page is shown so long after its last date (rule 11)


@dataclass(frozen=True, slots=True)
class SiteLinks:
    """Where pages are: behind the address of the site, a party's by a token that follows from the secret."""

    base: str
    secret: bytes = field(repr=False)
    operators: Sequence[str] = ()  # as they are configured

    @property
    def fingerprint(self) -> str:
        """Return a word that is another one whenever the addresses are others for another reason than being revoked."""
        return blake2b(self.base.encode(), key=self.secret[:64], digest_size=8).hexdigest()

    def of(self, party: str, generation: int = 1, *below: str) -> str:
        """Return the address of a party's page, or of what is below it."""
        return self._join("p", make_token(self.secret, "page", party, generation), *below)

    @property
    def board(self) -> str:
        """Return the address of the board; only operators get in."""
        return self._join("")

    def on_board(self, plan: str, occurrence: str, *party: str) -> str:
        """Return the address of a milestone on the board, or of what a party owes there; only operators get in."""
        return self._join("plans", plan, "milestones", occurrence, *party)

    def _join(self, *parts: str) -> str:
        return "/".join((self.base, *(quote(part, safe="@") for part in parts)))


def add_links(addresses: SiteLinks | None, unit: UnitOfWork) -> Callable[[Message], Message]:
    """Return what gives a letter the address of what it is about, where there are addresses to give.

    A letter to a party leads to its page, one that asks an operator for something to the board.
    """
    if addresses is None:
        return lambda message: message
    generations = unit.pages.generations()

    def lead(message: Message) -> Message:
        if message.kind in LINKS_TO_PARTY_PAGE:
            party = message.party.id
            below = message.plan.id, message.occurrence
            return replace(message, page=addresses.of(party, generations.get(party, 1), *below))
        return (
            replace(message, page=_on_board(addresses, message))
            if message.kind in (*LINKS_TO_MILESTONE, *LINKS_TO_BOARD)
            else message
        )

    return lead


def _on_board(addresses: SiteLinks, message: Message) -> str:
    """Return where an operator decides; "" for somebody who could not get in."""
    if all(message.to.email != contact.email for _, contact in operators(message.plan, addresses.operators)):
        return ""
    if message.kind in LINKS_TO_BOARD:
        return addresses.board
    occurrence = message.occurrence or (message.milestone.id if message.milestone else "")
    about = message.fact.party if message.fact is not None else None
    return addresses.on_board(message.plan.id, occurrence, *([about] if about else []))


def by_page(who: str) -> str:
    """Return how a fact says that somebody recorded it on the party's page; the name is only what was typed."""
    return f"{_PAGE}: {who}" if who else _PAGE


def said_by(fact: Fact) -> str | None:
    """Return who recorded a fact on the party's page, "" for nobody named; None if it came another way."""
    mark, _, who = fact.by.partition(": ")
    return who if mark == _PAGE else None


def is_over(agendas: Iterable[Agenda], party: str, now: datetime) -> bool:
    """Return whether everything that a party had a part in lies ninety days back."""
    return all(
        local_day(now, agenda.plan.zone) > last_day(agenda, party) + AFTERLIFE
        for agenda in agendas
        if party in agenda.plan.parties
    )


def last_day(agenda: Agenda, party: str) -> date:
    """Return the last date of a party in a plan; without any, the end of the plan's year."""
    days = [day for o in agenda.obligations if o.party == party and (day := _day_of(o)) is not None]
    return max(days, default=date(agenda.plan.year, 12, 31))


def _day_of(o: Obligation) -> date | None:
    if o.event is not None:
        return o.event.last
    if o.window is not None:
        return o.window.last
    return max(o.due.named, o.due.last) if o.due is not None else None
