"""What the record says about things that the plan does not hold any more is told, until it is settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scheduler.plan.dates.date_forms import By, Recurring
from scheduler.plan.model import Group, Indicator, Measure, Plan
from scheduler.queries.needs.unplaced import UnplacedFacts, read_unplaced
from scheduler.store import SqlStore
from tests.support.daemon_fixture import DaemonFixture, plan, signed
from tests.support.plan_builders import at, deadline

MONTHLY = Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "by", date(2023, 1, 1), date(2023, 12, 31))
NOMINEES = Group(id="nominees", chosen_by="lead", after="report")


def unplaced(daemon: DaemonFixture) -> list[UnplacedFacts]:
    with daemon.store.reading() as view:
        return read_unplaced(view, daemon.plan)


def edit(daemon: DaemonFixture, **changes: object) -> None:
    """Load an edited plan a minute later."""
    daemon.definitions.plans = [signed(replace(daemon.plan, **changes))]  # type: ignore[arg-type]
    daemon.ticker.load()


def short(found: list[UnplacedFacts]) -> list[tuple[str, str, int, str]]:
    return [(one.missing, one.id, len(one.facts), one.likely) for one in found]


@pytest.fixture
def answered(daemon: DaemonFixture) -> DaemonFixture:
    """Return a daemon in which a party has answered."""
    daemon.live(at(3, 4, 12))
    daemon.record("received")
    assert unplaced(daemon) == []
    return daemon


def test_the_result_of_a_target_that_is_gone_is_told(daemon: DaemonFixture) -> None:
    good = Indicator(id="good", title="Good", target="100%", measure=Measure(manual=True))
    edit(daemon, indicators=(good,))
    daemon.record("counted", None, None, indicator="good", value=2)
    assert unplaced(daemon) == []
    edit(daemon, indicators=())
    [found] = unplaced(daemon)
    assert (found.missing, found.id, found.hint) == ("indicator", "good", "`hanchot undo f1`")


def renamed(known: Plan, id: str) -> Plan:
    return replace(known, milestones=(replace(known.milestones[0], id=id),))


def test_a_renamed_milestone_is_told_with_the_one_that_it_may_be(answered: DaemonFixture) -> None:
    """The same title and the same date: the submission would be lost, and its party chased."""
    edit(answered, milestones=renamed(answered.plan, "final-report").milestones)
    (one,) = unplaced(answered)
    assert short([one]) == [("milestone", "report", 1, "final-report")]
    assert one.text == "1 record (f1) about report: the plan has no such milestone any more"
    assert one.hint == (
        'is it final-report now? write was = "report" where it has another id now; '
        "`hanchot reassign f1 final-report`; `hanchot undo f1`"
    )
    told = [text for text in answered.logged("trouble") if "no such milestone" in text]
    assert told == [f"{one.text}; {one.hint}"]
    answered.ticker.load()
    assert len([text for text in answered.logged("trouble") if "no such milestone" in text]) == 1


def test_a_milestone_with_another_title_and_date_is_not_guessed(answered: DaemonFixture) -> None:
    """Nor is one of two that are alike."""
    other = deadline(By(date(2023, 9, 1)), "other")
    edit(answered, milestones=(other,))
    assert short(unplaced(answered)) == [("milestone", "report", 1, "")]
    alike = [deadline(By(date(2023, 3, 17)), id) for id in ("a", "b")]
    edit(answered, milestones=tuple(alike))
    assert short(unplaced(answered)) == [("milestone", "report", 1, "")]


def test_what_was_withdrawn_or_comes_from_the_file_has_no_need_of_a_home(answered: DaemonFixture) -> None:
    (received,) = answered.facts()
    answered.undo(received)
    edit(answered, milestones=(deadline(By(date(2023, 9, 1)), "other"),))
    assert unplaced(answered) == []


def test_a_party_that_left_the_roster_is_told(answered: DaemonFixture) -> None:
    known = answered.plan
    members = replace(known.groups["members"], parties=("lead", "gamma"))
    parties = {id: party for id, party in known.parties.items() if id != "beta"}
    edit(answered, parties=parties, groups={**known.groups, "members": members})
    assert short(unplaced(answered)) == [("party", "beta", 1, "")]


def test_a_chosen_group_or_party_that_is_gone_is_told(store: SqlStore) -> None:
    """Also if nobody has handed anything in."""
    daemon = DaemonFixture(store, plan(deadline(By(date(2023, 3, 17)))))
    daemon.definitions.plans = [signed(replace(daemon.plan, groups={**daemon.plan.groups, "nominees": NOMINEES}))]
    daemon.live(at(3, 20, 12))
    daemon.record("nominated", None, None, group="nominees", parties=("gamma",))
    assert unplaced(daemon) == []
    edit(daemon, groups={id: group for id, group in daemon.plan.groups.items() if id != "nominees"})
    assert short(unplaced(daemon)) == [("group", "nominees", 1, "")]


def test_a_submission_that_lost_its_occurrence_is_told_with_the_nearest_one(store: SqlStore) -> None:
    """The rule says another day of the month."""
    daemon = DaemonFixture(store, plan(deadline(MONTHLY)))
    daemon.live(at(2, 20, 12))
    daemon.record("received", "beta", "report@2023-02-25")
    edit(daemon, milestones=(deadline(replace(MONTHLY, rule="FREQ=MONTHLY;BYMONTHDAY=28")),))
    assert short(unplaced(daemon)) == [("occurrence", "report@2023-02-25", 1, "report@2023-02-28")]
    edit(daemon, milestones=(deadline(By(date(2023, 3, 17))),))
    assert short(unplaced(daemon)) == [("occurrence", "report@2023-02-25", 1, "report")]


def test_a_day_that_a_renamed_milestone_lost_is_told_as_well(store: SqlStore) -> None:
    """Also before the file that says the former id is loaded, as `check` looks at it."""
    daemon = DaemonFixture(store, plan(deadline(MONTHLY)))
    daemon.live(at(2, 20, 12))
    daemon.record("received", "beta", "report@2023-02-25")
    moved = replace(MONTHLY, rule="FREQ=MONTHLY;BYMONTHDAY=28")
    edited = signed(replace(daemon.plan, milestones=(deadline(moved, "final", was=("report",)),)))
    with store.reading() as view:
        assert short(read_unplaced(view, edited)) == [("occurrence", "report@2023-02-25", 1, "final@2023-02-28")]
