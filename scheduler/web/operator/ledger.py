"""The ledger: what was recorded and what became of each step, by time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, get_args

from starlette.responses import Response
from starlette.routing import Route

from scheduler.plan.agenda import RungState
from scheduler.plan.model import Plan
from scheduler.ports import Unit
from scheduler.web.context import Visit, for_operators
from scheduler.web.lookup import PAGE, find_definition, page_number
from scheduler.web.operator.history import Step, Told, tell_fact, tell_steps

MOST = 200  # pages; who looks for something older filters


class Entry(NamedTuple):
    """One thing that happened: a fact, or a step that ended."""

    at: datetime
    plan: Plan
    told: Told | None = None
    step: Step | None = None


def show_ledger(visit: Visit) -> Response:
    """Show what happened, the newest first: of one plan, one party, or steps of one state."""
    query = visit.request.query_params
    wanted, party, state = query.get("plan", ""), query.get("party", ""), query.get("state", "")
    plans = [find_definition(visit, wanted).plan] if wanted else visit.house.plans
    states: list[RungState] = [known for known in get_args(RungState) if known == state]
    number = min(page_number(visit), MOST)
    with visit.running.store.reading() as view:
        entries = sorted(
            _entries(visit, view, plans, party, states, number * PAGE + 1), key=lambda entry: entry.at, reverse=True
        )
    parties = {party.id: party for plan in plans for party in plan.parties.values()}
    return visit.page(
        "ledger.html",
        entries=entries[(number - 1) * PAGE : number * PAGE],
        number=number,
        has_more=len(entries) > number * PAGE and number < MOST,
        plans=visit.house.plans,
        plan=wanted,
        parties=parties.values(),
        party=party,
        states=[known for known in get_args(RungState) if known not in ("planned", "queued")],
        state=states[0] if states else "",
    )


def _entries(
    visit: Visit, view: Unit, plans: list[Plan], party: str, states: list[RungState], limit: int
) -> Iterator[Entry]:
    """Yield the newest facts and steps, `limit` of each at least where there are so many."""
    by_id = {plan.id: plan for plan in plans}
    for plan in plans if not states else ():
        picture = visit.house.pictures.read(view, plan, visit.now)
        own = [f for f in picture.facts if not party or party in (f.party, *f.parties)]
        for fact in own[-limit:]:
            yield Entry(fact.recorded_at, plan, told=tell_fact(picture, fact))
    if party and not any(party in plan.parties for plan in plans):
        return  # a name that no record holds is not asked for
    rows = view.rungs.settled(by_id, party=party or None, states=states, limit=limit)
    for row in rows:
        if row.settled_at is not None:
            [step] = tell_steps(view, by_id[row.plan], [row], with_mails=False)
            yield Entry(row.settled_at, by_id[row.plan], step=step)


ROUTES = [Route("/ledger", for_operators(show_ledger))]
