"""Hand due mails over to the workers: reserved in the record, and announced to their queue in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from scheduler.engine.mails.delivery import Delivery
from scheduler.engine.mails.mail_account import MailAccount
from scheduler.engine.mails.mail_queue import PAGE
from scheduler.plan.model import Plan
from scheduler.ports import RESERVED, Chunk, ChunkQueue, Clock, Store, UnitOfWork, owner_of

WINDOW = 1_000  # mails that are handed over and wait for a worker; more would wait for longer than their lease
UNTAKEN = timedelta(minutes=3)  # the lease of a reservation; whoever takes it over has a longer one
POLL = timedelta(seconds=2)  # until the window is looked at again


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Hands the mails of the outbox over at the moment at which they may leave, never before.

    A chunk that nobody takes over until its lease ends is handed over again by any process that plans. What the queue
    loses costs a lease, and no mail. A process that does not plan hands over only what somebody waits for.
    """

    store: Store
    queue: ChunkQueue
    account: MailAccount
    clock: Clock
    leads: Callable[[], bool]
    is_stopping: Callable[[], bool]
    may_begin: Callable[[], bool]

    @property
    def is_torn(self) -> bool:
        """Return False: each reservation is a transaction of its own."""
        return False

    def deliver(self, plans: Mapping[str, Plan]) -> Delivery:
        """Hand over as many mails as the account may send and the workers have room for. It commits."""
        if self.is_stopping() or not self.may_begin():
            return Delivery()
        now, leads = self.clock.now(), self.leads()
        with self.store.transaction() as unit:
            held = unit.outbox.holders()
            in_flight = sum(held.values())
            waiting = sum(number for name, number in held.items() if owner_of(name) == RESERVED)
            allowance = self.account.allow(unit, WINDOW + in_flight, now)
            if allowance.is_blocked:
                return Delivery(is_blocked=True, resume_at=allowance.resume_at)
            self._reserve(unit, allowance.urgent, urgent=True)
            if not leads:
                return Delivery()
            # What is handed over is counted when it is sent, and takes its part of the limits until then.
            room = max(0, min(allowance.mails - in_flight, WINDOW - waiting))
            is_full = self._reserve(unit, room, urgent=False) == room
        waits = [allowance.resume_at, now + POLL if is_full else None]
        return Delivery(resume_at=min((at for at in waits if at is not None), default=None))

    def _reserve(self, unit: UnitOfWork, limit: int, *, urgent: bool) -> int:
        """Reserve due mails and announce them in chunks; return how many there were."""
        if limit <= 0:
            return 0
        name = f"{RESERVED}/{uuid4().hex}"
        mails = sorted(unit.outbox.reserve(self.clock.now(), by=name, lease=UNTAKEN, limit=limit, urgent=urgent))
        self.queue.put(unit, [Chunk(name=name, mails=tuple(some)) for some in _pages(mails)], urgent=urgent)
        return len(mails)


def _pages(mails: Sequence[int]) -> list[Sequence[int]]:
    return [mails[begin : begin + PAGE] for begin in range(0, len(mails), PAGE)]
