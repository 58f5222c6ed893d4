"""A tick does what is due, no more, and says when to wake."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from scheduler.engine.sources.arrivals import Arrival, Arrivals
from scheduler.errors import Problem, RecordUnavailable
from scheduler.plan.commands import Scenario
from scheduler.plan.dates.date_forms import Recurring
from scheduler.plan.messages.message import Message, OutageMessage
from scheduler.ports.events import Event
from scheduler.simulation.player import play
from scheduler.store import SqlStore, open_store
from tests.support.daemon_fixture import COMPOSER, LADDER, DaemonFixture, due_by, local, plan, signed
from tests.support.fakes import LockedStore, SpyComposer
from tests.support.plan_builders import at, deadline


def test_a_year_that_nobody_answers_goes_up_the_whole_ladder_on_time(daemon: DaemonFixture) -> None:
    """Each rung leaves at its instant, to whom it is for."""
    daemon.live(at(4, 1))
    own = [f"{when} {name}" for name, when in LADDER.items() if name not in ("target", "escalate:2wd")]
    assert daemon.left() == own
    assert daemon.left("head@beta.example") == [step for step in own if "overdue" in step]
    assert daemon.left("officer@lead.example") == [*own[:5], own[5], "03-21 08:00 escalate:2wd", *own[6:]]
    assert daemon.left("head@lead.example") == ["03-20 08:00 overdue:1", "03-21 08:00 escalate:2wd", *own[6:]]


def test_each_promise_ends_in_one_final_state_with_its_reason(daemon: DaemonFixture) -> None:
    """Nothing is lost silently."""
    daemon.live(at(4, 1))
    assert {row.state for row in daemon.rows(None)} == {"sent", "skipped"}
    assert [(row.name, str(row.reason)) for row in daemon.rows() if row.state != "sent"] == [
        ("target", "same day as named-day")
    ]


def test_a_tick_with_nothing_due_sends_nothing_and_wakes_for_the_next_rung(daemon: DaemonFixture) -> None:
    """The daemon sleeps in between."""
    tick = daemon.tick(at(3, 10, 8))
    assert local(tick.wake_at) == "03-13 08:00"  # the next opening: the daemon shows itself once a working day
    sent = len(daemon.mailer.sent)
    tick = daemon.tick(at(3, 13, 20))
    assert len(daemon.mailer.sent) == sent
    assert (local(tick.wake_at), local(tick.check_at)) == ("03-14 08:00", "03-14 07:30")


def test_without_a_plan_the_daemon_wakes_at_least_once_a_day(store: SqlStore) -> None:
    """And looks whether there is one by now."""
    daemon = DaemonFixture(store)
    daemon.definitions.plans.clear()
    tick = daemon.tick(at(3, 1, 9))
    assert tick.wake_at == tick.check_at == at(3, 2, 9)
    daemon.definitions.plans.append(plan())
    daemon.tick(at(3, 3, 8))
    assert daemon.left() == ["03-03 08:00 before:14d"]


def test_what_is_not_due_again_is_not_done_again(daemon: DaemonFixture) -> None:
    """Any number of ticks at one instant send once."""
    for _ in range(3):
        daemon.tick(at(3, 10, 8))
    assert daemon.left() == ["03-10 08:00 before:7d"]


def test_a_daemon_started_again_goes_on_where_the_last_one_ended(daemon: DaemonFixture) -> None:
    """The record remembers, not the process."""
    daemon.live(at(3, 10, 12))
    daemon.ticker = daemon.new_ticker(name="second")
    daemon.live(at(4, 1))
    assert daemon.left() == [
        f"{when} {name}" for name, when in LADDER.items() if name not in ("target", "escalate:2wd")
    ]


def test_a_plan_loaded_late_never_sends_what_lay_before(store: SqlStore) -> None:
    """Contract rule 4: a rung before the first load has no row."""
    daemon = DaemonFixture(store, start=at(3, 15, 10))
    daemon.live(at(3, 18))
    assert daemon.left() == ["03-16 08:00 before:1wd", "03-17 08:00 named-day"]
    assert [row.name for row in daemon.rows() if row.name.startswith("before")] == ["before:1wd"]


def test_what_was_past_at_the_first_load_is_unknown_and_accuses_nobody(store: SqlStore) -> None:
    """Contract rule 4: no rung until a person has spoken."""
    daemon = DaemonFixture(store, start=at(3, 20, 7))
    daemon.live(at(3, 21, 12))
    assert daemon.rows(None) == []
    daemon.record("opened")
    daemon.live(at(4, 1))
    assert daemon.left() == ["03-22 08:00 overdue:2", "03-24 08:00 overdue:3"]
    assert daemon.left("officer@gamma.example") == []


def test_why_a_tick_could_not_be_recorded_is_known_until_one_is(daemon: DaemonFixture) -> None:
    """So that monitoring hears of a full disk before the last tick is old."""
    store = LockedStore(daemon.store)
    daemon.ticker = daemon.new_ticker(store=store)
    known = [daemon.ticker.failure]
    daemon.tick(at(3, 10, 8))
    known.append(daemon.ticker.failure)
    store.lock()
    with pytest.raises(RecordUnavailable) as failed:
        daemon.tick(at(3, 10, 9))
    known.append(daemon.ticker.failure)
    daemon.tick(at(3, 10, 9))
    known.append(daemon.ticker.failure)
    assert known == [None, None, failed.value, None]


# ---- several plans


def test_a_definition_that_is_wrong_is_told_and_the_sound_ones_are_served(daemon: DaemonFixture) -> None:
    """One broken plan does not stop the others."""
    daemon.definitions.problems = (Problem(message="there is no milestone `x`", file="b.toml", line=3),)
    assert daemon.ticker.load() == daemon.definitions.problems
    daemon.live(at(3, 4))
    assert daemon.left() == ["03-03 08:00 before:14d"]
    assert daemon.logged("refused") == ["b.toml:3: there is no milestone `x`"]


def test_a_plan_that_breaks_when_it_is_loaded_does_not_stop_the_others(store: SqlStore) -> None:
    """Whatever is wrong with it, it is logged."""
    impossible = deadline(Recurring("FREQ=NEVER", "by", date(2023, 1, 1), date(2023, 12, 31)))
    daemon = DaemonFixture(store, plan(impossible, id="a-broken"), plan(id="b-sound"))
    daemon.live(at(3, 3, 9))
    assert daemon.left() == ["03-03 08:00 before:14d"]
    assert {(event.plan, event.step) for event in daemon.events if event.name == "trouble"} == {("a-broken", "loading")}


def test_a_plan_that_breaks_at_work_does_not_stop_the_others(store: SqlStore) -> None:
    """Its promises stay planned, and the fault is logged with its kind."""

    def break_down(message: Message) -> None:
        if message.plan.id == "a-broken":
            raise ZeroDivisionError("by us")

    daemon = DaemonFixture(store, plan(id="a-broken"), plan(id="b-sound"), composer=SpyComposer(COMPOSER, break_down))
    daemon.live(at(3, 3, 9))
    assert daemon.left() == ["03-03 08:00 before:14d"]
    assert set(daemon.logged("trouble")) == {"ZeroDivisionError: by us"}
    assert daemon.failed() == {"reminders"}
    assert {(row.plan, row.state) for row in daemon.rows() if row.name == "before:14d"} == {
        ("a-broken", "planned"),
        ("b-sound", "sent"),
    }


def test_a_plan_that_could_not_be_taken_is_tried_again_at_the_next_tick(tmp_path: Path) -> None:
    """A record that is locked for a moment must not cost a plan its year."""
    url = f"sqlite:///{tmp_path}/hanchot.db"
    with (
        closing(open_store(url, busy_timeout=0.05)) as store,
        closing(open_store(url)) as backup,
        ExitStack() as locked,
    ):
        daemon = DaemonFixture(store, plan(id="a"), plan(id="b"))

        def lock(event: Event) -> None:
            daemon.events.append(event)
            if (event.name, event.plan) == ("loaded", "a") and len(daemon.logged("loaded")) == 1:
                locked.enter_context(backup.transaction())

        daemon.ticker = daemon.new_ticker(report=lock)
        daemon.ticker.load()
        assert [p.id for p in daemon.ticker.plans] == ["a"]
        assert "is locked by another writer" in daemon.logged("trouble")[0]
        locked.close()
        daemon.tick(at(3, 1, 9))
        assert [p.id for p in daemon.ticker.plans] == ["a", "b"]
        daemon.live(at(3, 3, 9))
        assert len(daemon.left()) == 2


# ---- another process


def test_a_revision_that_another_process_took_from_the_same_files_is_taken_too(daemon: DaemonFixture) -> None:
    """The command line reads an edited file first; the daemon follows."""
    daemon.live(at(3, 5))
    daemon.definitions.plans = [plan(due_by(date(2023, 3, 24)))]
    daemon.take()
    daemon.live(at(3, 18))
    assert daemon.left() == [
        "03-03 08:00 before:14d", "03-06 08:00 change", "03-10 08:00 before:14d", "03-17 08:00 before:7d",
    ]  # fmt: skip
    assert "trouble" not in {event.name for event in daemon.events}


def test_a_revision_that_this_daemon_cannot_find_in_its_files_is_left_to_the_other_process(
    daemon: DaemonFixture,
) -> None:
    """Two daemons with different files do not undo each other's work; it is logged once."""
    daemon.live(at(3, 5))
    other = DaemonFixture(daemon.store, plan(due_by(date(2023, 3, 24))), start=at(3, 5))
    other.ticker.load()
    facts = len(daemon.facts())
    for day in range(6, 12):
        daemon.tick(at(3, day, 9))
        other.tick(at(3, day, 9, 1))
    assert len(daemon.facts()) == facts
    assert daemon.left() == ["03-03 08:00 before:14d"]
    assert [text for text in daemon.logged("trouble") if "another process" in text] == [
        "another process loaded another revision of this plan; it is left to that one"
    ]
    assert other.logged("trouble") == []
    assert other.left() == ["03-06 09:01 change", "03-10 09:01 before:14d"]


def test_an_estranged_daemon_takes_the_plan_back_when_its_file_is_edited(daemon: DaemonFixture) -> None:
    """The latest decision wins, and an edit is a decision."""
    daemon.live(at(3, 5))
    other = DaemonFixture(daemon.store, plan(due_by(date(2023, 3, 24))), start=at(3, 5))
    other.ticker.load()
    daemon.tick(at(3, 6, 9))
    daemon.definitions.plans = [plan(due_by(date(2023, 3, 31)))]
    daemon.tick(at(3, 6, 10))
    assert daemon.state().digest == daemon.plan.digest
    daemon.live(at(3, 18))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-06 10:15 change", "03-17 08:00 before:14d"]


def test_a_wrong_file_leaves_the_last_good_revision_in_force(daemon: DaemonFixture) -> None:
    """While the daemon runs, a mistake in a file costs nobody a reminder."""
    daemon.live(at(3, 5))
    daemon.definitions.plans, daemon.definitions.problems = [], (Problem(message="no such day"),)
    daemon.ticker.load()
    daemon.clock.instant = at(3, 6)
    daemon.definitions.plans = [plan()]
    assert [p.id for p in daemon.ticker.plans] == ["plan"]
    daemon.live(at(3, 11))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-10 08:00 before:7d"]


def test_mail_of_a_plan_that_is_not_served_here_waits_until_it_is(daemon: DaemonFixture) -> None:
    """Without its plan nobody can look at hours and status: nothing leaves unseen."""
    daemon.live(at(3, 10, 7))
    daemon.mailer.is_down = True
    daemon.tick(at(3, 10, 8))
    daemon.mailer.is_down = False
    other = DaemonFixture(daemon.store, plan(id="other"), start=at(3, 10, 9))
    other.live(at(3, 10, 12))
    assert other.mailer.sent == []
    daemon.live(at(3, 10, 13))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-10 12:15 before:7d"]


def test_mail_of_a_plan_that_is_never_served_again_ends_as_missed(daemon: DaemonFixture) -> None:
    """It does not wait for ever."""
    daemon.live(at(3, 10, 7))
    daemon.mailer.is_down = True
    daemon.tick(at(3, 10, 8))
    other = DaemonFixture(daemon.store, plan(id="other"), start=at(3, 10, 9))
    other.live(at(3, 14, 9))
    assert other.left("officer@beta.example") == ["03-14 08:00 before:3wd"]
    assert [(mail.state, str(mail.reason)) for mail in daemon.mails(rung="before:7d")] == [
        ("missed", "too old to deliver: the next step is due or two working days are gone")
    ] * 3
    assert daemon.row("before:7d").state == "missed"


# ---- facts from outside


def test_facts_arrive_at_their_instants_before_the_tick_looks(store: SqlStore) -> None:
    """A fact at exactly a rung's instant counts as known (contract rule 9)."""
    daemon = DaemonFixture(store)
    coming = [("beta", at(3, 10, 8)), ("gamma", at(3, 8, 8))]
    arrivals = Arrivals(
        Arrival(when, partial(daemon.record, "received", party, at=when, notify=False)) for party, when in coming
    )
    daemon.ticker = daemon.new_ticker(sources=[arrivals])
    before = arrivals.next_at
    tick = daemon.tick(at(3, 7, 18))
    assert tick.wake_at == at(3, 8, 8)
    daemon.live(at(3, 11))
    assert (before, arrivals.next_at) == (at(3, 8, 8), None)
    assert daemon.left() == []
    assert daemon.row("before:7d").state == "cancelled"
    assert daemon.row("before:7d", "gamma").state == "cancelled"


def test_a_simulation_plays_outages_and_facts_by_the_same_ticks(store: SqlStore) -> None:
    """Facts are recorded also while the daemon is away; the instant of its return is its first tick."""
    daemon = DaemonFixture(store)
    scenario = Scenario(outages=[(at(3, 14), at(3, 16, 12))])
    arrivals = Arrivals([Arrival(at(3, 15, 9), partial(daemon.record, "received", "gamma", at=at(3, 15, 9)))])
    play(daemon.ticker, daemon.clock, arrivals, scenario, until=at(3, 18))
    assert daemon.left() == [
        "03-03 08:00 before:14d",
        "03-10 08:00 before:7d",
        "03-16 12:00 before:1wd",
        "03-17 08:00 named-day",
    ]
    assert daemon.left("officer@gamma.example") == [
        "03-03 08:00 before:14d",
        "03-10 08:00 before:7d",
        "03-16 12:00 receipt",
    ]
    assert str(daemon.row("before:3wd").reason) == "came late; before:1wd is newer"


# ---- a plan whose file is gone


def test_a_file_that_goes_away_is_told_once_and_its_plan_goes_on(daemon: DaemonFixture) -> None:
    """Until the program ends, the last good revision is in force."""
    daemon.live(at(3, 2))
    daemon.definitions.plans, plans = [], daemon.definitions.plans
    for _ in range(2):
        daemon.ticker.load()
    assert [text for text in daemon.logged("trouble") if "the file of plan is gone" in text] != []
    assert len(daemon.logged("trouble")) == 1
    daemon.live(at(3, 4))
    daemon.definitions.plans = plans
    assert daemon.left() == ["03-03 08:00 before:14d"]


def test_a_plan_that_owes_something_and_cannot_be_loaded_is_told_once(daemon: DaemonFixture) -> None:
    """A new process finds the promises in the record and no definition."""
    daemon.live(at(3, 2))
    other = DaemonFixture(daemon.store, start=at(3, 3, 9))
    other.definitions.plans = []
    other.ticker.load()
    for _ in range(2):
        other.tick()
    assert other.ticker.absent == {daemon.plan.id}
    assert [text for text in other.logged("trouble") if "no definition of it could be loaded" in text] != []
    assert len(other.logged("trouble")) == 1
    other.definitions.plans = [plan()]
    other.ticker.load()
    other.tick()
    assert other.ticker.absent == frozenset()
    assert other.left() == ["03-03 09:00 before:14d"]


@pytest.mark.parametrize(
    ("back", "entries"),
    [
        (at(3, 3, 12), []),  # on the day on which the reminder was due
        (at(3, 6, 9), ["late", "late", "late"]),
        (at(3, 8, 9), ["missed", "missed", "missed"]),
        (at(3, 14, 9), ["missed", "missed", "missed", "skipped", "skipped", "skipped"]),
    ],
)
def test_operators_get_one_summary_of_what_came_due_while_a_plan_could_not_be_loaded(
    daemon: DaemonFixture, back: datetime, entries: list[str]
) -> None:
    """As if the daemon had been away, though ticks went on."""
    daemon.live(at(3, 2, 18))
    plans, daemon.definitions.plans = daemon.definitions.plans, []
    daemon.composer = composer = SpyComposer(COMPOSER)
    daemon.ticker = daemon.new_ticker()
    daemon.live(back)
    assert daemon.left(None) == []
    daemon.definitions.plans = plans
    daemon.live(back + timedelta(hours=3))
    summaries = [message for message in composer.written if isinstance(message, OutageMessage)]
    assert [[entry.outcome for entry in one.outage.entries] for one in summaries] == ([entries] if entries else [])


def test_an_edit_with_which_most_promises_fall_away_is_told(daemon: DaemonFixture) -> None:
    """A file that was cut is a valid one; a lost milestone among many is an edit like any other."""
    daemon.live(at(3, 2))
    whole = daemon.plan
    daemon.definitions.plans = [signed(replace(whole, milestones=()))]
    daemon.ticker.load()
    (told,) = daemon.logged("trouble")
    assert "27 promised steps fell away with this edit, more than are left" in told
    daemon.definitions.plans = [whole]
    daemon.ticker.load()
    assert len(daemon.logged("trouble")) == 1
