"""The mail account that mails leave through: its limits, its pauses, and its stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.engine.retry_policy import pause_after
from scheduler.ports import Mailer, Outcome, Store, UnitOfWork
from scheduler.ports.events import Event, Reporter


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The number of mails that an account may send; 0 means no limit.

    All processes on one record share the limits.
    """

    per_minute: int = 0
    per_day: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What an account may send at one moment.

    `mails` may be sent, of which `counted` were counted against the limits. `is_blocked` says that the account is
    paused or stopped, `resume_at` when a pause or a limit ends (UTC).
    """

    mails: int = 0
    counted: int = 0
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
        """Return how many of `wanted` mails may leave now, and count them against the limits."""
        state = unit.accounts.state(self.mailer.account)
        failures = state.consecutive_failures
        if state.stopped or (state.paused_until is not None and state.paused_until > now):
            return Allowance(is_blocked=True, resume_at=state.paused_until, consecutive_failures=failures)
        if not self.limits.per_minute and not self.limits.per_day:
            return Allowance(mails=wanted, consecutive_failures=failures)
        limits = {"per_minute": self.limits.per_minute, "per_day": self.limits.per_day}
        count = unit.accounts.take(self.mailer.account, wanted, now=now, **limits)
        next_minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return Allowance(
            mails=count, counted=count, resume_at=None if count else next_minute, consecutive_failures=failures
        )

    def give_back(self, count: int, now: datetime) -> None:
        """Uncount mails that were counted at `now` and were not sent after all. It commits."""
        with self.store.transaction() as unit:
            unit.accounts.give_back(self.mailer.account, count, now=now)

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
