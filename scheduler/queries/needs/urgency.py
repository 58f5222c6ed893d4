"""How urgent each need of a plan is, by when it is to be settled, and until when somebody has put it off. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple, assert_never

from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import Fact, Postponed
from scheduler.plan.model import Plan
from scheduler.plan.obligations import Obligation
from scheduler.queries.needs.kinds import (
    AmbiguousMail,
    AtMilestone,
    BouncingAddress,
    DeclaredDuties,
    DisownedDuties,
    DoubtfulDuties,
    DutiesInReview,
    FailedMail,
    GroupChoice,
    HeldMail,
    MissedSteps,
    MissingDate,
    Need,
    Outage,
    OverdueDuties,
    PartialDuties,
    SubmittedDuties,
    TentativeDate,
    UninvitedGuests,
    UnplacedRecords,
    UnseenSource,
)

Urgency = Literal["now", "soon", "later"]
URGENCIES: tuple[Urgency, ...] = ("now", "soon", "later")
NOW, SOON = timedelta(days=3), timedelta(days=14)  # how far ahead the day of a need lies at most


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedNeed:
    """A need with its urgency and the local day that it is about, if there is one.

    `put_off` is the fact by which somebody wants not to see it before a day that has not come.
    """

    need: Need
    urgency: Urgency
    day: date | None = None
    put_off: Postponed | None = None

    @property
    def key(self) -> str:
        """Return the name of the need within its plan: its kind, and what it is about."""
        return key_of(self.need)


def rank_needs(plan: Plan, needs: Iterable[Need], facts: Iterable[Fact], now: datetime) -> list[RankedNeed]:
    """Return the needs of a plan, the most urgent first, of equal ones that with the earlier day.

    `facts` are those that count. What was put off is shown again as soon as it concerns another party.
    """
    today = local_day(now, plan.zone)
    put_off = {fact.need: fact for fact in facts if isinstance(fact, Postponed)}
    ranked = [_rank(need, put_off.get(key_of(need)), today) for need in needs]
    return sorted(ranked, key=lambda one: (URGENCIES.index(one.urgency), one.day or date.max))


def _rank(need: Need, put_off: Postponed | None, today: date) -> RankedNeed:
    day = _day_of(need)
    is_valid = put_off is not None and today <= put_off.until and {*parties_of(need)} <= {*put_off.parties}
    return RankedNeed(need=need, urgency=_urgency_of(need, day, today), day=day, put_off=put_off if is_valid else None)


class NeedKey(NamedTuple):
    """The name of a need within its plan: its kind, and what it is about, such as a milestone."""

    kind: str
    about: str

    def __str__(self) -> str:
        """Return it as the record keeps it."""
        return f"{self.kind} {self.about}"

    @classmethod
    def of(cls, text: str) -> NeedKey:
        """Return what the record has kept."""
        kind, _, about = text.partition(" ")
        return cls(kind, about)


def key_of(need: Need) -> str:
    """Return the name of a need within its plan."""
    match need:
        case HeldMail(mail) | FailedMail(mail) | AmbiguousMail(mail):
            about = f"m{mail.id}"
        case GroupChoice(milestone=milestone, group=group):
            about = f"{milestone} {group}"
        case UnplacedRecords(unplaced):
            about = f"{unplaced.missing} {unplaced.id}"
        case BouncingAddress(party=party, contact=contact):
            about = f"{party.id} {contact.email}"
        case Outage(until=until) | MissedSteps(until=until):
            about = until.isoformat()
        case UnseenSource(failed):
            about = failed.source
        case _:
            about = need.milestone
    return str(NeedKey(need.kind, about))


def parties_of(need: Need) -> Sequence[str]:
    """Return the ids of the parties that a need of a milestone is about."""
    return [party.id for party in need.parties] if isinstance(need, AtMilestone) else ()


def _day_of(need: Need) -> date | None:
    """Return the day by which something had to be done or that comes nearer; None if there is none."""
    return _first_day(need.obligation) if isinstance(need, AtMilestone) else None


def _first_day(o: Obligation) -> date | None:
    return o.due.last if o.due is not None else o.span[0] if o.span is not None else None


def _urgency_of(need: Need, day: date | None, today: date) -> Urgency:
    """Return how urgent a need is: what went wrong is urgent, what has a day becomes so when the day comes near."""
    match need:
        case (
            OverdueDuties()
            | DoubtfulDuties()
            | DeclaredDuties()
            | DutiesInReview()
            | DisownedDuties()
            | GroupChoice()
            | UnplacedRecords()
            | BouncingAddress()
            | HeldMail()
            | FailedMail()
            | AmbiguousMail()
            | UnseenSource()
        ):
            return "now"
        case Outage() | MissedSteps():
            return "soon"
        case SubmittedDuties() | PartialDuties() | UninvitedGuests() | TentativeDate() | MissingDate():
            least: Urgency = "soon" if isinstance(need, SubmittedDuties) else "later"
            if day is None:
                return least
            return "now" if day <= today + NOW else "soon" if day <= today + SOON else least
        case _:
            assert_never(need)
