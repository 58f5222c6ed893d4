"""Makes the workbook that somebody asks for, from what the record holds."""

from __future__ import annotations

from datetime import datetime

from scheduler.plan.model import Plan
from scheduler.ports import UnitOfWork
from scheduler.queries.indicators import list_indicators
from scheduler.queries.status import list_board
from scheduler.reports.tables import SheetKind, Table, TableMaker
from scheduler.reports.workbook import write_workbook


def make_workbook(
    view: UnitOfWork,
    plan: Plan,
    kind: SheetKind,
    now: datetime,
    *,
    language: str,
    as_of: datetime | None = None,
    milestone: str | None = None,
    party: str | None = None,
) -> bytes:
    """Return a workbook about a plan, as things stood at `as_of` (default: now).

    `milestone` and `party` leave out the others; targets are of the whole plan and of now.
    """
    maker = TableMaker(plan, as_of or now, language)
    return write_workbook(_tables(maker, view, kind, now, as_of, milestone, party), now)


def _tables(
    maker: TableMaker,
    view: UnitOfWork,
    kind: SheetKind,
    now: datetime,
    as_of: datetime | None,
    milestone: str | None,
    party: str | None,
) -> list[Table]:
    if kind == "targets":
        return maker.targets(list(list_indicators(view, maker.plan, now)))
    rows = list(list_board(view, maker.plan, now, as_of=as_of, milestone=milestone, party=party))
    make = {"board": maker.board, "missing": maker.missing, "receipts": maker.receipts}
    return make[kind](rows)
