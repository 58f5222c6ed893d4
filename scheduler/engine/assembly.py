"""Assemble a ticker: its parts share one record, one cache of agendas and one reporter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scheduler.engine.bounces import BounceRecorder
from scheduler.engine.completion import TickCompletion
from scheduler.engine.delivery import Deliverer
from scheduler.engine.dispatch import Dispatcher
from scheduler.engine.feed_publication import FeedPublisher
from scheduler.engine.local_reporter import LocalReporter
from scheduler.engine.mail_account import MailAccount
from scheduler.engine.mail_queue import MailQueue
from scheduler.engine.outage_summary import OutageReporter
from scheduler.engine.plan_steps import PlanSteps
from scheduler.engine.plans_in_force import PlansInForce
from scheduler.engine.sent_lookup import SentLookup
from scheduler.engine.sources.answers import AnswerSource, MailboxAdapters
from scheduler.engine.sources.collector import SourceCollector
from scheduler.engine.status_checks import StatusChecks
from scheduler.engine.tick import Ticker
from scheduler.engine.weekly_digest import WeeklyDigest
from scheduler.ports import Checker, Clock, Definitions, FeedRenderer, Machine, Mailer, PeriodicSource, SentFolder
from scheduler.ports.events import Reporter
from scheduler.queries.agendas import AgendaCache
from scheduler.queries.mail_limits import Limits
from scheduler.services.clock_guard import ClockGuard
from scheduler.services.context import ServiceContext
from scheduler.services.digests import DigestSchedule
from scheduler.services.heartbeats import Heartbeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """What the daemon's work needs besides the record.

    Without `calendars` none are published; without `sent_folder` no unclear mail is looked for; without `mailbox` no
    answers are read. A process that has the
    record for itself needs no `heartbeat`. Without a `machine` the clock is made up, and may be believed.
    """

    clock: Clock
    definitions: Definitions
    mailer: Mailer
    checkers: Sequence[Checker] = ()
    sources: Sequence[PeriodicSource] = ()
    sent_folder: SentFolder | None = None
    mailbox: MailboxAdapters | None = None
    calendars: FeedRenderer | None = None
    heartbeat: Heartbeat | None = None
    machine: Machine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TickSettings:
    """The settings of the daemon's work.

    `name` identifies this process among all that use the same record. `operators` are e-mail addresses. Without
    `weekly` there are no digests.
    """

    name: str
    operators: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    weekly: DigestSchedule | None = None


def make_ticker(
    services: ServiceContext,
    adapters: Adapters,
    settings: TickSettings,
    *,
    report: Reporter,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Ticker:
    """Return the daemon's work on a record."""
    store, agendas, reporter = services.store, AgendaCache(), LocalReporter(report)
    tell = reporter.report
    plans = PlansInForce(adapters.definitions, services, agendas, reporter)
    steps = PlanSteps(
        store=store,
        plans=plans,
        reporter=reporter,
        checks=StatusChecks(services=services, agendas=agendas, checkers=adapters.checkers, report=tell),
        dispatcher=Dispatcher(services=services, agendas=agendas, report=tell),
        digest=WeeklyDigest(services=services, agendas=agendas, report=tell, weekly=settings.weekly),
        feeds=FeedPublisher(store=store, agendas=agendas, calendars=adapters.calendars),
    )
    guard = ClockGuard(store, adapters.machine) if adapters.machine else None
    addresses = BounceRecorder(services=services, plans=plans, report=tell)
    deliverer = Deliverer(
        clock=adapters.clock,
        queue=MailQueue(store=store, name=settings.name, report=tell, heartbeat=adapters.heartbeat),
        account=MailAccount(store=store, mailer=adapters.mailer, report=tell, limits=settings.limits),
        lookup=SentLookup(folder=adapters.sent_folder, report=tell),
        agendas=agendas,
        on_dead=addresses.record,
        on_alive=addresses.revive,
        is_stopping=is_stopping,
        may_begin=lambda: guard is None or guard.look() is None,
    )
    sources = list(adapters.sources)
    if adapters.mailbox is not None:
        sources.append(AnswerSource(services, plans, adapters.mailbox, tell))
    outages = OutageReporter(services=services, agendas=agendas, report=tell, operators=settings.operators)
    return Ticker(
        clock=adapters.clock,
        store=store,
        guard=guard,
        reporter=reporter,
        plans=plans,
        sources=SourceCollector(sources, tell),
        steps=steps,
        completion=TickCompletion(store=store, deliverer=deliverer, outages=outages, is_stopping=is_stopping),
        is_stopping=is_stopping,
    )
