"""The list of received mails, by state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from starlette.responses import Response
from starlette.routing import Route

from scheduler.plan.model import Milestone, Occurrence, Party, Plan
from scheduler.ports import InboxRow, InboxState
from scheduler.queries.inbox import WAITING
from scheduler.web.auth.sessions import for_operators
from scheduler.web.context import RequestContext
from scheduler.web.lookup import read_choice
from scheduler.web.pagination import PAGE_SIZE, page_number, read_page

Filter = InboxState | Literal["waiting", "all"]

STATES: tuple[InboxState, ...] = tuple(dict.fromkeys((*WAITING, *get_args(InboxState))))


@dataclass(frozen=True, slots=True)
class Topic:
    """What a mail is about, as far as the plans in force know it; None for what they do not hold."""

    plan: Plan | None
    milestone: Milestone | None
    party: Party | None

    @classmethod
    def of(cls, plans: Iterable[Plan], plan: str, milestone: str, party: str) -> Topic:
        """Return what these ids name."""
        found = next((one for one in plans if one.id == plan), None)
        if found is None:
            return cls(None, None, None)
        id = Occurrence.of(milestone).milestone
        named = next((one for one in found.milestones if one.id == id), None)
        return cls(found, named, found.parties.get(party))


def show_inbox(context: RequestContext) -> Response:
    """Show the received mails, newest first: those that wait for a decision, if there are any, or another choice."""
    with context.running.store.reading() as view:
        counts = view.inbox.counts()
        chosen = read_filter(context, counts)
        states = _states_of(chosen)
        mails = read_page(
            sum(counts.get(state, 0) for state in states or counts),
            page_number(context),
            lambda offset: view.inbox.page(states, limit=PAGE_SIZE, offset=offset),
        )
    plans = context.site.plans
    return context.page(
        "inbox.html",
        mails=mails,
        topics={row.id: Topic.of(plans, row.plan, row.milestone, row.party) for row in mails.items},
        chosen=chosen,
        counts={state: counts[state] for state in STATES if state in counts},
        waiting_here=sum(counts.get(state, 0) for state in WAITING),
        local=lambda instant, row: local_time(context, instant, row),
        is_read=context.running.container.reads_answers,
    )


def read_filter(context: RequestContext, counts: Mapping[InboxState, int]) -> Filter:
    """Return which mails are asked for; without a word those that wait, or all if none does."""
    usual: Filter = "waiting" if any(counts.get(state) for state in WAITING) else "all"
    choices: tuple[Filter, ...] = ("waiting", "all", *STATES)
    return read_choice(context.request.query_params.get("state", ""), choices) or usual


def _states_of(chosen: Filter) -> tuple[InboxState, ...]:
    if chosen == "waiting":
        return WAITING
    return () if chosen == "all" else (chosen,)


def local_time(context: RequestContext, instant: datetime, row: InboxRow) -> datetime:
    """Return an instant in the zone of the plan that a mail is about, else of the first plan; at worst in UTC.

    A sender may claim an instant that no zone but UTC can express.
    """
    zones = {plan.id: plan.zone for plan in context.site.plans}
    zone = zones.get(row.plan) or next(iter(zones.values()), ZoneInfo("UTC"))
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return instant


ROUTES = [Route("/inbox", for_operators(show_inbox))]
