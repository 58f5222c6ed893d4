"""The weekly digest: when it is written, and that one which cannot be written stops nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from scheduler.plan.dates.date_forms import By
from scheduler.plan.messages.message import DigestMessage, Message
from scheduler.plan.model import Contact, Plan
from scheduler.services.digests import DigestSchedule
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, DaemonFixture, due_by, local, plan, templates
from tests.support.fakes import SpyComposer, refuse
from tests.support.plan_builders import at, deadline, party, vietnam

FAR = date(2023, 12, 1)  # a deadline of which nothing is due for months


def digests(daemon: DaemonFixture, address: str | None = "officer@lead.example") -> list[str]:
    """Return when digests left."""
    return [text.removesuffix(" digest") for text in daemon.left(address) if text.endswith(" digest")]


def weekly(store: SqlStore, *plans: Plan, **details: Any) -> DaemonFixture:
    """Return a daemon that writes digests, its plans loaded."""
    daemon = DaemonFixture(store, *plans, **{"weekly": DigestSchedule(), **details})
    daemon.ticker.load()
    return daemon


def test_it_leaves_on_monday_at_eight_and_not_before(store: SqlStore) -> None:
    """The daemon wakes for it though nothing else is due."""
    daemon = weekly(store, plan(due_by(FAR)))
    tick = daemon.tick(at(3, 12, 20))
    assert local(tick.wake_at) == "03-13 08:00"
    daemon.tick(at(3, 13, 7, 59))
    assert digests(daemon) == []
    daemon.tick(at(3, 13, 8))
    assert digests(daemon) == ["03-13 08:00"]


def test_it_leaves_every_week_though_nothing_is_due(store: SqlStore) -> None:
    """While a plan is active its absence means trouble."""
    daemon = weekly(store, plan(due_by(FAR)))
    daemon.live(at(3, 31))
    february = ["02-06 08:00", "02-13 08:00", "02-20 08:00", "02-27 08:00"]
    assert digests(daemon) == [*february, "03-06 08:00", "03-13 08:00", "03-20 08:00", "03-27 08:00"]
    assert {mail.kind for mail in daemon.mails()} == {"digest"}


def test_an_hour_outside_the_opening_hours_waits_for_them(store: SqlStore) -> None:
    """It is written on Friday evening and leaves on Monday morning."""
    daemon = weekly(store, plan(due_by(FAR)), start=at(3, 10), weekly=DigestSchedule(weekday=4, at=time(18)))
    daemon.live(at(3, 14))
    assert digests(daemon) == ["03-13 08:00"]


def test_each_officer_of_the_lead_gets_one_a_week_and_nobody_else_does(store: SqlStore) -> None:
    """However often the daemon ticks, and starts again."""
    second = Contact(name="second", email="second@lead.example")
    lead = party("lead")
    lead = replace(lead, contacts=(*lead.contacts, second))
    daemon = weekly(store, plan(due_by(FAR), parties=(lead, party("beta"), party("gamma"))), start=at(3, 10))
    for hour in range(8, 12):
        daemon.tick(at(3, 13, hour))
        daemon.ticker = daemon.new_ticker(name=f"daemon {hour}", weekly=DigestSchedule())
    daemon.live(at(3, 21))
    assert digests(daemon) == digests(daemon, "second@lead.example") == ["03-13 08:00", "03-20 08:00"]
    assert len(digests(daemon, None)) == 4


@pytest.mark.parametrize("days", [1, 2])
def test_one_that_is_late_by_two_working_days_is_still_written(store: SqlStore, days: int) -> None:
    """A machine that was off on Monday."""
    daemon = weekly(store, plan(due_by(FAR)), start=at(3, 10))
    daemon.tick(at(3, 13 + days, 9))
    assert digests(daemon) == [f"03-{13 + days} 09:00"]


def test_it_says_what_the_daemon_knows_at_that_hour(store: SqlStore) -> None:
    """Facts, outages and mail that failed are read from the record."""
    messages: list[Message] = []
    daemon = weekly(store, start=at(3, 9, 18), composer=SpyComposer(COMPOSER, messages.append))
    daemon.tick()
    daemon.record("received", "gamma", notify=False)
    daemon.tick(at(3, 15, 9))  # before:7d is missed, and the digest of Monday is late
    (digest,) = [message.digest for message in messages if isinstance(message, DigestMessage)]
    assert digest is not None
    assert [(done.milestone.id, [p.id for p in done.parties]) for done in digest.done] == [("report", ["gamma"])]
    assert [(item.day.day, [p.id for p in item.parties]) for item in digest.due] == [(17, ["lead", "beta"])]
    assert digest.health.last_tick == at(3, 9, 18)
    daemon.live(at(3, 20, 9))
    assert digests(daemon) == ["03-15 09:00", "03-20 08:00"]
    last = [message.digest for message in messages if isinstance(message, DigestMessage)][-1]
    assert last is not None
    assert last.health.outages == ((at(3, 9, 18), at(3, 15, 9)),)


# ---- inactive plans


def test_a_plan_that_has_not_begun_has_none(store: SqlStore) -> None:
    """Before the day from which it reminds, and before it was loaded."""
    daemon = weekly(store, plan(due_by(FAR), remind_from=date(2023, 3, 14)), start=at(3, 1))
    daemon.live(at(3, 21))
    assert digests(daemon) == ["03-20 08:00"]


def test_a_plan_whose_year_is_over_has_none_unless_a_step_is_to_come(store: SqlStore) -> None:
    """The last deadline may lie in the next year."""
    own = {"workdays": vietnam(2023, 2024)}
    ended, lasting = plan(due_by(FAR), id="ended", **own), plan(deadline(By(date(2024, 1, 12))), id="lasting", **own)
    daemon = weekly(store, ended, lasting, start=at(12, 24))
    daemon.live(at(2, 6, year=2024))
    found = [(local(mail.created_at), mail.plan) for mail in daemon.mails(kind="digest")]
    assert [day for day, id in found if id == "ended"] == ["12-25 08:00"]
    assert [day for day, id in found if id == "lasting"] == [
        "12-25 08:00", "01-02 08:00", "01-08 08:00", "01-15 08:00"
    ]  # fmt: skip


def test_without_a_digest_configured_none_is_written(daemon: DaemonFixture) -> None:
    """As in a replay of one plan."""
    daemon.live(at(3, 21))
    assert daemon.mails(kind="digest") == []


# ---- one that cannot be written


def test_one_that_cannot_be_written_is_told_once_and_stops_nothing(store: SqlStore, tmp_path: Path) -> None:
    """With a template of the organisation's own; the other plan's digest and the reminders of that morning leave."""
    own = tmp_path / "mail" / "vi"
    own.mkdir(parents=True)
    (own / "digest.subject").write_text("{{ 1 // (plan.title != 'A') }}", encoding="utf-8")
    plans = plan(id="a", title="A"), plan(due_by(FAR), id="b", title="B")
    daemon = weekly(store, *plans, start=at(3, 13), composer=templates(tmp_path))
    for minute in range(3):
        daemon.tick(at(3, 20, 8, minute))
    assert [mail.plan for mail in daemon.mails(kind="digest", state="sent")] == ["b"]
    assert daemon.left("officer@beta.example") == ["03-20 08:00 overdue:1"]
    (text,) = daemon.logged("trouble")
    assert "digest.subject:1: the digest mail to lead cannot be written" in text
    assert daemon.failed() == {"digest"}


def test_one_contact_that_cannot_be_written_to_does_not_keep_the_others_from_reading(store: SqlStore) -> None:
    """Each message for itself."""
    lead = party("lead")
    lead = replace(lead, contacts=(*lead.contacts, Contact(name="second", email="second@lead.example")))
    composer = SpyComposer(COMPOSER, refuse("digest", address="officer@lead.example"))
    made = plan(due_by(FAR), parties=(lead, party("beta"), party("gamma")))
    daemon = weekly(store, made, start=at(3, 10), composer=composer)
    daemon.tick(at(3, 13, 8))
    assert digests(daemon, None) == ["03-13 08:00"]
    assert daemon.mails(kind="digest")[0].mail.address == "second@lead.example"


def test_a_fault_of_ours_in_a_digest_is_told_and_the_next_tick_tries_again(store: SqlStore) -> None:
    """Nothing else of that plan waits for it."""
    faults: list[Message] = []

    def break_once(message: Message) -> None:
        if message.kind == "digest" and not faults:
            faults.append(message)
            raise ZeroDivisionError("by us")

    daemon = weekly(store, start=at(3, 13), composer=SpyComposer(COMPOSER, break_once))
    daemon.tick(at(3, 20, 8))
    assert daemon.left("officer@beta.example") == ["03-20 08:00 overdue:1"]
    assert (digests(daemon), daemon.logged("trouble")) == ([], ["ZeroDivisionError: by us"])
    daemon.tick(at(3, 20, 8, 1))
    assert digests(daemon) == ["03-20 08:01"]
