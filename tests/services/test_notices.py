"""What is mailed because of a fact is promised: it falls away with what it says, and lives again with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from scheduler.errors import UserError
from scheduler.plan.dates.date_forms import By, On, Relative, Window
from scheduler.plan.dates.due_dates import DueDate
from scheduler.plan.facts import Actor, FactKind, Letter, Withdrawn
from scheduler.plan.messages.message import CorrectionMessage, Message
from scheduler.plan.model import Contact, Deliverable, Party, Plan
from scheduler.ports import Outcome
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, FRIDAY, DaemonFixture, due_by, local, minutes, plan, report
from tests.support.fakes import SpyComposer
from tests.support.plan_builders import PARTIES, at, deadline, event, working_days

BETA, HEAD = "officer@beta.example", "head@beta.example"
DOCUMENTS = (Deliverable(id="plan", title="the plan"), Deliverable(id="list", title="the list"))
MEETING = event(Window(date(2023, 6, 1), date(2023, 6, 9), "early in June"))


def until(day: int) -> dict[str, Any]:
    """Return the date of an extension."""
    return {"form": By(date(2023, 3, day))}


def on_june(day: int) -> dict[str, Any]:
    """Return the date of an event."""
    return {"form": On(date(2023, 6, day), date(2023, 6, day))}


@pytest.fixture
def evening(daemon: DaemonFixture) -> DaemonFixture:
    """Return a daemon in which the first reminder has left; it is Friday evening, 3 March."""
    daemon.live(at(3, 3, 19))
    return daemon


# ---- a decision that holds again


@pytest.mark.parametrize(("kind", "details"), [("extended", until(31)), ("waived", {}), ("waived", {"party": None})])
def test_the_notice_of_the_decision_that_holds_again_lives_again(
    evening: DaemonFixture, kind: FactKind, details: dict[str, Any]
) -> None:
    """A second decision by mistake is taken back before any notice has left: the first one is told."""
    first = evening.record("extended", **until(24)).fact
    second = evening.record(kind, **details).fact
    assert [(row.state, str(row.reason)) for row in evening.notices(name=f"change:{first.id}")] == [
        ("cancelled", "a later decision replaced it")
    ]
    assert BETA in evening.undo(second).notified
    evening.live(at(3, 6, 9))
    assert evening.left()[1:] == ["03-06 08:00 change"]
    assert evening.left("officer@gamma.example")[1:] == []
    assert [row.state for row in evening.notices(name=f"change:{second.id}", party="beta")] == ["cancelled"]


def test_a_notice_that_was_written_and_replaced_before_it_left_lives_again(daemon: DaemonFixture) -> None:
    """The mail server was away: the first mail was cancelled by the second look, and is written anew."""
    daemon.live(at(3, 6, 9))
    daemon.mailer.is_down = True
    first = daemon.record("extended", **until(24)).fact
    daemon.tick()
    second = daemon.record("extended", **until(31)).fact
    daemon.mailer.is_down = False
    daemon.live(at(3, 6, 9, 30))
    assert daemon.left()[1:] == ["03-06 09:00 change"]
    daemon.undo(second)
    daemon.live(at(3, 6, 10))
    assert daemon.left()[2:] == ["03-06 09:30 correction"]
    assert [str(row.reason) for row in daemon.notices(name=f"change:{first.id}")] == ["the correction says it"]


def test_of_an_event_the_date_that_holds_again_is_told(store: SqlStore) -> None:
    """Everybody invited hears of the first change, and not of the slip."""
    daemon = DaemonFixture(store, plan(MEETING))
    daemon.live(at(5, 19, 9))
    daemon.record("date_fixed", None, "meeting", **on_june(8))
    daemon.live(at(5, 19, 18))
    daemon.record("date_fixed", None, "meeting", **on_june(15))
    slip = daemon.record("date_fixed", None, "meeting", **on_june(16)).fact
    daemon.undo(slip)
    daemon.live(at(5, 22, 9))
    assert daemon.left() == ["05-19 09:00 invite", "05-22 08:00 change"]


# ---- corrections


def test_who_holds_a_letter_about_what_is_taken_back_gets_a_correction(daemon: DaemonFixture) -> None:
    """And nobody else; the act says so beforehand, and the record keeps who held what."""
    daemon.live(at(3, 6, 9))
    extension = daemon.record("extended", **until(24)).fact
    daemon.live(at(3, 6, 10))
    undone = daemon.undo(extension)
    assert undone.notified == (BETA,)
    assert isinstance(undone.fact, Withdrawn)
    assert undone.fact.letters == (Letter("report", "beta", BETA),)
    daemon.live(at(3, 6, 11))
    assert daemon.left()[-2:] == ["03-06 09:00 change", "03-06 10:00 correction"]
    assert daemon.left(HEAD) == []


def test_a_correction_says_what_holds_and_what_does_not(store: SqlStore) -> None:
    """With the date in force and what is owed."""
    messages: list[Message] = []
    daemon = DaemonFixture(store, composer=SpyComposer(COMPOSER, messages.append))
    daemon.live(at(3, 6, 9))
    extension = daemon.record("extended", **until(24)).fact
    daemon.live(at(3, 6, 10))
    daemon.undo(extension)
    daemon.live(at(3, 6, 11))
    *_, message = [m for m in messages if isinstance(m, CorrectionMessage)]
    assert (message.withdrawn, message.fact.reason) == (extension, "a mistake")
    assert isinstance(message.when, DueDate)
    assert message.when.named == FRIDAY


def test_without_a_correction_where_none_is_wanted(daemon: DaemonFixture) -> None:
    """`--no-correction`."""
    daemon.live(at(3, 6, 9))
    extension = daemon.record("extended", **until(24)).fact
    daemon.live(at(3, 6, 10))
    assert daemon.record("withdrawn", None, None, target=extension.id, notify=False).notified == ()
    daemon.live(at(3, 6, 11))
    assert daemon.left()[-1] == "03-06 09:00 change"


def test_overdue_notices_count_from_the_correction(daemon: DaemonFixture) -> None:
    """The party held a letter that gave it more time; lateness stays with the record."""
    daemon.live(at(3, 16, 9))
    extension = daemon.record("extended", **until(24)).fact
    daemon.live(at(3, 22, 10))
    daemon.undo(extension)
    daemon.live(at(4, 10))
    assert daemon.left()[-4:] == [
        "03-22 10:00 correction", "03-23 08:00 overdue:1", "03-27 08:00 overdue:2", "03-29 08:00 overdue:3",
    ]  # fmt: skip
    [first] = [row for row in daemon.rows() if (row.name, row.due) == ("overdue:1", FRIDAY)]
    assert str(first.note) == "1 working day after 2023-03-22, our correction"
    with daemon.store.reading() as record:
        o = daemon.ticker.agendas.read(record, daemon.plan).by_key["report", "beta"]
    assert o.is_overdue(at(3, 20, 9))


def test_nobody_is_reported_before_the_correction_could_be_answered(daemon: DaemonFixture) -> None:
    """The escalation is counted from it, too."""
    daemon.live(at(3, 16, 9))
    extension = daemon.record("extended", **until(24)).fact
    daemon.live(at(3, 22, 10))
    daemon.undo(extension)
    assert [(row.state, row.at) for row in daemon.rows() if row.kind == "escalation" and row.due == FRIDAY] == [
        ("planned", at(3, 24, 8))
    ]


@pytest.mark.parametrize(
    ("kind", "details", "letter"),
    [
        ("received", {}, "receipt"),
        ("received", {"deliverables": ("plan",)}, "receipt"),
        ("declared", {}, "receipt"),
        ("waived", {"reason": "newly founded"}, "change"),
        ("extended", until(27), "change"),
    ],
)
def test_every_kind_of_letter_is_corrected(
    store: SqlStore, kind: FactKind, details: dict[str, Any], letter: str
) -> None:
    daemon = DaemonFixture(store, plan(report(deliverables=DOCUMENTS)))
    daemon.live(at(3, 6, 9))
    fact = daemon.record(kind, **details).fact
    daemon.live(at(3, 7, 9))
    daemon.undo(fact)
    daemon.live(at(3, 7, 10))
    assert daemon.left()[1:] == [f"03-06 09:00 {letter}", "03-07 09:00 correction"]


def test_an_invitation_to_a_day_that_is_taken_back_is_corrected(store: SqlStore) -> None:
    """It named the day that the decision had set; who came to know it later holds a letter, too."""
    daemon = DaemonFixture(store, plan(MEETING))
    daemon.live(at(5, 19, 9))
    fixed = daemon.record("date_fixed", None, "meeting", **on_june(8)).fact
    daemon.live(at(6, 2, 9))
    assert daemon.left() == ["05-19 09:00 invite", "06-01 08:00 event:7d"]
    assert len(daemon.undo(fixed).notified) == 3
    daemon.live(at(6, 9))
    assert daemon.left()[2:] == ["06-02 09:00 correction"]


def test_a_later_decision_makes_a_correction_needless(evening: DaemonFixture) -> None:
    """The office puts it right before the correction has left."""
    evening.live(at(3, 6, 9))
    extension = evening.record("extended", **until(24)).fact
    evening.live(at(3, 6, 19))
    evening.undo(extension)
    evening.record("extended", **until(31))
    evening.live(at(3, 7, 9))
    assert evening.left()[1:] == ["03-06 09:00 change", "03-07 08:00 change"]
    assert [(row.state, str(row.reason)) for row in evening.notices(kind="correction")] == [
        ("skipped", "a later decision replaced it")
    ]


def test_an_answer_makes_a_correction_needless(evening: DaemonFixture) -> None:
    """The report comes before the correction has left."""
    evening.live(at(3, 6, 9))
    extension = evening.record("extended", **until(24)).fact
    evening.live(at(3, 6, 19))
    evening.undo(extension)
    evening.record("received")
    evening.live(at(3, 7, 9))
    assert evening.left()[1:] == ["03-06 09:00 change", "03-07 08:00 receipt"]


def test_where_nobody_who_holds_the_letter_is_a_contact_any_more_the_present_ones_are_written_to(
    evening: DaemonFixture,
) -> None:
    """They answer for the party."""
    evening.live(at(3, 6, 9))
    extension = evening.record("extended", **until(24)).fact
    evening.live(at(3, 6, 10))
    evening.definitions.plans = [with_contacts(evening.plan, Contact(name="new", email="new@beta.example"))]
    evening.ticker.load()
    assert evening.undo(extension).notified == ("new@beta.example",)


# ---- changes by file


@pytest.mark.parametrize("wait", [1, 14])
def test_an_edit_that_is_put_back_within_fifteen_minutes_is_told_to_nobody(daemon: DaemonFixture, wait: int) -> None:
    """It holds at once all the same (contract rule 2b)."""
    original = daemon.plan
    daemon.live(at(3, 6, 9))
    edit(daemon, plan(due_by(date(2023, 3, 24))))
    assert {row.due for row in daemon.rows() if row.state == "planned"} == {date(2023, 3, 24)}
    daemon.live(at(3, 6, 9) + minutes(wait))
    edit(daemon, original)
    daemon.live(at(3, 7))
    assert daemon.left() == ["03-03 08:00 before:14d"]


@pytest.mark.parametrize("wait", [16, 600])
def test_after_that_each_edit_is_told(daemon: DaemonFixture, wait: int) -> None:
    original = daemon.plan
    daemon.live(at(3, 6, 9))
    edit(daemon, plan(due_by(date(2023, 3, 24))))
    daemon.live(at(3, 6, 9) + minutes(wait))
    edit(daemon, original)
    daemon.live(at(3, 7, 9))
    assert daemon.left()[1] == "03-06 09:15 change"
    assert [line.split()[-1] for line in daemon.left()[2:]] == ["change"]


def test_nobody_is_invited_to_a_day_that_is_put_back_within_fifteen_minutes(store: SqlStore) -> None:
    original = plan(MEETING)
    daemon = DaemonFixture(store, original)
    daemon.live(at(4, 3, 9))
    edit(daemon, plan(replace(MEETING, form=on_june(8)["form"])))
    daemon.live(at(4, 3, 9, 10))
    edit(daemon, original)
    daemon.live(at(4, 4))
    assert daemon.left() == []


def edit(daemon: DaemonFixture, revision: Plan) -> None:
    """Load another revision of the plan."""
    daemon.definitions.plans = [revision]
    daemon.ticker.load()


# ---- who is a contact when it leaves


def with_contacts(known: Plan, *contacts: Contact, party: Party = PARTIES[1]) -> Plan:
    """Return the plan with other contacts of a party."""
    changed = replace(party, contacts=contacts)
    return plan(*known.milestones, parties=[changed if one.id == party.id else one for one in PARTIES])


NEW = Contact(name="new", email="new@beta.example")


def hold(daemon: DaemonFixture) -> None:
    """Hold every mail that waits, as a person does."""
    with daemon.store.transaction() as unit:
        for mail in unit.outbox.list(states=["queued"]):
            unit.outbox.hold(mail.id)


def release(daemon: DaemonFixture) -> None:
    with daemon.store.transaction() as unit:
        for mail in unit.outbox.list(states=["held"]):
            unit.outbox.release(mail.id)


def test_a_notice_that_is_promised_goes_to_who_is_a_contact_when_it_leaves(evening: DaemonFixture) -> None:
    evening.record("extended", **until(24))
    edit(evening, with_contacts(evening.plan, NEW))
    evening.live(at(3, 6, 9))
    assert evening.left("new@beta.example") == ["03-06 08:00 change"]
    assert evening.left() == ["03-03 08:00 before:14d"]


@pytest.mark.parametrize("wait", [lambda daemon: None, hold], ids=["waiting", "held"])
def test_a_notice_that_was_written_goes_to_who_is_a_contact_when_it_leaves(
    daemon: DaemonFixture, wait: Callable[[DaemonFixture], None]
) -> None:
    """Nobody who has left the office gets a private link."""
    daemon.live(at(3, 6, 9))
    daemon.mailer.is_down = True
    daemon.record("extended", **until(24))
    daemon.tick()
    wait(daemon)
    daemon.mailer.is_down = False
    edit(daemon, with_contacts(daemon.plan, NEW))
    release(daemon)
    daemon.live(at(3, 6, 10))
    assert [line.split()[-1] for line in daemon.left("new@beta.example")] == ["change"]
    assert daemon.left() == ["03-03 08:00 before:14d"]


def test_a_report_to_the_lead_goes_to_who_is_its_contact_when_it_leaves(daemon: DaemonFixture) -> None:
    daemon.live(at(3, 20, 9))
    daemon.mailer.is_down = True
    daemon.live(at(3, 21, 8))
    daemon.mailer.is_down = False
    lead = Contact(name="lead", email="new@lead.example")
    edit(daemon, with_contacts(daemon.plan, lead, party=PARTIES[0]))
    daemon.live(at(3, 21, 9))
    assert "escalate:2wd" in [line.split()[-1] for line in daemon.left("new@lead.example")]
    assert "escalate:2wd" not in [line.split()[-1] for line in daemon.left("officer@lead.example")]


def test_a_contact_that_comes_back_while_its_mail_waits_is_written_to(daemon: DaemonFixture) -> None:
    """The mail that was given up is written anew under its identity."""
    original = daemon.plan
    daemon.live(at(3, 6, 9))
    daemon.mailer.is_down = True
    daemon.record("extended", **until(24))
    daemon.tick()
    edit(daemon, with_contacts(original, NEW))
    with daemon.store.transaction() as unit:
        unit.accounts.clear(daemon.mailer.account)
    daemon.live(at(3, 6, 9, 20))
    edit(daemon, original)
    daemon.mailer.is_down = False
    daemon.live(at(3, 6, 11))
    assert [line.split()[-1] for line in daemon.left()] == ["before:14d", "change"]


# ---- what could not be written


def test_what_could_not_be_written_lives_again_when_the_definition_changes(store: SqlStore) -> None:
    """A title that no header can hold is put right in the file; as long as the step is not too old."""

    def refuse_title(message: Message) -> None:
        if "\u2028" in message.plan.title:
            raise UserError("the title cannot be written")

    wrong = plan(title="a\u2028b")
    daemon = DaemonFixture(store, wrong, composer=SpyComposer(COMPOSER, refuse_title))
    daemon.live(at(3, 10, 9))
    assert {(row.state, row.reason.code) for row in daemon.rows() if row.name in ("before:14d", "before:7d")} == {
        ("failed", "unwritten")
    }
    edit(daemon, plan(title="a b"))
    daemon.live(at(3, 10, 10))
    assert daemon.left() == ["03-10 09:00 before:7d"]
    assert (daemon.row("before:14d").state, str(daemon.row("before:14d").reason)) == ("missed", "5 working days late")


def refuse_receipts_of_a_wrong_title(message: Message) -> None:
    if message.kind == "receipt" and "!" in message.plan.title:
        raise UserError("the title cannot be written")


def test_a_receipt_that_could_not_be_written_lives_again_as_well(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(title="a!"), composer=SpyComposer(COMPOSER, refuse_receipts_of_a_wrong_title))
    daemon.live(at(3, 6, 9))
    daemon.record("received")
    daemon.live(at(3, 10))
    edit(daemon, plan(title="a"))
    daemon.live(at(3, 10, 9))
    assert daemon.left()[-1] == "03-10 08:00 receipt"


# ---- what nobody is told any more


def test_a_return_that_is_answered_before_it_leaves_is_not_sent(evening: DaemonFixture) -> None:
    evening.record("received", notify=False)
    evening.record("returned", note="page 2 is missing")
    evening.record("received")
    evening.live(at(3, 6, 9))
    assert evening.left()[1:] == ["03-06 08:00 receipt"]
    assert [(row.state, str(row.reason)) for row in evening.notices(kind="return")] == [
        ("skipped", "it has been answered meanwhile")
    ]


def test_of_two_returns_the_last_one_leaves(evening: DaemonFixture) -> None:
    evening.record("received", notify=False)
    for note in ("page 2 is missing", "and page 3"):
        evening.record("returned", note=note)
    evening.live(at(3, 6, 9))
    assert evening.left()[1:] == ["03-06 08:00 return"]


def test_what_a_party_says_of_itself_is_not_told_once_it_is_answered(evening: DaemonFixture) -> None:
    """The receipt for the report says it all."""
    evening.record("declared")
    evening.record("received")
    evening.live(at(3, 6, 9))
    assert evening.left()[1:] == ["03-06 08:00 receipt"]
    assert evening.left("officer@lead.example")[1:] == []


def test_an_old_decision_is_not_told_because_something_else_changes(daemon: DaemonFixture) -> None:
    """When the report had come nobody needed to hear of the new date; months later it is too late to tell."""
    daemon.live(at(3, 6, 9))
    daemon.record("received", notify=False)
    edit(daemon, plan(due_by(date(2023, 3, 24))))
    daemon.live(at(3, 13, 9))
    daemon.record("returned")
    daemon.live(at(3, 13, 10))
    assert daemon.left()[1:] == ["03-13 09:00 return"]


# ---- what one party is told does not depend on another


def test_the_undoing_for_one_party_silences_nobody_else(daemon: DaemonFixture) -> None:
    """An edit of the file concerns all of them; one gets more time by mistake, and hears of both."""
    daemon.live(at(3, 6, 16, 50))
    edit(daemon, plan(due_by(date(2023, 3, 20))))
    slip = daemon.record("extended", "gamma", **until(24)).fact
    daemon.live(at(3, 6, 16, 55))
    daemon.undo(slip)
    daemon.live(at(3, 7, 9))
    assert daemon.left()[1:] == ["03-07 08:00 change"]
    assert daemon.left("officer@gamma.example")[1:] == ["03-06 16:50 change", "03-06 16:55 correction"]


def test_the_receipt_of_one_party_counts_for_no_other(daemon: DaemonFixture) -> None:
    daemon.live(at(3, 6, 9))
    slip = daemon.record("received", "gamma").fact
    daemon.live(at(3, 6, 10))
    daemon.undo(slip)
    daemon.record("received")
    edit(daemon, plan(title="Another title"))
    daemon.live(at(3, 6, 11))
    assert daemon.left()[1:] == ["03-06 10:00 receipt"]


def test_each_of_two_corrections_to_one_address_is_sent(store: SqlStore) -> None:
    """The date of the slides moves with that of the meeting, and back."""
    meeting = event(On(date(2023, 6, 8), date(2023, 6, 8)))
    slides = deadline(Relative("meeting", working_days(3), "before"), "slides")
    daemon = DaemonFixture(store, plan(meeting, slides))
    daemon.live(at(5, 24, 12))
    moved = daemon.record("date_fixed", None, "meeting", **on_june(15)).fact
    daemon.live(at(5, 24, 13))
    assert len(daemon.undo(moved).notified) == 6
    daemon.live(at(5, 24, 14))
    assert daemon.left()[-4:] == ["05-24 12:00 change"] * 2 + ["05-24 13:00 correction"] * 2
    assert {row.state for row in daemon.notices(kind="correction")} == {"sent"}


def test_two_parties_with_one_address_are_both_told(store: SqlStore) -> None:
    shared = Contact(name="both", email="both@office.example")
    parties = (PARTIES[0], *(replace(one, contacts=(shared,)) for one in PARTIES[1:]))
    daemon = DaemonFixture(store, plan(parties=parties))
    daemon.live(at(3, 6, 9))
    daemon.record("waived", None)
    daemon.tick()
    assert [row.state for row in daemon.notices()] == ["sent"] * 3
    assert daemon.left("both@office.example")[2:] == ["03-06 09:00 change"] * 2


# ---- what is undone and was not in force, or does not matter


def test_a_second_entry_of_what_has_come_is_undone_without_a_letter(evening: DaemonFixture) -> None:
    """The report is there all the same."""
    evening.record("received")
    second = evening.record("received").fact
    evening.live(at(3, 6, 9))
    evening.undo(second)
    evening.live(at(3, 7))
    assert evening.left()[1:] == ["03-06 08:00 receipt"]


def test_the_undoing_of_a_decision_that_another_had_replaced_changes_nothing(daemon: DaemonFixture) -> None:
    daemon.live(at(3, 6, 9))
    first = daemon.record("extended", **until(21)).fact
    daemon.live(at(3, 6, 10))
    daemon.record("extended", **until(24))
    daemon.live(at(3, 28, 9))
    planned = [(row.key, row.at) for row in daemon.rows() if row.state == "planned"]
    assert daemon.undo(first).notified == ()
    assert [(row.key, row.at) for row in daemon.rows() if row.state == "planned"] == planned


def test_after_a_receipt_by_mistake_nobody_is_reported_before_the_correction(daemon: DaemonFixture) -> None:
    """The party held a letter that said its report had come."""
    daemon.live(at(3, 16, 9))
    slip = daemon.record("received").fact
    daemon.live(at(3, 20, 19))
    daemon.undo(slip)
    daemon.live(at(3, 31))
    assert daemon.left()[-4:-1] == ["03-21 08:00 correction", "03-22 08:00 overdue:1", "03-24 08:00 overdue:2"]
    assert daemon.row("escalate:2wd").at == at(3, 23, 8)


# ---- what lives again


def test_a_mail_that_the_server_put_off_is_written_anew(daemon: DaemonFixture) -> None:
    """A clean refusal for a while left nothing anywhere."""
    daemon.live(at(3, 6, 9))
    daemon.mailer.outcome = Outcome(state="deferred", reply="450 4.2.0 try again")
    first = daemon.record("extended", **until(24)).fact
    daemon.tick()
    slip = daemon.record("waived").fact
    daemon.live(at(3, 6, 11))
    daemon.mailer.outcome = Outcome(state="sent", reply="250 ok")
    daemon.undo(slip)
    daemon.live(at(3, 6, 12))
    assert [row.state for row in daemon.notices(name=f"change:{first.id}")] == ["sent"]


def test_a_return_that_holds_again_is_sent(evening: DaemonFixture) -> None:
    evening.record("received", notify=False)
    evening.record("returned", note="page 2 is missing")
    slip = evening.record("received", notify=False).fact
    evening.live(at(3, 6, 9))
    assert evening.left()[1:] == []
    evening.undo(slip)
    evening.live(at(3, 6, 10))
    assert evening.left()[1:] == ["03-06 09:00 return"]


def test_a_correction_that_is_needed_again_is_sent(daemon: DaemonFixture) -> None:
    """The decision that made it needless is undone before its notice has left."""
    daemon.live(at(3, 6, 9))
    extension = daemon.record("extended", **until(24)).fact
    daemon.live(at(3, 6, 19))
    daemon.undo(extension)
    second = daemon.record("extended", **until(31)).fact
    daemon.clock.instant += minutes(5)
    daemon.undo(second)
    daemon.live(at(3, 7, 9))
    assert daemon.left()[1:] == ["03-06 09:00 change", "03-07 08:00 correction"]


def test_what_waits_when_a_plan_ends_is_told_when_that_is_undone(evening: DaemonFixture) -> None:
    evening.record("extended", **until(24))
    ended = evening.record("retired", None, None, reason="it ends").fact
    evening.live(at(3, 6, 9))
    evening.undo(ended)
    evening.live(at(3, 6, 10))
    assert evening.left()[1:] == ["03-06 09:00 change"]


def test_a_correction_goes_with_its_milestone_when_that_is_renamed(daemon: DaemonFixture) -> None:
    daemon.live(at(3, 6, 9))
    extension = daemon.record("extended", **until(24)).fact
    daemon.live(at(3, 6, 19))
    daemon.undo(extension)
    edit(daemon, plan(due_by(FRIDAY, id="renamed", was=("report",))))
    daemon.live(at(3, 7, 9))
    assert daemon.left()[1:] == ["03-06 09:00 change", "03-07 08:00 correction"]


@pytest.mark.parametrize("back", [at(3, 6, 12), at(3, 8, 9)])
def test_a_correction_waits_for_its_milestone_if_that_is_away(daemon: DaemonFixture, back: datetime) -> None:
    """The file was cut short when somebody took the decision back."""
    daemon.live(at(3, 6, 9))
    whole = daemon.plan
    extension = daemon.record("extended", **until(24)).fact
    daemon.live(at(3, 6, 10))
    edit(daemon, plan(due_by(FRIDAY, id="other")))
    daemon.live(at(3, 6, 11))
    assert daemon.undo(extension).fact.letters == (Letter("report", "beta", BETA),)  # type: ignore[union-attr]
    daemon.live(back)
    edit(daemon, whole)
    daemon.live(back + minutes(60))
    assert [left for left in daemon.left() if "correction" in left] == [f"{local(back)} correction"]


def test_what_reached_nobody_is_sent_when_the_roster_names_somebody(evening: DaemonFixture) -> None:
    for address in (BETA, HEAD):
        evening.record("bounced", milestone=None, address=address)
    evening.record("extended", **until(24))
    evening.live(at(3, 6, 9))
    assert [row.state for row in evening.notices()] == ["failed"]
    edit(evening, with_contacts(evening.plan, NEW))
    evening.live(at(3, 6, 10))
    assert evening.left("new@beta.example") == ["03-06 09:00 change"]


def test_what_could_not_be_told_for_two_weeks_is_not_told_any_more(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(title="a!"), composer=SpyComposer(COMPOSER, refuse_receipts_of_a_wrong_title))
    daemon.live(at(3, 6, 9))
    daemon.record("received")
    daemon.live(at(3, 24))
    edit(daemon, plan(title="a"))
    daemon.live(at(3, 24, 9))
    assert [row.state for row in daemon.notices()] == ["missed"]


OFFICER = "officer@lead.example"


def test_a_copy_is_asked_for_of_the_right_entry_once_the_wrong_one_is_undone(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(report(channels=("paper", "email"))))
    daemon.live(at(3, 6, 9))
    wrong = daemon.record("received", channel="paper").fact
    right = daemon.record("received", channel="paper").fact
    daemon.undo(wrong)
    daemon.live(at(3, 14))
    assert [(row.name, row.state) for row in daemon.notices(kind="copy")] == [
        (f"copy:{wrong.id}", "cancelled"),
        (f"copy:{right.id}", "sent"),
    ]


def test_a_waiting_notice_of_submissions_is_written_anew_without_what_was_undone(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(report()))
    daemon.live(at(3, 6, 9))
    daemon.mailer.is_down = True
    by = Actor("party", "Nam")
    slip = daemon.record("received", "beta", by=by).fact
    daemon.record("received", "gamma", by=by)
    daemon.tick(at(3, 6, 10))
    daemon.undo(slip)
    daemon.mailer.is_down = False
    for hour in (11, 12):
        daemon.tick(at(3, 6, hour))
    [cancelled, sent] = daemon.mails(kind="submission")
    assert (cancelled.state, sent.state) == ("cancelled", "sent")
    assert "gamma" in sent.mail.subject
    assert [(row.party, row.state) for row in daemon.notices(kind="submission")] == [
        ("beta", "cancelled"),
        ("gamma", "sent"),
    ]


@pytest.mark.parametrize("kind", ["received", "disowned"])
def test_what_a_dead_address_of_the_lead_was_to_be_told_goes_to_the_next_contact(
    daemon: DaemonFixture, kind: FactKind
) -> None:
    daemon.live(at(3, 6, 9))
    alive, dead = daemon.mailer.outcome, Outcome(state="failed", reply="550 5.1.1 no such user", is_dead=True)
    daemon.mailer.before = lambda mail: setattr(daemon.mailer, "outcome", dead if mail.address == OFFICER else alive)
    daemon.record(kind, "beta", by=Actor("party", "Nam"))
    daemon.live(at(3, 6, 11))
    told = [mail for mail in daemon.mails() if mail.kind in ("submission", "notice")]
    assert [(mail.mail.address, mail.state) for mail in told] == [
        (OFFICER, "failed"),
        ("head@lead.example", "sent"),
    ]


def test_another_setting_moves_the_notices_of_submissions_that_wait(store: SqlStore) -> None:
    daily = plan(report(), submission_notices="daily", digest="x daily")
    daemon = DaemonFixture(store, daily)
    daemon.live(at(3, 10, 9))
    daemon.record("received", by=Actor("party", "Nam"))
    edit(daemon, replace(daily, submission_notices="at once", digest="x"))
    daemon.live(at(3, 10, 10))
    assert [mail.state for mail in daemon.mails(kind="submission")] == ["sent"]
