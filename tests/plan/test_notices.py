"""Which notices follow from facts, when they leave, and what makes them needless."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from scheduler.plan.agenda import Rung
from scheduler.plan.dates.date_forms import By, On
from scheduler.plan.facts import Actor, Fact, FactKind, Letter, Retraction, Withdrawn, find_retractions
from scheduler.plan.messages.promises import messages_for, recipients_of
from scheduler.plan.messages.submissions import submission_messages
from scheduler.plan.model import Deliverable, Group, Milestone
from scheduler.plan.notices import Notice, fact_of
from scheduler.plan.second_look import why_not_owed
from tests.support.plan_builders import HANOI, PlanHistory, at, deadline, event, history_of

FRIDAY = date(2023, 3, 17)
DOCUMENTS = (Deliverable(id="plan", title="the plan"), Deliverable(id="list", title="the list"))
REPORT = deadline(By(FRIDAY), deliverables=DOCUMENTS)
LATER = By(date(2023, 3, 24))
EIGHTH = On(date(2023, 6, 8), date(2023, 6, 8))
BETA = "officer@beta.example"


@pytest.fixture
def history() -> PlanHistory:
    """Return a plan of one report to which nothing has happened."""
    return history_of(REPORT)


def notices(history: PlanHistory, party: str = "beta") -> list[str]:
    """Return a party's notices: when, what, and why not."""
    found = [rung for rung in history.agenda().rungs() if fact_of(rung.name) and rung.kind not in LADDER]
    return [
        f"{rung.at.astimezone(HANOI):%m-%d %H:%M} {rung.name}" + (f": {rung.reason}" if rung.reason else "")
        for rung in found
        if rung.party == party
    ]


LADDER = ("overdue", "choose")


def record(history: PlanHistory, kind: FactKind, when: datetime, **details: Any) -> Fact:
    """Record a fact about beta's report."""
    return history.record(kind, when, "report", "beta", **details)


def undo(history: PlanHistory, fact: Fact, when: datetime, *addresses: str) -> Fact:
    """Take a fact back; these addresses hold a letter about it."""
    letters = tuple(Letter("report", "beta", address) for address in addresses)
    return history.record("withdrawn", when, target=fact.id, letters=letters)


def test_a_notice_leaves_at_the_next_opening(history: PlanHistory) -> None:
    record(history, "received", at(3, 4, 12))  # a Saturday
    assert notices(history) == ["03-06 08:00 receipt:1"]
    assert notices(history, "gamma") == []


def test_where_nobody_is_to_be_told_there_is_none(history: PlanHistory) -> None:
    for kind in ("received", "returned", "declared", "disowned"):
        record(history, kind, at(3, 6, 9), is_silent=True)
    record(history, "extended", at(3, 6, 9), form=LATER, is_silent=True)
    assert notices(history) == []


PAGE, CHECK = Actor("party", "Nam"), Actor("source", "folder")


def told(history: PlanHistory, party: str = "beta") -> list[str]:
    """Return the notices to the lead of what a party sent."""
    return [text for text in notices(history, party) if "submission:" in text]


@pytest.mark.parametrize("by", [PAGE, CHECK])
def test_the_lead_is_told_of_what_comes_without_the_office(history: PlanHistory, by: Actor) -> None:
    record(history, "received", at(3, 4, 12), by=by, deliverables=("plan",))  # a Saturday
    assert told(history) == ["03-06 08:00 submission:1"]
    [rung] = [rung for rung in history.agenda().rungs() if rung.kind == "submission"]
    assert [to.party.id for to in recipients_of(history.agenda(), rung, ())] == ["lead"]
    [(message, carried)] = submission_messages(history.agenda(), [rung], rung.at, ())
    [entry] = message.entries
    assert (carried, entry.party.id, [d.id for d in entry.missing]) == ((rung,), "beta", ["list"])
    assert messages_for(history.agenda(), rung, rung.at, ()) == []  # they are told together


def test_what_is_told_together_may_be_about_several_milestones() -> None:
    history = history_of(REPORT, deadline(By(FRIDAY), "second"))
    history.record("received", at(3, 6, 9), "report", "beta", by=PAGE)
    history.record("received", at(3, 6, 9), "second", "gamma", by=PAGE)
    agenda = history.agenda()
    rungs = [rung for rung in agenda.rungs() if rung.kind == "submission"]
    [(message, _)] = submission_messages(agenda, rungs, at(3, 6, 9), ())
    assert [entry.occurrence for entry in message.entries] == ["report", "second"]
    assert message.occurrence is None
    [(message, _)] = submission_messages(agenda, rungs[:1], at(3, 6, 9), ())
    assert message.occurrence == "report"


def test_what_the_office_records_itself_is_no_news_to_it(history: PlanHistory) -> None:
    record(history, "received", at(3, 6))
    record(history, "received", at(3, 6), by=PAGE, is_silent=True)
    assert told(history) == []


def test_the_lead_is_not_told_of_what_it_sent_itself(history: PlanHistory) -> None:
    history.record("received", at(3, 6), "report", "lead", by=PAGE)
    assert told(history, "lead") == []


def test_of_several_leads_who_sends_something_is_not_the_only_one_to_be_told() -> None:
    history = history_of(REPORT, groups=[Group(id="lead", parties=("lead", "gamma"))])
    history.record("received", at(3, 6), "report", "gamma", by=PAGE)
    assert told(history, "gamma") == ["03-06 08:00 submission:1"]


def test_without_a_lead_nobody_is_told() -> None:
    history = history_of(REPORT, groups=[Group(id="lead", parties=())])
    history.record("received", at(3, 6), "report", "gamma", by=PAGE)
    assert told(history, "gamma") == []


@pytest.mark.parametrize(
    ("setting", "when", "expected"),
    [
        ("at once", at(3, 6, 7, 30), ["03-06 08:00 submission:1"]),
        ("at once", at(3, 6, 15), ["03-06 15:00 submission:1"]),
        ("daily", at(3, 6, 7, 30), ["03-06 08:00 submission:1"]),
        ("daily", at(3, 6, 15), ["03-07 08:00 submission:1"]),
        ("daily", at(3, 10, 15), ["03-13 08:00 submission:1"]),  # from Friday to Monday
        ("off", at(3, 6, 15), []),
    ],
)
def test_the_lead_is_told_at_once_daily_or_not_at_all(setting: str, when: datetime, expected: list[str]) -> None:
    history = history_of(REPORT, submission_notices=setting)
    record(history, "received", when, by=PAGE)
    assert told(history) == expected


@pytest.mark.parametrize("kind", ["accepted", "returned", "waived"])
def test_what_the_office_has_answered_needs_no_notice(kind: FactKind) -> None:
    history = history_of(REPORT, submission_notices="daily")
    record(history, "received", at(3, 6, 15), by=PAGE)
    record(history, kind, at(3, 6, 16))
    assert told(history) == ["03-07 08:00 submission:1: it has been answered meanwhile"]


def test_a_release_of_all_is_no_answer_to_what_was_sent_before() -> None:
    history = history_of(REPORT, submission_notices="daily")
    record(history, "received", at(3, 6, 15), by=PAGE)
    history.record("waived", at(3, 6, 16), "report")
    assert told(history) == ["03-07 08:00 submission:1"]


def test_a_copy_that_comes_after_the_last_day_is_not_called_late() -> None:
    """Everything had come in time (contract rule 8)."""
    history = history_of(BY_BOTH)
    record(history, "received", at(3, 16), channel="paper")
    copy = record(history, "received", at(3, 20), channel="web", by=PAGE)
    agenda = history.agenda()
    [rung] = [rung for rung in agenda.rungs() if rung.name == f"submission:{copy.id}"]
    [(message, _)] = submission_messages(agenda, [rung], at(3, 20), ())
    [entry] = message.entries
    assert (entry.is_late, entry.is_again) == (False, True)


def test_what_comes_after_the_last_day_is_called_late(history: PlanHistory) -> None:
    record(history, "received", at(3, 20), by=PAGE)
    agenda = history.agenda()
    [(message, _)] = submission_messages(agenda, [r for r in agenda.rungs() if r.kind == "submission"], at(3, 20), ())
    [entry] = message.entries
    assert (entry.is_late, entry.is_again) == (True, False)


def test_a_submission_that_was_undone_is_in_no_notice(history: PlanHistory) -> None:
    fact = record(history, "received", at(3, 6, 15), by=PAGE)
    [rung] = [rung for rung in history.agenda().rungs() if rung.kind == "submission"]
    undo(history, fact, at(3, 6, 16))
    assert (told(history), submission_messages(history.agenda(), [rung], rung.at, ())) == ([], [])


BY_BOTH = deadline(By(FRIDAY), deliverables=DOCUMENTS, channels=("paper", "email"))


def copies(history: PlanHistory) -> list[str]:
    """Return the reminders of beta's missing copies."""
    return [text for text in notices(history) if "copy:" in text]


@pytest.mark.parametrize("channel", ["paper", "email", "web"])
def test_a_copy_that_has_not_come_is_asked_for_once_after_five_working_days(channel: str) -> None:
    history = history_of(BY_BOTH)
    record(history, "received", at(3, 6, 15), channel=channel)
    assert copies(history) == ["03-13 08:00 copy:1"]
    missing = ("paper",) if channel != "paper" else ("email",)
    [receipt, copy] = [
        message
        for rung in history.agenda().rungs()
        if rung.party == "beta" and rung.kind in ("receipt", "copy")
        for message in messages_for(history.agenda(), rung, rung.at, ())
    ]
    assert [receipt.kind, copy.kind] == ["receipt", "copy"]
    assert receipt.missing_channels == copy.missing_channels == missing  # type: ignore[union-attr]
    assert [receipt.to.email, copy.to.email] == [BETA, BETA]


ANSWERED = "03-13 08:00 copy:1: it has been answered meanwhile"


@pytest.mark.parametrize(
    ("kind", "details", "left"),
    [
        ("received", {"channel": "email"}, [ANSWERED]),
        ("received", {"channel": "web"}, [ANSWERED]),
        ("accepted", {}, [ANSWERED]),
        ("returned", {}, []),
    ],
)
def test_the_reminder_of_a_copy_falls_away_when_it_comes_or_is_not_needed(
    kind: FactKind, details: dict[str, Any], left: list[str]
) -> None:
    history = history_of(BY_BOTH)
    record(history, "received", at(3, 6, 15), channel="paper")
    record(history, kind, at(3, 8), **details)
    assert copies(history) == left


def test_a_receipt_that_leaves_after_the_acceptance_asks_for_no_copy() -> None:
    history = history_of(BY_BOTH)
    record(history, "received", at(3, 4, 9), channel="paper")  # a Saturday
    record(history, "accepted", at(3, 4, 10))
    agenda = history.agenda()
    [rung] = [rung for rung in agenda.rungs() if rung.kind == "receipt"]
    [receipt] = messages_for(agenda, rung, rung.at, ())
    assert receipt.missing_channels == ()  # type: ignore[union-attr]


def test_the_copy_is_asked_for_of_the_entry_that_says_by_what_channel_it_came() -> None:
    history = history_of(BY_BOTH)
    record(history, "received", at(3, 6, 9))
    assert copies(history) == []
    record(history, "received", at(3, 6, 10), channel="paper")
    assert copies(history) == ["03-13 08:00 copy:2"]


@pytest.mark.parametrize(
    ("milestone", "details"),
    [
        (REPORT, {"channel": "paper"}),  # no channel is asked for
        (BY_BOTH, {}),  # nobody said by which it came
        (BY_BOTH, {"channel": "paper", "deliverables": ("plan",)}),  # not complete: the ladder goes on
        (BY_BOTH, {"channel": "paper", "is_silent": True}),
    ],
)
def test_no_copy_is_asked_for_where_none_is_known_to_be_missing(milestone: Milestone, details: dict[str, Any]) -> None:
    history = history_of(milestone)
    record(history, "received", at(3, 6), **details)
    assert copies(history) == []


def test_who_submits_again_after_a_return_is_asked_for_the_copy_of_that() -> None:
    history = history_of(BY_BOTH)
    record(history, "received", at(3, 6), channel="paper")
    record(history, "returned", at(3, 7))
    assert copies(history) == []
    record(history, "received", at(3, 8), channel="paper")
    assert copies(history) == ["03-15 08:00 copy:3"]


def test_of_submissions_in_one_night_the_last_gets_the_receipt(history: PlanHistory) -> None:
    for hour in (18, 19, 20):
        record(history, "received", at(3, 3, hour), deliverables=("plan",))
    assert notices(history) == [
        "03-06 08:00 receipt:1: a later receipt lists everything",
        "03-06 08:00 receipt:2: a later receipt lists everything",
        "03-06 08:00 receipt:3",
    ]


def test_a_receipt_that_has_left_counts_for_its_day_also_if_it_was_a_mistake(history: PlanHistory) -> None:
    """At most one a day (contract rule 17)."""
    slip = record(history, "received", at(3, 6, 9))
    undo(history, slip, at(3, 6, 10), BETA)
    record(history, "received", at(3, 6, 11), deliverables=("plan",))
    assert "03-07 08:00 receipt:3" in notices(history)


def test_a_receipt_that_never_left_counts_for_nothing(history: PlanHistory) -> None:
    slip = record(history, "received", at(3, 6, 18))
    undo(history, slip, at(3, 6, 19))
    record(history, "received", at(3, 7, 9), deliverables=("plan",))
    assert notices(history) == ["03-07 09:00 receipt:3"]


def test_a_decision_waits_for_the_undoing_of_a_later_one(history: PlanHistory) -> None:
    record(history, "extended", at(3, 6, 9), form=LATER)
    slip = record(history, "extended", at(3, 6, 18), form=By(date(2023, 3, 31)))
    assert notices(history) == ["03-07 08:00 change:2"]
    undo(history, slip, at(3, 8, 10))
    assert notices(history) == ["03-08 10:00 change:1"]


def test_the_undoing_of_an_earlier_decision_moves_nothing(history: PlanHistory) -> None:
    first = record(history, "extended", at(3, 6, 9), form=LATER)
    record(history, "extended", at(3, 7, 9), form=By(date(2023, 3, 31)))
    undo(history, first, at(3, 8, 10))
    assert notices(history) == ["03-07 09:00 change:2"]


def test_what_is_undone_for_another_party_moves_nothing(history: PlanHistory) -> None:
    record(history, "extended", at(3, 6, 9), form=LATER)
    other = history.record("extended", at(3, 6, 10), "report", "gamma", form=LATER)
    undo(history, other, at(3, 6, 18))
    assert notices(history) == ["03-06 09:00 change:1"]


def test_a_waiver_of_what_has_come_tells_nobody(history: PlanHistory) -> None:
    record(history, "received", at(3, 6, 9), is_silent=True)
    history.record("waived", at(3, 6, 10), "report")
    assert notices(history) == []


def test_an_event_has_no_letter_that_is_about_a_deadline() -> None:
    history = history_of(event(EIGHTH), REPORT)
    slip = record(history, "extended", at(3, 6, 9), form=LATER)
    undo(history, slip, at(3, 7, 9), BETA)
    assert {rung.milestone for rung in history.agenda().rungs() if rung.kind == "correction"} == {"report"}


def test_a_correction_goes_to_who_holds_the_letter_and_is_still_a_contact(history: PlanHistory) -> None:
    slip = record(history, "extended", at(3, 6, 9), form=LATER)
    undo(history, slip, at(3, 7, 9), BETA, "gone@beta.example")
    assert notices(history) == ["03-07 09:00 correction:2"]
    agenda = history.agenda()
    [rung] = [rung for rung in agenda.rungs() if rung.kind == "correction"]
    assert [to.contact.email for to in recipients_of(agenda, rung, ())] == [BETA]


def test_where_nobody_holds_a_letter_there_is_no_correction(history: PlanHistory) -> None:
    slip = record(history, "extended", at(3, 6, 9), form=LATER)
    undo(history, slip, at(3, 7, 9))
    assert notices(history) == []


def promise(name: str, **changes: Any) -> Rung:
    """Return the notice of beta's report with this name, as the ledger keeps it."""
    kind: Any = name.partition(":")[0]
    return replace_rung(Rung("report", "beta", name, date(2023, 3, 6), at(3, 6, 9), kind), **changes)


def replace_rung(rung: Rung, **changes: Any) -> Rung:
    return rung._replace(**changes)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("receipt:1", None),
        ("receipt:9", ("cancelled", "a later decision replaced it")),
        ("change:2", None),
        ("change:7", ("cancelled", "the fact it was about was withdrawn")),
        ("return:4", ("skipped", "it has been answered meanwhile")),
    ],
)
def test_a_notice_is_looked_at_again_before_it_leaves(
    history: PlanHistory, name: str, expected: tuple[str, str] | None
) -> None:
    """For what it says, and not for a date in the ledger."""
    record(history, "received", at(3, 6, 9))
    record(history, "extended", at(3, 6, 9), form=LATER)
    record(history, "received", at(3, 6, 9))
    record(history, "returned", at(3, 6, 10))
    record(history, "received", at(3, 6, 11))
    record(history, "received", at(3, 6, 11))
    slip = record(history, "extended", at(3, 6, 12), form=By(date(2023, 3, 31)))
    undo(history, slip, at(3, 6, 13))
    found = why_not_owed(history.agenda(), promise(name))
    assert (found and (found[0], str(found[1]))) == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"milestone": "gone"}, "gone is no longer in the plan"),
        ({"party": "delta"}, "delta no longer has a part in report"),
    ],
)
def test_a_notice_without_its_obligation_says_what_is_gone(
    history: PlanHistory, changes: dict[str, Any], reason: str
) -> None:
    record(history, "received", at(3, 6, 9))
    found = why_not_owed(history.agenda(), promise("receipt:1", **changes))
    assert (found and (found[0], str(found[1]))) == ("cancelled", reason)


def test_of_a_plan_that_has_ended_nobody_is_told_anything(history: PlanHistory) -> None:
    record(history, "received", at(3, 3, 18))
    history.record("retired", at(3, 3, 19), reason="it ends")
    assert notices(history) == []
    found = why_not_owed(history.agenda(), promise("receipt:1"))
    assert (found and (found[0], str(found[1]))) == ("cancelled", "the plan has ended")


@pytest.mark.parametrize("name", ["receipt:9", "correction:9", "change:1", "return:1"])
def test_of_what_does_not_count_there_is_no_message(history: PlanHistory, name: str) -> None:
    """Nor of a kind that the fact does not cause."""
    record(history, "received", at(3, 6, 9))
    assert messages_for(history.agenda(), promise(name), at(3, 6, 9), ()) == []
    assert messages_for(history.agenda(), promise(name, milestone="other"), at(3, 6, 9), ()) == []


def test_a_notice_has_a_name_that_says_what_it_is_about() -> None:
    assert Notice("receipt", 12, FRIDAY, at(3, 6, 9)).name == "receipt:12"
    assert (fact_of("receipt:12"), fact_of("before:7d"), fact_of("target")) == (12, 0, 0)


def test_what_was_taken_back_is_known_with_its_withdrawal(history: PlanHistory) -> None:
    """A withdrawal that was taken back itself counts for nothing, and one of an unknown fact is left out."""
    first, second = (record(history, "received", at(3, 6, hour)) for hour in (9, 10))
    gone = undo(history, second, at(3, 6, 11))
    undo(history, gone, at(3, 6, 12))
    by = undo(history, first, at(3, 6, 13))
    facts = history.facts
    assert isinstance(by, Withdrawn)
    assert Retraction(first, by) in find_retractions(facts)
    assert second not in [r.fact for r in find_retractions(facts)]
    assert find_retractions([by]) == []
    assert find_retractions([replace(by, target=99)]) == []
