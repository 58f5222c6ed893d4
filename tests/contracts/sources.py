"""What every periodic source does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scheduler.errors import UserError
from scheduler.ports import PeriodicSource
from tests.support.plan_builders import at

FIRST, SECOND = at(3, 8, 8), at(3, 10, 8)


class PeriodicSourceContract:
    """Brings news; `source` has news of `FIRST` and of `SECOND`.

    `taken` lists what was recorded; `recording_fails` is called to make the record fail until it is called with False.
    """

    def test_it_has_a_name(self, source: PeriodicSource) -> None:
        assert source.name == source.name.strip() != ""

    def test_asking_for_its_time_changes_nothing(self, source: PeriodicSource) -> None:
        assert source.next_at == source.next_at

    def test_what_has_come_is_taken_in_once(self, source: PeriodicSource, taken: Callable[[], list[object]]) -> None:
        source.collect(FIRST)
        source.collect(FIRST)
        assert len(taken()) == 1
        source.collect(SECOND)
        assert len(taken()) == 2

    def test_nothing_is_taken_in_before_it_comes(
        self, source: PeriodicSource, taken: Callable[[], list[object]]
    ) -> None:
        source.collect(at(3, 1))
        assert taken() == []

    def test_when_all_has_been_taken_in_it_does_not_ask_for_the_same_instant(self, source: PeriodicSource) -> None:
        source.collect(SECOND)
        assert source.next_at is None or source.next_at > SECOND

    def test_what_could_not_be_recorded_is_taken_in_the_next_time(
        self,
        source: PeriodicSource,
        taken: Callable[[], list[object]],
        recording_fails: Callable[[bool], None],
    ) -> None:
        recording_fails(True)
        with pytest.raises(UserError):
            source.collect(SECOND)
        recording_fails(False)
        source.collect(SECOND)
        assert len(taken()) == 2
