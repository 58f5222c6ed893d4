"""The rungs that are still to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import attrgetter

from scheduler.plan.agenda import Agenda, draw_agenda
from scheduler.plan.model import Plan
from scheduler.ports import RungRow, UnitOfWork
from scheduler.queries.rows import Row, rung_row


def list_agenda(
    view: UnitOfWork, plan: Plan, now: datetime, *, since: datetime, until: datetime | None, party: str | None = None
) -> Iterator[Row]:
    """Yield the planned rungs with `since` <= instant < `until`, even of a plan that was never loaded."""
    for row in _rows(view, plan, now, party):
        inside = row.at >= since and (until is None or row.at < until)
        if row.state == "planned" and inside and party in (None, row.party):
            yield rung_row(row, plan)


def _rows(view: UnitOfWork, plan: Plan, now: datetime, party: str | None) -> Iterable[RungRow]:
    if view.plans.state(plan.id) is not None:
        return view.rungs.of(plan.id) if party is None else view.rungs.of_party(plan.id, party)
    return planned_rows(draw_agenda(plan, [], loaded_at=now))


def planned_rows(agenda: Agenda) -> list[RungRow]:
    """Return the rungs of an agenda as rows without ids, ordered by instant."""
    rows = [RungRow(id=0, plan=agenda.plan.id, **rung._asdict()) for rung in agenda.rungs()]
    return sorted(rows, key=attrgetter("at"))
