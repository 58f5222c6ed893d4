"""Look-ups of what a page's address names: a plan, milestone, party, obligation, number, choice or day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import TypeVar

from starlette.exceptions import HTTPException

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.due_dates import ONE_DAY, to_instant
from scheduler.plan.model import Milestone, Party, Plan
from scheduler.plan.obligations import Obligation
from scheduler.ports import Definition
from scheduler.services.commands import MOMENT
from scheduler.web.context import RequestContext

C = TypeVar("C", bound=str)


def find_number(context: RequestContext, name: str = "id") -> int:
    """Return the number in the path parameter `name`.

    Raises: HTTPException 404 if it is not a number or is too long for an id.
    """
    found = read_id(context.request.path_params[name])
    if found is None:
        raise HTTPException(404)
    return found


def read_id(text: str) -> int | None:
    """Return an id; None if it is not a number, or too long for one: 18 digits always fit a 64-bit integer."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def find_definition(context: RequestContext, id: str | None = None) -> Definition:
    """Return the definition of plan `id`, by default of the plan that the address names.

    Raises: HTTPException 404 if there is none.
    """
    wanted = id if id is not None else context.request.path_params["plan"]
    found = next((d for d in context.running.definitions() if d.plan.id == wanted), None)
    if found is None:
        raise HTTPException(404)
    return found


def find_milestone(agenda: Agenda, id: str) -> Milestone:
    """Return the milestone with this id or with an occurrence of this id.

    Raises: HTTPException 404 if there is none.
    """
    owed = (o.milestone == id for o in (*agenda.obligations, *agenda.unassigned))
    if any(m.id == id for m in agenda.plan.milestones) or any(owed):
        return agenda.plan.milestone(id)
    raise HTTPException(404)


def find_party(plan: Plan, id: str) -> Party:
    """Return a party of the plan.

    Raises: HTTPException 404 if there is none.
    """
    if id not in plan.parties:
        raise HTTPException(404)
    return plan.parties[id]


def find_obligation(agenda: Agenda, milestone: str, party: str) -> Obligation:
    """Return what a party owes for a milestone or occurrence.

    Raises: HTTPException 404 if there is none.
    """
    if (milestone, party) not in agenda.by_key:
        raise HTTPException(404)
    return agenda.by_key[milestone, party]


def parties_by_id(plans: Iterable[Plan]) -> dict[str, Party]:
    """Return the parties of all plans; of two with one id, that of the last plan."""
    return {party.id: party for plan in plans for party in plan.parties.values()}


def read_choice(text: str, choices: Iterable[C]) -> C | None:
    """Return the choice that the text names; None if it names none of them."""
    return next((choice for choice in choices if choice == text), None)


def read_day(text: str) -> date | None:
    """Return a day written in ISO format; None if the text is not one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def end_of(day: date, plan: Plan) -> datetime:
    """Return the last instant (UTC) of a local day in the plan's zone."""
    return to_instant(day + ONE_DAY, time(), plan.zone) - MOMENT
