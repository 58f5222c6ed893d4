"""When the digest is due, and what it says of a week."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from scheduler.plan.dates.date_forms import Before, By, On, Undated, Window
from scheduler.plan.messages.digest import Digest, DigestHealth
from scheduler.plan.model import Deliverable, Group
from scheduler.plan.reasons import NONE
from scheduler.ports import Mail, MessageRow, MessageState
from scheduler.services.digests import (
    DigestSchedule,
    digest_recipients,
    draw_digest,
    last_digest,
    next_digest,
    read_health,
)
from tests.support.plan_builders import PlanHistory, at, deadline, event, history_of, plan, vietnam

MONDAY = at(3, 13)
WEEKLY = DigestSchedule()


def digest(history: PlanHistory, now: datetime = MONDAY) -> Digest:
    return draw_digest(history.agenda(), history.facts, now, DigestHealth())


def ids(items: Any) -> list[str]:
    return [item.milestone.id for item in items]


# ---- when


@pytest.mark.parametrize(
    ("now", "last", "following"),
    [
        (at(3, 13, 7, 59), at(3, 6), at(3, 13)),
        (at(3, 13, 8, 0), at(3, 13), at(3, 20)),
        (at(3, 19, 23, 0), at(3, 13), at(3, 20)),
    ],
)
def test_the_digest_is_due_on_monday_at_eight(now: datetime, last: datetime, following: datetime) -> None:
    assert last_digest(plan(), WEEKLY, now) == last
    assert next_digest(plan(), WEEKLY, now) == following


def test_a_digest_on_a_day_off_moves_to_the_next_working_day() -> None:
    """Contract rule 14: Monday 1 May to Wednesday 3 May 2023 are holidays."""
    holidays = plan(workdays=vietnam())
    assert next_digest(holidays, WEEKLY, at(4, 29)) == at(5, 4)
    assert last_digest(holidays, WEEKLY, at(5, 4, 9)) == at(5, 4)
    assert last_digest(holidays, WEEKLY, at(5, 3, 9)) == at(4, 24)


def test_another_day_and_hour_can_be_chosen() -> None:
    friday = DigestSchedule(weekday=4, at=time(16, 30))
    assert next_digest(plan(), friday, MONDAY) == at(3, 17, 16, 30)


def test_the_officers_of_the_lead_read_it() -> None:
    assert [r.contact.email for r in digest_recipients(plan(), WEEKLY, [], at(3, 6))] == ["officer@lead.example"]


# ---- what


def test_a_week_is_named_by_its_number_and_its_days() -> None:
    week = digest(history_of(deadline(By(date(2023, 3, 17)))))
    assert (week.week, week.first, week.last) == (11, date(2023, 3, 13), date(2023, 3, 19))


def test_what_was_completed_in_the_last_seven_days_is_told_and_older_things_are_not() -> None:
    history = history_of(deadline(By(date(2023, 3, 17))))
    history.record("received", at(3, 5), "report", "lead")
    history.record("received", at(3, 9), "report", "beta")
    [done] = digest(history).done
    assert (done.milestone.id, [party.id for party in done.parties]) == ("report", ["beta"])


def test_what_is_due_within_a_fortnight_is_listed_by_day_with_those_who_still_owe_it() -> None:
    history = history_of(
        deadline(By(date(2023, 3, 24)), "later"),
        deadline(By(date(2023, 3, 17)), "sooner"),
        deadline(By(date(2023, 3, 28)), "beyond"),
        event(On(date(2023, 3, 20), date(2023, 3, 20)), "meeting"),
    )
    history.record("received", at(3, 9), "sooner", "beta")
    due = digest(history).due
    assert [(item.day.day, item.milestone.id) for item in due] == [(17, "sooner"), (20, "meeting"), (24, "later")]
    assert [party.id for party in due[0].parties] == ["lead", "gamma"]


def test_what_is_due_is_told_with_how_many_have_answered() -> None:
    """Four days before a date nobody has missed anything, but that none of three has come is news."""
    history = history_of(deadline(By(date(2023, 3, 17))))
    assert [(item.answered, item.total) for item in digest(history).due] == [(0, 3)]
    assert digest(history).incomplete == ()
    history.record("received", at(3, 9), "report", "beta")
    history.record("waived", at(3, 9), "report", "gamma")
    [item] = digest(history).due
    assert (item.answered, item.total, [party.id for party in item.parties]) == (1, 2, ["lead"])
    history.record("received", at(3, 10), "report", "lead")
    assert digest(history).due == ()


def test_who_has_another_day_is_counted_on_that_day() -> None:
    history = history_of(deadline(By(date(2023, 3, 17))))
    history.record("extended", at(3, 9), "report", "beta", form=By(date(2023, 3, 24)))
    assert [(item.day.day, item.answered, item.total) for item in digest(history).due] == [(17, 0, 2), (24, 0, 1)]


def test_of_an_event_no_answers_are_counted() -> None:
    [item] = digest(history_of(event(On(date(2023, 3, 20), date(2023, 3, 20))))).due
    assert (item.total, [party.id for party in item.parties]) == (0, ["lead"])


def test_between_the_target_day_and_the_last_day_in_time_it_is_still_ahead() -> None:
    """On Monday the 20th, before which the plan asks for it, the target day is three days past and nobody is late."""
    history = history_of(deadline(Before(date(2023, 3, 20))), workdays=vietnam())
    [item] = digest(history, at(3, 20)).due
    assert (item.day, item.total) == (date(2023, 3, 20), 3)
    assert digest(history, at(3, 21)).due == ()


def test_what_waits_for_its_parties_is_due_too() -> None:
    """Until it is decided that there are none."""
    award = deadline(By(date(2023, 3, 24)), "award", responsible=("winners",))
    history = history_of(award, groups=(Group(id="winners", chosen_by="lead"),))
    [item] = digest(history).due
    assert (item.day, item.milestone.id, item.is_unassigned) == (date(2023, 3, 24), "award", True)
    history.record("nominated", at(3, 10), group="winners")
    assert digest(history).due == ()


def test_a_week_without_anything_due_names_what_comes_next() -> None:
    week = digest(history_of(deadline(By(date(2023, 8, 9)))))
    assert week.due == ()
    assert week.next_milestone is not None
    assert (week.next_milestone.day, week.next_milestone.milestone.id) == (date(2023, 8, 9), "report")


def test_what_is_overdue_partial_or_returned_is_incomplete_with_what_is_missing() -> None:
    documents = (Deliverable(id="a", title="A"), Deliverable(id="b", title="B"))
    history = history_of(deadline(By(date(2023, 3, 10)), deliverables=documents))
    history.record("received", at(3, 9), "report", "beta", deliverables=("a",))
    history.record("received", at(3, 9), "report", "lead")
    [missing] = digest(history).incomplete
    assert [(e.party.id, e.status, [d.id for d in e.missing]) for e in missing.entries] == [
        ("beta", "overdue_partial", ["b"]),
        ("gamma", "overdue", ["a", "b"]),
    ]


def test_what_has_not_come_by_every_channel_is_listed_by_itself_until_somebody_accepts_it() -> None:
    """Contract rule 8."""
    history = history_of(deadline(By(date(2023, 3, 17)), channels=("paper", "email")))
    history.record("received", at(3, 9), "report", "beta", channel="email")
    [lacking] = digest(history).lacking
    assert [(e.party.id, e.status, e.channels) for e in lacking.entries] == [("beta", "submitted", ("paper",))]
    assert digest(history).incomplete == ()
    history.record("accepted", at(3, 10), "report", "beta")
    assert digest(history).lacking == ()


def test_what_is_complete_waits_in_the_digest_for_the_office_to_check_it() -> None:
    history = history_of(deadline(By(date(2023, 3, 10))))
    history.record("received", at(3, 9), "report", "beta")
    [waiting] = digest(history).unchecked
    assert [(waiting.milestone.id, party.id) for party in waiting.parties] == [("report", "beta")]
    history.record("accepted", at(3, 10), "report", "beta")
    assert digest(history).unchecked == ()


def test_dates_still_to_be_decided_are_listed_once() -> None:
    history = history_of(
        event(Window(date(2023, 6, 1), date(2023, 6, 10), "early June"), "window"),
        event(Before(date(2023, 11, 15)), "limit"),
        deadline(Undated("twice a year"), "undated"),
    )
    week = digest(history)
    assert ids(week.undecided) == ["window", "limit"]
    assert [milestone.id for milestone in week.undated] == ["undated"]


def test_decisions_of_the_last_seven_days_are_told_unless_they_were_taken_back() -> None:
    history = history_of(deadline(By(date(2023, 3, 17))))
    history.record("extended", at(3, 1), "report", "lead", form=By(date(2023, 3, 20)))
    history.record("extended", at(3, 9), "report", "beta", form=By(date(2023, 3, 24)))
    history.undo(history.record("waived", at(3, 10), "report", "gamma"), at(3, 10, 9))
    [change] = digest(history).changed
    assert (change.fact.kind, [party.id for party in change.parties]) == ("extended", ["beta"])


def mail(state: MessageState, subject: str, settled: datetime) -> MessageRow:
    written = Mail(message_id=f"<{subject}>", date=settled, address="a@b.example", subject=subject, data=b"")
    row = MessageRow(
        id=1,
        mail=written,
        kind="reminder",
        plan="plan",
        milestone="report",
        party="beta",
        rung="target",
        state="failed",
        reason=NONE,
        reply="",
        attempts=1,
        created_at=settled,
        not_before=settled,
        expires_at=None,
        settled_at=settled,
    )
    return replace(row, state=state)


def test_the_health_of_the_system_is_that_of_the_last_seven_days() -> None:
    history = history_of(deadline(By(date(2023, 3, 17))))
    history.record("bounced", at(2, 2), party="beta", address="officer@beta.example")
    week, old = (at(3, 9), at(3, 9, 12)), (at(2, 20), at(2, 21))
    mails = [mail("failed", "new", at(3, 9)), mail("failed", "old", at(3, 1)), mail("ambiguous", "unclear", at(3, 9))]
    health = read_health(history.plan, history.facts, mails, [old, week], MONDAY - timedelta(minutes=1), MONDAY)
    assert health.outages == (week,)
    assert [(party.id, address) for party, address in health.bounced] == [("beta", "officer@beta.example")]
    assert (health.failed.count, health.failed.subjects) == (1, ("new",))
    assert (health.ambiguous.count, health.ambiguous.subjects) == (1, ("unclear",))
    assert not health.is_well
