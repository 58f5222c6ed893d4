"""What a party says of itself: it has sent something, or a task is not its own. Nobody has seen it yet."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.plan.dates.date_forms import Before, By
from scheduler.plan.facts import MAILBOX, Declared
from scheduler.plan.model import Deliverable
from scheduler.plan.standing import Standing
from scheduler.plan.status import read_cell
from tests.support import strategies as our
from tests.support.plan_builders import LOADED, PlanHistory, at, deadline, history_of

AUGUST = Before(date(2023, 8, 10))
TWO = deadline(AUGUST, deliverables=(Deliverable(id="plan", title="Plan"), Deliverable(id="list", title="List")))


def declare(history: PlanHistory, day: int, hour: int = 9, **details: Any) -> Declared:
    """Let beta say on a day of August that it has sent its report."""
    fact = history.record("declared", at(8, day, hour), "report", "beta", **details)
    assert isinstance(fact, Declared)
    return fact


def standing(history: PlanHistory) -> Standing:
    return history.agenda().by_key["report", "beta"].standing


def code(history: PlanHistory, when: datetime, party: str = "beta") -> str:
    agenda = history.agenda()
    return read_cell(agenda, agenda.by_key["report", party], when).code


def test_a_declaration_stops_the_next_reminder_only() -> None:
    history = history_of(deadline(AUGUST))
    before = history.ladder()
    declare(history, 4, channel="paper", happened_at=at(8, 3))
    assert history.ladder() == [rung for rung in before if rung != "08-08 before:1wd"]
    [skipped] = [r for r in history.rungs() if r.at == at(8, 8)]
    assert str(skipped.reason) == "the party says it was sent on 2023-08-03 (paper)"
    assert history.ladder(party="gamma") == before


def test_two_declarations_before_one_reminder_stop_that_one() -> None:
    history = history_of(deadline(AUGUST))
    declare(history, 4)
    once = history.ladder()
    declare(history, 4, 10)
    assert history.ladder() == once


def test_the_lead_is_told_of_a_missing_report_whatever_the_party_says() -> None:
    """An escalation is no reminder: it stays where it is."""
    history = history_of(deadline(AUGUST))
    escalation = [rung for rung in history.ladder() if "escalate" in rung]
    for day in range(1, 31):
        declare(history, day)
    assert [rung for rung in history.ladder() if rung >= "08-02"] == escalation


def test_a_declaration_at_the_very_instant_of_a_reminder_stops_it() -> None:
    history = history_of(deadline(AUGUST))
    declare(history, 9, 8)
    assert "08-09 target" not in history.ladder()


def test_a_declaration_leaves_what_is_owed_open() -> None:
    history = history_of(TWO)
    said = declare(history, 4)
    assert standing(history) == Standing(missing=("plan", "list"), declared=(said,))
    assert [code(history, at(8, day)) for day in (5, 9, 25)] == ["declared"] * 3
    assert code(history, at(8, 25), "gamma") == "overdue"


def test_what_a_source_saw_waits_for_a_person_and_is_no_word_of_the_party() -> None:
    """Until the party says itself that it has sent it."""
    history = history_of(TWO)
    came = declare(history, 4, by=MAILBOX)
    assert (came.kind, came.label, code(history, at(8, 25))) == ("declared", "came", "in_review")
    [skipped] = [r for r in history.rungs() if r.at == at(8, 8)]
    assert str(skipped.reason) == "a mail or a file came on 2023-08-04 and waits for a person"
    said = declare(history, 5)
    assert (said.label, code(history, at(8, 25))) == ("declared", "declared")
    assert history.record("received", at(8, 26), "report", "beta").label == "received"


@pytest.mark.parametrize("answer", ["received", "returned", "accepted", "waived"])
def test_a_declaration_stands_until_the_office_answers(answer: Any) -> None:
    history = history_of(TWO)
    declare(history, 4)
    history.record(answer, at(8, 5), "report", "beta", deliverables=("plan",) if answer == "received" else ())
    assert standing(history).declared == ()
    assert code(history, at(8, 6)) != "declared"


def test_what_came_is_not_declared_any_more() -> None:
    history = history_of(deadline(AUGUST))
    history.record("received", at(8, 3), "report", "beta")
    declare(history, 4)
    assert (standing(history).state, standing(history).declared) == ("submitted", ())


def test_when_it_came_decides_lateness_not_when_the_party_says_it_was_sent() -> None:
    history = history_of(deadline(AUGUST))
    declare(history, 9, happened_at=at(8, 8))
    history.record("received", at(8, 14), "report", "beta")
    assert standing(history).complete_at == at(8, 14)


def test_what_is_declared_for_one_date_stops_nothing_of_the_next() -> None:
    history = history_of(deadline(AUGUST))
    declare(history, 4)
    history.record("extended", at(8, 7, 9), "report", "beta", form=By(date(2023, 8, 25)))
    extended = history_of(deadline(AUGUST))
    extended.record("extended", at(8, 7, 9), "report", "beta", form=By(date(2023, 8, 25)))
    assert history.ladder() == extended.ladder()


def test_a_party_confirms_nothing_that_was_in_doubt_from_the_start() -> None:
    """It would be chased for what it says it has sent (contract rule 4)."""
    for kind in ("declared", "disowned"):
        history = history_of(deadline(By(date(2023, 1, 20))))
        history.record(kind, LOADED + timedelta(days=1), "report", "beta")
        assert history.agenda().by_key["report", "beta"].unknown
        assert history.ladder() == []


def test_a_task_that_is_not_its_own_stays_the_partys_until_the_lead_decides() -> None:
    history = history_of(deadline(AUGUST))
    before = history.ladder()
    said = history.record("disowned", at(8, 4), "report", "beta", note="ask gamma")
    assert history.ladder() == before
    assert standing(history).disowned == (said,)
    history.record("waived", at(8, 5), "report", "beta")
    assert standing(history).disowned == ()


def test_an_undone_declaration_was_never_made() -> None:
    history = history_of(deadline(AUGUST))
    before = history.ladder()
    history.undo(declare(history, 4), at(8, 4, 10))
    assert history.ladder() == before


@given(our.plans(), st.lists(our.instants(), max_size=5))
def test_so_many_declarations_stop_at_most_so_many_reminders_each_after_it(plan: Any, instants: list[datetime]) -> None:
    silent, history = PlanHistory(plan), PlanHistory(plan)
    for when in sorted(instants):
        history.record("declared", when, "report", "beta")
    stopped = Counter(r for r in silent.rungs() if r.state == "planned")
    stopped -= Counter(r for r in history.rungs() if r.state == "planned")
    assert stopped.total() <= len(instants)
    for number, rung in enumerate(sorted(stopped, key=lambda r: r.at), 1):
        assert rung.kind in ("reminder", "overdue")
        assert sum(when <= rung.at for when in instants) >= number
    assert {r.key for r in silent.rungs()} == {r.key for r in history.rungs()}
