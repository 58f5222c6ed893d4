"""What a party says on its page: recorded once, and sent to the lead and to the party's own officers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scheduler.errors import NothingMatched, UserError
from scheduler.plan.commands import Declare
from scheduler.plan.dates.date_forms import By, On, Undated
from scheduler.plan.model import Group
from scheduler.ports import Document
from scheduler.queries.site_links import SiteLinks, is_over
from scheduler.services.commands import build_fact
from scheduler.services.context import ServiceContext
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, DaemonFixture, plan, report
from tests.support.facts import record
from tests.support.mail_reader import body, read
from tests.support.plan_builders import at, deadline, event, history_of

BETA, LEAD = "officer@beta.example", "officer@lead.example"
SITE = SiteLinks("https://office.example", b"a secret of the tests")


@pytest.fixture
def running(daemon: DaemonFixture) -> DaemonFixture:
    """Return a daemon in which the first reminder has left; it is Saturday, 4 March, noon."""
    daemon.live(at(3, 4, 12))
    return daemon


def to_whom(daemon: DaemonFixture) -> list[tuple[str, str]]:
    """Return the notices that leave at the next opening: kind and address."""
    addresses = {"receipt": BETA, "notice": LEAD}
    return [(row.kind, addresses[row.kind]) for row in daemon.notices(state="planned")]


# ---- declared


def test_a_declaration_leaves_the_next_reminder_out_and_asks_the_lead(running: DaemonFixture) -> None:
    """The party's own officers are notified as well: somebody else may have said it."""
    recorded = running.record("declared", channel="paper")
    assert [row.name for row in recorded.changes.dropped] == ["before:7d"]
    assert to_whom(running) == [("receipt", BETA), ("notice", LEAD)]
    running.live(at(3, 27))
    assert [step for step in running.left() if "receipt" not in step] == [
        "03-03 08:00 before:14d",
        "03-14 08:00 before:3wd",
        "03-16 08:00 before:1wd",
        "03-17 08:00 named-day",
        "03-20 08:00 overdue:1",
        "03-22 08:00 overdue:2",
        "03-24 08:00 overdue:3",
    ]
    assert str(running.row("before:7d").reason) == "the party says it was sent on 2023-03-04 (paper)"


def test_said_again_on_the_same_day_it_causes_no_further_mail(running: DaemonFixture) -> None:
    """Contract rule 17; on the next day it does."""
    running.record("declared")
    running.record("disowned")
    known = to_whom(running)
    running.record("declared", note="again")
    running.record("disowned", note="again")
    assert to_whom(running) == known
    running.clock.instant = at(3, 5, 12)
    running.record("declared")
    assert to_whom(running) == [*known, ("receipt", BETA), ("notice", LEAD)]


def test_a_reminder_that_waits_for_the_mail_server_is_left_out_too(running: DaemonFixture) -> None:
    running.mailer.is_down = True
    running.tick(at(3, 10, 8, 5))
    running.clock.instant = at(3, 10, 9)
    running.record("declared")
    running.mailer.is_down = False
    running.tick(at(3, 10, 10))
    assert running.row("before:7d").state == "skipped"
    assert running.row("before:7d", "gamma").state == "sent"


def test_what_has_come_cannot_be_declared(running: DaemonFixture) -> None:
    running.record("received")
    with pytest.raises(UserError, match="not open any more"):
        running.record("declared")


def test_of_an_event_nothing_is_declared(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(event(On(date(2023, 6, 8), date(2023, 6, 8)))))
    daemon.tick()
    with pytest.raises(UserError, match="is an event"):
        daemon.record("declared", "lead", "meeting")


def test_nobody_has_sent_anything_tomorrow(running: DaemonFixture) -> None:
    with pytest.raises(UserError, match="has not come yet"):
        build_fact(
            running.plan,
            Declare(at=at(3, 4), milestone="report", party="beta", sent_on=date(2023, 3, 5), channel="paper"),
        )


def test_the_last_reminder_before_a_declaration_is_not_taken_back_from_the_party(running: DaemonFixture) -> None:
    """Undone, the reminder lives again."""
    recorded = running.record("declared")
    assert running.undo(recorded.fact).changes.armed != ()
    assert running.row("before:7d").state == "planned"
    running.live(at(3, 7))
    assert running.left(LEAD)[1:] == []  # the notice had not left yet


# ---- not our task


def test_not_our_task_goes_to_the_lead_and_stops_nothing(running: DaemonFixture) -> None:
    recorded = running.record("disowned", note="ask gamma")
    assert recorded.changes.dropped == ()
    assert to_whom(running) == [("notice", LEAD)]
    running.live(at(3, 7))
    [mail] = running.mails(kind="notice")
    assert "ask gamma" in body(read(mail.mail.data), "plain")


def test_who_only_attends_can_say_so_too_and_a_stranger_cannot(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(event(On(date(2023, 6, 8), date(2023, 6, 8)), attendees=("beta",))))
    daemon.tick()
    daemon.record("disowned", "beta", "meeting")
    with pytest.raises(NothingMatched):
        daemon.record("disowned", "gamma", "meeting")


def test_without_a_lead_the_operator_of_the_plan_is_told(store: SqlStore) -> None:
    daemon = DaemonFixture(
        store, replace(plan(report()), groups={"members": Group(id="members", parties=("beta", "gamma"))})
    )
    daemon.tick()
    daemon.record("disowned", "gamma")
    assert to_whom(daemon) == [("notice", LEAD)]  # the first party of the roster


# ---- forms and files


def test_a_form_is_recorded_once(running: DaemonFixture) -> None:
    first = running.record("declared", idempotency_key="w1")
    assert running.record("declared", idempotency_key="w1", note="sent twice").fact == first.fact
    running.record("declared", idempotency_key="w2")
    assert len(running.facts()) == 2


def test_files_are_remembered_with_the_submission_or_not_at_all(running: DaemonFixture) -> None:
    services = ServiceContext(store=running.store, composer=COMPOSER)
    file = Document(name="a.pdf", kind="application/pdf", size=3, digest="d" * 64)
    recorded = record(services, running.definition, running.fact("received"), documents=[file])
    with pytest.raises(UserError):
        record(services, running.definition, running.fact("received", milestone="meeting"), documents=[file])
    with running.store.reading() as view:
        [known] = view.documents.of([recorded.fact.id])
        assert (known.name, known.party, known.received_at) == ("a.pdf", "beta", running.clock.instant)
        assert view.documents.get(known.id + 1) is None


# ---- where mails lead to


def test_mails_to_a_party_lead_to_its_page_where_pages_can_be_opened(store: SqlStore) -> None:
    """Contract rule 20; a mail to the lead does not lead to another's page."""
    daemon = DaemonFixture(store)
    daemon.ticker = daemon.new_ticker(links=SITE)
    daemon.live(at(3, 4))
    daemon.record("declared")
    daemon.live(at(3, 7))
    words = {
        mail.kind: body(read(mail.mail.data), "plain") for mail in daemon.mails() if mail.party in ("beta", "lead")
    }
    address = SITE.of("beta", 1, "plan", "report")
    assert address.startswith("https://office.example/p/")
    assert address in words["receipt"]
    assert "/p/" not in words["notice"]
    reminders = {mail.party: body(read(mail.mail.data), "plain") for mail in daemon.mails(kind="reminder")}
    assert {party: SITE.of(party, 1, "plan", "report") in text for party, text in reminders.items()} == {
        "lead": True,
        "beta": True,
        "gamma": True,
    }
    assert not any(SITE.of("gamma", 1) in text for party, text in reminders.items() if party != "gamma")


def test_after_a_revocation_mails_have_the_new_address(store: SqlStore) -> None:
    daemon = DaemonFixture(store)
    daemon.ticker = daemon.new_ticker(links=SITE)
    daemon.tick()
    with store.transaction() as unit:
        unit.pages.revoke("beta", now=daemon.clock.instant)
    daemon.live(at(3, 4))
    [words] = [body(read(m.mail.data), "plain") for m in daemon.mails(kind="reminder") if m.party == "beta"]
    assert SITE.of("beta", 2, "plan", "report") in words


def test_a_page_is_over_ninety_days_after_its_last_date() -> None:
    """Contract rule 11: also when another party has a later one."""
    agendas = [history_of(deadline(By(date(2023, 3, 17)))).agenda()]
    assert [is_over(agendas, "beta", moment) for moment in (at(6, 15, 23), at(6, 16, 0))] == [False, True]
    history = history_of(deadline(By(date(2023, 3, 17))))
    history.record("extended", at(3, 10), "report", "gamma", form=By(date(2023, 3, 31)))
    assert [is_over([history.agenda()], party, at(6, 20)) for party in ("beta", "gamma")] == [True, False]


def test_a_party_with_two_plans_has_a_page_until_the_later_is_over() -> None:
    early, late = history_of(deadline(By(date(2023, 3, 17)))), history_of(deadline(Undated("some day")))
    assert not is_over([early.agenda(), late.agenda()], "beta", at(12, 31))
    assert is_over([early.agenda(), late.agenda()], "beta", at(4, 1, year=2024))  # the year and ninety days


def test_messages_that_are_nobodys_business_have_no_page(daemon: DaemonFixture) -> None:
    """A mail without addresses to give stays as it is."""
    daemon.live(at(3, 4))
    assert all("/p/" not in body(read(mail.mail.data), "plain") for mail in daemon.mails())
