"""The outbox as one sender works it off: mails are claimed, begun, then given back, postponed or finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from scheduler.engine.mails.mail_account import Allowance, MailAccount
from scheduler.engine.mails.retry_policy import RetryDecision
from scheduler.plan.reasons import Reason
from scheduler.ports import Chunk, MessageRow, RungRow, Store, UnitOfWork
from scheduler.ports.events import Event, EventName, Reporter
from scheduler.services.heartbeats import Heartbeat
from scheduler.texts import Text
from scheduler.wording.sentences import word_reason

LEASE = timedelta(minutes=15)  # longer than the ten minutes that an SMTP server may take
PAGE = 50  # mails claimed at once

Beginning = Literal["begun", "spent", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailQueue:
    """The mails that wait in the outbox. Each method commits.

    `name` identifies this sender among all that use the same store: its process, and if that has several, a number.
    Without a `heartbeat` nobody else uses it.
    """

    store: Store
    name: str
    report: Reporter
    heartbeat: Heartbeat | None = None

    def mark(self) -> int:
        """Return the mark of what is claimed from now on."""
        return self.heartbeat.mark() if self.heartbeat else 0

    def holds(self, mark: int) -> bool:
        """Return whether what was claimed under a mark cannot have been released by another process."""
        return self.heartbeat is None or self.heartbeat.is_unbroken(mark)

    def claim(self, account: MailAccount, now: datetime) -> tuple[Sequence[MessageRow], Allowance]:
        """Claim a page of mails, as many as the account may send now, the urgent ones first."""
        with self.store.transaction() as unit:
            allowance = account.allow(unit, PAGE, now)
            page = self._take(unit, now, allowance.urgent, urgent=True)
            page = [*page, *self._take(unit, now, min(allowance.mails, PAGE - len(page)), urgent=False)]
        self._note_claim(page)
        return page, allowance

    def take_over(self, chunk: Chunk, account: MailAccount, now: datetime) -> tuple[Sequence[MessageRow], Allowance]:
        """Claim the mails of a chunk that are still reserved for it."""
        with self.store.transaction() as unit:
            page = unit.outbox.take_over(chunk.mails, reserved_by=chunk.name, by=self.name, now=now, lease=LEASE)
            allowance = account.allow(unit, len(page), now)
        self._note_claim(page)
        return page, allowance

    def _note_claim(self, page: Sequence[MessageRow]) -> None:
        if page and self.heartbeat is not None:
            self.heartbeat.note_claim()

    def begin(self, row: MessageRow, account: MailAccount, now: datetime) -> Beginning:
        """Count a claimed mail against the limits of the account and record that an attempt begins, or do neither.

        It is `spent` if others have used up the limits, and `lost` if the lease is gone.
        """
        with self.store.transaction() as unit:
            if not account.count(unit, row.kind, now):
                return "spent"
            if unit.outbox.begin(row.id, by=self.name, now=now):
                return "begun"
            account.uncount(unit, row.kind, now)
            return "lost"

    def back_out(self, row: MessageRow, account: MailAccount, why: str, now: datetime) -> None:
        """Take an attempt back that was begun at `now` and could not be made, and report why; the mail may leave."""
        with self.store.transaction() as unit:
            account.uncount(unit, row.kind, now)
        self.keep(row, why, row.not_before, now)

    def _take(self, unit: UnitOfWork, now: datetime, limit: int, *, urgent: bool) -> Sequence[MessageRow]:
        if not limit:
            return ()
        return unit.outbox.claim(now, by=self.name, lease=LEASE, limit=limit, urgent=urgent)

    def read_carried(self, page: Sequence[MessageRow]) -> Mapping[int, RungRow]:
        """Return the rungs that the mails of a page carry, by id.

        One read serves the whole page, because the fields that are used never change. Whether a rung is still owed may
        change; that is checked again before each mail.
        """
        ids = {id for row in page for id in row.rungs}
        if not ids:
            return {}
        with self.store.reading() as view:
            return view.rungs.among(ids)

    def give_back(self, rows: Sequence[MessageRow]) -> None:
        """Return claimed mails to the queue; they may leave at once."""
        with self.store.transaction() as unit:
            for row in rows:
                unit.outbox.postpone(row.id, by=self.name, until=row.not_before)

    def postpone(self, row: MessageRow, until: datetime) -> None:
        """Return a claimed mail to the queue until an instant."""
        with self.store.transaction() as unit:
            unit.outbox.postpone(row.id, by=self.name, until=until)

    def keep(self, row: MessageRow, why: str, until: datetime, now: datetime) -> None:
        """Postpone a claimed mail that could not leave, and report why."""
        self.report(
            Event.of_mail(row, "trouble", now, Text("mail stays in the outbox: {why}", why=why), step="delivery")
        )
        self.postpone(row, until)

    def readdress(self, row: MessageRow, why: Reason, now: datetime) -> None:
        """Cancel a claimed mail and plan its rungs again, so that those are written to who are there now."""
        self.finish(row, RetryDecision(state="cancelled", reason=why, attempted=False), "", now, is_owed=True)

    def finish(
        self, row: MessageRow, after: RetryDecision, reply: str, now: datetime, *, is_owed: bool = False
    ) -> None:
        """Record the state of a mail and report it, unless the lease was lost meanwhile.

        If it `is_owed` all the same, the rungs that nobody has received are planned again.
        """
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
            if done and is_owed:
                unit.rungs.plan_again(row.rungs)
        if done:
            text = row.mail.subject if after.state == "sent" else word_reason(after.reason)
            self.report(Event.of_mail(row, _WORDS[after.state], now, text))


_WORDS: dict[str, EventName] = {
    "queued": "queued", "sent": "sent", "skipped": "skipped", "missed": "missed", "cancelled": "cancelled",
    "failed": "failed", "ambiguous": "ambiguous",
}  # fmt: skip
