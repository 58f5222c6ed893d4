"""The steps of one plan in a tick: bring it in step, check, dispatch, write the digest, publish calendars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from scheduler.engine.dispatch import Dispatcher
from scheduler.engine.feed_publication import FeedPublisher
from scheduler.engine.local_reporter import LocalReporter
from scheduler.engine.plans_in_force import PlansInForce
from scheduler.engine.status_checks import StatusChecks
from scheduler.engine.survey import PlanWork, days_between, has_come
from scheduler.engine.weekly_digest import WeeklyDigest
from scheduler.plan.dates.due_dates import ONE_DAY, local_day
from scheduler.plan.dispatch_policy import opening
from scheduler.plan.model import Plan
from scheduler.ports import PlanState, Store, UnitOfWork
from scheduler.queries.agendas import inputs_fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What the steps of a plan left: whether the status checks found facts, and when a rung's hours open (UTC)."""

    found: bool = False
    opens: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSteps:
    """Does the due work of one plan after another."""

    store: Store
    plans: PlansInForce
    reporter: LocalReporter
    checks: StatusChecks
    dispatcher: Dispatcher
    digest: WeeklyDigest
    feeds: FeedPublisher

    def weigh(self, view: UnitOfWork, plan: Plan, state: PlanState, now: datetime) -> PlanWork:
        """Return the work of one plan."""
        today = local_day(now, plan.zone)
        is_new_day = opening(plan, None, now) == now and (state.seen_on is None or state.seen_on < today)
        idle = days_between(plan, state.seen_on, today) if state.seen_on else ()
        has_due = has_come(state.next_rung, now)
        return PlanWork(
            plan=plan,
            state=state,
            is_new_day=is_new_day,
            idle=idle,
            is_out_of_step=bool(idle) or state.reconciled != inputs_fingerprint(state, plan),
            is_check_due=self.checks.is_due(view, plan, state, now),
            is_digest_due=self.digest.is_due(plan, state, now),
            is_unpublished=self.feeds.is_due(plan, state, now),
            has_due=has_due,
            check_at=self.checks.next_at(view, plan, state, now),
            digest_at=self.digest.next_at(plan, now),
            rung_at=view.rungs.next_at([plan.id], now) if has_due else state.next_rung,
        )

    def advance(self, work: PlanWork, now: datetime) -> Advance:
        """Do the due work of one plan; an error in one step is reported. It commits."""
        return self.reporter.guard("reminders", work.plan, now, partial(self._advance, work, now)) or Advance()

    def check(self, plan: Plan, now: datetime) -> bool:
        """Run the status checks of a plan; return whether they found facts. It commits, and reports an error."""
        check = partial(self.checks.check, self.plans.definition_of(plan), now)
        return self.reporter.guard("status check", plan, now, check) is True

    def _advance(self, work: PlanWork, now: datetime) -> Advance:
        plan, opens = work.plan, None
        if work.idle:
            with self.store.transaction() as unit:
                unit.plans.record_seen(plan.id, local_day(now, plan.zone) - ONE_DAY, work.idle)
        if work.is_out_of_step:
            self.plans.take(self.plans.definition_of(plan), now)
        found = work.is_check_due and self.check(plan, now)
        if work.has_due or work.is_out_of_step or found:
            opens = self.dispatcher.dispatch(plan, now)
        if work.is_digest_due:
            self.reporter.guard("digest", plan, now, partial(self.digest.write, plan, now))
        if work.is_unpublished:
            self.reporter.guard("calendars", plan, now, partial(self.feeds.publish, plan, now))
        return Advance(found=found, opens=opens)
