"""The board: what needs a person, how every plan stands, what comes next; now or as of a day that has passed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from starlette.responses import Response
from starlette.routing import Route

from scheduler.plan.board import Cell
from scheduler.plan.due_dates import local_day
from scheduler.plan.indicators import Figure, measure
from scheduler.plan.model import Indicator, Plan
from scheduler.ports import RungCount, StepAhead, Unit
from scheduler.queries.snapshot import (
    RECENTLY,
    Need,
    Picture,
    find_account_trouble,
    find_needs,
    find_overdue,
    find_troubles,
)
from scheduler.web.context import Visit, for_operators
from scheduler.web.lookup import end_of, find_definition, page_number, read_day
from scheduler.web.operator.grid import Grid, Row, draw_grid
from scheduler.web.operator.timeline import Year, draw_year

AHEAD = 14  # days
TROUBLED = 100  # mails that need a person, looked at for each plan


class Coming(NamedTuple):
    """A milestone whose day comes, and how many still owe it."""

    row: Row
    owing: int


class Day(NamedTuple):
    """One of the next days: what is due or takes place, and which steps leave."""

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
    year: Year
    indicators: Sequence[tuple[Indicator, Figure | None]]
    loaded_later: datetime | None = None  # when the plan was first loaded, if that was after what is shown


def show_board(visit: Visit) -> Response:
    """Show how every plan stands, or stood."""
    query = visit.request.query_params
    wanted, text = query.get("plan"), query.get("as_of", "")
    plans = [find_definition(visit, wanted).plan] if wanted else visit.house.plans
    day = read_day(text)
    is_past = day is not None and all(day <= local_day(visit.now, plan.zone) for plan in plans)
    with visit.running.store.reading() as view:
        account = view.accounts.state(visit.running.account)
        boards = [draw_past(visit, view, plan, day) if day and is_past else draw(visit, view, plan) for plan in plans]
    return visit.page(
        "board.html",
        boards=boards,
        account=[] if is_past else list(find_account_trouble(account, visit.running.system.now())),
        as_of=day if is_past else None,
        not_a_day=text if text and not is_past else "",
    )


def draw(visit: Visit, view: Unit, plan: Plan) -> PlanBoard:
    """Return the board of a plan as it stands."""
    now = visit.now
    picture = visit.house.pictures.read(view, plan, now)
    cells, counts = picture.duties(now), visit.house.pictures.count(view, picture)
    mails = view.outbox.newest(plan=plan.id, states=["held", "failed", "ambiguous"], limit=TROUBLED)
    troubles = find_troubles(mails, counts, view.journal.outages(now - RECENTLY), now)
    needs = [*find_overdue(plan, cells), *troubles, *find_needs(picture, cells, now)]
    return _draw(visit, picture, cells, needs, counts, view.rungs.ahead(plan.id, now, now + timedelta(AHEAD)), now)


def draw_past(visit: Visit, view: Unit, plan: Plan, day: date) -> PlanBoard:
    """Return the board of a plan as it stood at the end of a day, by what was recorded then."""
    then = min(end_of(day, plan), visit.now)
    picture = visit.house.pictures.read_past(view, plan, then)
    cells = picture.duties(then)
    counts = [count for count in view.rungs.counts(plan.id) if count.at <= then]
    state = view.plans.state(plan.id)
    if state is not None and state.first_loaded_at > then:  # nobody could ask anything of it yet
        board = _draw(visit, picture, cells, (), counts, (), then)
        return replace(board, loaded_later=state.first_loaded_at)
    needs = [*find_overdue(plan, cells), *find_needs(picture, cells, then)]
    return _draw(visit, picture, cells, needs, counts, (), then)


def _draw(
    visit: Visit,
    picture: Picture,
    cells: Sequence[Cell],
    needs: Sequence[Need],
    counts: Iterable[RungCount],
    steps: Iterable[StepAhead],
    now: datetime,
) -> PlanBoard:
    plan, today = picture.plan, local_day(now, picture.plan.zone)
    grid = draw_grid(plan, cells, page_number(visit), only_missing=visit.request.query_params.get("show") == "missing")
    return PlanBoard(
        plan=plan,
        needs=needs,
        grid=grid,
        ahead=list(_next_days(plan, grid.rows, steps, today)),
        year=draw_year(plan, grid.rows, counts, today),
        indicators=[(indicator, measure(picture.agenda, indicator, now)) for indicator in plan.indicators],
    )


def _next_days(plan: Plan, rows: Iterable[Row], steps: Iterable[StepAhead], today: date) -> Iterator[Day]:
    coming: dict[date, list[Coming]] = {}
    for row in rows:
        owing = [cell.obligation for cell in row.cells.values() if cell.obligation.standing.is_open]
        o = row.usual
        day = o.event.first if o.event else o.due.target if o.due else None
        if day and owing and today <= day <= today + timedelta(AHEAD) and not o.unknown:
            coming.setdefault(day, []).append(Coming(row, len(owing)))
    leaving: dict[date, list[StepAhead]] = {}
    for step in steps:
        leaving.setdefault(local_day(step.at, plan.zone), []).append(step)
    for day in sorted({*coming, *leaving}):
        yield Day(day, coming.get(day, ()), leaving.get(day, ()))


ROUTES = [Route("/", for_operators(show_board))]
