"""What every store does with the daemon's own journal."""

from __future__ import annotations

from scheduler.plan.scope import Scope
from scheduler.ports import CheckRow, Finding, Store
from tests.contracts.store_samples import HOUR, NOW


def finding(seen: str = "open", *, milestone: str = "m", party: str = "p", source: str = "manual") -> Finding:
    return Finding(milestone=milestone, party=party, source=source, seen=seen)


def load(store: Store, *plans: str) -> None:
    with store.transaction() as unit:
        for plan in plans:
            unit.plans.record_revision(plan=plan, digest="d", at=NOW, source="", terms={})


class JournalContract:
    def test_there_was_no_tick_at_first(self, store: Store) -> None:
        with store.reading() as unit:
            assert unit.journal.last_tick() is None

    def test_the_last_tick_is_the_one_recorded_last(self, store: Store) -> None:
        for hours in (0, 1, 2):
            with store.transaction() as unit:
                unit.journal.record_tick(NOW + hours * HOUR)
        with store.reading() as unit:
            assert unit.journal.last_tick() == NOW + 2 * HOUR

    def test_outages_are_found_by_their_end_the_oldest_first(self, store: Store) -> None:
        with store.transaction() as unit:
            for since, until in ((3, 9), (0, 1), (4, 5)):
                unit.journal.record_outage(NOW + since * HOUR, NOW + until * HOUR)
        with store.reading() as unit:
            long, short = (NOW + 3 * HOUR, NOW + 9 * HOUR), (NOW + 4 * HOUR, NOW + 5 * HOUR)
            assert list(unit.journal.outages(NOW + HOUR)) == [short, long]
            assert list(unit.journal.outages(NOW + 9 * HOUR)) == []

    def test_a_check_is_remembered_even_if_it_saw_nothing(self, store: Store) -> None:
        load(store, "p", "q")
        with store.transaction() as unit:
            unit.journal.record_check("p", NOW, [])
        with store.reading() as unit:
            assert [state.checked_at for state in unit.plans.states()] == [NOW, None]
            assert list(unit.journal.checks("p")) == []

    def test_what_is_seen_keeps_its_since_while_it_stays_the_same(self, store: Store) -> None:
        for hours, seen in enumerate(["open", "open", "submitted", "submitted"]):
            with store.transaction() as unit:
                unit.journal.record_check("p", NOW + hours * HOUR, [finding(seen)])
        with store.reading() as unit:
            assert list(unit.journal.checks("p")) == [
                CheckRow(
                    milestone="m",
                    party="p",
                    source="manual",
                    seen="submitted",
                    since=NOW + 2 * HOUR,
                    checked_at=NOW + 3 * HOUR,
                )
            ]

    def test_checks_within_a_scope_are_those_of_its_obligations(self, store: Store) -> None:
        with store.transaction() as unit:
            unit.journal.record_check("p", NOW, [finding(milestone="a"), finding(milestone="b")])
        with store.reading() as unit:
            assert [row.milestone for row in unit.journal.checks("p", Scope({"a": frozenset({"p"})}))] == ["a"]
            assert list(unit.journal.checks("p", Scope({"a": frozenset({"q"})}))) == []

    def test_what_was_seen_before_and_comes_back_counts_anew(self, store: Store) -> None:
        for hours, seen in enumerate(["open", "submitted", "open"]):
            with store.transaction() as unit:
                unit.journal.record_check("p", NOW + hours * HOUR, [finding(seen)])
        with store.reading() as unit:
            assert [row.since for row in unit.journal.checks("p")] == [NOW + 2 * HOUR]

    def test_each_source_sees_for_itself_and_an_obligation_left_out_keeps_its_last_check(self, store: Store) -> None:
        with store.transaction() as unit:
            unit.journal.record_check("p", NOW, [finding(source="manual"), finding("file", source="folder")])
            unit.journal.record_check("p", NOW + HOUR, [finding(milestone="a")])
            unit.journal.record_check("q", NOW, [finding()])
        with store.reading() as unit:
            found = [(row.milestone, row.source, row.seen, row.checked_at) for row in unit.journal.checks("p")]
        assert found == [
            ("a", "manual", "open", NOW + HOUR),
            ("m", "folder", "file", NOW),
            ("m", "manual", "open", NOW),
        ]
