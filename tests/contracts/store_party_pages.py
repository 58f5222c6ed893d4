"""What every store does with the addresses of parties' pages and with the files that come in through them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from scheduler.plan.facts import Fact
from scheduler.ports import Document, Store
from tests.contracts.store_samples import HOUR, NOW, a_fact
from tests.contracts.store_units import at_once

DIGEST = "a" * 64


def revoke(store: Store, party: str = "beta") -> int:
    with store.transaction() as unit:
        return unit.pages.revoke(party, now=NOW)


def submit(store: Store, *documents: Document, hours: int = 0, party: str = "beta") -> tuple[Fact, list[Document]]:
    with store.transaction() as unit:
        at = NOW + hours * HOUR
        fact = unit.facts.append(a_fact(party=party, recorded_at=at))
        return fact, [unit.documents.add(fact, document) for document in documents]


def a_document(**changes: Any) -> Document:
    values: dict[str, Any] = {"name": "Báo cáo.pdf", "kind": "application/pdf", "size": 1000, "digest": DIGEST}
    return Document(**(values | changes))


class PagesContract:
    def test_an_address_that_was_never_revoked_leaves_no_trace(self, store: Store) -> None:
        with store.reading() as unit:
            assert unit.pages.generations() == {}

    def test_each_revocation_goes_one_step_on_for_one_party(self, store: Store) -> None:
        assert [revoke(store), revoke(store), revoke(store, "gamma")] == [2, 3, 2]
        with store.reading() as unit:
            assert unit.pages.generations() == {"beta": 3, "gamma": 2}

    def test_of_several_who_revoke_at_once_each_goes_a_step(self, store: Store) -> None:
        assert sorted(at_once(*(partial(revoke, store) for _ in range(4)))) == [2, 3, 4, 5]


class DocumentsContract:
    def test_a_file_is_remembered_with_the_fact_that_it_came_with(self, store: Store) -> None:
        fact, [kept] = submit(store, a_document())
        assert kept == a_document(id=kept.id, fact=fact.id, party="beta", received_at=NOW)
        with store.reading() as unit:
            assert unit.documents.get(kept.id) == kept
            assert unit.documents.get(kept.id + 1) is None

    def test_files_go_with_the_fact_that_restates_theirs(self, store: Store) -> None:
        one, [kept] = submit(store, a_document())
        other, [untouched] = submit(store, a_document())
        with store.transaction() as unit:
            restated = unit.facts.append(replace(one, id=0, party="gamma", restates=one.id))
            unit.documents.move(one.id, restated)
            assert unit.documents.of([restated.id]) == [replace(kept, fact=restated.id, party="gamma")]
            assert unit.documents.of([one.id, other.id]) == [untouched]

    def test_the_files_of_some_facts_come_in_their_order(self, store: Store) -> None:
        """Also where there are more facts than fit into one question."""
        one, first = submit(store, a_document(), a_document(name="2.pdf"))
        submit(store, a_document(name="another fact's"))
        two, second = submit(store, a_document(name="3.pdf"))
        with store.reading() as unit:
            assert list(unit.documents.of([two.id, one.id])) == [*first, *second]
            assert list(unit.documents.of([*range(10_000, 11_500), two.id])) == second
            assert list(unit.documents.of([])) == []

    def test_sizes_are_added_up_for_each_party_from_an_instant_on(self, store: Store) -> None:
        submit(store, a_document(), hours=-1)
        submit(store, a_document(size=20_000_000_000), a_document(size=5))
        submit(store, a_document(), party="gamma")
        with store.reading() as unit:
            assert unit.documents.size_since("beta", NOW) == 20_000_000_005
            assert unit.documents.size_since("beta", NOW - timedelta(hours=1)) == 20_000_001_005
            assert unit.documents.size_since("nobody", NOW) == 0
