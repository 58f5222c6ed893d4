"""What nobody owes yet: milestones whose parties are still to be chosen or named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from scheduler.plan.dates.date_forms import Before, By, DayCount, On, Recurring, Relative, Undated, Window
from scheduler.plan.model import Group
from scheduler.plan.scope import Relations, Scope
from tests.support.plan_builders import PARTIES, PlanHistory, at, deadline, draw_part, event, history_of

WINNERS = Group(id="winners", chosen_by="lead", after="report")
REPORT = deadline(Before(date(2023, 8, 10)))
AWARD = deadline(Before(date(2023, 11, 30)), "award", responsible=("winners",))


def waiting(history: PlanHistory) -> list[str]:
    """Return the milestones that wait for their parties."""
    return [one.milestone for one in history.agenda().unassigned if one.is_open]


@pytest.fixture
def history() -> PlanHistory:
    """Return a plan with an award for parties that are chosen during the year."""
    return history_of(REPORT, AWARD, groups=(WINNERS,))


def test_a_milestone_waits_with_its_date_until_its_parties_are_chosen(history: PlanHistory) -> None:
    [award] = history.agenda().unassigned
    assert (award.milestone, award.is_open, award.span) == ("award", True, (date(2023, 11, 30),) * 2)
    chosen = history.record("nominated", at(11, 16), group="winners", parties=("beta",))
    assert history.agenda().unassigned == ()
    history.undo(chosen, at(11, 17))
    assert waiting(history) == ["award"]


def test_it_waits_also_if_its_date_was_past_when_the_plan_was_loaded() -> None:
    history = history_of(REPORT, replace(AWARD, form=By(date(2022, 12, 30))), groups=(WINNERS,))
    assert waiting(history) == ["award"]


@pytest.mark.parametrize(
    "end",
    [
        lambda history: history.record("nominated", at(11, 16), group="winners"),
        lambda history: history.record("waived", at(11, 16), "award"),
        lambda history: history.record("retired", at(11, 16)),
    ],
    ids=["nobody is chosen", "it is waived for all", "the plan is ended"],
)
def test_it_waits_no_more_once_it_is_decided_that_nobody_will_owe_it(
    history: PlanHistory, end: Callable[[PlanHistory], object]
) -> None:
    end(history)
    assert waiting(history) == []
    [award] = history.agenda().unassigned
    assert award.milestone == "award"


def test_it_waits_for_the_second_of_two_choices() -> None:
    """That nobody is in one group says nothing about the other."""
    both = replace(AWARD, responsible=("winners", "praised"))
    history = history_of(REPORT, both, groups=(WINNERS, replace(WINNERS, id="praised")))
    history.record("nominated", at(11, 16), group="winners")
    assert waiting(history) == ["award"]
    history.record("nominated", at(11, 17), group="praised")
    assert waiting(history) == []


def test_what_an_empty_group_owes_waits_too() -> None:
    """The file names its parties later."""
    history = history_of(replace(AWARD, responsible=("deputies",)), groups=(Group(id="deputies"),))
    assert waiting(history) == ["award"]


def test_what_a_party_without_successor_leaves_open_is_nobodys() -> None:
    parties = [replace(one, valid_to=date(2023, 6, 30)) if one.id == "beta" else one for one in PARTIES]
    history = history_of(replace(AWARD, responsible=("beta",)), parties=parties)
    assert waiting(history) == ["award"]
    history.record("received", at(6, 1), "award", "beta")
    assert waiting(history) == []


def test_each_occurrence_waits_by_itself() -> None:
    monthly = Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "before", date(2023, 3, 1), date(2023, 4, 30))
    history = history_of(REPORT, replace(AWARD, form=monthly), groups=(WINNERS,))
    assert waiting(history) == ["award@2023-03-25", "award@2023-04-25"]


@pytest.mark.parametrize(
    ("form", "span"),
    [
        (Relative(to="report", count=DayCount(5, "days"), direction="before"), (date(2023, 8, 5), date(2023, 8, 5))),
        (Window(date(2023, 6, 1), date(2023, 6, 9), ""), (date(2023, 6, 1), date(2023, 6, 9))),
        (Undated("each year"), None),
    ],
)
def test_it_waits_with_whatever_date_it_has(form: Relative | Window | Undated, span: tuple[date, date] | None) -> None:
    [award] = history_of(REPORT, replace(AWARD, form=form), groups=(WINNERS,)).agenda().unassigned
    assert award.span == span


def test_an_event_waits_for_its_organisers_whoever_attends_it() -> None:
    meeting = event(On(date(2023, 6, 8), date(2023, 6, 8)), organiser=("winners",))
    history = history_of(REPORT, meeting, groups=(WINNERS,))
    assert waiting(history) == ["meeting"]
    history.record("date_fixed", at(5, 4), "meeting", form=On(date(2023, 6, 9), date(2023, 6, 9)), place="A")
    [waits] = history.agenda().unassigned
    assert (waits.event, waits.place) == (On(date(2023, 6, 9), date(2023, 6, 9)), "A")


def test_a_part_of_the_agenda_holds_what_waits_in_it(history: PlanHistory) -> None:
    """As far as all parties of the milestone are in it; what an agenda takes over from it is what the whole says."""
    before, award = history.agenda(), Relations(history.plan, ()).of("award", None)
    assert draw_part(history, award).unassigned == before.unassigned
    assert draw_part(history, Scope({"award": frozenset({"beta"})})).unassigned == ()
    history.record("waived", at(11, 16), "award")
    assert before.updated(draw_part(history, award)) == history.agenda()
    report = Relations(history.plan, ()).of("report", "beta")
    assert before.updated(draw_part(history, report)) == before
