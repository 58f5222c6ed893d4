"""Assemble a ticker: its parts share one record, one cache of agendas and one reporter."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scheduler.engine.completion import Elsewhere, MailDelivery, TickCompletion
from scheduler.engine.dispatch import Dispatcher
from scheduler.engine.feed_publication import FeedPublisher
from scheduler.engine.local_reporter import LocalReporter
from scheduler.engine.mails.bounces import BounceRecorder
from scheduler.engine.mails.delivery import Deliverer
from scheduler.engine.mails.handover import Handover
from scheduler.engine.mails.mail_account import MailAccount
from scheduler.engine.mails.mail_queue import MailQueue
from scheduler.engine.mails.senders import Senders
from scheduler.engine.mails.sent_lookup import SentLookup
from scheduler.engine.outage_summary import OutageReporter
from scheduler.engine.plan_steps import PlanSteps
from scheduler.engine.plans_in_force import PlansInForce
from scheduler.engine.sources.answers import AnswerSource, MailboxAdapters
from scheduler.engine.sources.collector import SourceCollector
from scheduler.engine.status_checks import StatusChecks
from scheduler.engine.tick import Ticker
from scheduler.engine.weekly_digest import WeeklyDigest
from scheduler.ports import (
    Checker,
    ChunkQueue,
    Clock,
    Definitions,
    FeedRenderer,
    Machine,
    Mailer,
    PeriodicSource,
    RebuildPlan,
    SentFolder,
)
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
    answers are read. A process that has the record for itself needs no `heartbeat`; of the others one plans at a time,
    and those that stand by `rebuild` the plans from their text in the record. Without a `machine` the clock is made up,
    and may be believed. With a `queue` mails are handed over to workers.
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
    queue: ChunkQueue | None = None
    rebuild: RebuildPlan = lambda text: None


@dataclass(frozen=True, slots=True, kw_only=True)
class TickSettings:
    """The settings of the daemon's work.

    `name` identifies this process among all that use the same record. `operators` are e-mail addresses. Without
    `weekly` there are no digests. A process that does not `deliver` leaves the mails to others.
    """

    name: str
    operators: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    weekly: DigestSchedule | None = None
    delivers: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """Through which one sender lets mails leave, and where it looks up those whose fate is unclear."""

    mailer: Mailer
    sent_folder: SentFolder | None = None


def make_ticker(
    services: ServiceContext,
    adapters: Adapters,
    settings: TickSettings,
    *,
    report: Reporter,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Ticker:
    """Return the daemon's work on a record."""
    return _make(services, adapters, settings, report=report, is_stopping=is_stopping)[0]


def make_worker(
    services: ServiceContext,
    adapters: Adapters,
    settings: TickSettings,
    outlets: Sequence[Outlet],
    *,
    report: Reporter,
    stopping: threading.Event,
) -> tuple[Ticker, Senders]:
    """Return the work of a process that delivers what workers are handed, and a sender for each outlet."""
    ticker, deliverer_of = _make(services, adapters, settings, report=report, is_stopping=stopping.is_set)
    senders = Senders(
        [deliverer_of(f"{settings.name}/{number}", outlet) for number, outlet in enumerate(outlets, start=1)],
        clock=adapters.clock,
        plans=ticker.read_plans,
        report=ticker.report,
        stopping=stopping,
    )
    return ticker, senders


def _make(
    services: ServiceContext,
    adapters: Adapters,
    settings: TickSettings,
    *,
    report: Reporter,
    is_stopping: Callable[[], bool],
) -> tuple[Ticker, Callable[[str, Outlet], Deliverer]]:
    """Return the daemon's work, and what makes deliverers under a name that share its parts."""
    store, agendas, reporter = services.store, AgendaCache(), LocalReporter(report)
    tell = reporter.report
    plans = PlansInForce(adapters.definitions, services, agendas, reporter, adapters.rebuild)
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

    leads = adapters.heartbeat.leads if adapters.heartbeat else lambda: True

    def may_begin() -> bool:
        return guard is None or guard.look() is None

    def account_of(mailer: Mailer) -> MailAccount:
        return MailAccount(store=store, mailer=mailer, report=tell, limits=settings.limits)

    def make_deliverer(name: str, outlet: Outlet) -> Deliverer:
        return Deliverer(
            clock=adapters.clock,
            queue=MailQueue(store=store, name=name, report=tell, heartbeat=adapters.heartbeat),
            account=account_of(outlet.mailer),
            lookup=SentLookup(folder=outlet.sent_folder, report=tell),
            agendas=agendas,
            on_dead=addresses.record,
            on_alive=addresses.revive,
            is_stopping=is_stopping,
            may_begin=may_begin,
        )

    deliverer: MailDelivery
    if not settings.delivers:
        deliverer = Elsewhere()
    elif adapters.queue is not None:
        deliverer = Handover(
            store=store,
            queue=adapters.queue,
            account=account_of(adapters.mailer),
            clock=adapters.clock,
            leads=leads,
            is_stopping=is_stopping,
            may_begin=may_begin,
        )
    else:
        deliverer = make_deliverer(settings.name, Outlet(mailer=adapters.mailer, sent_folder=adapters.sent_folder))
    sources = list(adapters.sources)
    if adapters.mailbox is not None:
        sources.append(AnswerSource(services, plans, adapters.mailbox, tell))
    outages = OutageReporter(services=services, agendas=agendas, report=tell, operators=settings.operators)
    ticker = Ticker(
        clock=adapters.clock,
        store=store,
        guard=guard,
        reporter=reporter,
        plans=plans,
        sources=SourceCollector(sources, tell),
        steps=steps,
        completion=TickCompletion(store=store, deliverer=deliverer, outages=outages, is_stopping=is_stopping),
        leads=leads,
        is_stopping=is_stopping,
    )
    return ticker, make_deliverer
