"""How an obligation stands, folded from its facts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from scheduler.plan.date_forms import Before
from scheduler.plan.facts import Fact, FactKind, drop_withdrawn
from scheduler.plan.model import Deliverable
from scheduler.plan.standing import Standing, read_standing
from tests.support.plan_builders import Story, at, deadline, tell_of

ONE = deadline(Before(date(2023, 8, 10)))
TWO = deadline(
    Before(date(2023, 8, 10)), deliverables=(Deliverable(id="plan", title="Plan"), Deliverable(id="list", title="List"))
)


def stands(story: Story) -> Standing:
    """Return how the one milestone of a story stands for beta."""
    return story.agenda().by_key["report", "beta"].standing


def received(story: Story, day: int, *items: str, **details: Any) -> Fact:
    """Record that beta sent something on a day of August."""
    return story.tell("received", at(8, day), "report", "beta", deliverables=items, **details)


def test_nothing_happened() -> None:
    assert read_standing(TWO, []) == Standing(missing=("plan", "list"))
    assert read_standing(ONE, []).is_open


def test_one_of_two_documents_is_partial_and_does_not_close() -> None:
    story = tell_of(TWO)
    received(story, 1, "plan")
    found = stands(story)
    assert (found.state, found.missing, found.is_open, found.complete_at) == ("partial", ("list",), True, None)


def test_the_last_missing_document_completes() -> None:
    story = tell_of(TWO)
    received(story, 2, "list")
    closing = received(story, 3, "plan", happened_at=at(8, 1))
    found = stands(story)
    assert (found.state, found.missing, found.closed_by) == ("submitted", (), closing)
    assert found.complete_at == at(8, 2)


def test_naming_no_document_means_all() -> None:
    story = tell_of(TWO)
    received(story, 1)
    assert stands(story).state == "submitted"


def test_a_document_that_is_not_asked_for_completes_nothing() -> None:
    """It may have been asked for in an earlier revision."""
    story = tell_of(TWO)
    received(story, 1, "plan", "photo")
    assert (stands(story).state, stands(story).missing) == ("partial", ("list",))
    received(story, 2, "list")
    assert stands(story).state == "submitted"


def test_the_closing_fact_is_the_one_that_completed_first() -> None:
    story = tell_of(ONE)
    first = received(story, 1)
    received(story, 3)
    story.tell("accepted", at(8, 4), "report", "beta")
    found = stands(story)
    assert (found.state, found.closed_by, found.first_at) == ("accepted", first, at(8, 1))


def test_lateness_is_judged_by_the_last_complete_submission_and_the_first_is_kept() -> None:
    story = tell_of(ONE)
    received(story, 1)
    story.tell("returned", at(8, 2), "report", "beta")
    closing = received(story, 15)
    found = stands(story)
    assert (found.state, found.first_at, found.complete_at) == ("resubmitted", at(8, 1), at(8, 15))
    assert found.closed_by == closing


def test_sending_again_unasked_counts_as_the_last_submission() -> None:
    story = tell_of(ONE)
    received(story, 1, channel="email")
    received(story, 15, channel="email")
    assert stands(story).complete_at == at(8, 15)


def test_returning_reopens_and_asks_for_what_is_missing() -> None:
    story = tell_of(TWO)
    received(story, 1)
    story.tell("returned", at(8, 2), "report", "beta", missing=("list",))
    found = stands(story)
    assert (found.state, found.missing, found.is_open) == ("returned", ("list",), True)
    received(story, 3, "plan")
    assert stands(story).state == "returned"
    received(story, 4, "list")
    assert (stands(story).state, stands(story).complete_at) == ("resubmitted", at(8, 4))


def test_returning_without_naming_anything_asks_for_everything() -> None:
    story = tell_of(TWO)
    received(story, 1)
    story.tell("returned", at(8, 2), "report", "beta")
    assert stands(story).missing == ("plan", "list")


def test_returning_what_was_never_received_only_says_so() -> None:
    story = tell_of(TWO)
    story.tell("returned", at(8, 2), "report", "beta", missing=("plan",))
    assert stands(story).state == "returned"


def test_accepting_closes_even_what_was_not_recorded_as_received() -> None:
    story = tell_of(TWO)
    closing = story.tell("accepted", at(8, 2), "report", "beta")
    found = stands(story)
    assert (found.state, found.closed_by, found.missing) == ("accepted", closing, ())
    assert found.first_at == found.complete_at == at(8, 2)


def test_nothing_that_comes_after_acceptance_makes_it_late() -> None:
    story = tell_of(ONE)
    received(story, 1, channel="email")
    story.tell("accepted", at(8, 2), "report", "beta")
    received(story, 20, channel="email")
    assert (stands(story).state, stands(story).complete_at) == ("accepted", at(8, 1))


def test_waiving_closes_and_stays_though_something_comes() -> None:
    story = tell_of(ONE)
    closing = story.tell("waived", at(8, 2), "report", "beta", reason="no pupils")
    received(story, 3)
    found = stands(story)
    assert (found.state, found.closed_by, found.complete_at) == ("waived", closing, at(8, 3))


def test_waiving_for_all_leaves_what_is_done_as_it_is() -> None:
    """Only who still owes it is released; one party may be released though it has submitted."""
    story = tell_of(ONE)
    received(story, 1)
    story.tell("waived", at(8, 2), "report", reason="a new form comes next year")
    assert [o.standing.state for o in story.agenda().obligations] == ["waived", "submitted", "waived"]
    story.tell("waived", at(8, 3), "report", "beta", reason="a mistake of ours")
    assert stands(story).state == "waived"


def test_waiving_for_all_closes_every_obligation_in_one_act() -> None:
    story = tell_of(ONE)
    story.tell("waived", at(8, 2), "report", reason="no inspection this year")
    assert [o.standing.state for o in story.agenda().obligations] == ["waived"] * 3


def test_a_postmark_decides_the_time() -> None:
    story = tell_of(ONE)
    received(story, 15, happened_at=at(8, 9), channel="paper")
    assert stands(story).complete_at == at(8, 9)


@pytest.mark.parametrize(
    ("posted", "counts"), [(at(8, 14), at(8, 9)), (at(8, 8), at(8, 8))], ids=["after the mail", "before the mail"]
)
def test_the_copy_on_paper_makes_nothing_late_but_its_postmark_may_be_the_earlier(
    posted: datetime, counts: datetime
) -> None:
    """Any channel stops the reminders (rule 8); both channels bring the same submission."""
    story = tell_of(ONE)
    received(story, 9, channel="email")
    received(story, 16, happened_at=posted, channel="paper")
    assert stands(story).complete_at == counts
    assert stands(story).channels == {"email", "paper"}


def test_after_a_return_both_channels_bring_the_new_version() -> None:
    story = tell_of(ONE)
    received(story, 7, channel="email")
    received(story, 8, channel="paper")
    story.tell("returned", at(8, 9), "report", "beta")
    received(story, 10, channel="email")
    received(story, 16, channel="paper")
    assert stands(story).complete_at == at(8, 10)


def test_undoing_a_receipt_is_as_if_it_had_not_been_recorded() -> None:
    story, untold = tell_of(ONE), tell_of(ONE)
    story.undo(received(story, 1), at(8, 2))
    assert list(story.agenda().rungs()) == list(untold.agenda().rungs())


def test_undoing_a_return_leaves_the_first_submission() -> None:
    story = tell_of(ONE)
    received(story, 1)
    story.undo(story.tell("returned", at(8, 2), "report", "beta"), at(8, 3))
    assert stands(story).state == "submitted"


def test_undoing_an_undo_brings_the_fact_back() -> None:
    story = tell_of(ONE)
    fact = received(story, 1)
    again = story.undo(story.undo(fact, at(8, 2)), at(8, 3))
    assert drop_withdrawn(story.facts) == [fact]
    story.undo(again, at(8, 4))
    assert drop_withdrawn(story.facts) == []


@pytest.mark.parametrize("kind", ["received", "returned", "waived", "opened"])
def test_what_a_party_disowns_waits_for_an_answer(kind: FactKind) -> None:
    story = tell_of(ONE)
    said = story.tell("disowned", at(8, 1), "report", "beta")
    assert stands(story).disowned == (said,)
    story.tell(kind, at(8, 2), "report", "beta")
    assert stands(story).disowned == ()


def test_facts_of_other_kinds_leave_the_standing_alone() -> None:
    story = tell_of(ONE)
    story.tell("opened", at(8, 1), "report", "beta")
    assert stands(story) == Standing()
