"""What every store does with the ledger of promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scheduler.plan.agenda import Rung, RungState
from scheduler.plan.reasons import NONE, quote
from scheduler.plan.scope import Scope
from scheduler.ports import RungChange, RungRow, Store, UnitOfWork
from tests.contracts.store_samples import HOUR, NOW, PLAN, a_rung, add_rungs, rung_row, states_of

LATER = NOW + 3 * HOUR


def ledger(store: Store, plan: str = PLAN) -> list[RungRow]:
    with store.reading() as unit:
        return list(unit.rungs.of(plan))


def in_state(store: Store, *states: RungState) -> list[int]:
    """Put one rung of each state into the ledger."""
    return add_rungs(store, *(a_rung(party=f"truong-{n}", state=state) for n, state in enumerate(states)))


class RungsContract:
    def test_a_promise_comes_back_as_it_was_given(self, store: Store) -> None:
        given = a_rung(party="trường-Đ", note=quote("dời từ Chủ nhật 6/8"), state="cancelled", reason=quote("đã nộp"))
        [id] = add_rungs(store, given)
        assert rung_row(store, id) == RungRow(id=id, plan=PLAN, noticed_at=None, settled_at=NOW, **given._asdict())

    def test_a_planned_promise_is_not_settled(self, store: Store) -> None:
        [id] = add_rungs(store, a_rung())
        assert rung_row(store, id).settled_at is None

    def test_promises_are_found_by_their_ids(self, store: Store) -> None:
        first, _, third = add_rungs(store, a_rung(), a_rung(name="1"), a_rung(name="2"))
        with store.reading() as unit:
            assert unit.rungs.among([third, first, 999]) == {id: unit.rungs.get(id) for id in (first, third)}
            assert unit.rungs.among([]) == {}

    def test_a_promise_that_is_there_already_is_left_alone(self, store: Store) -> None:
        [id] = add_rungs(store, a_rung(note=quote("first")))
        with store.transaction() as unit:
            assert unit.rungs.add(PLAN, [a_rung(note=quote("second"), at=LATER), a_rung(name="target")], now=NOW) == 2
        assert len(ledger(store)) == 2
        assert (str(rung_row(store, id).note), rung_row(store, id).at) == ("first", NOW)

    @pytest.mark.parametrize("key", ["milestone", "party", "name", "due"])
    def test_another_milestone_party_name_or_due_date_is_another_promise(self, store: Store, key: str) -> None:
        other = date(2023, 9, 1) if key == "due" else "other"
        add_rungs(store, a_rung(), a_rung(**{key: other}))
        assert len(ledger(store)) == 2

    def test_two_plans_keep_their_own_promises(self, store: Store) -> None:
        add_rungs(store, a_rung())
        add_rungs(store, a_rung(), plan="another")
        assert [row.plan for row in ledger(store)] == [PLAN]

    def test_promises_within_a_scope_are_those_of_its_obligations_in_any_state(self, store: Store) -> None:
        add_rungs(
            store,
            a_rung(milestone="a", party="x", state="cancelled"),
            a_rung(milestone="a", party="y"),
            a_rung(milestone="b", party="x"),
            a_rung(milestone="b", party="y"),
        )
        add_rungs(store, a_rung(milestone="a", party="x"), plan="another")
        with store.reading() as unit:
            found = unit.rungs.within(PLAN, Scope({"a": None, "b": frozenset({"x"})}))
            assert {(row.plan, row.milestone, row.party) for row in found} == {
                (PLAN, "a", "x"),
                (PLAN, "a", "y"),
                (PLAN, "b", "x"),
            }
            assert list(unit.rungs.within(PLAN, Scope())) == []

    def test_promises_stream_in_without_being_collected_first(self, store: Store) -> None:
        stored_before_the_last: list[int] = []

        def stream(unit: UnitOfWork) -> Iterator[Rung]:
            for number in range(12_345):
                if number == 12_344:
                    stored_before_the_last.append(len(unit.rungs.of(PLAN)))
                yield a_rung(party=f"truong-{number}")

        with store.transaction() as unit:
            assert unit.rungs.add(PLAN, stream(unit), now=NOW) == 12_345
        assert stored_before_the_last[0] > 5_000
        assert len(ledger(store)) == 12_345

    def test_an_empty_stream_adds_nothing(self, store: Store) -> None:
        with store.transaction() as unit:
            assert unit.rungs.add(PLAN, iter(()), now=NOW) == 0
        assert ledger(store) == []

    def test_promises_are_ordered_by_instant_then_id(self, store: Store) -> None:
        late, early, same = add_rungs(store, a_rung(at=LATER), a_rung(name="b"), a_rung(name="a", at=LATER))
        assert [row.id for row in ledger(store)] == [early, late, same]

    def test_an_unknown_promise_is_none(self, store: Store) -> None:
        with store.reading() as unit:
            assert unit.rungs.get(99) is None

    def test_a_reconcile_may_change_planned_cancelled_and_skipped_promises_only(self, store: Store) -> None:
        ids = in_state(store, "planned", "queued", "sent", "skipped", "missed", "cancelled", "failed", "ambiguous")
        with store.reading() as unit:
            assert [row.id for row in unit.rungs.unsent(PLAN)] == [ids[0], ids[3], ids[5]]

    def test_a_change_is_applied_whole(self, store: Store) -> None:
        [id] = add_rungs(store, a_rung())
        change = RungChange(
            id=id, was="planned", state="cancelled", at=LATER, reason=quote("đã nộp"), note=quote("new")
        )
        before = rung_row(store, id)
        with store.transaction() as unit:
            assert unit.rungs.revise([change], now=NOW + HOUR) == 1
        assert rung_row(store, id) == replace(
            before, state="cancelled", at=LATER, reason=quote("đã nộp"), note=quote("new"), settled_at=NOW + HOUR
        )

    def test_a_cancelled_promise_that_lives_again_is_not_settled(self, store: Store) -> None:
        [id] = in_state(store, "cancelled")
        change = RungChange(id=id, was="cancelled", state="planned", at=NOW, reason=NONE, note=NONE)
        with store.transaction() as unit:
            assert unit.rungs.revise([change], now=NOW) == 1
        assert (rung_row(store, id).state, rung_row(store, id).settled_at) == ("planned", None)

    def test_a_change_to_a_row_that_moved_on_is_not_made(self, store: Store) -> None:
        stale, fresh = in_state(store, "queued", "planned")
        changes = [
            RungChange(id=id, was="planned", state="cancelled", at=NOW, reason=quote("r"), note=NONE)
            for id in (stale, fresh, 99)
        ]
        with store.transaction() as unit:
            assert unit.rungs.revise(changes, now=NOW) == 1
        assert states_of(store, [stale, fresh]) == ["queued", "cancelled"]

    def test_due_are_planned_promises_whose_instant_has_come(self, store: Store) -> None:
        late, exactly, _future, _sent = add_rungs(
            store,
            a_rung(name="a"),
            a_rung(name="b", at=NOW - HOUR),
            a_rung(name="c", at=LATER),
            a_rung(name="d", state="sent"),
        )
        add_rungs(store, a_rung(), plan="another")
        with store.reading() as unit:
            assert [row.id for row in unit.rungs.due(PLAN, NOW)] == [exactly, late]

    def test_the_first_notice_stays(self, store: Store) -> None:
        first, second = in_state(store, "planned", "planned")
        with store.transaction() as unit:
            unit.rungs.notice([first], now=NOW)
            unit.rungs.notice([first, second], now=LATER)
            unit.rungs.notice([], now=LATER)
        assert [rung_row(store, id).noticed_at for id in (first, second)] == [NOW, LATER]

    def test_a_planned_promise_is_claimed_once(self, store: Store) -> None:
        ids = in_state(store, "planned", "cancelled", "planned")
        with store.transaction() as unit:
            assert unit.rungs.claim(ids, now=NOW) == {ids[0], ids[2]}
            assert unit.rungs.claim(ids, now=NOW) == set()
            assert unit.rungs.claim([], now=NOW) == set()
        assert states_of(store, ids) == ["queued", "cancelled", "queued"]

    def test_many_promises_are_claimed_and_settled_in_one_go(self, store: Store) -> None:
        ids = add_rungs(store, *(a_rung(party=f"truong-{number}") for number in range(2_500)))
        with store.transaction() as unit:
            assert unit.rungs.claim(ids, now=NOW) == set(ids)
            assert unit.rungs.settle(ids, "missed", NONE, now=NOW) == set(ids)

    def test_planned_and_queued_promises_are_settled_once(self, store: Store) -> None:
        ids = in_state(store, "planned", "queued", "sent", "cancelled")
        with store.transaction() as unit:
            assert unit.rungs.settle(ids, "missed", quote("quá hạn"), now=LATER) == set(ids[:2])
            assert unit.rungs.settle(ids, "skipped", quote("again"), now=LATER) == set()
        assert states_of(store, ids) == ["missed", "missed", "sent", "cancelled"]
        assert (str(rung_row(store, ids[0]).reason), rung_row(store, ids[0]).settled_at) == ("quá hạn", LATER)

    def test_the_promises_of_one_milestone_are_found_together(self, store: Store) -> None:
        late, early, _other = add_rungs(
            store, a_rung(at=LATER), a_rung(party="nguyen-ai-quoc"), a_rung(milestone="so-ket@2023-08-25")
        )
        with store.reading() as unit:
            assert [row.id for row in unit.rungs.of_milestone(PLAN, "so-ket")] == [early, late]

    def test_the_following_promise_is_the_next_planned_one_of_the_same_obligation(self, store: Store) -> None:
        first, *_, last = add_rungs(
            store,
            a_rung(),
            a_rung(name="1", at=NOW + HOUR, state="cancelled"),
            a_rung(name="2", at=NOW + HOUR, party="another"),
            a_rung(name="3", at=NOW + HOUR, milestone="another"),
            a_rung(name="4", at=NOW + HOUR, kind="escalation"),
            a_rung(name="5", at=LATER, kind="overdue"),
            a_rung(name="6", at=NOW + 4 * HOUR),
        )
        with store.reading() as unit:
            assert unit.rungs.following([first, last]) == {first: LATER}
            assert unit.rungs.following([]) == {}

    def test_between_takes_the_end_but_not_the_beginning(self, store: Store) -> None:
        _start, inside, end, _after = add_rungs(
            store,
            a_rung(name="a"),
            a_rung(name="b", at=NOW + HOUR, state="sent"),
            a_rung(name="c", at=LATER),
            a_rung(name="d", at=LATER + HOUR),
        )
        with store.reading() as unit:
            assert [row.id for row in unit.rungs.between(PLAN, NOW, LATER)] == [inside, end]

    def test_what_was_missed_after_an_instant_is_found_by_when_it_was_settled(self, store: Store) -> None:
        before, after, later, _sent = add_rungs(
            store, a_rung(name="a"), a_rung(name="b"), a_rung(name="c", at=NOW - HOUR), a_rung(name="d")
        )
        add_rungs(store, a_rung(state="missed"), plan="another")
        with store.transaction() as unit:
            unit.rungs.settle([before], "missed", NONE, now=NOW)
            unit.rungs.settle([after, later], "missed", NONE, now=LATER)
            unit.rungs.settle([_sent], "skipped", NONE, now=LATER)
            assert [row.id for row in unit.rungs.missed(PLAN, NOW)] == [later, after]

    def test_the_next_instant_is_the_earliest_planned_one_after_now_of_the_plans_asked_for(self, store: Store) -> None:
        add_rungs(store, a_rung(), a_rung(name="a", at=NOW + HOUR, state="sent"), a_rung(name="b", at=LATER))
        add_rungs(store, a_rung(at=NOW + 2 * HOUR), plan="another")
        with store.reading() as unit:
            assert unit.rungs.next_at([PLAN], NOW) == LATER
            assert unit.rungs.next_at([PLAN, "another"], NOW) == NOW + 2 * HOUR
            assert unit.rungs.next_at([PLAN], LATER) is None
            assert unit.rungs.next_at([], NOW) is None

    def test_the_promises_of_a_party_or_of_one_of_its_obligations_are_found(self, store: Store) -> None:
        mine, other, _theirs = add_rungs(
            store, a_rung(at=LATER), a_rung(milestone="tong-ket"), a_rung(party="truong-khac")
        )
        add_rungs(store, a_rung(), plan="another")
        with store.reading() as unit:
            assert [row.id for row in unit.rungs.of_party(PLAN, "tran-phu")] == [other, mine]
            assert [row.id for row in unit.rungs.of_party(PLAN, "tran-phu", "so-ket")] == [mine]
            assert unit.rungs.of_party(PLAN, "nobody") == []

    def test_promises_are_counted_by_instant_and_state(self, store: Store) -> None:
        add_rungs(
            store,
            a_rung(at=LATER, party="a"),
            a_rung(party="b"),
            a_rung(party="c"),
            a_rung(party="d", state="cancelled"),
        )
        add_rungs(store, a_rung(), plan="another")
        with store.reading() as unit:
            assert unit.rungs.counts(PLAN) == [(NOW, "cancelled", 1), (NOW, "planned", 2), (LATER, "planned", 1)]
            assert unit.rungs.counts("unknown") == []

    def test_what_is_planned_ahead_is_counted_by_instant_milestone_and_name_and_few_are_named(
        self, store: Store
    ) -> None:
        add_rungs(
            store,
            a_rung(party="now"),
            *(a_rung(party=party, at=LATER) for party in "ab"),
            a_rung(party="c", at=LATER, state="sent"),
            a_rung(name="target", at=LATER),
            a_rung(milestone="tong-ket", at=NOW + HOUR),
            a_rung(party="later", at=LATER + HOUR),
            *(a_rung(party=party, at=LATER, name="named-day") for party in "abcd"),
        )
        with store.reading() as unit:
            assert unit.rungs.ahead(PLAN, NOW, LATER) == [
                (NOW + HOUR, "tong-ket", "before:7d", 1, ("tran-phu",)),
                (LATER, "so-ket", "before:7d", 2, ("a", "b")),
                (LATER, "so-ket", "named-day", 4, ()),
                (LATER, "so-ket", "target", 1, ("tran-phu",)),
            ]

    def test_promises_that_have_ended_are_listed_the_last_one_first(self, store: Store) -> None:
        early, late, open_one = add_rungs(store, a_rung(name="a"), a_rung(name="b", party="truong-khac"), a_rung())
        [other] = add_rungs(store, a_rung(state="skipped"), plan="another")
        with store.transaction() as unit:
            unit.rungs.settle([early], "sent", NONE, now=LATER)
            unit.rungs.settle([late], "missed", NONE, now=LATER + HOUR)

            def ended(*plans: str, limit: int = 9, **asked: Any) -> list[int]:
                return [row.id for row in unit.rungs.settled(plans, limit=limit, **asked)]

            assert open_one not in ended(PLAN, "another")
            assert ended(PLAN, "another") == [late, early, other]
            assert ended(PLAN, "another", limit=1) == [late]
            assert ended(PLAN) == [late, early]
            assert ended(PLAN, party="tran-phu") == [early]
            assert ended(PLAN, states=["missed", "skipped"]) == [late]
            assert ended(PLAN, since=LATER + HOUR) == [late]
            assert ended(PLAN, until=LATER + HOUR) == [early]
            assert ended(PLAN, since=LATER + HOUR, until=LATER + HOUR) == []
