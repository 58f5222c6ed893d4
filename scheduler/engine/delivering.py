"""Finished mails leave: take one, look again, hand it over, record what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.actions.reconciling import Agendas
from scheduler.engine.dispatching import look_again
from scheduler.engine.events import Event, Report, Word
from scheduler.errors import HanchotError, UserError
from scheduler.plan.catchup import opening
from scheduler.plan.model import Plan
from scheduler.ports import Clock, Mailer, MessageRow, MessageState, Store

LEASE = timedelta(minutes=15)  # longer than the ten minutes an SMTP server may take
HOLD = timedelta(minutes=4)  # so long a page is worked on: the last mail begun still ends inside the lease
LATER = timedelta(minutes=15)  # when to try again what could not be handled at all
PAGE = 50
IMMEDIATE = ("outage",)  # kinds that opening hours do not bind


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer:
    """Empties the outbox. `name` tells this process from others on the same store.

    The clock is read anew for each mail: a long delivery does not run on past closing time.
    """

    store: Store
    clock: Clock
    mailer: Mailer
    report: Report
    name: str
    is_stopping: Callable[[], bool]

    def deliver(self, plans: Mapping[str, Plan], agendas: Agendas) -> None:
        """Deliver what may leave now; between two mails it can be asked to stop."""
        while not self.is_stopping():
            since = self.clock.now()
            with self.store.transaction() as unit:
                page = unit.outbox.claim(since, by=self.name, lease=LEASE, limit=PAGE)
            for taken, row in enumerate(page):
                now = self.clock.now()
                if taken and abs(now - since) > HOLD:
                    self._give_back(page[taken:])
                    break
                if self.is_stopping() or not self._deliver_one(row, plans.get(row.plan), agendas, now):
                    self._give_back(page[taken:])
                    return
            else:
                if len(page) < PAGE:
                    return

    def _give_back(self, rows: Sequence[MessageRow]) -> None:
        with self.store.transaction() as unit:
            for row in rows:
                unit.outbox.postpone(row.id, by=self.name, until=row.not_before)

    def _deliver_one(self, row: MessageRow, plan: Plan | None, agendas: Agendas, now: datetime) -> bool:
        """Settle, postpone or send one mail; return False where the transport itself is unwell."""
        try:
            return self._handle(row, plan, agendas, now)
        except HanchotError:
            raise
        except Exception as error:  # a fault of ours with one mail; it is told, and the others go on
            text = f"mail stays in the outbox: {type(error).__name__}: {error}"
            self.report(self._event(row, "trouble", now, text))
            self._postpone(row, now + LATER)
            return True

    def _handle(self, row: MessageRow, plan: Plan | None, agendas: Agendas, now: datetime) -> bool:
        leaves = self._earliest(row, plan, now)
        if leaves > now:
            self._postpone(row, leaves)
            return True
        verdict = self._look_again(row, plan, agendas, now)
        if verdict is not None:
            self._finish(row, *verdict, reply="", attempted=False, now=now)
            return True
        try:
            outcome = self.mailer.send(row.mail)
        except UserError as error:  # nothing is lost: the mails wait in the outbox for a later tick
            self.report(self._event(row, "trouble", now, f"mail stays in the outbox: {error}"))
            return False
        self._finish(row, outcome.state, outcome.reply, reply=outcome.reply, attempted=True, now=now)
        return True

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
        self, row: MessageRow, plan: Plan | None, agendas: Agendas, now: datetime
    ) -> tuple[MessageState, str] | None:
        """Return why a mail should not leave any more (the second of the two looks)."""
        if _is_expired(row, now):
            return "missed", "too old to deliver: the next step is due or two working days are gone"
        if not row.rungs or plan is None:
            return None
        with self.store.reading() as view:
            agenda = agendas.read(view, plan)
            carried = [rung for id in row.rungs if (rung := view.rungs.get(id)) is not None]
        found = [look_again(agenda, rung) for rung in carried]
        gone = [verdict for verdict in found if verdict is not None]
        if len(gone) < len(found) or not gone:
            return None
        state, reason = gone[0]
        return ("cancelled" if state == "cancelled" else "skipped"), reason

    def _finish(
        self, row: MessageRow, state: MessageState, reason: str, *, reply: str, attempted: bool, now: datetime
    ) -> None:
        kept = "" if state == "sent" else reason
        with self.store.transaction() as unit:
            done = unit.outbox.finish(
                row.id, by=self.name, state=state, reason=kept, reply=reply, attempted=attempted, now=now
            )
        if done:
            self.report(self._event(row, _WORDS[state], now, row.mail.subject if state == "sent" else reason))

    def _event(self, row: MessageRow, word: Word, now: datetime, text: str) -> Event:
        return Event(
            word=word,
            at=now,
            text=text,
            plan=row.plan,
            milestone=row.milestone or "",
            party=row.party,
            rung=row.rung or row.kind,
        )


def _is_expired(row: MessageRow, now: datetime) -> bool:
    return row.expires_at is not None and now >= row.expires_at


_WORDS: dict[str, Word] = {
    "sent": "sent", "skipped": "skipped", "missed": "missed", "cancelled": "cancelled",
    "failed": "failed", "ambiguous": "ambiguous",
}  # fmt: skip
