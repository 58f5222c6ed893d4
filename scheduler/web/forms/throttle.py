"""How often something may be asked from one place."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock

KNOWN = 10_000  # places that are remembered; beyond them the one longest silent is forgotten


class Throttle:
    """Lets each place through `times` within `span`, in this process."""

    def __init__(self, times: int, span: timedelta) -> None:
        self._times = times
        self._span = span
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def admits(self, place: str, now: datetime) -> bool:
        """Return whether one more is allowed at `now`, and count it if it is."""
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
