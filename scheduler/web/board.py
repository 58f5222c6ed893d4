"""The board: every plan's milestones and parties at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response
from starlette.routing import Route

from scheduler.actions.listings import view_agenda
from scheduler.plan.board import Cell, draw_board
from scheduler.plan.model import Milestone, Party, Plan
from scheduler.ports import Unit
from scheduler.web.visits import Visit, for_operators


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One plan as a table: a row for each milestone or occurrence, a column for each party that owes anything."""

    plan: Plan
    parties: tuple[Party, ...]
    rows: tuple[tuple[Milestone, str, dict[str, Cell]], ...]


def show_board(visit: Visit) -> Response:
    """Show how every plan stands."""
    with visit.running.store.reading() as view:
        grids = [draw_grid(view, plan, visit.now) for plan in visit.house.plans]
    return visit.page("board.html", grids=grids)


def draw_grid(view: Unit, plan: Plan, now: datetime) -> Grid:
    """Return a plan's table as it stands."""
    cells = [cell for cell in draw_board(view_agenda(view, plan, now), now) if not cell.obligation.attends]
    owing = {cell.obligation.party for cell in cells}
    return Grid(
        plan=plan,
        parties=tuple(party for party in plan.parties.values() if party.id in owing),
        rows=tuple(_rows(plan, cells)),
    )


def _rows(plan: Plan, cells: list[Cell]) -> Iterator[tuple[Milestone, str, dict[str, Cell]]]:
    found: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        found.setdefault(cell.obligation.milestone, {})[cell.obligation.party] = cell
    for id, row in found.items():
        yield plan.milestone(id), id.partition("@")[2], row


ROUTES = [Route("/", for_operators(show_board))]
