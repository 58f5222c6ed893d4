"""After downtime: the newest rung leaves, the others say why not, and the operators get one summary (rules 1-3)."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from scheduler.engine.events import Event
from scheduler.errors import UserError
from scheduler.plan.messages.message import Letter
from scheduler.plan.model import Before, Ladder, Step
from scheduler.store import SqlStore, open_store
from tests.support.daemon_fixture import COMPOSER, House, due_by, local, plan, report
from tests.support.fakes import Scribe, refuse
from tests.support.plan_builders import at, deadline, vietnam

# ---- rule 1: bounded catch-up


def test_of_several_late_rungs_of_one_obligation_only_the_newest_leaves(house: House) -> None:
    """The others are skipped and name it."""
    house.live(at(3, 13, 18))
    house.tick(at(3, 16, 9))
    assert house.left()[-1] == "03-16 09:00 before:1wd"
    assert (house.row("before:3wd").state, house.row("before:3wd").reason) == (
        "skipped",
        "came late; before:1wd is newer",
    )


def test_a_rung_more_than_two_working_days_late_is_missed(house: House) -> None:
    """Two working days late is still in time, three is not."""
    house.live(at(3, 9, 18))
    house.tick(at(3, 14, 7))
    assert house.row("before:7d").state == "planned"  # Monday and Tuesday lie between: two
    house.ticker = house.daemon(name="second")
    house.tick(at(3, 15, 9))
    assert house.row("before:7d").state == "missed"
    assert house.row("before:7d").reason == "3 working days late"
    assert house.left()[-1] == "03-15 09:00 before:3wd"


def test_a_rung_exactly_two_working_days_late_still_leaves(house: House) -> None:
    """Friday's rung on Tuesday, before Tuesday's own."""
    only = Ladder(before=(Step(7, "days"),), on_named_day=False, overdue=None, escalate=())
    house.shelf.plans = [plan(replace(report(), ladder=only))]
    house.live(at(3, 9, 18))
    house.tick(at(3, 14, 16, 59))
    assert house.left() == ["03-14 16:59 before:7d"]


def test_the_overdue_notice_and_the_escalation_of_one_obligation_do_not_replace_each_other(house: House) -> None:
    """They have different addressees (contract rule 5)."""
    house.live(at(3, 19))
    house.tick(at(3, 22, 9))
    assert house.row("overdue:1").reason == "came late; overdue:2 is newer"
    assert house.left()[-1] == "03-22 09:00 overdue:2"
    assert house.row("escalate:2wd").state == "planned"  # down days do not count: it moves on, rule 3


def test_two_obligations_are_caught_up_each_by_itself(store: SqlStore) -> None:
    """Only rungs of one obligation give way to each other."""
    house = House(store, plan(report(), due_by(date(2023, 3, 20), id="second")))
    house.live(at(3, 13, 18))
    house.tick(at(3, 15, 9))
    assert house.left()[-2:] == ["03-15 09:00 before:3wd", "03-15 09:00 before:3wd"]


# ---- rule 2: hours


def test_what_is_caught_up_outside_the_hours_waits_for_the_next_opening(house: House) -> None:
    """Nobody is written to on a Saturday night."""
    house.live(at(3, 9, 18))
    tick = house.tick(at(3, 11, 23))
    assert house.row("before:7d").state == "planned"
    assert local(tick.wake_at) == "03-13 08:00"
    house.live(at(3, 13, 9))
    assert house.left()[-1] == "03-13 08:00 before:7d"


def test_the_lateness_of_what_waits_is_that_of_the_moment_it_was_noticed(house: House) -> None:
    """Two working days late on Tuesday evening is not missed because it waits for Wednesday."""
    only = Ladder(before=(Step(7, "days"),), on_named_day=False, overdue=None, escalate=())
    house.shelf.plans = [plan(replace(report(), ladder=only))]
    house.live(at(3, 9, 18))
    house.live(at(3, 9, 19))
    house.tick(at(3, 14, 20))
    house.tick(at(3, 15, 8))
    assert house.left() == ["03-15 08:00 before:7d"]


def test_the_hours_are_those_of_the_milestone_and_end_at_closing(store: SqlStore) -> None:
    """`hours` may be set for each milestone; the closing minute itself is closed."""
    late = replace(report(), ladder=Ladder(at=time(9), opens=time(9), closes=time(12)))
    house = House(store, plan(late))
    house.live(at(3, 3, 8, 59))
    tick = house.tick(at(3, 3, 12))
    assert house.left() == []
    assert local(tick.wake_at) == "03-06 08:00"
    house.live(at(3, 6, 10))
    assert house.left() == ["03-06 09:00 before:14d"]


def test_no_rung_leaves_on_a_day_off(store: SqlStore) -> None:
    """30 April and 1 May, with the days between two working days."""
    house = House(store, plan(deadline(Before(date(2023, 5, 3))), workdays=vietnam()))
    house.live(at(5, 20))
    days = {when[:5] for when in house.left(None)}
    assert days.isdisjoint({"04-29", "04-30", "05-01", "05-02"})
    assert "04-28" in days


def test_a_notice_recorded_in_the_evening_leaves_at_the_next_opening(house: House) -> None:
    """Opening hours bind every mail to parties."""
    house.live(at(3, 10, 19))
    house.record("received")
    house.live(at(3, 14))
    assert house.left()[-1] == "03-13 08:00 receipt"


# ---- the summary


def summaries(house: House) -> list[str]:
    return house.left("ops@cum.example")


def test_an_outage_that_cost_something_is_summed_up_once_and_at_once(house: House) -> None:
    """Also in the middle of the night, and also if the daemon starts again right after."""
    house.live(at(3, 9, 18))
    house.tick(at(3, 15, 2))
    assert summaries(house) == ["03-15 02:00 outage"]
    house.ticker = house.daemon(name="second")
    house.live(at(3, 20))
    assert summaries(house) == ["03-15 02:00 outage"]
    assert len(house.told("outage")) == 1


def test_the_summary_names_what_was_late_skipped_and_missed(store: SqlStore) -> None:
    """One list for everything the outage touched, of all plans."""
    letters: list[Letter] = []
    house = House(store, plan(), plan(id="second"), composer=Scribe(COMPOSER, letters.append))
    house.live(at(3, 9, 18))
    house.tick(at(3, 16, 9))
    (summary,) = [letter.outage for letter in letters if letter.kind == "outage"]
    assert summary is not None
    assert (summary.since, summary.until) == (at(3, 9, 8), at(3, 16, 9))
    assert [(e.rung, e.outcome) for e in summary.entries if e.party.id == "beta"] == [
        ("before:7d", "missed"),
        ("before:3wd", "skipped"),
    ] * 2


def test_what_waits_for_the_opening_is_summed_up_as_it_will_be_judged_then(store: SqlStore) -> None:
    """At night nothing is decided yet; at the opening Tuesday's own reminder is the newer one."""
    letters: list[Letter] = []
    house = House(store, composer=Scribe(COMPOSER, letters.append))
    house.live(at(3, 9, 18))
    house.tick(at(3, 14, 2))
    (summary,) = [letter.outage for letter in letters if letter.kind == "outage"]
    assert summary is not None
    assert {(e.rung, e.outcome) for e in summary.entries} == {("before:7d", "skipped")}
    house.live(at(3, 14, 9))
    assert house.row("before:7d").reason == "came late; before:3wd is newer"


def test_what_waits_for_the_opening_and_has_no_newer_one_is_late(store: SqlStore) -> None:
    """It leaves on Monday morning."""
    letters: list[Letter] = []
    house = House(store, composer=Scribe(COMPOSER, letters.append))
    house.live(at(3, 9, 18))
    house.tick(at(3, 11, 23))
    (summary,) = [letter.outage for letter in letters if letter.kind == "outage"]
    assert summary is not None
    assert {(e.rung, e.outcome) for e in summary.entries} == {("before:7d", "late")}


def test_a_rung_late_by_days_is_named_and_one_late_by_hours_is_not(house: House) -> None:
    """Late beyond its day is what counts."""
    house.live(at(3, 9, 18))
    house.tick(at(3, 10, 16))
    assert house.left()[-1] == "03-10 16:00 before:7d"
    assert summaries(house) == []
    house.tick(at(3, 15, 9))
    assert summaries(house) == ["03-15 09:00 outage"]


def test_being_away_while_nothing_was_due_is_not_worth_a_mail(house: House) -> None:
    """A weekend without a machine."""
    house.live(at(3, 4))
    house.tick(at(3, 8, 9))
    assert summaries(house) == []


def test_a_rung_that_fell_away_during_the_outage_did_not_suffer(house: House) -> None:
    """Who had answered was owed no reminder."""
    house.live(at(3, 9, 18))
    for party in ("lead", "beta", "gamma"):
        house.record("received", party, at=at(3, 9, 19), notify=False)
    house.tick(at(3, 15, 9))
    assert summaries(house) == []


def test_without_configured_operators_the_first_officer_of_the_lead_is_told(store: SqlStore) -> None:
    """Contract, [operators]."""
    house = House(store, operators=())
    house.live(at(3, 9, 18))
    house.tick(at(3, 15, 9))
    assert [when for when in house.left("officer@lead.example") if "outage" in when] == ["03-15 09:00 outage"]


def test_a_summary_that_cannot_be_written_is_told_and_does_not_stop_the_tick(store: SqlStore) -> None:
    """The tick is completed all the same."""
    house = House(store, composer=Scribe(COMPOSER, refuse("outage")))
    house.live(at(3, 9, 18))
    house.tick(at(3, 15, 9))
    assert summaries(house) == []
    (text,) = house.told("trouble")
    assert text.startswith("outage summary could not be written: no words")
    with store.reading() as view:
        assert view.journal.last_tick() == at(3, 15, 9)


def test_an_outage_is_summed_up_though_the_record_failed_before_the_tick_was_closed(tmp_path: Path) -> None:
    """What was missed was recorded, and nothing is due at the tick that succeeds."""
    url = f"sqlite:///{tmp_path}/hanchot.db"
    with (
        closing(open_store(url, busy_timeout=0.05)) as store,
        closing(open_store(url)) as backup,
        ExitStack() as locked,
    ):

        def lock(event: Event) -> None:
            if event.word == "missed" and event.party == "gamma":
                locked.enter_context(backup.transaction())

        house = House(store, report=lock)
        house.live(at(3, 9, 18))
        with pytest.raises(UserError, match="is locked"):
            house.tick(at(3, 15, 9))
        locked.close()
        house.tick(at(3, 15, 9, 1))
        assert summaries(house) == ["03-15 09:01 outage"]


def test_a_milestone_that_left_the_plan_meanwhile_does_not_break_the_summary(house: House) -> None:
    """What cannot be described any more is left out."""
    house.shelf.plans = [plan(report(), due_by(date(2023, 3, 17), id="gone"))]
    house.live(at(3, 9, 18))
    enough = len(house.post.sent) + 2
    house.ticker = house.daemon(name="second", is_stopping=lambda: len(house.post.sent) >= enough)
    house.tick(at(3, 14, 9))
    assert summaries(house) == []
    house.shelf.plans = [plan(report())]
    house.ticker = house.daemon(name="third")
    house.tick(at(3, 14, 10))
    assert summaries(house) == ["03-14 10:00 outage"]


# ---- rule 3: down days and escalation


def escalated(house: House) -> list[str]:
    return [when for when in house.left("officer@lead.example") if "escalate" in when]


def test_an_escalation_is_postponed_by_the_working_days_without_a_tick(house: House) -> None:
    """Down on Monday and Tuesday: of the two working days after Friday none counted before Wednesday."""
    house.live(at(3, 19))
    house.tick(at(3, 22, 12))
    house.live(at(4, 1))
    assert escalated(house) == ["03-23 08:00 escalate:2wd"]
    assert local(house.row("escalate:2wd").at) == "03-23 08:00"


def test_an_escalation_is_postponed_also_if_the_daemon_comes_back_at_night(house: House) -> None:
    """It is not missed before anybody counted the days."""
    house.live(at(3, 19))
    house.live(at(3, 19, 1))
    house.tick(at(3, 25, 2))
    house.live(at(4, 5))
    assert escalated(house) == ["03-28 08:00 escalate:2wd"]
    assert house.row("escalate:2wd").state == "sent"


def test_a_day_with_ticks_outside_the_hours_only_does_not_count(house: House) -> None:
    """The daemon was there at seven in the morning and at nine in the evening: nobody could be written to."""
    house.live(at(3, 19))
    for day in (20, 21, 22):
        house.tick(at(3, day, 7))
        house.tick(at(3, day, 21))
    house.live(at(4, 5))
    assert escalated(house) == ["03-24 08:00 escalate:2wd"]


def test_overdue_notices_keep_their_days(house: House) -> None:
    """Only escalation waits."""
    house.live(at(3, 19))
    house.tick(at(3, 22, 12))
    house.live(at(4, 1))
    assert house.left()[-2:] == ["03-22 12:00 overdue:2", "03-24 08:00 overdue:3"]


def test_a_day_off_without_a_tick_is_not_a_down_day(house: House) -> None:
    """Nobody counts Saturdays."""
    house.live(at(3, 17, 18))
    house.tick(at(3, 20, 8))
    house.live(at(4, 1))
    assert escalated(house) == ["03-21 08:00 escalate:2wd"]


def test_an_escalation_says_how_many_reminders_really_left(store: SqlStore) -> None:
    """What lies in the outbox because the server is down has reminded nobody."""
    letters: list[Letter] = []
    house = House(store, composer=Scribe(COMPOSER, letters.append))
    house.live(at(3, 16, 18))
    house.post.is_down = True
    house.live(at(3, 21, 12))
    rolls = [letter.roll for letter in letters if letter.kind == "escalation"]
    assert next([entry.notices for entry in roll.entries if entry.party.id == "beta"] for roll in rolls if roll) == [4]
