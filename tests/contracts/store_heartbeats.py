"""What every store does with the heartbeats of processes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scheduler.clock import SystemClock
from scheduler.ports import Process, Store
from tests.contracts.store_samples import HOUR, NOW


def record(store: Store, name: str, *, hours: float = 0) -> None:
    with store.transaction() as unit:
        unit.heartbeats.record(Process(name=name, role="daemon"), NOW + hours * HOUR)


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

    def test_processes_say_what_they_are_and_since_when(self, store: Store) -> None:
        """A heartbeat without a new claim leaves the last one."""
        worker = Process(name="host:7:ab", role="worker", version="1", secret="c0ffee", claimed_at=NOW)
        for process, hours in ((worker, 0), (replace(worker, claimed_at=None), 1)):
            with store.transaction() as unit:
                unit.heartbeats.record(process, NOW + hours * HOUR)
        with store.reading() as unit:
            assert unit.heartbeats.processes() == [replace(worker, since=NOW, seen_at=NOW + HOUR)]
        assert worker.machine == "host"

    def test_one_process_leads_until_its_lease_ends(self, store: Store) -> None:
        asked = [("a", 0), ("b", 0.5), ("a", 0.5), ("b", 1.5), ("b", 1.6), ("a", 1.7)]
        for (name, hours), leads in zip(asked, [True, False, True, False, True, False], strict=True):
            with store.transaction() as unit:
                assert unit.heartbeats.lead(name, NOW + hours * HOUR, HOUR) is leads, (name, hours)
        with store.reading() as unit:
            assert unit.heartbeats.leader() == ("b", NOW + 2.6 * HOUR)

    def test_a_process_that_is_forgotten_leads_no_more(self, store: Store) -> None:
        with store.transaction() as unit:
            assert unit.heartbeats.leader() is None
            assert unit.heartbeats.lead("a", NOW, HOUR)
            unit.heartbeats.forget(["a"])
            assert unit.heartbeats.lead("b", NOW, HOUR)

    def test_a_server_has_a_clock_of_its_own_and_a_file_has_none(self, store: Store) -> None:
        with store.reading() as unit:
            now = unit.heartbeats.clock()
        assert now is None or abs(now - SystemClock().now()) < timedelta(minutes=5)
