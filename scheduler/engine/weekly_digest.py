"""The weekly digest, written once however many daemons run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, time

from scheduler.errors import UserError
from scheduler.plan.dates.due_dates import to_instant
from scheduler.plan.dispatch_policy import LATEST, working_days_late
from scheduler.plan.messages.digest import DigestSource
from scheduler.plan.model import Plan
from scheduler.ports import Outgoing, PlanState, UnitOfWork
from scheduler.ports.events import Event, Reporter
from scheduler.queries.agendas import AgendaCache
from scheduler.queries.inbox import read_failed_sources, read_gaps
from scheduler.queries.site_links import make_linker
from scheduler.services.context import ServiceContext
from scheduler.services.digests import (
    WEEK,
    DigestSchedule,
    digest_message,
    digest_recipients,
    draw_digest,
    last_digest,
    next_digest,
    read_health,
)
from scheduler.texts import Text


@dataclass(slots=True, kw_only=True)
class WeeklyDigest:
    """Writes the digest of each plan when it is due; the deduplication key of a mail holds the digest's instant."""

    services: ServiceContext
    agendas: AgendaCache
    report: Reporter
    weekly: DigestSchedule | None  # None: no digests
    _known: dict[str, datetime] = field(default_factory=dict)  # the last digest that this process dealt with, by plan

    def is_due(self, plan: Plan, state: PlanState, now: datetime) -> bool:
        """Return whether the latest digest of an active plan may still have to be written."""
        if self.weekly is None:
            return False
        at = last_digest(plan, self.weekly, now)
        if self._known.get(plan.id) == at or not is_active(plan, state, at):
            return False
        return working_days_late(at, now, plan) <= LATEST

    def write(self, plan: Plan, now: datetime) -> bool:
        """Queue the latest digest for everyone who has not got it yet; return False if all have.

        It commits. A digest that cannot be composed is reported.
        """
        if self.weekly is None:
            return False
        at = last_digest(plan, self.weekly, now)
        with self.services.store.transaction() as unit:
            queued = self._queue(unit, plan, self.weekly, at, now)
        self._known[plan.id] = at
        return queued

    def next_at(self, plan: Plan, now: datetime) -> datetime | None:
        """Return when the next digest after `now` is due (UTC)."""
        return next_digest(plan, self.weekly, now) if self.weekly else None

    def _queue(self, unit: UnitOfWork, plan: Plan, weekly: DigestSchedule, at: datetime, now: datetime) -> bool:
        facts = unit.facts.of(plan.id)
        recipients = digest_recipients(plan, weekly, facts, now)
        keys = {f"digest:{plan.id}:{at.isoformat()}:{to.contact.email}": to for to in recipients}
        unused = {key: to for key, to in keys.items() if not unit.outbox.has_deduplication_key(key)}
        if not unused:
            return False
        agenda = self.agendas.read(unit, plan)
        if agenda.retired is not None:
            return False
        outages = unit.journal.outages(now - WEEK)
        mails = unit.outbox.list(plan=plan.id, states=["failed", "ambiguous"])
        health = read_health(plan, facts, mails, outages, unit.journal.last_tick(), now)
        reading = self.services.reading
        gap = read_gaps(unit, plan.id, reading, now).of()
        sources = tuple(DigestSource(one.source, one.since) for one in read_failed_sources(unit, plan.id, reading))
        health = replace(health, gap=gap, sources=sources)
        digest = draw_digest(agenda, facts, now, health)
        link = make_linker(self.services.links, unit)
        for key, to in unused.items():
            message = digest_message(agenda, digest, to, now)
            try:
                mail = self.services.composer.compose(replace(link(message), gap=gap))
            except UserError as error:
                text = Text("digest could not be written: {error}", error=error)
                self.report(Event(name="trouble", at=now, plan=plan.id, text=text, step="digest"))
                continue
            unit.outbox.add(
                Outgoing(
                    mail=mail,
                    kind="digest",
                    plan=plan.id,
                    milestone=None,
                    party=message.party.id,
                    created_at=now,
                    not_before=now,
                    expires_at=next_digest(plan, weekly, now),
                    deduplication_key=key,
                )
            )
        return True


def is_active(plan: Plan, state: PlanState, at: datetime) -> bool:
    """Return whether a plan is active: from its first day to the end of its year, and while a rung is planned."""
    begins = max(to_instant(plan.remind_from, time(), plan.zone), state.first_loaded_at)
    return begins <= at and (at.astimezone(plan.zone).year <= plan.year or state.next_rung is not None)
