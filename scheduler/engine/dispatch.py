"""Turn due rungs into mails in the outbox: claim, check again, compose once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import islice
from typing import TypeVar

from scheduler.errors import UserError
from scheduler.plan import reasons
from scheduler.plan.agenda import Agenda, RungState
from scheduler.plan.dispatch_policy import Decision, decide, last_moment
from scheduler.plan.facts import drop_withdrawn
from scheduler.plan.message_kinds import TO_SUPERIORS
from scheduler.plan.messages.escalations import count_notices, escalation_messages
from scheduler.plan.messages.message import Message, MessageOfMilestone, PromisedMessage
from scheduler.plan.messages.promises import messages_for
from scheduler.plan.messages.submissions import submission_messages
from scheduler.plan.model import Plan
from scheduler.plan.reasons import Reason
from scheduler.plan.recipients import silent_addresses
from scheduler.plan.second_look import why_not_owed
from scheduler.ports import RungRow, UnitOfWork
from scheduler.ports.events import Event, EventName, Reporter
from scheduler.queries.agendas import AgendaCache, find_state, inputs_fingerprint
from scheduler.queries.inbox import read_gaps
from scheduler.queries.site_links import Linker, make_linker
from scheduler.services.context import ServiceContext
from scheduler.services.ledger_changes import as_due
from scheduler.services.promised_mails import make_outgoing
from scheduler.services.reconcile import reconcile
from scheduler.texts import Text
from scheduler.wording.sentences import word_reason

PAGE = 200  # rungs dispatched in one transaction

_M = TypeVar("_M", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Dispatches the due rungs of one plan. Several daemons may do so at once, because rungs are claimed."""

    services: ServiceContext
    agendas: AgendaCache
    report: Reporter

    def dispatch(self, plan: Plan, now: datetime) -> datetime | None:
        """Settle or queue every due rung of a plan; return the earliest opening (UTC) that a rung waits for, or None.

        It commits once per page of rungs.
        """
        with self.services.store.reading() as view:
            due = view.rungs.due(plan.id, now)
        decisions = decide([as_due(row) for row in due], plan=plan, now=now)
        verdicts = list(zip(due, decisions, strict=True))
        new = [row.id for row in due if row.noticed_at is None]
        if new:
            with self.services.store.transaction() as unit:
                unit.rungs.notice(new, now=now)
        for page in _pages(verdicts):
            self._dispatch_page(plan, page, now)
        return min((d.until for d in decisions if d.until is not None), default=None)

    def _dispatch_page(self, plan: Plan, page: Sequence[tuple[RungRow, Decision]], now: datetime) -> None:
        with self.services.store.transaction() as unit:
            happened = list(self._settle_page(unit, plan, page, now))
        for event in happened:
            self.report(event)

    def _settle_page(
        self,
        unit: UnitOfWork,
        plan: Plan,
        page: Sequence[tuple[RungRow, Decision]],
        now: datetime,
    ) -> Iterator[Event]:
        """Settle, claim and compose the rungs of a page; yield what happened."""
        state = find_state(unit, plan)
        if state.digest != plan.digest:
            return  # another process loaded another revision; the next tick sees it
        agenda = self.agendas.read(unit, plan)
        to_send: list[RungRow] = []
        for row, decision in page:
            act, reason = why_not_owed(agenda, row) or (decision.act, decision.reason)
            if act == "send":
                to_send.append(row)
            elif act != "wait":
                yield from _settle(unit, row, act, reason, now)
        if state.reconciled != inputs_fingerprint(state, plan):
            reconcile(unit, agenda, now)
            to_send = _still_due(unit, plan, to_send, now)
        mine = unit.rungs.claim([row.id for row in to_send], now=now)
        yield from self._compose(unit, agenda, [row for row in to_send if row.id in mine], now)

    def _compose(self, unit: UnitOfWork, agenda: Agenda, rows: Sequence[RungRow], now: datetime) -> Iterator[Event]:
        """Queue the mails of the claimed rungs of one page."""
        if not rows:
            return
        avoided = silent_addresses(agenda.plan, drop_withdrawn(unit.facts.general(agenda.plan.id)), now)
        if rows[0].kind == "escalation":
            yield from self._compose_escalations(unit, agenda, rows, avoided, now)
            return
        finish = self._finisher(unit, agenda.plan, now)
        if rows[0].kind == "submission":
            notices = [(finish(message), about) for message, about in submission_messages(agenda, rows, now, avoided)]
            yield from self._queue(unit, agenda, rows, notices, now, {})
            return
        messages = [
            (finish(message), (row,))
            for row in rows
            for message in messages_for(agenda, row, now, avoided, _rows_beside(unit, agenda.plan, row))
        ]
        following = unit.rungs.following([row.id for row in rows])
        yield from self._queue(unit, agenda, rows, messages, now, following)

    def _finisher(self, unit: UnitOfWork, plan: Plan, now: datetime) -> Linker:
        """Return what adds to a message where its reader can answer, and what could not be looked at."""
        link, gaps = make_linker(self.services.links, unit), read_gaps(unit, plan.id, self.services.reading, now)

        def finish(message: _M) -> _M:
            about = message.occurrence if isinstance(message, MessageOfMilestone) else ""
            party = "" if message.kind == "escalation" else message.party.id  # that is about several
            return replace(link(message), gap=gaps.of(about, party))

        return finish

    def _compose_escalations(
        self, unit: UnitOfWork, agenda: Agenda, rows: Sequence[RungRow], avoided: frozenset[str], now: datetime
    ) -> Iterator[Event]:
        """Queue one mail per recipient for the escalations of one milestone and step."""
        notices = count_notices(unit.rungs.of_milestone(agenda.plan.id, rows[0].milestone))
        reported = tuple(row for row in rows if notices.get(row.party, 1))
        for row in rows:
            if row not in reported:
                yield from _settle(unit, row, "skipped", reasons.no_notice(row.party), now)
        if not reported:
            return
        finish = self._finisher(unit, agenda.plan, now)
        reports = [
            (finish(message), about) for message, about in escalation_messages(agenda, reported, now, avoided, notices)
        ]
        # No expiry by the next rung: that one has other recipients.
        yield from self._queue(unit, agenda, reported, reports, now, {})

    def _queue(
        self,
        unit: UnitOfWork,
        agenda: Agenda,
        rows: Sequence[RungRow],
        messages: Iterable[tuple[PromisedMessage, tuple[RungRow, ...]]],
        now: datetime,
        following: Mapping[int, datetime],
    ) -> Iterator[Event]:
        """Compose and queue each message; settle every rung that no mail carries, with the reason."""
        carried: set[int] = set()
        why: dict[int, tuple[RungState, Reason]] = {}
        written = []
        for message, about in messages:
            try:
                written.append((message, about, self.services.composer.compose(message)))
            except UserError as error:
                why |= {row.id: ("failed", reasons.unwritten(error.problems[0].message)) for row in about}
                event = _event("trouble", about[0], now, Text("could not be written: {error}", error=error))
                yield replace(event, step="reminders")
        expiry = cache(lambda at, next_at: last_moment(at, now, next_at, agenda.plan))  # mostly the same within a page
        for message, about, mail in written:
            expires_at = expiry(about[0].at, following.get(about[0].id))
            if unit.outbox.add(make_outgoing(message, about, mail, not_before=now, expires_at=expires_at)) is not None:
                carried |= {row.id for row in about}
            else:  # a mail with its identity is there already
                why |= {row.id: ("skipped", reasons.WRITTEN_BEFORE) for row in about}
        for row in rows:
            if row.id not in carried:
                yield from _settle(unit, row, *(why.get(row.id) or _unreachable(agenda, row)), now)


def _rows_beside(unit: UnitOfWork, plan: Plan, row: RungRow) -> Sequence[RungRow]:
    """Return the rungs among which an overdue notice counts those before it."""
    return unit.rungs.of_party(plan.id, row.party, row.milestone) if row.kind == "overdue" else ()


def _still_due(unit: UnitOfWork, plan: Plan, rows: Sequence[RungRow], now: datetime) -> list[RungRow]:
    due = {row.id for row in unit.rungs.due(plan.id, now)}
    return [row for row in rows if row.id in due]


def _unreachable(agenda: Agenda, row: RungRow) -> tuple[RungState, Reason]:
    """Return the state and reason of a rung that has no recipient."""
    if row.kind == "escalation":
        return "skipped", reasons.nobody_above(row.party)
    if row.kind in TO_SUPERIORS:
        return "failed", reasons.LEAD_UNREACHABLE
    if agenda.plan.parties[row.party].contacts:
        return "failed", reasons.every_address_bounces(row.party)
    return "failed", reasons.no_contact(row.party)


def _settle(unit: UnitOfWork, row: RungRow, state: RungState, reason: Reason, now: datetime) -> Iterator[Event]:
    if unit.rungs.settle([row.id], state, reason, now=now):
        yield _event(_WORDS[state], row, now, word_reason(reason))


_WORDS: dict[str, EventName] = {
    "skipped": "skipped", "missed": "missed", "cancelled": "cancelled", "failed": "failed",
}  # fmt: skip


def _event(name: EventName, row: RungRow, now: datetime, text: str) -> Event:
    return Event(name=name, at=now, text=text, plan=row.plan, milestone=row.milestone, party=row.party, rung=row.name)


def _report_of(row: RungRow) -> tuple[str, str] | None:
    """Return what the rungs share that one mail reports together; None for one that is mailed by itself."""
    match row.kind:
        case "escalation":
            return row.milestone, row.name
        case "submission":
            return "", row.kind
        case _:
            return None


def _pages(verdicts: Sequence[tuple[RungRow, Decision]]) -> Iterator[list[tuple[RungRow, Decision]]]:
    """Yield pages of at most PAGE rungs; those that one mail reports together have a page of their own."""
    single = (v for v in verdicts if _report_of(v[0]) is None)
    while page := list(islice(single, PAGE)):
        yield page
    reports: dict[tuple[str, str], list[tuple[RungRow, Decision]]] = {}
    for verdict in verdicts:
        if (report := _report_of(verdict[0])) is not None:
            reports.setdefault(report, []).append(verdict)
    yield from reports.values()  # oldest first, so that a superseded rung is settled before its successor
