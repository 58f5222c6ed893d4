"""Rate limits per client or party."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock

KNOWN = 10_000  # places kept in memory; beyond that the least recently used one is dropped


class Throttle:
    """Admits each place `times` within `span`, counted in this process."""

    def __init__(self, times: int, span: timedelta) -> None:
        self._times = times
        self._span = span
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def admits(self, place: str, now: datetime) -> bool:
        """Return whether a place is admitted once more at `now`, and count it if so."""
        with self._lock:
            seen = self._seen.setdefault(place, deque(maxlen=self._times))
            self._seen.move_to_end(place)
            if len(self._seen) > KNOWN:
                self._seen.popitem(last=False)
            while seen and seen[0] <= now - self._span:
                seen.popleft()
            if len(seen) >= self._times:
                return False
            seen.append(now)
            return True
