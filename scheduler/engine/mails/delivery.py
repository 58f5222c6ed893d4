"""Deliver mails from the outbox: claim one, check it again, hand it over and record the outcome."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from scheduler.engine.mails.mail_account import MailAccount, next_minute
from scheduler.engine.mails.mail_queue import PAGE, MailQueue
from scheduler.engine.mails.retry_policy import FOUND, RetryDecision, decide_retry
from scheduler.engine.mails.sent_lookup import SentLookup
from scheduler.errors import HanchotError, UserError
from scheduler.plan import reasons
from scheduler.plan.agenda import RungState
from scheduler.plan.dispatch_policy import opening
from scheduler.plan.facts import drop_withdrawn
from scheduler.plan.message_kinds import TO_SUPERIORS, keeps_hours
from scheduler.plan.model import Occurrence, Plan
from scheduler.plan.reasons import Reason
from scheduler.plan.recipients import bounced_addresses, pauses_in_force
from scheduler.plan.second_look import why_not_owed
from scheduler.ports import Chunk, Clock, MessageRow, MessageState, Outcome, RungRow
from scheduler.queries.agendas import AgendaCache

_Verdict = tuple[RungState, Reason]  # how a rung that is no longer owed ends, and why

HOLD = timedelta(minutes=4)  # the most time spent on one page; a mail begun by then still ends within the lease
LATER = timedelta(minutes=15)  # the delay after an unexpected error


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The result of one pass over the outbox.

    `is_blocked` says that the transport fails, or that the account is paused or stopped; `resume_at`, when a limit or a
    pause ends (UTC). `is_readdressed` says that steps are due again, because the contacts to whom they were written are
    no more.
    """

    sent: int = 0
    missed: int = 0
    is_blocked: bool = False
    resume_at: datetime | None = None
    is_readdressed: bool = False


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

    The clock is read again for each mail, so that a long delivery does not continue past closing time. `on_dead` is
    called with a mail whose address accepts no mail, before that mail is recorded as failed; `on_alive` with one that
    was sent to an address that was known to bounce.
    """

    clock: Clock
    queue: MailQueue
    account: MailAccount
    lookup: SentLookup
    agendas: AgendaCache
    on_dead: Callable[[MessageRow, str, datetime], None]
    on_alive: Callable[[MessageRow, str, datetime], None]
    is_stopping: Callable[[], bool]
    may_begin: Callable[[], bool]  # asked before each page: whether the clock may be believed
    _unfinished: Unfinished = field(default_factory=Unfinished, init=False)

    @property
    def is_torn(self) -> bool:
        """Return whether the last pass ended in the middle of a page."""
        return bool(self._unfinished.page)

    def deliver(self, plans: Mapping[str, Plan]) -> Delivery:
        """Deliver every mail that may leave now.

        It commits after each mail and checks between two mails whether the daemon is stopping.
        """
        return _Pass(self, plans, self._unfinished).run()

    def deliver_chunk(self, chunk: Chunk, plans: Mapping[str, Plan]) -> Delivery:
        """Deliver those mails of a chunk that are still reserved for it, in the same way."""
        return _Pass(self, plans, self._unfinished).run(chunk)

    def mend(self) -> None:
        """Record what the last pass could not record, and return its mails to the queue. It commits."""
        _Pass(self, {}, self._unfinished).mend()


class _Pass:
    """One pass over the outbox, and what has come of it so far."""

    def __init__(self, parts: Deliverer, plans: Mapping[str, Plan], unfinished: Unfinished) -> None:
        self._parts = parts
        self._plans = plans
        self._unfinished = unfinished
        self._sent = self._missed = 0
        self._is_blocked = False
        self._is_spent = False  # whether other processes used up the limits meanwhile
        self._resume_at: datetime | None = None
        self._is_readdressed = False
        self._bounced: dict[str, frozenset[str]] = {}  # addresses that are known to bounce, by plan
        self._paused: dict[str, Collection[str]] = {}  # addresses that get no mail at present, by plan
        self._consecutive_failures = 0  # of the account, read when the last page was claimed
        self._mark = 0  # of the heartbeat under which the page was claimed

    def run(self, chunk: Chunk | None = None) -> Delivery:
        """Deliver page after page, or the mails of a chunk."""
        self.mend()
        if chunk is not None:
            self._deliver_page(chunk)
        while chunk is None and not self._must_end() and self._deliver_page():
            pass
        if self._sent and self._consecutive_failures and not self._is_blocked:
            self._parts.account.clear()
        return Delivery(
            sent=self._sent,
            missed=self._missed,
            is_blocked=self._is_blocked,
            resume_at=self._resume_at,
            is_readdressed=self._is_readdressed,
        )

    def _must_end(self) -> bool:
        return self._is_blocked or self._is_spent or self._parts.is_stopping()

    def mend(self) -> None:
        """Record the outcome that the last pass could not record, and return its page to the queue.

        Without this, the mails would wait until their lease ends.
        """
        if self._unfinished.answer is not None:
            row, outcome, now = self._unfinished.answer
            self._guard(row, now, partial(self._conclude, row, outcome, now))
        if self._unfinished.page:
            self._parts.queue.give_back(self._unfinished.page)
            self._unfinished.page = ()

    def _deliver_page(self, chunk: Chunk | None = None) -> bool:
        """Claim and deliver one page, that of a chunk if there is one; return whether there may be another one."""
        account, since = self._parts.account, self._parts.clock.now()
        self._mark = self._parts.queue.mark()
        if not self._parts.may_begin():
            return False
        queue = self._parts.queue
        page, allowance = queue.take_over(chunk, account, since) if chunk else queue.claim(account, since)
        self._is_blocked, self._resume_at = allowance.is_blocked, allowance.resume_at
        self._consecutive_failures = allowance.consecutive_failures
        is_cut = self._work_off(page, since)
        return is_cut or len(page) == PAGE

    def _work_off(self, page: Sequence[MessageRow], since: datetime) -> bool:
        """Deliver a page; return whether the time for it ran out.

        What is left then is returned to the queue and claimed again.
        """
        is_cut = False
        self._unfinished.page = page
        carried = self._parts.queue.read_carried(page)
        for taken, row in enumerate(page):
            now = self._parts.clock.now()
            is_cut = taken > 0 and abs(now - since) > HOLD
            if is_cut or self._must_end() or not self._parts.queue.holds(self._mark):
                self._parts.queue.give_back(page[taken:])
                break
            self._guard(row, now, partial(self._handle, row, carried, now))
        self._unfinished.page = ()
        return is_cut

    def _guard(self, row: MessageRow, now: datetime, step: Callable[[], None]) -> None:
        """Run a step for one mail; after an unexpected error the mail waits."""
        try:
            step()
        except HanchotError:
            raise
        except Exception as error:  # a bug that concerns one mail must not stop the others
            self._unfinished.answer = None
            self._parts.queue.keep(row, f"{type(error).__name__}: {error}", now + LATER, now)

    def _handle(self, row: MessageRow, carried: Mapping[int, RungRow], now: datetime) -> None:
        """Settle, postpone or attempt one mail."""
        queue, plan = self._parts.queue, self._plans.get(row.plan)
        leaves = _earliest(row, plan, now)
        if leaves > now:
            queue.postpone(row, leaves)
            return
        if self._parts.lookup.finds(row, now):
            queue.finish(row, FOUND, row.reply, self._parts.clock.now())
            return
        found = self._look_again(row, plan, carried)
        verdict = _why_settled(row, found, now)
        if verdict is not None:
            state, reason = verdict
            self._missed += state == "missed"
            queue.finish(row, RetryDecision(state=state, reason=reason, attempted=False), "", now)
        elif plan is not None and row.rungs and (anew := self._find_why_anew(plan, row, found, carried, now)):
            self._is_readdressed = True
            queue.readdress(row, anew, now)
        elif not queue.holds(self._mark):  # it may have been lost during a lookup
            queue.give_back([row])
        else:
            self._attempt(row, now)

    def _attempt(self, row: MessageRow, now: datetime) -> None:
        queue, account = self._parts.queue, self._parts.account
        match queue.begin(row, account, now):
            case "lost":
                return
            case "spent":
                queue.give_back([row])
                self._is_spent, self._resume_at = True, next_minute(now)
                return
        try:
            outcome = account.mailer.send(row.mail)
        except UserError as error:  # nothing is lost: the mails stay in the outbox until a later tick
            queue.back_out(row, account, error.text, now)
            self._is_blocked = True
            return
        self._conclude(row, outcome, self._parts.clock.now())

    def _look_again(self, row: MessageRow, plan: Plan | None, carried: Mapping[int, RungRow]) -> list[_Verdict | None]:
        """Return for each rung of a mail why it is no longer owed, or None if it is.

        This is the second check of a rung; the first one precedes composing.
        """
        if not row.rungs or plan is None:
            return []
        with self._parts.queue.store.reading() as view:
            agenda = self._parts.agendas.read(view, plan)
        return [why_not_owed(agenda, carried[id]) for id in row.rungs]

    def _conclude(self, row: MessageRow, outcome: Outcome, now: datetime) -> None:
        """Record the outcome of an attempt for the account, the address and the mail.

        If the record fails, the next pass records the outcome.
        """
        self._unfinished.answer = row, outcome, now
        if outcome.account is not None:
            self._is_blocked = True
            self._resume_at = self._parts.account.rest(outcome, now)
        if outcome.is_dead:
            self._forget_addresses(row.plan)
            self._parts.on_dead(row, outcome.reply, now)
        elif outcome.state == "sent" and row.mail.address in self._find_bounced(row.plan):
            self._forget_addresses(row.plan)
            self._parts.on_alive(row, outcome.reply, now)
        is_owed = outcome.is_dead and row.kind in TO_SUPERIORS  # it is about others: the next contact gets it
        self._is_readdressed |= is_owed
        self._parts.queue.finish(row, decide_retry(outcome, row, now), outcome.reply, now, is_owed=is_owed)
        self._sent += outcome.state == "sent"
        self._unfinished.answer = None

    def _find_why_anew(
        self,
        plan: Plan,
        row: MessageRow,
        found: Sequence[_Verdict | None],
        carried: Mapping[int, RungRow],
        now: datetime,
    ) -> Reason:
        """Return why a mail has to be written anew, if it has: to somebody else, or without what is no longer owed.

        What others have received already leaves as it is: it would not be written again.
        """
        if not _is_contact(plan, row):
            return reasons.no_contact_now(row.mail.address, row.party)
        if row.mail.address in self._find_paused(plan, now):
            return reasons.paused(row.mail.address)
        gone = next((verdict for verdict in found if verdict is not None), None)
        is_unread = all(carried[id].state == "queued" for id in row.rungs)
        return gone[1] if gone is not None and is_unread else reasons.NONE

    def _find_paused(self, plan: Plan, now: datetime) -> Collection[str]:
        if plan.id not in self._paused:
            with self._parts.queue.store.reading() as view:
                facts = drop_withdrawn(view.facts.general(plan.id))
            self._paused[plan.id] = pauses_in_force(plan, facts, now)
        return self._paused[plan.id]

    def _forget_addresses(self, plan: str) -> None:
        self._bounced.pop(plan, None)
        self._paused.pop(plan, None)

    def _find_bounced(self, plan: str) -> frozenset[str]:
        if plan not in self._bounced:
            with self._parts.queue.store.reading() as view:
                self._bounced[plan] = bounced_addresses(drop_withdrawn(view.facts.general(plan)))
        return self._bounced[plan]


def _earliest(row: MessageRow, plan: Plan | None, now: datetime) -> datetime:
    """Return the earliest instant at which a mail may leave (UTC).

    A mail of a plan that is not loaded here waits until the plan is loaded or the mail expires.
    """
    if not keeps_hours(row.kind):
        return now
    if plan is None:
        return now if _is_expired(row, now) else now + LATER
    known = {milestone.id for milestone in plan.milestones}
    about = row.milestone if row.milestone and Occurrence.of(row.milestone).milestone in known else None
    return opening(plan, about, now)


def _why_settled(
    row: MessageRow, found: Sequence[_Verdict | None], now: datetime
) -> tuple[MessageState, Reason] | None:
    """Return the state and reason with which to settle a mail that should not leave any more, else None."""
    if _is_expired(row, now):
        return "missed", reasons.TOO_OLD
    gone = [verdict for verdict in found if verdict is not None]
    if len(gone) < len(found) or not gone:
        return None
    state, reason = gone[0]
    return ("cancelled" if state == "cancelled" else "skipped"), reason


def _is_contact(plan: Plan, row: MessageRow) -> bool:
    """Return whether the address of a mail still belongs to a contact of its party."""
    party = plan.parties.get(row.party)
    return party is not None and any(contact.email == row.mail.address for contact in party.contacts)


def _is_expired(row: MessageRow, now: datetime) -> bool:
    return row.expires_at is not None and now >= row.expires_at
