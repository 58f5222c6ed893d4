"""The recipients of messages (contract rules 7 and 10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import NamedTuple

from scheduler.plan.dates.due_dates import local_day
from scheduler.plan.facts import Bounced, Fact, Paused, Rerouted
from scheduler.plan.ladders.steps import escalation_rung
from scheduler.plan.membership import members
from scheduler.plan.model import Contact, Escalation, Milestone, Party, Plan, Role

Span = tuple[datetime, datetime | None]  # UTC; a span that has not ended has the end None


class Recipient(NamedTuple):
    """One contact of one party."""

    party: Party
    contact: Contact


def bounced_addresses(facts: Sequence[Fact]) -> frozenset[str]:
    """Return the addresses that are known to bounce; `facts` must not hold withdrawn ones.

    One that the roster did not hold before an edit, and does now, was named anew: somebody says that it works.
    """
    dead: dict[str, str] = {}  # the party by the address
    for fact in facts:
        if isinstance(fact, Bounced):
            dead[fact.address] = fact.party
        elif isinstance(fact, Rerouted) and fact.address:
            dead.pop(fact.address, None)
        elif isinstance(fact, Rerouted):
            dead = {one: party for one, party in dead.items() if party != fact.party or one in fact.was}
    return frozenset(dead)


def pauses_in_force(plan: Plan, facts: Sequence[Fact], now: datetime) -> dict[str, date]:
    """Return the addresses that get no mail at `now` because somebody said so, each with the last day of its pause.

    A pause does not count while a party with that address has nobody in its stead. `facts` must not hold withdrawn
    ones.
    """
    asked: dict[str, date] = {}
    for fact in facts:
        if isinstance(fact, Paused):
            asked[fact.address] = fact.until
        elif isinstance(fact, Rerouted) and fact.address:
            asked.pop(fact.address, None)
    today, dead = local_day(now, plan.zone), bounced_addresses(facts)
    asked = {address: until for address, until in asked.items() if until >= today and address not in dead}
    kept = {
        contact.email
        for party in (plan.parties.values() if asked else ())
        for contact in party.contacts
        if contact.email in asked and not _has_substitute(party, contact, dead | asked.keys())
    }
    return {address: until for address, until in asked.items() if address not in kept}


def silent_addresses(plan: Plan, facts: Sequence[Fact], now: datetime) -> frozenset[str]:
    """Return the addresses to which nothing is written at `now`: those that bounce, and paused ones.

    `facts` must not hold withdrawn ones.
    """
    return bounced_addresses(facts) | pauses_in_force(plan, facts, now).keys()


def _has_substitute(party: Party, contact: Contact, silent: AbstractSet[str]) -> bool:
    """Return whether somebody else of a party gets what a contact would have got; for a head that is another head."""
    others = [other for other in party.contacts if other.email not in silent]
    return any(other.role == "head" for other in others) if contact.role == "head" else bool(others)


def dead_spans(facts: Sequence[Bounced | Rerouted], known: AbstractSet[str]) -> tuple[Span, ...]:
    """Return the spans in which every address of a party was known to bounce.

    `facts` are those about its addresses, in order and without withdrawn ones; `known` are the addresses it has now.
    """
    dead: set[str] = set()
    was_dead = False
    spans: list[Span] = []
    for fact, addresses in _with_rosters(facts, known):
        if isinstance(fact, Bounced):
            dead = dead | {fact.address}
        else:
            dead = dead - {fact.address} if fact.address else dead & set(fact.was)
        is_dead = bool(addresses) and addresses <= dead
        if is_dead and not was_dead:
            spans.append((fact.recorded_at, None))
        elif was_dead and not is_dead:
            spans[-1] = (spans[-1][0], fact.recorded_at)
        was_dead = is_dead
    return tuple(spans)


def _with_rosters(
    facts: Sequence[Bounced | Rerouted], known: AbstractSet[str]
) -> list[tuple[Bounced | Rerouted, AbstractSet[str]]]:
    """Return each fact with the addresses of the party after it, computed backwards from those `known` now."""
    found: list[tuple[Bounced | Rerouted, AbstractSet[str]]] = []
    for fact in reversed(facts):
        found.append((fact, known))
        known = set(fact.was) if isinstance(fact, Rerouted) and fact.was else known
    return found[::-1]


def contacts_for(party: Party, *, with_head: bool, avoided: Collection[str] = ()) -> list[Recipient]:
    """Return the officers of a party whose addresses work, else its heads, else its assistants.

    `with_head` adds the heads.
    """
    working = [contact for contact in party.contacts if contact.email not in avoided]
    chosen = next(filter(None, (_with_role(working, role) for role in _FALLBACK)), [])
    heads = _with_role(working, "head") if with_head and chosen != _with_role(working, "head") else []
    return _distinct(party, [*chosen, *heads])


def _with_role(contacts: Sequence[Contact], role: Role) -> list[Contact]:
    return [contact for contact in contacts if contact.role == role]


def heads_of(party: Party, avoided: Collection[str] = ()) -> list[Recipient]:
    """Return the heads of a party whose addresses work."""
    return _distinct(party, [c for c in party.contacts if c.role == "head" and c.email not in avoided])


def superiors(plan: Plan, escalation: Escalation, about: str, avoided: Collection[str] = ()) -> list[Recipient]:
    """Return the recipients of the report that the party `about` has not answered.

    If the party belongs to the group that would get the report, it goes to the heads of the deputies, or else
    to the head of the party itself.
    """
    receivers = members(plan, escalation.to)
    if about not in receivers:
        return [r for party in receivers for r in contacts_for(plan.parties[party], with_head=False, avoided=avoided)]
    deputies = [party for party in members(plan, "deputies") if party != about]
    above = [r for party in deputies for r in heads_of(plan.parties[party], avoided)]
    return above or heads_of(plan.parties[about], avoided)


def lead_officers(plan: Plan, avoided: Collection[str] = ()) -> list[Recipient]:
    """Return the contacts of the lead; if none of them works, the default operator of `operators(plan, ())`."""
    lead = [plan.parties[party] for party in members(plan, "lead") if party in plan.parties]
    found = [r for party in lead for r in contacts_for(party, with_head=False, avoided=avoided)]
    return found or operators(plan, ())


def operators(plan: Plan, emails: Sequence[str]) -> list[Recipient]:
    """Return the operators of the daemon: the configured `emails`, else the first contact of the plan's lead.

    A plan without a lead uses the first party of its roster instead.
    """
    lead = next((plan.parties[party] for party in members(plan, "lead") if party in plan.parties), None)
    if lead is None:
        lead = next(iter(plan.parties.values()), None)
    if lead is None:
        return []
    if emails:
        known = {contact.email: contact for contact in lead.contacts}
        return [Recipient(lead, known.get(email, Contact(name="", email=email))) for email in emails]
    return contacts_for(lead, with_head=False)[:1]


def escalation_named(milestone: Milestone, rung: str) -> Escalation | None:
    """Return the escalation of a milestone's ladder that has this rung name, or None."""
    return next((e for e in milestone.ladder.escalate if str(escalation_rung(e)) == rung), None)


_FALLBACK: tuple[Role, ...] = ("officer", "head", "assistant")


def _distinct(party: Party, contacts: Sequence[Contact]) -> list[Recipient]:
    return [Recipient(party, contact) for contact in {contact.email: contact for contact in contacts}.values()]
