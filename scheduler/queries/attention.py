"""What needs a person: doubts, declarations, choices, failed mails, outages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, get_args

from scheduler.plan.dates.date_forms import Relative
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.model import Contact, Party, Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.status import Cell
from scheduler.ports import AccountState, MessageRow, RungCount
from scheduler.queries.snapshot import Snapshot

RECENTLY = timedelta(days=14)  # how long a failure stays on the board


StateNeed = Literal["unknown", "declared", "submitted", "tentative", "undated"]  # derived from an obligation's status


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


class Need(NamedTuple):
    """One item that waits for a person; its kind decides which other fields are set."""

    kind: NeedKind
    milestone: str = ""  # or the id of an occurrence
    obligation: Obligation | None = None  # one of the obligations concerned
    parties: tuple[Party, ...] = ()
    group: str = ""
    contact: Contact | None = None
    mail: MessageRow | None = None
    number: int = 0
    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""


def find_overdue(plan: Plan, cells: Iterable[Cell]) -> Iterator[Need]:
    """Yield the milestones that parties still owe after the last day in time.

    Parties that say they sent something are left out, because `declared` lists them.
    """
    found: dict[str, list[Obligation]] = {}
    for cell in cells:
        if cell.overdue and cell.code != "declared":
            found.setdefault(cell.obligation.milestone, []).append(cell.obligation)
    for id, late in found.items():
        parties = tuple(plan.parties[o.party] for o in late)
        yield Need("overdue", milestone=id, obligation=late[0], parties=parties, number=len(parties))


def find_needs(snapshot: Snapshot, cells: Sequence[Cell], now: datetime) -> Iterator[Need]:
    """Yield what needs a person in a plan, the most urgent first."""
    plan = snapshot.plan
    for party in plan.parties.values():
        for contact in party.contacts:
            if contact.email in snapshot.bounced:
                yield Need("bounced", parties=(party,), contact=contact)
    found = {kind: list(_grouped(snapshot, kind, cells)) for kind in get_args(StateNeed)}
    yield from (need for kind in ("unknown", "declared", "submitted") for need in found[kind])
    yield from _disowned(snapshot)
    yield from _choices(snapshot, now)
    yield from (need for kind in ("tentative", "undated") for need in found[kind])


def _grouped(snapshot: Snapshot, kind: StateNeed, cells: Sequence[Cell]) -> Iterator[Need]:
    plan = snapshot.plan
    codes = ("submitted", "resubmitted") if kind == "submitted" else (kind,)
    found: dict[str, list[Obligation]] = {}
    for code, o in ((cell.code, cell.obligation) for cell in cells if cell.code in codes):
        if code != "undated" or not isinstance(plan.milestone(o.milestone).form, Relative):  # resolves without a person
            found.setdefault(o.milestone, []).append(o)
    for id, waiting in found.items():
        parties = tuple(plan.parties[o.party] for o in waiting)
        yield Need(kind, milestone=id, obligation=waiting[0], parties=parties, number=len(parties))


def _disowned(snapshot: Snapshot) -> Iterator[Need]:
    """Yield the milestones that parties say are not their task, until somebody answers."""
    plan = snapshot.plan
    found: dict[str, list[Obligation]] = {}
    for o in snapshot.agenda.obligations:
        if o.standing.disowned:
            found.setdefault(o.milestone, []).append(o)
    for id, obligations in found.items():
        parties = tuple(plan.parties[o.party] for o in obligations)
        yield Need("disowned", milestone=id, obligation=obligations[0], parties=parties, number=len(parties))


def _choices(snapshot: Snapshot, now: datetime) -> Iterator[Need]:
    """Yield the groups that are due to be chosen."""
    plan, today = snapshot.plan, local_day(now, snapshot.plan.zone)
    for group, o in snapshot.agenda.nominations:
        day = o.event.last if o.event else o.due.target if o.due else None
        is_open = group.id not in snapshot.agenda.nominated and o.standing.state != "waived" and not o.unknown
        if is_open and day is not None and day < today:
            yield Need("choose", milestone=o.milestone, obligation=o, parties=(plan.parties[o.party],), group=group.id)


def find_problems(
    mails: Iterable[MessageRow],
    counts: Iterable[RungCount],
    outages: Iterable[tuple[datetime, datetime]],
    now: datetime,
) -> Iterator[Need]:
    """Yield recent problems with a plan's mails and rungs; a held mail is listed however old it is."""
    for mail in mails:
        if mail.state == "held":
            yield Need("held", mail=mail)
        elif mail.state == "failed" and mail.settled_at and mail.settled_at > now - RECENTLY:
            yield Need("failed", mail=mail)
        elif mail.state == "ambiguous" and mail.settled_at and mail.settled_at > now - RECENTLY:
            yield Need("ambiguous", mail=mail)
    for since, until in outages:
        yield Need("outage", since=since, until=until)
    missed = [c for c in counts if c.state == "missed" and now - RECENTLY < c.at <= now]
    if missed:
        yield Need("missed", number=sum(c.number for c in missed), since=missed[0].at, until=missed[-1].at)


def find_account_problem(account: AccountState, now: datetime) -> Iterator[Need]:
    """Yield the account problem that keeps all mails from leaving, if there is one."""
    if account.stopped:
        yield Need("stopped", reason=account.reason)
    elif account.paused_until is not None and account.paused_until > now:
        yield Need("paused", until=account.paused_until, reason=account.reason)
