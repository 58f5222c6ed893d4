"""What the calendars of those who are invited to an event are told."""

from __future__ import annotations

from datetime import date

import pytest

from scheduler.plan.dates.date_forms import By, On, Window
from scheduler.plan.messages.invitations import Invitation, find_days, find_invitation
from tests.support.plan_builders import PlanHistory, at, deadline, event, history_of

FIXED = On(date(2023, 6, 8), date(2023, 6, 8))
MOVED = On(date(2023, 6, 9), date(2023, 6, 9))
JUNE = Window(date(2023, 6, 1), date(2023, 6, 10), "early in June")


def invitation(history: PlanHistory, party: str = "beta", milestone: str = "meeting") -> Invitation | None:
    agenda = history.agenda()
    return find_invitation(agenda, agenda.by_key[milestone, party])


def days(history: PlanHistory, sequence: int) -> On | None:
    o = history.agenda().by_key["meeting", "beta"]
    return find_days(history.plan, history.facts, o, sequence, loaded_at=history.loaded_at)


def test_what_the_plan_fixes_is_the_first_invitation() -> None:
    history = history_of(event(FIXED))
    assert invitation(history) == Invitation(FIXED)
    assert days(history, 0) == FIXED


def test_each_decision_is_a_newer_invitation() -> None:
    history = history_of(event(JUNE))
    first = history.record("date_fixed", at(5, 1), "meeting", form=FIXED, place="hall 2")
    assert invitation(history) == Invitation(FIXED, "hall 2", first.id)
    second = history.record("date_fixed", at(5, 2), "meeting", form=MOVED, place="hall 2")
    assert invitation(history) == Invitation(MOVED, "hall 2", second.id)
    undone = history.record("withdrawn", at(5, 3), target=second.id)
    assert invitation(history) == Invitation(FIXED, "hall 2", undone.id)
    assert [days(history, one.id) for one in (first, second, undone)] == [FIXED, MOVED, FIXED]


def test_what_is_called_off_or_open_again_names_the_days_that_were_known() -> None:
    for kind, details in (("waived", {"reason": "storm"}), ("amended", {"form": JUNE, "was": JUNE})):
        history = history_of(event(JUNE))
        history.record("date_fixed", at(5, 1), "meeting", form=FIXED)
        last = history.record(kind, at(5, 12), "meeting", **details)  # type: ignore[arg-type]
        assert invitation(history) == Invitation(FIXED, "", last.id, is_off=True)
        assert days(history, last.id) is None


@pytest.mark.parametrize("sequence", [0, 7, -1])
def test_a_number_that_no_invitation_had_names_no_days(sequence: int) -> None:
    history = history_of(event(JUNE))
    history.record("date_fixed", at(5, 1), "meeting", form=FIXED)
    assert days(history, sequence) is None


def test_the_first_invitation_named_the_day_before_an_edit_of_the_file() -> None:
    """Not the one that the file has now."""
    history = history_of(event(MOVED))
    edited = history.record("amended", at(5, 12), "meeting", form=MOVED, was=FIXED)
    assert invitation(history) == Invitation(MOVED, "", edited.id)
    assert (days(history, 0), days(history, edited.id)) == (FIXED, MOVED)


def test_of_what_was_undone_the_days_are_known_that_it_went_back_to() -> None:
    history = history_of(event(FIXED))
    moved = history.record("date_fixed", at(5, 1), "meeting", form=MOVED)
    undone = history.record("withdrawn", at(5, 2), target=moved.id)
    history.record("date_fixed", at(5, 3), "meeting", form=FIXED, place="hall 3")
    assert days(history, undone.id) == FIXED


def test_nothing_is_called_off_of_which_nobody_knew_a_day() -> None:
    """The organiser that takes part is told of another window, and its calendar of nothing."""
    history = history_of(event(JUNE))
    assert invitation(history, "lead") is None
    fixed = history.record("date_fixed", at(5, 1), "meeting", form=FIXED)
    undone = history.record("withdrawn", at(5, 2), target=fixed.id)
    assert invitation(history, "lead") == Invitation(FIXED, "", undone.id, is_off=True)


def test_a_party_that_knew_another_day_is_told_that_that_one_is_off() -> None:
    history = history_of(event(FIXED))
    history.record("date_fixed", at(5, 31, 18), "meeting", form=MOVED)
    history.record("waived", at(5, 31, 19), "meeting", reason="storm")
    found = invitation(history)
    assert found is not None
    assert (found.days, found.is_off) == (FIXED, True)


def test_who_owes_something_or_only_organises_is_invited_to_nothing() -> None:
    history = history_of(event(FIXED, attendees=("beta",)), deadline(By(date(2023, 3, 17))))
    assert invitation(history, "lead") is None
    assert invitation(history, "beta", "report") is None


def test_a_reply_that_is_taken_back_changes_no_invitation() -> None:
    history = history_of(event(FIXED))
    said = history.record("replied", at(5, 1), "meeting", "beta", reply="accepted", form=FIXED)
    history.record("withdrawn", at(5, 2), "meeting", "beta", target=said.id)
    assert invitation(history) == Invitation(FIXED)
