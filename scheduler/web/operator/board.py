"""The board: what needs a person, how every plan stands and what comes next, now or as of a past day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from starlette.responses import Response
from starlette.routing import Route

from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.model import Plan
from scheduler.plan.obligations import Obligation, Unassigned
from scheduler.plan.status import Cell
from scheduler.ports import RungCount, StepAhead, UnitOfWork
from scheduler.queries.attention import (
    RECENTLY,
    find_account_problem,
    find_needs,
    find_overdue,
    find_problems,
    find_unread_mailbox,
    find_unseen_sources,
    find_waiting_mails,
)
from scheduler.queries.mail_limits import read_limits
from scheduler.queries.needs import CommonNeed, JumpedClock, Need, ReachedLimit
from scheduler.queries.snapshot import Snapshot
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.lookup import end_of, find_definition, read_day
from scheduler.web.operator.grid import Grid, Row, draw_grid
from scheduler.web.operator.history import IndicatorEntry, list_indicators
from scheduler.web.operator.timeline import Timeline, draw_timeline
from scheduler.web.pagination import page_number

AHEAD = 14  # days
PROBLEM_MAILS = 100  # mails that need a person, read for each plan


class Coming(NamedTuple):
    """A milestone whose day comes, and how many parties still owe it; 0 if it is not known yet which will."""

    row: Row
    owing: int


class Day(NamedTuple):
    """One of the next days: what is due or takes place, and which steps fire."""

    day: date
    coming: Sequence[Coming]
    steps: Sequence[StepAhead]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBoard:
    """Everything the board shows of one plan."""

    plan: Plan
    needs: Sequence[Need]
    grid: Grid
    ahead: Sequence[Day]
    year: Timeline
    indicators: Sequence[IndicatorEntry]
    loaded_later: datetime | None = None  # first load of the plan, if after the instant shown


def show_board(context: RequestContext) -> Response:
    """Show how every plan stands, or stood at the end of the day `as_of`."""
    query = context.request.query_params
    wanted, text = query.get("plan"), query.get("as_of", "")
    plans = [find_definition(context, wanted).plan] if wanted else context.site.plans
    day = _read_past_day(context, plans, text)
    with context.running.store.reading() as view:
        common = [] if day else list(_find_common_needs(context, view))
        boards = [draw_past(context, view, plan, day) if day else draw(context, view, plan) for plan in plans]
    return context.page(
        "board.html",
        boards=boards,
        common=common,
        as_of=day,
        not_a_day="" if day else text,
    )


def _find_common_needs(context: RequestContext, view: UnitOfWork) -> Iterator[CommonNeed]:
    """Yield what concerns all plans: what keeps mails from leaving or from being read, and mails that wait.

    A minute's limit is left out, because it is soon over.
    """
    running = context.running
    jump = running.jump()
    if jump is not None:
        yield JumpedClock(jump)
    yield from find_account_problem(view.accounts.state(running.account), running.system.now())
    for use in read_limits(view, running.account, running.container.limits, running.clock.now()):
        if use.name != "minute" and not use.left:
            yield ReachedLimit(use.name, use.used)
    yield from find_unread_mailbox(view, running.services.reading, running.clock.now())
    yield from find_waiting_mails(view)


def _read_past_day(context: RequestContext, plans: Iterable[Plan], text: str) -> date | None:
    """Return a day that has begun in the zones of all plans; None for any other day or text."""
    day = read_day(text)
    return day if day and all(day <= local_day(context.now, plan.zone) for plan in plans) else None


def draw(context: RequestContext, view: UnitOfWork, plan: Plan) -> PlanBoard:
    """Return the board of a plan as it stands now."""
    now = context.now
    snapshot = context.site.snapshots.read(view, plan, now)
    cells, counts = snapshot.duties(now), context.site.snapshots.count(view, snapshot)
    mails = view.outbox.newest(plan=plan.id, states=["held", "failed", "ambiguous"], limit=PROBLEM_MAILS)
    problems = find_problems(mails, counts, view.journal.outages(now - RECENTLY), now)
    unseen = find_unseen_sources(view, plan, context.running.services.reading)
    needs = [*unseen, *find_overdue(plan, cells), *problems, *find_needs(snapshot, cells, now)]
    ahead = view.rungs.ahead(plan.id, now, now + timedelta(AHEAD))
    return _draw(context, view, snapshot, cells, needs, counts, ahead, now)


def draw_past(context: RequestContext, view: UnitOfWork, plan: Plan, day: date) -> PlanBoard:
    """Return the board of a plan at the end of a local day, from what had been recorded by then."""
    then = min(end_of(day, plan), context.now)
    snapshot = context.site.snapshots.read_past(view, plan, then)
    cells = snapshot.duties(then)
    counts = [count for count in view.rungs.counts(plan.id) if count.at <= then]
    state = view.plans.state(plan.id)
    if state is not None and state.first_loaded_at > then:  # before its first load, a plan has no needs
        board = _draw(context, view, snapshot, cells, (), counts, (), then)
        return replace(board, loaded_later=state.first_loaded_at)
    needs = [*find_overdue(plan, cells), *find_needs(snapshot, cells, then)]
    return _draw(context, view, snapshot, cells, needs, counts, (), then)


def _draw(
    context: RequestContext,
    view: UnitOfWork,
    snapshot: Snapshot,
    cells: Sequence[Cell],
    needs: Sequence[Need],
    counts: Iterable[RungCount],
    steps: Iterable[StepAhead],
    now: datetime,
) -> PlanBoard:
    plan, today = snapshot.plan, local_day(now, snapshot.plan.zone)
    only_missing = context.request.query_params.get("show") == "missing"
    grid = draw_grid(snapshot.agenda, cells, page_number(context), only_missing=only_missing)
    return PlanBoard(
        plan=plan,
        needs=needs,
        grid=grid,
        ahead=list(_next_days(plan, grid.rows, steps, today)),
        year=draw_timeline(plan, grid.rows, counts, today),
        indicators=list_indicators(view, snapshot, now),
    )


def _next_days(plan: Plan, rows: Iterable[Row], steps: Iterable[StepAhead], today: date) -> Iterator[Day]:
    coming: dict[date, list[Coming]] = {}
    for row in rows:
        day, owing = _day_of(row.usual), sum(cell.obligation.standing.is_open for cell in row.cells.values())
        if day and (owing or row.is_unassigned) and today <= day <= today + timedelta(AHEAD):
            coming.setdefault(day, []).append(Coming(row, owing))
    leaving: dict[date, list[StepAhead]] = {}
    for step in steps:
        leaving.setdefault(local_day(step.at, plan.zone), []).append(step)
    for day in sorted({*coming, *leaving}):
        yield Day(day, coming.get(day, ()), leaving.get(day, ()))


def _day_of(o: Obligation | Unassigned) -> date | None:
    """Return the day on which it takes place or is due; None if no day is known or it is in doubt."""
    if isinstance(o, Obligation) and o.unknown:
        return None
    return o.event.first if o.event else o.due.target if o.due else None


ROUTES = [Route("/", for_operators(show_board))]
