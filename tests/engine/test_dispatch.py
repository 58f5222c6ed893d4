"""Due rungs become finished mails: each once, each addressee its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from scheduler.errors import UserError
from scheduler.plan.facts import Actor
from scheduler.plan.messages.message import EscalationMessage, Message, OverdueMessage
from scheduler.plan.model import Contact, Group
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, DaemonFixture, due_by, plan, report, templates
from tests.support.fakes import SpyComposer, refuse
from tests.support.plan_builders import PARTIES, at, party


def parties(count: int) -> dict[str, object]:
    """Return a roster so large that its rungs fill several pages."""
    made = [party(f"p{number:03}") for number in range(count)]
    members = Group(id="members", parties=tuple(p.id for p in made))
    lead = Group(id="lead", parties=(made[0].id,))
    return {"parties": made, "groups": [lead, members]}


def test_more_rungs_than_fit_one_page_all_leave_once(store: SqlStore) -> None:
    """450 parties, 200 to a page, 50 to a delivery."""
    daemon = DaemonFixture(store, plan(report(), **parties(450)))
    daemon.tick(at(3, 3, 7))
    daemon.tick(at(3, 3, 8))
    assert len(daemon.mailer.ids) == len(set(daemon.mailer.ids)) == 450
    assert {row.state for row in daemon.rows(None) if row.name == "before:14d"} == {"sent"}


def test_250_missing_parties_are_listed_in_one_mail(store: SqlStore) -> None:
    """Pages do not cut an escalation in two."""
    messages: list[Message] = []
    daemon = DaemonFixture(store, plan(report(), **parties(250)), composer=SpyComposer(COMPOSER, messages.append))
    daemon.tick(at(3, 17, 7))
    daemon.tick(at(3, 20, 9))
    daemon.tick(at(3, 21, 8))
    rolls = {message.to.email: message.roll for message in messages if isinstance(message, EscalationMessage)}
    assert set(rolls) == {"officer@p000.example", "head@p000.example"}  # about the lead: to its own head
    roll = rolls["officer@p000.example"]
    assert roll is not None
    assert len(roll.entries) == 250
    carried = [mail for mail in daemon.mails(kind="escalation") if mail.mail.address == "officer@p000.example"]
    assert [len(mail.rungs) for mail in carried] == [249]


def test_what_parties_sent_over_night_is_told_to_the_lead_in_one_mail(store: SqlStore) -> None:
    daemon = DaemonFixture(store, plan(report()))
    daemon.tick(at(3, 6, 9))
    page = Actor("party", "Nam")
    for name in ("beta", "gamma"):
        daemon.clock.instant = at(3, 6, 20)
        daemon.record("received", name, by=page)
    daemon.tick(at(3, 7, 8))
    [mail] = daemon.mails(kind="submission")
    assert (mail.state, mail.mail.address, mail.milestone, mail.party) == (
        "sent",
        "officer@lead.example",
        "report",
        "lead",
    )
    assert [row.state for row in daemon.notices(kind="submission")] == ["sent", "sent"]
    assert [row.id for row in daemon.notices(kind="submission")] == sorted(mail.rungs)
    daemon.tick(at(3, 8, 8))
    assert len(daemon.mails(kind="submission")) == 1


def test_an_escalation_that_nobody_stands_above_is_skipped_with_the_reason(store: SqlStore) -> None:
    """The lead is late, has no head, and there are no deputies."""
    lead = replace(PARTIES[0], contacts=PARTIES[0].contacts[:1])
    daemon = DaemonFixture(store, plan(parties=(lead, *PARTIES[1:])))
    daemon.live(at(4, 1))
    row = daemon.row("escalate:2wd", "lead")
    assert (row.state, str(row.reason)) == ("skipped", "nobody stands above lead in the roster")


def test_who_was_not_reached_by_a_single_notice_is_not_reported(store: SqlStore) -> None:
    """The mail server was away all the time; what could not be said cannot be held against anybody."""
    daemon = DaemonFixture(store, start=at(3, 17, 12))
    daemon.live(at(3, 17, 13))
    daemon.record("received", "lead", notify=False)
    daemon.mailer.is_down = True
    daemon.live(at(3, 22))
    rows = [daemon.row("escalate:2wd", who) for who in ("beta", "gamma")]
    assert {(row.state, str(row.reason)) for row in rows} == {
        ("skipped", "no notice to beta has left"),
        ("skipped", "no notice to gamma has left"),
    }
    assert daemon.mails(kind="escalation") == []


def test_a_mail_that_cannot_be_written_fails_its_own_rung_only(store: SqlStore) -> None:
    """The words of the template's error are the reason, and the operator is notified."""
    daemon = DaemonFixture(store, composer=SpyComposer(COMPOSER, refuse(party="beta")))
    daemon.live(at(3, 4))
    assert (daemon.row("before:14d").state, str(daemon.row("before:14d").reason)) == (
        "failed",
        "it could not be written: no words",
    )
    assert daemon.row("before:14d", "gamma").state == "sent"
    assert daemon.logged("trouble") == ["could not be written: no words\n    look at the template"]
    assert daemon.failed() == {"reminders"}


def test_a_template_that_fails_for_one_party_costs_nobody_else_a_mail(store: SqlStore, tmp_path: Path) -> None:
    """With the real composer and a template of the organisation's own."""
    own = tmp_path / "mail" / "vi"
    own.mkdir(parents=True)
    (own / "reminder.subject").write_text("{{ 1 // (party.id != 'beta') }}", encoding="utf-8")
    daemon = DaemonFixture(store, composer=templates(tmp_path))
    daemon.live(at(3, 4))
    assert daemon.row("before:14d").state == "failed"
    assert "the reminder mail to beta cannot be written" in str(daemon.row("before:14d").reason)
    assert daemon.left("officer@gamma.example") == ["03-03 08:00 before:14d"]


def test_a_rung_of_which_one_of_two_mails_was_written_is_sent(store: SqlStore) -> None:
    """The head could be notified, the officer could not."""
    daemon = DaemonFixture(store, composer=SpyComposer(COMPOSER, refuse(address="officer@beta.example")))
    daemon.live(at(3, 20, 9))
    assert daemon.left() == []
    assert daemon.left("head@beta.example") == ["03-20 08:00 overdue:1"]
    assert daemon.row("overdue:1").state == "sent"
    assert daemon.row("named-day").state == "failed"


def test_an_escalation_that_cannot_be_written_fails_for_all_it_carries(store: SqlStore) -> None:
    """Each with the reason."""
    daemon = DaemonFixture(store, composer=SpyComposer(COMPOSER, refuse("escalation", address="officer@lead.example")))
    daemon.live(at(3, 21, 9))
    assert {(p, daemon.row("escalate:2wd", p).state) for p in ("beta", "gamma", "lead")} == {
        ("beta", "failed"),
        ("gamma", "failed"),
        ("lead", "sent"),
    }


def test_a_party_whose_addresses_all_bounce_fails_with_the_reason(daemon: DaemonFixture) -> None:
    """Nobody can be written to; no mail to one of them waits, which would prove that it lives."""
    daemon.live(at(3, 4))
    for address in ("officer@beta.example", "head@beta.example"):
        daemon.record("bounced", milestone=None, address=address, notify=False)
    daemon.live(at(3, 11))
    row = daemon.row("before:7d")
    assert (row.state, str(row.reason)) == ("failed", "every address of beta bounces")


def test_without_an_officer_the_head_is_written_to(store: SqlStore) -> None:
    """Contract rule 10."""
    beta = replace(PARTIES[1], contacts=(Contact(name="head", email="head@beta.example", role="head"),))
    daemon = DaemonFixture(store, plan(parties=(PARTIES[0], beta, PARTIES[2])))
    daemon.live(at(3, 20, 9))
    assert len(daemon.left("head@beta.example")) == 6
    assert daemon.row("overdue:1").state == "sent"
    assert len(daemon.mails(party="beta", rung="overdue:1")) == 1


def test_an_overdue_notice_counts_those_that_really_left(store: SqlStore) -> None:
    """The party of a plan that comes in late is not told that it was written to twice before."""
    spy = SpyComposer(COMPOSER)
    daemon = DaemonFixture(store, composer=spy, start=at(3, 20, 7))
    daemon.live(at(3, 21, 12))
    daemon.record("opened")
    daemon.live(at(4, 1))
    told = [message for message in spy.written if isinstance(message, OverdueMessage)]
    numbers = [(message.rung, message.earlier) for message in told if message.to.email == "officer@beta.example"]
    assert numbers == [("overdue:2", 0), ("overdue:3", 1)]


def test_what_could_not_be_written_is_final(store: SqlStore) -> None:
    """It is not tried again by the next tick; the reason stays."""
    composer = SpyComposer(COMPOSER, refuse(party="beta"))
    daemon = DaemonFixture(store, composer=composer)
    daemon.live(at(3, 3, 9))
    composer.before = lambda message: None
    daemon.live(at(3, 9))
    assert daemon.left() == []
    assert daemon.row("before:14d").state == "failed"


def test_the_same_rung_of_two_plans_is_two_mails(store: SqlStore) -> None:
    """A plan's id is part of every identity."""
    daemon = DaemonFixture(store, plan(), plan(id="second"))
    daemon.live(at(3, 4))
    assert daemon.left() == ["03-03 08:00 before:14d"] * 2
    assert len(set(daemon.mailer.ids)) == 6


def test_what_waits_for_a_contact_that_is_no_more_goes_to_the_present_one(daemon: DaemonFixture) -> None:
    """What has left is not written again."""
    daemon.live(at(3, 9, 18))
    daemon.mailer.is_down = True
    daemon.tick(at(3, 10, 8))
    daemon.mailer.is_down = False
    beta = replace(PARTIES[1], contacts=(Contact(name="new", email="new@beta.example"),))
    daemon.definitions.plans = [plan(parties=(PARTIES[0], beta, PARTIES[2]))]
    daemon.clock.instant = at(3, 10, 9)
    daemon.take()
    daemon.live(at(3, 14, 9))
    assert daemon.left() == ["03-03 08:00 before:14d"]
    assert daemon.left("new@beta.example") == ["03-10 09:00 before:7d", "03-14 08:00 before:3wd"]
    assert [(mail.state, str(mail.reason)) for mail in daemon.mails(party="beta", rung="before:7d")] == [
        ("cancelled", "officer@beta.example is no longer a contact of beta"),
        ("sent", ""),
    ]


def test_unexpected_words_of_a_composer_are_the_reason(store: SqlStore) -> None:
    """Only the first problem: the others are in the log."""

    def fail(message: Message) -> None:
        raise UserError(f"no template for {message.kind}")

    daemon = DaemonFixture(store, plan(due_by(date(2023, 3, 17))), composer=SpyComposer(COMPOSER, fail))
    daemon.live(at(3, 4))
    assert {str(row.reason) for row in daemon.rows(None) if row.name == "before:14d"} == {
        "it could not be written: no template for reminder"
    }


def test_a_paused_address_is_written_to_through_the_next_contact_also_with_what_waits(daemon: DaemonFixture) -> None:
    daemon.live(at(3, 3, 9))
    daemon.mailer.is_down = True
    daemon.tick(at(3, 10, 8))
    daemon.record("paused", milestone=None, address="officer@beta.example", until=date(2023, 3, 10))
    daemon.mailer.is_down = False
    for hour in (10, 11):
        daemon.tick(at(3, 10, hour))
    assert daemon.left("head@beta.example") == ["03-10 11:00 before:7d"]
    daemon.tick(at(3, 14, 8))
    assert daemon.left() == ["03-03 08:00 before:14d", "03-14 08:00 before:3wd"]
