"""What every clock does."""

from __future__ import annotations

import threading
from datetime import UTC, timedelta

from scheduler.ports import Clock


class ClockContract:
    """The present moment; `clock` is the clock."""

    def test_now_is_aware_and_in_utc(self, clock: Clock) -> None:
        assert clock.now().tzinfo is UTC

    def test_nobody_waits_for_what_has_come(self, clock: Clock) -> None:
        assert clock.seconds_until(clock.now() - timedelta(days=400)) == 0

    def test_a_wait_is_never_negative(self, clock: Clock) -> None:
        for hours in (-1, 0, 1, 24 * 366):
            assert clock.seconds_until(clock.now() + timedelta(hours=hours)) >= 0

    def test_it_does_not_go_back(self, clock: Clock) -> None:
        seen = [clock.now() for _ in range(100)]
        assert seen == sorted(seen)


class WaitingClockContract(ClockContract):
    """A clock by which an engine waits."""

    def test_who_waits_as_long_as_it_says_has_reached_the_instant(self, clock: Clock) -> None:
        instant = clock.now() + timedelta(milliseconds=20)
        for _ in range(100):
            if clock.now() >= instant:
                break
            threading.Event().wait(clock.seconds_until(instant))
        assert clock.now() >= instant

    def test_a_later_instant_is_a_longer_wait(self, clock: Clock) -> None:
        start = clock.now()
        near, far = (clock.seconds_until(start + timedelta(days=days)) for days in (100, 200))
        assert 0 < near < far
