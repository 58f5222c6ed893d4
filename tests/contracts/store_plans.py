"""What every store does with plan revisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from scheduler.errors import NothingMatched
from scheduler.ports import PlanState, Store
from tests.contracts.store_samples import HOUR, NOW

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
                plan="p", digest="d1", first_loaded_at=NOW, loaded_at=NOW, terms=TERMS, reconciled=""
            )

    def test_a_later_revision_keeps_the_first_load(self, store: Store) -> None:
        record(store)
        record(store, "d2", hours=5, terms={"new": 1})
        with store.reading() as unit:
            state = unit.plans.state("p")
        assert state is not None
        assert (state.first_loaded_at, state.loaded_at) == (NOW, NOW + 5 * HOUR)
        assert (state.digest, state.terms) == ("d2", {"new": 1})

    def test_loading_what_is_in_force_again_moves_no_instant(self, store: Store) -> None:
        record(store)
        record(store, hours=5, terms={"new": 1})
        with store.reading() as unit:
            state = unit.plans.state("p")
        assert state is not None
        assert (state.loaded_at, state.terms) == (NOW, {"new": 1})

    def test_going_back_to_an_earlier_revision_is_a_load_of_its_own(self, store: Store) -> None:
        for hours, digest in enumerate(("d1", "d2", "d1")):
            record(store, digest, hours=hours)
        with store.reading() as unit:
            state = unit.plans.state("p")
        assert state is not None
        assert (state.digest, state.loaded_at) == ("d1", NOW + 2 * HOUR)

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
