"""A plan with what is recorded of it, read once: how it stands, and what in it needs a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal, NamedTuple, get_args

from scheduler.plan.agenda import Agenda, draw_agenda
from scheduler.plan.board import Cell, draw_board
from scheduler.plan.due_dates import local_day
from scheduler.plan.model import Contact, Fact, Party, Plan, Relative
from scheduler.plan.obligations import Obligation
from scheduler.plan.recipients import bounced_addresses
from scheduler.plan.standing import drop_withdrawn
from scheduler.ports import AccountState, MessageRow, RungCount, Unit
from scheduler.services.reconcile import name_inputs

RECENTLY = timedelta(days=14)  # so long what went wrong waits on the board for somebody to look

StateNeed = Literal["unknown", "declared", "submitted", "tentative", "undated"]  # seen from an obligation's status
NeedKind = (
    Literal[
        "stopped",
        "paused",
        "failed",
        "ambiguous",
        "held",
        "bounced",
        "outage",
        "missed",
        "overdue",
        "choose",
        "disowned",
    ]
    | StateNeed
)


@dataclass(frozen=True)
class Picture:
    """A plan with its facts and what follows from them. `word` names what it was drawn from."""

    plan: Plan
    agenda: Agenda
    facts: Sequence[Fact]
    word: str

    @cached_property
    def counting(self) -> Sequence[Fact]:
        """Return the facts that still count."""
        return drop_withdrawn(self.facts)

    @cached_property
    def bounced(self) -> frozenset[str]:
        """Return the addresses that are known to bounce."""
        return bounced_addresses(self.counting)

    @cached_property
    def withdrawn(self) -> frozenset[int]:
        """Return which facts were taken back."""
        counting = {fact.id for fact in self.counting}
        return frozenset(f.id for f in self.facts if f.kind != "withdrawn" and f.id not in counting)

    def duties(self, now: datetime) -> list[Cell]:
        """Return how everything stands that somebody owes, at `now`; who only attends is left out."""
        return [cell for cell in draw_board(self.agenda, now) if not cell.obligation.attends]


class Pictures:
    """The pictures of a process: each is drawn again only when something it follows from has changed."""

    def __init__(self) -> None:
        self._drawn: dict[str, Picture] = {}
        self._counted: dict[str, tuple[str, Sequence[RungCount]]] = {}

    def read(self, view: Unit, plan: Plan, now: datetime) -> Picture:
        """Return a plan as it stands; also before its first load."""
        state = view.plans.state(plan.id)
        if state is None:
            return Picture(plan, draw_agenda(plan, [], loaded_at=now), (), "")
        word = name_inputs(state, plan)
        known = self._drawn.get(plan.id)
        if known is None or known.word != word:
            known = self._drawn[plan.id] = _draw(view, plan, state.first_loaded_at, word)
        return known

    def count(self, view: Unit, picture: Picture) -> Sequence[RungCount]:
        """Return how many steps a plan has by instant and state, at the last completed tick: nothing else sends any."""
        plan, word = picture.plan.id, f"{picture.word}/{view.journal.last_tick()}"
        known = self._counted.get(plan)
        if known is None or known[0] != word:
            known = self._counted[plan] = (word, view.rungs.counts(plan))
        return known[1]

    def read_past(self, view: Unit, plan: Plan, as_of: datetime) -> Picture:
        """Return a plan as it stood at an instant by what was recorded then; before its load, as if just loaded."""
        state = view.plans.state(plan.id)
        loaded_at = min(state.first_loaded_at, as_of) if state else as_of
        return _draw(view, plan, loaded_at, "", as_of=as_of)


def _draw(view: Unit, plan: Plan, loaded_at: datetime, word: str, *, as_of: datetime | None = None) -> Picture:
    facts, idle = view.facts.of(plan.id), view.plans.idle_days(plan.id)
    if as_of is not None:
        today = local_day(as_of, plan.zone)
        facts = [fact for fact in facts if fact.recorded_at <= as_of]
        idle = {day for day in idle if day < today}
    return Picture(plan, draw_agenda(plan, facts, loaded_at=loaded_at, idle=idle), facts, word)


# ---------------------------------------------------------------- what needs a person


class Need(NamedTuple):
    """One thing that waits for a person; which further fields are set follows from the kind."""

    kind: NeedKind
    milestone: str = ""  # or occurrence
    obligation: Obligation | None = None  # one of those it is about
    parties: tuple[Party, ...] = ()
    group: str = ""
    contact: Contact | None = None
    mail: MessageRow | None = None
    number: int = 0
    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""


def find_overdue(plan: Plan, cells: Iterable[Cell]) -> Iterator[Need]:
    """Yield the milestones of which parties owe something after its last day; who says it was sent waits elsewhere."""
    found: dict[str, list[Obligation]] = {}
    for cell in cells:
        if cell.overdue and cell.code != "declared":
            found.setdefault(cell.obligation.milestone, []).append(cell.obligation)
    for id, late in found.items():
        parties = tuple(plan.parties[o.party] for o in late)
        yield Need("overdue", milestone=id, obligation=late[0], parties=parties, number=len(parties))


def find_needs(picture: Picture, cells: Sequence[Cell], now: datetime) -> Iterator[Need]:
    """Yield what in a plan waits for a person, the most pressing first."""
    plan = picture.plan
    for party in plan.parties.values():
        for contact in party.contacts:
            if contact.email in picture.bounced:
                yield Need("bounced", parties=(party,), contact=contact)
    found = {kind: list(_grouped(picture, kind, cells)) for kind in get_args(StateNeed)}
    yield from (need for kind in ("unknown", "declared", "submitted") for need in found[kind])
    yield from _disowned(picture)
    yield from _choices(picture, now)
    yield from (need for kind in ("tentative", "undated") for need in found[kind])


def _grouped(picture: Picture, kind: StateNeed, cells: Sequence[Cell]) -> Iterator[Need]:
    plan = picture.plan
    codes = ("submitted", "resubmitted") if kind == "submitted" else (kind,)
    found: dict[str, list[Obligation]] = {}
    for code, o in ((cell.code, cell.obligation) for cell in cells if cell.code in codes):
        if code != "undated" or not isinstance(plan.milestone(o.milestone).form, Relative):  # that comes by itself
            found.setdefault(o.milestone, []).append(o)
    for id, waiting in found.items():
        parties = tuple(plan.parties[o.party] for o in waiting)
        yield Need(kind, milestone=id, obligation=waiting[0], parties=parties, number=len(parties))


def _disowned(picture: Picture) -> Iterator[Need]:
    """Yield the milestones that parties say are not their task, until somebody answers."""
    plan = picture.plan
    found: dict[str, list[Obligation]] = {}
    for o in picture.agenda.obligations:
        if o.standing.disowned:
            found.setdefault(o.milestone, []).append(o)
    for id, said in found.items():
        parties = tuple(plan.parties[o.party] for o in said)
        yield Need("disowned", milestone=id, obligation=said[0], parties=parties, number=len(parties))


def _choices(picture: Picture, now: datetime) -> Iterator[Need]:
    """Yield the groups that are to be chosen and whose time has come."""
    plan, today = picture.plan, local_day(now, picture.plan.zone)
    for group, o in picture.agenda.nominations:
        day = o.event.last if o.event else o.due.target if o.due else None
        is_open = group.id not in picture.agenda.nominated and o.standing.state != "waived" and not o.unknown
        if is_open and day is not None and day < today:
            yield Need("choose", milestone=o.milestone, obligation=o, parties=(plan.parties[o.party],), group=group.id)


def find_troubles(
    mails: Iterable[MessageRow],
    counts: Iterable[RungCount],
    outages: Iterable[tuple[datetime, datetime]],
    now: datetime,
) -> Iterator[Need]:
    """Yield what went wrong with a plan's mails and steps lately; a mail that is held waits however old it is."""
    for mail in mails:
        if mail.state == "held":
            yield Need("held", mail=mail)
        elif mail.state == "failed" and mail.settled_at and mail.settled_at > now - RECENTLY:
            yield Need("failed", mail=mail, reason=mail.reason)
        elif mail.state == "ambiguous" and mail.settled_at and mail.settled_at > now - RECENTLY:
            yield Need("ambiguous", mail=mail, reason=mail.reason)
    for since, until in outages:
        yield Need("outage", since=since, until=until)
    missed = [c for c in counts if c.state == "missed" and now - RECENTLY < c.at <= now]
    if missed:
        yield Need("missed", number=sum(c.number for c in missed), since=missed[0].at, until=missed[-1].at)


def find_account_trouble(account: AccountState, now: datetime) -> Iterator[Need]:
    """Yield what keeps mails from leaving at all."""
    if account.stopped:
        yield Need("stopped", reason=account.reason)
    elif account.paused_until is not None and account.paused_until > now:
        yield Need("paused", until=account.paused_until, reason=account.reason)
