"""Finished mails leave: take one, look again, hand it over, record what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from scheduler.engine.dispatch import look_again
from scheduler.engine.retry_policy import FOUND, RetryDecision, decide_retry, pause_after
from scheduler.errors import HanchotError, UserError
from scheduler.plan import reasons
from scheduler.plan.dispatch_policy import opening
from scheduler.plan.model import Plan
from scheduler.plan.reasons import Reason
from scheduler.ports import Clock, Mailer, MessageRow, MessageState, Outcome, RungRow, Store
from scheduler.ports.events import Event, EventName, Reporter
from scheduler.queries.agendas import AgendaCache

LEASE = timedelta(minutes=15)  # longer than the ten minutes an SMTP server may take
HOLD = timedelta(minutes=4)  # so long a page is worked on: the last mail begun still ends inside the lease
LATER = timedelta(minutes=15)  # when to try again what could not be handled at all
PAGE = 50
IMMEDIATE = ("outage", "sign-in")  # kinds that opening hours do not bind


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many mails an account may send; 0 is no limit. Shared by all processes on one record."""

    per_minute: int = 0
    per_day: int = 0


@dataclass(slots=True)
class Delivery:
    """What one pass over the outbox came to."""

    sent: int = 0
    missed: int = 0
    is_blocked: bool = False  # the transport or the account is unwell
    resume_at: datetime | None = None  # when a limit or a pause is over
    consecutive_failures: int = 0  # of the account before this pass
    is_cut: bool = False  # the last page was given back before its end, to be taken again
    carried: Mapping[int, RungRow] = field(default_factory=dict)  # the promises of the page in hand


@dataclass(slots=True)
class Unfinished:
    """What a pass could not finish because the record failed: the page it held, and the answer to one of its mails."""

    page: Sequence[MessageRow] = ()
    answer: tuple[MessageRow, Outcome, datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer:
    """Empties the outbox. `name` tells this process from others on the same store.

    The clock is read anew for each mail: a long delivery does not run on past closing time.
    `on_dead` is told of an address that takes no mail, before its mail counts as failed. `has_left` knows
    of an unclear mail whether it left after all.
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
        """Return whether the last pass ended in the midst of a page."""
        return bool(self._unfinished.page)

    def deliver(self, plans: Mapping[str, Plan], agendas: AgendaCache) -> Delivery:
        """Deliver what may leave now; between two mails it can be asked to stop."""
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
        """Record what the last pass could not, and give back what it held: nothing waits for the lease's end."""
        unfinished = self._unfinished
        if unfinished.answer is not None:
            row, outcome, now = unfinished.answer
            self._guard(row, now, partial(self._conclude, row, outcome, now, delivery))
        if unfinished.page:
            self._give_back(unfinished.page)
            unfinished.page = ()

    def _take_page(self, now: datetime, delivery: Delivery) -> tuple[Sequence[MessageRow], int]:
        """Take as many mails as the account may send now; return them and how many were counted for it."""
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
        """Deliver a page and return how many of its mails did not reach the account."""
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
        """Return what the mails of a page promise: that stays the same, only whether it is still owed may change."""
        ids = {id for row in page for id in row.rungs}
        if not ids:
            return {}
        with self.store.reading() as view:
            return view.rungs.among(ids)

    def _give_back(self, rows: Sequence[MessageRow]) -> None:
        with self.store.transaction() as unit:
            for row in rows:
                unit.outbox.postpone(row.id, by=self.name, until=row.not_before)

    def _guard(self, row: MessageRow, now: datetime, step: Callable[[], bool]) -> bool:
        """Run a step with one mail and return what it returns: whether the mail was tried."""
        try:
            return step()
        except HanchotError:
            raise
        except Exception as error:  # a fault of ours with one mail; it is told, and the others go on
            text = f"mail stays in the outbox: {type(error).__name__}: {error}"
            self.report(Event.of_mail(row, "trouble", now, text))
            self._unfinished.answer = None
            self._postpone(row, now + LATER)
            return False

    def _handle(
        self, row: MessageRow, plan: Plan | None, agendas: AgendaCache, now: datetime, delivery: Delivery
    ) -> bool:
        """Settle, postpone or try one mail; return whether it was tried."""
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
        except UserError as error:  # nothing is lost: the mails wait in the outbox for a later tick
            self.report(Event.of_mail(row, "trouble", now, f"mail stays in the outbox: {error}"))
            self._give_back([row])
            delivery.is_blocked = True
            return False
        return self._conclude(row, outcome, self.clock.now(), delivery)

    def _conclude(self, row: MessageRow, outcome: Outcome, now: datetime, delivery: Delivery) -> bool:
        """Record what an attempt came to, for the mail, its address and the account; if the record fails, later."""
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
        """Let the account rest, or stop it until a person has looked."""
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
        """Return when a mail may leave; one whose plan is not served here waits until it is, or is too old."""
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
        """Return why a mail should not leave any more (the second of the two looks)."""
        if _is_expired(row, now):
            return "missed", reasons.TOO_OLD
        if not row.rungs or plan is None:
            return None
        with self.store.reading() as view:
            agenda = agendas.read(view, plan)
        found = [look_again(agenda, carried[id]) for id in row.rungs]
        gone = [verdict for verdict in found if verdict is not None]
        if len(gone) < len(found) or not gone:
            return None
        state, reason = gone[0]
        return ("cancelled" if state == "cancelled" else "skipped"), reason

    def _finish(self, row: MessageRow, after: RetryDecision, reply: str, now: datetime) -> None:
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
