"""Obligations: which party owes what by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from scheduler.plan.dates.date_forms import DateForm, On, Window
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.facts import Decision
from scheduler.plan.standing import Standing


class KnownDate(NamedTuple):
    """The day and the place of an event of which its participants have been informed."""

    event: On
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """One milestone for one party: the date, the time for which it is tracked, and the standing.

    `milestone` is the id of the milestone or, for a recurring one, of the occurrence (`milestone@date`). Of
    `due`, `event`, `window` and `undated` only the one that applies is set. `since` is the UTC instant from
    which rungs exist; `until` is the one at which the party ends and its successor takes over.

    `invited` marks a party that takes part in an event; `attends` marks one that does nothing else.
    `known_date` is the day and place of which the party was informed before the decision in force, whether that
    set another day or released the party. `unknown` marks an obligation whose last day had passed when the plan
    was first loaded, or when the party joined or was chosen (contract rule 4). `decided_by` is the fact that set
    the date, if any; `was` is the date that the party knew before it.
    """

    milestone: str
    party: str
    since: datetime
    standing: Standing
    until: datetime | None = None
    due: DueDate | None = None
    event: On | None = None
    place: str = ""
    window: Window | None = None
    undated: str = ""
    attends: bool = False
    invited: bool = False
    unknown: bool = False
    decided_by: Decision | None = None
    was: DateForm | None = None
    known_date: KnownDate | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return the key that is unique within the plan: the milestone or occurrence, and the party."""
        return (self.milestone, self.party)

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

    @property
    def span(self) -> tuple[date, date] | None:
        """Return the first and the last day of its calendar entry, or None if no day is known."""
        if self.event is not None:
            return self.event.first, self.event.last
        if self.window is not None:
            return self.window.first, self.window.last
        return (self.due.named, self.due.named) if self.due is not None else None
