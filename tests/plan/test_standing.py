"""How an obligation stands, folded from its facts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from scheduler.plan.dates.date_forms import Before
from scheduler.plan.facts import Fact, FactKind, drop_withdrawn
from scheduler.plan.model import Deliverable
from scheduler.plan.standing import Standing, read_standing
from tests.support.plan_builders import PlanHistory, at, deadline, history_of

ONE = deadline(Before(date(2023, 8, 10)))
TWO = deadline(
    Before(date(2023, 8, 10)), deliverables=(Deliverable(id="plan", title="Plan"), Deliverable(id="list", title="List"))
)


def stands(history: PlanHistory) -> Standing:
    """Return how the one milestone of a story stands for beta."""
    return history.agenda().by_key["report", "beta"].standing


def received(history: PlanHistory, day: int, *items: str, **details: Any) -> Fact:
    """Record that beta sent something on a day of August."""
    return history.record("received", at(8, day), "report", "beta", deliverables=items, **details)


def test_nothing_happened() -> None:
    assert read_standing(TWO, []) == Standing(missing=("plan", "list"))
    assert read_standing(ONE, []).is_open


def test_one_of_two_documents_is_partial_and_does_not_close() -> None:
    history = history_of(TWO)
    received(history, 1, "plan")
    found = stands(history)
    assert (found.state, found.missing, found.is_open, found.complete_at) == ("partial", ("list",), True, None)


def test_the_last_missing_document_completes() -> None:
    history = history_of(TWO)
    received(history, 2, "list")
    closing = received(history, 3, "plan", happened_at=at(8, 1))
    found = stands(history)
    assert (found.state, found.missing, found.closed_by) == ("submitted", (), closing)
    assert found.complete_at == at(8, 2)


def test_naming_no_document_means_all() -> None:
    history = history_of(TWO)
    received(history, 1)
    assert stands(history).state == "submitted"


def test_a_document_that_is_not_asked_for_completes_nothing() -> None:
    """It may have been asked for in an earlier revision."""
    history = history_of(TWO)
    received(history, 1, "plan", "photo")
    assert (stands(history).state, stands(history).missing) == ("partial", ("list",))
    received(history, 2, "list")
    assert stands(history).state == "submitted"


def test_the_closing_fact_is_the_one_that_completed_first() -> None:
    history = history_of(ONE)
    first = received(history, 1)
    received(history, 3)
    history.record("accepted", at(8, 4), "report", "beta")
    found = stands(history)
    assert (found.state, found.closed_by, found.first_at) == ("accepted", first, at(8, 1))


def test_lateness_is_judged_by_the_last_complete_submission_and_the_first_is_kept() -> None:
    history = history_of(ONE)
    received(history, 1)
    history.record("returned", at(8, 2), "report", "beta")
    closing = received(history, 15)
    found = stands(history)
    assert (found.state, found.first_at, found.complete_at) == ("resubmitted", at(8, 1), at(8, 15))
    assert found.closed_by == closing


def test_sending_again_unasked_counts_as_the_last_submission() -> None:
    history = history_of(ONE)
    received(history, 1, channel="email")
    received(history, 15, channel="email")
    assert stands(history).complete_at == at(8, 15)


def test_returning_reopens_and_asks_for_what_is_missing() -> None:
    history = history_of(TWO)
    received(history, 1)
    history.record("returned", at(8, 2), "report", "beta", missing=("list",))
    found = stands(history)
    assert (found.state, found.missing, found.is_open) == ("returned", ("list",), True)
    received(history, 3, "plan")
    assert stands(history).state == "returned"
    received(history, 4, "list")
    assert (stands(history).state, stands(history).complete_at) == ("resubmitted", at(8, 4))


def test_returning_without_naming_anything_asks_for_everything() -> None:
    history = history_of(TWO)
    received(history, 1)
    history.record("returned", at(8, 2), "report", "beta")
    assert stands(history).missing == ("plan", "list")


def test_returning_what_was_never_received_only_says_so() -> None:
    history = history_of(TWO)
    history.record("returned", at(8, 2), "report", "beta", missing=("plan",))
    assert stands(history).state == "returned"


def test_accepting_closes_even_what_was_not_recorded_as_received() -> None:
    history = history_of(TWO)
    closing = history.record("accepted", at(8, 2), "report", "beta")
    found = stands(history)
    assert (found.state, found.closed_by, found.missing) == ("accepted", closing, ())
    assert found.first_at == found.complete_at == at(8, 2)


def test_nothing_that_comes_after_acceptance_makes_it_late() -> None:
    history = history_of(ONE)
    received(history, 1, channel="email")
    history.record("accepted", at(8, 2), "report", "beta")
    received(history, 20, channel="email")
    assert (stands(history).state, stands(history).complete_at) == ("accepted", at(8, 1))


def test_waiving_closes_and_stays_though_something_comes() -> None:
    history = history_of(ONE)
    closing = history.record("waived", at(8, 2), "report", "beta", reason="no pupils")
    received(history, 3)
    found = stands(history)
    assert (found.state, found.closed_by, found.complete_at) == ("waived", closing, at(8, 3))


def test_waiving_for_all_leaves_what_is_done_as_it_is() -> None:
    """Only who still owes it is released; one party may be released though it has submitted."""
    history = history_of(ONE)
    received(history, 1)
    history.record("waived", at(8, 2), "report", reason="a new form comes next year")
    assert [o.standing.state for o in history.agenda().obligations] == ["waived", "submitted", "waived"]
    history.record("waived", at(8, 3), "report", "beta", reason="a mistake of ours")
    assert stands(history).state == "waived"


def test_waiving_for_all_closes_every_obligation_in_one_act() -> None:
    history = history_of(ONE)
    history.record("waived", at(8, 2), "report", reason="no inspection this year")
    assert [o.standing.state for o in history.agenda().obligations] == ["waived"] * 3


def test_a_postmark_decides_the_time() -> None:
    history = history_of(ONE)
    received(history, 15, happened_at=at(8, 9), channel="paper")
    assert stands(history).complete_at == at(8, 9)


@pytest.mark.parametrize(
    ("posted", "counts"), [(at(8, 14), at(8, 9)), (at(8, 8), at(8, 8))], ids=["after the mail", "before the mail"]
)
def test_the_copy_on_paper_makes_nothing_late_but_its_postmark_may_be_the_earlier(
    posted: datetime, counts: datetime
) -> None:
    """Any channel stops the reminders (contract rule 8); both channels bring the same submission."""
    history = history_of(ONE)
    received(history, 9, channel="email")
    received(history, 16, happened_at=posted, channel="paper")
    assert stands(history).complete_at == counts
    assert stands(history).channels == {"email", "paper"}


def test_after_a_return_both_channels_bring_the_new_version() -> None:
    history = history_of(ONE)
    received(history, 7, channel="email")
    received(history, 8, channel="paper")
    history.record("returned", at(8, 9), "report", "beta")
    received(history, 10, channel="email")
    received(history, 16, channel="paper")
    assert stands(history).complete_at == at(8, 10)


def test_undoing_a_receipt_is_as_if_it_had_not_been_recorded() -> None:
    history, untold = history_of(ONE), history_of(ONE)
    history.undo(received(history, 1), at(8, 2))
    assert list(history.agenda().rungs()) == list(untold.agenda().rungs())


def test_undoing_a_return_leaves_the_first_submission() -> None:
    history = history_of(ONE)
    received(history, 1)
    history.undo(history.record("returned", at(8, 2), "report", "beta"), at(8, 3))
    assert stands(history).state == "submitted"


def test_undoing_an_undo_brings_the_fact_back() -> None:
    history = history_of(ONE)
    fact = received(history, 1)
    again = history.undo(history.undo(fact, at(8, 2)), at(8, 3))
    assert drop_withdrawn(history.facts) == [fact]
    history.undo(again, at(8, 4))
    assert drop_withdrawn(history.facts) == []


@pytest.mark.parametrize("kind", ["received", "returned", "waived", "opened"])
def test_what_a_party_disowns_waits_for_an_answer(kind: FactKind) -> None:
    history = history_of(ONE)
    said = history.record("disowned", at(8, 1), "report", "beta")
    assert stands(history).disowned == (said,)
    history.record(kind, at(8, 2), "report", "beta")
    assert stands(history).disowned == ()


def test_facts_of_other_kinds_leave_the_standing_alone() -> None:
    history = history_of(ONE)
    history.record("opened", at(8, 1), "report", "beta")
    assert stands(history) == Standing()
