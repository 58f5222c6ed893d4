"""What is renamed keeps its record: the key `was` says which id it had."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime

import pytest

from scheduler.plan.dates.date_forms import By, Recurring
from scheduler.plan.facts import Amended
from scheduler.plan.model import Group, Milestone, Plan
from scheduler.queries.agendas import read_agenda
from scheduler.queries.needs.unplaced import read_unplaced
from scheduler.store import SqlStore, open_store
from tests.support.daemon_fixture import DaemonFixture, minutes, plan, signed
from tests.support.plan_builders import at, deadline

MONTHLY = Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "by", date(2023, 1, 1), date(2023, 12, 31))


def rename_milestone(known: Plan, *, was: bool = True) -> Plan:
    first = replace(known.milestones[0], id="final", was=("report",) if was else ())
    return signed(replace(known, milestones=(first, *known.milestones[1:])))


def rename_party(known: Plan, *, was: bool = True) -> Plan:
    beta = replace(known.parties["beta"], id="beta-school", was=("beta",) if was else ())
    parties = {id: party for id, party in known.parties.items() if id != "beta"} | {"beta-school": beta}
    members = replace(known.groups["members"], parties=("lead", "beta-school", "gamma"))
    return signed(replace(known, parties=parties, groups={**known.groups, "members": members}))


def told(daemon: DaemonFixture) -> list[tuple[datetime, str, str]]:
    """Return when what left to whom."""
    kinds = {mail.mail.message_id: mail.rung or mail.kind for mail in daemon.mails()}
    return [(when, mail.address, kinds[mail.message_id]) for when, mail in daemon.mailer.sent]


def standing(daemon: DaemonFixture) -> dict[str, str]:
    """Return the state of each obligation by its party, whatever it is called."""
    with daemon.store.reading() as view:
        agenda = read_agenda(view, daemon.plan)
    names = {party.id: party.origin for party in daemon.plan.parties.values()}
    return {names[o.party]: "unknown" if o.unknown else o.standing.state for o in agenda.obligations}


@pytest.mark.parametrize("rename", [rename_milestone, rename_party])
@pytest.mark.parametrize("delay", [None, 5, 3 * 24 * 60])
@pytest.mark.parametrize("day", [at(3, 4, 12), at(3, 15, 12), at(3, 21, 12), at(3, 30, 12)])
def test_to_rename_changes_nothing(
    store: SqlStore, rename: Callable[..., Plan], delay: int | None, day: datetime
) -> None:
    """The same mails leave, also if the former id is said later: nobody is reminded twice, or of what he has sent."""
    with closing(open_store("sqlite://")) as untouched:
        one, other = DaemonFixture(store), DaemonFixture(untouched)
        for daemon in (one, other):
            daemon.live(day)
            daemon.record("received", "gamma")
            daemon.tick()
        known = one.plan
        if delay is not None:
            one.definitions.plans = [rename(known, was=False)]
            one.ticker.load()
            for daemon in (one, other):
                daemon.live(day + minutes(delay))
        one.definitions.plans = [rename(known)]
        one.ticker.load()
        for daemon in (one, other):
            daemon.live(at(4, 20))
        one.definitions.plans = [signed(replace(one.plan, title="The former id may stay in the file"))]
        one.ticker.load()
        assert standing(one) == standing(other)
        if delay is None or delay == 5:  # nothing fell due meanwhile
            assert told(one) == told(other)
        with store.reading() as view:
            assert read_unplaced(view, one.plan) == []


def test_the_record_of_each_occurrence_is_carried_over(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(deadline(MONTHLY)))
    daemon.live(at(2, 20, 12))
    daemon.record("received", "beta", "report@2023-02-25")
    daemon.definitions.plans = [rename_milestone(daemon.plan)]
    daemon.ticker.load()
    (fact,) = daemon.facts()
    assert (fact.milestone, {row.milestone.partition("@")[0] for row in daemon.rows(None, None)}) == (
        "final@2023-02-25",
        {"final"},
    )


def test_another_date_that_comes_with_another_name_is_a_change(daemon: DaemonFixture) -> None:
    daemon.live(at(3, 4, 12))
    renamed = rename_milestone(daemon.plan).milestones[0]
    daemon.definitions.plans = [plan(replace(renamed, form=By(date(2023, 3, 24))))]
    daemon.ticker.load()
    assert [(fact.kind, fact.milestone) for fact in daemon.facts()] == [("amended", "final")]


def test_what_was_chosen_into_a_group_is_carried_over(store: SqlStore) -> None:
    """With the parties that it names."""
    nominees = Group(id="nominees", chosen_by="lead", after="report")
    award = deadline(By(date(2023, 9, 29)), "award", responsible=("nominees",))
    known = plan(deadline(By(date(2023, 3, 17))), award)
    known = signed(replace(known, groups={**known.groups, "nominees": nominees}))
    daemon = DaemonFixture(store, known)
    daemon.live(at(3, 20, 12))
    daemon.record("nominated", None, None, group="nominees", parties=("beta", "gamma"))
    chosen = replace(nominees, id="chosen", was=("nominees",))
    renamed: tuple[Milestone, ...] = (known.milestones[0], replace(award, responsible=("chosen",)))
    groups = {id: group for id, group in known.groups.items() if id != "nominees"} | {"chosen": chosen}
    daemon.definitions.plans = [rename_party(replace(known, groups=groups, milestones=renamed))]
    daemon.ticker.load()
    with store.reading() as view:
        agenda = read_agenda(view, daemon.plan)
    assert [o.party for o in agenda.by_milestone["award"]] == ["beta-school", "gamma"]


def test_names_that_begin_alike_are_left_alone(store: SqlStore) -> None:
    """`report` is not `report-2`, and not `Report`."""
    others = [deadline(By(date(2023, 5, 19)), id) for id in ("report-2", "reporting")]
    daemon = DaemonFixture(store, plan(deadline(By(date(2023, 3, 17))), *others))
    daemon.live(at(3, 4, 12))
    daemon.record("received", "beta", "report-2")
    daemon.definitions.plans = [rename_milestone(daemon.plan)]
    daemon.ticker.load()
    assert [fact.milestone for fact in daemon.facts()] == ["report-2"]
    assert {row.milestone for row in daemon.rows(None, None)} == {"final", "report-2", "reporting"}


def test_an_address_counts_under_every_id_that_its_party_had(daemon: DaemonFixture) -> None:
    """And what must never change comes from the first of them."""
    beta = replace(daemon.plan.parties["beta"], id="school", was=("b", "beta"))
    assert (beta.names, beta.origin) == (("school", "b", "beta"), "b")
    assert (daemon.plan.parties["beta"].names, daemon.plan.parties["beta"].origin) == (("beta",), "beta")


@pytest.mark.parametrize("rename", [rename_milestone, rename_party])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("day", [at(3, 6, 12), at(3, 21, 12)])
def test_to_take_a_rename_back_changes_nothing_either(
    store: SqlStore, rename: Callable[..., Plan], again: bool, day: datetime
) -> None:
    """The file before is put back, perhaps for a moment only: who has handed in has handed in."""
    with closing(open_store("sqlite://")) as untouched:
        one, other = DaemonFixture(store), DaemonFixture(untouched)
        for daemon in (one, other):
            daemon.live(at(3, 4, 12))
            daemon.record("received", "gamma")
            daemon.tick()
        known = one.plan
        one.definitions.plans = [rename(known)]
        one.ticker.load()
        for daemon in (one, other):
            daemon.live(day)
        for back in (known, rename(known)) if again else (known,):
            one.definitions.plans = [back]
            one.ticker.load()
        for daemon in (one, other):
            daemon.live(at(4, 20))
        assert standing(one) == standing(other)
        assert told(one) == told(other)


def test_a_date_that_was_edited_before_the_former_id_was_said_is_no_second_change(daemon: DaemonFixture) -> None:
    """The edit is recorded once, when it was made."""
    daemon.live(at(3, 2, 12))
    known = daemon.plan
    later = By(date(2023, 3, 24))
    for day, was, form in ((3, False, None), (4, False, later), (8, True, later)):
        daemon.live(at(3, day, 12))
        renamed = rename_milestone(known, was=was).milestones[0]
        daemon.definitions.plans = [plan(replace(renamed, form=form) if form else renamed)]
        daemon.ticker.load()
    assert [fact.recorded_at for fact in daemon.facts() if isinstance(fact, Amended)] == [at(3, 4, 12)]
    assert set(standing(daemon).values()) == {"open"}


def test_links_in_mails_that_have_left_lead_to_what_the_milestone_is_called_now(daemon: DaemonFixture) -> None:
    renamed = rename_milestone(daemon.plan)
    asked = ["report", "report@2023-05-25", "final", "other"]
    assert [renamed.present_id(id) for id in asked] == ["final", "final@2023-05-25", "final", "other"]
