"""Writes the calendar part of a mail that invites to an event, changes it or calls it off (RFC 5546, RFC 6047)."""

from __future__ import annotations

from datetime import UTC

from icalendar import Calendar, Event, vCalAddress

from scheduler.feeds.content_lines import clean, fold
from scheduler.plan.dates.date_forms import On
from scheduler.plan.dates.due_dates import ONE_DAY
from scheduler.plan.dates_in_force import local_hours
from scheduler.plan.messages.invitations import Invitation
from scheduler.plan.messages.message import MessageOfDocuments
from scheduler.plan.model import Contact


def write_invitation(
    message: MessageOfDocuments, invitation: Invitation, *, uid: str, organiser: tuple[str, str]
) -> bytes:
    """Return a calendar with one event for the addressee of a message: REQUEST, or CANCEL if it is called off.

    Times are in UTC, so that no program needs a table of zones. `organiser` is the name and the address of the mail's
    From: to it the answer is sent, and programs show buttons only if both are the same. The private address of the
    party's page is not in it, for calendars are shared.
    """
    calendar, event = Calendar(), Event()
    is_off = invitation.is_off
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", "-//hanchot//invitations//VI")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "CANCEL" if is_off else "REQUEST")
    event.add("UID", uid)
    event.add("DTSTAMP", message.now.replace(microsecond=0))
    event.add("SEQUENCE", invitation.sequence)
    event.add("SUMMARY", " ".join(clean(message.milestone.title).split()))
    event.add("STATUS", "CANCELLED" if is_off else "CONFIRMED")
    event.add("ORGANIZER", _person(*organiser))
    event.add("ATTENDEE", _attendee(message.to, invitation))
    _add_days(event, message, invitation.days)
    if not is_off:
        event.add("DESCRIPTION", clean(_describe(message)))
        event.add("TRANSP", "OPAQUE")
        if invitation.place:
            event.add("LOCATION", clean(invitation.place))
    calendar.add_component(event)
    return fold(line for line in calendar.content_lines() if line)


def _describe(message: MessageOfDocuments) -> str:
    office = message.plan.office
    whom_to_ask = ", ".join(part for part in (office.contact or office.name, office.phone, office.email) if part)
    return "\n\n".join(part for part in (message.milestone.note or message.milestone.quote, whom_to_ask) if part)


def _person(name: str, address: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    person.params["CN"] = clean(name).replace('"', "'") or address
    return person


def _attendee(to: Contact, invitation: Invitation) -> vCalAddress:
    """Return the addressee with what it has replied, or with a question."""
    person = _person(to.name, to.email)
    person.params["CUTYPE"] = "INDIVIDUAL"
    person.params["ROLE"] = "REQ-PARTICIPANT"
    if not invitation.is_off:
        said = {reply.address.casefold(): reply.reply for reply in reversed(invitation.replies)}
        known = said.get(to.email.casefold(), said.get(""))
        person.params["PARTSTAT"] = known.upper() if known else "NEEDS-ACTION"
        person.params["RSVP"] = "TRUE"
    return person


def _add_days(event: Event, message: MessageOfDocuments, days: On) -> None:
    if days.clock is None:
        event.add("DTSTART", days.first)
        event.add("DTEND", days.last + ONE_DAY)
        return
    zone = message.plan.zone
    hours = local_hours(days, days.clock, message.milestone.ladder.closes, zone)
    for name, local in zip(("DTSTART", "DTEND"), hours, strict=True):
        event.add(name, local.replace(tzinfo=zone).astimezone(UTC))
