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
from scheduler.queries.mail_limits import read_limits
from scheduler.queries.needs.attention import (
    find_account_problem,
    find_needs,
    find_overdue,
    find_unread_mailbox,
    find_waiting_mails,
    read_needs,
)
from scheduler.queries.needs.kinds import CommonNeed, JumpedClock, ReachedLimit
from scheduler.queries.needs.urgency import URGENCIES, RankedNeed, Urgency, rank_needs
from scheduler.queries.snapshot import Snapshot
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.lookup import end_of, find_definition, read_day
from scheduler.web.operator.actions import read_note
from scheduler.web.operator.board.grid import Grid, Row, draw_grid
from scheduler.web.operator.board.timeline import Timeline, draw_timeline
from scheduler.web.operator.history import IndicatorEntry, list_indicators
from scheduler.web.pagination import page_number

AHEAD = 14  # days


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
    needs: Sequence[RankedNeed]
    grid: Grid
    ahead: Sequence[Day]
    year: Timeline
    indicators: Sequence[IndicatorEntry]
    loaded_later: datetime | None = None  # first load of the plan, if after the instant shown
    is_ended: bool = False  # it was ended, or its year is over and nothing of it is open

    @property
    def open_needs(self) -> list[tuple[Urgency, list[RankedNeed]]]:
        """Return what nobody has put off, by urgency, without the urgencies that have none."""
        shown = {urgency: [one for one in self.needs if one.urgency == urgency] for urgency in URGENCIES}
        found = {urgency: [one for one in needs if one.put_off is None] for urgency, needs in shown.items()}
        return [(urgency, needs) for urgency, needs in found.items() if needs]

    @property
    def put_off(self) -> list[RankedNeed]:
        """Return what somebody has put off, the soonest first."""
        return [one for one in self.needs if one.put_off is not None]


def show_board(context: RequestContext) -> Response:
    """Show how every plan stands, or stood at the end of the day `as_of`."""
    query = context.request.query_params
    wanted, text = query.get("plan"), query.get("as_of", "")
    plans = [find_definition(context, wanted).plan] if wanted else context.site.plans
    day = _read_past_day(context, plans, text)
    with context.running.store.reading() as view:
        common = [] if day else list(_find_common_needs(context, view))
        drawn = [draw_past(context, view, plan, day) if day else draw(context, view, plan) for plan in plans]
    boards, ended = (drawn, []) if wanted else split_ended(drawn)
    return context.page(
        "board.html",
        boards=boards,
        ended=[board.plan for board in ended],
        common=common,
        as_of=day,
        not_a_day="" if day else text,
        note=read_note(context),
    )


def split_ended(boards: Iterable[PlanBoard]) -> tuple[list[PlanBoard], list[PlanBoard]]:
    """Return the boards of plans that go on, and those of plans that have ended, each with the latest year first.

    If all have ended, the latest goes on being shown.
    """
    latest = sorted(boards, key=lambda board: -board.plan.year)
    going_on = [board for board in latest if not board.is_ended] or latest[:1]
    return going_on, [board for board in latest if board not in going_on]


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
    needs = read_needs(view, snapshot, counts, context.running.services.reading, now)
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
    found = [*find_overdue(plan, cells), *find_needs(snapshot, cells, then)]
    needs = rank_needs(plan, found, snapshot.counting, then)
    return _draw(context, view, snapshot, cells, needs, counts, (), then)


def _draw(
    context: RequestContext,
    view: UnitOfWork,
    snapshot: Snapshot,
    cells: Sequence[Cell],
    needs: Sequence[RankedNeed],
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
        is_ended=_is_ended(snapshot, needs, today),
    )


def _is_ended(snapshot: Snapshot, needs: Sequence[RankedNeed], today: date) -> bool:
    if snapshot.agenda.retired is not None:
        return True
    is_open = any(_goes_on(o, today) for o in snapshot.agenda.obligations)
    return snapshot.plan.year < today.year and not needs and not is_open


def _goes_on(o: Obligation, today: date) -> bool:
    """Return whether something is owed, or takes place today or later."""
    return (o.standing.is_open and o.due is not None) or (o.span is not None and o.span[1] >= today)


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
