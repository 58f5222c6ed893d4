"""Rate limits per client or party."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock

MAX_KEYS = 10_000  # kept in memory; beyond that the least recently used one is dropped


class Throttle:
    """Admits each key, such as a client or a party, `times` within `span`; counted in this process."""

    def __init__(self, times: int, span: timedelta) -> None:
        self._times = times
        self._span = span
        self._admitted: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def admits(self, key: str, now: datetime) -> bool:
        """Return whether a key is admitted once more at `now`, and count it if so."""
        with self._lock:
            admitted = self._admitted.setdefault(key, deque(maxlen=self._times))
            self._admitted.move_to_end(key)
            if len(self._admitted) > MAX_KEYS:
                self._admitted.popitem(last=False)
            while admitted and admitted[0] <= now - self._span:
                admitted.popleft()
            if len(admitted) >= self._times:
                return False
            admitted.append(now)
            return True
