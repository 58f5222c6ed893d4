"""End a plan whose definition is gone, so that nobody waits for its steps any more."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from scheduler.errors import NothingMatched
from scheduler.plan.agenda import describe_closing
from scheduler.plan.commands import Retire
from scheduler.plan.facts import Retired, drop_withdrawn
from scheduler.ports import RungChange
from scheduler.services.commands import build_retired
from scheduler.services.context import ServiceContext
from scheduler.services.fact_checks import refuse_retired
from scheduler.texts import Text


def retire_absent(services: ServiceContext, plan: str, command: Retire, zone: ZoneInfo) -> tuple[Retired, int]:
    """Retire a plan that is in the record only; return the fact and how many steps were cancelled.

    It commits. What it cancels is named with its day in `zone`. If the definition comes back, the fact holds for it
    as well. Raises `NothingMatched` for a plan that was never loaded, `UserError` if it was retired before, and
    `ClockNotBelieved`.
    """
    services.require_right_clock()
    with services.store.transaction() as unit:
        if unit.plans.state(plan) is None:
            raise NothingMatched.named(Text("plan"), plan, [state.plan for state in unit.plans.states()])
        known = drop_withdrawn(unit.facts.general(plan))
        refuse_retired(next((fact for fact in known if isinstance(fact, Retired)), None))
        fact = unit.facts.append(build_retired(plan, command))
        reason = describe_closing(fact, zone)
        planned = [row for row in unit.rungs.unsent(plan) if row.state == "planned"]
        changes = [
            RungChange(id=row.id, was=row.state, state="cancelled", at=row.at, reason=reason, note=row.note)
            for row in planned
        ]
        unit.rungs.revise(changes, now=command.at)
        unit.outbox.cancel_all(plan, reason, now=command.at)
    return fact, len(planned)
