"""A plan that ends on purpose: nothing of it is owed any more, nobody is told, and the record stays."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from scheduler.errors import NothingMatched, UserError
from scheduler.plan.commands import Retire
from scheduler.plan.dates.date_forms import By, On
from scheduler.plan.facts import FactKind
from scheduler.services.context import ServiceContext
from scheduler.services.digests import DigestSchedule
from scheduler.services.retire_plan import retire_absent
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, DaemonFixture, plan, report
from tests.support.plan_builders import at, event

UTC_ZONE = ZoneInfo("UTC")


def services_of(daemon: DaemonFixture) -> ServiceContext:
    """Return the services that work on the record of a daemon."""
    return ServiceContext(store=daemon.store, composer=COMPOSER)


@pytest.fixture
def running(store: SqlStore) -> DaemonFixture:
    """Return a daemon with a deadline and an event; the first reminder has left, a receipt waits for Monday."""
    daemon = DaemonFixture(store, plan(report(), event(On(date(2023, 3, 24), date(2023, 3, 24)))))
    daemon.live(at(3, 4, 12))
    daemon.record("received", "gamma")
    return daemon


def test_nothing_that_is_open_is_owed_any_more_and_nobody_is_told(running: DaemonFixture) -> None:
    """Neither the receipt that waited nor an invitation, a digest's line or a notice leaves."""
    before = running.left(None)
    recorded = running.record("retired", None, None, reason="it ends")
    assert recorded.notified == ()
    running.live(at(4, 5))
    assert running.left(None) == before
    states = {row.state for row in running.rows(None, None)}
    assert states <= {"sent", "cancelled"}
    reasons = {str(row.reason) for row in running.rows("beta", "report") if row.state == "cancelled"}
    assert "retired 2023-03-04 (it ends)" in reasons
    assert {mail.state for mail in running.mails()} == {"sent"}
    assert [(row.state, str(row.reason)) for row in running.notices()] == [("cancelled", "the plan has ended")]


def test_what_was_handed_in_stays_handed_in(running: DaemonFixture) -> None:
    """And what somebody said is answered by the end."""
    running.record("declared", "beta")
    running.record("retired", None, None, reason="it ends")
    agenda = running.ticker.agendas
    with running.store.reading() as view:
        standings = {o.key: o.standing for o in agenda.read(view, running.plan).obligations}
    assert standings["report", "gamma"].state == "submitted"
    assert (standings["report", "beta"].state, standings["report", "beta"].declared) == ("waived", ())
    assert {standing.state for key, standing in standings.items() if key != ("report", "gamma")} == {"waived"}


def test_an_undone_end_lets_everything_live_again(running: DaemonFixture) -> None:
    """As if it had never been recorded."""
    planned = running.states("beta")
    recorded = running.record("retired", None, None, reason="it ends")
    running.undo(recorded.fact)
    assert running.states("beta") == planned
    running.live(at(3, 11))
    assert running.left()[-2:] == ["03-03 08:00 before:14d", "03-10 08:00 before:7d"]


def test_a_plan_ends_once(running: DaemonFixture) -> None:
    """The second time is refused, with the way back."""
    running.record("retired", None, None, reason="it ends")
    with pytest.raises(UserError, match="was retired by f2"):
        running.record("retired", None, None, reason="again")


def test_a_plan_without_its_file_ends_as_well_and_stays_ended_when_the_file_is_back(running: DaemonFixture) -> None:
    """The promises in the record are cancelled one by one, because no agenda can be drawn."""
    command = Retire(at=at(3, 5, 9), reason="the file is lost")
    fact, cancelled = retire_absent(
        ServiceContext(store=running.store, composer=COMPOSER), running.plan.id, command, UTC_ZONE
    )
    assert (fact.reason, cancelled > 0) == ("the file is lost", True)
    assert {row.state for row in running.rows(None, None)} <= {"sent", "cancelled", "skipped"}
    assert {mail.state for mail in running.mails()} == {"sent"}
    assert {row.state for row in running.notices()} == {"cancelled"}
    with pytest.raises(UserError, match=f"was retired by f{fact.id}"):
        retire_absent(services_of(running), running.plan.id, command, UTC_ZONE)
    before = running.left(None)
    running.live(at(4, 5))
    assert running.left(None) == before
    running.undo(fact)
    assert "planned" not in running.states().values()  # everything lies in the past by now


def test_a_plan_that_was_never_loaded_cannot_be_retired(running: DaemonFixture) -> None:
    """Similar names are offered."""
    with pytest.raises(NothingMatched, match="plan"):
        retire_absent(
            ServiceContext(store=running.store, composer=COMPOSER), "plam", Retire(at=at(3, 5), reason="x"), UTC_ZONE
        )


@pytest.mark.parametrize("kind", ["returned", "extended", "waived", "accepted", "date_fixed", "opened"])
def test_nothing_of_a_retired_plan_is_decided_any_more(running: DaemonFixture, kind: FactKind) -> None:
    """It would be owed again, or mailed; what still comes is recorded."""
    running.record("retired", None, None, reason="it ends")
    more: dict[str, object] = {"form": By(date(2023, 4, 28))} if kind in ("extended", "date_fixed") else {}
    with pytest.raises(UserError, match="was retired by f2"):
        running.record(kind, "gamma", "report", **more)
    assert running.record("received", "beta").fact.id == 3


def test_a_retired_plan_writes_no_digest_and_releases_no_held_mail(running: DaemonFixture) -> None:
    running.mailer.is_down = True
    running.tick(at(3, 6, 8))
    running.mailer.is_down = False
    [receipt] = running.mails(kind="receipt")
    with running.store.transaction() as unit:
        unit.outbox.hold(receipt.id)
    running.ticker = running.new_ticker(weekly=DigestSchedule())
    running.record("retired", None, None, reason="it ends")
    running.live(at(3, 21))
    assert running.mails(kind="digest") == []
    assert [mail.state for mail in running.mails(kind="receipt")] == ["cancelled"]
