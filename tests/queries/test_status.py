"""What people ask to see, as plain rows; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from scheduler.plan.dates.date_forms import By, On, Undated, Window
from scheduler.plan.dates.workdays import Workdays
from scheduler.plan.model import Deliverable
from scheduler.ports import Finding, UnitOfWork
from scheduler.queries.agendas import view_agenda
from scheduler.queries.deliveries import list_deliveries
from scheduler.queries.plans import list_plans
from scheduler.queries.rows import fact_row, message_row, rung_row
from scheduler.queries.status import list_board
from scheduler.queries.upcoming import list_agenda
from scheduler.queries.why import explain_rung
from scheduler.store import SqlStore
from tests.support.daemon_fixture import DaemonFixture, due_by, plan, report
from tests.support.plan_builders import HANOI, at, deadline, event

DOCUMENTS = (Deliverable(id="plan", title="the plan"), Deliverable(id="list", title="the list"))


def see(daemon: DaemonFixture, ask: Callable[[UnitOfWork], Any]) -> list[dict[str, Any]]:
    with daemon.store.reading() as view:
        return list(ask(view))


def board(daemon: DaemonFixture, **asked: Any) -> list[dict[str, Any]]:
    return see(daemon, lambda view: list_board(view, daemon.plan, daemon.clock.instant, **asked))


def statuses(daemon: DaemonFixture, **asked: Any) -> dict[str, str]:
    return {row["party"]: row["status"] for row in board(daemon, **asked)}


def deliveries(daemon: DaemonFixture, since: Any, until: Any) -> list[dict[str, Any]]:
    return see(daemon, lambda view: list_deliveries(view, daemon.plan, since, until))


# ---- plans


def test_plans_show_their_revision_and_what_is_still_open(store: SqlStore) -> None:
    """Before the first load and after it."""
    window = event(Window(date(2023, 6, 1), date(2023, 6, 9), "early in June"))
    daemon = DaemonFixture(store, plan(report(), window, deadline(Undated("yearly"), id="yearly")))
    (row,) = see(daemon, lambda view: list_plans(view, daemon.definitions.plans, daemon.clock.instant))
    assert (row["first_loaded"], row["tentative"], row["undated"]) == (None, ["meeting"], ["yearly"])
    assert (row["milestones"], row["parties"], row["revision"]) == (3, 3, daemon.plan.digest[:12])
    assert row["provisional"] == []
    daemon.take()
    (row,) = see(daemon, lambda view: list_plans(view, daemon.definitions.plans, daemon.clock.instant))
    assert row["first_loaded"] == "2023-02-01T00:00:00+07:00"


def test_plans_show_the_years_whose_days_off_are_not_announced(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(workdays=Workdays(provisional=frozenset({2024, 2023}))))
    (row,) = see(daemon, lambda view: list_plans(view, daemon.definitions.plans, daemon.clock.instant))
    assert row["provisional"] == [2023, 2024]


# ---- the board


def test_what_several_sources_saw_is_shown_together(store: SqlStore) -> None:
    """Without a source that could not be looked at in the last check."""
    daemon = DaemonFixture(store)
    daemon.tick()

    def check(hour: int, **seen: str) -> None:
        findings = [Finding(milestone="report", party="beta", source=source, seen=seen[source]) for source in seen]
        with store.transaction() as unit:
            unit.journal.record_check("plan", at(2, 2, hour), findings)

    check(8, folder="a file", manual="nothing recorded", web="nothing")
    check(9, folder="two files", manual="nothing recorded")
    daemon.clock.instant = at(2, 2, 10)
    (row,) = board(daemon, party="beta")
    assert row["seen"] == "folder: two files; manual: nothing recorded"
    assert (row["checked"], row["seen_since"]) == ("2023-02-02T09:00:00+07:00", "2023-02-02T09:00:00+07:00")


def test_the_board_shows_every_obligation_with_dates_next_step_and_last_check(daemon: DaemonFixture) -> None:
    """Instants with the offset of the plan's zone."""
    daemon.live(at(3, 4, 12))
    (row,) = board(daemon, party="beta")
    assert {key: row[key] for key in ("plan", "milestone", "party", "role", "status", "late")} == {
        "plan": "plan", "milestone": "report", "party": "beta", "role": "owes", "status": "pending", "late": False,
    }  # fmt: skip
    assert (row["date"], row["last_day"], row["target"]) == ("by 2023-03-17", "2023-03-17", "2023-03-17")
    assert row["late_from"] == "2023-03-18T00:00:00+07:00"
    assert (row["next"]["rung"], row["next"]["at"]) == ("before:7d", "2023-03-10T08:00:00+07:00")
    assert (row["seen"], row["checked"]) == ("nothing recorded", "2023-03-03T07:30:00+07:00")
    assert row["seen_since"] == "2023-02-01T00:00:00+07:00"
    assert row["facts"] == []


def test_the_board_shows_what_came_and_what_is_missing(store: SqlStore) -> None:
    """With the facts behind it."""
    daemon = DaemonFixture(store, plan(report(deliverables=DOCUMENTS, channels=("paper", "email"))))
    daemon.live(at(3, 4, 12))
    daemon.record("received", deliverables=("plan",), channel="paper", by="An")
    (row,) = board(daemon, party="beta")
    assert (row["status"], row["missing"], row["received"], row["missing_channels"]) == ("partial", ["list"], None, [])
    assert [(fact["kind"], fact["deliverables"], fact["by"]) for fact in row["facts"]] == [("received", ["plan"], "An")]
    daemon.record("received", channel="paper", happened_at=at(3, 4, 9))
    (row,) = board(daemon, party="beta")
    assert (row["status"], row["received"], row["missing_channels"]) == (
        "submitted",
        "2023-03-04T09:00:00+07:00",
        ["email"],
    )
    assert row["next"] is None


def test_the_board_may_be_asked_for_one_milestone_or_party(store: SqlStore) -> None:
    """An occurrence by its milestone's name too."""
    daemon = DaemonFixture(store, plan(report(), due_by(date(2023, 4, 1), id="other")))
    daemon.take()
    assert {row["milestone"] for row in board(daemon, milestone="other")} == {"other"}
    assert [(row["milestone"], row["party"]) for row in board(daemon, party="beta")] == [
        ("report", "beta"),
        ("other", "beta"),
    ]
    assert board(daemon, milestone="report", party="nobody") == []


def test_the_board_of_a_past_day_knows_nothing_of_later_facts(daemon: DaemonFixture) -> None:
    """Recorded later means not known then; what was taken back later still stood."""
    daemon.live(at(3, 4, 12))
    fact = daemon.record("received", notify=False).fact
    daemon.live(at(3, 8, 12))
    daemon.undo(fact)
    daemon.live(at(3, 20, 12))
    assert statuses(daemon)["beta"] == "overdue"
    assert statuses(daemon, as_of=at(3, 4, 11))["beta"] == "pending"
    assert statuses(daemon, as_of=at(3, 5))["beta"] == "submitted"
    assert statuses(daemon, as_of=at(3, 9))["beta"] == "pending"
    assert [fact["kind"] for fact in board(daemon, party="beta", as_of=at(3, 5))[0]["facts"]] == ["received"]
    assert board(daemon, party="beta", as_of=at(3, 5))[0]["checked"] is None  # it has been looked at since


def test_an_event_shows_its_day_and_place(store: SqlStore) -> None:
    """And before that its window."""
    daemon = DaemonFixture(store, plan(event(Window(date(2023, 6, 1), date(2023, 6, 9), "early in June"))))
    daemon.take()
    assert {row["date"] for row in board(daemon)} == {"between 2023-06-01 and 2023-06-09 (early in June)"}
    daemon.record("date_fixed", None, "meeting", form=On(date(2023, 6, 8), date(2023, 6, 8)), place="Vinh")
    row = board(daemon, party="beta")[0]
    assert (row["role"], row["status"], row["date"], row["place"]) == ("attends", "fixed", "on 2023-06-08", "Vinh")
    daemon.definitions.plans = [plan(deadline(Undated("yearly")))]
    daemon.take()
    assert {row["date"] for row in board(daemon)} == {"undated (yearly)"}
    daemon.definitions.plans = [plan(deadline(Undated("")))]
    daemon.take()
    assert {row["date"] for row in board(daemon)} == {"undated"}


# ---- the agenda


def test_the_agenda_shows_what_fires_next_up_to_but_not_including_its_end(daemon: DaemonFixture) -> None:
    """Only what is planned."""
    daemon.live(at(3, 4))
    daemon.record("received", "gamma", notify=False)

    def ask(view: UnitOfWork) -> Any:
        return list_agenda(view, daemon.plan, daemon.clock.instant, since=at(3, 10, 8), until=at(3, 14, 8))

    assert [(row["rung"], row["party"]) for row in see(daemon, ask)] == [("before:7d", "lead"), ("before:7d", "beta")]


def test_the_agenda_of_a_plan_that_was_never_loaded_is_drawn_as_if_it_were_now(daemon: DaemonFixture) -> None:
    """Its steps have no number yet."""

    def ask(view: UnitOfWork) -> Any:
        return list_agenda(view, daemon.plan, at(3, 15), since=at(3, 1), until=None, party="beta")

    rows = see(daemon, ask)
    assert [row["rung"] for row in sorted(rows, key=lambda row: row["at"])][:2] == ["before:1wd", "named-day"]
    assert {row["id"] for row in rows} == {None}


# ---- deliveries


def test_deliveries_have_one_row_each_and_one_for_every_other_rung(daemon: DaemonFixture) -> None:
    """Whatever its state; an escalation one for each missing obligation, with the same message."""
    daemon.live(at(3, 21, 12))
    rows = deliveries(daemon, at(3, 17), at(3, 22))
    found = {(row["rung"], row["party"], row["to"], row["state"]) for row in rows}
    assert ("target", "beta", None, "skipped") in found
    assert ("overdue:1", "beta", "head@beta.example", "sent") in found
    told = [row for row in rows if row["rung"] == "escalate:2wd" and row["to"] == "officer@lead.example"]
    assert [row["party"] for row in told] == ["beta", "gamma"]
    assert len({row["message"] for row in told}) == 1
    assert {row["sent_at"] for row in told} == {"2023-03-21T08:00:00+07:00"}


def test_a_notice_is_listed_at_its_instant(daemon: DaemonFixture) -> None:
    """`rung` is null for a receipt."""
    daemon.live(at(3, 10, 18))
    daemon.record("received")
    daemon.live(at(3, 14))
    (row,) = [row for row in deliveries(daemon, at(3, 10), at(3, 14)) if row["kind"] == "receipt"]
    assert (row["rung"], row["at"], row["sent_at"]) == (
        None,
        "2023-03-13T08:00:00+07:00",
        "2023-03-13T08:00:00+07:00",
    )


@pytest.mark.parametrize("cut", [at(3, 10), at(3, 10, 8), at(3, 10, 9), at(3, 17)])
def test_splitting_a_period_changes_nothing(daemon: DaemonFixture, cut: Any) -> None:
    """What lies exactly at the cut belongs to the second part, and to that only."""
    daemon.live(at(4, 1))
    start, end = at(2, 1), at(4, 1)
    assert deliveries(daemon, start, cut) + deliveries(daemon, cut, end) == deliveries(daemon, start, end)


def test_deliveries_come_in_the_same_order_every_time(daemon: DaemonFixture) -> None:
    """By instant, then by name."""
    daemon.live(at(3, 21, 12))
    rows = deliveries(daemon, at(3, 1), at(3, 31))
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert rows == deliveries(daemon, at(3, 1), at(3, 31))


# ---- single rows


def test_a_rung_is_explained_with_its_dates_the_status_then_and_its_mails(daemon: DaemonFixture) -> None:
    """What was known at the moment it was settled, not what is known now."""
    daemon.live(at(3, 10, 18))
    daemon.record("received")
    sent = daemon.row("before:7d")
    with daemon.store.reading() as view:
        why = explain_rung(view, daemon.plan, sent, daemon.clock.instant)
    assert (why["id"], why["state"], why["status_then"]) == (f"r{sent.id}", "sent", "open")
    assert (why["noticed"], why["settled"]) == ("2023-03-10T08:00:00+07:00",) * 2
    assert why["dates"]["target"] == "2023-03-17"
    assert [(mail["to"], mail["state"], mail["reply"]) for mail in why["mails"]] == [
        ("officer@beta.example", "sent", "250 ok")
    ]
    cancelled = daemon.row("before:3wd")
    with daemon.store.reading() as view:
        why = explain_rung(view, daemon.plan, cancelled, daemon.clock.instant)
    assert (why["status_then"], why["reason"], why["noticed"]) == ("submitted", "received 2023-03-10", None)
    assert [fact["kind"] for fact in why["facts"]] == ["received"]


def test_a_rung_of_an_obligation_that_is_gone_is_explained_without_it(daemon: DaemonFixture) -> None:
    """The ledger remembers what the plan no longer knows."""
    daemon.take()
    gone = daemon.row("before:7d")
    daemon.definitions.plans = [plan(due_by(date(2023, 4, 1), id="other"))]
    daemon.take()
    with daemon.store.reading() as view:
        why = explain_rung(view, daemon.plan, gone, daemon.clock.instant)
    assert (why["dates"], why["status_then"], why["mails"]) == ({}, None, [])


def test_a_message_row_has_everything_but_the_bytes(daemon: DaemonFixture) -> None:
    """Its rungs by their numbers."""
    daemon.live(at(3, 4))
    mail = daemon.mails()[0]
    row = message_row(mail, HANOI)
    assert row["id"] == f"m{mail.id}"
    assert row["rungs"] == [f"r{id}" for id in mail.rungs]
    assert (row["state"], row["attempts"], row["settled"]) == ("sent", 1, "2023-03-03T08:00:00+07:00")
    assert b"".join(str(value).encode() for value in row.values()).find(mail.mail.data) == -1


def test_a_fact_row_says_only_what_the_fact_says(daemon: DaemonFixture) -> None:
    """Empty fields are left out."""
    fact = daemon.record("extended", form=By(date(2023, 3, 24)), decision="No. 7").fact
    assert fact_row(fact, HANOI) == {
        "id": f"f{fact.id}",
        "kind": "extended",
        "happened": "2023-02-01T00:00:00+07:00",
        "recorded": "2023-02-01T00:00:00+07:00",
        "plan": "plan",
        "milestone": "report",
        "party": "beta",
        "actor": "office",
        "date": "by 2023-03-24",
        "decision": "No. 7",
    }
    assert fact_row(daemon.undo(fact).fact, HANOI)["undoes"] == f"f{fact.id}"


def test_a_rung_row_has_a_number_once_it_is_in_the_ledger(daemon: DaemonFixture) -> None:
    """`r7` is what `why` takes."""
    daemon.take()
    row = daemon.row("before:7d")
    assert rung_row(row, daemon.plan)["id"] == f"r{row.id}"
    assert rung_row(row, daemon.plan)["due"] == "2023-03-17"


def test_what_is_in_doubt_since_the_load_was_not_in_doubt_before(store: SqlStore) -> None:
    """As of a day before the load the board says what the plan alone says."""
    daemon = DaemonFixture(store, start=at(3, 20, 9))
    daemon.take()
    assert statuses(daemon)["beta"] == "unknown"
    assert statuses(daemon, as_of=at(3, 9))["beta"] == "pending"


def test_the_days_without_a_daemon_move_escalations_also_in_what_is_shown(daemon: DaemonFixture) -> None:
    """`why` and `status` count as the daemon counts."""
    daemon.live(at(3, 19))
    daemon.tick(at(3, 22, 12))
    with daemon.store.reading() as view:
        shown = {rung.key: rung.at for rung in view_agenda(view, daemon.plan, daemon.clock.instant).rungs()}
        before = {r.key: r.at for r in view_agenda(view, daemon.plan, daemon.clock.instant, as_of=at(3, 20)).rungs()}
    key = daemon.row("escalate:2wd").key
    assert (shown[key], before[key]) == (at(3, 23, 8), at(3, 21, 8))
