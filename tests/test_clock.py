"""The clocks: the machine's, the one that steps, and the one of a replay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.clock import ReplayClock, SteppingClock, SystemClock, SystemMachine

START = datetime(2023, 2, 19, 17, tzinfo=UTC)
DAY = 86400.0


class FakeMonotonic:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.seconds


@pytest.fixture
def watch() -> FakeMonotonic:
    """Return the real seconds that a replay goes by."""
    return FakeMonotonic()


def test_the_machines_clock_is_aware_and_in_utc() -> None:
    """Instants are compared across zones."""
    assert SystemClock().now().tzinfo is UTC


def test_the_machines_clock_waits_until_an_instant_and_not_for_one_that_has_passed() -> None:
    """Real seconds, never less than none."""
    clock = SystemClock()
    assert 3590 < clock.seconds_until(clock.now() + timedelta(hours=1)) <= 3600
    assert clock.seconds_until(clock.now() - timedelta(hours=1)) == 0


def test_a_stepping_clock_moves_only_when_told_to() -> None:
    """Nobody waits for it."""
    clock = SteppingClock(START)
    assert (clock.now(), clock.seconds_until(START + timedelta(days=1))) == (START, 0)
    clock.instant = START + timedelta(days=1)
    assert clock.now() == START + timedelta(days=1)


def test_a_replay_stands_still_until_somebody_waits(watch: FakeMonotonic) -> None:
    """Loading a plan takes no replayed time."""
    clock = ReplayClock(START, DAY, watch)
    watch.seconds += 50
    assert clock.now() == START


def test_a_replay_runs_fast_while_somebody_waits(watch: FakeMonotonic) -> None:
    """A day a second: half a second is half a day."""
    clock = ReplayClock(START, DAY, watch)
    assert clock.seconds_until(START + timedelta(days=3)) == 3
    watch.seconds += 0.5
    assert clock.now() == START + timedelta(hours=12)


def test_a_replay_never_passes_the_instant_that_is_waited_for(watch: FakeMonotonic) -> None:
    """What is due at 08:00 is done at 08:00 however slow the machine is."""
    clock = ReplayClock(START, DAY, watch)
    clock.seconds_until(START + timedelta(days=1))
    watch.seconds += 1000
    assert clock.now() == START + timedelta(days=1)
    assert clock.seconds_until(START + timedelta(days=2)) == 1


def test_a_replay_does_not_go_back_for_an_instant_that_has_passed(watch: FakeMonotonic) -> None:
    """It is due at once."""
    clock = ReplayClock(START, DAY, watch)
    assert clock.seconds_until(START - timedelta(days=1)) == 0
    watch.seconds += 5
    assert clock.now() == START


def test_a_stopped_replay_waits_for_ever(watch: FakeMonotonic) -> None:
    """The daemon stays up, and nothing happens any more."""
    clock = ReplayClock(START, DAY, watch)
    clock.seconds_until(START + timedelta(days=9))
    watch.seconds += 1
    clock.stop()
    watch.seconds += 5
    assert (clock.is_stopped, clock.now()) == (True, START + timedelta(days=1))
    assert clock.seconds_until(START + timedelta(days=2)) == float("inf")
    assert clock.now() == START + timedelta(days=1)


def test_a_replay_of_any_speed_reaches_its_instant(watch: FakeMonotonic) -> None:
    """Also where the seconds gone would be more than a date can hold."""
    clock = ReplayClock(START, 1e300, watch)
    clock.seconds_until(START + timedelta(days=300))
    watch.seconds += 1e6
    assert clock.now() == START + timedelta(days=300)


def test_the_machine_knows_the_time_and_how_long_it_has_been_up() -> None:
    """It was started once, and time goes on."""
    machine = SystemMachine()
    first, second = machine.read(), machine.read()
    assert first.boot == second.boot != ""
    assert timedelta() < first.uptime <= second.uptime
    assert first.now <= second.now
    assert abs(first.now - SystemClock().now()) < timedelta(minutes=5)


@given(
    st.lists(st.tuples(st.integers(-100, 10_000), st.floats(0, 10)), max_size=30),
    st.sampled_from([1.0, 60.0, DAY, 1e7]),
)
def test_a_replay_never_goes_back(moves: list[tuple[int, float]], speed: float) -> None:
    """Whatever is waited for, and however long that takes."""
    watch = FakeMonotonic()
    clock = ReplayClock(START, speed, watch)
    before = clock.now()
    for minutes, seconds in moves:
        goal = before + timedelta(minutes=minutes)
        assert clock.seconds_until(goal) >= 0
        watch.seconds += seconds
        now = clock.now()
        assert before <= now <= max(before, goal)
        before = now
