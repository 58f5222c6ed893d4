"""The loaded plans, and the dates that are still open in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from scheduler.plan.model import Plan
from scheduler.plan.status import draw_board
from scheduler.ports import PlanState, UnitOfWork
from scheduler.queries.agendas import view_agenda
from scheduler.queries.rows import Row, iso
from scheduler.texts import Text

ABSENT_HINT = Text("put its file back, or end the plan with `hanchot retire`")


def find_absent(states: Iterable[PlanState], loaded: Collection[str]) -> list[PlanState]:
    """Return the plans that still promise steps though they are not among those that could be loaded."""
    return [state for state in states if state.is_owing and state.plan not in loaded]


def list_plans(view: UnitOfWork, plans: Sequence[Plan], now: datetime) -> Iterator[Row]:
    """Yield a row for each plan with its revision, its tentative and undated milestones, and its provisional years."""
    for plan in plans:
        state = view.plans.state(plan.id)
        cells = draw_board(view_agenda(view, plan, now), now)
        without = {code: [c.obligation.milestone for c in cells if c.code == code] for code in ("tentative", "undated")}
        yield {
            "plan": plan.id,
            "title": plan.title,
            "year": plan.year,
            "revision": plan.digest[:12],
            "file": plan.file,
            "first_loaded": iso(state.first_loaded_at, plan.zone) if state else None,
            "milestones": len(plan.milestones),
            "parties": sum(1 for party in plan.parties.values() if not party.external),
            "provisional": sorted(plan.workdays.provisional),
            **{code: list(dict.fromkeys(milestones)) for code, milestones in without.items()},
        }
