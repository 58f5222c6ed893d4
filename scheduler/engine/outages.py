"""After downtime: one summary to the operators of what it did (contract rules 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.actions.correspondence import outage_letters
from scheduler.actions.reconciling import Agendas
from scheduler.engine.events import Event, Report
from scheduler.errors import UserError
from scheduler.plan.agenda import Agenda
from scheduler.plan.dates import local_day
from scheduler.plan.letters import Outage, OutageEntry
from scheduler.plan.model import Plan
from scheduler.ports import Composer, Outgoing, RungRow, Store, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageWatch:
    """Closes a tick; where the daemon had been away and a rung suffered, says so once."""

    store: Store
    composer: Composer
    report: Report
    operators: Sequence[str]

    def close_tick(
        self, plans: Sequence[Plan], agendas: Agendas, now: datetime, *, seen: Sequence[Plan], suspicious: bool
    ) -> bool:
        """Record the tick as completed, with a summary of what went wrong since the one before.

        `seen` are the plans for which this is the day's first tick in the opening hours; unless
        `suspicious`, no rung was due since the last tick. Return whether there was a summary.
        """
        happened: list[Event] = []
        with self.store.transaction() as unit:
            last = unit.journal.last_tick() if suspicious else None
            if last is not None:
                happened = self._summarise(unit, plans, agendas, last, now)
            unit.journal.record_tick(now)
            for plan in seen:
                unit.plans.record_seen(plan.id, local_day(now, plan.zone))
        for event in happened:
            self.report(event)
        return bool(happened)

    def _summarise(
        self, unit: Unit, plans: Sequence[Plan], agendas: Agendas, last: datetime, now: datetime
    ) -> list[Event]:
        suffered = {plan.id: _suffered(plan, unit.rungs.between(plan.id, last, now)) for plan in plans}
        if not any(suffered.values()):
            return []
        touched = [agendas.read(unit, plan) for plan in plans if suffered[plan.id]]
        entries = {agenda.plan.id: _entries(agenda, suffered[agenda.plan.id]) for agenda in touched}
        outage = Outage(since=last, until=now, entries=())
        events = []
        for letter in outage_letters(touched, entries, outage, self.operators):
            try:
                mail = self.composer.compose(letter)
            except UserError as error:
                events.append(Event(word="trouble", at=now, text=f"outage summary could not be written: {error}"))
                continue
            unit.outbox.add(
                Outgoing(
                    mail=mail,
                    kind="outage",
                    plan=letter.plan.id,
                    milestone=None,
                    party=letter.party.id,
                    created_at=now,
                    not_before=now,
                    expires_at=None,
                    slot=letter.key,
                )
            )
        count = sum(len(rows) for rows in suffered.values())
        text = f"was away from {last.isoformat()} to {now.isoformat()}: {count} steps late, missed or skipped"
        return [*events, Event(word="outage", at=now, text=text)]


def _suffered(plan: Plan, rows: Sequence[RungRow]) -> list[RungRow]:
    return [row for row in rows if outcome_of(plan, row) is not None]


def outcome_of(plan: Plan, row: RungRow) -> str | None:
    """Return what being away did to a promise: `missed`, `skipped` for a newer one, `late` beyond its day."""
    if row.noticed_at is None:
        return None
    if row.state == "missed":
        return "missed"
    if local_day(row.noticed_at, plan.zone) <= local_day(row.at, plan.zone):
        return None
    if row.state == "skipped":
        return "skipped" if row.reason.startswith("came late") else None
    return "late" if row.state in ("planned", "queued", "sent", "ambiguous", "failed") else None


def _entries(agenda: Agenda, rows: Sequence[RungRow]) -> tuple[OutageEntry, ...]:
    plan = agenda.plan
    known = {milestone.id for milestone in plan.milestones}
    return tuple(
        OutageEntry(
            milestone=plan.milestone(row.milestone),
            party=plan.parties[row.party],
            rung=row.name,
            at=row.at,
            outcome=outcome_of(plan, row) or "late",  # type: ignore[arg-type]  # one of the three words
        )
        for row in rows
        if row.party in plan.parties and row.milestone.partition("@")[0] in known
    )
