"""A tick does what is due, no more, and says when to wake."""

from __future__ import annotations

from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path

from scheduler.engine.events import Event
from scheduler.engine.tick import Arrivals
from scheduler.errors import Problem
from scheduler.plan.messages.message import Letter
from scheduler.plan.model import Recurring
from scheduler.services.commands import Scenario
from scheduler.simulation.player import play
from scheduler.store import SqlStore, open_store
from tests.support.daemon_fixture import COMPOSER, LADDER, House, due_by, local, plan
from tests.support.fakes import Scribe
from tests.support.plan_builders import at, deadline


def test_a_year_that_nobody_answers_goes_up_the_whole_ladder_on_time(house: House) -> None:
    """Each rung leaves at its instant, to whom it is for."""
    house.live(at(4, 1))
    own = [f"{when} {name}" for name, when in LADDER.items() if name not in ("target", "escalate:2wd")]
    assert house.left() == own
    assert house.left("head@beta.example") == [step for step in own if "overdue" in step]
    assert house.left("officer@lead.example") == [*own[:5], own[5], "03-21 08:00 escalate:2wd", *own[6:]]
    assert house.left("head@lead.example") == ["03-20 08:00 overdue:1", "03-21 08:00 escalate:2wd", *own[6:]]


def test_each_promise_ends_in_one_final_state_with_its_reason(house: House) -> None:
    """Nothing is lost silently."""
    house.live(at(4, 1))
    assert {row.state for row in house.rows(None)} == {"sent", "skipped"}
    assert [(row.name, row.reason) for row in house.rows() if row.state != "sent"] == [
        ("target", "same day as named-day")
    ]


def test_a_tick_with_nothing_due_sends_nothing_and_wakes_for_the_next_rung(house: House) -> None:
    """The daemon sleeps in between."""
    tick = house.tick(at(3, 10, 8))
    assert local(tick.wake_at) == "03-13 08:00"  # the next opening: the daemon shows itself once a working day
    sent = len(house.post.sent)
    tick = house.tick(at(3, 13, 20))
    assert len(house.post.sent) == sent
    assert (local(tick.wake_at), local(tick.check_at)) == ("03-14 08:00", "03-14 07:30")


def test_without_a_plan_the_daemon_wakes_at_least_once_a_day(store: SqlStore) -> None:
    """And looks whether there is one by now."""
    house = House(store)
    house.shelf.plans.clear()
    tick = house.tick(at(3, 1, 9))
    assert tick.wake_at == tick.check_at == at(3, 2, 9)
    house.shelf.plans.append(plan())
    house.tick(at(3, 3, 8))
    assert house.left() == ["03-03 08:00 before:14d"]


def test_what_is_not_due_again_is_not_done_again(house: House) -> None:
    """Any number of ticks at one instant send once."""
    for _ in range(3):
        house.tick(at(3, 10, 8))
    assert house.left() == ["03-10 08:00 before:7d"]


def test_a_daemon_started_again_goes_on_where_the_last_one_ended(house: House) -> None:
    """The record remembers, not the process."""
    house.live(at(3, 10, 12))
    house.ticker = house.daemon(name="second")
    house.live(at(4, 1))
    assert house.left() == [f"{when} {name}" for name, when in LADDER.items() if name not in ("target", "escalate:2wd")]


def test_a_plan_loaded_late_never_sends_what_lay_before(store: SqlStore) -> None:
    """Contract rule 4: a rung before the first load has no row."""
    house = House(store, start=at(3, 15, 10))
    house.live(at(3, 18))
    assert house.left() == ["03-16 08:00 before:1wd", "03-17 08:00 named-day"]
    assert [row.name for row in house.rows() if row.name.startswith("before")] == ["before:1wd"]


def test_what_was_past_at_the_first_load_is_unknown_and_accuses_nobody(store: SqlStore) -> None:
    """Contract rule 4: no rung until a person has spoken."""
    house = House(store, start=at(3, 20, 7))
    house.live(at(3, 21, 12))
    assert house.rows(None) == []
    house.record("opened")
    house.live(at(4, 1))
    assert house.left() == ["03-22 08:00 overdue:2", "03-24 08:00 overdue:3"]
    assert house.left("officer@gamma.example") == []


# ---- several plans


def test_a_definition_that_is_wrong_is_told_and_the_sound_ones_are_served(house: House) -> None:
    """One broken plan does not stop the others."""
    house.shelf.problems = (Problem(message="there is no milestone `x`", file="b.toml", line=3),)
    assert house.ticker.load() == house.shelf.problems
    house.live(at(3, 4))
    assert house.left() == ["03-03 08:00 before:14d"]
    assert house.told("refused") == ["b.toml:3: there is no milestone `x`"]


def test_a_plan_that_breaks_when_it_is_loaded_does_not_stop_the_others(store: SqlStore) -> None:
    """Whatever is wrong with it, it is told."""
    impossible = deadline(Recurring("FREQ=NEVER", "by", date(2023, 1, 1), date(2023, 12, 31)))
    house = House(store, plan(impossible, id="a-broken"), plan(id="b-sound"))
    house.live(at(3, 3, 9))
    assert house.left() == ["03-03 08:00 before:14d"]
    assert {event.plan for event in house.events if event.word == "trouble"} == {"a-broken"}


def test_a_plan_that_breaks_at_work_does_not_stop_the_others(store: SqlStore) -> None:
    """Its promises stay planned, and the fault is told with its kind."""

    def break_down(letter: Letter) -> None:
        if letter.plan.id == "a-broken":
            raise ZeroDivisionError("by us")

    house = House(store, plan(id="a-broken"), plan(id="b-sound"), composer=Scribe(COMPOSER, break_down))
    house.live(at(3, 3, 9))
    assert house.left() == ["03-03 08:00 before:14d"]
    assert set(house.told("trouble")) == {"ZeroDivisionError: by us"}
    assert {(row.plan, row.state) for row in house.rows() if row.name == "before:14d"} == {
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
        house = House(store, plan(id="a"), plan(id="b"))

        def lock(event: Event) -> None:
            house.events.append(event)
            if (event.word, event.plan) == ("loaded", "a") and len(house.told("loaded")) == 1:
                locked.enter_context(backup.transaction())

        house.ticker = house.daemon(report=lock)
        house.ticker.load()
        assert [p.id for p in house.ticker.plans] == ["a"]
        assert "is locked by another writer" in house.told("trouble")[0]
        locked.close()
        house.tick(at(3, 1, 9))
        assert [p.id for p in house.ticker.plans] == ["a", "b"]
        house.live(at(3, 3, 9))
        assert len(house.left()) == 2


# ---- another process


def test_a_revision_that_another_process_took_from_the_same_files_is_taken_too(house: House) -> None:
    """The command line reads an edited file first; the daemon follows."""
    house.live(at(3, 5))
    house.shelf.plans = [plan(due_by(date(2023, 3, 24)))]
    house.take()
    house.live(at(3, 18))
    assert house.left() == [
        "03-03 08:00 before:14d", "03-06 08:00 change", "03-10 08:00 before:14d", "03-17 08:00 before:7d",
    ]  # fmt: skip
    assert "trouble" not in {event.word for event in house.events}


def test_a_revision_that_this_daemon_cannot_find_in_its_files_is_left_to_the_other_process(house: House) -> None:
    """Two daemons with different files do not undo each other's work; it is told once."""
    house.live(at(3, 5))
    stranger = House(house.store, plan(due_by(date(2023, 3, 24))), start=at(3, 5))
    stranger.ticker.load()
    facts = len(house.facts())
    for day in range(6, 12):
        house.tick(at(3, day, 9))
        stranger.tick(at(3, day, 9, 1))
    assert len(house.facts()) == facts
    assert house.left() == ["03-03 08:00 before:14d"]
    assert [text for text in house.told("trouble") if "another process" in text] == [
        "another process loaded another revision of this plan; it is left to that one"
    ]
    assert stranger.told("trouble") == []
    assert stranger.left() == ["03-10 09:01 before:14d"]


def test_an_estranged_daemon_takes_the_plan_back_when_its_file_is_edited(house: House) -> None:
    """The latest decision wins, and an edit is a decision."""
    house.live(at(3, 5))
    stranger = House(house.store, plan(due_by(date(2023, 3, 24))), start=at(3, 5))
    stranger.ticker.load()
    house.tick(at(3, 6, 9))
    house.shelf.plans = [plan(due_by(date(2023, 3, 31)))]
    house.tick(at(3, 6, 10))
    assert house.state().digest == house.plan.digest
    house.live(at(3, 18))
    assert house.left() == ["03-03 08:00 before:14d", "03-06 10:00 change", "03-17 08:00 before:14d"]


def test_a_wrong_file_leaves_the_last_good_revision_in_force(house: House) -> None:
    """While the daemon runs, a mistake in a file costs nobody a reminder."""
    house.live(at(3, 5))
    house.shelf.plans, house.shelf.problems = [], (Problem(message="no such day"),)
    house.ticker.load()
    house.clock.instant = at(3, 6)
    house.shelf.plans = [plan()]
    assert [p.id for p in house.ticker.plans] == ["plan"]
    house.live(at(3, 11))
    assert house.left() == ["03-03 08:00 before:14d", "03-10 08:00 before:7d"]


def test_mail_of_a_plan_that_is_not_served_here_waits_until_it_is(house: House) -> None:
    """Without its plan nobody can look at hours and status: nothing leaves unseen."""
    house.live(at(3, 10, 7))
    house.post.is_down = True
    house.tick(at(3, 10, 8))
    house.post.is_down = False
    stranger = House(house.store, plan(id="other"), start=at(3, 10, 9))
    stranger.live(at(3, 10, 12))
    assert stranger.post.sent == []
    house.live(at(3, 10, 13))
    assert house.left() == ["03-03 08:00 before:14d", "03-10 12:15 before:7d"]


def test_mail_of_a_plan_that_is_never_served_again_ends_as_missed(house: House) -> None:
    """It does not wait for ever."""
    house.live(at(3, 10, 7))
    house.post.is_down = True
    house.tick(at(3, 10, 8))
    stranger = House(house.store, plan(id="other"), start=at(3, 10, 9))
    stranger.live(at(3, 14, 9))
    assert stranger.left("officer@beta.example") == ["03-14 08:00 before:3wd"]
    assert [(mail.state, mail.reason) for mail in house.mails(rung="before:7d")] == [
        ("missed", "too old to deliver: the next step is due or two working days are gone")
    ] * 3
    assert house.row("before:7d").state == "missed"


# ---- facts from outside


def test_facts_arrive_at_their_instants_before_the_tick_looks(store: SqlStore) -> None:
    """A fact at exactly a rung's instant counts as known (contract rule 9)."""
    house = House(store)
    coming = [house.fact("received", at=at(3, 10, 8)), house.fact("received", "gamma", at=at(3, 8, 8))]
    arrivals = Arrivals(coming, lambda fact: house.record(fact.kind, fact.party, at=fact.recorded_at, notify=False))
    house.ticker = house.daemon(arrivals=arrivals)
    assert arrivals.next_at == at(3, 8, 8)
    tick = house.tick(at(3, 7, 18))
    assert tick.wake_at == at(3, 8, 8)
    house.live(at(3, 11))
    assert arrivals.next_at is None
    assert house.left() == ["03-03 08:00 before:14d"] or house.left() == []
    assert house.row("before:7d").state == "cancelled"
    assert house.row("before:7d", "gamma").state == "cancelled"


def test_a_simulation_plays_outages_and_facts_by_the_same_ticks(store: SqlStore) -> None:
    """Facts are recorded also while the daemon is away; the instant of its return is its first tick."""
    house = House(store)
    scenario = Scenario(facts=[house.fact("received", "gamma", at=at(3, 15, 9))], outages=[(at(3, 14), at(3, 16, 12))])
    arrivals = Arrivals(scenario.facts, lambda fact: house.record(fact.kind, fact.party, at=fact.recorded_at))
    play(house.ticker, house.clock, arrivals, scenario, until=at(3, 18))
    assert house.left() == [
        "03-03 08:00 before:14d",
        "03-10 08:00 before:7d",
        "03-16 12:00 before:1wd",
        "03-17 08:00 named-day",
    ]
    assert house.left("officer@gamma.example") == [
        "03-03 08:00 before:14d",
        "03-10 08:00 before:7d",
        "03-16 12:00 receipt",
    ]
    assert house.row("before:3wd").reason == "came late; before:1wd is newer"
