"""Taking a plan's revision into the record: once, with the facts that follow from what it changes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from scheduler.definitions import DefinitionFiles, rebuild_plan
from scheduler.errors import EarlierRevision
from scheduler.plan.dates.date_forms import By, DateForm, Recurring, Undated, Window
from scheduler.plan.facts import DEFINITION, Amended, Rerouted
from scheduler.plan.model import Contact, Group, Plan
from scheduler.ports import RevisionText
from scheduler.queries.agendas import read_agenda
from scheduler.resources import shipped
from scheduler.services.apply_revision import take
from scheduler.services.reconcile import Changes
from scheduler.store import SqlStore, open_store
from tests.support.daemon_fixture import (
    COMPOSER,
    FRIDAY,
    LADDER,
    DaemonFixture,
    due_by,
    local,
    minutes,
    plan,
    report,
    signed,
)
from tests.support.fakes import SpyComposer, definition_of, refuse
from tests.support.plan_builders import LOADED, PARTIES, at, deadline, party

LATER = date(2023, 3, 24)


def kinds(daemon: DaemonFixture) -> list[str]:
    return [fact.kind for fact in daemon.facts()]


def test_the_first_load_makes_every_promise(daemon: DaemonFixture) -> None:
    """Also those that give way, with the reason."""
    changes = daemon.take()
    assert changes == Changes(new=30)
    assert {row.name: local(row.at) for row in daemon.rows()} == LADDER
    assert {row.name for row in daemon.rows() if row.state != "planned"} == {"target"}


def test_the_first_load_is_remembered_with_its_revision(daemon: DaemonFixture) -> None:
    """The instant decides what is late and what is unknown, for ever."""
    daemon.take()
    state = daemon.state()
    assert (state.digest, state.first_loaded_at, state.loaded_at) == (daemon.plan.digest, LOADED, LOADED)
    assert state.seen_on == date(2023, 2, 1)
    assert kinds(daemon) == []


def test_loading_the_same_again_changes_nothing(daemon: DaemonFixture) -> None:
    """However often, and however late."""
    daemon.take()
    rows = daemon.rows(None)
    assert daemon.take() is None
    assert daemon.take(when=at(3, 12)) is None
    assert daemon.rows(None) == rows
    assert daemon.state().loaded_at == LOADED


def test_a_changed_date_is_recorded_as_amended_and_arms_its_own_ladder(daemon: DaemonFixture) -> None:
    """What was sent stays sent; the old promises are cancelled with the reason."""
    daemon.live(at(3, 5))
    changes = daemon.take(plan(due_by(LATER)))
    assert changes is not None
    assert (changes.new, len(changes.dropped), len(changes.armed)) == (27, 24, 27)
    (fact,) = daemon.facts()
    assert isinstance(fact, Amended)
    assert (fact.milestone, fact.by, fact.was) == ("report", DEFINITION, By(FRIDAY))
    assert fact.recorded_at == at(3, 5)
    old = {row.name: (row.state, str(row.reason)) for row in daemon.rows() if row.due == FRIDAY}
    assert old["before:14d"] == ("sent", "")
    assert {old[name] for name in ("before:7d", "named-day", "overdue:3")} == {
        ("cancelled", "the date moved to 2023-03-24")
    }


def test_going_back_to_an_old_revision_lets_its_own_rungs_live_again(daemon: DaemonFixture) -> None:
    """There and back: exactly what was planned before is planned again."""
    daemon.live(at(3, 5))
    before = {row.key: (row.state, row.at) for row in daemon.rows(None) if row.state != "skipped"}
    original = daemon.plan
    daemon.take(plan(due_by(LATER)))
    changes = daemon.take(original, at(3, 6))
    assert changes is not None
    assert changes.new == 0
    assert {
        row.key: (row.state, row.at) for row in daemon.rows(None) if row.due == FRIDAY and row.name != "target"
    } == before
    assert {row.state for row in daemon.rows(None) if row.due == LATER} == {"cancelled", "skipped"}
    assert kinds(daemon) == ["amended", "amended"]


def test_what_passed_while_another_date_held_stays_cancelled(daemon: DaemonFixture) -> None:
    """A rung whose instant has gone by does not come back."""
    daemon.live(at(3, 9, 18))
    original = daemon.plan
    daemon.take(plan(due_by(LATER)))
    daemon.take(original, at(3, 12))
    assert daemon.states()["before:7d"] == "cancelled"
    daemon.live(at(3, 15))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-13 08:00 change", "03-14 08:00 before:3wd"]


def test_an_edited_date_is_told_at_the_next_opening_to_those_who_still_owe_it(daemon: DaemonFixture) -> None:
    """By whichever process loads it, once."""
    daemon.live(at(3, 9, 18))
    daemon.record("received", "gamma", notify=False)
    daemon.definitions.plans = [plan(due_by(LATER))]
    daemon.ticker.load()
    daemon.take()
    daemon.live(at(3, 10, 9))
    assert sorted(daemon.left()[1:]) == ["03-10 08:00 before:14d", "03-10 08:00 change"]
    assert [mail.party for mail in daemon.mails(kind="change")] == ["lead", "beta"]


def test_a_notice_of_an_edit_that_cannot_be_written_is_told_and_the_edit_holds(store: SqlStore) -> None:
    """As with every fact."""
    daemon = DaemonFixture(store, composer=SpyComposer(COMPOSER, refuse("change")))
    daemon.live(at(3, 9, 18))
    daemon.definitions.plans = [plan(due_by(LATER))]
    daemon.ticker.load()
    daemon.live(at(3, 10, 9))
    assert [text.splitlines()[0] for text in daemon.logged("trouble")] == ["could not be written: no words"] * 3
    assert {row.due for row in daemon.rows() if row.state == "planned"} == {LATER}


def test_a_party_that_joins_has_its_rungs_from_then_on(daemon: DaemonFixture) -> None:
    """Late joiners never receive what lay before (contract rule 4)."""
    daemon.live(at(3, 12))
    delta = party("delta")
    members = Group(id="members", parties=("lead", "beta", "gamma", "delta"))
    daemon.definitions.plans = [plan(parties=(*PARTIES, delta), groups=[members])]
    changes = daemon.take()
    assert changes is not None
    assert [(fact.kind, fact.party, fact.milestone) for fact in daemon.facts()] == [("joined", "delta", "report")]
    assert {rung.party for rung in changes.armed} == {"delta"}
    assert "before:7d" not in daemon.states("delta")
    daemon.live(at(3, 15))
    assert daemon.left("officer@delta.example") == ["03-14 08:00 before:3wd"]


def test_a_party_that_leaves_is_written_to_no_more(daemon: DaemonFixture) -> None:
    """Its promises say why."""
    daemon.live(at(3, 5))
    members = Group(id="members", parties=("lead", "beta"))
    changes = daemon.take(plan(groups=[members]))
    assert changes is not None
    assert {row.party for row in changes.dropped} == {"gamma"}
    assert str(daemon.row("before:7d", "gamma").reason) == "gamma no longer has a part in report"
    assert daemon.row("before:14d", "gamma").state == "sent"


def test_new_addresses_are_recorded_as_rerouted(daemon: DaemonFixture) -> None:
    """So that dead ones do not count against the party any more."""
    daemon.take()
    beta = replace(PARTIES[1], contacts=(Contact(name="new", email="new@beta.example"),))
    daemon.take(plan(parties=(PARTIES[0], beta, PARTIES[2])), at(3, 5))
    (fact,) = daemon.facts()
    assert isinstance(fact, Rerouted)
    assert (fact.party, fact.was) == ("beta", ("head@beta.example", "officer@beta.example"))


def test_new_addresses_end_the_wait_of_an_escalation(daemon: DaemonFixture) -> None:
    """Once the contacts are put right it is counted again."""
    daemon.live(at(3, 13))
    for address in ("officer@beta.example", "head@beta.example"):
        daemon.record("bounced", milestone=None, address=address)
    assert daemon.row("escalate:2wd").state == "skipped"
    beta = replace(PARTIES[1], contacts=(Contact(name="new", email="new@beta.example"),))
    daemon.definitions.plans = [plan(parties=(PARTIES[0], beta, PARTIES[2]))]
    daemon.live(at(3, 13, 12))
    daemon.take()
    assert daemon.row("escalate:2wd").state == "planned"


def test_a_milestone_that_goes_says_so_and_a_new_one_is_joined(daemon: DaemonFixture) -> None:
    """A renamed milestone is another one."""
    daemon.live(at(3, 5))
    changes = daemon.take(plan(due_by(FRIDAY, id="renamed")))
    assert changes is not None
    assert str(daemon.row("before:7d").reason) == "report is no longer in the plan"
    assert kinds(daemon) == ["joined"] * 3
    assert {rung.milestone for rung in changes.armed} == {"renamed"}


def test_a_date_that_is_open_again_says_so(daemon: DaemonFixture) -> None:
    """Undated duties have no rung."""
    daemon.take()
    daemon.take(plan(replace(report(), form=Undated("later"))), at(3, 5))
    assert {row.state for row in daemon.rows()} == {"cancelled", "skipped"}
    assert str(daemon.row("before:7d").reason) == "the date is open again"


def test_a_step_that_left_the_ladder_says_so(daemon: DaemonFixture) -> None:
    """And a new one is armed."""
    daemon.take()
    ladder = replace(report().ladder, before=(*report().ladder.before[1:],), on_named_day=False)
    daemon.take(plan(replace(report(), ladder=ladder)), at(3, 1))
    assert str(daemon.row("before:14d").reason) == "the plan no longer has this step"
    assert (daemon.row("named-day").state, daemon.row("target").state) == ("cancelled", "planned")


def test_words_that_change_nothing_are_a_revision_without_a_fact(daemon: DaemonFixture) -> None:
    """A title is no term."""
    daemon.take()
    changes = daemon.take(plan(report(title="The report")), at(3, 1))
    assert changes == Changes()
    assert daemon.state().loaded_at == at(3, 1)
    assert daemon.state().first_loaded_at == LOADED
    assert kinds(daemon) == []


def test_two_processes_that_load_the_same_at_once_agree(store: SqlStore) -> None:
    """The second finds it done."""
    one, two = DaemonFixture(store), DaemonFixture(store)
    assert one.take() is not None
    assert two.take() is None


def test_a_moved_hour_moves_what_is_not_sent(daemon: DaemonFixture) -> None:
    """The instant follows, the promise stays the same."""
    daemon.live(at(3, 5))
    ladder = replace(report().ladder, at=(report().ladder.at.replace(hour=10)))
    changes = daemon.take(plan(replace(report(), ladder=ladder)))
    assert changes is not None
    assert (changes.new, changes.dropped, changes.armed, len(changes.moved)) == (0, (), (), 24)
    assert local(daemon.row("before:7d").at) == "03-10 10:00"
    assert local(daemon.row("before:14d").at) == "03-03 08:00"


def test_a_day_off_that_is_announced_moves_what_would_fall_on_it(daemon: DaemonFixture) -> None:
    """Reminders to the working day before, overdue notices to the one after; and back when it is worked."""
    daemon.take()
    off = {date(2023, 3, 10): "announced", date(2023, 3, 20): "announced"}
    holiday = plan(workdays=replace(daemon.plan.workdays, off=off))
    daemon.take(holiday, at(3, 1))
    assert local(daemon.row("before:7d").at) == "03-09 08:00"
    assert "moved from 2023-03-10, a day off" in str(daemon.row("before:7d").note)
    assert local(daemon.row("overdue:1").at) == "03-21 08:00"
    assert local(daemon.row("escalate:2wd").at) == "03-22 08:00"
    daemon.take(daemon.plan, at(3, 2))
    assert {row.name: local(row.at) for row in daemon.rows()} == LADDER
    assert kinds(daemon) == []


def test_a_reminder_that_a_new_day_off_moves_into_the_past_is_caught_up_at_once(daemon: DaemonFixture) -> None:
    """Tomorrow's moves to this morning's hour, and that has passed."""
    daemon.live(at(3, 9, 9))
    daemon.definitions.plans = [plan(workdays=replace(daemon.plan.workdays, off={date(2023, 3, 10): "announced"}))]
    daemon.clock.instant = at(3, 9, 9, 30)
    daemon.take()
    daemon.tick()
    assert daemon.left() == ["03-03 08:00 before:14d", "03-09 09:30 before:7d"]


def test_a_copy_of_a_plan_does_not_take_over_from_it(store: SqlStore, tmp_path: Path) -> None:
    """Copied, then edited, then the original as well: nothing changes until one of the two files is gone."""
    shutil.copytree(shipped("workflows") / "bac-trung-bo", tmp_path / "office")
    original, copy = tmp_path / "office" / "2023.toml", tmp_path / "office" / "2023 - Copy.toml"
    text = original.read_text(encoding="utf-8")
    edited = text.replace("before = 2023-03-20", "before = 2023-03-22")
    assert edited != text
    daemon = DaemonFixture(store, start=at(2, 20), definitions=DefinitionFiles([tmp_path / "office"]))
    daemon.ticker.load()
    before = taken(store)
    for first, second in ((text, text), (text, edited), (edited, edited + "\n")):
        original.write_text(first, encoding="utf-8")
        copy.write_text(second, encoding="utf-8")
        errors = [problem for problem in daemon.ticker.load() if problem.severity == "error"]
        assert [(problem.code, problem.file) for problem in errors] == [
            ("contested", str(copy)),
            ("contested", str(original)),
        ]
        assert taken(store) == before == [(one.plan.id, one.plan.digest) for one in daemon.ticker.definitions]
    copy.unlink()
    daemon.ticker.load()
    assert taken(store) != before


def taken(store: SqlStore) -> list[tuple[str, str]]:
    with store.reading() as view:
        return [(state.plan, state.digest) for state in view.plans.states()]


# ---- what is removed and comes back


def cut(whole: Plan) -> Plan:
    """Return a plan whose file ends before its first milestone, as a copy in progress does."""
    return signed(replace(whole, milestones=()))


def without_beta(whole: Plan) -> Plan:
    """Return a plan in which a party has dropped out of the group."""
    members = replace(whole.groups["members"], parties=("lead", "gamma"))
    return signed(replace(whole, groups={**whole.groups, "members": members}))


@pytest.mark.parametrize("edit", [cut, without_beta])
@pytest.mark.parametrize("day", [at(3, 2), at(3, 15), at(3, 20, 12), at(3, 23, 9), at(3, 30)])
def test_to_remove_and_add_again_is_the_identity(store: SqlStore, edit: Callable[[Plan], Plan], day: datetime) -> None:
    """Whenever it happens: the same mails leave, and nobody who was watched comes in doubt."""
    with closing(open_store("sqlite://")) as untouched:
        one, other = DaemonFixture(store), DaemonFixture(untouched)
        one.live(day)
        one.take(edit(one.plan))
        one.take(when=day + minutes(2))
        for daemon in (one, other):
            daemon.live(at(4, 5))
        assert one.left(None) == other.left(None)
        assert one.states(None) == other.states(None)
        assert doubts(one) == doubts(other) == []


@pytest.mark.parametrize("edit", [cut, without_beta])
@pytest.mark.parametrize(
    ("back", "next_ones"),
    [
        (at(3, 10, 8, 1), ["03-10 08:01 before:7d", "03-14 08:00 before:3wd"]),
        (at(3, 10, 18), ["03-13 08:00 before:7d", "03-14 08:00 before:3wd"]),
        (at(3, 14, 7), ["03-14 08:00 before:3wd", "03-16 08:00 before:1wd"]),
        (at(3, 15, 9), ["03-15 09:00 before:3wd", "03-16 08:00 before:1wd"]),
        (at(3, 21, 9), []),
    ],
)
def test_what_came_due_while_it_was_away_leaves_when_it_is_back_unless_it_is_too_late(
    daemon: DaemonFixture, edit: Callable[[Plan], Plan], back: datetime, next_ones: list[str]
) -> None:
    """As after an outage: of several steps the newest, and none that is more than two working days late."""
    daemon.live(at(3, 10, 7))
    whole = daemon.plan
    for revision, until in ((edit(whole), back), (whole, at(4, 5))):
        daemon.definitions.plans = [revision]
        daemon.ticker.load()
        daemon.live(until)
    assert daemon.left()[1:3] == next_ones
    assert {row.state for row in daemon.rows()} <= {"sent", "cancelled", "skipped", "missed"}


def test_what_was_away_on_its_last_day_is_in_doubt_when_it_comes_back(daemon: DaemonFixture) -> None:
    """Nobody was reminded of it, so nobody is accused."""
    daemon.live(at(3, 10, 12))
    whole = daemon.plan
    daemon.definitions.plans = [cut(whole)]
    daemon.ticker.load()
    daemon.live(at(3, 21))
    daemon.definitions.plans = [whole]
    daemon.ticker.load()
    daemon.live(at(4, 5))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-10 08:00 before:7d"]
    assert doubts(daemon) == ["beta", "gamma", "lead"]


def test_another_date_under_which_it_comes_back_is_a_change(daemon: DaemonFixture) -> None:
    """As if the milestone had been there all the time."""
    daemon.live(at(3, 5))
    daemon.take(cut(daemon.plan))
    daemon.take(plan(due_by(LATER)))
    assert [(fact.kind, fact.milestone) for fact in daemon.facts() if isinstance(fact, Amended)] == [
        ("amended", "report")
    ]


def doubts(daemon: DaemonFixture) -> list[str]:
    with daemon.store.reading() as view:
        return sorted(o.party for o in read_agenda(view, daemon.plan).obligations if o.unknown)


# ---- dates that an edit sets into the past


MONTHLY = Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "by", date(2023, 1, 1), date(2023, 12, 31))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (MONTHLY, replace(MONTHLY, rule="FREQ=MONTHLY;BYMONTHDAY=28")),
        (MONTHLY, replace(MONTHLY, rule="FREQ=WEEKLY;BYDAY=TU")),
        (By(date(2023, 9, 30)), By(date(2023, 4, 24))),
        (Undated("yearly"), By(date(2023, 4, 24))),
        (Window(date(2023, 9, 1), date(2023, 9, 9), "early September"), By(date(2023, 4, 24))),
    ],
)
def test_what_an_edit_sets_into_the_past_is_in_doubt(store: SqlStore, before: DateForm, after: DateForm) -> None:
    """It was not owed on that day by anything that anybody could read, so nobody is called late for it."""
    daemon = DaemonFixture(store, plan(deadline(before)), start=at(2, 1))
    for month in (2, 3, 4):
        daemon.live(at(month, 20, 12))
        if before == MONTHLY:
            for party in ("lead", "beta", "gamma"):
                daemon.record("received", party, f"report@2023-{month:02}-25")
    daemon.live(at(5, 4, 12))
    sent = daemon.left(None)
    daemon.definitions.plans = [plan(deadline(after))]
    daemon.ticker.load()
    with store.reading() as view:
        agenda = read_agenda(view, daemon.plan)
    past = [o for o in agenda.obligations if o.due is not None and o.due.last < date(2023, 5, 4)]
    assert past
    assert all(o.unknown or not o.standing.is_open for o in past)
    daemon.live(at(5, 9, 12))
    kinds = {row.kind for row in daemon.rows(None, None) if row.state == "sent" and row.at > at(5, 4, 12)}
    assert not kinds & {"overdue", "escalation"}
    assert daemon.left(None)[: len(sent)] == sent


def test_a_date_that_had_passed_before_and_is_put_right_stays_overdue(daemon: DaemonFixture) -> None:
    """Whoever was late for the 17th is late for the 16th."""
    daemon.live(at(3, 21, 12))
    daemon.take(plan(due_by(date(2023, 3, 16))))
    assert doubts(daemon) == []


def test_a_date_in_the_past_that_is_put_right_stays_in_doubt(store: SqlStore) -> None:
    """The second edit is no reason to call anybody late either."""
    daemon = DaemonFixture(store, plan(due_by(date(2023, 6, 1))))
    daemon.live(at(5, 10, 12))
    for day, wrong in ((10, 4), (19, 5)):
        daemon.live(at(5, day, 13))
        daemon.definitions.plans = [plan(due_by(date(2023, 5, wrong)))]
        daemon.ticker.load()
        assert doubts(daemon) == ["beta", "gamma", "lead"]


def test_occurrences_before_the_first_reminder_were_there_from_the_beginning(store: SqlStore) -> None:
    """`remind_from` says when reminders begin, not when something begins to be owed."""
    daemon = DaemonFixture(store, plan(deadline(MONTHLY), remind_from=date(2023, 4, 1)))
    daemon.live(at(3, 10, 12))
    with store.reading() as view:
        found = {o.milestone: o.unknown for o in read_agenda(view, daemon.plan).obligations if o.party == "beta"}
    assert not [id for id, unknown in found.items() if unknown and id > "report@2023-02-01"]


# ---- texts that were in force before


def revise(daemon: DaemonFixture, title: str, place: str) -> str:
    """Take a text from a place; return the digest that is in force then."""
    take(daemon.store, definition_of(plan(report(title=title)), place), daemon.clock.instant)
    return daemon.state().digest


def test_an_edit_may_be_taken_back_where_it_was_made(daemon: DaemonFixture) -> None:
    """Somebody puts the file back."""
    first = revise(daemon, "one", "a:plan.toml")
    assert revise(daemon, "two", "a:plan.toml") != first
    assert revise(daemon, "one", "a:plan.toml") == first


def test_an_old_copy_elsewhere_is_refused_by_name(daemon: DaemonFixture) -> None:
    """With when each was loaded, and both ways out."""
    revise(daemon, "one", "a:plan.toml")
    newer = revise(daemon, "two", "a:plan.toml")
    with pytest.raises(EarlierRevision) as refused:
        revise(daemon, "one", "b:plan.toml")
    assert "is the revision of plan that was loaded on 1 February 2023" in str(refused.value)
    assert "from a:plan.toml" in str(refused.value)
    assert daemon.state().digest == newer
    assert revise(daemon, "one, on purpose", "b:plan.toml") != newer


def test_a_text_from_the_record_never_undoes_a_newer_one(daemon: DaemonFixture) -> None:
    """A page that was opened before an edit asks to be opened again."""
    revise(daemon, "one", "a:plan.toml")
    revise(daemon, "two", "a:plan.toml")
    with pytest.raises(EarlierRevision, match="a newer revision of the plan plan is in force by now"):
        revise(daemon, "one", "")


def test_a_place_that_has_caught_up_may_go_back(daemon: DaemonFixture) -> None:
    """It has what is in force: what changes there afterwards is an edit."""
    first = revise(daemon, "one", "a:plan.toml")
    revise(daemon, "two", "a:plan.toml")
    revise(daemon, "two", "b:plan.toml")
    assert revise(daemon, "one", "b:plan.toml") == first


def test_a_revision_can_be_rebuilt_from_its_text_in_the_record(tmp_path: Path) -> None:
    """With its rosters and calendars, on a machine without any file; another text is none."""
    shutil.copytree(shipped("workflows"), tmp_path / "workflows")
    loaded = DefinitionFiles([tmp_path / "workflows"], submission_notices="daily", machine="host").load()
    for definition in loaded.definitions:
        text = RevisionText(digest=definition.plan.digest, source=definition.source, files=definition.files)
        assert rebuild_plan(text) == replace(definition, place="")
        assert definition.place.startswith(f"host:{tmp_path}")
        assert rebuild_plan(replace(text, digest="another")) is None
    assert loaded.definitions
