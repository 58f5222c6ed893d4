"""Steps whose mails are more than the account may send before the office closes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import attrgetter

from scheduler.plan.agenda import Agenda
from scheduler.plan.dispatch_policy import opening
from scheduler.plan.messages.promises import recipients_of
from scheduler.queries.mail_limits import Limits

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Mails that fall due on one day: how many, from when and until when they may leave, and how many of them can.

    The times are local to the first of the plans.
    """

    opens: datetime
    closes: datetime
    mails: int
    in_time: int
    plans: tuple[str, ...]


def find_crowds(agendas: Iterable[Agenda], limits: Limits, now: datetime) -> Sequence[Crowd]:
    """Return the days from `now` on of which not all mails can leave within the opening hours, the earliest first.

    All plans share the limits of the account. What only those get who are late does not count: how many will be is not
    known.
    """
    days: dict[date, dict[datetime, _Waiting]] = {}
    for agenda in agendas:
        plan = agenda.plan
        for rung in agenda.rungs():
            if rung.at > now and rung.state == "planned" and rung.kind not in ("overdue", "escalation"):
                ladder = plan.milestone(rung.milestone).ladder
                opens = opening(plan, rung.milestone, rung.at).astimezone(plan.zone)
                closes = datetime.combine(opens.date(), ladder.closes, tzinfo=plan.zone)
                there = days.setdefault(opens.date(), {}).setdefault(opens, _Waiting(opens, closes))
                there.closes = min(there.closes, closes)
                there.mails += len(recipients_of(agenda, rung, ()))
                there.plans.add(plan.id)
    crowds = [_count(sorted(day.values(), key=attrgetter("opens")), limits) for _, day in sorted(days.items())]
    return [crowd for crowd in crowds if crowd.in_time < crowd.mails]


@dataclass(slots=True)
class _Waiting:
    """Mails that wait for one opening."""

    opens: datetime
    closes: datetime
    mails: int = 0
    plans: set[str] = field(default_factory=set)


def _count(openings: Sequence[_Waiting], limits: Limits) -> Crowd:
    """Return the mails of one day, with the number of those that can leave, one opening after the other."""
    in_time, free_at = 0, openings[0].opens
    for one in openings:
        free_at = max(free_at, one.opens)
        left = one.mails
        if limits.per_minute:
            left = min(left, limits.per_minute * max(0, (one.closes - free_at) // MINUTE))
            free_at += MINUTE * -(-left // limits.per_minute)
        in_time += min(left, limits.per_day - in_time) if limits.per_day else left
    return Crowd(
        opens=openings[0].opens,
        closes=max(one.closes for one in openings),
        mails=sum(one.mails for one in openings),
        in_time=in_time,
        plans=tuple(sorted({plan for one in openings for plan in one.plans})),
    )
