"""The survey of a tick: the work that is due according to the record, and what lies ahead. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from scheduler.plan.dates.due_dates import ONE_DAY, local_day, to_instant
from scheduler.plan.model import Plan
from scheduler.ports import PlanState, Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWork:
    """The work that is due for one plan now, and when more is due.

    `idle` holds local working days on which the daemon was away; `is_out_of_step` says that the ledger does not follow
    from the current inputs. `check_at`, `digest_at` and `rung_at` lie after now (UTC).
    """

    plan: Plan
    state: PlanState
    is_new_day: bool
    idle: tuple[date, ...]
    is_out_of_step: bool
    is_check_due: bool
    is_digest_due: bool
    is_unpublished: bool
    has_due: bool
    check_at: datetime
    digest_at: datetime | None
    rung_at: datetime | None

    @property
    def is_moving(self) -> bool:
        """Return whether the work may write mails or change the ledger."""
        return self.has_due or self.is_out_of_step or self.is_digest_due

    @property
    def away_since(self) -> datetime | None:
        """Return when the first working day began on which no tick had the plan (UTC), or None."""
        return to_instant(self.idle[0], time(), self.plan.zone) if self.idle else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TickSurvey:
    """The survey of a tick.

    `plans` holds the work of each plan, `foreign` the digests of the plans that another process has revised, by id, and
    `mail_at` the instant at which the next mail may leave (UTC). `absent` are plans of which steps are promised, and of
    which no definition could be loaded.
    """

    plans: Sequence[PlanWork] = ()
    foreign: Mapping[str, str] = field(default_factory=dict)
    absent: Sequence[PlanState] = ()
    mail_at: datetime | None = None


def plan_ahead(survey: TickSurvey, waits: Iterable[datetime | None], now: datetime) -> Tick:
    """Return the result of a tick.

    The next tick is due at the next rung, mail, digest or opening, or at one of `waits` (UTC), at the latest in a day.
    A tick at each opening keeps the day from counting as idle.
    """
    known = [survey.mail_at, *waits]
    for work in survey.plans:
        known += [next_workday_at(work.plan, work.plan.ladder.opens, now), work.rung_at, work.digest_at]
    far = now + timedelta(days=1)
    ahead = [at for at in known if at is not None and at > now]
    check_at = min((work.check_at for work in survey.plans), default=far)
    return Tick(at=now, wake_at=min(ahead, default=far), check_at=check_at)


def next_workday_at(plan: Plan, time_of_day: time, now: datetime) -> datetime:
    """Return when a local time of day comes next after `now` on a working day of the plan (UTC)."""
    day = plan.workdays.on_or_after(local_day(now, plan.zone))
    at = to_instant(day, time_of_day, plan.zone)
    return at if at > now else to_instant(plan.workdays.on_or_after(day + ONE_DAY), time_of_day, plan.zone)


def has_come(instant: datetime | None, now: datetime) -> bool:
    """Return whether an instant is known and not later than `now`."""
    return instant is not None and instant <= now


def days_between(plan: Plan, seen_on: date, today: date) -> tuple[date, ...]:
    """Return the working days strictly between two local days."""
    span = (seen_on + n * ONE_DAY for n in range(1, (today - seen_on).days))
    return tuple(day for day in span if plan.workdays.is_workday(day))
