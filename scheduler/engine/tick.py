"""One pass of the daemon: load, reconcile, check, dispatch, deliver, and compute the next wake-up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from scheduler.engine.completion import TickCompletion
from scheduler.engine.local_reporter import LocalReporter
from scheduler.engine.plan_steps import PlanSteps
from scheduler.engine.plans_in_force import PlansInForce
from scheduler.engine.sources.collector import SourceCollector
from scheduler.engine.survey import TickSurvey, plan_ahead
from scheduler.errors import Problem, RecordUnavailable
from scheduler.plan.model import Plan
from scheduler.ports import Clock, Definition, Store, Tick
from scheduler.ports.events import Event
from scheduler.queries.agendas import AgendaCache
from scheduler.services.clock_guard import JUMP_HINT, ClockGuard, describe_jump
from scheduler.texts import Text

_A_DAY = timedelta(days=1)


class Ticker:
    """The daemon's work, one pass at a time. Passes never overlap within one process."""

    def __init__(
        self,
        *,
        clock: Clock,
        store: Store,
        guard: ClockGuard | None,
        reporter: LocalReporter,
        plans: PlansInForce,
        sources: SourceCollector,
        steps: PlanSteps,
        completion: TickCompletion,
        leads: Callable[[], bool],
        is_stopping: Callable[[], bool],
    ) -> None:
        self.clock = clock
        self._store = store
        self._guard = guard
        self._jump: timedelta | None = None
        self._is_load_due = False  # whether definitions wait for a clock that may be believed
        self._reporter = reporter
        self._plans = plans
        self._sources = sources
        self._steps = steps
        self._completion = completion
        self._leads = leads
        self._stands_by = False  # whether another process planned when this one last looked
        self._is_stopping = is_stopping
        self._lock = threading.Lock()
        self._failure: RecordUnavailable | None = None

    @property
    def definitions(self) -> list[Definition]:
        """Return the definitions that are in force, ordered by plan id."""
        return self._plans.definitions

    @property
    def plans(self) -> list[Plan]:
        """Return the plans that are in force, ordered by id."""
        return self._plans.plans

    @property
    def absent(self) -> frozenset[str]:
        """Return the ids of the plans that promised steps at the last tick and of which no definition is loaded."""
        return self._plans.absent

    @property
    def failure(self) -> RecordUnavailable | None:
        """Return why the last pass could not be recorded; None if it was, or none has ended yet."""
        return self._failure

    @property
    def jump(self) -> timedelta | None:
        """Return by how much the machine's clock is ahead of everything that is known; None if it may be believed."""
        return self._jump

    @property
    def agendas(self) -> AgendaCache:
        """Return the agendas of this process, which everybody in it reads through."""
        return self._plans.agendas

    @property
    def pulse(self) -> int:
        """Return the number of reported events, by which a runner sees that a long tick progresses."""
        return self._reporter.pulse

    def report(self, event: Event) -> None:
        """Report an event as progress, in the local time of its plan or else of the first plan."""
        self._reporter.report(event)

    def pass_on(self, event: Event) -> None:
        """Report an event that does not count as progress."""
        self._reporter.pass_on(event)

    def read_plans(self) -> Mapping[str, Plan]:
        """Return the plans that are in force by now, by id; while another process plans, what it has taken."""
        if not self._leads():
            with self._lock:
                self._plans.follow()
        return {plan.id: plan for plan in self.plans}

    def load(self) -> tuple[Problem, ...]:
        """Read the definitions and take new revisions; an invalid one leaves its last valid revision in force.

        It commits. Returns every problem of the definitions. While the machine's clock cannot be believed, only
        revisions are put in force that the record follows already. While another process plans, what it has taken is
        put in force, and no file is read.
        """
        with self._lock:
            self._stands_by = not self._leads()
            if self._stands_by:
                self._plans.follow()
                return ()
            self._is_load_due = not self._may_believe_clock()
            now = self.clock.now()
            return self._plans.load(now, self._plans.is_taken) if self._is_load_due else self._plans.load(now)

    def tick(self) -> Tick:
        """Do everything that is due now, and return when to wake next.

        While another process plans, only mails are delivered that wait. It commits. Raises `HanchotError` if the record
        cannot be used, and `RecordReplaced` if it never can be again.
        """
        with self._lock:
            try:
                self._store.verify()
                tick = self._pass_or_stand_by()
            except RecordUnavailable as error:
                self._failure = error
                raise
            self._failure = None
            return tick

    def check(self) -> None:
        """Run the status checks that are due now.

        It commits. Raises `HanchotError` if the record cannot be used.
        """
        with self._lock:
            now = self.clock.now()
            for work in self._survey(now).plans if self._leads() and self._may_believe_clock() else ():
                if work.is_check_due:
                    self._steps.check(work.plan, now)

    def _may_believe_clock(self) -> bool:
        """Return whether the machine's clock may be believed; report a jump once, and what an earlier one had settled.

        It commits.
        """
        if self._guard is None:
            return True
        before, self._jump = self._jump, self._guard.check()
        now = self.clock.now()
        if self._jump is not None:
            if before is None:
                text = Text("{jump}; {jump_hint}", jump=describe_jump(self._jump), jump_hint=JUMP_HINT)
                self.report(Event(name="trouble", at=now, text=text))
            return False
        if before is not None:
            self.report(Event(name="done", at=now, text=Text("the machine's clock is believed again")))
        revived = self._guard.put_right()
        if revived:
            text = Text(
                "the machine's clock was ahead and was put right: {revived} steps that it had given up live again",
                revived=revived,
            )
            self.report(Event(name="trouble", at=now, text=text))
        return True

    def _pass_or_stand_by(self) -> Tick:
        stood_by, self._stands_by = self._stands_by, not self._leads()
        now = self.clock.now()
        if self._stands_by:
            return self._stand_by(now)
        if stood_by:
            self.report(Event(name="done", at=now, text=Text("this process plans from now on")))
            self._is_load_due = True
        return self._pass(now) if self._may_believe_clock() else _idle(now)

    def _stand_by(self, now: datetime) -> Tick:
        """Follow what the planning process has in force, and deliver what may leave."""
        self._plans.follow()
        resumed = self._completion.deliver({plan.id: plan for plan in self.plans}, now)
        return plan_ahead(
            TickSurvey(plans=(), foreign={}, absent=(), mail_at=self._completion.next_mail()), resumed, now
        )

    def _pass(self, now: datetime) -> Tick:
        if self._is_load_due:
            self._plans.load(now)
            self._is_load_due = False
        self._sources.collect(now)
        survey = self._survey(now)
        advances = [self._steps.advance(work, now) for work in survey.plans if not self._is_stopping()]
        is_moved = any(advance.found for advance in advances) or any(work.is_moving for work in survey.plans)
        resumed = self._completion.complete(survey, now, is_moved=is_moved)
        if is_moved or survey.mail_at is not None:
            survey = self._plans.look(self._steps.weigh, now)
        waits = [*resumed, *(advance.opens for advance in advances), self._sources.next_after(now)]
        return plan_ahead(survey, waits, now)

    def _survey(self, now: datetime) -> TickSurvey:
        return self._plans.survey(self._steps.weigh, now)


def _idle(now: datetime) -> Tick:
    """Return the result of a tick that did nothing; the next heartbeat looks again."""
    return Tick(at=now, wake_at=now + _A_DAY, check_at=now + _A_DAY)
