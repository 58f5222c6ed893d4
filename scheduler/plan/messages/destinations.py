"""Where the documents of a milestone go, by which channels, whom to ask, and whom the office invites itself."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.plan.dates.date_forms import On
from scheduler.plan.model import Channel, Milestone, Office, Party, Plan
from scheduler.plan.obligations import Obligation


def parties_of(plan: Plan, names: Sequence[str]) -> tuple[Party, ...]:
    """Return the parties behind group names and party ids, in order and without duplicates."""
    ids: dict[str, None] = {}
    for name in names:
        group = plan.groups.get(name)
        ids |= dict.fromkeys(group.parties if group else (name,))
    return tuple(plan.parties[id] for id in ids if id in plan.parties)


def guests_to_invite(plan: Plan, o: Obligation) -> tuple[Party, ...]:
    """Return the guests of an event to whom the office has yet to write itself, because guests get no mail.

    They are to be invited once it has a date, and told of whatever changes after that: other days, another place, no
    date any more, or that it does not take place.
    """
    told = o.standing.invited_by
    known = (told.form, told.place) if told is not None else (None, "")
    if o.attends or known == days_to_tell(o):
        return ()
    milestone = plan.milestone(o.milestone)
    mailed = {party.id for party in parties_of(plan, (*milestone.organiser, *milestone.attendees))}
    return tuple(party for party in parties_of(plan, milestone.guests) if party.id not in mailed)


def days_to_tell(o: Obligation) -> tuple[On | None, str]:
    """Return the days and the place that guests should know; no days if there are none or it was called off."""
    return (None, "") if o.event is None or o.standing.state == "waived" else (o.event, o.place)


def names_to_send_to(milestone: Milestone, recipients: Sequence[Party]) -> tuple[str, ...]:
    """Return the names of the receivers: the milestone's own `submit_to` if it has a name, else the recipients."""
    own = milestone.submit_to.name if milestone.submit_to else ""
    return (own,) if own else tuple(party.name for party in recipients)


def office_receives(plan: Plan, sender: str, recipients: Sequence[Party]) -> bool:
    """Return whether documents from the party `sender` go to the plan's own office.

    They do if a member of the lead is among the recipients and the sender is not in the lead itself.
    """
    lead = plan.groups.get("lead")
    ids = lead.parties if lead else ()
    return sender not in ids and any(party.id in ids for party in recipients)


def find_destination(plan: Plan, milestone: Milestone | None, *, ours: bool) -> Office | None:
    """Return the office that collects the documents, or None if they go to somebody the plan does not describe.

    That is the milestone's own `submit_to`, else the plan's office if `ours` is set or the milestone reports to
    the lead. `ours` means that the documents are known to go to the plan's office.
    """
    if milestone is not None and milestone.submit_to is not None:
        return milestone.submit_to
    lead = plan.groups.get("lead")
    to_lead = milestone is not None and lead is not None and bool({"lead", *lead.parties} & {*milestone.report_to})
    return plan.office if ours or to_lead else None


def ways_to_send(milestone: Milestone | None, destination: Office | None) -> tuple[tuple[Channel, str], ...]:
    """Return the channels by which to send, each with its address ("" if unknown).

    A milestone without channels of its own uses those for which the destination has an address.
    """
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
    """Return the office to ask: the plan's own, or the destination if the plan's has no contact, phone or email."""
    if office.contact or office.phone or office.email:
        return office
    return destination or office
