"""Who owes what by when: a plan's milestones and facts, read into obligations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from scheduler.plan.dates.date_forms import DateForm, On, Window
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.facts import Fact
from scheduler.plan.standing import Standing


class KnownDate(NamedTuple):
    """An event as its participants know it."""

    event: On
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """A milestone for one party: what is due, since when it is watched, and how it stands.

    `milestone` is the milestone's id or, of a recurring one, `milestone@date`. Of `due`, `event`,
    `window` and `undated` those are set that apply. `since` is the UTC instant from which rungs
    exist, `until` the one at which the party ends; a successor has them from there. `invited` marks
    who takes part in an event, `attends` who does no more than that; `known_date` is the day and place that
    it knew before the decision that holds, be it another day or a release. `unknown` marks what was past
    its last day when the plan was first loaded, or the party joined or was chosen (contract rule 4). `decided_by`
    is the fact that set the date, if one did, and `was` the date that was known before.
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
    decided_by: Fact | None = None
    was: DateForm | None = None
    known_date: KnownDate | None = None

    @property
    def is_duty(self) -> bool:
        """Return whether its milestone waits for it; what an ended party left open is another's or nobody's."""
        return not self.attends and (self.until is None or not self.standing.is_open)

    def is_current(self, now: datetime) -> bool:
        """Return whether it is this party's at `now`: its time has begun, and it has not ended."""
        return self.since <= now and (self.until is None or now < self.until)

    def is_overdue(self, now: datetime) -> bool:
        """Return whether it is still owed after its last day in time, as far as anybody knows."""
        return self.standing.is_open and not self.unknown and self.due is not None and self.due.is_late(now)

    @property
    def span(self) -> tuple[date, date] | None:
        """Return the first and the last day on which it is in a calendar; None where no day is known."""
        if self.event is not None:
            return self.event.first, self.event.last
        if self.window is not None:
            return self.window.first, self.window.last
        return (self.due.named, self.due.named) if self.due is not None else None
