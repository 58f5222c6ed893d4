"""The mail account that mails leave through: its limits, its pauses, and its stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.engine.retry_policy import pause_after
from scheduler.ports import Mailer, Outcome, Store, UnitOfWork, Usage
from scheduler.ports.events import Event, Reporter


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The number of mails that an account may send; 0 means no limit.

    All processes on one record share the limits.
    """

    per_minute: int = 0
    per_day: int = 0

    @property
    def are_set(self) -> bool:
        """Return whether there is any limit."""
        return bool(self.per_minute or self.per_day)

    def left(self, wanted: int, used: Usage) -> int:
        """Return how many of `wanted` mails may be sent beside those that were."""
        limits = ((self.per_minute, used.minute), (self.per_day, used.day))
        return max(0, min([wanted, *(limit - count for limit, count in limits if limit)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What an account may send at one moment: so many `mails`.

    `is_blocked` says that the account is paused or stopped, `resume_at` when a pause or a limit ends (UTC).
    """

    mails: int = 0
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
        mails = wanted
        if self.limits.are_set:
            mails = self.limits.left(wanted, unit.accounts.usage(self.mailer.account, now=now))
        return Allowance(
            mails=mails, resume_at=None if mails == wanted else next_minute(now), consecutive_failures=failures
        )

    def count(self, now: datetime) -> bool:
        """Count a mail that is about to be sent; return False if others have used up the limits. It commits."""
        if not self.limits.are_set:
            return True
        limits = {"per_minute": self.limits.per_minute, "per_day": self.limits.per_day}
        with self.store.transaction() as unit:
            return bool(unit.accounts.take(self.mailer.account, 1, now=now, **limits))

    def uncount(self, now: datetime) -> None:
        """Take back that a mail was counted at `now`, because it was not attempted. It commits."""
        if self.limits.are_set:
            with self.store.transaction() as unit:
                unit.accounts.give_back(self.mailer.account, 1, now=now)

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
