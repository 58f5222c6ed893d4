"""Send the operators one summary of the effects of downtime (contract rules 1 and 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from scheduler.errors import UserError
from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.dispatch_policy import decide, opening
from scheduler.plan.message_kinds import is_notice
from scheduler.plan.messages.message import Outage, OutageEntry, OutageMessage
from scheduler.plan.messages.outages import outage_messages
from scheduler.plan.model import Occurrence, Plan
from scheduler.ports import Outgoing, RungRow, UnitOfWork
from scheduler.ports.events import Event, Reporter
from scheduler.queries.agendas import AgendaCache
from scheduler.queries.site_links import make_linker
from scheduler.services.context import ServiceContext
from scheduler.services.ledger_changes import as_due
from scheduler.texts import Text, Worded
from scheduler.wording import format_stamp

Outcome = Literal["late", "missed", "skipped"]
_Suffered = tuple[RungRow, Outcome]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageReporter:
    """Completes a tick, and reports once which rungs suffered while the daemon was away."""

    services: ServiceContext
    agendas: AgendaCache
    report: Reporter
    operators: Sequence[str]

    def close_tick(
        self,
        plans: Sequence[Plan],
        now: datetime,
        *,
        seen: Sequence[Plan],
        away: Mapping[str, datetime],
        suspicious: bool,
        is_mail_back: bool = False,
    ) -> bool:
        """Record the tick as completed; queue a summary of what went wrong since the last one, if anything.

        It commits. Returns whether there was a summary. `seen` holds the plans for which this is the first tick of the
        local day inside the opening hours; `away` says since when a plan was away, perhaps because it could not be
        loaded while ticks went on. If `suspicious` is false, no rung was due since the last tick and no summary is
        needed. `is_mail_back` adds the rungs that were missed since the last summary because no mail could leave.
        """
        happened: list[Event] = []
        with self.services.store.transaction() as unit:
            last = unit.journal.last_tick() if suspicious else None
            if last is not None:
                suffered = {
                    plan.id: _suffered(unit, plan, _came_due(unit, plan, last, away.get(plan.id, last), now), now)
                    for plan in plans
                }
                late = self._missed(unit, plans, last) if is_mail_back else {}
                found = {plan.id: [*late.get(plan.id, ()), *suffered[plan.id]] for plan in plans}
                since = min([last, *(row.at for rows in found.values() for row, _ in rows)])
                happened = self._summarise(unit, plans, found, since, now)
            unit.journal.record_tick(now)
            for plan in seen:
                unit.plans.record_seen(plan.id, local_day(now, plan.zone))
        for event in happened:
            self.report(event)
        return bool(happened)

    def _missed(self, unit: UnitOfWork, plans: Sequence[Plan], last: datetime) -> dict[str, list[_Suffered]]:
        """Return the rungs that were missed since the last summary and were due before the last tick."""
        reported_until = max((until for _, until in unit.journal.outages(BEGINNING)), default=BEGINNING)
        return {
            plan.id: [(row, "missed") for row in unit.rungs.missed(plan.id, reported_until) if row.at <= last]
            for plan in plans
        }

    def _summarise(
        self,
        unit: UnitOfWork,
        plans: Sequence[Plan],
        suffered: Mapping[str, Sequence[_Suffered]],
        since: datetime,
        now: datetime,
    ) -> list[Event]:
        """Record the outage and queue its summary, unless nothing suffered; return what happened."""
        count = sum(len(rows) for rows in suffered.values())
        if not count:
            return []
        # Another daemon with a clock slightly ahead may have settled some of them later than now. The outage is
        # recorded up to the last of them, so that no later summary repeats them.
        settled = [row.settled_at for rows in suffered.values() for row, _ in rows if row.settled_at is not None]
        unit.journal.record_outage(since, max([now, *settled]))
        touched = [self.agendas.read(unit, plan) for plan in plans if suffered[plan.id]]
        entries = {agenda.plan.id: _entries(agenda, suffered[agenda.plan.id]) for agenda in touched}
        outage = Outage(since=since, until=now, entries=())
        messages = outage_messages(touched, entries, outage, self.operators)
        zone = touched[0].plan.zone
        text = Text(
            "was away or could not send from {since} to {until}: {count} steps late, missed or skipped",
            since=Worded(partial(format_stamp, since.astimezone(zone))),
            until=Worded(partial(format_stamp, now.astimezone(zone))),
            count=count,
        )
        return [*self._queue(unit, messages, now), Event(name="outage", at=now, text=text)]

    def _queue(self, unit: UnitOfWork, messages: Sequence[OutageMessage], now: datetime) -> Iterator[Event]:
        """Queue the messages; yield an event for each that cannot be composed."""
        link = make_linker(self.services.links, unit)
        for message in messages:
            try:
                mail = self.services.composer.compose(link(message))
            except UserError as error:
                text = Text("outage summary could not be written: {error}", error=error)
                yield Event(name="trouble", at=now, text=text, step="outage summary")
                continue
            unit.outbox.add(
                Outgoing(
                    mail=mail,
                    kind="outage",
                    plan=message.plan.id,
                    milestone=None,
                    party=message.party.id,
                    created_at=now,
                    not_before=now,
                    expires_at=None,
                    deduplication_key=message.key,
                )
            )


def _came_due(unit: UnitOfWork, plan: Plan, last: datetime, away: datetime, now: datetime) -> list[RungRow]:
    """Return the rungs that came due since the last tick, and since a plan was away those of no summary yet."""
    outages = unit.journal.outages(away) if away < last else ()
    rows = unit.rungs.between(plan.id, min(last, away), now)
    return [row for row in rows if row.at > last or not _is_told(row, outages)]


def _is_told(row: RungRow, outages: Sequence[tuple[datetime, datetime]]) -> bool:
    """Return whether a summary was made after a rung was noticed that covers its instant."""
    return any(since <= row.at and row.noticed_at is not None and row.noticed_at <= until for since, until in outages)


def _suffered(unit: UnitOfWork, plan: Plan, rows: Sequence[RungRow], now: datetime) -> list[_Suffered]:
    ahead = _foresee(unit, plan, rows, now)
    return [(row, outcome) for row in rows if (outcome := _outcome_of(plan, row, ahead.get(row.id))) is not None]


def _foresee(unit: UnitOfWork, plan: Plan, rows: Sequence[RungRow], now: datetime) -> dict[int, str]:
    """Return the decision that each waiting rung will get at its opening, by id.

    Rungs that become due by then are taken into account.
    """
    waiting = [row for row in _of_known_milestones(plan, rows) if row.state == "planned"]
    found: dict[int, str] = {}
    for opens in {opening(plan, row.milestone, now) for row in waiting}:
        due = _of_known_milestones(plan, unit.rungs.due(plan.id, opens))
        decisions = decide([as_due(row) for row in due], plan=plan, now=opens)
        found |= {
            row.id: decision.act
            for row, decision in zip(due, decisions, strict=True)
            if opening(plan, row.milestone, now) == opens
        }
    return found


def _of_known_milestones(plan: Plan, rows: Sequence[RungRow]) -> list[RungRow]:
    """Return the rungs whose milestone is still in the plan."""
    known = {milestone.id for milestone in plan.milestones}
    return [row for row in rows if Occurrence.of(row.milestone).milestone in known]


def _outcome_of(plan: Plan, row: RungRow, ahead: str | None) -> Outcome | None:
    """Return what the outage did to a rung, or None if it did not suffer; a notice only leaves later.

    A rung is `missed`, `skipped` in favour of a newer one, or `late` if it was noticed after its own local day. `ahead`
    is the decision that a waiting rung will get at its opening.
    """
    if row.noticed_at is None or is_notice(row.kind):
        return None
    if row.state == "missed" or ahead == "missed":
        return "missed"
    if local_day(row.noticed_at, plan.zone) <= local_day(row.at, plan.zone):
        return None
    if ahead == "skipped":
        return "skipped"
    if row.state == "skipped":
        return "skipped" if row.reason.code == "came_late" else None
    return "late" if row.state in ("planned", "queued", "sent", "ambiguous", "failed") else None


def _entries(agenda: Agenda, suffered: Sequence[_Suffered]) -> tuple[OutageEntry, ...]:
    plan = agenda.plan
    known = {row.id for row in _of_known_milestones(plan, [row for row, _ in suffered])}
    return tuple(
        OutageEntry(
            milestone=plan.milestone(row.milestone),
            party=plan.parties[row.party],
            rung=row.name,
            at=row.at,
            outcome=outcome,
        )
        for row, outcome in suffered
        if row.party in plan.parties and row.id in known
    )
