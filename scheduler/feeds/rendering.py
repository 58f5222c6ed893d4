"""Renders an item as a VEVENT and a VTODO (RFC 5545)."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from icalendar import Component, Event, Todo

from scheduler.feeds.content_lines import clean, fold
from scheduler.feeds.zones import is_utc
from scheduler.plan.dates.due_dates import ONE_DAY
from scheduler.ports import FeedItem

_STATES = {"confirmed": "CONFIRMED", "tentative": "TENTATIVE", "cancelled": "CANCELLED"}


def render(item: FeedItem, *, sequence: int, created_at: datetime, revised_at: datetime) -> tuple[bytes, bytes]:
    """Return the bytes of an item as an event and as a task; empty for what it is not.

    Instants are cut to whole seconds.
    """
    common = {
        "SEQUENCE": sequence,
        "CREATED": min(created_at, revised_at).replace(microsecond=0),
        "DTSTAMP": revised_at.replace(microsecond=0),
        "LAST-MODIFIED": revised_at.replace(microsecond=0),
        "SUMMARY": " ".join(clean(f"{item.mark} {item.title}").split()),
        "DESCRIPTION": clean(item.text),
    }
    if item.place:
        common["LOCATION"] = clean(item.place)
    event = _render_event(item, common) if item.is_event else b""
    task = _render_task(item, common) if item.task_due is not None else b""
    return event, task


def _render_event(item: FeedItem, common: dict[str, object]) -> bytes:
    event = Event()
    event.add("UID", item.uid)
    for name, value in common.items():
        event.add(name, value)
    if item.clock is None:
        event.add("DTSTART", item.first)
        event.add("DTEND", item.last + ONE_DAY)
    else:
        event.add("DTSTART", _local(item, item.first, item.clock))
        event.add("DTEND", _local(item, item.last, item.end_clock or item.clock))
    event.add("STATUS", _STATES[item.state])
    event.add("TRANSP", "OPAQUE" if item.busy else "TRANSPARENT")
    # Outlook goes by this and not by TRANSP. Its "tentative" blocks every day of a window, so nothing is ever that.
    event.add("X-MICROSOFT-CDO-BUSYSTATUS", "BUSY" if item.busy else "FREE")
    return _lines(event)


def _render_task(item: FeedItem, common: dict[str, object]) -> bytes:
    task = Todo()
    task.add("UID", f"task-{item.uid}")  # must differ from the event's: some programs store both together
    for name, value in common.items():
        task.add(name, value)
    task.add("DUE", item.task_due)
    if item.state == "cancelled":
        task.add("STATUS", "CANCELLED")
    elif item.task_done is not None:
        task.add("STATUS", "COMPLETED")
        task.add("COMPLETED", item.task_done.replace(microsecond=0))
        task.add("PERCENT-COMPLETE", 100)
    else:
        task.add("STATUS", "IN-PROCESS" if item.task_begun else "NEEDS-ACTION")
    return _lines(task)


def _lines(component: Component) -> bytes:
    """Return the lines of a component, folded by `fold`: icalendar splits escape sequences and is slow."""
    return fold(line for line in component.content_lines() if line)


def _local(item: FeedItem, day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=ZoneInfo("UTC" if is_utc(item.zone) else item.zone))
