"""Status checks: each working morning and before each rung, and what was seen is recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

from scheduler.errors import RecordUnavailable, UserError
from scheduler.plan.dates.date_forms import By, On
from scheduler.plan.model import Checks
from scheduler.store import SqlStore
from tests.support.daemon_fixture import DaemonFixture, due_by, local, plan, report
from tests.support.fakes import FakeChecker, nothing
from tests.support.plan_builders import at, deadline, event, vietnam


def mornings(lookout: FakeChecker) -> list[str]:
    return [local(when) for when, _ in lookout.looks]


def test_every_working_morning_each_open_obligation_is_looked_at(store: SqlStore) -> None:
    """Not at the weekend, and not on a day off."""
    lookout = FakeChecker()
    daemon = DaemonFixture(store, plan(workdays=vietnam(off=[date(2023, 2, 8)])), start=at(2, 3, 9), checkers=[lookout])
    daemon.live(at(2, 10, 12))
    assert mornings(lookout) == ["02-03 09:00", "02-06 07:30", "02-07 07:30", "02-09 07:30", "02-10 07:30"]
    assert {parties for _, parties in lookout.looks} == {("lead", "beta", "gamma")}


def test_the_morning_is_the_plans(store: SqlStore) -> None:
    """`[checks] at` in the plan's zone."""
    lookout = FakeChecker()
    daemon = DaemonFixture(store, plan(checks=Checks(at=time(6))), start=at(2, 6, 9), checkers=[lookout])
    daemon.live(at(2, 8, 12))
    assert mornings(lookout) == ["02-06 09:00", "02-07 06:00", "02-08 06:00"]


def test_before_each_rung_there_is_a_check_of_its_own(store: SqlStore) -> None:
    """Half an hour before, where the morning's is not as fresh."""
    afternoon = replace(report(), ladder=replace(report().ladder, at=time(14)))
    lookout = FakeChecker()
    daemon = DaemonFixture(store, plan(afternoon), start=at(3, 2, 9), checkers=[lookout])
    daemon.live(at(3, 3, 18))
    assert mornings(lookout) == ["03-02 09:00", "03-03 07:30", "03-03 13:30"]


def test_a_check_as_fresh_as_half_an_hour_serves_the_rung_too(store: SqlStore) -> None:
    """07:30 for the rung at 08:00."""
    lookout = FakeChecker()
    daemon = DaemonFixture(store, checkers=[lookout], start=at(3, 3, 7))
    daemon.live(at(3, 3, 18))
    assert mornings(lookout) == ["03-03 07:00", "03-03 07:30"]


def test_a_daemon_that_comes_back_looks_before_it_sends(store: SqlStore) -> None:
    """The check that was missed is made before what is due leaves."""
    daemon = DaemonFixture(store)
    daemon.live(at(3, 9, 18))
    found = FakeChecker(before=lambda: daemon.slip_in("received") if not found.looks else None)
    daemon.ticker = daemon.new_ticker(checkers=[found])
    daemon.tick(at(3, 10, 12))
    assert mornings(found) == ["03-10 12:00"]
    assert daemon.row("before:7d").state == "skipped"


def test_the_check_job_does_what_is_due_and_nothing_twice(store: SqlStore) -> None:
    """It may run beside the tick."""
    lookout = FakeChecker()
    daemon = DaemonFixture(store, checkers=[lookout], start=at(3, 1, 9))
    tick = daemon.tick()
    assert tick.check_at == at(3, 2, 7, 30)
    daemon.clock.instant = tick.check_at
    daemon.ticker.check()
    daemon.ticker.check()
    daemon.tick()
    assert mornings(lookout) == ["03-01 09:00", "03-02 07:30"]


def test_what_was_seen_is_recorded_with_since_when(daemon: DaemonFixture) -> None:
    """By source `manual`: what people have recorded."""
    daemon.live(at(3, 1, 12))
    daemon.record("received", deliverables=(), notify=False)
    daemon.undo(daemon.facts()[-1])
    daemon.live(at(3, 2, 12))
    daemon.record("received", "gamma", notify=False)
    daemon.record("returned", "gamma", notify=False)
    daemon.live(at(3, 3, 12))
    with daemon.store.reading() as view:
        found = {row.party: (row.seen, local(row.since), local(row.checked_at)) for row in view.journal.checks("plan")}
    assert found == {
        "beta": ("nothing recorded", "02-01 00:00", "03-03 07:30"),
        "gamma": ("returned", "03-03 07:30", "03-03 07:30"),
        "lead": ("nothing recorded", "02-01 00:00", "03-03 07:30"),
    }


def test_what_is_answered_is_looked_at_no_more(store: SqlStore) -> None:
    """Nor what is unknown, what merely is attended, and what has no date."""
    lookout = FakeChecker()
    meeting = event(On(date(2023, 3, 16), date(2023, 3, 16)))
    past = due_by(date(2023, 1, 20), id="past")
    daemon = DaemonFixture(store, plan(report(), meeting, past), checkers=[lookout])
    daemon.tick()
    daemon.record("received", "beta", notify=False)
    daemon.live(at(2, 2, 8))
    first, *others = (parties for _, parties in lookout.looks)
    assert first == ("lead", "beta", "gamma")
    assert set(others) == {("lead", "gamma")}


def test_a_source_that_the_plan_does_not_name_is_not_asked(store: SqlStore) -> None:
    """`[checks] sources`."""
    manual, folder, mailbox = FakeChecker("manual"), FakeChecker("folder"), FakeChecker("mailbox")
    checks = Checks(sources=("manual", "mailbox"))
    daemon = DaemonFixture(store, plan(checks=checks), checkers=[manual, folder, mailbox])
    daemon.tick()
    assert [len(lookout.looks) for lookout in (manual, folder, mailbox)] == [1, 0, 1]
    with store.reading() as view:
        assert {row.source for row in view.journal.checks("plan")} == {"manual", "mailbox"}


def test_a_source_that_fails_is_told_and_stops_neither_the_others_nor_the_mails(store: SqlStore) -> None:
    """A mailbox that cannot be reached costs nobody a reminder."""

    def fail() -> None:
        raise UserError("the mailbox does not answer")

    manual, mailbox = FakeChecker("manual"), FakeChecker("mailbox", before=fail)
    checks = Checks(sources=("mailbox", "manual"))
    daemon = DaemonFixture(store, plan(checks=checks), checkers=[mailbox, manual], start=at(3, 2, 9))
    daemon.live(at(3, 3, 9))
    assert daemon.left() == ["03-03 08:00 before:14d"]
    assert mornings(manual) == ["03-02 09:00", "03-03 07:30"]
    assert set(daemon.logged("trouble")) == {"the source mailbox could not be looked at: the mailbox does not answer"}
    assert daemon.failed() == {"source mailbox"}


def test_a_source_that_breaks_does_not_stop_the_mails(store: SqlStore) -> None:
    """Whatever is wrong with it; nor the other sources."""

    def break_down() -> None:
        raise ZeroDivisionError("by us")

    broken, web = FakeChecker(before=break_down), FakeChecker("web")
    checks = Checks(sources=("manual", "web"))
    daemon = DaemonFixture(store, plan(checks=checks), checkers=[broken, web], start=at(3, 2, 9))
    daemon.live(at(3, 3, 9))
    assert daemon.left() == ["03-03 08:00 before:14d"]
    assert mornings(web) == ["03-02 09:00", "03-03 07:30"]
    assert set(daemon.logged("trouble")) == {"the source manual could not be looked at: ZeroDivisionError: by us"}
    assert daemon.failed() == {"source manual"}


def test_a_check_whose_source_meets_a_record_that_is_away_is_made_again(store: SqlStore) -> None:
    """That is no failure of the source."""

    def lock() -> None:
        raise RecordUnavailable("the database is locked")

    checker = FakeChecker(before=lock)
    daemon = DaemonFixture(store, checkers=[checker], start=at(3, 1, 9))
    daemon.tick()
    assert (daemon.logged("checked"), daemon.logged("trouble")) == ([], ["the database is locked"])
    checker.before = nothing
    daemon.tick()
    assert daemon.logged("checked") != []


def test_two_plans_are_checked_each_at_its_time(store: SqlStore) -> None:
    """One plan's morning is not the other's."""
    lookout = FakeChecker()
    early = plan(deadline(By(date(2023, 6, 1))), id="early", checks=Checks(at=time(6)))
    daemon = DaemonFixture(store, early, plan(id="late"), start=at(2, 6, 9), checkers=[lookout])
    daemon.live(at(2, 7, 12))
    assert mornings(lookout) == ["02-06 09:00", "02-06 09:00", "02-07 06:00", "02-07 07:30"]
