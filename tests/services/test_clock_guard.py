"""When the machine's clock is believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.clock import SteppingClock
from scheduler.errors import ClockNotBelieved
from scheduler.plan.commands import Accept, Retire
from scheduler.plan.dates.date_forms import By
from scheduler.ports import Definition, Store, UnitOfWork
from scheduler.services.clock_guard import BETWEEN_MACHINES, LONGEST_ABSENCE, ClockGuard
from scheduler.services.context import ServiceContext
from scheduler.services.record_facts import execute, rehearse
from scheduler.services.retire_plan import retire_absent
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, DaemonFixture, plan, report
from tests.support.facts import record
from tests.support.fakes import FakeMachine
from tests.support.plan_builders import at

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
START = at(3, 1, 8)


@pytest.fixture
def machine() -> FakeMachine:
    """Return a machine whose clock is right."""
    return FakeMachine(SteppingClock(START))


@pytest.fixture
def guard(store: SqlStore, machine: FakeMachine) -> ClockGuard:
    """Return the guard of a machine that has looked once."""
    guard = ClockGuard(store, machine)
    assert guard.check() is None
    tick(store, machine)
    return guard


def tick(store: SqlStore, machine: FakeMachine) -> None:
    with store.transaction() as unit:
        unit.journal.record_tick(machine.clock.now())


@dataclass
class ServerWithClock:
    """A record on a server whose clock shows `now`."""

    store: SqlStore
    now: datetime

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """Open a view."""
        with self.store.reading() as unit:
            unit.__dict__["heartbeats"] = self
            yield unit

    def clock(self) -> datetime:
        """Return the time of the server."""
        return self.now

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


@pytest.mark.parametrize(("ahead", "is_believed"), [(15 * MINUTE, True), (15.1 * MINUTE, False), (YEAR, False)])
def test_on_a_machine_that_stays_up_the_clock_may_be_ahead_by_a_quarter_of_an_hour(
    guard: ClockGuard, machine: FakeMachine, ahead: timedelta, is_believed: bool
) -> None:
    machine.pass_time(5 * DAY)
    machine.jump(ahead)
    assert (guard.check() is None) == is_believed
    assert (guard.look() is None) == is_believed


@pytest.mark.parametrize("away", [DAY, 30 * DAY, YEAR])
def test_a_suspension_of_any_length_is_believed(guard: ClockGuard, machine: FakeMachine, away: timedelta) -> None:
    machine.pass_time(away)
    assert guard.check() is None


@pytest.mark.parametrize(
    ("away", "is_believed"), [(HOUR, True), (31 * DAY, True), (LONGEST_ABSENCE, True), (63 * DAY, False), (YEAR, False)]
)
def test_after_a_restart_an_absence_of_two_months_needs_no_confirmation(
    guard: ClockGuard, machine: FakeMachine, away: timedelta, is_believed: bool
) -> None:
    """Machines are off over the holidays; nobody can tell a longer absence from a clock that is wrong."""
    machine.pass_time(away)
    machine.restart()
    assert (guard.check() is None) == is_believed


def test_a_record_without_marks_is_compared_by_its_last_tick(store: SqlStore, machine: FakeMachine) -> None:
    """It was upgraded, or another machine worked on it."""
    tick(store, machine)
    machine.jump(YEAR)
    assert ClockGuard(store, machine).check() == YEAR


def test_an_empty_record_knows_nothing_better(store: SqlStore, machine: FakeMachine) -> None:
    assert ClockGuard(store, machine).check() is None


@pytest.mark.parametrize("restarted", [False, True])
def test_a_time_server_that_the_kernel_follows_confirms_any_jump(
    guard: ClockGuard, machine: FakeMachine, restarted: bool
) -> None:
    """From then on it is the right time, also when the kernel is not synchronised any more."""
    machine.jump(YEAR)
    if restarted:
        machine.restart()
    machine.is_synchronised = True
    assert guard.check() is None
    machine.is_synchronised = False
    assert guard.check() is None


@pytest.mark.parametrize("restarted", [False, True])
def test_a_person_confirms_any_jump(guard: ClockGuard, machine: FakeMachine, restarted: bool) -> None:
    machine.jump(YEAR)
    if restarted:
        machine.restart()
    assert guard.check() == YEAR
    assert guard.accept() == machine.clock.now()
    assert guard.check() is None
    machine.jump(DAY)
    assert guard.check() == DAY


@pytest.mark.parametrize(("wrong", "is_believed"), [(timedelta(), True), (BETWEEN_MACHINES, True), (YEAR, False)])
def test_the_clock_of_the_databases_server_confirms_or_not(
    store: SqlStore, guard: ClockGuard, machine: FakeMachine, wrong: timedelta, is_believed: bool
) -> None:
    machine.jump(YEAR)
    server: Store = ServerWithClock(store, machine.clock.now() - wrong)  # type: ignore[assignment]
    assert (ClockGuard(server, machine).look() is None) == is_believed


@pytest.mark.parametrize(("away", "is_believed"), [(YEAR, True), (2 * DAY, False)])
def test_after_a_restart_the_servers_clock_knows_how_long_the_absence_was(
    store: SqlStore, guard: ClockGuard, machine: FakeMachine, away: timedelta, is_believed: bool
) -> None:
    machine.clock.instant += YEAR if is_believed else away
    server: Store = ServerWithClock(store, START + (YEAR if is_believed else timedelta()))  # type: ignore[assignment]
    machine.restart()
    assert (ClockGuard(server, machine).look() is None) == is_believed


def test_a_clock_that_was_turned_back_by_nobodys_word_may_be_put_right_again(
    guard: ClockGuard, machine: FakeMachine
) -> None:
    for by in (-YEAR, 2 * HOUR, YEAR - 2 * HOUR):
        machine.jump(by)
        assert guard.check() is None


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("ahead", [HOUR, 30 * DAY, YEAR, 10 * YEAR])
def test_a_wrong_clock_that_was_believed_and_put_right_is_not_believed_again(
    store: SqlStore, guard: ClockGuard, machine: FakeMachine, ahead: timedelta, restarted: bool
) -> None:
    """After a restart that is so where the machine may not have been off for so long."""
    machine.jump(ahead)
    guard.accept()
    tick(store, machine)
    machine.jump(-ahead)
    assert guard.check() is None
    guard.put_right()
    if restarted:
        machine.restart()
    machine.jump(ahead)
    assert (guard.check() is None) == (restarted and ahead <= LONGEST_ABSENCE)


@pytest.mark.parametrize("own", [-59 * MINUTE, -16 * MINUTE, timedelta(), 59 * MINUTE])
@pytest.mark.parametrize(
    ("others", "is_wrong"), [(59 * MINUTE, False), (16 * MINUTE, False), (-HOUR, False), (2 * HOUR, True), (YEAR, True)]
)
def test_machines_whose_clocks_are_believed_by_the_server_do_not_undo_each_others_ticks(
    store: SqlStore, machine: FakeMachine, own: timedelta, others: timedelta, is_wrong: bool
) -> None:
    server: Store = ServerWithClock(store, START)  # type: ignore[assignment]
    with store.transaction() as unit:
        unit.journal.record_tick(START + others)
    machine.jump(own)
    ClockGuard(server, machine).put_right()
    with store.reading() as view:
        assert view.journal.last_tick() == (START + own if is_wrong else START + others)


def test_a_clock_that_creeps_ahead_is_followed(guard: ClockGuard, machine: FakeMachine) -> None:
    """A cheap crystal is a second a day off; nobody needs to accept that."""
    for _ in range(100):
        machine.pass_time(DAY)
        machine.jump(MINUTE)
        assert guard.check() is None


@pytest.mark.parametrize("ahead", [16 * MINUTE, 3 * DAY, YEAR])
def test_by_a_clock_that_is_not_believed_nothing_is_recorded(daemon: DaemonFixture, ahead: timedelta) -> None:
    """Neither what a person says nor what a party sends: it would count as late, or end a ladder for good."""
    machine = FakeMachine(daemon.clock)
    daemon.ticker = daemon.new_ticker(machine=machine)
    daemon.live(at(3, 2, 18))
    guard = ClockGuard(daemon.store, machine)
    services = ServiceContext(store=daemon.store, composer=COMPOSER, guard=guard)
    first = record(services, daemon.definition, daemon.fact("received"))
    machine.jump(ahead)
    for fact in (
        daemon.fact("received", "gamma"),
        daemon.fact("waived", "gamma"),
        daemon.fact("extended", "gamma", form=By(date(2023, 3, 24))),
    ):
        with pytest.raises(ClockNotBelieved, match=r"nothing is recorded.*ahead"):
            record(services, daemon.definition, fact)
    assert daemon.facts() == [first.fact]
    guard.accept()
    assert record(services, daemon.definition, daemon.fact("received", "gamma")).is_new


def test_by_a_clock_that_is_not_believed_no_plan_begins(daemon: DaemonFixture) -> None:
    """Its dates would be past at once, and in doubt for good."""
    machine = FakeMachine(daemon.clock)
    daemon.ticker = daemon.new_ticker(machine=machine)
    daemon.live(at(3, 2, 18))
    machine.jump(30 * DAY)
    services = ServiceContext(store=daemon.store, composer=COMPOSER, guard=ClockGuard(daemon.store, machine))
    new = Definition(plan=plan(report(), id="new"), source="toml")
    for carry_out in (execute, rehearse):
        with pytest.raises(ClockNotBelieved):
            carry_out(services, new, [Accept(at=daemon.clock.instant, milestone="report", party="beta")])
    with daemon.store.reading() as view:
        assert view.plans.state("new") is None


def test_a_plan_whose_file_is_gone_is_not_retired_by_a_clock_that_is_not_believed(daemon: DaemonFixture) -> None:
    machine = FakeMachine(daemon.clock)
    daemon.ticker = daemon.new_ticker(machine=machine)
    daemon.live(at(3, 2, 18))
    machine.jump(YEAR)
    services = ServiceContext(store=daemon.store, composer=COMPOSER, guard=ClockGuard(daemon.store, machine))
    with pytest.raises(ClockNotBelieved):
        retire_absent(services, "plan", Retire(at=daemon.clock.instant, reason="gone"), ZoneInfo("UTC"))
    assert daemon.facts() == []
