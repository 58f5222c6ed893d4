"""Steps whose mails cannot all leave before the office closes are found before they fall due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time

from scheduler.plan.agenda import Agenda, draw_agenda
from scheduler.plan.dates.date_forms import By
from scheduler.plan.model import Group
from scheduler.queries.crowded_steps import Crowd, find_crowds
from scheduler.queries.mail_limits import Limits
from tests.support.plan_builders import LOADED, at, deadline, party, plan


def agenda_of(count: int) -> Agenda:
    """Return the agenda of a plan in which so many parties owe a report by Friday 10 March."""
    parties = [party("lead"), *(party(f"p{number}") for number in range(count))]
    members = Group(id="members", parties=tuple(one.id for one in parties[1:]))
    owed = plan(deadline(By(date(2023, 3, 10))), parties=parties, groups=[members])
    return draw_agenda(owed, (), loaded_at=LOADED)


def crowd(found: Sequence[Crowd], month: int, day: int) -> Crowd:
    """Return what falls due on a day."""
    return next(one for one in found if (one.opens.month, one.opens.day) == (month, day))


def test_mails_that_the_minutes_until_closing_hold_are_no_crowd() -> None:
    """Nine hours of one a minute hold 540."""
    assert find_crowds([agenda_of(540)], Limits(per_minute=1), LOADED) == []


def test_mails_that_do_not_leave_before_closing_are_counted() -> None:
    found = find_crowds([agenda_of(541)], Limits(per_minute=1), LOADED)
    one = crowd(found, 3, 3)  # a week before
    assert (one.mails, one.in_time, one.plans) == (541, 540, ("plan",))
    assert (one.opens.time(), one.closes.time()) == (time(8), time(17))


def test_the_limit_of_a_day_counts_too() -> None:
    one = crowd((find_crowds([agenda_of(30)], Limits(per_minute=60, per_day=20), LOADED)), 3, 3)
    assert (one.mails, one.in_time) == (30, 20)


def test_plans_that_remind_together_share_the_limits() -> None:
    first, second = agenda_of(15), agenda_of(15)
    other = replace(second, plan=replace(second.plan, id="other"))
    assert find_crowds([first], Limits(per_day=20), LOADED) == []
    one = crowd((find_crowds([first, other], Limits(per_day=20), LOADED)), 3, 3)
    assert (one.mails, one.plans) == (30, ("other", "plan"))


def test_steps_of_one_day_are_counted_together() -> None:
    """Those at half past eight wait for those at eight."""
    first, later = agenda_of(15), agenda_of(15)
    [report] = later.plan.milestones
    ladder = replace(report.ladder, at=time(8, 30))
    half_past = replace(later.plan, id="other", milestones=(replace(report, ladder=ladder),))
    agendas = [first, draw_agenda(half_past, (), loaded_at=LOADED)]
    assert crowd(find_crowds(agendas, Limits(per_day=20), LOADED), 3, 3).in_time == 20
    assert find_crowds(agendas, Limits(per_minute=1), LOADED) == []


def test_without_limits_everything_leaves_in_time() -> None:
    assert find_crowds([agenda_of(541)], Limits(), LOADED) == []


def test_what_is_past_is_no_crowd() -> None:
    assert find_crowds([agenda_of(30)], Limits(per_day=20), at(12, 31)) == []
