"""Deliver mails from the outbox: claim one, check it again, hand it over and record the outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from scheduler.engine.retry_policy import FOUND, RetryDecision, decide_retry, pause_after
from scheduler.errors import HanchotError, UserError
from scheduler.plan import reasons
from scheduler.plan.dispatch_policy import opening
from scheduler.plan.model import Plan
from scheduler.plan.reasons import Reason
from scheduler.plan.second_look import why_not_owed
from scheduler.ports import Clock, Mailer, MessageRow, MessageState, Outcome, RungRow, Store
from scheduler.ports.events import Event, EventName, Reporter
from scheduler.queries.agendas import AgendaCache

LEASE = timedelta(minutes=15)  # longer than the ten minutes that an SMTP server may take
HOLD = timedelta(minutes=4)  # the most time spent on one page; a mail begun by then still ends within the lease
LATER = timedelta(minutes=15)  # the delay after an unexpected error
PAGE = 50
IMMEDIATE = ("outage", "sign-in")  # kinds that ignore the opening hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The number of mails that an account may send; 0 means no limit.

    All processes on one record share the limits.
    """

    per_minute: int = 0
    per_day: int = 0


@dataclass(slots=True)
class Delivery:
    """The result of one pass over the outbox."""

    sent: int = 0
    missed: int = 0
    is_blocked: bool = False  # the transport fails, or the account is paused or stopped
    resume_at: datetime | None = None  # when a limit or a pause ends (UTC)
    consecutive_failures: int = 0  # of the account, read when the last page was claimed
    is_cut: bool = False  # the rest of the last page was returned to the queue and is claimed again
    carried: Mapping[int, RungRow] = field(default_factory=dict)  # the rungs of the current page, by id


@dataclass(slots=True)
class Unfinished:
    """The work that a pass could not finish because the record failed.

    `page` holds the claimed mails, `answer` the outcome of the one mail that was sent but not recorded.
    """

    page: Sequence[MessageRow] = ()
    answer: tuple[MessageRow, Outcome, datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer:
    """Delivers the mails of the outbox.

    `name` identifies this process among all that use the same store. The clock is read again for each mail, so that a
    long delivery does not continue past closing time. `on_dead` is called with a mail whose address accepts no mail,
    before that mail is recorded as failed. `has_left` returns whether an unclear mail was sent after all.
    """

    store: Store
    clock: Clock
    mailer: Mailer
    report: Reporter
    name: str
    is_stopping: Callable[[], bool]
    on_dead: Callable[[MessageRow, str, datetime], None]
    has_left: Callable[[MessageRow, datetime], bool]
    limits: Limits = Limits()
    _unfinished: Unfinished = field(default_factory=Unfinished)

    @property
    def is_torn(self) -> bool:
        """Return whether the last pass ended in the middle of a page."""
        return bool(self._unfinished.page)

    def deliver(self, plans: Mapping[str, Plan], agendas: AgendaCache) -> Delivery:
        """Deliver every mail that may leave now.

        It commits after each mail and checks between two mails whether the daemon is stopping.
        """
        delivery = Delivery()
        self._mend(delivery)
        while not (self.is_stopping() or delivery.is_blocked):
            since, delivery.is_cut = self.clock.now(), False
            page, allowed = self._take_page(since, delivery)
            left = self._work_off(page, plans, agendas, since, delivery)
            unused = allowed - len(page) + left
            if allowed and unused:
                with self.store.transaction() as unit:
                    unit.accounts.give_back(self.mailer.account, unused, now=since)
            if len(page) < PAGE and not delivery.is_cut:
                break
        if delivery.sent and delivery.consecutive_failures and not delivery.is_blocked:
            with self.store.transaction() as unit:
                unit.accounts.clear(self.mailer.account)
        return delivery

    def _mend(self, delivery: Delivery) -> None:
        """Record the outcome that the last pass could not record, and return its page to the queue.

        Without this, the mails would wait until their lease ends.
        """
        unfinished = self._unfinished
        if unfinished.answer is not None:
            row, outcome, now = unfinished.answer
            self._guard(row, now, partial(self._conclude, row, outcome, now, delivery))
        if unfinished.page:
            self._give_back(unfinished.page)
            unfinished.page = ()

    def _take_page(self, now: datetime, delivery: Delivery) -> tuple[Sequence[MessageRow], int]:
        """Claim as many mails as the account may send now; return them and how many were counted against its limits."""
        with self.store.transaction() as unit:
            account = unit.accounts.state(self.mailer.account)
            delivery.consecutive_failures = account.consecutive_failures
            if account.stopped or (account.paused_until is not None and account.paused_until > now):
                delivery.is_blocked, delivery.resume_at = True, account.paused_until
                return (), 0
            if not self.limits.per_minute and not self.limits.per_day:
                return unit.outbox.claim(now, by=self.name, lease=LEASE, limit=PAGE), 0
            limits = {"per_minute": self.limits.per_minute, "per_day": self.limits.per_day}
            allowed = unit.accounts.take(self.mailer.account, PAGE, now=now, **limits)
            page = unit.outbox.claim(now, by=self.name, lease=LEASE, limit=allowed) if allowed else ()
        if not allowed:
            delivery.resume_at = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return page, allowed

    def _work_off(
        self,
        page: Sequence[MessageRow],
        plans: Mapping[str, Plan],
        agendas: AgendaCache,
        since: datetime,
        delivery: Delivery,
    ) -> int:
        """Deliver a page; return how many of its mails were not attempted."""
        idle = 0
        self._unfinished.page = page
        delivery.carried = self._read_carried(page)
        for taken, row in enumerate(page):
            now = self.clock.now()
            delivery.is_cut = taken > 0 and abs(now - since) > HOLD
            if delivery.is_blocked or self.is_stopping() or delivery.is_cut:
                self._give_back(page[taken:])
                idle += len(page) - taken
                break
            handle = partial(self._handle, row, plans.get(row.plan), agendas, now, delivery)
            idle += not self._guard(row, now, handle)
        self._unfinished.page = ()
        return idle

    def _read_carried(self, page: Sequence[MessageRow]) -> Mapping[int, RungRow]:
        """Return the rungs that the mails of a page carry, by id.

        One read serves the whole page, because the fields that are used never change. Whether a rung is still owed may
        change; that is checked again before each mail.
        """
        ids = {id for row in page for id in row.rungs}
        if not ids:
            return {}
        with self.store.reading() as view:
            return view.rungs.among(ids)

    def _give_back(self, rows: Sequence[MessageRow]) -> None:
        """Return claimed mails to the queue; they may leave at once."""
        with self.store.transaction() as unit:
            for row in rows:
                unit.outbox.postpone(row.id, by=self.name, until=row.not_before)

    def _guard(self, row: MessageRow, now: datetime, step: Callable[[], bool]) -> bool:
        """Run a step for one mail; return its result, or False after an unexpected error."""
        try:
            return step()
        except HanchotError:
            raise
        except Exception as error:  # a bug that concerns one mail must not stop the others
            text = f"mail stays in the outbox: {type(error).__name__}: {error}"
            self.report(Event.of_mail(row, "trouble", now, text))
            self._unfinished.answer = None
            self._postpone(row, now + LATER)
            return False

    def _handle(
        self, row: MessageRow, plan: Plan | None, agendas: AgendaCache, now: datetime, delivery: Delivery
    ) -> bool:
        """Settle, postpone or attempt one mail; return whether it was attempted."""
        leaves = self._earliest(row, plan, now)
        if leaves > now:
            self._postpone(row, leaves)
            return False
        if self.has_left(row, now):
            self._finish(row, FOUND, row.reply, self.clock.now())
            return False
        verdict = self._look_again(row, plan, agendas, delivery.carried, now)
        if verdict is not None:
            state, reason = verdict
            delivery.missed += state == "missed"
            self._finish(row, RetryDecision(state=state, reason=reason, attempted=False), "", now)
            return False
        try:
            outcome = self.mailer.send(row.mail)
        except UserError as error:  # nothing is lost: the mails stay in the outbox until a later tick
            self.report(Event.of_mail(row, "trouble", now, f"mail stays in the outbox: {error}"))
            self._give_back([row])
            delivery.is_blocked = True
            return False
        return self._conclude(row, outcome, self.clock.now(), delivery)

    def _conclude(self, row: MessageRow, outcome: Outcome, now: datetime, delivery: Delivery) -> bool:
        """Record the outcome of an attempt for the account, the address and the mail; return True.

        If the record fails, the next pass records the outcome.
        """
        self._unfinished.answer = row, outcome, now
        if outcome.account is not None:
            self._rest(outcome, now, delivery)
        if outcome.is_dead:
            self.on_dead(row, outcome.reply, now)
        self._finish(row, decide_retry(outcome, row, now), outcome.reply, now)
        delivery.sent += outcome.state == "sent"
        self._unfinished.answer = None
        return True

    def _rest(self, outcome: Outcome, now: datetime, delivery: Delivery) -> None:
        """Pause the account, or stop it until an operator clears it."""
        delivery.is_blocked = True
        name = self.mailer.account
        with self.store.transaction() as unit:
            if outcome.account == "stop":
                unit.accounts.stop(name, reason=outcome.reply)
                text = f"the mail account is stopped: {outcome.reply}; `hanchot mail test` starts it again"
            else:
                delivery.resume_at = now + pause_after(unit.accounts.state(name).consecutive_failures)
                unit.accounts.pause(name, until=delivery.resume_at, reason=outcome.reply)
                text = f"the mail account rests until {delivery.resume_at.isoformat()}: {outcome.reply}"
        self.report(Event(name="trouble", at=now, text=text))

    def _earliest(self, row: MessageRow, plan: Plan | None, now: datetime) -> datetime:
        """Return the earliest instant at which a mail may leave (UTC).

        A mail of a plan that is not loaded here waits until the plan is loaded or the mail expires.
        """
        if row.kind in IMMEDIATE:
            return now
        if plan is None:
            return now if _is_expired(row, now) else now + LATER
        known = {milestone.id for milestone in plan.milestones}
        about = row.milestone if row.milestone and row.milestone.partition("@")[0] in known else None
        return opening(plan, about, now)

    def _postpone(self, row: MessageRow, until: datetime) -> None:
        with self.store.transaction() as unit:
            unit.outbox.postpone(row.id, by=self.name, until=until)

    def _look_again(
        self, row: MessageRow, plan: Plan | None, agendas: AgendaCache, carried: Mapping[int, RungRow], now: datetime
    ) -> tuple[MessageState, Reason] | None:
        """Return the state and reason with which to settle a mail that should not leave any more, else None.

        This is the second check of a rung; the first one precedes composing. A mail still leaves while any of its rungs
        is owed.
        """
        if _is_expired(row, now):
            return "missed", reasons.TOO_OLD
        if not row.rungs or plan is None:
            return None
        with self.store.reading() as view:
            agenda = agendas.read(view, plan)
        found = [why_not_owed(agenda, carried[id]) for id in row.rungs]
        gone = [verdict for verdict in found if verdict is not None]
        if len(gone) < len(found) or not gone:
            return None
        state, reason = gone[0]
        return ("cancelled" if state == "cancelled" else "skipped"), reason

    def _finish(self, row: MessageRow, after: RetryDecision, reply: str, now: datetime) -> None:
        """Record the state of a mail and report it, unless the lease was lost meanwhile."""
        with self.store.transaction() as unit:
            done = unit.outbox.finish(
                row.id,
                by=self.name,
                state=after.state,
                reason=after.reason,
                reply=reply,
                attempted=after.attempted,
                now=now,
                not_before=after.not_before,
                unclear=after.unclear,
            )
        if done:
            text = row.mail.subject if after.state == "sent" else after.reason
            self.report(Event.of_mail(row, _WORDS[after.state], now, text))


def _is_expired(row: MessageRow, now: datetime) -> bool:
    return row.expires_at is not None and now >= row.expires_at


_WORDS: dict[str, EventName] = {
    "queued": "queued", "sent": "sent", "skipped": "skipped", "missed": "missed", "cancelled": "cancelled",
    "failed": "failed", "ambiguous": "ambiguous",
}  # fmt: skip
