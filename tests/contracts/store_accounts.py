"""What every store does with mail accounts: pauses, stops, and limits that all processes share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from scheduler.ports import AccountState, Store, Usage
from tests.contracts.store_samples import HOUR, NOW
from tests.contracts.store_units import at_once

NAME = "smtp.example"
MINUTE = timedelta(minutes=1)


def state(store: Store, name: str = NAME) -> AccountState:
    with store.reading() as unit:
        return unit.accounts.state(name)


def take(
    store: Store, wanted: int, *, name: str = NAME, now: datetime = NOW, per_minute: int = 0, per_day: int = 0
) -> int:
    with store.transaction() as unit:
        return unit.accounts.take(name, wanted, now=now, per_minute=per_minute, per_day=per_day)


def give_back(store: Store, count: int, *, minutes: int = 0) -> None:
    with store.transaction() as unit:
        unit.accounts.give_back(NAME, count, now=NOW + minutes * MINUTE)


def pause(store: Store, *, hours: float = 1, reason: str = "421 busy") -> None:
    with store.transaction() as unit:
        unit.accounts.pause(NAME, until=NOW + hours * HOUR, reason=reason)


def stop(store: Store, reason: str = "535 wrong password") -> None:
    with store.transaction() as unit:
        unit.accounts.stop(NAME, reason=reason)


class AccountsContract:
    def test_nothing_is_wrong_with_an_account_never_heard_of(self, store: Store) -> None:
        assert state(store) == AccountState(name=NAME)

    def test_each_pause_counts_one_more_strike(self, store: Store) -> None:
        pause(store)
        pause(store, hours=2, reason="454 too many logins")
        expected = AccountState(
            name=NAME, paused_until=NOW + 2 * HOUR, reason="454 too many logins", consecutive_failures=2
        )
        assert state(store) == expected

    def test_a_pause_does_not_shorten_a_longer_one(self, store: Store) -> None:
        pause(store, hours=24, reason="550 5.4.5 daily limit")
        pause(store, hours=1)
        expected = AccountState(
            name=NAME, paused_until=NOW + 24 * HOUR, reason="550 5.4.5 daily limit", consecutive_failures=2
        )
        assert state(store) == expected

    def test_a_stopped_account_says_why_whatever_comes_after(self, store: Store) -> None:
        pause(store)
        stop(store)
        pause(store, hours=2)
        found = state(store)
        assert (found.stopped, found.reason, found.consecutive_failures) == (True, "535 wrong password", 2)

    def test_an_account_can_be_stopped_that_never_paused(self, store: Store) -> None:
        stop(store)
        assert state(store) == AccountState(name=NAME, stopped=True, reason="535 wrong password")

    def test_a_cleared_account_has_no_trouble_any_more(self, store: Store) -> None:
        pause(store)
        stop(store)
        for _ in range(2):
            with store.transaction() as unit:
                unit.accounts.clear(NAME)
            assert state(store) == AccountState(name=NAME)

    def test_clearing_does_not_give_back_what_was_used(self, store: Store) -> None:
        take(store, 3)
        stop(store)
        with store.transaction() as unit:
            unit.accounts.clear(NAME)
        assert take(store, 5, per_day=4) == 1

    def test_accounts_do_not_share_their_troubles_nor_their_limits(self, store: Store) -> None:
        pause(store)
        take(store, 5)
        assert state(store, "another") == AccountState(name="another")
        assert take(store, 5, name="another", per_minute=5, per_day=5) == 5

    def test_without_limits_everything_may_leave(self, store: Store) -> None:
        assert take(store, 10_000) == 10_000

    @pytest.mark.parametrize(("per_minute", "per_day"), [(10, 0), (0, 10)])
    def test_no_more_leave_than_a_limit_allows(self, store: Store, per_minute: int, per_day: int) -> None:
        assert [take(store, 4, per_minute=per_minute, per_day=per_day) for _ in range(4)] == [4, 4, 2, 0]

    def test_the_lower_limit_decides(self, store: Store) -> None:
        assert take(store, 50, per_minute=30, per_day=20) == 20
        assert take(store, 50, now=NOW + MINUTE, per_minute=30, per_day=70) == 30

    def test_what_left_before_a_limit_was_set_counts(self, store: Store) -> None:
        take(store, 7)
        assert take(store, 7, per_minute=10) == 3

    def test_a_limit_that_was_lowered_below_what_is_used_allows_nothing(self, store: Store) -> None:
        take(store, 7)
        assert take(store, 1, per_minute=5) == 0

    @pytest.mark.parametrize("wanted", [0, -1])
    def test_who_wants_nothing_gets_nothing(self, store: Store, wanted: int) -> None:
        assert take(store, wanted, per_minute=5) == 0
        assert take(store, 9, per_minute=5) == 5

    def test_the_minute_is_the_clocks(self, store: Store) -> None:
        assert take(store, 5, now=NOW + timedelta(seconds=59.999), per_minute=5) == 5
        assert take(store, 5, now=NOW, per_minute=5) == 0
        assert take(store, 5, now=NOW + MINUTE, per_minute=5) == 5

    def test_the_day_is_the_last_24_full_hours_and_the_one_running(self, store: Store) -> None:
        half_past = NOW + HOUR / 2
        assert take(store, 5, now=half_past, per_day=8) == 5
        assert take(store, 5, now=half_past + 23 * HOUR, per_day=8) == 3
        assert take(store, 5, now=half_past + 24 * HOUR, per_day=8) == 0
        assert take(store, 9, now=NOW + 25 * HOUR, per_day=8) == 5
        assert take(store, 9, now=NOW + 48 * HOUR, per_day=8) == 3

    def test_a_clock_that_is_a_little_behind_finds_what_was_counted_ahead_of_it(self, store: Store) -> None:
        take(store, 5, now=NOW, per_day=8)
        assert take(store, 5, now=NOW - MINUTE, per_day=8) == 3
        assert take(store, 5, now=NOW - MINUTE, per_minute=5) == 2
        assert take(store, 5, now=NOW, per_minute=5) == 0

    def test_mails_that_did_not_leave_are_given_back_to_their_minute_and_hour(self, store: Store) -> None:
        take(store, 5, per_minute=5)
        give_back(store, 2)
        assert take(store, 5, per_minute=5) == 2
        assert take(store, 5, per_day=6) == 1

    def test_no_more_is_given_back_than_was_taken(self, store: Store) -> None:
        take(store, 1)
        give_back(store, 5)
        give_back(store, 5, minutes=600)
        assert take(store, 9, per_minute=3, per_day=3) == 3

    def test_what_is_given_back_was_taken_then_and_not_now(self, store: Store) -> None:
        take(store, 2)
        take(store, 2, now=NOW + MINUTE)
        give_back(store, 2)
        assert take(store, 9, now=NOW + MINUTE, per_minute=3) == 1
        assert take(store, 9, now=NOW + 2 * MINUTE, per_day=4) == 1

    def test_what_is_used_can_be_asked(self, store: Store) -> None:
        take(store, 2, now=NOW - MINUTE)
        take(store, 3)
        take(store, 9, name="another")
        give_back(store, 1)
        with store.reading() as unit:
            found = [unit.accounts.usage(NAME, now=NOW + hours * HOUR) for hours in (0, 24, 25)]
        assert found == [Usage(minute=2, hour=2, day=4), Usage(day=2), Usage()]

    def test_the_hour_is_the_clocks(self, store: Store) -> None:
        almost = NOW + timedelta(minutes=59.9)
        with store.transaction() as unit:
            found = [
                unit.accounts.take(NAME, 4, now=now, per_hour=5) for now in (NOW, almost, NOW + HOUR, NOW + 2 * HOUR)
            ]
        assert found == [4, 1, 4, 4]

    def test_those_who_take_at_once_never_get_more_than_the_limits_together(self, store: Store) -> None:
        def taker(seconds: float) -> Callable[[], int]:
            now = NOW + timedelta(seconds=seconds)
            return lambda: sum(take(store, 3, now=now, per_minute=40, per_day=50) for _ in range(10))

        # Two of them are a minute ahead of the others, in the next hour: the day's limit is for all.
        assert sum(at_once(*map(taker, (3_590, 3_591, 3_600, 3_601)))) == 50
