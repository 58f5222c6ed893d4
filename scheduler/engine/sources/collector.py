"""Ask the periodic sources for news, each when its time has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from scheduler.engine.survey import has_come
from scheduler.errors import HanchotError
from scheduler.ports import PeriodicSource
from scheduler.ports.events import Event, Reporter
from scheduler.texts import Text

PAUSE = timedelta(minutes=5)  # after a failure; most are over by then, and a mail server is not pestered


class SourceCollector:
    """Asks sources for news; one that fails is left alone for a while, and the others are asked all the same."""

    def __init__(self, sources: Sequence[PeriodicSource], report: Reporter) -> None:
        self._sources = sources
        self._report = report
        self._failed_at: dict[str, datetime] = {}  # when each source that pauses failed, by its name
        self._errors: dict[str, str] = {}  # what was last wrong with a source; repeated errors are reported only once

    def collect(self, now: datetime) -> None:
        """Let every source that is due take in its news; report each failure."""
        for source in self._sources:
            if not self._is_paused(source, now):
                self._collect(source, now)

    def next_after(self, now: datetime) -> datetime | None:
        """Return when the next source is due (UTC), or None if none says so.

        A source whose instant has passed is asked at the next tick anyway.
        """
        known = [at for source in self._sources if (at := self._next_at(source, now)) is not None and at > now]
        return min(known, default=None)

    def _collect(self, source: PeriodicSource, now: datetime) -> None:
        self._failed_at.pop(source.name, None)
        try:
            if not has_come(source.next_at, now):
                return
            source.collect(now)
        except HanchotError as error:
            self._pause(source, error.text, now)
        except Exception as error:  # a bug of one source must not stop the daemon
            self._pause(source, f"{type(error).__name__}: {error}", now)
        else:
            self._errors.pop(source.name, None)

    def _next_at(self, source: PeriodicSource, now: datetime) -> datetime | None:
        if self._is_paused(source, now):
            return self._failed_at[source.name] + PAUSE
        try:
            return source.next_at
        except Exception as error:  # as in `_collect`
            self._pause(source, f"{type(error).__name__}: {error}", now)
            return now + PAUSE

    def _is_paused(self, source: PeriodicSource, now: datetime) -> bool:
        """Return whether a source failed less than a pause ago; a clock that was set back ends the pause."""
        failed_at = self._failed_at.get(source.name)
        return failed_at is not None and failed_at <= now < failed_at + PAUSE

    def _pause(self, source: PeriodicSource, error: str, now: datetime) -> None:
        self._failed_at[source.name] = now
        if self._errors.get(source.name) != error:
            self._errors[source.name] = error
            text = Text("the source {name}: {error}", name=source.name, error=error)
            self._report(Event(name="trouble", at=now, text=text, step=f"source {source.name}"))
