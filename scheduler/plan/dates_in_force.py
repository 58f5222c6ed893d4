"""The date of a milestone that is in force: the plan's own, or that of a later decision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from scheduler.plan.dates.date_forms import DateForm, On, Recurring, Undated, Window
from scheduler.plan.dates.due_dates import to_instant
from scheduler.plan.facts import Amended, DateFixed, Decision, Fact
from scheduler.plan.model import Milestone, Plan
from scheduler.plan.obligations import Obligation

_HOUR = timedelta(hours=1)
SECOND_THOUGHT = timedelta(minutes=15)  # nobody is told of an edit of the plan file that is put back by then


class DateInForce(NamedTuple):
    """The date in force of a milestone, or of one occurrence of it.

    `since` is the UTC instant from which it holds; `decided_by` is the fact that set it, or None if the plan
    did. `earlier` holds the dates that were in force before, oldest first. An occurrence exists from `born` on: since
    the first rule that has its day.
    """

    id: str
    form: DateForm
    since: datetime
    decided_by: Decision | None
    earlier: tuple[DateInForce, ...] = ()
    born: datetime = datetime.min.replace(tzinfo=UTC)

    @property
    def place(self) -> str:
        """Return the place that the decision names, or ""."""
        return self.decided_by.place if isinstance(self.decided_by, DateFixed) else ""

    @property
    def told_from(self) -> datetime:
        """Return the UTC instant from which people may be told of it."""
        return self.since if self.decided_by is None else max(self.since, told_from(self.decided_by))

    def replaced(self, form: DateForm, since: datetime, decided_by: Decision) -> DateInForce:
        """Return the date that replaces this one by a decision; this one joins `earlier`."""
        return DateInForce(self.id, form, since, decided_by, (*self.earlier, self._replace(earlier=())), self.born)


def told_from(fact: Fact) -> datetime:
    """Return the UTC instant from which people may be told of a fact (contract rule 2b)."""
    return fact.recorded_at + SECOND_THOUGHT if isinstance(fact, Amended) else fact.recorded_at


def can_be_fixed(milestone: Milestone, own: Iterable[Obligation]) -> bool:
    """Return whether a decision may fix the date of a milestone for all parties.

    False for a deadline to which the plan itself gives a date, unless a decision has fixed it before.
    """
    dated = [o for o in own if o.due is not None]
    is_left_open = milestone.kind == "event" or not dated or isinstance(milestone.form, Window | Undated)
    return is_left_open or any(isinstance(o.decided_by, DateFixed) for o in dated)


def begins_at(event: On, plan: Plan) -> datetime:
    """Return the UTC instant at which an event begins: midnight of its first day if it has no clock time."""
    return to_instant(event.first, event.clock or time(), plan.zone)


def local_hours(event: On, clock: time, closes: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when an event begins, at `clock`, and ends: at closing time of its last day, but an hour later at least.

    The times are what clocks in the zone show, because daylight saving may skip the time that the plan names. If it
    repeats an hour, the end must still read later than the beginning: calendar programs drop an event whose end equals
    its beginning.
    """
    begin, end = (
        to_instant(day, hour, zone).astimezone(zone).replace(tzinfo=None)
        for day, hour in ((event.first, clock), (event.last, closes))
    )
    return begin, end if end > begin else begin + _HOUR


def occurrences(form: Recurring) -> list[date]:
    """Return the days of a recurring date from `first` to `until`, both included (RFC 5545)."""
    start = datetime.combine(form.first, time())
    rule = rrulestr(form.rule, dtstart=start)
    return [
        moment.date() for moment in rule.between(start - timedelta(seconds=1), datetime.combine(form.until, time.max))
    ]
