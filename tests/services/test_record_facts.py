"""One place that records a fact: it checks, appends, brings the ledger in step and says what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from scheduler.errors import ExitCode, NothingMatched, UserError
from scheduler.plan import reasons
from scheduler.plan.dates.date_forms import Before, By, On, Recurring, Undated, Window
from scheduler.plan.facts import FactKind, Received, Replied
from scheduler.plan.messages.message import ReminderMessage
from scheduler.plan.model import Contact, Deliverable, Group, Party
from scheduler.plan.reasons import Reason
from scheduler.ports import Definition, MessageRow
from scheduler.queries.agendas import read_agenda
from scheduler.services.context import ServiceContext
from scheduler.services.fact_checks import check_fact, find_milestone, find_obligation
from scheduler.services.reconcile import Changes
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, FRIDAY, DaemonFixture, due_by, local, plan, report
from tests.support.facts import record
from tests.support.fakes import SpyComposer, refuse
from tests.support.plan_builders import PARTIES, at, deadline, event, party, vietnam

DOCUMENTS = (Deliverable(id="plan", title="the plan"), Deliverable(id="list", title="the list"))
WINDOW = Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")
MONTHLY = Recurring("FREQ=MONTHLY;BYMONTHDAY=25", "by", date(2023, 3, 1), date(2023, 5, 31))
NOMINEES = Group(id="nominees", chosen_by="lead", after="report")


@pytest.fixture
def running(daemon: DaemonFixture) -> DaemonFixture:
    """Return a daemon in which the first reminder has left; it is Saturday, 4 March, noon."""
    daemon.live(at(3, 4, 12))
    return daemon


def refused(
    daemon: DaemonFixture, kind: FactKind, party: str | None = "beta", milestone: str | None = "report", **details: Any
) -> UserError:
    """Return why a fact is refused; nothing may have happened then."""
    before = (daemon.facts(), daemon.rows(None), daemon.notices(), len(daemon.mails()))
    with pytest.raises(UserError) as error:
        daemon.record(kind, party, milestone, **details)
    assert (daemon.facts(), daemon.rows(None), daemon.notices(), len(daemon.mails())) == before
    assert error.value.problems[0].hint
    return error.value


# ---- received


def test_a_submission_stops_the_ladder_and_says_which_rungs_fell_away(running: DaemonFixture) -> None:
    """At once, with the reason."""
    recorded = running.record("received", channel="paper")
    assert recorded.fact.id > 0
    assert {row.name for row in recorded.changes.dropped} == {
        "before:7d", "before:3wd", "before:1wd", "named-day", "overdue:1", "escalate:2wd", "overdue:2", "overdue:3",
    }  # fmt: skip
    assert recorded.changes.new == 0
    assert running.states() == {
        "before:14d": "sent",
        "target": "cancelled",
        **{row.name: "cancelled" for row in recorded.changes.dropped},
    }
    assert {str(row.reason) for row in running.rows() if row.state == "cancelled"} == {"received 2023-03-04 (paper)"}
    assert set(running.states("gamma").values()) == {"sent", "planned", "skipped"}


def test_what_changed_is_in_the_record_before_the_next_tick(running: DaemonFixture) -> None:
    """Who asks gets the current state at once, also without a daemon."""
    running.record("received")
    assert running.state().last_fact == running.facts()[-1].id
    assert running.state().next_rung == at(3, 6, 8)  # the receipt
    running.live(at(4, 1))
    assert running.left() == ["03-03 08:00 before:14d", "03-06 08:00 receipt"]


def test_part_of_it_does_not_stop_the_ladder(store: SqlStore) -> None:
    """The list is still missing."""
    daemon = DaemonFixture(store, plan(report(deliverables=DOCUMENTS)))
    daemon.live(at(3, 4))
    assert daemon.record("received", deliverables=("plan",)).changes.dropped == ()
    assert daemon.states()["before:7d"] == "planned"
    assert len(daemon.record("received", deliverables=("list",)).changes.dropped) == 8


def test_a_receipt_goes_to_the_registered_officers_at_the_next_opening(running: DaemonFixture) -> None:
    """Never to an address that somebody typed (contract rule 17)."""
    recorded = running.record("received", by="somebody@elsewhere.example")
    assert recorded.notified == ("officer@beta.example",)
    assert recorded.notified_at == at(3, 6, 8)
    (promised,) = running.notices()
    assert (promised.name, promised.at, promised.state) == ("receipt:1", at(3, 6, 8), "planned")
    running.live(at(3, 6, 9))
    (mail,) = running.mails(kind="receipt")
    assert (mail.mail.address, mail.party, mail.milestone, mail.rung) == (
        "officer@beta.example",
        "beta",
        "report",
        None,
    )
    assert mail.rungs == (promised.id,)


def test_what_comes_while_a_receipt_waits_is_put_into_that_one(store: SqlStore) -> None:
    """On Monday morning one receipt says everything that came over the weekend (contract rule 17)."""
    messages: list[Any] = []
    daemon = DaemonFixture(store, plan(report(deliverables=DOCUMENTS)), composer=SpyComposer(COMPOSER, messages.append))
    daemon.live(at(3, 4))
    for document in ("plan", "list"):
        daemon.record("received", deliverables=(document,))
    daemon.live(at(3, 7))
    assert daemon.left()[1:] == ["03-06 08:00 receipt"]
    assert [str(row.reason) for row in daemon.notices(state="skipped")] == ["a later receipt lists everything"]
    assert [d.id for d in messages[-1].received] == ["plan", "list"]


def test_after_a_receipt_has_left_the_next_one_leaves_on_another_day(store: SqlStore) -> None:
    """However often something comes: one receipt a day for one obligation, the last with everything."""
    daemon = DaemonFixture(store, plan(report(deliverables=DOCUMENTS)))
    daemon.live(at(3, 6, 9))
    for hour, document in ((9, "plan"), (10, "plan"), (11, "list")):
        daemon.live(at(3, 6, hour))
        daemon.record("received", deliverables=(document,))
    daemon.record("received", "gamma")
    daemon.live(at(3, 9))
    assert daemon.left()[1:] == ["03-06 09:00 receipt", "03-07 08:00 receipt"]
    assert daemon.left("officer@gamma.example")[1:] == ["03-06 11:00 receipt"]
    daemon.record("received", deliverables=("list",))
    daemon.live(at(3, 10))
    assert daemon.left()[-1] == "03-09 08:00 receipt"


def test_a_submission_without_a_receipt_does_not_hold_up_the_next_one(running: DaemonFixture) -> None:
    """`--no-receipt`, and then one with."""
    running.live(at(3, 6, 9))
    running.record("received", notify=False)
    running.record("received")
    running.live(at(3, 6, 10))
    assert running.left()[1:] == ["03-06 09:00 receipt"]


def test_a_receipt_lists_what_has_come_when_it_leaves(store: SqlStore) -> None:
    """Of two submissions that share it one was taken back."""
    messages: list[Any] = []
    daemon = DaemonFixture(store, plan(report(deliverables=DOCUMENTS)), composer=SpyComposer(COMPOSER, messages.append))
    daemon.live(at(3, 4))
    first = daemon.record("received", deliverables=("plan",)).fact
    daemon.record("received", deliverables=("list",))
    daemon.undo(first)
    assert [(row.state, str(row.reason)) for row in daemon.notices()] == [
        ("skipped", "a later receipt lists everything"),
        ("planned", ""),
    ]
    daemon.live(at(3, 7))
    assert ([d.id for d in messages[-1].received], [d.id for d in messages[-1].missing]) == (["list"], ["plan"])


def test_no_receipt_is_written_where_none_is_wanted(running: DaemonFixture) -> None:
    """`--no-receipt`."""
    assert running.record("received", notify=False).notified == ()
    assert running.notices() == []


def test_a_receipt_that_cannot_be_written_does_not_undo_the_fact(store: SqlStore) -> None:
    """The fact stands; the daemon says what could not be written, once."""
    daemon = DaemonFixture(store, composer=SpyComposer(COMPOSER, refuse("receipt")))
    daemon.live(at(3, 4))
    recorded = daemon.record("received")
    daemon.live(at(3, 8))
    assert daemon.facts()[-1] == recorded.fact
    assert daemon.states()["before:7d"] == "cancelled"
    assert [(row.state, str(row.reason)) for row in daemon.notices()] == [
        ("failed", "it could not be written: no words")
    ]
    assert [text.splitlines()[0] for text in daemon.logged("trouble")] == ["could not be written: no words"]


def test_a_late_submission_is_remarked(running: DaemonFixture) -> None:
    """Recorded all the same: lateness is judged by when it happened."""
    running.live(at(3, 22, 9))
    assert running.record("received").remarks == (reasons.late(FRIDAY),)
    assert running.record("received", "gamma", happened_at=at(3, 17, 12)).remarks == ()


def test_a_submission_for_an_event_is_refused(store: SqlStore) -> None:
    """Nothing is handed in for it."""
    daemon = DaemonFixture(store, plan(event(On(date(2023, 6, 8), date(2023, 6, 8)))))
    assert "is an event" in str(refused(daemon, "received", "lead", "meeting"))


def test_an_unknown_document_is_refused_with_near_names(store: SqlStore) -> None:
    """In what came and in what is sent back."""
    daemon = DaemonFixture(store, plan(report(deliverables=DOCUMENTS)))
    daemon.ticker.load()
    error = refused(daemon, "received", deliverables=("plam",))
    assert (error.exit_code, error.problems[0].hint) == (ExitCode.NOTHING_MATCHED, "did you mean plan?")
    daemon.record("received", deliverables=("plan",))
    assert "unknown deliverable of report: 'lst'" in str(refused(daemon, "returned", missing=("lst",)))


# ---- sent back, accepted


def test_a_return_lets_the_rungs_ahead_live_again_and_tells_the_party(running: DaemonFixture) -> None:
    """Those that passed meanwhile stay as they were (contract rule 8)."""
    running.record("received", notify=False)
    running.live(at(3, 15, 9))
    recorded = running.record("returned", note="page 2 is missing")
    assert {rung.name for rung in recorded.changes.armed} == {
        "before:1wd", "named-day", "overdue:1", "escalate:2wd", "overdue:2", "overdue:3",
    }  # fmt: skip
    assert recorded.notified == ("officer@beta.example",)
    running.live(at(3, 18))
    assert running.left() == [
        "03-03 08:00 before:14d",
        "03-15 09:00 return",
        "03-16 08:00 before:1wd",
        "03-17 08:00 named-day",
    ]
    assert running.states()["before:7d"] == "cancelled"


@pytest.mark.parametrize("before", [(), ("waived",)], ids=["nothing came", "waived"])
def test_what_never_came_cannot_be_returned(running: DaemonFixture, before: tuple[FactKind, ...]) -> None:
    """Record it as received first."""
    for kind in before:
        running.record(kind)
    assert "nothing of report was received from beta yet" in str(refused(running, "returned"))


def test_an_accept_is_refused_without_a_submission(running: DaemonFixture) -> None:
    """And says what is missing."""
    assert str(refused(running, "accepted")) == (
        "report of beta cannot be accepted: nothing complete was received yet\n"
        "    record what came with `receive` first"
    )


def test_an_accept_of_a_part_names_what_is_missing(store: SqlStore) -> None:
    """Not everything came."""
    daemon = DaemonFixture(store, plan(report(deliverables=DOCUMENTS)))
    daemon.ticker.load()
    daemon.record("received", deliverables=("plan",))
    assert "still missing: list" in str(refused(daemon, "accepted"))


def test_an_accept_is_recorded_once(running: DaemonFixture) -> None:
    """Twice makes no sense."""
    running.record("received", notify=False)
    assert running.record("accepted").changes.dropped == ()
    assert "is accepted already" in str(refused(running, "accepted"))
    assert running.record("returned").changes.armed != ()


# ---- extended


def test_an_extension_starts_a_full_ladder_for_the_new_date_and_tells_the_party(running: DaemonFixture) -> None:
    """Nothing before the decision, and the day itself counts (contract rule 11)."""
    recorded = running.record("extended", form=By(date(2023, 3, 24)), decision="No. 7")
    assert recorded.notified == ("officer@beta.example",)
    assert [row.due for row in recorded.changes.dropped] == [FRIDAY] * 8
    assert recorded.changes.new == 9
    assert {str(row.reason) for row in running.rows() if row.due == FRIDAY and row.state == "cancelled"} == {
        "the date moved to 2023-03-24"
    }
    running.live(at(4, 10))
    assert running.left() == [
        "03-03 08:00 before:14d", "03-06 08:00 change", "03-10 08:00 before:14d", "03-17 08:00 before:7d",
        "03-21 08:00 before:3wd", "03-23 08:00 before:1wd", "03-24 08:00 named-day", "03-27 08:00 overdue:1",
        "03-29 08:00 overdue:2", "03-31 08:00 overdue:3",
    ]  # fmt: skip
    assert running.left("officer@gamma.example")[1] == "03-10 08:00 before:7d"


def test_the_notice_of_an_extension_names_the_date_before(store: SqlStore) -> None:
    """Also of a second one: the date that held until now, not the file's."""
    messages: list[Any] = []
    daemon = DaemonFixture(store, composer=SpyComposer(COMPOSER, messages.append))
    daemon.ticker.load()
    daemon.record("extended", form=By(date(2023, 3, 24)))
    daemon.live(at(2, 2, 18))
    for day in (date(2023, 3, 27), date(2023, 3, 31)):
        daemon.record("extended", form=By(day))
    daemon.live(at(2, 3, 9))
    written = [(message.was, message.when.named) for message in messages if message.kind == "change"]
    assert list(dict.fromkeys(written)) == [
        (By(FRIDAY), date(2023, 3, 24)),
        (By(date(2023, 3, 24)), date(2023, 3, 27)),
        (By(date(2023, 3, 24)), date(2023, 3, 31)),
    ]
    assert daemon.left() == ["02-01 08:00 change", "02-03 08:00 change"]  # the last one replaced the one before


@pytest.mark.parametrize("until", [FRIDAY, date(2023, 3, 1)])
def test_an_extension_that_is_not_later_is_refused(running: DaemonFixture, until: date) -> None:
    """The way out is named."""
    error = refused(running, "extended", form=By(until))
    assert f"an extension to {until} does not lie after 2023-03-17" in str(error)
    assert error.problems[0].hint == "give a later day with --until"


def test_what_has_no_deadline_cannot_be_extended(store: SqlStore) -> None:
    """An undated duty, and an event."""
    daemon = DaemonFixture(store, plan(deadline(Undated("yearly")), event(WINDOW)))
    daemon.ticker.load()
    assert "no deadline that could be extended" in str(refused(daemon, "extended", form=By(date(2023, 9, 1))))
    assert "`fix-date`" in str(refused(daemon, "extended", "lead", "meeting", form=By(date(2023, 9, 1))))


# ---- waived


def test_a_waiver_stops_the_ladder_of_one_party_and_tells_it(running: DaemonFixture) -> None:
    """The others go on."""
    recorded = running.record("waived", reason="newly founded")
    assert len(recorded.changes.dropped) == 8
    assert recorded.notified == ("officer@beta.example",)
    assert {str(row.reason) for row in recorded.changes.dropped} == {""}
    assert str(running.row("before:7d").reason) == "waived 2023-03-04 (newly founded)"
    assert running.states("gamma")["before:7d"] == "planned"


def test_a_waiver_for_all_stops_everybody(running: DaemonFixture) -> None:
    """In one act."""
    recorded = running.record("waived", None)
    assert len(recorded.changes.dropped) == 24
    assert recorded.notified == ("officer@lead.example", "officer@beta.example", "officer@gamma.example")


# ---- opened


def test_what_was_past_at_the_first_load_lives_when_a_person_says_it_is_open(store: SqlStore) -> None:
    """`start`: rungs from now on."""
    daemon = DaemonFixture(store, start=at(3, 20, 7))
    daemon.ticker.load()
    recorded = daemon.record("opened")
    assert {rung.name for rung in recorded.changes.armed} == {"overdue:1", "escalate:2wd", "overdue:2", "overdue:3"}
    assert recorded.changes.new == 4


def test_what_is_not_in_doubt_cannot_be_opened(running: DaemonFixture) -> None:
    """`start` is for what was past at the first load."""
    assert "is not in doubt" in str(refused(running, "opened"))


@pytest.mark.parametrize("milestone", ["report", "meeting"])
def test_what_a_party_disowns_can_be_said_to_be_its_own(store: SqlStore, milestone: str) -> None:
    """Also of what it only attends; nothing of its steps changes."""
    daemon = DaemonFixture(store, plan(report(), event(WINDOW)))
    daemon.ticker.load()
    daemon.record("disowned", "beta", milestone)
    assert daemon.record("opened", "beta", milestone, reason="it is").changes == Changes()
    assert [fact.kind for fact in daemon.facts()] == ["disowned", "opened"]


# ---- dates


def test_fixing_a_date_ends_the_asking_and_invites(store: SqlStore) -> None:
    """The asking says why; the invitation leaves at the next opening (contract rule 15)."""
    daemon = DaemonFixture(store, plan(event(WINDOW)), start=at(5, 1, 9))
    daemon.live(at(5, 6, 12))
    recorded = daemon.record("date_fixed", None, "meeting", form=On(date(2023, 6, 1), date(2023, 6, 2)), place="Vinh")
    assert {row.name for row in recorded.changes.dropped} == {"fix-date:14d", "fix-date:7d", "fix-date:passed"}
    assert str(daemon.row("fix-date:14d", "lead", "meeting").reason) == "the date was fixed: 2023-06-01"
    daemon.live(at(6, 5))
    assert daemon.left() == ["05-08 08:00 invite", "05-25 08:00 event:7d", "05-31 08:00 event:1wd"]
    assert daemon.left("officer@lead.example")[0] == "05-02 08:00 fix-date:30d"


def test_a_date_that_is_moved_without_its_place_is_remarked(store: SqlStore) -> None:
    """Else the invited would read that it is open where they are to go."""
    daemon = DaemonFixture(store, plan(event(JUNE)))
    daemon.record("date_fixed", None, "meeting", form=On(date(2023, 6, 1), date(2023, 6, 1)), place="Vinh")
    moved = daemon.record("date_fixed", None, "meeting", form=On(date(2023, 6, 2), date(2023, 6, 2)))
    assert moved.remarks == (reasons.place_left_out("Vinh"),)
    again = daemon.record("date_fixed", None, "meeting", form=On(date(2023, 6, 5), date(2023, 6, 5)), place="Vinh")
    assert again.remarks == ()


def test_a_date_after_the_day_that_the_plan_names_is_remarked(store: SqlStore) -> None:
    """It is a decision all the same."""
    daemon = DaemonFixture(store, plan(event(By(date(2023, 6, 9)))))
    recorded = daemon.record("date_fixed", None, "meeting", form=On(date(2023, 6, 12), date(2023, 6, 12)))
    assert recorded.remarks == (reasons.asked_before(date(2023, 6, 9)),)


@pytest.mark.parametrize(
    ("day", "remarks"),
    [
        (date(2023, 3, 24), []),
        (date(2023, 3, 25), [reasons.day_off(date(2023, 3, 25))]),
        (date(2023, 4, 30), [reasons.day_off(date(2023, 4, 30))]),
        (date(2023, 5, 1), [reasons.day_off(date(2023, 5, 1))]),
        (date(2023, 3, 22), []),
        (date(2023, 3, 21), [reasons.STILL_OVERDUE]),
        (date(2023, 3, 19), [reasons.STILL_OVERDUE, reasons.day_off(date(2023, 3, 19))]),
    ],
)
def test_more_time_until_a_day_off_or_a_past_day_is_remarked(store: SqlStore, day: date, remarks: list[Reason]) -> None:
    """It is recorded all the same; what is extended into the past is still overdue."""
    daemon = DaemonFixture(store, plan(workdays=vietnam()), start=at(3, 1))
    daemon.live(at(3, 22, 10))
    recorded = daemon.record("extended", form=By(day))
    assert list(recorded.remarks) == remarks
    with store.reading() as view:
        obligation = read_agenda(view, daemon.plan).by_key["report", "beta"]
    assert obligation.is_overdue(daemon.clock.instant) == (reasons.STILL_OVERDUE in remarks)


@pytest.mark.parametrize(
    ("first", "last", "remarks"),
    [
        (date(2023, 6, 8), date(2023, 6, 9), []),
        (date(2023, 6, 4), date(2023, 6, 4), [reasons.day_off(date(2023, 6, 4))]),
        (date(2023, 6, 3), date(2023, 6, 4), [reasons.day_off(date(2023, 6, day)) for day in (3, 4)]),
        (
            date(2023, 6, 9),
            date(2023, 6, 10),
            [reasons.outside_window(WINDOW.first, WINDOW.last), reasons.day_off(date(2023, 6, 10))],
        ),
        (date(2023, 6, 1), date(2023, 6, 1), [reasons.NOT_REMINDED]),
    ],
)
def test_an_event_on_a_day_off_or_a_past_day_is_remarked(
    store: SqlStore, first: date, last: date, remarks: list[Reason]
) -> None:
    daemon = DaemonFixture(store, plan(event(WINDOW)), start=at(6, 2, 9))
    assert list(daemon.record("date_fixed", None, "meeting", form=On(first, last)).remarks) == remarks


def test_the_date_of_a_deadline_in_the_plan_is_changed_in_the_file(running: DaemonFixture) -> None:
    """Or extended for one party."""
    error = refused(running, "date_fixed", None, form=By(date(2023, 4, 1)))
    assert "has a date in the plan already" in str(error)


def test_more_time_for_one_party_does_not_set_the_date_for_all(running: DaemonFixture) -> None:
    running.record("extended", form=By(date(2023, 3, 27)))
    assert "has a date in the plan already" in str(refused(running, "date_fixed", None, form=By(date(2023, 4, 1))))


def meeting(store: SqlStore) -> DaemonFixture:
    """Return a daemon with a meeting on 8 June whose invitations have left."""
    daemon = DaemonFixture(store, plan(event(WINDOW)))
    daemon.live(at(5, 19, 9))
    daemon.record("date_fixed", None, "meeting", form=On(date(2023, 6, 8), date(2023, 6, 8)))
    daemon.live(at(5, 19, 18))
    assert daemon.left() == ["05-19 09:00 invite"]
    return daemon


def test_of_a_moved_event_everybody_invited_gets_one_mail(store: SqlStore) -> None:
    """The notice of the change, and no second invitation; the reminders are those of the new day."""
    daemon = meeting(store)
    recorded = daemon.record("date_fixed", None, "meeting", form=On(date(2023, 6, 15), date(2023, 6, 15)))
    assert len(recorded.notified) == 3
    daemon.live(at(6, 20))
    assert daemon.left()[1:] == ["05-22 08:00 change", "06-08 08:00 event:7d", "06-14 08:00 event:1wd"]
    assert str(daemon.row("invite", milestone="meeting").reason) == "the notice of the change says it"


def test_of_an_event_moved_there_and_back_before_the_opening_nobody_hears(store: SqlStore) -> None:
    """The notice that was promised falls away with the reason; what was sent before is true again."""
    daemon = meeting(store)
    for day in (15, 8):
        daemon.record("date_fixed", None, "meeting", form=On(date(2023, 6, day), date(2023, 6, day)))
    daemon.live(at(6, 20))
    assert daemon.left()[1:] == ["06-01 08:00 event:7d", "06-07 08:00 event:1wd"]
    assert {(row.state, str(row.reason)) for row in daemon.notices()} == {("cancelled", "a later decision replaced it")}


def test_an_event_called_off_is_told_to_everybody_invited(store: SqlStore) -> None:
    """And to nobody whom no invitation reached."""
    daemon = meeting(store)
    daemon.record("waived", None, "meeting", reason="storm")
    daemon.live(at(6, 20))
    assert daemon.left()[1:] == ["05-22 08:00 change"]


def test_an_undated_duty_gets_a_date_and_may_get_another(store: SqlStore) -> None:
    """The latest decision wins."""
    daemon = DaemonFixture(store, plan(deadline(Undated("yearly"))))
    daemon.ticker.load()
    assert daemon.rows(None) == []
    daemon.record("date_fixed", None, form=By(date(2023, 3, 24)))
    daemon.live(at(2, 1, 9))
    recorded = daemon.record("date_fixed", None, form=By(FRIDAY))
    assert {row.due for row in recorded.changes.dropped} == {date(2023, 3, 24)}
    daemon.live(at(3, 11))
    assert daemon.left() == ["02-01 09:00 change", "03-03 08:00 before:14d", "03-10 08:00 before:7d"]


# ---- nominated


def test_a_choice_ends_the_asking_and_lets_the_chosen_take_part(store: SqlStore) -> None:
    """From the instant they were chosen (contract rule 4)."""
    dossier = due_by(date(2023, 4, 14), id="dossier", responsible=("nominees",))
    daemon = DaemonFixture(store, plan(report(), dossier, groups=[NOMINEES]))
    daemon.live(at(3, 20, 9))
    assert daemon.row("choose:1", "lead").state == "sent"
    recorded = daemon.record("nominated", None, None, group="nominees", parties=("beta",))
    assert {row.name for row in recorded.changes.dropped} == {"choose:2", "choose:3"}
    assert daemon.states("beta", "dossier")["before:14d"] == "planned"
    assert daemon.rows("gamma", "dossier") == []


def test_a_choice_made_after_the_last_day_is_remarked(store: SqlStore) -> None:
    """The chosen are not accused; a person says what is true (contract rule 4)."""
    dossier = due_by(date(2023, 4, 14), id="dossier", responsible=("nominees",))
    daemon = DaemonFixture(store, plan(report(), dossier, groups=[NOMINEES]), start=at(4, 18))
    daemon.take(when=at(3, 1))
    (remark,) = daemon.record("nominated", None, None, group="nominees", parties=("beta",)).remarks
    assert str(remark).startswith("dossier of beta was past its last day already")
    daemon.live(at(5, 2))
    assert daemon.rows("beta", "dossier") == []


def test_nobody_at_all_may_be_chosen(store: SqlStore) -> None:
    """`--none` (contract rule 13)."""
    daemon = DaemonFixture(store, plan(groups=[NOMINEES]))
    daemon.ticker.load()
    recorded = daemon.record("nominated", None, None, group="nominees", parties=())
    assert {row.name for row in recorded.changes.dropped} == {"choose:1", "choose:2", "choose:3"}


def test_a_group_that_is_not_to_be_chosen_and_unknown_parties_are_refused(store: SqlStore) -> None:
    """With near names."""
    academy = Party(id="academy", name="Academy", short="A", external=True)
    silent = Party(id="silent", name="Silent", short="S")
    daemon = DaemonFixture(store, plan(parties=(*PARTIES, academy, silent), groups=[NOMINEES]))
    daemon.ticker.load()
    error = refused(daemon, "nominated", None, None, group="nominee")
    assert (error.exit_code, error.problems[0].hint) == (ExitCode.NOTHING_MATCHED, "did you mean nominees?")
    assert "unknown group to be chosen: 'members'" in str(refused(daemon, "nominated", None, None, group="members"))
    error = refused(daemon, "nominated", None, None, group="nominees", parties=("betta",))
    assert error.problems[0].hint == "did you mean beta?"
    for id in ("academy", "silent"):
        assert "only receives documents" in str(
            refused(daemon, "nominated", None, None, group="nominees", parties=(id,))
        )


# ---- bounced


def test_what_bounced_goes_to_the_next_contact_at_the_next_opening(running: DaemonFixture) -> None:
    """The newest rung only; who has it already is left alone (contract rule 10)."""
    running.live(at(3, 10, 18))
    recorded = running.record("bounced", milestone=None, address="officer@beta.example")
    assert recorded.notified == ("head@beta.example",)
    running.live(at(3, 14, 9))
    assert running.left("head@beta.example") == ["03-13 08:00 before:7d", "03-14 08:00 before:3wd"]
    assert running.left() == ["03-03 08:00 before:14d", "03-10 08:00 before:7d"]
    assert [len(mails) for mails in carriers(running, "before:7d")] == [2]


def carriers(daemon: DaemonFixture, name: str) -> list[Sequence[MessageRow]]:
    id = daemon.row(name).id
    with daemon.store.reading() as view:
        return list(view.outbox.of_rungs([id]).values())


def test_what_is_sent_on_grows_old_like_any_promise(running: DaemonFixture) -> None:
    """When the next rung is due it is missed, as the first mail would have been."""
    running.live(at(3, 10, 18))
    running.record("bounced", milestone=None, address="officer@beta.example")
    running.mailer.is_down = True
    running.live(at(3, 14, 9))
    running.mailer.is_down = False
    running.tick()
    assert running.left("head@beta.example") == ["03-14 09:00 before:3wd"]
    (late,) = [mail for mail in running.mails(rung="before:7d") if mail.mail.address == "head@beta.example"]
    assert late.state == "missed"


def test_what_is_answered_is_not_sent_on(running: DaemonFixture) -> None:
    """Nobody needs it any more."""
    running.record("received", notify=False)
    assert running.record("bounced", milestone=None, address="officer@beta.example").notified == ()


@pytest.mark.parametrize(
    ("bounced_at", "sent_on"),
    [
        (at(3, 16, 18), ["03-17 08:00 event:1wd"]),
        (at(3, 17, 9), []),  # it began half an hour ago
        (at(3, 17, 18), []),
        (at(3, 21, 9), []),
        (at(7, 3, 9), []),
    ],
)
def test_what_is_about_an_event_is_sent_on_only_before_it_begins(
    store: SqlStore, bounced_at: datetime, sent_on: list[str]
) -> None:
    """Nobody records that a conference took place, so it stays open."""
    daemon = DaemonFixture(store, plan(event(On(FRIDAY, FRIDAY, time(8, 30)))))
    daemon.live(at(3, 16, 18))
    assert daemon.left()[-1] == "03-16 08:00 event:1wd"
    daemon.live(bounced_at)
    daemon.record("bounced", milestone=None, address="officer@beta.example")
    daemon.live(bounced_at + timedelta(days=4))
    assert daemon.left("head@beta.example") == sent_on


def test_an_overdue_notice_that_the_head_has_is_not_sent_on(running: DaemonFixture) -> None:
    """It went to both."""
    running.live(at(3, 20, 9))
    assert running.record("bounced", milestone=None, address="officer@beta.example").notified == ()


def test_an_address_that_is_not_the_partys_is_refused(running: DaemonFixture) -> None:
    """With near names."""
    error = refused(running, "bounced", milestone=None, address="oficer@beta.example")
    assert error.problems[0].hint == "did you mean officer@beta.example or head@beta.example?"
    assert "unknown party: 'betta'" in str(refused(running, "bounced", "betta", None, address="x"))


# ---- withdrawn


def test_an_undo_lets_rungs_live_again_and_mails_nothing(running: DaemonFixture) -> None:
    """As if it had not been recorded."""
    before = running.states()
    fact = running.record("received").fact
    recorded = running.undo(fact)
    assert running.states() == before
    assert {rung.name for rung in recorded.changes.armed} >= {"before:7d", "overdue:3"}
    assert recorded.notified == ()
    assert [(row.kind, row.state, str(row.reason)) for row in running.notices()] == [
        ("receipt", "cancelled", "the fact it was about was withdrawn")
    ]
    running.live(at(3, 11))
    assert running.left() == ["03-03 08:00 before:14d", "03-10 08:00 before:7d"]


def test_an_undo_cancels_only_the_notices_of_its_own_fact(running: DaemonFixture) -> None:
    """Fact 1 is not fact 11."""
    first = running.record("received").fact
    for _ in range(9):
        running.record("received", "gamma", notify=False)
    eleventh = running.record("received", "gamma").fact
    assert (first.id, eleventh.id) == (1, 11)
    running.undo(first)
    assert {row.party: row.state for row in running.notices()} == {"beta": "cancelled", "gamma": "planned"}


def test_a_notice_that_has_left_is_not_called_back(running: DaemonFixture) -> None:
    """What is sent is sent; who holds it gets a correction."""
    fact = running.record("received").fact
    running.live(at(3, 6, 9))
    assert running.undo(fact).notified == ("officer@beta.example",)
    running.live(at(3, 6, 10))
    assert [mail.state for mail in running.mails(kind="receipt")] == ["sent"]
    assert running.left()[-2:] == ["03-06 08:00 receipt", "03-06 09:00 correction"]


def test_rungs_that_passed_while_the_fact_stood_stay_cancelled(running: DaemonFixture) -> None:
    """An undo does not turn back time."""
    fact = running.record("received", notify=False).fact
    running.live(at(3, 12))
    running.undo(fact)
    assert running.states()["before:7d"] == "cancelled"
    assert running.states()["before:3wd"] == "planned"


def test_an_extension_taken_back_restores_the_old_ladder(running: DaemonFixture) -> None:
    """There and back: exactly its own rungs."""
    before = running.states()
    fact = running.record("extended", form=By(date(2023, 3, 24)), notify=False).fact
    running.undo(fact)
    rows = running.rows()
    assert {row.name: row.state for row in rows if row.due == FRIDAY} == before
    assert {row.state for row in rows if row.due != FRIDAY} == {"cancelled", "skipped"}


def test_a_bounce_taken_back_calls_back_what_was_sent_on(running: DaemonFixture) -> None:
    """The address works after all."""
    running.live(at(3, 10, 18))
    fact = running.record("bounced", milestone=None, address="officer@beta.example").fact
    running.undo(fact)
    running.live(at(3, 14, 9))
    assert running.left("head@beta.example") == []
    assert running.left()[-1] == "03-14 08:00 before:3wd"
    assert running.row("before:7d").state == "sent"


def test_what_cannot_be_taken_back_is_refused(running: DaemonFixture) -> None:
    """A fact that is not there, another plan's, an undo, one from the file, one taken back already."""
    fact = running.record("received").fact
    undone = running.undo(fact).fact
    running.definitions.plans = [plan(due_by(date(2023, 3, 24)))]
    running.take()
    amended = running.facts()[-1]
    assert amended.kind == "amended"
    with running.store.transaction() as unit:
        foreign = unit.facts.append(replace(running.fact("received"), plan="other"))
    for target, why in (
        (None, "unknown fact: None"),
        (999, "unknown fact: 999"),
        (foreign.id, f"unknown fact: {foreign.id}"),
        (undone.id, f"fact f{undone.id} is itself an undo"),
        (amended.id, f"fact f{amended.id} came from the definition file"),
        (fact.id, f"fact f{fact.id} was withdrawn already"),
    ):
        assert why in str(refused(running, "withdrawn", None, None, target=target))


# ---- names and times


def test_unknown_milestones_and_parties_are_refused_with_near_names(running: DaemonFixture) -> None:
    """Nothing is recorded for a slip of the pen."""
    error = refused(running, "received", "beta", "reprot")
    assert (str(error.exit_code.name), error.problems[0].hint) == ("NOTHING_MATCHED", "did you mean report?")
    assert refused(running, "received", "betta").problems[0].hint == "did you mean beta?"


def test_a_party_without_a_part_in_the_milestone_is_refused(store: SqlStore) -> None:
    """It is known, but owes nothing there."""
    daemon = DaemonFixture(store, plan(report(responsible=("lead",)), event(WINDOW)))
    daemon.ticker.load()
    error = refused(daemon, "received", "beta")
    assert "unknown party that owes report: 'beta'" in str(error)
    assert error.problems[0].hint == "did you mean lead?"
    assert "unknown party that owes meeting: 'gamma'" in str(refused(daemon, "waived", "gamma", "meeting"))


def test_of_a_recurring_milestone_an_occurrence_is_meant(store: SqlStore) -> None:
    """Its own name would be recorded and change nothing."""
    daemon = DaemonFixture(store, plan(deadline(MONTHLY)))
    daemon.ticker.load()
    occurrences = "there are: report@2023-03-25, report@2023-04-25, report@2023-05-25"
    for error in (
        refused(daemon, "received"),
        refused(daemon, "waived", None),
        refused(daemon, "date_fixed", None, form=By(date(2023, 4, 1))),
    ):
        assert "unknown occurrence of report: 'report'" in str(error)
        assert error.problems[0].hint in (
            occurrences,
            "did you mean report@2023-05-25 or report@2023-04-25 or report@2023-03-25?",
        )
    recorded = daemon.record("received", milestone="report@2023-04-25")
    assert {row.milestone for row in recorded.changes.dropped} == {"report@2023-04-25"}


def test_what_lies_in_the_future_has_not_happened(running: DaemonFixture) -> None:
    """Whatever it is."""
    error = refused(running, "received", happened_at=at(3, 4, 12, 1))
    assert "cannot have happened in the future" in str(error)


def test_recording_takes_an_edited_definition_first(daemon: DaemonFixture) -> None:
    """The command line reads the files anew each time; the fact is judged by what holds now."""
    daemon.live(at(3, 4))
    daemon.definitions.plans = [plan(due_by(date(2023, 3, 24)))]
    daemon.record("received", notify=False)
    assert [fact.kind for fact in daemon.facts()] == ["amended", "received"]
    assert daemon.state().digest == daemon.plan.digest
    assert {str(row.reason) for row in daemon.rows() if row.due == date(2023, 3, 24)} == {"received 2023-03-04"}


def test_recording_works_in_an_empty_record(store: SqlStore) -> None:
    """The plan is loaded with it."""
    definition = Definition(plan=plan(), source="")
    fact = Received(plan="plan", milestone="report", party="beta", happened_at=at(2, 1), recorded_at=at(2, 1))
    recorded = record(ServiceContext(store=store, composer=COMPOSER), definition, fact)
    assert len(recorded.changes.dropped) == 9
    with store.reading() as view:
        assert view.plans.state("plan") is not None


def test_replanning_after_recording_gives_nothing_new(running: DaemonFixture) -> None:
    """The record is in step with itself."""
    cases: tuple[tuple[FactKind, str], ...] = (("received", "beta"), ("returned", "beta"), ("waived", "gamma"))
    for kind, who in cases:
        running.record(kind, who)
        assert running.take() is None


def test_a_fact_may_be_looked_at_without_recording_it(running: DaemonFixture) -> None:
    """The checks stand by themselves."""
    with running.store.reading() as view:
        agenda = read_agenda(view, running.plan)
        assert check_fact(agenda, running.fact("received"), view) == []
    assert find_milestone(running.plan, "report").id == "report"
    assert find_obligation(agenda, "report", "beta").party == "beta"
    with pytest.raises(NothingMatched):
        find_milestone(running.plan, "x")


def test_an_amended_date_in_a_scenario_is_recorded_as_it_is(running: DaemonFixture) -> None:
    """It stands for an edit of the file (contract rule 18)."""
    recorded = running.record("amended", None, form=By(date(2023, 3, 24)), by="definition")
    assert recorded.changes.new == 27
    assert local(running.row("before:7d").at) == "03-17 08:00"


def test_a_party_with_one_contact_is_served_by_it(store: SqlStore) -> None:
    """No officer: the head gets the receipt."""
    beta = replace(PARTIES[1], contacts=(Contact(name="head", email="head@beta.example", role="head"),))
    daemon = DaemonFixture(store, plan(parties=(PARTIES[0], beta, PARTIES[2])))
    assert daemon.record("received").notified == ("head@beta.example",)


# ---- what a part of the plan must not hide


def test_mail_that_goes_to_the_next_contact_names_what_others_still_owe(store: SqlStore) -> None:
    """It says the same as the mail that bounced."""
    composer = SpyComposer(COMPOSER)
    draft = due_by(date(2023, 3, 10), id="draft", responsible=("gamma",))
    daemon = DaemonFixture(store, plan(draft, report(needs=("draft",))), composer=composer)
    daemon.live(at(3, 4, 12))
    [first] = [m for m in composer.written if isinstance(m, ReminderMessage) and m.to.email == "officer@beta.example"]
    daemon.record("bounced", milestone=None, address="officer@beta.example")
    [second] = [m for m in composer.written if isinstance(m, ReminderMessage) and m.to.email == "head@beta.example"]
    assert [milestone.id for milestone, _ in first.waits_for] == ["draft"]
    assert second.waits_for == first.waits_for


def test_a_receipt_falls_away_with_its_milestone(
    store: SqlStore,
) -> None:
    daemon = DaemonFixture(store, plan(due_by(FRIDAY, id="gone", deliverables=DOCUMENTS), report()))
    daemon.live(at(3, 4, 12))
    first = daemon.record("received", milestone="gone", deliverables=("plan",)).fact
    daemon.record("received", milestone="gone", deliverables=("list",))
    daemon.definitions.plans = [plan(report())]
    daemon.take()
    daemon.undo(first)
    assert {row.name: (row.state, str(row.reason)) for row in daemon.notices()} == {
        "receipt:1": ("skipped", "a later receipt lists everything"),
        "receipt:2": ("cancelled", "gone is no longer in the plan"),
    }


def test_who_was_released_from_an_event_is_told_also_if_another_is_released_next(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(event(On(date(2023, 6, 8), date(2023, 6, 8)), organiser=("members",))))
    daemon.live(at(5, 6, 12))
    for whose in ("beta", "gamma"):
        daemon.record("waived", whose, "meeting", reason="not this year")
    assert [row.party for row in daemon.notices(kind="change", state="planned")] == ["beta", "gamma"]


def test_the_same_key_about_another_obligation_is_another_request(running: DaemonFixture) -> None:
    first = running.record("received", idempotency_key="x").fact
    assert running.record("received", idempotency_key="x").fact == first
    assert running.record("received", "gamma", idempotency_key="x").is_new


MINISTRY = party("ministry", name="The Ministry", external=True, contacts=())
JUNE = Window(date(2023, 6, 1), date(2023, 6, 9), "early in June")


def with_guests(store: SqlStore) -> DaemonFixture:
    """Return a daemon with a meeting in June to which the ministry is a guest."""
    meeting = event(JUNE, guests=("ministry",))
    return DaemonFixture(store, plan(meeting, report(), parties=(*PARTIES, MINISTRY)), start=at(3, 6))


def test_who_fixes_a_date_is_told_whom_to_invite(store: SqlStore) -> None:
    office = with_guests(store)
    recorded = office.record("date_fixed", None, "meeting", form=On(date(2023, 6, 8), date(2023, 6, 8)))
    assert recorded.remarks == (reasons.invite_guests("The Ministry"),)


def test_of_a_meeting_that_is_over_nobody_has_to_be_invited(store: SqlStore) -> None:
    office = with_guests(store)
    office.clock.instant = at(6, 12)
    recorded = office.record("date_fixed", None, "meeting", form=On(date(2023, 6, 8), date(2023, 6, 8)))
    assert recorded.remarks == (reasons.NOT_REMINDED,)


def test_guests_can_be_marked_as_invited_once_for_each_date(store: SqlStore) -> None:
    office = with_guests(store)
    with pytest.raises(UserError, match="nobody who is still to be invited"):
        office.record("invited", None, "meeting")
    office.record("date_fixed", None, "meeting", form=On(date(2023, 6, 8), date(2023, 6, 8)))
    recorded = office.record("invited", None, "meeting")
    assert (recorded.notified, recorded.changes.armed, recorded.changes.dropped) == ((), (), ())
    with pytest.raises(UserError, match="nobody who is still to be invited"):
        office.record("invited", None, "meeting")
    with pytest.raises(UserError, match="nobody who is still to be invited"):
        office.record("invited", None, "report")
    with pytest.raises(NothingMatched, match="unknown milestone"):
        office.record("invited", None, "meating")


def with_meeting(store: SqlStore, **details: Any) -> DaemonFixture:
    """Return a daemon with a meeting in June to which a vice head may come."""
    meeting = event(On(date(2023, 6, 8), date(2023, 6, 8)), deputy="a vice head", **details)
    return DaemonFixture(store, plan(meeting, report()), start=at(3, 6))


def test_a_reply_to_an_invitation_is_kept_for_the_days_in_force_and_nobody_is_written_to(store: SqlStore) -> None:
    office = with_meeting(store)
    recorded = office.record("replied", "beta", "meeting", reply="delegated", deputy="Mr Nam", people=2)
    assert (recorded.notified, recorded.changes.armed, recorded.changes.dropped) == ((), (), ())
    [kept] = office.facts()
    assert isinstance(kept, Replied)
    june = On(date(2023, 6, 8), date(2023, 6, 8))
    assert (kept.form, kept.reply, kept.deputy, kept.people) == (june, "delegated", "Mr Nam", 2)


@pytest.mark.parametrize(
    ("about", "details", "code"),
    [
        ("meeting", {"reply": "declined", "people": 1}, "no-people"),
        ("meeting", {"reply": "accepted", "people": 0}, "no-people"),
        ("meeting", {"reply": "accepted", "people": 1001}, "no-people"),
        ("autumn", {"reply": "delegated"}, "no-deputy"),
        ("meeting", {"reply": "accepted", "deputy": "Mr Nam"}, "no-deputy"),
        ("winter", {"reply": "accepted"}, "no-invitation"),
        ("report", {"reply": "accepted"}, "no-invitation"),
    ],
)
def test_a_reply_that_fits_no_invitation_is_refused(
    store: SqlStore, about: str, details: dict[str, Any], code: str
) -> None:
    june = On(date(2023, 6, 8), date(2023, 6, 8))
    by = event(Before(date(2023, 12, 1)), "winter")
    events = (event(june, deputy="a vice head"), event(june, "autumn"), by)
    office = DaemonFixture(store, plan(*events, report()), start=at(3, 6))
    with pytest.raises(UserError) as refused:
        office.record("replied", "beta", about, **details)
    assert refused.value.problems[0].code == code
    assert office.facts() == []


def test_only_who_is_invited_replies(store: SqlStore) -> None:
    office = with_meeting(store, attendees=("gamma",))
    with pytest.raises(NothingMatched, match="unknown party invited to meeting"):
        office.record("replied", "beta", "meeting", reply="accepted")
    assert office.record("replied", "gamma", "meeting", reply="accepted").is_new


def test_to_an_event_that_was_called_off_nobody_replies(store: SqlStore) -> None:
    office = with_meeting(store)
    office.record("waived", None, "meeting", reason="no money")
    with pytest.raises(UserError, match="has no day to which beta is invited"):
        office.record("replied", "beta", "meeting", reply="accepted")


# ---- single reminders


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("snoozed", {"until": date(2023, 3, 10), "reason": "x"}),
        ("reminded", {"reason": "x"}),
    ],
)
def test_what_is_done_or_in_doubt_is_not_reminded_of(
    running: DaemonFixture, kind: FactKind, details: dict[str, Any]
) -> None:
    running.record("received")
    assert "is not open any more" in str(refused(running, kind, **details))


def test_a_reminder_that_was_asked_for_leaves_once(running: DaemonFixture) -> None:
    """On Saturday it waits for Monday; the ordinary steps leave as before."""
    recorded = running.record("reminded", reason="the mail got lost")
    assert [step.name for step in recorded.changes.armed] == ["remind:1"]
    running.live(at(3, 6, 9))
    assert running.row("remind:1").state == "sent"
    running.live(at(3, 31))
    assert [row.state for row in running.rows() if row.name == "remind:1"] == ["sent"]


def test_after_a_pause_one_reminder_leaves_and_the_ladder_goes_on(running: DaemonFixture) -> None:
    running.record("snoozed", until=date(2023, 3, 12), reason="promised for the 13th")
    running.live(at(3, 12, 23))
    assert len(running.left()) == 1
    running.live(at(3, 13, 9))
    assert running.row("resume:1").state == "sent"


def test_nobody_is_reminded_after_a_pause_of_what_has_come_meanwhile(running: DaemonFixture) -> None:
    running.record("snoozed", until=date(2023, 3, 13), reason="x")
    running.clock.instant = at(3, 9)
    running.record("received")
    running.live(at(3, 14, 9))
    assert running.row("resume:1").state == "cancelled"


def test_only_a_step_that_lies_ahead_is_left_out(running: DaemonFixture) -> None:
    due = running.row("before:7d").due
    assert "does not lie ahead" in str(refused(running, "skipped", step="before:14d", due=due, reason="x"))
    assert "unknown step" in str(refused(running, "skipped", step="before:99d", due=due, reason="x"))
    running.record("skipped", step="before:7d", due=due, reason="x")
    running.live(at(3, 13, 12))
    assert running.row("before:7d").state == "skipped"


def test_nobody_is_reminded_of_what_has_no_day(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(deadline(Undated("as agreed"))))
    daemon.take()
    assert "no day of which" in str(refused(daemon, "reminded", reason="x"))
    daemon.record("noted", note="telephoned")
    assert "note is empty" in str(refused(daemon, "noted"))
