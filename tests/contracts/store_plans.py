"""What every store does with plan revisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from scheduler.errors import NothingMatched
from scheduler.plan.agenda import Rung, RungState
from scheduler.plan.facts import Waived
from scheduler.ports import Inputs, PlanState, RevisionText, Store
from tests.contracts.store_samples import HOUR, NOW, a_fact

TERMS = {"so-ket": {"due": "2023-08-10", "words": "trước ngày 10/8", "parties": ["a", "b"]}}


def record(
    store: Store, digest: str = "d1", *, plan: str = "p", hours: int = 0, terms: Mapping[str, Any] = TERMS
) -> None:
    with store.transaction() as unit:
        unit.plans.record_revision(plan=plan, digest=digest, at=NOW + hours * HOUR, source="[plan]\n", terms=terms)


class PlansContract:
    def test_a_plan_that_was_never_loaded_has_no_state(self, store: Store) -> None:
        with store.reading() as unit:
            assert unit.plans.state("p") is None
            assert list(unit.plans.states()) == []

    def test_the_first_revision_sets_the_first_load(self, store: Store) -> None:
        record(store)
        with store.reading() as unit:
            assert unit.plans.state("p") == PlanState(
                plan="p", digest="d1", first_loaded_at=NOW, loaded_at=NOW, reconciled=""
            )
            assert unit.plans.terms("p") == TERMS

    def test_a_later_revision_keeps_the_first_load(self, store: Store) -> None:
        record(store)
        record(store, "d2", hours=5, terms={"new": 1})
        with store.reading() as unit:
            state, terms = unit.plans.state("p"), unit.plans.terms("p")
        assert state is not None
        assert (state.first_loaded_at, state.loaded_at) == (NOW, NOW + 5 * HOUR)
        assert (state.digest, terms) == ("d2", {"new": 1})

    def test_loading_what_is_in_force_again_moves_no_instant(self, store: Store) -> None:
        record(store)
        record(store, hours=5, terms={"new": 1})
        with store.reading() as unit:
            state, terms = unit.plans.state("p"), unit.plans.terms("p")
        assert state is not None
        assert (state.loaded_at, terms) == (NOW, {"new": 1})

    def test_going_back_to_an_earlier_revision_is_a_load_of_its_own(self, store: Store) -> None:
        for hours, digest in enumerate(("d1", "d2", "d1")):
            record(store, digest, hours=hours)
        with store.reading() as unit:
            state = unit.plans.state("p")
        assert state is not None
        assert (state.digest, state.loaded_at) == ("d1", NOW + 2 * HOUR)

    def test_what_the_promises_follow_from_is_counted_for_each_plan(self, store: Store) -> None:
        record(store)
        record(store, plan="q")
        with store.transaction() as unit:
            assert unit.plans.inputs("p") == Inputs(last_fact=0, idle=0)
            unit.facts.append(a_fact(plan="p"))
            newest = unit.facts.append(a_fact(plan="p"))
            unit.facts.append(a_fact(plan="q"))
            unit.plans.record_seen("p", date(2023, 8, 2), [date(2023, 8, 1)])
        with store.reading() as unit:
            state = unit.plans.state("p")
            assert state is not None
            assert unit.plans.inputs("p") == (state.last_fact, state.idle) == (newest.id, 1)

    def test_what_was_published_is_remembered_over_revisions_of_a_known_plan(self, store: Store) -> None:
        record(store)
        with store.transaction() as unit:
            unit.plans.mark_published("p", "d1/7/2023-08-01")
            with pytest.raises(NothingMatched):
                unit.plans.mark_published("q", "d1/7/2023-08-01")
        record(store, "d2", hours=1)
        with store.reading() as unit:
            assert [state.published for state in unit.plans.states()] == ["d1/7/2023-08-01"]

    def test_plans_are_listed_by_id(self, store: Store) -> None:
        for plan in ("c", "a", "b"):
            record(store, plan=plan)
        with store.reading() as unit:
            assert [state.plan for state in unit.plans.states()] == ["a", "b", "c"]

    def test_what_was_reconciled_is_remembered_over_revisions(self, store: Store) -> None:
        record(store)
        record(store, plan="q")
        with store.transaction() as unit:
            unit.plans.mark_reconciled("p", "d1/7")
        record(store, "d2", hours=1)
        with store.reading() as unit:
            assert [state.reconciled for state in unit.plans.states()] == ["d1/7", ""]

    def test_an_unknown_plan_cannot_be_reconciled(self, store: Store) -> None:
        record(store)
        with pytest.raises(NothingMatched, match="unknown plan: 'pp'"), store.transaction() as unit:
            unit.plans.mark_reconciled("pp", "x")

    def test_an_unknown_plan_has_no_terms_and_no_days(self, store: Store) -> None:
        record(store)
        with pytest.raises(NothingMatched, match="unknown plan: 'pp'"), store.reading() as unit:
            unit.plans.terms("pp")
        with pytest.raises(NothingMatched, match="unknown plan: 'pp'"), store.transaction() as unit:
            unit.plans.record_seen("pp", date(2023, 8, 1))

    def test_days_without_the_daemon_are_remembered_once_and_for_their_plan(self, store: Store) -> None:
        record(store)
        record(store, plan="q")
        first, second, third = (date(2023, 8, day) for day in (1, 2, 3))
        with store.transaction() as unit:
            unit.plans.record_seen("p", second, [first])
            unit.plans.record_seen("p", third, [first, second])
        with store.reading() as unit:
            assert unit.plans.idle_days("p") == {first, second}
            assert unit.plans.idle_days("q") == set()
            assert [(state.seen_on, state.idle) for state in unit.plans.states()] == [(third, 2), (None, 0)]

    def test_a_state_knows_the_newest_fact_and_the_next_planned_promise(self, store: Store) -> None:
        record(store)
        record(store, plan="q")
        with store.transaction() as unit:
            fact = Waived(plan="p", milestone="m", happened_at=NOW, recorded_at=NOW)
            ids = [unit.facts.append(fact).id for _ in range(2)]
            rung_states: list[RungState] = ["cancelled", "planned", "planned"]
            rungs = [
                Rung("m", "a", f"overdue:{n}", NOW.date(), NOW + n * HOUR, "overdue", state)
                for n, state in enumerate(rung_states)
            ]
            unit.rungs.add("p", rungs, now=NOW)
        with store.reading() as unit:
            states = list(unit.plans.states())
        assert [(state.last_fact, state.next_rung) for state in states] == [(ids[-1], NOW + HOUR), (0, None)]

    def test_the_text_of_the_revision_in_force_is_kept_with_its_place(self, store: Store) -> None:
        """One that an older program recorded has none, until it is read again."""
        record(store)
        with store.transaction() as unit:
            assert unit.plans.text("p") is None
            assert unit.plans.text("unknown") is None
            unit.plans.keep_text("p", "d1", {"a.toml": "[plan]\n"}, "host:/a.toml")
            assert unit.plans.text("p") == RevisionText(digest="d1", source="[plan]\n", files={"a.toml": "[plan]\n"})
            newer = {"a.toml": "[plan]\nđã sửa"}
            unit.plans.record_revision(
                plan="p", digest="d2", at=NOW + HOUR, source="x", terms={}, files=newer, place="other:/a.toml"
            )
            assert unit.plans.text("p") == RevisionText(digest="d2", source="x", files=newer)
            assert [state.place for state in unit.plans.states()] == ["other:/a.toml"]

    def test_a_revision_that_was_replaced_is_known_with_when_it_was_loaded(self, store: Store) -> None:
        for hours, digest in enumerate(("d1", "d2", "d1", "d3")):
            record(store, digest, hours=hours)
        with store.reading() as unit:
            known = {digest: unit.plans.former("p", digest) for digest in ("d1", "d2", "d3", "d4")}
            assert unit.plans.former("unknown", "d1") is None
        assert known == {"d1": NOW + 2 * HOUR, "d2": NOW + HOUR, "d3": None, "d4": None}

    def test_it_is_known_which_plans_are_served(self, store: Store) -> None:
        for plan in ("p", "q", "r"):
            record(store, plan=plan)
        with store.transaction() as unit:
            assert [state.served for state in unit.plans.states()] == [True] * 3
            unit.plans.mark_served(["q"])
            assert [state.served for state in unit.plans.states()] == [False, True, False]
            unit.plans.mark_served([])
            assert [state.served for state in unit.plans.states()] == [False] * 3
