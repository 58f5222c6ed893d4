"""Steps whose mails are more than the account may send before the office closes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter

from scheduler.plan.agenda import Agenda
from scheduler.plan.dispatch_policy import opening
from scheduler.plan.messages.promises import recipients_of
from scheduler.queries.mail_limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Mails that fall due together: how many, from when and until when they may leave, and how many of them can.

    The times are local to the first of the plans.
    """

    opens: datetime
    closes: datetime
    mails: int
    in_time: int
    plans: tuple[str, ...]


def find_crowds(agendas: Iterable[Agenda], limits: Limits, now: datetime) -> Sequence[Crowd]:
    """Return the steps from `now` on of which not all mails can leave within their opening hours, the earliest first.

    All plans share the limits of the account. What only those get who are late does not count: how many will be is not
    known.
    """
    waiting: dict[datetime, _Waiting] = {}
    for agenda in agendas:
        plan = agenda.plan
        for rung in agenda.rungs():
            if rung.at > now and rung.state == "planned" and rung.kind not in ("overdue", "escalation"):
                ladder = plan.milestone(rung.milestone).ladder
                opens = opening(plan, rung.milestone, rung.at).astimezone(plan.zone)
                closes = datetime.combine(opens.date(), ladder.closes, tzinfo=plan.zone)
                there = waiting.setdefault(opens, _Waiting(opens, closes))
                there.closes = min(there.closes, closes)
                there.mails += len(recipients_of(agenda, rung, ()))
                there.plans.add(plan.id)
    crowds = [there.count(limits) for there in waiting.values()]
    return sorted((crowd for crowd in crowds if crowd.in_time < crowd.mails), key=attrgetter("opens"))


@dataclass(slots=True)
class _Waiting:
    """Mails that wait for one opening."""

    opens: datetime
    closes: datetime
    mails: int = 0
    plans: set[str] = field(default_factory=set)

    def count(self, limits: Limits) -> Crowd:
        """Return them with the number of those that can leave."""
        minutes = (self.closes - self.opens) // timedelta(minutes=1)
        bounds = [limits.per_minute * minutes] if limits.per_minute else []
        bounds += [limits.per_day] if limits.per_day else []
        in_time = min([self.mails, *bounds])
        plans = tuple(sorted(self.plans))
        return Crowd(opens=self.opens, closes=self.closes, mails=self.mails, in_time=in_time, plans=plans)
