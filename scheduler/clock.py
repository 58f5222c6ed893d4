"""The clocks: the only code that reads the wall clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        return datetime.now(UTC)

    def seconds_until(self, instant: datetime) -> float:
        """Return the seconds from now to `instant`, 0 if it has come."""
        return max(0.0, (instant - self.now()).total_seconds())


class SteppingClock:
    """A clock that moves only when `instant` is set, for simulations and tests."""

    def __init__(self, start: datetime) -> None:
        self.instant = start

    def now(self) -> datetime:
        """Return `instant`."""
        return self.instant

    def seconds_until(self, instant: datetime) -> float:
        """Return 0: nothing waits for this clock."""
        return 0.0


class ReplayClock:
    """A clock that starts at a given instant and runs `speed` times as fast, but only while something waits.

    It never passes the instant that was last passed to `seconds_until`. A slow machine thus makes a replay longer,
    but never makes it skip: what is due at 08:00 is done at 08:00. Thread-safe.
    """

    def __init__(self, start: datetime, speed: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._speed = speed
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._from = self._goal = start
        self._since = monotonic()
        self.is_stopped = False

    def now(self) -> datetime:
        """Return the current instant of the replay in UTC."""
        with self._lock:
            return self._now()

    def seconds_until(self, instant: datetime) -> float:
        """Return the real seconds to wait for an instant of the replay, and let time run up to it.

        Infinity once the clock is stopped.
        """
        with self._lock:
            if self.is_stopped:
                return float("inf")
            self._from = self._now()
            self._since = self._monotonic()
            self._goal = max(instant, self._from)
            return (self._goal - self._from).total_seconds() / self._speed

    def stop(self) -> None:
        """Stop the clock for ever."""
        with self._lock:
            self._from = self._goal = self._now()
            self.is_stopped = True

    def _now(self) -> datetime:
        ahead = (self._goal - self._from).total_seconds()
        gone = (self._monotonic() - self._since) * self._speed  # may exceed what a timedelta can hold
        return self._goal if gone >= ahead else self._from + timedelta(seconds=gone)
