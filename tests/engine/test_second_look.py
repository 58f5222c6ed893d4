"""A second look, twice: just before composing, and before the first attempt to deliver what is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scheduler.engine.dispatch import look_again
from scheduler.plan.model import By, Group, On, Undated, Window
from scheduler.services.reconcile import read_agenda
from scheduler.store import SqlStore
from tests.support.daemon_fixture import FRIDAY, House, due_by, plan, report
from tests.support.fakes import Lookout, on_call
from tests.support.plan_builders import at, event

EIGHT = at(3, 10, 8)


@pytest.fixture
def waiting(house: House) -> House:
    """Return a house at ten past eight on 10 March: `before:7d` is written, the server is down."""
    house.live(at(3, 9, 18))
    house.post.is_down = True
    house.tick(at(3, 10, 8, 10))
    house.post.is_down = False
    assert house.states()["before:7d"] == "queued"
    return house


def outcomes(house: House, name: str = "before:7d") -> dict[str, tuple[str, str]]:
    return {row.party: (row.state, row.reason) for row in house.rows(None) if (row.name, row.due) == (name, FRIDAY)}


# ---- before composing


@pytest.mark.parametrize("late", [0, 5], ids=["at the instant itself", "later"])
def test_what_was_answered_between_planning_and_dispatch_is_skipped(store: SqlStore, late: int) -> None:
    """A fact that nobody brought in step yet is found all the same, and stays the reason (contract rule 9)."""
    house = House(store)
    house.live(at(3, 9, 18))
    lookout = Lookout(before=on_call(1, lambda: house.slip_in("received", channel="paper")))
    house.ticker = house.daemon(checkers=[lookout])
    house.tick(at(3, 10, 8, late))
    assert outcomes(house)["beta"] == ("skipped", "received 2023-03-10 (paper)")
    assert outcomes(house)["gamma"] == ("sent", "")
    house.live(at(4, 1))
    assert outcomes(house)["beta"] == ("skipped", "received 2023-03-10 (paper)")
    assert house.left() == ["03-03 08:00 before:14d"]
    assert {row.state for row in house.rows() if row.at > EIGHT and row.name != "target"} == {"cancelled"}


def test_what_was_waived_for_all_between_planning_and_dispatch_is_skipped(house: House) -> None:
    """One act for all parties."""
    house.live(at(3, 9, 18))
    waive = Lookout(before=on_call(1, lambda: house.slip_in("waived", None, reason="not this year")))
    house.ticker = house.daemon(checkers=[waive])
    house.tick(EIGHT)
    assert set(outcomes(house).values()) == {("skipped", "waived 2023-03-10 (not this year)")}


def test_a_date_that_moved_between_planning_and_dispatch_cancels(house: House) -> None:
    """The ladder of the new date stands beside it."""
    house.live(at(3, 9, 18))
    extend = Lookout(before=on_call(1, lambda: house.slip_in("extended", form=By(date(2023, 3, 31)))))
    house.ticker = house.daemon(checkers=[extend])
    house.live(at(3, 18))
    assert outcomes(house)["beta"] == ("cancelled", "the date moved to 2023-03-31")
    assert house.left() == ["03-03 08:00 before:14d", "03-17 08:00 before:14d"]


def test_a_revision_taken_by_another_process_in_the_middle_of_a_tick_is_not_undone(house: House) -> None:
    """The stale pass leaves the rest to the next one."""
    house.live(at(3, 9, 18))
    moved = plan(due_by(date(2023, 3, 31)))

    def amend() -> None:
        house.shelf.plans = [moved]
        house.take()

    house.ticker = house.daemon(checkers=[Lookout(before=on_call(1, amend))])
    house.tick(EIGHT)
    assert house.state().digest == moved.digest
    assert house.left() == ["03-03 08:00 before:14d", "03-10 08:00 change"]
    house.tick(at(3, 10, 8, 1))
    assert outcomes(house)["beta"] == ("cancelled", "the date moved to 2023-03-31")


def test_an_escalation_that_a_bounce_postponed_in_the_middle_of_a_tick_does_not_leave_early(house: House) -> None:
    """Down days found just now move it; it is no longer due."""
    house.live(at(3, 20, 9))
    lookout = Lookout(before=on_call(1, lambda: slip_bounces(house)))
    house.ticker = house.daemon(checkers=[lookout])
    house.tick(at(3, 21, 8))
    row = house.row("escalate:2wd")
    assert row.state == "skipped"
    assert "put its contacts right first" in row.reason


def slip_bounces(house: House) -> None:
    for address in ("officer@beta.example", "head@beta.example"):
        house.slip_in("bounced", milestone=None, address=address, at=at(3, 20, 9))


def test_who_was_chosen_meanwhile_is_not_asked_for(store: SqlStore) -> None:
    """`choose` looks at the choice, not at the chooser's own answer."""
    nominees = Group(id="nominees", chosen_by="lead", after="report")
    house = House(store, plan(groups=[nominees]))
    house.live(at(3, 19))
    nominate = Lookout(
        before=on_call(1, lambda: house.slip_in("nominated", None, None, group="nominees", parties=("beta",)))
    )
    house.ticker = house.daemon(checkers=[nominate])
    house.tick(at(3, 20, 8))
    assert (house.row("choose:1", "lead").state, house.row("choose:1", "lead").reason) == (
        "skipped",
        "the parties were chosen",
    )


# ---- before delivery


def test_what_was_answered_between_dispatch_and_delivery_is_skipped(waiting: House) -> None:
    """The written mail is never handed over."""
    waiting.clock.instant = at(3, 10, 9)
    waiting.slip_in("received", happened_at=at(3, 9, 12))
    waiting.live(at(4, 1))
    assert outcomes(waiting)["beta"] == ("skipped", "received 2023-03-09")
    assert {(mail.state, mail.reason) for mail in waiting.mails(party="beta", rung="before:7d")} == {
        ("skipped", "received 2023-03-09")
    }
    assert waiting.left() == ["03-03 08:00 before:14d"]
    assert waiting.left("officer@gamma.example")[1] == "03-10 09:00 before:7d"


def test_a_date_that_moved_between_dispatch_and_delivery_cancels(waiting: House) -> None:
    """Nobody is told a date that no longer holds."""
    waiting.clock.instant = at(3, 10, 9)
    waiting.slip_in("extended", form=By(date(2023, 3, 31)))
    waiting.tick()
    assert outcomes(waiting)["beta"] == ("cancelled", "the date moved to 2023-03-31")
    assert [mail.state for mail in waiting.mails(party="beta", rung="before:7d")] == ["cancelled"]


def test_a_revision_with_another_date_between_dispatch_and_delivery_cancels(waiting: House) -> None:
    """There and back: what was cancelled does not leave a second time."""
    original = waiting.shelf.plans
    waiting.shelf.plans = [plan(due_by(date(2023, 3, 31)))]
    waiting.clock.instant = at(3, 10, 9)
    waiting.take()
    waiting.tick()
    assert {state for state, _ in outcomes(waiting).values()} == {"cancelled"}
    waiting.shelf.plans = original
    waiting.clock.instant = at(3, 10, 10)
    waiting.take()
    waiting.live(at(3, 15))
    assert waiting.left() == [
        "03-03 08:00 before:14d", "03-10 09:00 change", "03-10 10:00 change", "03-14 08:00 before:3wd",
    ]  # fmt: skip


def test_a_date_that_is_open_again_cancels(waiting: House) -> None:
    """A plan that no longer names a day reminds nobody of one."""
    waiting.shelf.plans = [plan(replace(report(), form=Undated("later this year")))]
    waiting.clock.instant = at(3, 10, 9)
    waiting.take()
    waiting.tick()
    assert set(outcomes(waiting).values()) == {("cancelled", "the date is open again")}


def test_mail_about_a_milestone_that_left_the_plan_is_cancelled_and_the_others_leave(store: SqlStore) -> None:
    """It does not stand in the way of the rest of the outbox."""
    house = House(store, plan(due_by(date(2023, 3, 17), id="gone"), report()))
    house.live(at(3, 9, 18))
    house.post.is_down = True
    house.tick(EIGHT)
    house.post.is_down = False
    house.shelf.plans = [plan(report())]
    house.clock.instant = at(3, 10, 9)
    house.take()
    house.tick()
    assert house.left()[-1] == "03-10 09:00 before:7d"
    gone = [row for row in house.rows("beta", "gone") if row.name == "before:7d"]
    assert [(row.state, row.reason) for row in gone] == [("cancelled", "beta no longer has a part in gone")]


def test_nobody_is_asked_for_a_date_that_was_fixed_meanwhile(store: SqlStore) -> None:
    """Also if it was fixed on the very day on which the window opens."""
    window = Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")
    house = House(store, plan(event(window)))
    house.live(at(5, 1))
    house.post.is_down = True
    house.tick(at(5, 2, 8))
    house.post.is_down = False
    house.clock.instant = at(5, 2, 9)
    house.slip_in("date_fixed", None, "meeting", form=On(date(2023, 6, 1), date(2023, 6, 1)))
    house.tick()
    asked = [row for row in house.rows("lead", "meeting") if row.name == "fix-date:30d"]
    assert [(row.state, row.reason) for row in asked] == [("cancelled", "the date was fixed: 2023-06-01")]
    later = [row for row in house.rows("lead", "meeting") if row.name == "fix-date:14d"]
    assert [(row.state, row.reason) for row in later] == [("cancelled", "the date was fixed: 2023-06-01")]
    assert house.left("officer@lead.example") == ["05-02 09:00 invite"]


def test_mail_is_missed_when_the_next_rung_is_due(waiting: House) -> None:
    """Who is told of tomorrow's deadline needs no word about next week's."""
    waiting.post.is_down = True
    waiting.live(at(3, 14, 7, 59))
    waiting.post.is_down = False
    waiting.tick(at(3, 14, 8))
    assert outcomes(waiting)["beta"] == (
        "missed",
        "too old to deliver: the next step is due or two working days are gone",
    )
    assert waiting.left() == ["03-03 08:00 before:14d", "03-14 08:00 before:3wd"]


def test_mail_is_missed_when_two_working_days_are_gone(house: House) -> None:
    """Written on Friday 3 March, it may leave until Tuesday's closing."""
    house.live(at(3, 2))
    house.post.is_down = True
    house.live(at(3, 7, 16, 58))
    house.post.is_down = False
    house.tick(at(3, 7, 16, 59))
    assert house.left() == ["03-07 16:59 before:14d"]


def test_mail_is_missed_on_the_third_working_day(house: House) -> None:
    """Wednesday is too late for Friday's words."""
    house.live(at(3, 2))
    house.post.is_down = True
    house.live(at(3, 7, 17))
    house.post.is_down = False
    house.live(at(3, 8, 9))
    assert house.left() == []
    assert outcomes(house, "before:14d")["beta"][0] == "missed"


def test_an_escalation_does_not_grow_old_by_a_notice_to_somebody_else(house: House) -> None:
    """The overdue notice of the day after goes to the party, the escalation to the lead."""
    house.live(at(3, 20, 18))
    house.post.is_down = True
    house.live(at(3, 22, 9))
    house.post.is_down = False
    house.tick()
    assert "03-22 09:00 escalate:2wd" in house.left("officer@lead.example")


def test_an_escalation_leaves_while_anybody_on_its_list_is_still_missing(house: House) -> None:
    """And is skipped when nobody is."""
    house.live(at(3, 20, 18))
    house.post.is_down = True
    house.live(at(3, 21, 9))
    house.post.is_down = False
    house.clock.instant = at(3, 21, 10)
    house.slip_in("received", "beta")
    house.slip_in("received", "lead")
    house.tick()
    assert "03-21 10:00 escalate:2wd" in house.left("officer@lead.example")
    assert outcomes(house, "escalate:2wd")["lead"][0] == "skipped"  # that one went to the lead's own head


def test_an_escalation_about_nobody_any_more_is_skipped(house: House) -> None:
    """All have answered."""
    house.live(at(3, 20, 18))
    house.post.is_down = True
    house.live(at(3, 21, 9))
    house.post.is_down = False
    house.clock.instant = at(3, 21, 10)
    for party in ("lead", "beta", "gamma"):
        house.slip_in("received", party)
    house.tick()
    assert {state for state, _ in outcomes(house, "escalate:2wd").values()} == {"skipped"}


def test_a_promise_without_an_obligation_is_cancelled(house: House) -> None:
    """The party has no part in it any more."""
    house.ticker.load()
    row = house.row("before:7d")
    with house.store.reading() as view:
        agenda = read_agenda(view, house.plan)
    assert look_again(agenda, row) is None
    assert look_again(agenda, replace(row, party="nobody")) == ("cancelled", "nobody no longer has a part in report")
