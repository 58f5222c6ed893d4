"""Reads answers to invitations (RFC 5546, 3.2.3) from the calendar parts of a mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from scheduler.email_address import read_address
from scheduler.inbox.header_text import clean_line
from scheduler.inbox.html_text import clean_text
from scheduler.plan.answers.received_mail import CalendarReply

CALENDAR_TYPES = frozenset({"text/calendar", "application/ics"})
LONGEST_CALENDAR = 64 * 1024  # bytes
MOST_CALENDARS = 3  # parts of a mail that are looked at
_LONGEST_COMMENT = 2000


def read_calendar_reply(text: str) -> CalendarReply | None:
    """Return the answer that a calendar holds; None for an invitation, and for anything malformed."""
    from icalendar import Calendar  # imported here: it takes 60 ms to import, and few mails need it

    try:
        return _read(Calendar.from_ical(text))
    except Exception:  # the library raises many kinds on malformed values, also of its own properties
        return None


def _read(calendar: Any) -> CalendarReply | None:
    items = [item for item in calendar.subcomponents if item.name in ("VEVENT", "VTODO")]
    if str(calendar.get("METHOD", "")).strip().upper() != "REPLY" or not items:
        return None
    item = items[0]  # the others answer single occurrences of the same series
    attendees = _as_list(item.get("ATTENDEE"))
    uid = clean_line(str(item.get("UID", "")))
    said = _find_speaker(attendees)
    attendee = _read_mailto(said) if said is not None else ""
    status = clean_line(str(said.params.get("PARTSTAT", ""))).lower() if said is not None else ""
    if not (uid and attendee and status):
        return None
    comment = "\n".join(str(comment) for comment in _as_list(item.get("COMMENT")))
    return CalendarReply(
        uid=uid,
        attendee=attendee,
        status=status,
        comment=clean_text(comment).strip()[:_LONGEST_COMMENT],
        delegated_to=next(map(_read_mailto, _as_list(said.params.get("DELEGATED-TO"))), "") if said is not None else "",
        sequence=int(item.get("SEQUENCE", 0)),
        stamped_at=_read_stamp(item),
    )


def _find_speaker(attendees: list[Any]) -> Any | None:
    """Return the attendee who answers: the only one, or the one who delegates to the others (RFC 5546, 4.2.5)."""
    delegating = [one for one in attendees if "DELEGATED-TO" in one.params]
    speaking = delegating or attendees
    return speaking[0] if len(speaking) == 1 else None


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _read_mailto(value: object) -> str:
    """Return the address of a mailto: URI; "" if it has none."""
    scheme, _, rest = str(value).strip().strip('"').rpartition(":")
    address = unquote(rest.partition("?")[0]).strip()
    return (read_address(address) or "") if scheme.lower() in ("mailto", "") else ""


def _read_stamp(item: Any) -> datetime | None:
    stamp = item.get("DTSTAMP")
    if stamp is None or not isinstance(stamp.dt, datetime):
        return None
    moment: datetime = stamp.dt
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
