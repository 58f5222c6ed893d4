"""The end of a tick: deliver what may leave, record the tick as completed, and tell operators what an outage did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from scheduler.engine.mails.delivery import Delivery
from scheduler.engine.outage_summary import OutageReporter
from scheduler.engine.survey import TickSurvey, has_come
from scheduler.plan.model import Plan
from scheduler.ports import Store

AT_ONCE = timedelta(seconds=1)  # the next tick, not this one again


class MailDelivery(Protocol):
    """Lets the mails leave that may: from here, by handing them over, or not at all."""

    @property
    def is_torn(self) -> bool:
        """Return whether the last pass ended in the middle of its work."""

    def deliver(self, plans: Mapping[str, Plan]) -> Delivery:
        """Let every mail leave that may leave now. It commits."""


class Elsewhere:
    """A `MailDelivery` that leaves the mails to other processes."""

    is_torn = False

    def deliver(self, plans: Mapping[str, Plan]) -> Delivery:
        """Do nothing."""
        return Delivery()


@dataclass(slots=True, kw_only=True)
class Owed:
    """What the operators may still have to be told; it stays owed while the record fails.

    `missed`: that rungs were missed because mail could not leave. `unclosed`: what happened before a tick that did work
    but could not be recorded as completed.
    """

    missed: bool = True  # an earlier process may have ended before it sent its summary
    unclosed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TickCompletion:
    """Ends a tick after the steps of its plans."""

    store: Store
    deliverer: MailDelivery
    outages: OutageReporter
    is_stopping: Callable[[], bool]
    _owed: Owed = field(default_factory=Owed, init=False)

    def complete(self, survey: TickSurvey, now: datetime, *, is_moved: bool) -> list[datetime]:
        """Deliver mails and record the tick as completed, unless the daemon is stopping.

        It commits. `is_moved` says that steps were due. Returns when there is more to do (UTC): when the limits and
        pauses of the account end, and at once if steps became due again.
        """
        plans = {work.plan.id: work.plan for work in survey.plans}
        self._owed.unclosed = self._owed.unclosed or is_moved
        passes = []
        delivery = Delivery()
        if is_moved or self.deliverer.is_torn or has_come(survey.mail_at, now):
            delivery = self._deliver(plans)
            passes.append(delivery)
        if not self.is_stopping() and self._close(survey, delivery, now):
            passes.append(self._deliver(plans))
        return _resumed(passes, now)

    def deliver(self, plans: Mapping[str, Plan], now: datetime) -> list[datetime]:
        """Deliver mails while another process plans and records ticks; return when there is more to do (UTC)."""
        if self.deliverer.is_torn or has_come(self.next_mail(), now):
            return _resumed([self.deliverer.deliver(plans)], now)
        return []

    def next_mail(self) -> datetime | None:
        """Return when the next mail may leave (UTC), or None."""
        with self.store.reading() as view:
            return view.outbox.next_at()

    def _deliver(self, plans: Mapping[str, Plan]) -> Delivery:
        was_owed, self._owed.missed = self._owed.missed, True  # stays True if the record fails during delivery
        delivery = self.deliverer.deliver(plans)
        self._owed.missed = was_owed or delivery.missed > 0
        return delivery

    def _close(self, survey: TickSurvey, delivery: Delivery, now: datetime) -> bool:
        """Record the tick as completed; return whether an outage summary was queued.

        Rungs that were missed because mail could not leave are summarised once mail leaves again.
        """
        tells_missed = self._owed.missed and self._is_mail_back(delivery)
        is_told = self.outages.close_tick(
            [work.plan for work in survey.plans],
            now,
            seen=[work.plan for work in survey.plans if work.is_new_day],
            away={work.plan.id: work.away_since for work in survey.plans if work.away_since is not None},
            suspicious=tells_missed or self._owed.unclosed,
            is_mail_back=tells_missed,
        )
        self._owed.missed = self._owed.missed and not tells_missed
        self._owed.unclosed = False
        return is_told

    def _is_mail_back(self, delivery: Delivery) -> bool:
        """Return whether mail leaves again, or no mail waits to leave."""
        if delivery.is_blocked or delivery.sent:
            return not delivery.is_blocked
        return self.next_mail() is None


def _resumed(passes: Sequence[Delivery], now: datetime) -> list[datetime]:
    resumed = [one.resume_at for one in passes if one.resume_at is not None]
    return [*resumed, *(now + AT_ONCE for one in passes if one.is_readdressed)]
