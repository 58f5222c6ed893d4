"""Obligations: which party owes what by when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, assert_never

from scheduler.plan.dates.date_forms import DateForm, On, Window
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.facts import Decision, Fact, recording_order
from scheduler.plan.standing import Standing


class KnownDate(NamedTuple):
    """The day and the place of an event of which its participants have been informed."""

    event: On
    place: str


@dataclass(frozen=True, slots=True)
class EventDate:
    """The fixed days of an event, and its place, if it is known."""

    event: On
    place: str = ""


@dataclass(frozen=True, slots=True)
class WindowDate:
    """The days between which something takes place that has no date yet."""

    window: Window


@dataclass(frozen=True, slots=True)
class NoDate:
    """No day is known; `words` says what is."""

    words: str


ObligationDate = DueDate | EventDate | WindowDate | NoDate


class Dated:
    """A milestone or an occurrence, `milestone`, with its date, whoever owes it: the parts of `when`."""

    __slots__ = ()
    milestone: str
    when: ObligationDate

    @property
    def due(self) -> DueDate | None:
        """Return the days of a deadline, or None."""
        return self.when if isinstance(self.when, DueDate) else None

    @property
    def event(self) -> On | None:
        """Return the days of a fixed event, or None."""
        return self.when.event if isinstance(self.when, EventDate) else None

    @property
    def place(self) -> str:
        """Return the place of a fixed event, or ""."""
        return self.when.place if isinstance(self.when, EventDate) else ""

    @property
    def window(self) -> Window | None:
        """Return the days of a tentative date, or None."""
        return self.when.window if isinstance(self.when, WindowDate) else None

    @property
    def undated(self) -> str:
        """Return what is known instead of a date, or ""."""
        return self.when.words if isinstance(self.when, NoDate) else ""

    @property
    def span(self) -> tuple[date, date] | None:
        """Return the first and the last day of its calendar entry, or None if no day is known."""
        match self.when:
            case DueDate(named=day):
                return day, day
            case EventDate(event=days) | WindowDate(window=days):
                return days.first, days.last
            case NoDate():
                return None
            case _:
                assert_never(self.when)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unassigned(Dated):
    """A milestone or an occurrence that no party owes: its date, and the decision that set it, if any.

    It is open until it is waived or until it is decided that nobody is chosen for it.
    """

    milestone: str  # or the id of an occurrence
    when: ObligationDate
    is_open: bool
    decided_by: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation(Dated):
    """One milestone for one party: the date, the time for which it is tracked, and the standing.

    `milestone` is the id of the milestone or, for a recurring one, of the occurrence (`milestone@date`). `since` is the
    UTC instant from which rungs exist; `until` is the one at which the party ends and its successor takes over.

    `invited` marks a party that takes part in an event; `attends` marks one that does nothing else.
    `known_date` is the day and place of which the party was informed before the decision in force, whether that
    set another day or released the party. `unknown` marks an obligation whose last day had passed when the plan
    was first loaded, or when the party joined or was chosen (contract rule 4). `decided_by` is the fact that set
    the date, if any; `moved_by` the one that moved the date from which this one is counted, if it came later. `was` is
    the date that the party knew before the later of the two. `facts` are those that count for it, in the order of
    recording.
    """

    milestone: str
    party: str
    since: datetime
    standing: Standing
    until: datetime | None = None
    when: ObligationDate
    attends: bool = False
    invited: bool = False
    unknown: bool = False
    decided_by: Decision | None = None
    moved_by: Decision | None = None
    was: DateForm | None = None
    known_date: KnownDate | None = None
    facts: tuple[Fact, ...] = field(default=(), repr=False)

    @property
    def key(self) -> tuple[str, str]:
        """Return the key that is unique within the plan: the milestone or occurrence, and the party."""
        return (self.milestone, self.party)

    @property
    def changed_by(self) -> Decision | None:
        """Return the last fact that changed the date, or None."""
        decisions = [decision for decision in (self.decided_by, self.moved_by) if decision is not None]
        return max(decisions, key=recording_order, default=None)

    @property
    def is_duty(self) -> bool:
        """Return whether the milestone waits for this obligation.

        It does not wait for a party that only attends, nor for what a party that has ended left open: that is
        its successor's, if there is one.
        """
        return not self.attends and (self.until is None or not self.standing.is_open)

    def is_current(self, now: datetime) -> bool:
        """Return whether, at `now`, the party's time in this obligation has begun and not ended."""
        return self.since <= now and (self.until is None or now < self.until)

    def is_overdue(self, now: datetime) -> bool:
        """Return whether it is open and late at `now`; False while it is unknown whether it is open."""
        return self.standing.is_open and not self.unknown and self.due is not None and self.due.is_late(now)
