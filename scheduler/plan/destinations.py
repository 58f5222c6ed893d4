"""Where the documents of a milestone go, by which ways, and whom to ask."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.plan.model import Channel, Milestone, Office, Party, Plan


def parties_of(plan: Plan, names: Sequence[str]) -> tuple[Party, ...]:
    """Return the parties that groups and party ids stand for, each once, in order."""
    ids: dict[str, None] = {}
    for name in names:
        group = plan.groups.get(name)
        ids |= dict.fromkeys(group.parties if group else (name,))
    return tuple(plan.parties[id] for id in ids if id in plan.parties)


def names_to_send_to(milestone: Milestone, recipients: Sequence[Party]) -> tuple[str, ...]:
    """Return to whom the documents go, in words: the milestone's own `submit_to` if it names somebody."""
    own = milestone.submit_to.name if milestone.submit_to else ""
    return (own,) if own else tuple(party.name for party in recipients)


def office_receives(plan: Plan, sender: str, recipients: Sequence[Party]) -> bool:
    """Return whether what a party sends goes to the plan's own office."""
    lead = plan.groups.get("lead")
    ids = lead.parties if lead else ()
    return sender not in ids and any(party.id in ids for party in recipients)


def find_destination(plan: Plan, milestone: Milestone | None, *, ours: bool) -> Office | None:
    """Return who collects the documents; the plan's office does not for what goes elsewhere."""
    if milestone is not None and milestone.submit_to is not None:
        return milestone.submit_to
    lead = plan.groups.get("lead")
    to_lead = milestone is not None and lead is not None and bool({"lead", *lead.parties} & {*milestone.report_to})
    return plan.office if ours or to_lead else None


def ways_to_send(milestone: Milestone | None, destination: Office | None) -> tuple[tuple[Channel, str], ...]:
    """Return the channels to send by, each with where to (may be empty)."""
    if milestone is None:
        return ()
    office = destination or Office()
    places: dict[Channel, str] = {
        "paper": ", ".join(part for part in (office.name, office.address) if part) if office.address else "",
        "email": office.email,
    }
    wanted = milestone.channels or tuple(channel for channel, place in places.items() if place)
    return tuple((channel, places.get(channel, "")) for channel in wanted)


def whom_to_ask(office: Office, destination: Office | None) -> Office:
    """Return the plan's office, or who collects the documents where nobody there is named."""
    if office.contact or office.phone or office.email:
        return office
    return destination or office
