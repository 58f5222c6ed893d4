"""A checker that hangs stops nobody."""

from __future__ import annotations

import threading

import pytest

from scheduler.errors import UserError
from scheduler.shared_folder.time_limit import TimedChecker
from tests.support.daemon_fixture import report
from tests.support.fakes import FakeChecker
from tests.support.plan_builders import at, history_of
from tests.support.polling import wait_until

HISTORY = history_of(report())


def check(timed: TimedChecker) -> list[str]:
    return [found.seen for found in timed.check(HISTORY.plan, HISTORY.agenda().obligations, at(3, 1))]


def test_a_checker_that_hangs_is_given_up_and_asked_again_once_it_is_back() -> None:
    """It is not asked a second time meanwhile."""
    goes_on, entered = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        goes_on.wait()

    checker = FakeChecker("folder", before=hang)
    timed = TimedChecker(checker, seconds=0.05)
    with pytest.raises(UserError, match=r"folder gave no answer within 0\.05 seconds"):
        check(timed)
    with pytest.raises(UserError, match="the source folder still hangs"):
        check(timed)
    goes_on.set()
    wait_until(lambda: len(checker.looks) == 1, "the first look ends")
    wait_until(lambda: not any(t.name == "source folder" for t in threading.enumerate()), "its thread is over")
    assert check(TimedChecker(checker)) == check(timed) == ["nothing"] * 3


def test_what_goes_wrong_is_handed_on() -> None:
    def fail() -> None:
        raise UserError("the drive is not there")

    with pytest.raises(UserError, match="the drive is not there"):
        check(TimedChecker(FakeChecker("folder", before=fail)))
