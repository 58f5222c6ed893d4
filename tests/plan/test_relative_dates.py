"""Dates counted from another milestone."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from scheduler.plan.dates.date_forms import (
    Before,
    By,
    DateForm,
    DayCount,
    On,
    Recurring,
    Relative,
    Undated,
    Window,
)
from scheduler.plan.facts import FactKind
from scheduler.plan.obligations import NoDate
from tests.support.plan_builders import PlanHistory, at, days, deadline, event, history_of, plan, working_days

BASE = Before(date(2023, 8, 10))


def after(count: DayCount, to: str = "base") -> Relative:
    """Return `within ... of base`."""
    return Relative(to, count, "within")


def ahead(count: DayCount, to: str = "base") -> Relative:
    """Return `... before base`."""
    return Relative(to, count, "before")


def named(history: PlanHistory, party: str = "beta", milestone: str = "report") -> date | str:
    """Return the named day of an obligation, or the words of an undated one."""
    found = history.agenda().by_key[milestone, party]
    return found.due.named if found.due else found.when.words if isinstance(found.when, NoDate) else ""


def since(history: PlanHistory, party: str = "beta") -> datetime:
    """Return from when on the report has rungs."""
    return history.agenda().by_key["report", party].since


def close_base(history: PlanHistory, day: int, party: str, kind: FactKind = "received", **details: datetime) -> None:
    """Record an answer to the base on a day of August."""
    history.record(kind, at(8, day), "base", party, **details)


# ---- within ... after


def test_it_is_undated_until_the_base_is_complete() -> None:
    history = history_of(deadline(BASE, "base"), deadline(after(working_days(5))))
    assert named(history) == "5 working days after Base"
    assert history.rungs() == []


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (working_days(5), date(2023, 8, 15)),
        (working_days(1), date(2023, 8, 9)),
        (days(3), date(2023, 8, 11)),
        (days(4), date(2023, 8, 14)),  # Saturday 12 August: on to the working day after
    ],
)
def test_it_counts_from_the_day_after_the_partys_own_answer(count: DayCount, expected: date) -> None:
    history = history_of(deadline(BASE, "base"), deadline(after(count)))
    close_base(history, 8, "beta")
    assert named(history) == expected
    assert named(history, "gamma") == f"{count} after Base"


def test_its_last_day_is_included() -> None:
    history = history_of(deadline(BASE, "base"), deadline(after(working_days(5))), lateness="strict")
    close_base(history, 8, "beta")
    due = history.agenda().by_key["report", "beta"].due
    assert due is not None
    assert (due.target, due.late_from) == (date(2023, 8, 15), at(8, 16, 0))


def test_it_counts_from_when_it_happened_and_has_rungs_from_when_that_was_known() -> None:
    history = history_of(deadline(BASE, "base"), deadline(after(working_days(5))))
    close_base(history, 10, "beta", happened_at=at(8, 7))
    assert named(history) == date(2023, 8, 14)
    assert history.ladder()[0] == "08-11 before:1wd"


def test_a_party_that_does_not_owe_the_base_waits_for_all() -> None:
    history = history_of(deadline(BASE, "base", responsible=("beta", "gamma")), deadline(after(working_days(5))))
    close_base(history, 7, "beta")
    assert named(history, "lead") == "5 working days after Base"
    close_base(history, 9, "gamma")
    assert named(history, "lead") == date(2023, 8, 16)
    assert named(history, "beta") == date(2023, 8, 14)


def test_returning_the_base_takes_the_date_away_again() -> None:
    history = history_of(deadline(BASE, "base"), deadline(after(working_days(5))))
    close_base(history, 7, "beta")
    close_base(history, 8, "beta", "returned")
    assert named(history) == "5 working days after Base"
    close_base(history, 9, "beta")
    assert (named(history), since(history)) == (date(2023, 8, 16), at(8, 9))


def test_nothing_follows_from_a_base_that_was_waived() -> None:
    history = history_of(deadline(BASE, "base"), deadline(after(working_days(5))))
    close_base(history, 7, "beta", "waived")
    assert named(history) == "5 working days after Base"


def test_the_waiver_that_completes_the_base_is_its_last_day() -> None:
    """Otherwise the date could be over before anybody could know it."""
    history = history_of(deadline(BASE, "base", responsible=("beta", "gamma")), deadline(after(working_days(5))))
    close_base(history, 7, "beta")
    close_base(history, 18, "gamma", "waived")
    assert (named(history, "lead"), since(history, "lead")) == (date(2023, 8, 25), at(8, 18))


def test_a_base_that_nobody_owes_dates_nothing() -> None:
    history = history_of(deadline(BASE, "base", responsible=()), deadline(after(working_days(5))))
    assert named(history) == "5 working days after Base"


def test_it_waits_for_the_end_of_an_event() -> None:
    history = history_of(event(Window(date(2023, 6, 1), date(2023, 6, 10), "")), deadline(after(days(3), "meeting")))
    assert named(history) == "3 days after Meeting"
    history.record("date_fixed", at(5, 2), "meeting", form=On(date(2023, 6, 5), date(2023, 6, 6)))
    assert (named(history), since(history)) == (date(2023, 6, 9), at(5, 2))
    history.record("amended", at(5, 20), "meeting", form=On(date(2023, 6, 7), date(2023, 6, 9)))
    assert (named(history), since(history)) == (date(2023, 6, 12), at(5, 20))


def test_it_does_not_wait_for_the_last_day_of_an_event_without_a_date() -> None:
    history = history_of(event(Before(date(2023, 11, 15))), deadline(after(days(3), "meeting")))
    assert named(history) == "3 days after Meeting"


@pytest.mark.parametrize("relative", [after(working_days(5), "meeting"), ahead(working_days(5), "meeting")])
def test_nothing_is_owed_for_an_event_that_was_called_off(relative: Relative) -> None:
    history = history_of(event(On(date(2023, 6, 8), date(2023, 6, 8))), deadline(relative))
    history.record("waived", at(3, 1), "meeting")
    assert str(named(history)).startswith("5 working days ")


# ---- before


@pytest.mark.parametrize(
    ("form", "count", "expected"),
    [
        (BASE, working_days(3), date(2023, 8, 7)),
        (BASE, days(4), date(2023, 8, 6)),  # a Sunday: the target is the Friday before
        (By(date(2023, 8, 10)), days(2), date(2023, 8, 8)),
        (
            Recurring("FREQ=YEARLY;BYMONTH=8;BYMONTHDAY=10", "by", date(2023, 1, 1), date(2023, 12, 31)),
            days(2),
            date(2023, 8, 8),
        ),
    ],
)
def test_back_from_the_named_day_of_the_base(form: DateForm, count: DayCount, expected: date) -> None:
    history = history_of(deadline(form, "base"), deadline(ahead(count)))
    assert named(history) == expected


def test_back_from_the_first_day_of_an_event() -> None:
    history = history_of(event(On(date(2023, 6, 7), date(2023, 6, 9))), deadline(ahead(working_days(3), "meeting")))
    assert named(history) == date(2023, 6, 2)
    due = history.agenda().by_key["report", "beta"].due
    assert due is not None
    assert due.inclusive


def test_back_from_an_undated_base_is_undated() -> None:
    history = history_of(deadline(Undated("yearly"), "base"), deadline(ahead(working_days(3))))
    assert named(history) == "3 working days before Base"


def test_a_base_extended_for_the_party_moves_its_date_from_the_decision_on() -> None:
    history = history_of(deadline(BASE, "base"), deadline(ahead(working_days(3))))
    history.record("extended", at(8, 1), "base", "beta", form=By(date(2023, 8, 25)))
    assert (named(history), since(history)) == (date(2023, 8, 22), at(8, 1))
    assert named(history, "gamma") == date(2023, 8, 7)


def test_a_newcomer_among_those_who_owe_the_base_delays_nobody_elses_rungs() -> None:
    history = history_of(deadline(BASE, "base", responsible=("beta", "gamma")), deadline(ahead(working_days(3))))
    history.record("joined", at(8, 1), "base", "gamma")
    assert since(history, "lead") == history.agenda().by_key["base", "beta"].since


def test_the_latest_date_of_several_counts() -> None:
    history = history_of(deadline(BASE, "base", responsible=("beta", "gamma")), deadline(ahead(working_days(3))))
    history.record("extended", at(8, 1), "base", "gamma", form=By(date(2023, 8, 25)))
    assert (named(history, "lead"), since(history, "lead")) == (date(2023, 8, 22), at(8, 1))


# ---- decisions on the relative date itself


def test_an_extension_wins_over_the_count() -> None:
    history = history_of(deadline(BASE, "base"), deadline(after(working_days(5))))
    close_base(history, 8, "beta")
    history.record("extended", at(8, 9), "report", "beta", form=By(date(2023, 9, 8)))
    assert named(history) == date(2023, 9, 8)


def test_a_chain_of_counts() -> None:
    history = history_of(
        deadline(after(days(2), "middle"), "last"), deadline(after(working_days(1)), "middle"), deadline(BASE, "base")
    )
    close_base(history, 7, "beta")
    assert named(history, milestone="last") == "2 days after Middle"
    history.record("received", at(8, 8), "middle", "beta")
    assert named(history, milestone="last") == date(2023, 8, 10)


def test_a_count_that_was_over_at_the_first_load_is_unknown() -> None:
    history = PlanHistory(plan(deadline(BASE, "base"), deadline(after(working_days(2)))), loaded_at=at(8, 7))
    history.record("received", at(8, 8), "base", "beta", happened_at=at(8, 1))
    assert history.agenda().by_key["report", "beta"].unknown
