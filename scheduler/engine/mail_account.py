"""The mail account that mails leave through: its limits, its pauses, and its stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from scheduler.engine.retry_policy import pause_after
from scheduler.plan.message_kinds import MessageKind, is_urgent
from scheduler.ports import Mailer, Outcome, Store, UnitOfWork
from scheduler.ports.events import Event, Reporter

LimitName = Literal["minute", "day", "urgent", "urgent_day"]
_URGENT: tuple[LimitName, ...] = ("urgent", "urgent_day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The number of mails that an account may send; 0 means no limit.

    All processes on one record share the limits. Urgent mails are counted like all others, but are held up only by
    limits of their own: they leave first, and also when the others have used up theirs. An account thus sends at most
    `per_day` and `urgent_per_day` mails together.
    """

    per_minute: int = 0
    per_day: int = 0
    urgent_per_hour: int = 0
    urgent_per_day: int = 0

    @property
    def are_set(self) -> bool:
        """Return whether there is any limit."""
        return any((self.per_minute, self.per_day, self.urgent_per_hour, self.urgent_per_day))


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitUse:
    """How many mails were counted against one limit of an account: of a minute, of a day, or of the urgent ones."""

    name: LimitName
    used: int
    limit: int

    @property
    def left(self) -> int:
        """Return how many mails may still be sent."""
        return max(0, self.limit - self.used)


def read_limits(unit: UnitOfWork, account: str, limits: Limits, now: datetime) -> Sequence[LimitUse]:
    """Return the use of every limit that is set."""
    if not limits.are_set:
        return ()
    used, urgent = (unit.accounts.usage(name, now=now) for name in (account, _urgent(account)))
    uses = (
        LimitUse(name="minute", used=used.minute, limit=limits.per_minute),
        LimitUse(name="day", used=used.day, limit=limits.per_day),
        LimitUse(name="urgent", used=urgent.hour, limit=limits.urgent_per_hour),
        LimitUse(name="urgent_day", used=urgent.day, limit=limits.urgent_per_day),
    )
    return [use for use in uses if use.limit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What an account may send at one moment: so many `mails`, and so many `urgent` ones.

    `is_blocked` says that the account is paused or stopped, `resume_at` when a pause or a limit ends (UTC).
    """

    mails: int = 0
    urgent: int = 0
    is_blocked: bool = False
    resume_at: datetime | None = None
    consecutive_failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccount:
    """The account behind a mailer, as all processes on one record know it."""

    store: Store
    mailer: Mailer
    report: Reporter
    limits: Limits

    def allow(self, unit: UnitOfWork, wanted: int, now: datetime) -> Allowance:
        """Return how many of `wanted` mails may leave now.

        They are counted one by one when they are attempted: a process that dies in between has used up nothing.
        """
        state = unit.accounts.state(self.mailer.account)
        failures = state.consecutive_failures
        if state.stopped or (state.paused_until is not None and state.paused_until > now):
            return Allowance(is_blocked=True, resume_at=state.paused_until, consecutive_failures=failures)
        uses = read_limits(unit, self.mailer.account, self.limits, now)
        mails = min([wanted, *(use.left for use in uses if use.name not in _URGENT)])
        urgent = min([wanted, *(use.left for use in uses if use.name in _URGENT)])
        resume_at = None if mails == urgent == wanted else next_minute(now)
        return Allowance(mails=mails, urgent=urgent, resume_at=resume_at, consecutive_failures=failures)

    def count(self, kind: MessageKind, now: datetime) -> bool:
        """Count a mail that is about to be sent; return False if others have used up the limits. It commits."""
        if not self.limits.are_set:
            return True
        name, limits = self.mailer.account, self.limits
        with self.store.transaction() as unit:
            if not is_urgent(kind):
                return bool(unit.accounts.take(name, 1, now=now, per_minute=limits.per_minute, per_day=limits.per_day))
            is_allowed = unit.accounts.take(
                _urgent(name), 1, now=now, per_hour=limits.urgent_per_hour, per_day=limits.urgent_per_day
            )
            return bool(is_allowed and unit.accounts.take(name, 1, now=now))

    def uncount(self, kind: MessageKind, now: datetime) -> None:
        """Take back that a mail was counted at `now`, because it was not attempted. It commits."""
        if not self.limits.are_set:
            return
        name = self.mailer.account
        with self.store.transaction() as unit:
            if is_urgent(kind):
                unit.accounts.give_back(_urgent(name), 1, now=now)
            unit.accounts.give_back(name, 1, now=now)

    def clear(self) -> None:
        """Forget the failures of the account. It commits."""
        with self.store.transaction() as unit:
            unit.accounts.clear(self.mailer.account)

    def rest(self, outcome: Outcome, now: datetime) -> datetime | None:
        """Pause the account, or stop it until an operator clears it; return when a pause ends (UTC). It commits."""
        name, until = self.mailer.account, None
        with self.store.transaction() as unit:
            if outcome.account == "stop":
                unit.accounts.stop(name, reason=outcome.reply)
                text = f"the mail account is stopped: {outcome.reply}; `hanchot mail test` starts it again"
            else:
                until = now + pause_after(unit.accounts.state(name).consecutive_failures)
                unit.accounts.pause(name, until=until, reason=outcome.reply)
                text = f"the mail account rests until {until.isoformat()}: {outcome.reply}"
        self.report(Event(name="trouble", at=now, text=text))
        return until


def next_minute(now: datetime) -> datetime:
    """Return when the next minute of the clock begins."""
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _urgent(account: str) -> str:
    """Return the name under which the urgent mails of an account are counted once more."""
    return f"{account} urgent"
