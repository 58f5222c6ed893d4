"""What every store does with the heartbeats of processes."""

from __future__ import annotations

from datetime import timedelta

from scheduler.clock import SystemClock
from scheduler.ports import Store
from tests.contracts.store_samples import HOUR, NOW


def record(store: Store, name: str, *, hours: float = 0) -> None:
    with store.transaction() as unit:
        unit.heartbeats.record(name, NOW + hours * HOUR)


def stale(store: Store, *, hours: float) -> list[str]:
    with store.reading() as unit:
        return list(unit.heartbeats.stale(NOW + hours * HOUR))


class HeartbeatsContract:
    def test_a_process_is_stale_that_was_last_alive_before_an_instant(self, store: Store) -> None:
        for name, hours in (("c", 2), ("b", 1), ("a", 1)):
            record(store, name, hours=hours)
        assert [stale(store, hours=hours) for hours in (1, 1.5, 3)] == [[], ["a", "b"], ["a", "b", "c"]]

    def test_the_last_heartbeat_counts_also_if_the_clock_was_turned_back(self, store: Store) -> None:
        for hours in (1, 5, 2):
            record(store, "a", hours=hours)
        assert [stale(store, hours=hours) for hours in (2, 3)] == [[], ["a"]]

    def test_a_process_that_is_forgotten_is_not_stale(self, store: Store) -> None:
        for name in ("a", "b", "c"):
            record(store, name)
        with store.transaction() as unit:
            unit.heartbeats.forget(["a", "c", "nobody"])
        assert stale(store, hours=1) == ["b"]

    def test_a_server_has_a_clock_of_its_own_and_a_file_has_none(self, store: Store) -> None:
        with store.reading() as unit:
            now = unit.heartbeats.clock()
        assert now is None or abs(now - SystemClock().now()) < timedelta(minutes=5)
