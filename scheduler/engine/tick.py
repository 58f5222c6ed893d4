"""One pass of the daemon: load, reconcile, check, dispatch, deliver, and compute the next wake-up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from scheduler.engine.delivery import Deliverer, Delivery
from scheduler.engine.dispatch import Dispatcher
from scheduler.engine.mail_account import Limits, MailAccount
from scheduler.engine.mail_queue import MailQueue
from scheduler.engine.outage_summary import OutageReporter
from scheduler.engine.sent_lookup import SentLookup
from scheduler.engine.source_collection import SourceCollector
from scheduler.engine.status_checks import StatusChecks
from scheduler.engine.survey import PlanWork, TickSurvey, days_between, has_come, next_workday_at
from scheduler.engine.weekly_digest import WeeklyDigest
from scheduler.errors import HanchotError, Problem, RecordUnavailable, UserError
from scheduler.plan.commands import ReportBounce
from scheduler.plan.dates.due_dates import ONE_DAY, local_day
from scheduler.plan.dispatch_policy import opening
from scheduler.plan.facts import MAIL_SERVER
from scheduler.plan.model import Plan
from scheduler.ports import (
    Checker,
    Clock,
    Composer,
    Definition,
    Definitions,
    FeedRenderer,
    Mailer,
    MessageRow,
    PeriodicSource,
    PlanState,
    SentFolder,
    Store,
    Tick,
    UnitOfWork,
)
from scheduler.ports.events import Event, Reporter
from scheduler.queries.agendas import AgendaCache, find_state
from scheduler.queries.site_links import SiteLinks
from scheduler.services.apply_revision import take
from scheduler.services.context import ServiceContext
from scheduler.services.digests import DigestSchedule
from scheduler.services.publish_feeds import publish, published_fingerprint
from scheduler.services.reconcile import Changes
from scheduler.services.record_facts import execute

T = TypeVar("T")


class Ticker:
    """The daemon's work, one pass at a time. Passes never overlap within one process."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        definitions: Definitions,
        composer: Composer,
        mailer: Mailer,
        checkers: Sequence[Checker],
        operators: Sequence[str],
        name: str,
        report: Reporter,
        is_stopping: Callable[[], bool] = lambda: False,
        sources: Sequence[PeriodicSource] = (),
        limits: Limits | None = None,
        weekly: DigestSchedule | None = None,
        sent_folder: SentFolder | None = None,
        calendars: FeedRenderer | None = None,
        links: SiteLinks | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.pulse = 0  # the number of reported events, by which a runner sees that a long tick progresses
        self._report = report
        self._definitions = definitions
        self._is_stopping = is_stopping
        self._calendars = calendars  # None: calendars are not published
        self._lock = threading.Lock()
        self._current: dict[str, Definition] = {}
        self._untaken: set[str] = set()  # plans whose revision could not be taken into the record
        self._refused: tuple[str, ...] = ()  # the errors of the definitions when they were last read
        self._foreign: dict[str, str] = {}
        self._agendas = AgendaCache()
        self._owes_summary = True  # an earlier process may have ended before it sent its summary
        self._is_unclosed = False  # a tick did work but could not be recorded as completed
        self._dispatcher = Dispatcher(store=store, composer=composer, report=self.report, links=links)
        self._services = ServiceContext(store=store, composer=composer, links=links)
        self._sources = SourceCollector(sources, self.report)
        self._deliverer = Deliverer(
            clock=clock,
            queue=MailQueue(store=store, name=name, report=self.report),
            account=MailAccount(store=store, mailer=mailer, report=self.report, limits=limits or Limits()),
            lookup=SentLookup(folder=sent_folder, report=self.report),
            agendas=self._agendas,
            on_dead=self._on_dead,
            is_stopping=is_stopping,
        )
        self._checking = StatusChecks(services=self._services, checkers=checkers, report=self.report)
        self._digesting = WeeklyDigest(store=store, composer=composer, links=links, report=self.report, weekly=weekly)
        self._outages = OutageReporter(
            store=store, composer=composer, links=links, report=self.report, operators=operators
        )

    @property
    def definitions(self) -> list[Definition]:
        """Return the definitions that are in force, ordered by plan id."""
        current = dict(self._current)  # another thread may load meanwhile
        return [current[id] for id in sorted(current)]

    @property
    def plans(self) -> list[Plan]:
        """Return the plans that are in force, ordered by id."""
        return [definition.plan for definition in self.definitions]

    def report(self, event: Event) -> None:
        """Report an event as progress, in the local time of its plan or else of the first plan."""
        self.pulse += 1
        self.pass_on(event)

    def pass_on(self, event: Event) -> None:
        """Report an event that does not count as progress."""
        definition = self._current.get(event.plan) or next(iter(self._current.values()), None)
        zone = definition.plan.zone if definition else UTC
        self._report(replace(event, at=event.at.astimezone(zone)))

    def load(self) -> tuple[Problem, ...]:
        """Read the definitions and take new revisions; an invalid one leaves its last valid revision in force.

        It commits. Returns every problem of the definitions.
        """
        with self._lock:
            return self._load(self.clock.now())

    def tick(self) -> Tick:
        """Do everything that is due now, and return when to wake next.

        It commits. Raises `HanchotError` if the record cannot be used.
        """
        with self._lock:
            now = self.clock.now()
            self._sources.collect(now)
            survey = self._survey(now)
            waits: list[datetime] = []
            found = False
            for work in survey.plans:
                if not self._is_stopping():
                    found |= self._guard(work.plan, now, partial(self._advance, work, waits, now)) is True
            plans = {work.plan.id: work.plan for work in survey.plans}
            is_moved = found or any(w.has_due or w.is_out_of_step or w.is_digest_due for w in survey.plans)
            self._is_unclosed = self._is_unclosed or is_moved
            delivery = Delivery()
            if is_moved or self._deliverer.is_torn or has_come(survey.mail_at, now):
                delivery = self._deliver(plans, waits)
            if not self._is_stopping() and self._close(survey, plans, delivery, now):
                self._deliver(plans, waits)
            is_quiet = not is_moved and survey.mail_at is None
            return self._plan_ahead(survey if is_quiet else self._look(now), waits, now)

    def check(self) -> None:
        """Run the status checks that are due now.

        It commits. Raises `HanchotError` if the record cannot be used.
        """
        with self._lock:
            now = self.clock.now()
            for work in self._survey(now).plans:
                if work.is_check_due:
                    self._guard(
                        work.plan, now, partial(self._checking.check, self._current[work.plan.id], self._agendas, now)
                    )

    # ---- parts of a pass

    def _deliver(self, plans: Mapping[str, Plan], waits: list[datetime]) -> Delivery:
        owes, self._owes_summary = self._owes_summary, True  # stays True if the record fails during delivery
        delivery = self._deliverer.deliver(plans)
        if delivery.resume_at is not None:
            waits.append(delivery.resume_at)
        self._owes_summary = owes or delivery.missed > 0
        return delivery

    def _is_mail_back(self, delivery: Delivery) -> bool:
        """Return whether mail leaves again, or no mail waits to leave."""
        if delivery.is_blocked or delivery.sent:
            return not delivery.is_blocked
        with self.store.reading() as view:
            return view.outbox.next_at() is None

    def _on_dead(self, row: MessageRow, reply: str, now: datetime) -> None:
        """Record that an address bounces, which sends its rungs to the party's next contact (contract rule 10)."""
        definition = self._current.get(row.plan)
        if definition is None:
            return
        bounce = ReportBounce(at=now, by=MAIL_SERVER, party=row.party, address=row.mail.address, note=reply)
        try:
            execute(self._services, definition, [bounce])
        except RecordUnavailable:
            raise  # the next pass concludes the attempt anew
        except UserError as error:  # the roster no longer has this address; then only the mail has failed
            self.report(Event(name="trouble", at=now, plan=row.plan, party=row.party, text=str(error)))

    def _load(self, now: datetime, wanted: Callable[[Plan], bool] = lambda plan: True) -> tuple[Problem, ...]:
        loaded = self._definitions.load()
        for definition in loaded.definitions:
            if wanted(definition.plan):
                self._untaken.add(definition.plan.id)
                self._guard(definition.plan, now, partial(self._take, definition, now))
        refused = tuple(str(problem) for problem in loaded.problems if problem.severity == "error")
        for text in refused if refused != self._refused else ():  # repeated errors are reported only once
            self.report(Event(name="refused", at=now, text=text))
        self._refused = refused
        return loaded.problems

    def _take(self, definition: Definition, now: datetime) -> None:
        changes = take(self._services, definition, now)
        self._current[definition.plan.id] = definition
        self._untaken.discard(definition.plan.id)
        if changes is not None:
            if changes.drawn is not None:
                self._agendas.keep(*changes.drawn)
            self._report_changes(definition.plan, changes, now)

    def _survey(self, now: datetime) -> TickSurvey:
        """Return the work of all plans whose loaded revision is the one in the record.

        If another process took another revision, the files are read again. If they have not changed here, the plan is
        left to that process. A revision that could not be taken before is tried again.
        """
        if not self._current or self._untaken:
            self._load(now, lambda plan: plan.id not in self._current or plan.id in self._untaken)
        survey = self._look(now)
        if survey.foreign:
            self._load(now, self._is_news)
            survey = self._look(now)
        for id, digest in survey.foreign.items():
            if self._foreign.get(id) != digest:
                self._foreign[id] = digest
                text = "another process loaded another revision of this plan; it is left to that one"
                self.report(Event(name="trouble", at=now, plan=id, text=text))
        return survey

    def _is_news(self, plan: Plan) -> bool:
        known = self._current.get(plan.id)
        return known is None or known.plan.digest != plan.digest

    def _look(self, now: datetime) -> TickSurvey:
        """Return the survey as the record shows it now."""
        with self.store.reading() as view:
            states = {state.plan: state for state in view.plans.states()}
            return TickSurvey(
                plans=[
                    self._weigh(view, plan, states[plan.id], now)
                    for plan in self.plans
                    if plan.id in states and states[plan.id].digest == plan.digest
                ],
                foreign={
                    plan.id: states[plan.id].digest
                    for plan in self.plans
                    if plan.id in states and states[plan.id].digest != plan.digest
                },
                mail_at=view.outbox.next_at(),
            )

    def _weigh(self, view: UnitOfWork, plan: Plan, state: PlanState, now: datetime) -> PlanWork:
        """Return the work of one plan."""
        today = local_day(now, plan.zone)
        is_new_day = opening(plan, None, now) == now and (state.seen_on is None or state.seen_on < today)
        has_due = has_come(state.next_rung, now)
        return PlanWork(
            plan=plan,
            state=state,
            is_new_day=is_new_day,
            idle=days_between(plan, state.seen_on, today) if state.seen_on else (),
            is_check_due=self._checking.is_due(view, plan, state, now),
            is_digest_due=self._digesting.is_due(plan, state, now),
            is_unpublished=self._is_unpublished(plan, state, now),
            has_due=has_due,
            check_at=self._checking.next_at(view, plan, state, now),
            digest_at=self._digesting.next_at(plan, now),
            rung_at=view.rungs.next_at([plan.id], now) if has_due else state.next_rung,
        )

    def _advance(self, work: PlanWork, waits: list[datetime], now: datetime) -> bool:
        """Do the due work of one plan: reconcile, check, dispatch, write the digest, publish calendars.

        Returns whether the status checks found facts.
        """
        plan = work.plan
        if work.idle:
            with self.store.transaction() as unit:
                unit.plans.record_seen(plan.id, local_day(now, plan.zone) - ONE_DAY, work.idle)
        if work.is_out_of_step:
            self._take(self._current[plan.id], now)
        check = partial(self._checking.check, self._current[plan.id], self._agendas, now)
        found = work.is_check_due and self._guard(plan, now, check) is True
        if work.has_due or work.is_out_of_step or found:
            opens = self._dispatcher.dispatch(plan, self._agendas, now)
            if opens is not None:
                waits.append(opens)
        if work.is_digest_due:
            self._guard(plan, now, partial(self._digesting.write, plan, self._agendas, now))
        if work.is_unpublished:
            self._guard(plan, now, partial(self._publish, plan, now))
        return found

    def _is_unpublished(self, plan: Plan, state: PlanState, now: datetime) -> bool:
        return self._calendars is not None and state.published != published_fingerprint(
            state, plan, self._calendars, now
        )

    def _publish(self, plan: Plan, now: datetime) -> None:
        if self._calendars is None:
            return
        with self.store.transaction() as unit:
            if self._is_unpublished(plan, find_state(unit, plan), now):
                publish(unit, plan, self._agendas.read(unit, plan), self._calendars, now)

    def _close(self, survey: TickSurvey, plans: Mapping[str, Plan], delivery: Delivery, now: datetime) -> bool:
        """Record the tick as completed; return whether an outage summary was queued.

        Rungs that were missed because mail could not leave are summarised once mail leaves again.
        """
        is_owing = self._owes_summary and self._is_mail_back(delivery)
        is_told = self._outages.close_tick(
            list(plans.values()),
            self._agendas,
            now,
            seen=[work.plan for work in survey.plans if work.is_new_day],
            suspicious=is_owing or self._is_unclosed,
            is_mail_back=is_owing,
        )
        self._owes_summary = self._owes_summary and not is_owing
        self._is_unclosed = False
        return is_told

    def _guard(self, plan: Plan, now: datetime, step: Callable[[], T]) -> T | None:
        """Return the result of one step of a plan; report its error, so that it does not stop the others."""
        try:
            return step()
        except HanchotError as error:
            text = str(error)
        except Exception as error:  # a bug is reported, and everything else continues
            text = f"{type(error).__name__}: {error}"
        self.report(Event(name="trouble", at=now, plan=plan.id, text=text))
        return None

    def _plan_ahead(self, survey: TickSurvey, waits: list[datetime], now: datetime) -> Tick:
        """Return the result of a tick.

        The next tick is due at the next rung, mail, source, digest or opening, at the latest in a day. A tick at each
        opening keeps the day from counting as idle.
        """
        plans = [work.plan for work in survey.plans]
        known = [next_workday_at(plan, plan.ladder.opens, now) for plan in plans] + waits
        known += [at for at in (survey.mail_at, self._sources.next_after(now)) if at is not None]
        known += [work.rung_at for work in survey.plans if work.rung_at is not None]
        known += [work.digest_at for work in survey.plans if work.digest_at is not None]
        far = now + timedelta(days=1)
        ahead = [at for at in known if at > now]
        check_at = min((work.check_at for work in survey.plans), default=far)
        return Tick(at=now, wake_at=min(ahead, default=far), check_at=check_at)

    def _report_changes(self, plan: Plan, changes: Changes, now: datetime) -> None:
        again = len(changes.armed) - changes.new if changes.armed else 0
        counts = {
            "new": changes.new,
            "live again": again,
            "fell away": len(changes.dropped),
            "moved": len(changes.moved),
        }
        changed = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing changed"
        text = f"{plan.title}; steps: {changed}"
        self.report(Event(name="loaded", at=now, plan=plan.id, text=text))
        for problem in changes.problems:
            self.report(Event(name="trouble", at=now, plan=plan.id, text=f"could not be written: {problem}"))
