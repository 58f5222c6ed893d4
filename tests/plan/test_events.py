"""Events: chasing the organiser for a date, invitations, reminders, and choosing afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from scheduler.plan.dates.date_forms import Before, By, DateForm, On, Recurring, Undated, Window
from scheduler.plan.model import Group, Ladder
from tests.support.plan_builders import (
    PlanHistory,
    at,
    deadline,
    event,
    history_of,
    plan,
    reasons,
    working_days,
)

JUNE = Window(date(2023, 6, 1), date(2023, 6, 10), "đầu tháng 6 năm 2023")
FIXED = On(date(2023, 6, 8), date(2023, 6, 8))


def fix(history: PlanHistory, when: tuple[int, ...], form: DateForm = FIXED) -> None:
    """Record that the day of the meeting was decided."""
    history.record("date_fixed", at(*when), "meeting", form=form, place="hall 2")


# ---- windows


def test_while_tentative_only_the_organiser_hears_of_it() -> None:
    history = history_of(event(JUNE))
    assert history.ladder("meeting", "lead") == [
        "05-02 fix-date:30d",
        "05-18 fix-date:14d",
        "05-25 fix-date:7d",
        "06-12 fix-date:passed",
    ]
    assert {r.due for r in history.rungs("meeting", "lead")} == {date(2023, 6, 1)}
    assert history.rungs("meeting", "beta") == []


def test_a_rung_says_in_the_plans_words_what_it_counts_from() -> None:
    noted = history_of(event(JUNE)).rungs("meeting", "lead")[0].note
    assert str(noted) == "30 days before 2023-06-01, when đầu tháng 6 năm 2023 begins"
    wordless = history_of(event(replace(JUNE, words=""))).rungs("meeting", "lead")[0].note
    assert str(wordless) == "30 days before 2023-06-01, when the window opens"


def test_once_fixed_it_is_an_ordinary_event() -> None:
    history = history_of(event(JUNE))
    fix(history, (5, 20, 10))  # a Saturday
    for party in ("lead", "beta", "gamma"):
        assert history.ladder("meeting", party) == ["05-22 invite", "06-01 event:7d", "06-07 event:1wd"]
    obligation = history.agenda().by_key["meeting", "beta"]
    assert (obligation.event, obligation.place, obligation.attends) == (FIXED, "hall 2", True)


def test_unfixing_by_undo_has_the_organiser_chased_again() -> None:
    history = history_of(event(JUNE))
    fix(history, (5, 20, 10))
    history.undo(history.facts[0], at(5, 21))
    assert history.ladder("meeting", "lead")[-1] == "06-12 fix-date:passed"


def test_a_window_moved_by_decision_is_chased_from_the_decision_on() -> None:
    history = history_of(event(JUNE))
    history.record(
        "amended", at(5, 25, 9), "meeting", form=Window(date(2023, 6, 20), date(2023, 6, 30), "cuối tháng 6")
    )
    assert history.ladder("meeting", "lead") == ["06-06 fix-date:14d", "06-13 fix-date:7d", "07-03 fix-date:passed"]


def test_the_organiser_is_chased_for_a_deadline_that_is_only_tentative() -> None:
    """Once dated, those who are responsible for it owe it."""
    history = history_of(deadline(JUNE, organiser=("gamma",), responsible=("beta",)))
    assert [(o.party, o.window) for o in history.agenda().obligations] == [("gamma", JUNE)]
    history.record("date_fixed", at(5, 2), "report", form=By(date(2023, 6, 8)))
    assert [o.party for o in history.agenda().obligations] == ["beta"]
    without = history_of(deadline(JUNE, responsible=("beta",)))
    assert [o.party for o in without.agenda().obligations] == ["beta"]


# ---- an event that must be held before a day


def test_an_event_with_a_last_day_is_chased_for_its_date_back_from_the_target() -> None:
    history = history_of(event(Before(date(2023, 11, 20))))
    assert history.ladder("meeting", "lead") == [
        "10-18 fix-date:30d",
        "11-03 fix-date:14d",
        "11-10 fix-date:7d",
        "11-20 fix-date:passed",  # the first working day after Friday the 17th
    ]
    assert history.rungs("meeting", "beta") == []
    fix(history, (11, 3, 9), On(date(2023, 11, 15), date(2023, 11, 16)))
    assert history.ladder("meeting", "lead") == ["11-03 invite", "11-08 event:7d", "11-14 event:1wd"]


def test_an_event_past_its_last_day_at_the_first_load_is_unknown() -> None:
    history = PlanHistory(plan(event(Before(date(2023, 11, 20)))), loaded_at=at(11, 21))
    assert history.rungs("meeting", "lead") == []
    history.record("opened", at(11, 21, 9), "meeting", "lead")
    assert not history.agenda().by_key["meeting", "lead"].unknown


# ---- invitations


@pytest.mark.parametrize(
    ("fixed", "invited"),
    [
        ((5, 19, 7), "05-19"),
        ((5, 19, 16), "05-19"),
        ((5, 19, 17), "05-22"),
        ((5, 20, 10), "05-22"),
        ((4, 28, 17), "05-01"),  # this calendar has no holidays
    ],
)
def test_the_invitation_leaves_at_the_next_opening(fixed: tuple[int, ...], invited: str) -> None:
    history = history_of(event(JUNE))
    fix(history, fixed)
    assert history.ladder("meeting")[0] == f"{invited} invite"


def test_an_invitation_inside_the_hours_leaves_at_once() -> None:
    history = history_of(event(JUNE))
    fix(history, (5, 19, 10, 20))
    assert history.rungs("meeting")[0].at == at(5, 19, 10, 20)


@pytest.mark.parametrize(
    ("fixed", "planned", "swallowed"),
    [
        ((5, 31, 18), ["06-01 event:7d", "06-07 event:1wd"], {"invite": "same day as event:7d"}),
        ((6, 6, 18), ["06-07 event:1wd"], {"invite": "same day as event:1wd"}),
        ((6, 1, 9), ["06-01 invite", "06-07 event:1wd"], {}),
        ((6, 7, 8, 30), ["06-07 invite"], {}),
    ],
)
def test_of_invitation_and_reminder_at_one_instant_the_later_named_one_stays(
    fixed: tuple[int, ...], planned: list[str], swallowed: dict[str, str]
) -> None:
    history = history_of(event(JUNE))
    fix(history, fixed)
    assert history.ladder("meeting") == planned
    assert reasons(history.rungs("meeting")) == swallowed


def test_nobody_is_invited_to_what_has_begun() -> None:
    history = history_of(event(JUNE))
    fix(history, (6, 8, 9))
    assert history.rungs("meeting") == []
    afternoon = history_of(event(JUNE))
    fix(afternoon, (6, 8, 9), replace(FIXED, clock=time(14)))
    assert afternoon.ladder("meeting") == ["06-08 invite"]
    at_eight = history_of(event(JUNE))
    fix(at_eight, (6, 7, 18), replace(FIXED, clock=time(8)))
    assert at_eight.rungs("meeting") == []


def test_an_event_fixed_in_the_file_is_announced_when_the_plan_becomes_active() -> None:
    history = history_of(event(On(date(2023, 6, 5), date(2023, 6, 7))))
    assert history.ladder("meeting") == ["02-01 invite", "05-29 event:7d", "06-02 event:1wd"]
    assert {r.due for r in history.rungs("meeting")} == {date(2023, 6, 5)}


MOVED = On(date(2023, 6, 15), date(2023, 6, 15))


def informed(history: PlanHistory, party: str = "beta") -> On | None:
    """Return which day of the meeting a party knew, before the last decision."""
    known = history.agenda().by_key["meeting", party].known_date
    return known.event if known else None


def test_of_a_moved_event_the_notice_of_the_change_tells_in_place_of_an_invitation() -> None:
    history = history_of(event(FIXED))
    history.record("amended", at(6, 2, 10), "meeting", form=MOVED)
    assert history.ladder("meeting") == ["06-08 event:7d", "06-14 event:1wd"]
    assert reasons(history.rungs("meeting")) == {"invite": "the notice of the change says it"}
    assert {r.due for r in history.rungs("meeting")} == {date(2023, 6, 15)}
    assert informed(history) == FIXED


def test_what_was_moved_before_anybody_was_told_is_an_invitation() -> None:
    history = history_of(event(JUNE))
    fix(history, (5, 20, 10))  # a Saturday
    fix(history, (5, 21, 10), MOVED)
    assert informed(history) is None
    assert history.ladder("meeting")[0] == "05-22 invite"


def test_what_is_moved_there_and_back_before_an_opening_is_as_it_was_told() -> None:
    history = history_of(event(JUNE))
    fix(history, (5, 15, 10))
    fix(history, (5, 20, 10), MOVED)
    fix(history, (5, 20, 11))
    assert informed(history) == FIXED
    known = history.agenda().by_key["meeting", "beta"].known_date
    assert known is not None
    assert known.place == "hall 2"
    fix(history, (5, 22, 10), MOVED)
    assert informed(history) == FIXED
    fix(history, (5, 22, 11))
    assert informed(history) == MOVED


def test_after_the_day_was_open_again_the_next_one_is_an_invitation() -> None:
    history = history_of(event(JUNE))
    fix(history, (5, 15, 10))
    history.record("amended", at(5, 16, 10), "meeting", form=JUNE)
    assert informed(history) == FIXED
    fix(history, (5, 19, 10), MOVED)
    assert informed(history) is None
    assert history.ladder("meeting")[0] == "05-19 invite"


def test_a_day_that_was_over_before_anybody_could_be_told_was_not_told() -> None:
    history = history_of(event(JUNE))
    fix(history, (6, 8, 18))
    fix(history, (6, 9, 10), MOVED)
    assert informed(history) is None


def test_who_comes_after_the_move_is_invited_to_the_new_day() -> None:
    history = history_of(event(FIXED, attendees=("lead", "beta")))
    history.record("amended", at(3, 1, 10), "meeting", form=MOVED)
    history.revise(replace(history.plan, milestones=(event(FIXED),)), at(4, 3, 10))
    assert informed(history, "gamma") is None
    assert history.ladder("meeting", "gamma")[0] == "04-03 invite"


def test_an_edit_of_the_file_says_which_day_was_told() -> None:
    history = history_of(event(FIXED))
    history.revise(replace(history.plan, milestones=(event(MOVED),)), at(3, 1, 10))
    assert informed(history) == FIXED
    assert history.ladder("meeting")[0] == "06-08 event:7d"


def test_an_organiser_that_does_not_attend_gets_no_invitation() -> None:
    history = history_of(event(FIXED, attendees=("beta",)))
    assert history.rungs("meeting", "lead") == []
    assert history.ladder("meeting", "beta")[0] == "02-01 invite"


def test_an_event_called_off_is_called_off_for_everybody() -> None:
    for whom in (None, "lead"):
        history = history_of(event(FIXED))
        history.record("waived", at(3, 1), "meeting", whom, reason="storm")
        assert [history.ladder("meeting", party) for party in ("lead", "beta")] == [[], []]


def test_one_attendee_can_be_excused() -> None:
    history = history_of(event(FIXED))
    history.record("waived", at(3, 1), "meeting", "beta")
    assert history.ladder("meeting", "beta") == []
    assert len(history.ladder("meeting", "gamma")) == 3


def test_an_event_goes_on_while_one_of_its_organisers_is_left() -> None:
    history = history_of(event(FIXED, organiser=("lead", "gamma")))
    history.record("waived", at(3, 1), "meeting", "gamma")
    assert len(history.ladder("meeting", "beta")) == 3
    history.record("waived", at(3, 2), "meeting", "lead")
    assert history.ladder("meeting", "beta") == []
    released = next(o for o in history.agenda().obligations if o.party == "beta").standing.closed_by
    assert released is not None
    assert released.party == "lead"


def test_what_the_organiser_hands_in_does_not_call_the_event_off() -> None:
    history = history_of(event(FIXED))
    history.record("received", at(3, 1), "meeting", "lead")
    assert len(history.ladder("meeting", "beta")) == 3


def test_each_occurrence_of_a_recurring_event_is_an_event() -> None:
    form = Recurring("FREQ=MONTHLY;BYDAY=1FR", "on", date(2023, 5, 1), date(2023, 7, 31))
    history = history_of(event(form))
    assert history.ladder("meeting@2023-06-02") == ["02-01 invite", "05-26 event:7d", "06-01 event:1wd"]
    days = [o.event.first for o in history.agenda().obligations if o.party == "beta" and o.event]
    assert days == [date(2023, 5, 5), date(2023, 6, 2), date(2023, 7, 7)]


# ---- choosing afterwards

WINNERS = Group(id="winners", chosen_by="lead", after="meeting")
CHOICE = ["11-15 choose:1", "11-17 choose:2", "11-21 choose:3"]


def chosen(history: PlanHistory) -> list[str]:
    """Return the planned rungs that ask the lead for its choice."""
    return [r for r in history.ladder("meeting", "lead") if "choose" in r]


def test_the_chooser_is_asked_after_the_target_day() -> None:
    assert chosen(history_of(event(Before(date(2023, 11, 15))), groups=(WINNERS,))) == CHOICE


def test_the_chooser_is_asked_after_the_fixed_day_once_there_is_one() -> None:
    history = history_of(event(Before(date(2023, 11, 15))), groups=(WINNERS,))
    fix(history, (10, 2), On(date(2023, 11, 9), date(2023, 11, 10)))
    assert chosen(history) == ["11-13 choose:1", "11-15 choose:2", "11-17 choose:3"]


@pytest.mark.parametrize("parties", [("beta",), ()], ids=["somebody", "nobody"])
def test_it_is_asked_until_it_chose_be_it_nobody(parties: tuple[str, ...]) -> None:
    history = history_of(event(Before(date(2023, 11, 15))), groups=(WINNERS,))
    history.record("nominated", at(11, 16), group="winners", parties=parties)
    assert chosen(history) == []
    history.undo(history.facts[0], at(11, 16, 9))
    assert chosen(history) == CHOICE


def test_a_chooser_that_answered_its_own_duty_still_has_to_choose() -> None:
    after_report = replace(WINNERS, after="report")
    history = history_of(deadline(Before(date(2023, 11, 15))), groups=(after_report,))
    history.record("received", at(11, 1), "report", "lead")
    assert [r for r in history.ladder("report", "lead") if "choose" in r] == CHOICE


def test_nothing_is_to_be_chosen_after_what_was_called_off() -> None:
    history = history_of(event(Before(date(2023, 11, 15))), groups=(WINNERS,))
    history.record("waived", at(11, 1), "meeting", reason="by letter")
    assert chosen(history) == []
    assert set(reasons(history.rungs("meeting", "lead")).values()) == {"called_off 2023-11-01 (by letter)"}


def test_two_choices_after_one_milestone_are_asked_for_together() -> None:
    """A rung's name says only how often was asked; it is asked until both are made."""
    flags = replace(WINNERS, id="flags")
    history = history_of(event(Before(date(2023, 11, 15))), groups=(WINNERS, flags))
    assert chosen(history) == CHOICE
    history.record("nominated", at(11, 14), group="winners", parties=("beta",))
    assert chosen(history) == CHOICE
    history.record("nominated", at(11, 14), group="flags")
    assert chosen(history) == []


@pytest.mark.parametrize("form", [JUNE, Before(date(2023, 1, 20))], ids=["tentative", "past at the first load"])
def test_nothing_is_asked_while_the_day_is_not_known(form: DateForm) -> None:
    assert chosen(history_of(event(form), groups=(WINNERS,))) == []


def test_only_groups_that_somebody_fills_are_asked_for() -> None:
    fixed = Group(id="guests", parties=("beta",), chosen_by="lead")
    assert chosen(history_of(event(Before(date(2023, 11, 15))), groups=(fixed,))) == []


def test_the_hour_is_that_of_the_milestones_own_ladder() -> None:
    early = Ladder(at=time(7, 30), opens=time(7), fix_date=(working_days(5),))
    history = history_of(event(Before(date(2023, 11, 15)), ladder=early), groups=(WINNERS,))
    assert {r.at for r in history.rungs("meeting", "lead")} == {at(11, day, 7, 30) for day in (7, 15, 17, 21)}


# ---- days in a calendar


@pytest.mark.parametrize(
    ("form", "span"),
    [
        (JUNE, (date(2023, 6, 1), date(2023, 6, 10))),
        (On(date(2023, 6, 8), date(2023, 6, 9)), (date(2023, 6, 8), date(2023, 6, 9))),
        (Before(date(2023, 6, 8)), (date(2023, 6, 8), date(2023, 6, 8))),
        (Undated("once a year"), None),
    ],
)
def test_an_event_lies_on_the_days_that_the_plan_names(form: DateForm, span: tuple[date, date] | None) -> None:
    """Nothing without a day stands in a calendar."""
    agenda = history_of(event(form)).agenda()
    assert {obligation.span for obligation in agenda.by_milestone["meeting"]} == {span}
    assert [obligation.milestone for obligation in agenda.by_party["beta"]] == ["meeting"]
