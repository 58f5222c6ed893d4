"""After downtime: the newest rung leaves, the others say why not, and the operators get one summary (rules 1-3)."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.plan.dates.date_forms import Before, DayCount
from scheduler.plan.messages.message import EscalationMessage, Message, OutageMessage
from scheduler.plan.model import Ladder
from scheduler.ports.events import Event
from scheduler.store import SqlStore, open_store
from tests.support.daemon_fixture import COMPOSER, DaemonFixture, due_by, local, plan, report
from tests.support.fakes import SpyComposer, refuse
from tests.support.plan_builders import at, deadline, vietnam

# ---- contract rule 1: bounded catch-up


def test_of_several_late_rungs_of_one_obligation_only_the_newest_leaves(daemon: DaemonFixture) -> None:
    """The others are skipped and name it."""
    daemon.live(at(3, 13, 18))
    daemon.tick(at(3, 16, 9))
    assert daemon.left()[-1] == "03-16 09:00 before:1wd"
    assert (daemon.row("before:3wd").state, str(daemon.row("before:3wd").reason)) == (
        "skipped",
        "came late; before:1wd is newer",
    )


def test_a_rung_more_than_two_working_days_late_is_missed(daemon: DaemonFixture) -> None:
    """Two working days late is still in time, three is not."""
    daemon.live(at(3, 9, 18))
    daemon.tick(at(3, 14, 7))
    assert daemon.row("before:7d").state == "planned"  # Monday and Tuesday lie between: two
    daemon.ticker = daemon.new_ticker(name="second")
    daemon.tick(at(3, 15, 9))
    assert daemon.row("before:7d").state == "missed"
    assert str(daemon.row("before:7d").reason) == "3 working days late"
    assert daemon.left()[-1] == "03-15 09:00 before:3wd"


def test_a_rung_exactly_two_working_days_late_still_leaves(daemon: DaemonFixture) -> None:
    """Friday's rung on Tuesday, before Tuesday's own."""
    only = Ladder(before=(DayCount(7, "days"),), on_named_day=False, overdue=None, escalate=())
    daemon.definitions.plans = [plan(replace(report(), ladder=only))]
    daemon.live(at(3, 9, 18))
    daemon.tick(at(3, 14, 16, 59))
    assert daemon.left() == ["03-14 16:59 before:7d"]


def test_the_overdue_notice_and_the_escalation_of_one_obligation_do_not_replace_each_other(
    daemon: DaemonFixture,
) -> None:
    """They have different addressees (contract rule 5)."""
    daemon.live(at(3, 19))
    daemon.tick(at(3, 22, 9))
    assert str(daemon.row("overdue:1").reason) == "came late; overdue:2 is newer"
    assert daemon.left()[-1] == "03-22 09:00 overdue:2"
    assert daemon.row("escalate:2wd").state == "planned"  # down days do not count: it moves on (contract rule 3)


def test_two_obligations_are_caught_up_each_by_itself(store: SqlStore) -> None:
    """Only rungs of one obligation give way to each other."""
    daemon = DaemonFixture(store, plan(report(), due_by(date(2023, 3, 20), id="second")))
    daemon.live(at(3, 13, 18))
    daemon.tick(at(3, 15, 9))
    assert daemon.left()[-2:] == ["03-15 09:00 before:3wd", "03-15 09:00 before:3wd"]


# ---- contract rule 2: hours


def test_what_is_caught_up_outside_the_hours_waits_for_the_next_opening(daemon: DaemonFixture) -> None:
    """Nobody is written to on a Saturday night."""
    daemon.live(at(3, 9, 18))
    tick = daemon.tick(at(3, 11, 23))
    assert daemon.row("before:7d").state == "planned"
    assert local(tick.wake_at) == "03-13 08:00"
    daemon.live(at(3, 13, 9))
    assert daemon.left()[-1] == "03-13 08:00 before:7d"


def test_the_lateness_of_what_waits_is_that_of_the_moment_it_was_noticed(daemon: DaemonFixture) -> None:
    """Two working days late on Tuesday evening is not missed because it waits for Wednesday."""
    only = Ladder(before=(DayCount(7, "days"),), on_named_day=False, overdue=None, escalate=())
    daemon.definitions.plans = [plan(replace(report(), ladder=only))]
    daemon.live(at(3, 9, 18))
    daemon.live(at(3, 9, 19))
    daemon.tick(at(3, 14, 20))
    daemon.tick(at(3, 15, 8))
    assert daemon.left() == ["03-15 08:00 before:7d"]


def test_the_hours_are_those_of_the_milestone_and_end_at_closing(store: SqlStore) -> None:
    """`hours` may be set for each milestone; the closing minute itself is closed."""
    late = replace(report(), ladder=Ladder(at=time(9), opens=time(9), closes=time(12)))
    daemon = DaemonFixture(store, plan(late))
    daemon.live(at(3, 3, 8, 59))
    tick = daemon.tick(at(3, 3, 12))
    assert daemon.left() == []
    assert local(tick.wake_at) == "03-06 08:00"
    daemon.live(at(3, 6, 10))
    assert daemon.left() == ["03-06 09:00 before:14d"]


def test_no_rung_leaves_on_a_day_off(store: SqlStore) -> None:
    """30 April and 1 May, with the days between two working days."""
    daemon = DaemonFixture(store, plan(deadline(Before(date(2023, 5, 3))), workdays=vietnam()))
    daemon.live(at(5, 20))
    days = {when[:5] for when in daemon.left(None)}
    assert days.isdisjoint({"04-29", "04-30", "05-01", "05-02"})
    assert "04-28" in days


def test_a_notice_recorded_in_the_evening_leaves_at_the_next_opening(daemon: DaemonFixture) -> None:
    """Opening hours bind every mail to parties."""
    daemon.live(at(3, 10, 19))
    daemon.record("received")
    daemon.live(at(3, 14))
    assert daemon.left()[-1] == "03-13 08:00 receipt"


# ---- the summary


def summaries(daemon: DaemonFixture) -> list[str]:
    return daemon.left("ops@cum.example")


def test_an_outage_that_cost_something_is_summed_up_once_and_at_once(daemon: DaemonFixture) -> None:
    """Also in the middle of the night, and also if the daemon starts again right after."""
    daemon.live(at(3, 9, 18))
    daemon.tick(at(3, 15, 2))
    assert summaries(daemon) == ["03-15 02:00 outage"]
    daemon.ticker = daemon.new_ticker(name="second")
    daemon.live(at(3, 20))
    assert summaries(daemon) == ["03-15 02:00 outage"]
    assert len(daemon.logged("outage")) == 1


def test_the_summary_names_what_was_late_skipped_and_missed(store: SqlStore) -> None:
    """One list for everything the outage touched, of all plans."""
    messages: list[Message] = []
    daemon = DaemonFixture(store, plan(), plan(id="second"), composer=SpyComposer(COMPOSER, messages.append))
    daemon.live(at(3, 9, 18))
    daemon.tick(at(3, 16, 9))
    (summary,) = [message.outage for message in messages if isinstance(message, OutageMessage)]
    assert (summary.since, summary.until) == (at(3, 9, 8), at(3, 16, 9))
    assert [(e.rung, e.outcome) for e in summary.entries if e.party.id == "beta"] == [
        ("before:7d", "missed"),
        ("before:3wd", "skipped"),
    ] * 2


def test_what_waits_for_the_opening_is_summed_up_as_it_will_be_judged_then(store: SqlStore) -> None:
    """At night nothing is decided yet; at the opening Tuesday's own reminder is the newer one."""
    messages: list[Message] = []
    daemon = DaemonFixture(store, composer=SpyComposer(COMPOSER, messages.append))
    daemon.live(at(3, 9, 18))
    daemon.tick(at(3, 14, 2))
    (summary,) = [message.outage for message in messages if isinstance(message, OutageMessage)]
    assert {(e.rung, e.outcome) for e in summary.entries} == {("before:7d", "skipped")}
    daemon.live(at(3, 14, 9))
    assert str(daemon.row("before:7d").reason) == "came late; before:3wd is newer"


def test_what_waits_for_the_opening_and_has_no_newer_one_is_late(store: SqlStore) -> None:
    """It leaves on Monday morning."""
    messages: list[Message] = []
    daemon = DaemonFixture(store, composer=SpyComposer(COMPOSER, messages.append))
    daemon.live(at(3, 9, 18))
    daemon.tick(at(3, 11, 23))
    (summary,) = [message.outage for message in messages if isinstance(message, OutageMessage)]
    assert {(e.rung, e.outcome) for e in summary.entries} == {("before:7d", "late")}


def test_a_rung_late_by_days_is_named_and_one_late_by_hours_is_not(daemon: DaemonFixture) -> None:
    """Late beyond its day is what counts."""
    daemon.live(at(3, 9, 18))
    daemon.tick(at(3, 10, 16))
    assert daemon.left()[-1] == "03-10 16:00 before:7d"
    assert summaries(daemon) == []
    daemon.tick(at(3, 15, 9))
    assert summaries(daemon) == ["03-15 09:00 outage"]


def test_being_away_while_nothing_was_due_is_not_worth_a_mail(daemon: DaemonFixture) -> None:
    """A weekend without a machine."""
    daemon.live(at(3, 4))
    daemon.tick(at(3, 8, 9))
    assert summaries(daemon) == []


def test_a_rung_that_fell_away_during_the_outage_did_not_suffer(daemon: DaemonFixture) -> None:
    """Who had answered was owed no reminder."""
    daemon.live(at(3, 9, 18))
    for party in ("lead", "beta", "gamma"):
        daemon.record("received", party, at=at(3, 9, 19), notify=False)
    daemon.tick(at(3, 15, 9))
    assert summaries(daemon) == []


def test_without_configured_operators_the_first_officer_of_the_lead_is_told(store: SqlStore) -> None:
    """Contract, [operators]."""
    daemon = DaemonFixture(store, operators=())
    daemon.live(at(3, 9, 18))
    daemon.tick(at(3, 15, 9))
    assert [when for when in daemon.left("officer@lead.example") if "outage" in when] == ["03-15 09:00 outage"]


def test_a_summary_that_cannot_be_written_is_told_and_does_not_stop_the_tick(store: SqlStore) -> None:
    """The tick is completed all the same."""
    daemon = DaemonFixture(store, composer=SpyComposer(COMPOSER, refuse("outage")))
    daemon.live(at(3, 9, 18))
    daemon.tick(at(3, 15, 9))
    assert summaries(daemon) == []
    (text,) = daemon.logged("trouble")
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
            if event.name == "missed" and event.party == "gamma":
                locked.enter_context(backup.transaction())

        daemon = DaemonFixture(store, report=lock)
        daemon.live(at(3, 9, 18))
        with pytest.raises(UserError, match="is locked"):
            daemon.tick(at(3, 15, 9))
        locked.close()
        daemon.tick(at(3, 15, 9, 1))
        assert summaries(daemon) == ["03-15 09:01 outage"]


def test_a_milestone_that_left_the_plan_meanwhile_does_not_break_the_summary(daemon: DaemonFixture) -> None:
    """What cannot be described any more is left out."""
    daemon.definitions.plans = [plan(report(), due_by(date(2023, 3, 17), id="gone"))]
    daemon.live(at(3, 9, 18))
    enough = len(daemon.mailer.sent) + 2
    daemon.ticker = daemon.new_ticker(name="second", is_stopping=lambda: len(daemon.mailer.sent) >= enough)
    daemon.tick(at(3, 14, 9))
    assert summaries(daemon) == []
    daemon.definitions.plans = [plan(report())]
    daemon.ticker = daemon.new_ticker(name="third")
    daemon.tick(at(3, 14, 10))
    assert summaries(daemon) == ["03-14 10:00 outage"]


# ---- contract rule 3: down days and escalation


def escalated(daemon: DaemonFixture) -> list[str]:
    return [when for when in daemon.left("officer@lead.example") if "escalate" in when]


def test_an_escalation_is_postponed_by_the_working_days_without_a_tick(daemon: DaemonFixture) -> None:
    """Down on Monday and Tuesday: of the two working days after Friday none counted before Wednesday."""
    daemon.live(at(3, 19))
    daemon.tick(at(3, 22, 12))
    daemon.live(at(4, 1))
    assert escalated(daemon) == ["03-23 08:00 escalate:2wd"]
    assert local(daemon.row("escalate:2wd").at) == "03-23 08:00"


def test_an_escalation_is_postponed_also_if_the_daemon_comes_back_at_night(daemon: DaemonFixture) -> None:
    """It is not missed before anybody counted the days."""
    daemon.live(at(3, 19))
    daemon.live(at(3, 19, 1))
    daemon.tick(at(3, 25, 2))
    daemon.live(at(4, 5))
    assert escalated(daemon) == ["03-28 08:00 escalate:2wd"]
    assert daemon.row("escalate:2wd").state == "sent"


def test_a_day_with_ticks_outside_the_hours_only_does_not_count(daemon: DaemonFixture) -> None:
    """The daemon was there at seven in the morning and at nine in the evening: nobody could be written to."""
    daemon.live(at(3, 19))
    for day in (20, 21, 22):
        daemon.tick(at(3, day, 7))
        daemon.tick(at(3, day, 21))
    daemon.live(at(4, 5))
    assert escalated(daemon) == ["03-24 08:00 escalate:2wd"]


def test_overdue_notices_keep_their_days(daemon: DaemonFixture) -> None:
    """Only escalation waits."""
    daemon.live(at(3, 19))
    daemon.tick(at(3, 22, 12))
    daemon.live(at(4, 1))
    assert daemon.left()[-2:] == ["03-22 12:00 overdue:2", "03-24 08:00 overdue:3"]


def test_a_day_off_without_a_tick_is_not_a_down_day(daemon: DaemonFixture) -> None:
    """Nobody counts Saturdays."""
    daemon.live(at(3, 17, 18))
    daemon.tick(at(3, 20, 8))
    daemon.live(at(4, 1))
    assert escalated(daemon) == ["03-21 08:00 escalate:2wd"]


def test_an_escalation_says_how_many_reminders_really_left(store: SqlStore) -> None:
    """What lies in the outbox because the server is down has reminded nobody."""
    messages: list[Message] = []
    daemon = DaemonFixture(store, composer=SpyComposer(COMPOSER, messages.append))
    daemon.live(at(3, 16, 18))
    daemon.mailer.is_down = True
    daemon.live(at(3, 21, 12))
    rolls = [message.roll for message in messages if isinstance(message, EscalationMessage)]
    assert next([entry.notices for entry in roll.entries if entry.party.id == "beta"] for roll in rolls if roll) == [4]
