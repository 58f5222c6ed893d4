"""What every store does when a person decides about a mail: hold it, let it go, try it again."""

from __future__ import annotations

import pytest

from scheduler.plan.reasons import quote
from scheduler.ports import MessageState, Store
from tests.contracts.store_outbox import finish, mail_row, take
from tests.contracts.store_samples import (
    HOUR,
    NOW,
    a_mail,
    claimed_rungs,
    outgoing,
    queue,
    rung_row,
    send_off,
    states_of,
)

ENDS: tuple[MessageState, ...] = ("sent", "skipped", "missed", "cancelled")


def hold(store: Store, id: int) -> bool:
    with store.transaction() as unit:
        return unit.outbox.hold(id)


def release(store: Store, id: int) -> bool:
    with store.transaction() as unit:
        return unit.outbox.release(id)


def retry(store: Store, id: int, hours: float = 0) -> bool:
    with store.transaction() as unit:
        return unit.outbox.retry(id, now=NOW + hours * HOUR)


class DecidingContract:
    def test_a_held_mail_waits_until_it_is_let_go(self, store: Store) -> None:
        [id] = queue(store, outgoing())
        assert hold(store, id)
        assert mail_row(store, id).state == "held"
        assert take(store, hours=100) == []
        assert release(store, id)
        assert take(store) == [id]

    def test_holding_and_letting_go_change_nothing_else(self, store: Store) -> None:
        [rung] = claimed_rungs(store)
        [id] = queue(store, outgoing(rungs=(rung,)))
        before = mail_row(store, id)
        assert hold(store, id)
        assert rung_row(store, rung).state == "queued"
        assert release(store, id)
        assert mail_row(store, id) == before

    @pytest.mark.parametrize("state", ["inflight", "held", "failed", "sent"])
    def test_only_a_queued_mail_is_held(self, store: Store, state: MessageState) -> None:
        [id] = queue(store, outgoing())
        take(store)
        if state != "inflight":
            finish(store, id, state)
        assert not hold(store, id)
        assert mail_row(store, id).state == state

    def test_only_a_held_mail_is_let_go(self, store: Store) -> None:
        [id] = queue(store, outgoing())
        assert not release(store, id)
        assert not release(store, 99)

    @pytest.mark.parametrize("state", ["failed", "ambiguous"])
    def test_a_failed_or_ambiguous_mail_is_tried_again_with_its_promises(
        self, store: Store, state: MessageState
    ) -> None:
        rungs = claimed_rungs(store, 2)
        [id] = queue(store, outgoing(rungs=tuple(rungs)))
        send_off(store, id, state, reason=quote("no such user"), reply="550 5.1.1")
        assert retry(store, id, hours=72)
        row = mail_row(store, id)
        assert (row.state, str(row.reason), row.not_before, row.settled_at) == ("queued", "", NOW + 72 * HOUR, None)
        assert (row.reply, row.attempts, row.mail) == ("550 5.1.1", 1, a_mail())
        found = [rung_row(store, rung) for rung in rungs]
        assert [(rung.state, str(rung.reason), rung.settled_at) for rung in found] == [("queued", "", None)] * 2
        assert take(store, hours=72) == [id]
        assert finish(store, id)
        assert states_of(store, rungs) == ["sent", "sent"]

    def test_a_persons_decision_is_not_overruled_by_the_old_expiry(self, store: Store) -> None:
        [id] = queue(store, outgoing(expires_at=NOW + HOUR))
        send_off(store, id, "failed")
        retry(store, id, hours=72)
        assert mail_row(store, id).expires_at is None

    def test_a_mail_that_was_ambiguous_stays_unclear_when_it_is_tried_again(self, store: Store) -> None:
        failed, ambiguous = queue(store, outgoing(1), outgoing(2))
        send_off(store, failed, "failed")
        finish(store, ambiguous, "ambiguous")
        assert retry(store, failed)
        assert retry(store, ambiguous)
        assert [mail_row(store, id).unclear for id in (failed, ambiguous)] == [False, True]

    @pytest.mark.parametrize("state", [*ENDS, "queued", "held"])
    def test_no_other_mail_is_tried_again(self, store: Store, state: MessageState) -> None:
        [id] = queue(store, outgoing())
        send_off(store, id, state)
        before = mail_row(store, id)
        assert not retry(store, id)
        assert mail_row(store, id) == before
        assert not retry(store, 99)

    def test_a_promise_that_another_mail_kept_stays_kept(self, store: Store) -> None:
        kept, broken = claimed_rungs(store, 2)
        other = outgoing(2, mail=a_mail(2, address="b@x.example"), rungs=(kept,))
        first, second = queue(store, outgoing(1, rungs=(kept, broken)), other)
        send_off(store, first, "failed")
        finish(store, second)
        assert states_of(store, [kept, broken]) == ["sent", "failed"]
        assert retry(store, first)
        assert states_of(store, [kept, broken]) == ["sent", "queued"]
        take(store)
        finish(store, first, "failed")
        assert states_of(store, [kept, broken]) == ["sent", "failed"]

    def test_a_mail_without_promises_is_tried_again_alone(self, store: Store) -> None:
        [rung] = claimed_rungs(store)
        carrying, alone = queue(store, outgoing(1, rungs=(rung,)), outgoing(2))
        send_off(store, carrying, "failed")
        finish(store, alone, "failed")
        assert retry(store, alone)
        assert (mail_row(store, carrying).state, rung_row(store, rung).state) == ("failed", "failed")
