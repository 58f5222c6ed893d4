"""A second look, twice: just before composing, and before the first attempt to deliver what is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scheduler.plan.dates.date_forms import By, On, Undated, Window
from scheduler.plan.model import Group
from scheduler.store import SqlStore
from tests.support.daemon_fixture import FRIDAY, DaemonFixture, due_by, plan, report
from tests.support.fakes import FakeChecker, on_call
from tests.support.plan_builders import at, event

EIGHT = at(3, 10, 8)


@pytest.fixture
def waiting(daemon: DaemonFixture) -> DaemonFixture:
    """Return a daemon at ten past eight on 10 March: `before:7d` is written, the server is down."""
    daemon.live(at(3, 9, 18))
    daemon.mailer.is_down = True
    daemon.tick(at(3, 10, 8, 10))
    daemon.mailer.is_down = False
    assert daemon.states()["before:7d"] == "queued"
    return daemon


def outcomes(daemon: DaemonFixture, name: str = "before:7d") -> dict[str, tuple[str, str]]:
    return {
        row.party: (row.state, str(row.reason)) for row in daemon.rows(None) if (row.name, row.due) == (name, FRIDAY)
    }


# ---- before composing


@pytest.mark.parametrize("late", [0, 5], ids=["at the instant itself", "later"])
def test_what_was_answered_between_planning_and_dispatch_is_skipped(store: SqlStore, late: int) -> None:
    """A fact that nobody brought in step yet is found all the same, and stays the reason (contract rule 9)."""
    daemon = DaemonFixture(store)
    daemon.live(at(3, 9, 18))
    lookout = FakeChecker(before=on_call(1, lambda: daemon.slip_in("received", channel="paper")))
    daemon.ticker = daemon.new_ticker(checkers=[lookout])
    daemon.tick(at(3, 10, 8, late))
    assert outcomes(daemon)["beta"] == ("skipped", "received 2023-03-10 (paper)")
    assert outcomes(daemon)["gamma"] == ("sent", "")
    daemon.live(at(4, 1))
    assert outcomes(daemon)["beta"] == ("skipped", "received 2023-03-10 (paper)")
    assert daemon.left() == ["03-03 08:00 before:14d", f"03-10 08:0{late} receipt"]
    assert {row.state for row in daemon.rows() if row.at > EIGHT and row.name != "target"} == {"cancelled"}


def test_what_was_waived_for_all_between_planning_and_dispatch_is_skipped(daemon: DaemonFixture) -> None:
    """One act for all parties."""
    daemon.live(at(3, 9, 18))
    waive = FakeChecker(before=on_call(1, lambda: daemon.slip_in("waived", None, reason="not this year")))
    daemon.ticker = daemon.new_ticker(checkers=[waive])
    daemon.tick(EIGHT)
    assert set(outcomes(daemon).values()) == {("skipped", "waived 2023-03-10 (not this year)")}


def test_a_date_that_moved_between_planning_and_dispatch_cancels(daemon: DaemonFixture) -> None:
    """The ladder of the new date stands beside it."""
    daemon.live(at(3, 9, 18))
    extend = FakeChecker(before=on_call(1, lambda: daemon.slip_in("extended", form=By(date(2023, 3, 31)))))
    daemon.ticker = daemon.new_ticker(checkers=[extend])
    daemon.live(at(3, 18))
    assert outcomes(daemon)["beta"] == ("cancelled", "the date moved to 2023-03-31")
    assert daemon.left() == ["03-03 08:00 before:14d", "03-10 08:00 change", "03-17 08:00 before:14d"]


def test_a_revision_taken_by_another_process_in_the_middle_of_a_tick_is_not_undone(daemon: DaemonFixture) -> None:
    """The stale pass leaves the rest to the next one."""
    daemon.live(at(3, 9, 18))
    moved = plan(due_by(date(2023, 3, 31)))

    def amend() -> None:
        daemon.definitions.plans = [moved]
        daemon.take()

    daemon.ticker = daemon.new_ticker(checkers=[FakeChecker(before=on_call(1, amend))])
    daemon.tick(EIGHT)
    assert daemon.state().digest == moved.digest
    assert daemon.left() == ["03-03 08:00 before:14d"]
    daemon.tick(at(3, 10, 8, 15))
    assert outcomes(daemon)["beta"] == ("cancelled", "the date moved to 2023-03-31")
    assert daemon.left()[1:] == ["03-10 08:15 change"]


def test_an_escalation_that_a_bounce_postponed_in_the_middle_of_a_tick_does_not_leave_early(
    daemon: DaemonFixture,
) -> None:
    """Down days found just now move it; it is no longer due."""
    daemon.live(at(3, 20, 9))
    lookout = FakeChecker(before=on_call(1, lambda: slip_bounces(daemon)))
    daemon.ticker = daemon.new_ticker(checkers=[lookout])
    daemon.tick(at(3, 21, 8))
    row = daemon.row("escalate:2wd")
    assert row.state == "skipped"
    assert "put its contacts right first" in str(row.reason)


def slip_bounces(daemon: DaemonFixture) -> None:
    for address in ("officer@beta.example", "head@beta.example"):
        daemon.slip_in("bounced", milestone=None, address=address, at=at(3, 20, 9))


def test_who_was_chosen_meanwhile_is_not_asked_for(store: SqlStore) -> None:
    """`choose` looks at the choice, not at the chooser's own answer."""
    nominees = Group(id="nominees", chosen_by="lead", after="report")
    daemon = DaemonFixture(store, plan(groups=[nominees]))
    daemon.live(at(3, 19))
    nominate = FakeChecker(
        before=on_call(1, lambda: daemon.slip_in("nominated", None, None, group="nominees", parties=("beta",)))
    )
    daemon.ticker = daemon.new_ticker(checkers=[nominate])
    daemon.tick(at(3, 20, 8))
    assert (daemon.row("choose:1", "lead").state, str(daemon.row("choose:1", "lead").reason)) == (
        "skipped",
        "the parties were chosen",
    )


# ---- before delivery


def test_what_was_answered_between_dispatch_and_delivery_is_skipped(waiting: DaemonFixture) -> None:
    """The written mail is never handed over."""
    waiting.clock.instant = at(3, 10, 9)
    waiting.slip_in("received", happened_at=at(3, 9, 12))
    waiting.live(at(4, 1))
    assert outcomes(waiting)["beta"] == ("skipped", "received 2023-03-09")
    assert {(mail.state, str(mail.reason)) for mail in waiting.mails(party="beta", rung="before:7d")} == {
        ("skipped", "received 2023-03-09")
    }
    assert waiting.left() == ["03-03 08:00 before:14d", "03-10 09:00 receipt"]
    assert waiting.left("officer@gamma.example")[1] == "03-10 09:00 before:7d"


def test_a_date_that_moved_between_dispatch_and_delivery_cancels(waiting: DaemonFixture) -> None:
    """Nobody is sent a date that no longer holds."""
    waiting.clock.instant = at(3, 10, 9)
    waiting.slip_in("extended", form=By(date(2023, 3, 31)))
    waiting.tick()
    assert outcomes(waiting)["beta"] == ("cancelled", "the date moved to 2023-03-31")
    assert [mail.state for mail in waiting.mails(party="beta", rung="before:7d")] == ["cancelled"]


def test_a_revision_with_another_date_between_dispatch_and_delivery_cancels(waiting: DaemonFixture) -> None:
    """There and back: what was cancelled does not leave a second time."""
    original = waiting.definitions.plans
    waiting.definitions.plans = [plan(due_by(date(2023, 3, 31)))]
    waiting.clock.instant = at(3, 10, 9)
    waiting.take()
    waiting.live(at(3, 10, 9, 30))
    assert {state for state, _ in outcomes(waiting).values()} == {"cancelled"}
    waiting.definitions.plans = original
    waiting.clock.instant = at(3, 10, 10)
    waiting.take()
    waiting.live(at(3, 15))
    assert waiting.left() == [
        "03-03 08:00 before:14d", "03-10 09:15 change", "03-10 10:15 change", "03-14 08:00 before:3wd",
    ]  # fmt: skip


def test_a_date_that_is_open_again_cancels(waiting: DaemonFixture) -> None:
    """A plan that no longer names a day reminds nobody of one."""
    waiting.definitions.plans = [plan(replace(report(), form=Undated("later this year")))]
    waiting.clock.instant = at(3, 10, 9)
    waiting.take()
    waiting.tick()
    assert set(outcomes(waiting).values()) == {("cancelled", "the date is open again")}


def test_mail_about_a_milestone_that_left_the_plan_is_cancelled_and_the_others_leave(store: SqlStore) -> None:
    """It does not stand in the way of the rest of the outbox."""
    daemon = DaemonFixture(store, plan(due_by(date(2023, 3, 17), id="gone"), report()))
    daemon.live(at(3, 9, 18))
    daemon.mailer.is_down = True
    daemon.tick(EIGHT)
    daemon.mailer.is_down = False
    daemon.definitions.plans = [plan(report())]
    daemon.clock.instant = at(3, 10, 9)
    daemon.take()
    daemon.tick()
    assert daemon.left()[-1] == "03-10 09:00 before:7d"
    gone = [row for row in daemon.rows("beta", "gone") if row.name == "before:7d"]
    assert [(row.state, str(row.reason)) for row in gone] == [("cancelled", "gone is no longer in the plan")]


def test_nobody_is_asked_for_a_date_that_was_fixed_meanwhile(store: SqlStore) -> None:
    """Also if it was fixed on the very day on which the window opens."""
    window = Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")
    daemon = DaemonFixture(store, plan(event(window)))
    daemon.live(at(5, 1))
    daemon.mailer.is_down = True
    daemon.tick(at(5, 2, 8))
    daemon.mailer.is_down = False
    daemon.clock.instant = at(5, 2, 9)
    daemon.slip_in("date_fixed", None, "meeting", form=On(date(2023, 6, 1), date(2023, 6, 1)))
    daemon.tick()
    asked = [row for row in daemon.rows("lead", "meeting") if row.name == "fix-date:30d"]
    assert [(row.state, str(row.reason)) for row in asked] == [("cancelled", "the date was fixed: 2023-06-01")]
    later = [row for row in daemon.rows("lead", "meeting") if row.name == "fix-date:14d"]
    assert [(row.state, str(row.reason)) for row in later] == [("cancelled", "the date was fixed: 2023-06-01")]
    assert daemon.left("officer@lead.example") == ["05-02 09:00 invite"]


def test_mail_is_missed_when_the_next_rung_is_due(waiting: DaemonFixture) -> None:
    """Who is reminded of tomorrow's deadline needs no message about next week's."""
    waiting.mailer.is_down = True
    waiting.live(at(3, 14, 7, 59))
    waiting.mailer.is_down = False
    waiting.tick(at(3, 14, 8))
    assert outcomes(waiting)["beta"] == (
        "missed",
        "too old to deliver: the next step is due or two working days are gone",
    )
    assert waiting.left() == ["03-03 08:00 before:14d", "03-14 08:00 before:3wd"]


def test_mail_is_missed_when_two_working_days_are_gone(daemon: DaemonFixture) -> None:
    """Written on Friday 3 March, it may leave until Tuesday's closing."""
    daemon.live(at(3, 2))
    daemon.mailer.is_down = True
    daemon.live(at(3, 7, 16, 58))
    daemon.mailer.is_down = False
    daemon.tick(at(3, 7, 16, 59))
    assert daemon.left() == ["03-07 16:59 before:14d"]


def test_mail_is_missed_on_the_third_working_day(daemon: DaemonFixture) -> None:
    """Wednesday is too late for Friday's words."""
    daemon.live(at(3, 2))
    daemon.mailer.is_down = True
    daemon.live(at(3, 7, 17))
    daemon.mailer.is_down = False
    daemon.live(at(3, 8, 9))
    assert daemon.left() == []
    assert outcomes(daemon, "before:14d")["beta"][0] == "missed"


def test_an_escalation_does_not_grow_old_by_a_notice_to_somebody_else(daemon: DaemonFixture) -> None:
    """The overdue notice of the day after goes to the party, the escalation to the lead."""
    daemon.live(at(3, 20, 18))
    daemon.mailer.is_down = True
    daemon.live(at(3, 22, 9))
    daemon.mailer.is_down = False
    daemon.tick()
    assert "03-22 09:00 escalate:2wd" in daemon.left("officer@lead.example")


def test_an_escalation_leaves_while_anybody_on_its_list_is_still_missing(daemon: DaemonFixture) -> None:
    """It is written anew without those who have answered; about nobody else it is skipped."""
    daemon.live(at(3, 20, 18))
    daemon.mailer.is_down = True
    daemon.live(at(3, 21, 9))
    daemon.mailer.is_down = False
    daemon.clock.instant = at(3, 21, 10)
    daemon.slip_in("received", "beta")
    daemon.slip_in("received", "lead")
    for _ in range(2):
        daemon.tick()
    assert "03-21 10:00 escalate:2wd" in daemon.left("officer@lead.example")
    [mail] = daemon.mails(kind="escalation", state="sent")
    assert len(mail.rungs) == 1
    assert outcomes(daemon, "escalate:2wd")["gamma"][0] == "sent"
    assert outcomes(daemon, "escalate:2wd")["beta"][0] == "skipped"
    assert outcomes(daemon, "escalate:2wd")["lead"][0] == "skipped"  # that one went to the lead's own head


def test_an_escalation_about_nobody_any_more_is_skipped(daemon: DaemonFixture) -> None:
    """All have answered."""
    daemon.live(at(3, 20, 18))
    daemon.mailer.is_down = True
    daemon.live(at(3, 21, 9))
    daemon.mailer.is_down = False
    daemon.clock.instant = at(3, 21, 10)
    for party in ("lead", "beta", "gamma"):
        daemon.slip_in("received", party)
    daemon.tick()
    assert {state for state, _ in outcomes(daemon, "escalate:2wd").values()} == {"skipped"}
