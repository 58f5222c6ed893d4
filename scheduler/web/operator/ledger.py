"""The ledger page: what was recorded and what became of each step, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, get_args

from starlette.responses import Response
from starlette.routing import Route

from scheduler.plan.agenda import RungState
from scheduler.plan.facts import parties_of_fact
from scheduler.plan.model import Plan
from scheduler.ports import UnitOfWork
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.lookup import find_definition
from scheduler.web.operator.history import FactEntry, RungEntry, describe_fact, list_rungs
from scheduler.web.pagination import PAGE_SIZE, page_number

MOST = 200  # pages; filters lead to older entries


class LedgerEntry(NamedTuple):
    """One entry of the ledger: a recorded fact, or a step that ended."""

    at: datetime
    plan: Plan
    fact_entry: FactEntry | None = None
    step: RungEntry | None = None


def show_ledger(context: RequestContext) -> Response:
    """Show the entries, newest first, filtered by plan, party or state of steps."""
    query = context.request.query_params
    wanted, party, state = query.get("plan", ""), query.get("party", ""), query.get("state", "")
    plans = [find_definition(context, wanted).plan] if wanted else context.site.plans
    states: list[RungState] = [known for known in get_args(RungState) if known == state]
    number = min(page_number(context), MOST)
    with context.running.store.reading() as view:
        entries = sorted(
            _entries(context, view, plans, party, states, number * PAGE_SIZE + 1),
            key=lambda entry: entry.at,
            reverse=True,
        )
    parties = {party.id: party for plan in plans for party in plan.parties.values()}
    return context.page(
        "ledger.html",
        entries=entries[(number - 1) * PAGE_SIZE : number * PAGE_SIZE],
        number=number,
        has_more=len(entries) > number * PAGE_SIZE and number < MOST,
        plans=context.site.plans,
        plan=wanted,
        parties=parties.values(),
        party=party,
        states=[known for known in get_args(RungState) if known not in ("planned", "queued")],
        state=states[0] if states else "",
    )


def _entries(
    context: RequestContext, view: UnitOfWork, plans: list[Plan], party: str, states: list[RungState], limit: int
) -> Iterator[LedgerEntry]:
    """Yield the newest facts and steps, at least `limit` of each if available; only steps if `states` is set."""
    by_id = {plan.id: plan for plan in plans}
    for plan in plans if not states else ():
        snapshot = context.site.snapshots.read(view, plan, context.now)
        own = [f for f in snapshot.facts if not party or party in parties_of_fact(f)]
        for fact in own[-limit:]:
            yield LedgerEntry(fact.recorded_at, plan, fact_entry=describe_fact(snapshot, fact))
    if party and not any(party in plan.parties for plan in plans):
        return  # no plan has this party, so the record is not queried
    rows = view.rungs.settled(by_id, party=party or None, states=states, limit=limit)
    for row in rows:
        if row.settled_at is not None:
            [step] = list_rungs(view, by_id[row.plan], [row], with_mails=False)
            yield LedgerEntry(row.settled_at, by_id[row.plan], step=step)


ROUTES = [Route("/ledger", for_operators(show_ledger))]
