"""Report events in the local time of their plan, and count them as signs of life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TypeVar

from scheduler.errors import HanchotError
from scheduler.plan.model import Plan
from scheduler.ports.events import Event, Reporter
from scheduler.texts import Text

T = TypeVar("T")


class LocalReporter:
    """Reports events in the time zone of their plan, or else in that of the first plan."""

    def __init__(self, report: Reporter) -> None:
        self.pulse = 0  # the number of reported events, by which a runner sees that a long tick progresses
        self._report = report
        self._zones: dict[str, tzinfo] = {}

    def add_zone(self, plan: Plan) -> None:
        """Use the zone of a plan from now on."""
        self._zones[plan.id] = plan.zone

    def report(self, event: Event) -> None:
        """Report an event as progress."""
        self.pulse += 1
        self.pass_on(event)

    def pass_on(self, event: Event) -> None:
        """Report an event that does not count as progress."""
        zone = self._zones.get(event.plan) or next(iter(self._zones.values()), UTC)
        self._report(replace(event, at=event.at.astimezone(zone)))

    def guard(self, step: str, plan: Plan, now: datetime, act: Callable[[], T]) -> T | None:
        """Return the result of one step of a plan; report its error, so that it does not stop the others."""
        try:
            return act()
        except HanchotError as error:
            text = error.text
        except Exception as error:  # a bug is reported, and everything else continues
            text = Text("{kind}: {error}", kind=type(error).__name__, error=error)
        self.report(Event(name="trouble", at=now, plan=plan.id, text=text, step=step))
        return None
