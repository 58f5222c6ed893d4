"""Whoever knows a date that is counted from another one is told when it moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scheduler.plan.agenda import Agenda
from scheduler.plan.dates.date_forms import By, DateForm, DayCount, On, Relative
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.messages.message import ChangeMessage, Message
from scheduler.plan.model import Milestone, Plan
from scheduler.plan.obligations import EventDate, ObligationDate
from scheduler.queries.agendas import read_agenda
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, DaemonFixture, minutes, plan
from tests.support.fakes import SpyComposer
from tests.support.plan_builders import at, deadline, event, history_of, working_days

EIGHTH, FIFTEENTH = On(date(2023, 6, 8), date(2023, 6, 8)), On(date(2023, 6, 15), date(2023, 6, 15))


def ahead(count: DayCount, to: str = "meeting") -> Relative:
    """Return `... before the meeting`."""
    return Relative(to, count, "before")


def slides(form: DateForm) -> Milestone:
    """Return what each member owes before the meeting."""
    return deadline(form, "slides")


PLAN = plan(event(EIGHTH), slides(ahead(working_days(3))))  # 5 June


class Told:
    """A daemon whose reminders of the slides have left, and the changes that it writes about."""

    def __init__(self, store: SqlStore, plan: Plan = PLAN) -> None:
        self.messages: list[Message] = []
        self.daemon = DaemonFixture(store, plan, composer=SpyComposer(COMPOSER, self.messages.append))
        self.daemon.live(at(5, 24, 12))

    def edit(self, *milestones: Milestone) -> None:
        """Load another revision of the plan."""
        self.daemon.definitions.plans = [replace(PLAN, milestones=milestones, digest="another")]
        self.daemon.ticker.load()

    def agenda(self) -> Agenda:
        """Return what the record promises now."""
        with self.daemon.store.reading() as view:
            return read_agenda(view, self.daemon.plan)

    def changes(self, party: str = "beta") -> list[tuple[str, object, date | None]]:
        """Return what a party is told within the next half hour: the milestone, the date before, and the day now."""
        self.daemon.live(self.daemon.clock.instant + minutes(30))
        mine = [m for m in self.messages if isinstance(m, ChangeMessage) and m.party.id == party]
        return list(dict.fromkeys((m.occurrence, m.was, _day(m.when)) for m in mine))


def _day(when: ObligationDate) -> date | None:
    """Return the first day of a date that is fixed."""
    return when.named if isinstance(when, DueDate) else when.event.first if isinstance(when, EventDate) else None


@pytest.fixture
def told(store: SqlStore) -> Told:
    return Told(store)


def test_when_the_meeting_moves_what_is_due_before_it_moves_with_it(told: Told) -> None:
    told.daemon.record("date_fixed", None, "meeting", form=FIFTEENTH)
    assert told.changes() == [
        ("meeting", EIGHTH, date(2023, 6, 15)),
        ("slides", By(date(2023, 6, 5)), date(2023, 6, 12)),
    ]
    told.daemon.live(at(5, 25, 9))
    assert told.daemon.left()[-2:] == ["05-24 12:00 change"] * 2


def test_when_the_plan_is_edited_to_another_distance_those_who_owe_it_are_told(told: Told) -> None:
    told.edit(event(EIGHTH), slides(ahead(working_days(6))))
    assert told.changes() == [("slides", By(date(2023, 6, 5)), date(2023, 5, 31))]


def test_when_the_plan_is_edited_to_a_day_of_its_own_they_are_told(told: Told) -> None:
    told.edit(event(EIGHTH), slides(By(date(2023, 6, 1))))
    assert told.changes() == [("slides", By(date(2023, 6, 5)), date(2023, 6, 1))]


def test_when_one_edit_moves_the_meeting_and_the_distance_they_are_told_once(told: Told) -> None:
    told.edit(event(FIFTEENTH), slides(ahead(working_days(6))))
    assert told.changes() == [
        ("meeting", EIGHTH, date(2023, 6, 15)),
        ("slides", By(date(2023, 6, 5)), date(2023, 6, 7)),
    ]


def test_what_is_counted_from_what_is_counted_moves_too(store: SqlStore) -> None:
    draft = deadline(ahead(working_days(2), "slides"), "draft")
    told = Told(store, plan(event(EIGHTH), slides(ahead(working_days(3))), draft))
    told.daemon.record("date_fixed", None, "meeting", form=FIFTEENTH)
    assert told.changes()[1:] == [
        ("slides", By(date(2023, 6, 5)), date(2023, 6, 12)),
        ("draft", By(date(2023, 6, 1)), date(2023, 6, 8)),
    ]


def test_whoever_has_submitted_hears_only_of_the_meeting(told: Told) -> None:
    told.daemon.record("received", milestone="slides")
    told.daemon.record("date_fixed", None, "meeting", form=FIFTEENTH)
    assert [about for about, _, _ in told.changes()] == ["meeting"]
    assert [about for about, _, _ in told.changes("gamma")] == ["meeting", "slides"]


def test_a_date_that_an_edit_leaves_as_it_was_tells_nobody(told: Told) -> None:
    told.edit(event(EIGHTH), slides(By(date(2023, 6, 5))))
    assert told.changes() == []


def test_a_second_move_replaces_the_notices_of_the_first(told: Told) -> None:
    for form in (FIFTEENTH, On(date(2023, 6, 22), date(2023, 6, 22))):
        told.daemon.record("date_fixed", None, "meeting", form=form)
    told.daemon.live(at(5, 25, 9))
    assert told.daemon.left()[-2:] == ["05-24 12:00 change"] * 2
    assert [row.state for row in told.daemon.notices(party="beta")] == ["cancelled"] * 2 + ["sent"] * 2
    assert told.changes()[-1] == ("slides", By(date(2023, 6, 5)), date(2023, 6, 19))


def test_an_edit_that_turns_the_order_round_is_counted_without_a_circle(told: Told) -> None:
    """Before it the slides were counted from the meeting, after it the meeting from the slides."""
    told.edit(
        event(Relative("slides", working_days(3), "within")),
        slides(By(date(2023, 6, 1))),
    )
    assert told.changes() == [("meeting", EIGHTH, None)]


@pytest.mark.parametrize("is_first", [True, False])
def test_an_edit_that_turns_the_order_round_leaves_both_dates_in_force(is_first: bool) -> None:
    """Whichever of the two stands first in the plan."""
    own = deadline(By(date(2023, 9, 1)))
    counted = deadline(Relative("report", working_days(5), "before"), "draft")
    history = history_of(*((own, counted) if is_first else (counted, own)))
    history.record("amended", at(5, 25), "report", form=own.form, was=Relative("draft", working_days(3), "before"))
    history.record("amended", at(5, 25), "draft", form=counted.form, was=By(date(2023, 8, 10)))
    assert [o.due.named for o in history.agenda().by_milestone["draft"] if o.due] == [date(2023, 8, 25)] * 3
    assert history.ladder("draft") != []


def test_what_was_counted_from_a_milestone_that_is_gone_has_the_date_of_the_edit(told: Told) -> None:
    """When it was is not known any more, so nobody is told that it was another day."""
    told.edit(slides(By(date(2023, 6, 1))))
    assert told.changes() == []
    [day] = {o.due.named for o in told.agenda().by_milestone["slides"] if o.due}
    assert day == date(2023, 6, 1)
