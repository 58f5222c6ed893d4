"""The targets of a plan with their results, as plain rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from scheduler.plan.indicators import measure
from scheduler.plan.model import Plan
from scheduler.ports import UnitOfWork
from scheduler.queries.agendas import view_agenda
from scheduler.queries.rows import Row, fact_row


def list_indicators(view: UnitOfWork, plan: Plan, now: datetime) -> Iterator[Row]:
    """Yield a row for each indicator: its target, how it is counted, its count, and the results that this follows from.

    `done`, `total` and `reached` are None if nobody has counted yet.
    """
    agenda = view_agenda(view, plan, now)
    for indicator in plan.indicators:
        figure = measure(agenda, indicator, now)
        yield {
            "plan": plan.id,
            "indicator": indicator.id,
            "title": indicator.title,
            "section": indicator.section,
            "target": indicator.target,
            "each": indicator.measure.each,
            "measured_by": indicator.measure.milestone or "manual",
            "done": figure.done if figure else None,
            "total": figure.total if figure else None,
            "reached": figure.is_reached if figure else None,
            "counted": [fact_row(fact, plan.zone) for fact in figure.counted] if figure else [],
        }
