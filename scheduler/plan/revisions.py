"""What a new revision of a plan changes for its parties.

The terms of a plan are the small part of it that the record keeps: the date of every milestone, the parties
that take part in it, and the addresses of every party. They are plain data, so that they can be stored and
compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from scheduler.plan.dates.date_forms import describe_form, form_from_data, form_to_data
from scheduler.plan.facts import Fact
from scheduler.plan.membership import members
from scheduler.plan.model import Milestone, Plan


def read_terms(plan: Plan) -> dict[str, Any]:
    """Return the terms of a plan as plain data."""
    return {
        "milestones": {
            m.id: {"form": form_to_data(m.form), "parties": sorted(_taking_part(plan, m))} for m in plan.milestones
        },
        "contacts": {party.id: sorted(c.email for c in party.contacts) for party in plan.parties.values()},
    }


def compare_terms(plan: Plan, old: Mapping[str, Any], at: datetime) -> Iterator[Fact]:
    """Yield the changes from the terms `old` to the revision `plan`, loaded at `at` (UTC), as facts.

    `amended` is a milestone with another date, `joined` a party that is new in a milestone (also every party
    of a new milestone), `rerouted` a party with other addresses.
    """
    for milestone in plan.milestones:
        known = old["milestones"].get(milestone.id, {"parties": []})
        was = known.get("form")
        if was is not None and was != form_to_data(milestone.form):
            yield _fact(
                plan, "amended", at, milestone=milestone.id, form=milestone.form, was=describe_form(form_from_data(was))
            )
        for party in sorted(_taking_part(plan, milestone) - set(known["parties"])):
            yield _fact(plan, "joined", at, milestone=milestone.id, party=party)
    for roster in plan.parties.values():
        before = old["contacts"].get(roster.id)
        if before is not None and before != sorted(c.email for c in roster.contacts):
            yield _fact(plan, "rerouted", at, party=roster.id, was=", ".join(before))


def _taking_part(plan: Plan, milestone: Milestone) -> set[str]:
    """Return the ids of the parties of a milestone and of all their successors."""
    found: set[str] = set()
    waiting = [party for name in (*milestone.owners, *milestone.attendees) for party in members(plan, name)]
    while waiting:
        party = waiting.pop()
        if party in plan.parties and party not in found:
            found.add(party)
            waiting.append(plan.parties[party].successor or party)
    return found


def _fact(plan: Plan, kind: Any, at: datetime, **details: Any) -> Fact:
    return Fact(plan=plan.id, kind=kind, happened_at=at, recorded_at=at, by="definition", **details)
