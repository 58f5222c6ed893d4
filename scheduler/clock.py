"""The clocks: the only code that reads the wall clock."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler.ports.clock import ClockReading

_TIME_ERROR = 5  # the kernel's clock is not synchronised
_SAME_TIME = 60.0  # seconds


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        return datetime.now(UTC)

    def seconds_until(self, instant: datetime) -> float:
        """Return the seconds from now to `instant`, 0 if it has come."""
        return max(0.0, (instant - self.now()).total_seconds())


class SystemMachine:
    """The machine that this process runs on, as Linux tells of it.

    Elsewhere a process knows only of itself: whatever was before it began may have been long ago.
    """

    def __init__(self) -> None:
        self._own = os.urandom(8).hex()

    def read(self) -> ClockReading:
        """Look at the clocks."""
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
            uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])  # goes on in suspend
        except OSError:
            boot, uptime = self._own, time.monotonic()
        now = datetime.now(UTC)
        return ClockReading(now=now, boot=boot, uptime=timedelta(seconds=uptime), is_synchronised=_is_synchronised(now))


class _KernelTime(ctypes.Structure):
    """The `struct timex` of adjtimex(2); what follows the time is not read."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        *((name, ctypes.c_long) for name in ("offset", "freq", "maxerror", "esterror")),
        ("status", ctypes.c_int),
        *((name, ctypes.c_long) for name in ("constant", "precision", "tolerance", "seconds", "fraction")),
        ("rest", ctypes.c_byte * 256),
    )


def _is_synchronised(now: datetime) -> bool:
    """Return whether the kernel's clock follows a time server, and shows the same time as `now`.

    The kernel takes the state back whenever somebody sets the clock, and once a time server has been silent for long.
    """
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):  # not Linux
        return False
    found = _KernelTime()  # modes = 0: only look
    if adjtimex(ctypes.byref(found)) in (-1, _TIME_ERROR):
        return False
    return bool(abs(found.seconds - now.timestamp()) < _SAME_TIME)


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
