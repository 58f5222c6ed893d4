"""When a promise ends: what every store does with the rungs of a finished mail."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import pytest

from scheduler.plan.reasons import quote
from scheduler.ports import MessageState, Store
from tests.contracts.store_outbox import finish, take
from tests.contracts.store_samples import (
    HOUR,
    NOW,
    a_mail,
    a_rung,
    add_rungs,
    claimed_rungs,
    outgoing,
    queue,
    rung_row,
    send_off,
    states_of,
)
from tests.contracts.store_units import at_once


class SettlingContract:
    """A promise ends when all its mails have."""

    def test_a_promise_ends_with_its_only_mail(self, store: Store) -> None:
        [rung] = claimed_rungs(store)
        [id] = queue(store, outgoing(rungs=(rung,)))
        send_off(store, id, "failed", reason=quote("550 no such user"), now=NOW + HOUR)
        row = rung_row(store, rung)
        assert (row.state, str(row.reason), row.settled_at) == ("failed", "550 no such user", NOW + HOUR)

    @pytest.mark.parametrize("waits", ["queued", "inflight", "held"])
    def test_a_promise_waits_for_its_last_mail(self, store: Store, waits: MessageState) -> None:
        [rung] = claimed_rungs(store)
        later = outgoing(2, mail=a_mail(2, address="b@x.example"), rungs=(rung,))
        first, second = queue(store, outgoing(1, rungs=(rung,)), later)
        take(store)
        if waits != "inflight":
            finish(store, second, waits)
        finish(store, first, "failed", reason=quote("no"))
        assert rung_row(store, rung).state == "queued"
        assert rung_row(store, rung).settled_at is None

    @pytest.mark.parametrize("better", range(5))
    def test_the_best_that_any_mail_reached_decides(self, store: Store, better: int) -> None:
        order: tuple[MessageState, ...] = ("sent", "ambiguous", "failed", "missed", "cancelled", "skipped")
        [rung] = claimed_rungs(store)
        reached = [order[better + 1], order[better], order[5]]
        mails = [outgoing(n, mail=a_mail(n, address=f"{n}@x.example"), rungs=(rung,)) for n in range(3)]
        ids = queue(store, *mails)
        take(store)
        for id, state in zip(ids, reached, strict=True):
            finish(store, id, state, reason=quote(f"because {state}"))
        row = rung_row(store, rung)
        assert (row.state, str(row.reason)) == (order[better], f"because {order[better]}")

    def test_a_mail_with_many_promises_ends_each_that_has_no_other_mail(self, store: Store) -> None:
        both, one = claimed_rungs(store, 2)
        other = outgoing(2, mail=a_mail(2, address="b@x.example"), rungs=(both,))
        first, second = queue(store, outgoing(1, rungs=(both, one)), other)
        send_off(store, first)
        assert states_of(store, [both, one]) == ["queued", "sent"]
        finish(store, second, "failed")
        assert states_of(store, [both, one]) == ["sent", "sent"]

    def test_a_promise_whose_last_mails_end_at_the_same_moment_ends_too(self, store: Store) -> None:
        rungs = claimed_rungs(store, 60)
        bundles = [rungs[start : start + 3] for start in range(0, 60, 3)]
        ids = [
            queue(
                store,
                outgoing(2 * n, mail=a_mail(2 * n), rungs=tuple(bundle)),
                outgoing(2 * n + 1, mail=a_mail(2 * n + 1, address="b@x.example"), rungs=tuple(reversed(bundle))),
            )
            for n, bundle in enumerate(bundles)
        ]
        take(store)
        at_once(*(partial(self.finish_all, store, [pair[side] for pair in ids]) for side in (0, 1)))
        assert set(states_of(store, rungs)) == {"sent"}

    @staticmethod
    def finish_all(store: Store, ids: Iterable[int]) -> None:
        for id in ids:
            finish(store, id)

    def test_a_promise_that_ended_before_stays_as_it_is(self, store: Store) -> None:
        [rung] = claimed_rungs(store)
        [id] = queue(store, outgoing(rungs=(rung,)))
        with store.transaction() as unit:
            unit.rungs.settle([rung], "skipped", quote("first"), now=NOW)
        send_off(store, id)
        assert (rung_row(store, rung).state, str(rung_row(store, rung).reason)) == ("skipped", "first")

    def test_other_promises_are_left_alone(self, store: Store) -> None:
        [carried] = claimed_rungs(store)
        [alone] = add_rungs(store, a_rung(party="alone"))
        [id] = queue(store, outgoing(rungs=(carried,)))
        send_off(store, id)
        assert states_of(store, [carried, alone]) == ["sent", "planned"]
