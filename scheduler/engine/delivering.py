"""Finished mails leave: take one, look again, hand it over, record what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.actions.reconciling import Agendas
from scheduler.engine.dispatching import look_again
from scheduler.engine.events import Event, Report, Word
from scheduler.errors import UserError
from scheduler.plan.catchup import opening
from scheduler.plan.model import Plan
from scheduler.ports import Mailer, MessageRow, MessageState, Store

LEASE = timedelta(minutes=15)  # longer than the ten minutes an SMTP server may take to answer
PAGE = 50
IMMEDIATE = ("outage",)  # kinds that opening hours do not bind


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverer:
    """Empties the outbox. `name` tells this process from others on the same store."""

    store: Store
    mailer: Mailer
    report: Report
    name: str
    is_stopping: Callable[[], bool]

    def deliver(self, plans: Mapping[str, Plan], agendas: Agendas, now: datetime) -> None:
        """Deliver what may leave at `now`; between two mails it can be asked to stop."""
        while not self.is_stopping():
            with self.store.transaction() as unit:
                page = unit.outbox.claim(now, by=self.name, lease=LEASE, limit=PAGE)
            for taken, row in enumerate(page):
                if self.is_stopping() or not self._deliver_one(row, plans.get(row.plan), agendas, now):
                    self._give_back(page[taken:])
                    return
            if len(page) < PAGE:
                return

    def _give_back(self, rows: Sequence[MessageRow]) -> None:
        with self.store.transaction() as unit:
            for row in rows:
                unit.outbox.postpone(row.id, by=self.name, until=row.not_before)

    def _deliver_one(self, row: MessageRow, plan: Plan | None, agendas: Agendas, now: datetime) -> bool:
        """Settle, postpone or send one mail; return False where the transport itself is unwell."""
        opens = opening(plan, row.milestone, now) if plan is not None and row.kind not in IMMEDIATE else now
        if opens > now:
            with self.store.transaction() as unit:
                unit.outbox.postpone(row.id, by=self.name, until=opens)
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

    def _look_again(
        self, row: MessageRow, plan: Plan | None, agendas: Agendas, now: datetime
    ) -> tuple[MessageState, str] | None:
        """Return why a mail that was never tried should not leave any more (the second of the two looks)."""
        if row.expires_at is not None and now >= row.expires_at:
            return "missed", "too old to deliver: the next step is due or two working days are gone"
        if row.attempts or not row.rungs or plan is None:
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


_WORDS: dict[str, Word] = {
    "sent": "sent", "skipped": "skipped", "missed": "missed", "cancelled": "cancelled",
    "failed": "failed", "ambiguous": "ambiguous",
}  # fmt: skip
