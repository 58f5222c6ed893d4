"""A clock that jumps ahead settles nothing that nobody confirms; what a wrong clock settled comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.plan import reasons
from scheduler.ports import Mail
from scheduler.services.clock_guard import ClockGuard
from scheduler.store import SqlStore
from tests.support.daemon_fixture import ONCE, DaemonFixture, large_plan, plan, report
from tests.support.fakes import FakeMachine, nothing
from tests.support.plan_builders import at

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)


@pytest.fixture
def machine(daemon: DaemonFixture) -> FakeMachine:
    """Return the machine of a daemon that lived until the eve of the first reminder."""
    machine = FakeMachine(daemon.clock)
    daemon.ticker = daemon.new_ticker(machine=machine)
    daemon.live(at(3, 2, 18))
    return machine


def record_of(daemon: DaemonFixture) -> tuple[object, ...]:
    """Return what a clock could settle."""
    with daemon.store.reading() as view:
        of_plan = view.plans.idle_days(daemon.plan.id), view.plans.states(), view.journal.last_tick()
    return daemon.rows(None), daemon.mails(), *of_plan


@pytest.mark.parametrize("ahead", [16 * MINUTE, 20 * HOUR, 3 * DAY, 30 * DAY, YEAR, 40 * YEAR])
def test_a_jump_that_nothing_confirms_settles_nothing_and_is_told_once(
    daemon: DaemonFixture, machine: FakeMachine, ahead: timedelta
) -> None:
    before = record_of(daemon)
    machine.jump(ahead)
    for _ in range(3):
        daemon.tick()
        daemon.ticker.check()
        daemon.ticker.load()
    assert record_of(daemon) == before
    assert daemon.ticker.jump == ahead
    [told] = daemon.logged("trouble")
    assert "hanchot clock accept" in told
    assert daemon.mailer.sent == []


@pytest.mark.parametrize("span", [15 * MINUTE, DAY, 30 * DAY])
def test_time_that_passes_is_no_jump_whether_the_machine_slept_or_not(
    daemon: DaemonFixture, machine: FakeMachine, span: timedelta
) -> None:
    """Its uptime goes on in suspend."""
    machine.pass_time(span)
    daemon.tick()
    assert daemon.ticker.jump is None
    assert daemon.logged("trouble") == []


def test_a_clock_put_back_after_an_unconfirmed_jump_goes_on_as_if_nothing_had_been(
    daemon: DaemonFixture, machine: FakeMachine
) -> None:
    machine.jump(YEAR)
    daemon.tick()
    machine.jump(-YEAR)
    daemon.live(at(3, 3, 9))
    assert daemon.ticker.jump is None
    assert daemon.left() == ["03-03 08:00 before:14d"]


def test_a_jump_in_the_midst_of_a_dispatch_begins_no_further_mail(store: SqlStore) -> None:
    daemon = DaemonFixture(store, large_plan(20, ladder=ONCE))
    machine = FakeMachine(daemon.clock)
    daemon.ticker = daemon.new_ticker(machine=machine)
    daemon.live(at(3, 9, 18))

    def jump(mail: Mail) -> None:
        machine.jump(YEAR)
        daemon.mailer.before = nothing

    daemon.mailer.before = jump
    daemon.tick(at(3, 10, 8))
    assert len(daemon.mailer.sent) == 1
    assert {mail.state for mail in daemon.mails()} == {"sent", "queued"}
    machine.jump(-YEAR)
    daemon.live(at(3, 10, 9))
    assert {mail.state for mail in daemon.mails()} == {"sent"}
    assert len(daemon.mailer.sent) == 20


def test_what_was_edited_while_the_clock_was_not_believed_is_taken_when_it_is(
    daemon: DaemonFixture, machine: FakeMachine
) -> None:
    machine.jump(YEAR)
    daemon.definitions.plans = [plan(report(title="Another title"))]
    daemon.ticker.load()
    daemon.tick()
    assert daemon.ticker.plans[0].milestones[0].title != "Another title"
    machine.jump(-YEAR)
    daemon.tick()
    assert daemon.ticker.plans[0].milestones[0].title == "Another title"


def test_a_daemon_that_starts_with_an_edit_and_a_clock_that_is_not_believed_takes_it_later(
    daemon: DaemonFixture, machine: FakeMachine
) -> None:
    """It has no plan in force meanwhile, and does nothing."""
    before = record_of(daemon)
    daemon.definitions.plans = [plan(report(title="Another title"))]
    machine.jump(YEAR)
    daemon.ticker = daemon.new_ticker(machine=machine)
    daemon.ticker.load()
    for _ in range(2):
        daemon.tick()
        daemon.ticker.check()
    assert (daemon.ticker.plans, daemon.ticker.jump, record_of(daemon)) == ([], YEAR, before)
    [told] = daemon.logged("trouble")
    assert "the machine's clock is 365 days ahead" in told
    machine.jump(-YEAR)
    daemon.tick()
    assert daemon.ticker.plans[0].milestones[0].title == "Another title"


@pytest.mark.parametrize("days", [0, 1, 2])
def test_what_a_wrong_clock_called_missed_comes_back_and_leaves(store: SqlStore, days: int) -> None:
    """A clock that was a year ahead from the first start on, so that nothing told it from a right one."""
    daemon = DaemonFixture(store, start=at(3, 2, 18))
    daemon.ticker = daemon.new_ticker(machine=FakeMachine(daemon.clock))
    daemon.tick()
    wrong = daemon.new_ticker()  # believes any clock
    daemon.clock.instant = at(3, 3, 9) + YEAR
    wrong.tick()
    assert daemon.row("before:14d").state == "missed"
    daemon.clock.instant = at(3, 3, 9) + timedelta(days=days)
    daemon.tick()
    assert daemon.row("before:14d").reason == reasons.NONE or daemon.row("before:14d").state == "planned"
    daemon.live(at(3, 6, 9))
    assert daemon.states()["before:14d"] == "sent"
    assert daemon.states()["before:7d"] == "planned"
    assert any("live again" in text for text in daemon.logged("trouble"))
    with store.reading() as view:
        assert {day.year for day in view.plans.idle_days(daemon.plan.id)} <= {2023}
    daemon.live(at(3, 10, 9))
    assert daemon.left()[-1] == "03-10 08:00 before:7d"
    assert len(daemon.left()) == 2


@pytest.mark.parametrize("ahead", [3 * DAY, 30 * DAY, YEAR])
def test_a_wrong_clock_that_was_accepted_and_put_right_settles_nothing_the_second_time(
    daemon: DaemonFixture, machine: FakeMachine, ahead: timedelta
) -> None:
    machine.jump(ahead)
    ClockGuard(daemon.store, machine).accept()
    daemon.tick()
    machine.jump(-ahead)
    daemon.tick()
    before = record_of(daemon)
    machine.jump(ahead)
    daemon.tick()
    assert (daemon.ticker.jump, record_of(daemon)) == (ahead, before)
    machine.jump(-ahead)
    daemon.live(at(3, 3, 9))
    assert daemon.left() == ["03-03 08:00 before:14d"]


def test_what_comes_back_more_than_two_working_days_late_is_missed_by_the_right_clock(store: SqlStore) -> None:
    daemon = DaemonFixture(store, start=at(3, 2, 18))
    daemon.ticker = daemon.new_ticker(machine=FakeMachine(daemon.clock))
    daemon.tick()
    daemon.clock.instant = at(3, 3, 9) + YEAR
    daemon.new_ticker().tick()
    daemon.tick(at(3, 9, 9))
    assert str(daemon.row("before:14d").reason) == "4 working days late"
    assert daemon.left() == []
    assert daemon.states()["before:7d"] == "planned"


@pytest.mark.parametrize(("ahead", "state"), [(364 * DAY, "missed"), (YEAR, "queued"), (21 * DAY, "missed")])
def test_a_mail_that_a_wrong_clock_called_too_old_or_put_off_leaves_after_all(
    store: SqlStore, ahead: timedelta, state: str
) -> None:
    """A year later it is a Sunday."""
    daemon = DaemonFixture(store, start=at(3, 2, 18))
    daemon.ticker = daemon.new_ticker(machine=FakeMachine(daemon.clock))
    daemon.mailer.is_down = True
    daemon.live(at(3, 3, 9))
    daemon.clock.instant += ahead
    daemon.mailer.is_down = False
    daemon.new_ticker().tick()
    assert {mail.state for mail in daemon.mails(rung="before:14d")} == {state}
    daemon.tick(at(3, 3, 10))
    daemon.live(at(3, 3, 11))
    assert {mail.state for mail in daemon.mails(rung="before:14d")} == {"sent"}
    assert daemon.states()["before:14d"] == "sent"


@pytest.mark.parametrize("back", [10 * MINUTE, HOUR, 30 * DAY, YEAR])
def test_a_clock_that_goes_back_and_is_put_right_by_a_time_server_loses_nothing_and_doubles_nothing(
    daemon: DaemonFixture, machine: FakeMachine, back: timedelta
) -> None:
    daemon.live(at(3, 3, 9))
    machine.jump(-back)
    daemon.tick()
    machine.jump(back)
    machine.is_synchronised = True
    daemon.live(at(3, 10, 9))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-10 08:00 before:7d"]
