"""The addresses of a plan's parties: which work, which bounced, when and why, and which are paused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from scheduler.plan.facts import Bounced, drop_withdrawn
from scheduler.plan.model import Plan
from scheduler.plan.recipients import bounced_addresses, pauses_in_force
from scheduler.ports import UnitOfWork
from scheduler.queries.rows import Row, iso


def list_contacts(view: UnitOfWork, plan: Plan, now: datetime) -> Iterator[Row]:
    """Yield a row for each contact of the parties that get mail, in the order of the roster."""
    facts = drop_withdrawn(view.facts.general(plan.id))
    dead, paused = bounced_addresses(facts), pauses_in_force(plan, facts, now)
    last = {fact.address: fact for fact in facts if isinstance(fact, Bounced) and fact.address in dead}
    for party in plan.parties.values():
        for contact in () if party.external else party.contacts:
            bounce, until = last.get(contact.email), paused.get(contact.email)
            yield {
                "plan": plan.id,
                "party": party.id,
                "name": contact.name,
                "address": contact.email,
                "phone": contact.phone,
                "role": contact.role,
                "state": "bounced" if bounce else "paused" if until else "ok",
                "since": iso(bounce.recorded_at, plan.zone) if bounce else None,
                "until": until.isoformat() if until else None,
                "fact": f"f{bounce.id}" if bounce else None,
                "reply": bounce.note if bounce else "",
            }
