"""What every store does with finished mails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from scheduler.errors import UserError
from scheduler.plan.message_kinds import MessageKind, is_urgent
from scheduler.plan.reasons import NONE, quote
from scheduler.ports import Interruption, MailSearch, MessageRow, MessageState, Store
from tests.contracts.store_samples import (
    HOUR,
    LEASE,
    NOW,
    PLAN,
    a_mail,
    claimed_rungs,
    outgoing,
    queue,
    rung_row,
    send_off,
    states_of,
)


def mail_row(store: Store, id: int) -> MessageRow:
    with store.reading() as unit:
        row = unit.outbox.get(id)
    assert row is not None
    return row


def take(store: Store, *, hours: float = 0, by: str = "a", limit: int = 100) -> list[int]:
    with store.transaction() as unit:
        return [row.id for row in unit.outbox.claim(NOW + hours * HOUR, by=by, lease=LEASE, limit=limit)]


def finish(store: Store, id: int, state: MessageState = "sent", **changes: Any) -> bool:
    values: dict[str, Any] = {"by": "a", "reason": NONE, "reply": "", "attempted": True, "now": NOW}
    with store.transaction() as unit:
        return unit.outbox.finish(id, state=state, **(values | changes))


def begin(store: Store, id: int, *, by: str) -> bool:
    with store.transaction() as unit:
        return unit.outbox.begin(id, by=by, now=NOW)


def take_over(store: Store, reserved: Sequence[int], *, by: str) -> list[int]:
    with store.transaction() as unit:
        rows = unit.outbox.take_over(reserved, reserved_by="queue/1", by=by, now=NOW, lease=LEASE)
    assert all(row.state == "inflight" for row in rows)
    return [row.id for row in rows]


def interruptions(store: Store) -> list[Interruption]:
    with store.reading() as unit:
        return list(unit.outbox.interruptions(NOW))


class OutboxContract:
    def test_a_mail_comes_back_as_it_was_given(self, store: Store) -> None:
        rungs = claimed_rungs(store, 2)
        given = outgoing(rungs=tuple(rungs), rung="before:7d", deduplication_key="s")
        [id] = queue(store, given)
        assert mail_row(store, id) == MessageRow(
            id=id,
            mail=given.mail,
            kind="reminder",
            plan=PLAN,
            milestone="so-ket",
            party="tran-phu",
            rung="before:7d",
            state="queued",
            reason=NONE,
            reply="",
            attempts=0,
            created_at=NOW,
            not_before=NOW,
            expires_at=NOW + 48 * HOUR,
            settled_at=None,
            rungs=tuple(rungs),
            unclear=False,
        )

    def test_a_mail_may_be_without_milestone_rungs_and_expiry(self, store: Store) -> None:
        [id] = queue(store, outgoing(kind="outage", milestone=None, expires_at=None))
        row = mail_row(store, id)
        assert (row.milestone, row.expires_at, row.rungs, row.rung) == (None, None, (), None)

    def test_an_unknown_mail_is_none(self, store: Store) -> None:
        with store.reading() as unit:
            assert unit.outbox.get(99) is None

    def test_a_message_id_is_used_once(self, store: Store) -> None:
        first, second = claimed_rungs(store, 2)
        queue(store, outgoing(1, rungs=(first,)))
        with store.transaction() as unit:
            assert unit.outbox.add(outgoing(1, rungs=(second,))) is None
        with store.reading() as unit:
            assert len(unit.outbox.list()) == 1
            assert unit.outbox.of_rungs([second]) == {second: []}

    def test_mails_are_found_by_their_message_ids(self, store: Store) -> None:
        queue(store, outgoing(1), outgoing(2), outgoing(3))
        with store.reading() as unit:
            wanted = [a_mail(3).message_id, "<unknown@x.example>", a_mail(1).message_id]
            assert [row.mail.message_id for row in unit.outbox.with_message_ids(wanted)] == [wanted[0], wanted[2]]
            assert unit.outbox.with_message_ids([]) == []

    def test_a_slot_is_used_once_and_mails_without_one_as_often_as_they_like(self, store: Store) -> None:
        queue(store, outgoing(1, deduplication_key="s"), outgoing(2), outgoing(3))
        with store.transaction() as unit:
            assert unit.outbox.add(outgoing(4, deduplication_key="s")) is None

    def test_a_promise_is_delivered_to_an_address_once(self, store: Store) -> None:
        served, fresh = claimed_rungs(store, 2)
        queue(store, outgoing(1, rungs=(served,)))
        with store.transaction() as unit:
            assert unit.outbox.add(outgoing(2, rungs=(served,))) is None
            assert len(unit.outbox.list()) == 1
            third = unit.outbox.add(outgoing(3, rungs=(served, fresh)))
        assert third is not None
        assert mail_row(store, third).rungs == (fresh,)

    def test_a_promise_is_delivered_to_each_of_several_addresses(self, store: Store) -> None:
        [rung] = claimed_rungs(store)
        head = outgoing(2, mail=a_mail(2, address="hieutruong@tranphu.example"), rungs=(rung,))
        ids = queue(store, outgoing(1, rungs=(rung,)), head)
        with store.reading() as unit:
            assert [row.id for row in unit.outbox.of_rungs([rung])[rung]] == ids

    def test_a_mail_for_a_promise_that_does_not_exist_is_refused(self, store: Store) -> None:
        with pytest.raises(UserError, match="refused"), store.transaction() as unit:
            unit.outbox.add(outgoing(rungs=(99,)))
        with store.reading() as unit:
            assert list(unit.outbox.list()) == []

    def test_the_soonest_due_mails_are_taken_first_and_no_more_than_asked_for(self, store: Store) -> None:
        late, early, same = queue(
            store, outgoing(1, not_before=NOW), outgoing(2, not_before=NOW - HOUR), outgoing(3, not_before=NOW)
        )
        assert take(store, limit=2) == [early, late]
        assert take(store, limit=2) == [same]
        assert take(store) == []

    @pytest.mark.parametrize("kind", get_args(MessageKind))
    def test_urgent_mails_are_taken_apart_from_the_others(self, store: Store, kind: MessageKind) -> None:
        [id] = queue(store, outgoing(kind=kind))
        with store.transaction() as unit:
            assert unit.outbox.claim(NOW, by="a", lease=LEASE, limit=9, urgent=not is_urgent(kind)) == []
            assert [row.id for row in unit.outbox.claim(NOW, by="a", lease=LEASE, limit=9, urgent=is_urgent(kind))] == [
                id
            ]

    def test_a_mail_is_not_taken_before_its_time(self, store: Store) -> None:
        [id] = queue(store, outgoing(not_before=NOW + HOUR))
        assert take(store, hours=0.99) == []
        assert take(store, hours=1) == [id]

    def test_a_taken_mail_comes_with_everything_and_is_on_its_way(self, store: Store) -> None:
        rungs = tuple(claimed_rungs(store, 2))
        [id] = queue(store, outgoing(rungs=rungs))
        with store.transaction() as unit:
            [row] = unit.outbox.claim(NOW, by="a", lease=LEASE, limit=1)
        assert (row.state, row.rungs, row.mail) == ("inflight", rungs, a_mail())
        assert mail_row(store, id) == row

    def test_a_mail_whose_lease_ran_out_is_taken_by_another(self, store: Store) -> None:
        [id] = queue(store, outgoing())
        assert take(store, by="a") == [id]
        assert begin(store, id, by="a")
        assert take(store, by="b", hours=0.08) == []
        assert not mail_row(store, id).unclear
        with store.transaction() as unit:
            [taken] = unit.outbox.claim(NOW + LEASE, by="b", lease=LEASE, limit=1)
        assert taken == mail_row(store, id)
        assert taken.unclear  # who had it may have died after handing it over
        assert not finish(store, id, by="a")
        assert mail_row(store, id).attempts == 0
        assert finish(store, id, by="b")

    def test_a_mail_that_was_claimed_and_not_begun_is_not_unclear_when_another_takes_it(self, store: Store) -> None:
        """Nobody can have handed it over."""
        [id] = queue(store, outgoing())
        take(store, by="a")
        assert take(store, by="b", hours=1) == [id]
        assert not mail_row(store, id).unclear
        assert interruptions(store) == []
        assert not begin(store, id, by="a")

    def test_an_attempt_that_another_took_over_is_an_interruption_with_its_late_answer(self, store: Store) -> None:
        """Who held it was frozen, and came back."""
        [id] = queue(store, outgoing())
        take(store, by="a")
        begin(store, id, by="a")
        assert [(one.holder, one.noticed_at) for one in interruptions(store)] == [("a", None)]
        assert take(store, by="b", hours=1) == [id]
        assert not finish(store, id, by="a", reply="250 late")
        [one] = interruptions(store)
        assert (one.mail.id, one.holder, one.begun_at, one.noticed_at) == (id, "a", NOW, NOW + HOUR)
        assert one.answer == "250 late"
        assert finish(store, id, by="b", now=NOW + HOUR)
        assert [one.mail.state for one in interruptions(store)] == ["sent"]

    def test_an_attempt_without_an_answer_is_an_interruption(self, store: Store) -> None:
        """The connection was lost after the mail had gone over it."""
        [id] = queue(store, outgoing())
        take(store, by="a")
        begin(store, id, by="a")
        assert finish(store, id, by="a", state="queued", reply="content: no answer in time", unclear=True)
        assert [(one.holder, one.answer) for one in interruptions(store)] == [("a", "content: no answer in time")]

    def test_an_attempt_that_ends_with_an_answer_is_none(self, store: Store) -> None:
        first, second = queue(store, outgoing(), outgoing(2))
        take(store, by="a", limit=2)
        for id in (first, second):
            begin(store, id, by="a")
        finish(store, first, by="a")
        with store.transaction() as unit:
            unit.outbox.postpone(second, by="a", until=NOW)
        assert interruptions(store) == []

    def test_reserved_mails_are_taken_over_by_one(self, store: Store) -> None:
        """Only under the name for which they were reserved, and with a new lease."""
        first, second, other = queue(store, outgoing(1, not_before=NOW - HOUR), outgoing(2), outgoing(3))
        with store.transaction() as unit:
            reserved = unit.outbox.reserve(NOW, by="queue/1", lease=LEASE, limit=2)
            assert set(reserved) == {first, second}
        assert [take_over(store, reserved, by=name) for name in ("a", "b")] == [[first, second], []]
        assert take_over(store, [other], by="b") == []
        assert finish(store, second, by="a")
        assert take(store, by="c", hours=1) == [first, other]

    def test_it_is_known_who_holds_how_many(self, store: Store) -> None:
        queue(store, *map(outgoing, range(4)))
        take(store, by="a/1", limit=2)
        take(store, by="b", limit=1)
        with store.transaction() as unit:
            assert unit.outbox.holders() == {"a/1": 2, "b": 1}
            assert unit.outbox.end_leases(["a"], now=NOW) == 2  # each of its senders
            assert unit.outbox.end_leases(["a"], now=NOW) == 0

    def test_what_a_process_held_can_be_taken_once_its_leases_are_ended(self, store: Store) -> None:
        """Exactly as if they had run out: whoever held it may have handed it over."""
        first, second, other = queue(store, *map(outgoing, range(3)))
        assert take(store, by="a", limit=2) == [first, second]
        assert take(store, by="b") == [other]
        assert finish(store, first, by="a")
        assert begin(store, second, by="a")
        with store.transaction() as unit:
            assert unit.outbox.end_leases(["a", "nobody"], now=NOW) == 1
            assert unit.outbox.end_leases(["a"], now=NOW) == 0
        with store.reading() as unit:
            assert unit.outbox.next_at() == NOW
        assert take(store, by="c") == [second]
        assert mail_row(store, second).unclear
        assert not finish(store, second, by="a")
        assert finish(store, other, by="b")

    def test_a_mail_that_is_held_or_final_is_not_taken(self, store: Store) -> None:
        states: tuple[MessageState, ...] = ("held", "sent", "failed")
        for id, state in zip(queue(store, *map(outgoing, range(3))), states, strict=True):
            send_off(store, id, state)
        assert take(store, hours=100) == []

    def test_a_finished_mail_says_how_when_and_at_which_attempt(self, store: Store) -> None:
        [id] = queue(store, outgoing())
        assert send_off(store, id, "sent", reply="250 2.0.0 Ok", now=NOW + HOUR)
        row = mail_row(store, id)
        assert (row.state, row.reply, row.attempts, row.settled_at) == ("sent", "250 2.0.0 Ok", 1, NOW + HOUR)
        assert not finish(store, id)

    def test_a_mail_that_was_not_tried_counts_no_attempt(self, store: Store) -> None:
        [id] = queue(store, outgoing())
        assert send_off(store, id, "missed", reason=quote("quá hạn"), attempted=False)
        row = mail_row(store, id)
        assert (row.state, str(row.reason), row.attempts) == ("missed", "quá hạn", 0)

    def test_a_mail_nobody_took_cannot_be_finished(self, store: Store) -> None:
        [id] = queue(store, outgoing())
        assert not finish(store, id)
        assert mail_row(store, id).state == "queued"

    def test_a_mail_can_be_put_back_for_another_attempt(self, store: Store) -> None:
        [rung] = claimed_rungs(store)
        [id] = queue(store, outgoing(rungs=(rung,)))
        assert send_off(store, id, "queued", reply="451 later")
        row = mail_row(store, id)
        assert (row.state, row.attempts, row.settled_at) == ("queued", 1, None)
        assert rung_row(store, rung).state == "queued"
        assert send_off(store, id)
        assert mail_row(store, id).attempts == 2

    def test_a_mail_that_is_put_back_waits_as_long_as_it_was_told(self, store: Store) -> None:
        [id] = queue(store, outgoing())
        assert send_off(store, id, "queued", reply="451 later", not_before=NOW + HOUR)
        row = mail_row(store, id)
        assert (row.not_before, row.attempts, row.reply) == (NOW + HOUR, 1, "451 later")
        assert take(store, hours=0.99, by="b") == []
        assert take(store, hours=1, by="b") == [id]
        assert not finish(store, id, by="a")

    def test_a_mail_that_ends_keeps_the_instant_from_which_it_might_leave(self, store: Store) -> None:
        [id] = queue(store, outgoing())
        send_off(store, id, "sent", not_before=NOW + HOUR)
        assert mail_row(store, id).not_before == NOW

    def test_a_mail_that_may_have_arrived_says_so_for_ever(self, store: Store) -> None:
        sure, unclear = queue(store, outgoing(1), outgoing(2))
        send_off(store, sure, "queued")
        finish(store, unclear, "queued", unclear=True)
        send_off(store, sure)
        finish(store, unclear)
        assert [mail_row(store, id).unclear for id in (sure, unclear)] == [False, True]

    def test_a_slot_that_was_used_is_known_whatever_became_of_its_mail(self, store: Store) -> None:
        [id] = queue(store, outgoing(deduplication_key="digest:1"))
        send_off(store, id, "failed")
        with store.reading() as unit:
            assert [unit.outbox.has_deduplication_key(slot) for slot in ("digest:1", "digest:", "digest:2")] == [
                True,
                False,
                False,
            ]

    @pytest.mark.parametrize("state", ["inflight", "gone"])
    def test_a_mail_cannot_be_finished_as_something_that_is_no_end(self, store: Store, state: Any) -> None:
        [id] = queue(store, outgoing())
        with pytest.raises(ValueError, match=state):
            send_off(store, id, state)

    def test_a_postponed_mail_waits_in_the_queue(self, store: Store) -> None:
        [id] = queue(store, outgoing())
        take(store)
        with store.transaction() as unit:
            unit.outbox.postpone(id, by="a", until=NOW + 2 * HOUR)
        row = mail_row(store, id)
        assert (row.state, row.not_before, row.attempts) == ("queued", NOW + 2 * HOUR, 0)
        assert take(store, hours=1) == []
        assert take(store, hours=2, by="b") == [id]

    def test_only_who_took_a_mail_postpones_it(self, store: Store) -> None:
        waiting, taken = queue(store, outgoing(1, not_before=NOW + HOUR), outgoing(2))
        take(store)
        with store.transaction() as unit:
            unit.outbox.postpone(taken, by="b", until=NOW + 2 * HOUR)
            unit.outbox.postpone(waiting, by="a", until=NOW + 2 * HOUR)
        assert mail_row(store, taken).state == "inflight"
        assert mail_row(store, waiting).not_before == NOW + HOUR

    def test_queued_mails_are_cancelled_by_the_beginning_of_their_slot(self, store: Store) -> None:
        slots = ["7:receipt:a", "7:receipt:b", "77:receipt:a", "7%", None, "7:sent"]
        *waiting, gone = queue(store, *(outgoing(n, deduplication_key=slot) for n, slot in enumerate(slots)))
        send_off(store, gone)
        for id in waiting:
            finish(store, id, "queued", attempted=False)
        with store.transaction() as unit:
            assert unit.outbox.cancel("7:", quote("taken back"), now=NOW + HOUR) == 2
            assert unit.outbox.cancel("7_", NONE, now=NOW) == 0
        states = [mail_row(store, id).state for id in (*waiting, gone)]
        assert states == ["cancelled", "cancelled", "queued", "queued", "queued", "sent"]
        assert (str(mail_row(store, waiting[0]).reason), mail_row(store, waiting[0]).settled_at) == (
            "taken back",
            NOW + HOUR,
        )

    def test_all_waiting_mails_of_a_plan_are_cancelled(self, store: Store) -> None:
        first, sent, held, other = queue(store, *map(outgoing, range(3)), outgoing(3, plan="another"))
        send_off(store, sent)
        for id in (first, held, other):
            finish(store, id, "queued", attempted=False)
        with store.transaction() as unit:
            unit.outbox.hold(held)
            assert unit.outbox.cancel_all(PLAN, quote("the plan ended"), now=NOW + HOUR) == 2
        states = [mail_row(store, id).state for id in (first, sent, held, other)]
        assert states == ["cancelled", "sent", "cancelled", "queued"]

    def test_the_beginning_of_a_slot_is_case_sensitive(self, store: Store) -> None:
        queue(store, outgoing(deduplication_key="abc"))
        with store.transaction() as unit:
            assert unit.outbox.cancel("AB", NONE, now=NOW) == 0

    def test_mails_are_listed_oldest_first_by_plan_and_state(self, store: Store) -> None:
        first, other, last = queue(store, outgoing(1), outgoing(2, plan="another"), outgoing(3))
        send_off(store, last)
        with store.reading() as unit:
            assert [row.id for row in unit.outbox.list()] == [first, other, last]
            assert [row.id for row in unit.outbox.list(plan=PLAN)] == [first, last]
            assert [row.id for row in unit.outbox.list(states=["sent"])] == [last]
            assert [row.id for row in unit.outbox.list(plan=PLAN, states={"inflight", "sent"})] == [first, last]

    def test_a_promise_no_mail_carried_has_no_mails(self, store: Store) -> None:
        [rung] = claimed_rungs(store)
        with store.reading() as unit:
            assert unit.outbox.of_rungs([rung]) == {rung: []}
            assert unit.outbox.of_rungs([]) == {}

    def test_one_mail_carries_many_promises(self, store: Store) -> None:
        rungs = claimed_rungs(store, 1_200)
        [id] = queue(store, outgoing(rungs=tuple(rungs)))
        with store.reading() as unit:
            assert {row.id for rows in unit.outbox.of_rungs(rungs).values() for row in rows} == {id}
        send_off(store, id)
        assert set(states_of(store, rungs)) == {"sent"}

    def test_the_next_instant_is_when_a_mail_may_leave_or_a_lease_ends(self, store: Store) -> None:
        queue(store, outgoing(1, not_before=NOW + HOUR))
        with store.reading() as unit:
            assert unit.outbox.next_at() == NOW + HOUR
        queue(store, outgoing(2))
        with store.reading() as unit:
            assert unit.outbox.next_at() == NOW
        take(store)
        with store.reading() as unit:
            assert unit.outbox.next_at() == min(NOW + LEASE, NOW + HOUR)

    def test_mails_that_are_done_or_held_set_no_next_instant(self, store: Store) -> None:
        first, second = queue(store, outgoing(1), outgoing(2))
        send_off(store, first, "sent")
        send_off(store, second, "held")
        with store.reading() as unit:
            assert unit.outbox.next_at() is None

    def test_the_newest_mails_come_first_and_page_by_page(self, store: Store) -> None:
        first, other, last = queue(
            store, outgoing(1), outgoing(2, plan="another", party="truong-khac"), outgoing(3, milestone="tong-ket")
        )
        send_off(store, last)
        with store.reading() as unit:

            def found(limit: int = 9, **asked: Any) -> list[int]:
                return [row.id for row in unit.outbox.newest(limit=limit, **asked)]

            assert found() == [last, other, first]
            assert found(limit=2) == [last, other]
            assert found(limit=2, offset=2) == [first]
            assert found(plan=PLAN) == [last, first]
            assert found(plan=PLAN, milestone="so-ket") == [first]
            assert found(party="truong-khac") == [other]
            assert found(states=["sent"]) == [last]
            assert found(states=["inflight", "sent"], plan=PLAN) == [last, first]

    def test_mails_are_found_by_when_they_were_written_and_by_their_words(self, store: Store) -> None:
        early = outgoing(1, created_at=NOW - timedelta(days=8))
        percent = replace(outgoing(2), mail=replace(outgoing(2).mail, subject="100% Kế hoạch"))
        first, second, third = queue(store, early, percent, outgoing(3))
        with store.reading() as unit:

            def found(**asked: Any) -> list[int]:
                within = MailSearch(**asked)
                ids = [row.id for row in unit.outbox.newest(limit=9, within=within)]
                assert sum(unit.outbox.counts(within=within).values()) == len(ids)
                return ids

            assert found() == [third, second, first]
            assert found(since=NOW - timedelta(days=7)) == [third, second]
            assert found(until=NOW - timedelta(days=7)) == [first]
            assert found(since=NOW, until=NOW) == []
            assert found(words="100%") == found(words="0% K") == [second]
            assert found(words=outgoing(1).mail.address.upper()) == [third, second, first]
            assert found(words="_") == []
            assert found(words="kế hoạch") == found(words="KẾ HOẠCH") == [second]

    def test_mails_are_counted_by_state(self, store: Store) -> None:
        with store.reading() as unit:
            assert unit.outbox.counts() == {}
        _one, _two, third = queue(store, outgoing(1), outgoing(2), outgoing(3))
        send_off(store, third)
        with store.reading() as unit:
            assert unit.outbox.counts() == {"inflight": 2, "sent": 1}
            assert unit.outbox.counts(party="nobody") == {}
            assert sum(unit.outbox.counts(party=unit.outbox.list()[0].party).values()) == 3
