"""Which date of a milestone holds now: the plan's own, or that of a later decision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from dateutil.rrule import rrulestr

from scheduler.plan.dates.date_forms import DateForm, On, Recurring, Undated, Window
from scheduler.plan.dates.due_dates import to_instant
from scheduler.plan.facts import Fact
from scheduler.plan.model import Milestone, Plan
from scheduler.plan.obligations import Obligation


class DateInForce(NamedTuple):
    """One occurrence of a milestone with the date that holds now, and since when it does.

    `earlier` are the dates that held before, oldest first.
    """

    id: str
    form: DateForm
    since: datetime
    decided_by: Fact | None
    earlier: tuple[DateInForce, ...] = ()

    @property
    def place(self) -> str:
        """Return where the decision says that it takes place."""
        return self.decided_by.place if self.decided_by else ""

    def replaced(self, form: DateForm, since: datetime, decided_by: Fact) -> DateInForce:
        """Return the date that a decision puts in the place of this one."""
        return DateInForce(self.id, form, since, decided_by, (*self.earlier, self._replace(earlier=())))


def can_be_fixed(milestone: Milestone, own: Iterable[Obligation]) -> bool:
    """Return whether a decision may set the date of a milestone for all: not where the plan itself names a deadline."""
    dated = [o for o in own if o.due is not None]
    is_left_open = milestone.kind == "event" or not dated or isinstance(milestone.form, Window | Undated)
    return is_left_open or any(o.decided_by is not None and o.decided_by.kind == "date_fixed" for o in dated)


def begins_at(event: On, plan: Plan) -> datetime:
    """Return the instant at which an event begins; without an hour its first midnight."""
    return to_instant(event.first, event.clock or time(), plan.zone)


def occurrences(form: Recurring) -> list[date]:
    """Return the days of a recurring duty, from its first to its last (RFC 5545)."""
    start = datetime.combine(form.first, time())
    rule = rrulestr(form.rule, dtstart=start)
    return [
        moment.date() for moment in rule.between(start - timedelta(seconds=1), datetime.combine(form.until, time.max))
    ]
