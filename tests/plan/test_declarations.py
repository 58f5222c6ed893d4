"""What a party says of itself: it has sent something, or a task is not its own. Nobody has seen it yet."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.plan.date_forms import Before, By
from scheduler.plan.facts import Fact
from scheduler.plan.model import Deliverable
from scheduler.plan.standing import Standing
from scheduler.plan.status import read_cell
from tests.support import strategies as our
from tests.support.plan_builders import LOADED, Story, at, deadline, tell_of

AUGUST = Before(date(2023, 8, 10))
TWO = deadline(AUGUST, deliverables=(Deliverable(id="plan", title="Plan"), Deliverable(id="list", title="List")))


def declare(story: Story, day: int, hour: int = 9, **details: Any) -> Fact:
    """Let beta say on a day of August that it has sent its report."""
    return story.tell("declared", at(8, day, hour), "report", "beta", **details)


def standing(story: Story) -> Standing:
    return story.agenda().by_key["report", "beta"].standing


def code(story: Story, when: datetime, party: str = "beta") -> str:
    agenda = story.agenda()
    return read_cell(agenda, agenda.by_key["report", party], when).code


def test_a_declaration_stops_the_next_reminder_only() -> None:
    story = tell_of(deadline(AUGUST))
    before = story.ladder()
    declare(story, 4, channel="paper", happened_at=at(8, 3))
    assert story.ladder() == [rung for rung in before if rung != "08-08 before:1wd"]
    [skipped] = [r for r in story.rungs() if r.at == at(8, 8)]
    assert skipped.reason == "the party says it was sent on 2023-08-03 (paper)"
    assert story.ladder(party="gamma") == before


def test_two_declarations_before_one_reminder_stop_that_one() -> None:
    story = tell_of(deadline(AUGUST))
    declare(story, 4)
    once = story.ladder()
    declare(story, 4, 10)
    assert story.ladder() == once


def test_the_lead_is_told_of_a_missing_report_whatever_the_party_says() -> None:
    """An escalation is no reminder: it stays where it is."""
    story = tell_of(deadline(AUGUST))
    escalation = [rung for rung in story.ladder() if "escalate" in rung]
    for day in range(1, 31):
        declare(story, day)
    assert [rung for rung in story.ladder() if rung >= "08-02"] == escalation


def test_a_declaration_at_the_very_instant_of_a_reminder_stops_it() -> None:
    story = tell_of(deadline(AUGUST))
    declare(story, 9, 8)
    assert "08-09 target" not in story.ladder()


def test_a_declaration_leaves_what_is_owed_open() -> None:
    story = tell_of(TWO)
    said = declare(story, 4)
    assert standing(story) == Standing(missing=("plan", "list"), declared=(said,))
    assert [code(story, at(8, day)) for day in (5, 9, 25)] == ["declared"] * 3
    assert code(story, at(8, 25), "gamma") == "overdue"


@pytest.mark.parametrize("answer", ["received", "returned", "accepted", "waived"])
def test_a_declaration_stands_until_the_office_answers(answer: Any) -> None:
    story = tell_of(TWO)
    declare(story, 4)
    story.tell(answer, at(8, 5), "report", "beta", deliverables=("plan",) if answer == "received" else ())
    assert standing(story).declared == ()
    assert code(story, at(8, 6)) != "declared"


def test_what_came_is_not_declared_any_more() -> None:
    story = tell_of(deadline(AUGUST))
    story.tell("received", at(8, 3), "report", "beta")
    declare(story, 4)
    assert (standing(story).state, standing(story).declared) == ("submitted", ())


def test_when_it_came_decides_lateness_not_when_the_party_says_it_was_sent() -> None:
    story = tell_of(deadline(AUGUST))
    declare(story, 9, happened_at=at(8, 8))
    story.tell("received", at(8, 14), "report", "beta")
    assert standing(story).complete_at == at(8, 14)


def test_what_is_declared_for_one_date_stops_nothing_of_the_next() -> None:
    story = tell_of(deadline(AUGUST))
    declare(story, 4)
    story.tell("extended", at(8, 7, 9), "report", "beta", form=By(date(2023, 8, 25)))
    extended = tell_of(deadline(AUGUST))
    extended.tell("extended", at(8, 7, 9), "report", "beta", form=By(date(2023, 8, 25)))
    assert story.ladder() == extended.ladder()


def test_a_party_confirms_nothing_that_was_in_doubt_from_the_start() -> None:
    """It would be chased for what it says it has sent (rule 4)."""
    for kind in ("declared", "disowned"):
        story = tell_of(deadline(By(date(2023, 1, 20))))
        story.tell(kind, LOADED + timedelta(days=1), "report", "beta")  # type: ignore[arg-type]
        assert story.agenda().by_key["report", "beta"].unknown
        assert story.ladder() == []


def test_a_task_that_is_not_its_own_stays_the_partys_until_the_lead_decides() -> None:
    story = tell_of(deadline(AUGUST))
    before = story.ladder()
    said = story.tell("disowned", at(8, 4), "report", "beta", note="ask gamma")
    assert story.ladder() == before
    assert standing(story).disowned == (said,)
    story.tell("waived", at(8, 5), "report", "beta")
    assert standing(story).disowned == ()


def test_an_undone_declaration_was_never_made() -> None:
    story = tell_of(deadline(AUGUST))
    before = story.ladder()
    story.undo(declare(story, 4), at(8, 4, 10))
    assert story.ladder() == before


@given(our.plans(), st.lists(our.instants(), max_size=5))
def test_so_many_declarations_stop_at_most_so_many_reminders_each_after_it(plan: Any, instants: list[datetime]) -> None:
    silent, story = Story(plan), Story(plan)
    for when in sorted(instants):
        story.tell("declared", when, "report", "beta")
    stopped = Counter(r for r in silent.rungs() if r.state == "planned")
    stopped -= Counter(r for r in story.rungs() if r.state == "planned")
    assert stopped.total() <= len(instants)
    for number, rung in enumerate(sorted(stopped, key=lambda r: r.at), 1):
        assert rung.kind in ("reminder", "overdue")
        assert sum(when <= rung.at for when in instants) >= number
    assert {r.key for r in silent.rungs()} == {r.key for r in story.rungs()}
