"""The mail account that mails leave through: its pauses, and its stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from scheduler.engine.mails.retry_policy import pause_after
from scheduler.plan.message_kinds import MessageKind, is_urgent
from scheduler.ports import Mailer, Outcome, Store, UnitOfWork
from scheduler.ports.events import Event, Reporter
from scheduler.queries.mail_limits import LimitName, Limits, read_limits, urgent_part
from scheduler.texts import Text, Worded
from scheduler.wording import format_span

_URGENT: tuple[LimitName, ...] = ("urgent", "urgent_day")


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

    def count(self, unit: UnitOfWork, kind: MessageKind, now: datetime) -> bool:
        """Count a mail that is about to be sent; return False if others have used up the limits."""
        if not self.limits.are_set:
            return True
        name, limits = self.mailer.account, self.limits
        if not is_urgent(kind):
            return bool(unit.accounts.take(name, 1, now=now, per_minute=limits.per_minute, per_day=limits.per_day))
        is_allowed = unit.accounts.take(
            urgent_part(name), 1, now=now, per_hour=limits.urgent_per_hour, per_day=limits.urgent_per_day
        )
        return bool(is_allowed and unit.accounts.take(name, 1, now=now))

    def uncount(self, unit: UnitOfWork, kind: MessageKind, now: datetime) -> None:
        """Take back that a mail was counted at `now`, because it was not attempted."""
        if not self.limits.are_set:
            return
        name = self.mailer.account
        if is_urgent(kind):
            unit.accounts.give_back(urgent_part(name), 1, now=now)
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
                text = Text(
                    "the mail account is stopped: {reply}; `hanchot mail test` starts it again", reply=outcome.reply
                )
            else:
                until = now + pause_after(unit.accounts.state(name).consecutive_failures)
                unit.accounts.pause(name, until=until, reason=outcome.reply)
                text = Text(
                    "the mail account rests for {span}: {reply}",
                    span=Worded(partial(format_span, until - now)),
                    reply=outcome.reply,
                )
        self.report(Event(name="trouble", at=now, text=text))
        return until


def next_minute(now: datetime) -> datetime:
    """Return when the next minute of the clock begins."""
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)
