"""Who owes what from when on: late joiners, nominees, successors, dates of validity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, time

from scheduler.plan.dates.date_forms import Before, On, Relative
from scheduler.plan.membership import members
from scheduler.plan.model import Group, Ladder, Party
from scheduler.plan.status import draw_board, is_complete, still_needed
from tests.support.plan_builders import (
    GROUPS,
    LOADED,
    PARTIES,
    PlanHistory,
    at,
    days,
    deadline,
    event,
    history_of,
    party,
    plan,
    working_days,
)

AUGUST = Before(date(2023, 8, 10))
LEAD, BETA, GAMMA = PARTIES
HEIR = party("heir")
ENDING = replace(BETA, valid_to=date(2023, 8, 2), successor="heir")
SUCCESSION = (LEAD, ENDING, GAMMA, HEIR)


def owing(history: PlanHistory, milestone: str = "report") -> list[str]:
    """Return who has an obligation."""
    return [o.party for o in history.agenda().obligations if o.milestone == milestone]


def regrouped(history: PlanHistory, parties: tuple[str, ...], when: int, roster: Iterable[Party] = PARTIES) -> None:
    """Load a revision, on a day of August, that names other members."""
    groups = {**history.plan.groups, "members": Group(id="members", parties=parties)}
    history.revise(replace(history.plan, groups=groups, parties={p.id: p for p in roster}), at(8, when))


# ---- groups


def test_a_name_stands_for_a_group_a_party_or_nothing() -> None:
    known = plan(groups=(Group(id="chosen", chosen_by="lead"),))
    assert members(known, "members") == ("lead", "beta", "gamma")
    assert members(known, "beta") == ("beta",)
    assert members(known, "chosen") == ()
    assert members(known, "nobody") == ()


def test_a_single_party_can_be_responsible() -> None:
    assert owing(history_of(deadline(AUGUST, responsible=("gamma",)))) == ["gamma"]


# ---- joining late


def test_a_party_that_joins_has_rungs_from_then_on() -> None:
    history = history_of(deadline(AUGUST), groups=(Group(id="members", parties=("lead", "beta")),))
    regrouped(history, ("lead", "beta", "gamma"), 8)
    assert history.ladder(party="gamma")[:3] == ["08-08 before:1wd", "08-09 target", "08-10 named-day"]
    assert len(history.ladder(party="beta")) == 10


def test_a_party_that_leaves_and_comes_back_begins_anew() -> None:
    history = history_of(deadline(AUGUST))
    regrouped(history, ("lead", "beta"), 1)
    assert owing(history) == ["lead", "beta"]
    regrouped(history, ("lead", "beta", "gamma"), 8)
    assert history.ladder(party="gamma")[0] == "08-08 before:1wd"


def test_a_newcomer_is_not_accused_of_what_was_past_when_it_came() -> None:
    history = history_of(deadline(AUGUST), groups=(Group(id="members", parties=("lead", "beta")),))
    regrouped(history, ("lead", "beta", "gamma"), 11)
    assert history.agenda().by_key["report", "gamma"].unknown
    assert history.rungs(party="gamma") == []
    history.record("opened", at(8, 14), "report", "gamma")
    assert history.ladder(party="gamma") == ["08-15 overdue:2", "08-17 overdue:3", "08-17 escalate:2wd"]


def test_a_milestone_new_in_the_plan_begins_with_the_revision() -> None:
    history = history_of(deadline(AUGUST))
    added = deadline(AUGUST, "extra")
    history.revise(replace(history.plan, milestones=(*history.plan.milestones, added)), at(8, 3))
    assert history.ladder("extra")[0] == "08-04 before:3wd"
    assert history.ladder()[0] == "07-26 before:14d"


# ---- nominees

WINNERS = Group(id="winners", chosen_by="lead", after="report")


def test_a_nominee_has_rungs_from_its_nomination_on() -> None:
    history = history_of(deadline(AUGUST, "award", responsible=("winners",)), deadline(AUGUST), groups=(WINNERS,))
    assert owing(history, "award") == []
    history.record("nominated", at(8, 4, 9), group="winners", parties=("gamma", "stranger"))
    assert owing(history, "award") == ["gamma"]
    assert history.ladder("award", "gamma")[0] == "08-08 before:1wd"


def test_a_second_nomination_adds_and_none_empties() -> None:
    history = history_of(deadline(AUGUST, "award", responsible=("winners",)), deadline(AUGUST), groups=(WINNERS,))
    history.record("nominated", at(8, 1), group="winners", parties=("gamma",))
    history.record("nominated", at(8, 4, 9), group="winners", parties=("gamma", "beta"))
    assert owing(history, "award") == ["gamma", "beta"]
    assert history.agenda().by_key["award", "gamma"].since == at(8, 1)
    history.record("nominated", at(8, 5), group="winners")
    assert owing(history, "award") == []


def test_a_nominee_is_not_accused_of_what_was_past_when_it_was_chosen() -> None:
    """Its first mail is not an overdue notice; a person says whether it is open."""
    history = history_of(deadline(AUGUST, "award", responsible=("winners",)), deadline(AUGUST), groups=(WINNERS,))
    history.record("nominated", at(8, 9, 9), group="winners", parties=("beta",))
    history.record("nominated", at(8, 11, 9), group="winners", parties=("gamma",))
    assert history.ladder("award", "beta")[0] == "08-10 named-day"
    assert history.agenda().by_key["award", "gamma"].unknown
    assert history.rungs("award", "gamma") == []
    history.record("opened", at(8, 11, 10), "award", "gamma")
    assert history.ladder("award", "gamma")[0] == "08-15 overdue:2"


def test_a_nominee_that_owes_it_anyway_is_not_in_doubt() -> None:
    history = history_of(
        deadline(AUGUST, "award", responsible=("beta", "winners")), deadline(AUGUST), groups=(WINNERS,)
    )
    history.record("nominated", at(8, 14), group="winners", parties=("beta",))
    assert not history.agenda().by_key["award", "beta"].unknown


def test_a_nominee_that_owes_it_anyway_keeps_its_earlier_rungs() -> None:
    both = ("beta", "winners")
    history = history_of(deadline(AUGUST, "award", responsible=both), deadline(AUGUST), groups=(WINNERS,))
    history.record("nominated", at(8, 8), group="winners", parties=("beta",))
    assert history.agenda().by_key["award", "beta"].since == LOADED


# ---- dates of validity


def test_a_party_founded_during_the_year_has_rungs_from_its_first_day() -> None:
    founded = replace(GAMMA, valid_from=date(2023, 8, 8))
    history = history_of(deadline(AUGUST), parties=(LEAD, BETA, founded))
    assert history.ladder(party="gamma")[0] == "08-08 before:1wd"


def test_a_party_has_rungs_up_to_and_including_its_last_day() -> None:
    ended = replace(GAMMA, valid_to=date(2023, 8, 8))
    history = history_of(deadline(AUGUST), parties=(LEAD, BETA, ended))
    assert history.ladder(party="gamma")[-1] == "08-08 before:1wd"


def test_a_party_that_ended_before_the_plan_began_owes_nothing() -> None:
    ended = replace(GAMMA, valid_to=date(2023, 1, 31))
    assert owing(history_of(deadline(AUGUST), parties=(LEAD, BETA, ended))) == ["lead", "beta"]


def test_what_an_ended_party_left_open_does_not_hold_up_the_others() -> None:
    ended = replace(GAMMA, valid_to=date(2023, 7, 31))
    base = deadline(AUGUST, "base", responsible=("beta", "gamma"))
    history = history_of(base, deadline(Relative("base", working_days(5), "within")), parties=(LEAD, BETA, ended))
    history.record("received", at(8, 7), "base", "beta")
    agenda = history.agenda()
    due = agenda.by_key["report", "lead"].due
    assert due is not None
    assert due.named == date(2023, 8, 14)
    assert is_complete(agenda, "base")


# ---- successors


def test_a_successor_takes_over_on_the_day_after() -> None:
    history = history_of(deadline(AUGUST), parties=SUCCESSION)
    assert history.ladder(party="beta") == ["07-26 before:14d", "08-02 before:7d"]
    assert history.ladder(party="heir")[:2] == ["08-04 before:3wd", "08-08 before:1wd"]


def test_a_successor_does_not_owe_what_its_predecessor_handed_in() -> None:
    history = history_of(deadline(AUGUST), parties=SUCCESSION)
    history.record("received", at(8, 1), "report", "beta")
    assert owing(history) == ["lead", "beta", "gamma"]
    history.record("returned", at(8, 3), "report", "beta")
    assert owing(history) == ["lead", "beta", "heir", "gamma"]


def test_a_milestone_is_complete_when_the_successor_answered() -> None:
    history = history_of(deadline(AUGUST), parties=SUCCESSION)
    for id in ("lead", "gamma"):
        history.record("received", at(8, 1), "report", id)
    assert not is_complete(history.agenda(), "report")
    history.record("received", at(8, 8), "report", "heir")
    assert is_complete(history.agenda(), "report")


def test_at_any_time_one_of_the_two_is_asked() -> None:
    waiting = deadline(Before(date(2023, 9, 8)), "summary", responsible=("lead",), needs=("report",))
    history = history_of(deadline(AUGUST), waiting, parties=SUCCESSION)
    agenda = history.agenda()

    def asked(day: int) -> list[str]:
        return [p.id for _, parties in still_needed(agenda, waiting, at(8, day)) for p in parties]

    assert asked(2) == ["lead", "beta", "gamma"]
    assert asked(3) == ["lead", "heir", "gamma"]


def test_the_hand_over_is_at_midnight_to_the_instant() -> None:
    midnight = deadline(AUGUST, ladder=Ladder(at=time(0), before=(days(6),), on_named_day=False, overdue=None))
    history = history_of(midnight, parties=SUCCESSION)
    assert [history.ladder(party=id)[:1] for id in ("beta", "heir")] == [[], ["08-03 before:6d"]]
    agenda, instant = history.agenda(), at(8, 3, 0)
    assert [agenda.by_key["report", id].is_current(instant) for id in ("beta", "heir")] == [False, True]
    assert "beta" not in [cell.obligation.party for cell in draw_board(agenda, instant)]


def test_the_board_shows_an_ended_party_only_for_what_it_did() -> None:
    history = history_of(deadline(AUGUST), deadline(AUGUST, "other"), parties=SUCCESSION)
    history.record("received", at(8, 1), "report", "beta")
    cells = [(c.obligation.milestone, c.obligation.party, c.code) for c in draw_board(history.agenda(), at(8, 14))]
    assert [c for c in cells if c[1] in ("beta", "heir")] == [
        ("report", "beta", "submitted"),
        ("other", "heir", "overdue"),
    ]
    before = [(c.obligation.party, c.code) for c in draw_board(history.agenda(), at(8, 1))]
    assert before[-4:] == [("lead", "pending"), ("beta", "pending"), ("heir", "not_open"), ("gamma", "pending")]


def test_a_successor_that_is_a_member_itself_owes_once_and_for_itself() -> None:
    merged = (LEAD, replace(BETA, valid_to=date(2023, 8, 2), successor="gamma"), GAMMA)
    history = history_of(deadline(AUGUST), parties=merged)
    history.record("received", at(8, 1), "report", "beta")
    assert owing(history) == ["lead", "beta", "gamma"]
    assert history.ladder(party="gamma")[0] == "07-26 before:14d"
    reordered = history_of(deadline(AUGUST, responsible=("gamma", "beta")), parties=merged)
    assert reordered.ladder(party="gamma") == history.ladder(party="gamma")


def test_the_heir_of_two_owes_if_one_of_them_did_not_answer() -> None:
    both = (LEAD, ENDING, replace(GAMMA, valid_to=date(2023, 8, 3), successor="heir"), HEIR)
    history = history_of(deadline(AUGUST), parties=both)
    assert history.agenda().by_key["report", "heir"].since == at(8, 3, 0)
    history.record("received", at(8, 1), "report", "beta")
    assert "heir" in owing(history)
    history.record("received", at(8, 1), "report", "gamma")
    assert "heir" not in owing(history)


def test_a_chain_of_successors_hands_on() -> None:
    chain = (LEAD, ENDING, GAMMA, replace(HEIR, valid_to=date(2023, 8, 8), successor="last"), party("last"))
    history = history_of(deadline(AUGUST), parties=chain)
    spans = {o.party: (o.since, o.until) for o in history.agenda().obligations}
    assert spans["heir"] == (at(8, 3, 0), at(8, 9, 0))
    assert spans["last"] == (at(8, 9, 0), None)
    history.record("received", at(8, 1), "report", "beta")
    assert owing(history) == ["lead", "beta", "gamma"]


def test_the_heir_of_one_that_ended_before_the_plan_began_owes_in_its_place() -> None:
    ended = replace(ENDING, valid_to=date(2023, 1, 15))
    history = history_of(deadline(AUGUST), parties=(LEAD, ended, GAMMA, HEIR))
    assert owing(history) == ["lead", "heir", "gamma"]


def test_parties_that_succeed_each_other_do_not_go_round_for_ever() -> None:
    circle = (
        LEAD,
        replace(BETA, valid_to=date(2023, 8, 2), successor="gamma"),
        replace(GAMMA, valid_to=date(2023, 8, 8), successor="beta"),
    )
    history = history_of(deadline(AUGUST, responsible=("beta",)), parties=circle)
    assert owing(history) == ["beta", "gamma"]


def test_a_successor_that_is_not_in_the_roster_takes_nothing_over() -> None:
    history = history_of(deadline(AUGUST), parties=(LEAD, ENDING, GAMMA))
    assert owing(history) == ["lead", "beta", "gamma"]


def test_the_successor_of_the_organiser_is_invited_too() -> None:
    ended = replace(LEAD, valid_to=date(2023, 3, 31), successor="heir")
    history = history_of(event(On(date(2023, 6, 8), date(2023, 6, 8))), parties=(ended, BETA, GAMMA, HEIR))
    assert history.ladder("meeting", "heir") == ["04-03 invite", "06-01 event:7d", "06-07 event:1wd"]
    assert history.ladder("meeting", "lead") == ["02-01 invite"]


def test_a_succession_told_afterwards_begins_with_the_telling() -> None:
    """Nobody receives rungs that lay before it became the successor (contract rule 4)."""
    history = history_of(deadline(AUGUST))
    regrouped(history, GROUPS[1].parties, 4, SUCCESSION)
    assert history.ladder(party="heir")[0] == "08-04 before:3wd"
    assert history.agenda().by_key["report", "heir"].since == at(8, 4)
