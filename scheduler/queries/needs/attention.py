"""What needs a person: doubts, declarations, choices, failed mails, outages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from scheduler.plan.answers.reading_gap import MailboxReading
from scheduler.plan.dates.date_forms import Relative
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.messages.destinations import guests_to_invite
from scheduler.plan.model import Plan
from scheduler.plan.obligations import Obligation
from scheduler.plan.status import Cell, StatusCode
from scheduler.ports import AccountState, MessageRow, RungCount, UnitOfWork
from scheduler.queries.inbox import count_waiting, read_failed_sources, read_mailbox_gap
from scheduler.queries.needs.kinds import (
    AccountNeed,
    AmbiguousMail,
    BouncingAddress,
    DeclaredDuties,
    DisownedDuties,
    DoubtfulDuties,
    DutiesInReview,
    FailedMail,
    GroupChoice,
    HeldMail,
    MailNeed,
    MilestoneNeed,
    MissedSteps,
    MissingDate,
    Need,
    Outage,
    OverdueDuties,
    PartialDuties,
    PausedAccount,
    StoppedAccount,
    SubmittedDuties,
    TentativeDate,
    UninvitedGuests,
    UnplacedRecords,
    UnreadMailbox,
    UnseenSource,
    WaitingMails,
)
from scheduler.queries.needs.unplaced import find_unplaced
from scheduler.queries.needs.urgency import RankedNeed, rank_needs
from scheduler.queries.snapshot import Snapshot

_AHEAD = (
    "fixed",
    "tentative",
    "undated",
    "exempt",
    "called_off",
)  # statuses of events that guests may still hear about
RECENTLY = timedelta(days=14)  # how long a failure stays on the board
PROBLEM_MAILS = 100  # mails that need a person, read for each plan


def read_needs(
    view: UnitOfWork, snapshot: Snapshot, counts: Iterable[RungCount], reading: MailboxReading | None, now: datetime
) -> list[RankedNeed]:
    """Return what needs a person in a plan as it stands now, the most urgent first; `counts` are those of its rungs."""
    plan, cells = snapshot.plan, snapshot.duties(now)
    mails = view.outbox.newest(plan=plan.id, states=["held", "failed", "ambiguous"], limit=PROBLEM_MAILS)
    needs = [
        *find_unseen_sources(view, plan, reading),
        *find_overdue(plan, cells),
        *find_problems(mails, counts, view.journal.outages(now - RECENTLY), now),
        *find_needs(snapshot, cells, now),
    ]
    return rank_needs(plan, needs, snapshot.counting, now)


def find_overdue(plan: Plan, cells: Iterable[Cell]) -> Iterator[MilestoneNeed]:
    """Yield the milestones that parties still owe after the last day in time.

    Parties that say they sent something, or of which something came, are left out: they are listed as that.
    """
    late = (cell.obligation for cell in cells if cell.overdue and cell.code not in ("declared", "in_review"))
    return _by_milestone(OverdueDuties, plan, late)


def find_needs(snapshot: Snapshot, cells: Sequence[Cell], now: datetime) -> Iterator[Need]:
    """Yield what needs a person in a plan, the most urgent first."""
    plan = snapshot.plan
    yield from map(UnplacedRecords, find_unplaced(plan, snapshot.facts, snapshot.terms))
    yield from _bouncing(snapshot)
    yield from _by_milestone(DoubtfulDuties, plan, _with_status(cells, "unknown"))
    yield from _by_milestone(DeclaredDuties, plan, _with_status(cells, "declared"))
    yield from _by_milestone(DutiesInReview, plan, _with_status(cells, "in_review"))
    yield from _by_milestone(SubmittedDuties, plan, _with_status(cells, "submitted", "resubmitted"))
    yield from _by_milestone(PartialDuties, plan, (cell.obligation for cell in cells if _came_in_part(cell)))
    yield from _by_milestone(DisownedDuties, plan, (o for o in snapshot.agenda.obligations if o.standing.disowned))
    yield from _choices(snapshot, now)
    yield from _uninvited(plan, cells)
    yield from _by_milestone(TentativeDate, plan, _with_status(cells, "tentative"))
    undated = _with_status(cells, "undated")  # a date that is counted from another will follow without a person
    lasting = (o for o in undated if not isinstance(plan.milestone(o.milestone).form, Relative))
    yield from _by_milestone(MissingDate, plan, lasting)


def _came_in_part(cell: Cell) -> bool:
    """Return whether a party sent a part by itself; what is overdue is listed as that."""
    part = cell.obligation.standing.part_by
    return cell.code == "partial" and not cell.overdue and part is not None and part.by.role != "office"


def _with_status(cells: Iterable[Cell], *codes: StatusCode) -> Iterator[Obligation]:
    return (cell.obligation for cell in cells if cell.code in codes)


def _by_milestone(kind: type[MilestoneNeed], plan: Plan, obligations: Iterable[Obligation]) -> Iterator[MilestoneNeed]:
    """Yield one need of a kind for each milestone or occurrence among some obligations."""
    found: dict[str, list[Obligation]] = {}
    for o in obligations:
        found.setdefault(o.milestone, []).append(o)
    for id, concerned in found.items():
        yield kind(id, concerned[0], tuple(plan.parties[o.party] for o in concerned))


def _bouncing(snapshot: Snapshot) -> Iterator[BouncingAddress]:
    for party in snapshot.plan.parties.values():
        for contact in party.contacts:
            if contact.email in snapshot.bounced:
                yield BouncingAddress(party, contact)


def _uninvited(plan: Plan, cells: Iterable[Cell]) -> Iterator[UninvitedGuests]:
    """Yield the events to come whose guests the office has to invite itself, each once."""
    seen: set[str] = set()
    for cell in cells:
        guests = guests_to_invite(plan, cell.obligation) if cell.code in _AHEAD else ()
        if guests and cell.obligation.milestone not in seen:
            seen.add(cell.obligation.milestone)
            yield UninvitedGuests(cell.obligation.milestone, cell.obligation, guests)


def _choices(snapshot: Snapshot, now: datetime) -> Iterator[GroupChoice]:
    """Yield the groups that are due to be chosen."""
    plan, today = snapshot.plan, local_day(now, snapshot.plan.zone)
    for group, o in snapshot.agenda.nominations:
        day = o.event.last if o.event else o.due.target if o.due else None
        is_open = group.id not in snapshot.agenda.nominated and o.standing.state != "waived" and not o.unknown
        if is_open and day is not None and day < today:
            yield GroupChoice(o.milestone, plan.parties[o.party], group.id)


def find_problems(
    mails: Iterable[MessageRow],
    counts: Iterable[RungCount],
    outages: Iterable[tuple[datetime, datetime]],
    now: datetime,
) -> Iterator[Need]:
    """Yield recent problems with a plan's mails and rungs; a held mail is listed however old it is."""
    for mail in mails:
        yield from _problem_of(mail, now)
    yield from (Outage(since, until) for since, until in outages)
    missed = [c for c in counts if c.state == "missed" and now - RECENTLY < c.at <= now]
    if missed:
        yield MissedSteps(sum(c.number for c in missed), since=missed[0].at, until=missed[-1].at)


def _problem_of(mail: MessageRow, now: datetime) -> Iterator[MailNeed]:
    is_recent = mail.settled_at is not None and mail.settled_at > now - RECENTLY
    if mail.state == "held":
        yield HeldMail(mail)
    elif mail.state == "failed" and is_recent:
        yield FailedMail(mail)
    elif mail.state == "ambiguous" and is_recent:
        yield AmbiguousMail(mail)


def find_account_problem(account: AccountState, now: datetime) -> Iterator[AccountNeed]:
    """Yield the account problem that keeps all mails from leaving, if there is one."""
    if account.stopped:
        yield StoppedAccount(account.reason)
    elif account.paused_until is not None and account.paused_until > now:
        yield PausedAccount(account.paused_until, account.reason)


def find_unread_mailbox(view: UnitOfWork, reading: MailboxReading | None, now: datetime) -> Iterator[UnreadMailbox]:
    """Yield that the mailbox cannot be read, if that is so."""
    gap = read_mailbox_gap(view, reading, now)
    if gap is not None:
        yield UnreadMailbox(gap.since)


def find_unseen_sources(view: UnitOfWork, plan: Plan, reading: MailboxReading | None) -> Iterator[UnseenSource]:
    """Yield the sources that the last status check of a plan could not look at."""
    yield from map(UnseenSource, read_failed_sources(view, plan.id, reading))


def find_waiting_mails(view: UnitOfWork) -> Iterator[WaitingMails]:
    """Yield that mails wait for a decision, if there are any."""
    number = count_waiting(view)
    if number:
        yield WaitingMails(number)
