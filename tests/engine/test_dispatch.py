"""Due rungs become finished mails: each once, each addressee its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from scheduler.errors import UserError
from scheduler.plan.messages.message import Letter
from scheduler.plan.model import Contact, Group
from scheduler.store import SqlStore
from tests.support.daemon_fixture import COMPOSER, House, due_by, plan, report, templates
from tests.support.fakes import Scribe, refuse
from tests.support.plan_builders import PARTIES, at, party


def parties(count: int) -> dict[str, object]:
    """Return a roster so large that its rungs fill several pages."""
    made = [party(f"p{number:03}") for number in range(count)]
    members = Group(id="members", parties=tuple(p.id for p in made))
    lead = Group(id="lead", parties=(made[0].id,))
    return {"parties": made, "groups": [lead, members]}


def test_more_rungs_than_fit_one_page_all_leave_once(store: SqlStore) -> None:
    """450 parties, 200 to a page, 50 to a delivery."""
    house = House(store, plan(report(), **parties(450)))
    house.tick(at(3, 3, 7))
    house.tick(at(3, 3, 8))
    assert len(house.post.ids) == len(set(house.post.ids)) == 450
    assert {row.state for row in house.rows(None) if row.name == "before:14d"} == {"sent"}


def test_250_missing_parties_are_listed_in_one_mail(store: SqlStore) -> None:
    """Pages do not cut an escalation in two."""
    letters: list[Letter] = []
    house = House(store, plan(report(), **parties(250)), composer=Scribe(COMPOSER, letters.append))
    house.tick(at(3, 17, 7))
    house.tick(at(3, 20, 9))
    house.tick(at(3, 21, 8))
    rolls = {letter.to.email: letter.roll for letter in letters if letter.kind == "escalation"}
    assert set(rolls) == {"officer@p000.example", "head@p000.example"}  # about the lead: to its own head
    roll = rolls["officer@p000.example"]
    assert roll is not None
    assert len(roll.entries) == 250
    carried = [mail for mail in house.mails(kind="escalation") if mail.mail.address == "officer@p000.example"]
    assert [len(mail.rungs) for mail in carried] == [249]


def test_an_escalation_that_nobody_stands_above_is_skipped_with_the_reason(store: SqlStore) -> None:
    """The lead is late, has no head, and there are no deputies."""
    lead = replace(PARTIES[0], contacts=PARTIES[0].contacts[:1])
    house = House(store, plan(parties=(lead, *PARTIES[1:])))
    house.live(at(4, 1))
    row = house.row("escalate:2wd", "lead")
    assert (row.state, row.reason) == ("skipped", "nobody stands above lead in the roster")


def test_who_was_not_reached_by_a_single_notice_is_not_reported(store: SqlStore) -> None:
    """The mail server was away all the time; what could not be said cannot be held against anybody."""
    house = House(store, start=at(3, 17, 12))
    house.live(at(3, 17, 13))
    house.record("received", "lead", notify=False)
    house.post.is_down = True
    house.live(at(3, 22))
    rows = [house.row("escalate:2wd", who) for who in ("beta", "gamma")]
    assert {(row.state, row.reason) for row in rows} == {
        ("skipped", "no notice to beta has left"),
        ("skipped", "no notice to gamma has left"),
    }
    assert house.mails(kind="escalation") == []


def test_a_mail_that_cannot_be_written_fails_its_own_rung_only(store: SqlStore) -> None:
    """The words of the template's error are the reason, and the operator is told."""
    house = House(store, composer=Scribe(COMPOSER, refuse(party="beta")))
    house.live(at(3, 4))
    assert (house.row("before:14d").state, house.row("before:14d").reason) == ("failed", "no words")
    assert house.row("before:14d", "gamma").state == "sent"
    assert house.told("trouble") == ["could not be written: no words\n    look at the template"]


def test_a_template_that_fails_for_one_party_costs_nobody_else_a_mail(store: SqlStore, tmp_path: Path) -> None:
    """With the real composer and a template of the organisation's own."""
    own = tmp_path / "mail" / "vi"
    own.mkdir(parents=True)
    (own / "reminder.subject").write_text("{{ 1 // (party.id != 'beta') }}", encoding="utf-8")
    house = House(store, composer=templates(tmp_path))
    house.live(at(3, 4))
    assert house.row("before:14d").state == "failed"
    assert "the reminder mail to beta cannot be written" in house.row("before:14d").reason
    assert house.left("officer@gamma.example") == ["03-03 08:00 before:14d"]


def test_a_rung_of_which_one_of_two_mails_was_written_is_sent(store: SqlStore) -> None:
    """The head could be told, the officer could not."""
    house = House(store, composer=Scribe(COMPOSER, refuse(address="officer@beta.example")))
    house.live(at(3, 20, 9))
    assert house.left() == []
    assert house.left("head@beta.example") == ["03-20 08:00 overdue:1"]
    assert house.row("overdue:1").state == "sent"
    assert house.row("named-day").state == "failed"


def test_an_escalation_that_cannot_be_written_fails_for_all_it_carries(store: SqlStore) -> None:
    """Each with the reason."""
    house = House(store, composer=Scribe(COMPOSER, refuse("escalation", address="officer@lead.example")))
    house.live(at(3, 21, 9))
    assert {(p, house.row("escalate:2wd", p).state) for p in ("beta", "gamma", "lead")} == {
        ("beta", "failed"),
        ("gamma", "failed"),
        ("lead", "sent"),
    }


def test_a_party_whose_addresses_all_bounce_fails_with_the_reason(house: House) -> None:
    """Nobody can be written to."""
    house.live(at(3, 4))
    for address in ("officer@beta.example", "head@beta.example"):
        house.record("bounced", milestone=None, address=address)
    house.live(at(3, 11))
    row = house.row("before:7d")
    assert (row.state, row.reason) == ("failed", "every address of beta bounces")


def test_without_an_officer_the_head_is_written_to(store: SqlStore) -> None:
    """Contract rule 10."""
    beta = replace(PARTIES[1], contacts=(Contact(name="head", email="head@beta.example", role="head"),))
    house = House(store, plan(parties=(PARTIES[0], beta, PARTIES[2])))
    house.live(at(3, 20, 9))
    assert len(house.left("head@beta.example")) == 6
    assert house.row("overdue:1").state == "sent"
    assert len(house.mails(party="beta", rung="overdue:1")) == 1


def test_what_could_not_be_written_is_final(store: SqlStore) -> None:
    """It is not tried again by the next tick; the reason stays."""
    scribe = Scribe(COMPOSER, refuse(party="beta"))
    house = House(store, composer=scribe)
    house.live(at(3, 3, 9))
    scribe.before = lambda letter: None
    house.live(at(3, 9))
    assert house.left() == []
    assert house.row("before:14d").state == "failed"


def test_the_same_rung_of_two_plans_is_two_mails(store: SqlStore) -> None:
    """A plan's id is part of every identity."""
    house = House(store, plan(), plan(id="second"))
    house.live(at(3, 4))
    assert house.left() == ["03-03 08:00 before:14d"] * 2
    assert len(set(house.post.ids)) == 6


def test_a_roster_that_changed_after_dispatch_does_not_rewrite_the_past(house: House) -> None:
    """A delivery is made when the rung is dispatched."""
    house.live(at(3, 9, 18))
    house.post.is_down = True
    house.tick(at(3, 10, 8))
    house.post.is_down = False
    beta = replace(PARTIES[1], contacts=(Contact(name="new", email="new@beta.example"),))
    house.shelf.plans = [plan(parties=(PARTIES[0], beta, PARTIES[2]))]
    house.clock.instant = at(3, 10, 9)
    house.take()
    house.live(at(3, 14, 9))
    assert house.left() == ["03-03 08:00 before:14d", "03-10 09:00 before:7d"]
    assert house.left("new@beta.example") == ["03-14 08:00 before:3wd"]


def test_unexpected_words_of_a_composer_are_the_reason(store: SqlStore) -> None:
    """Only the first problem: the others are in the log."""

    def fail(letter: Letter) -> None:
        raise UserError(f"no template for {letter.kind}")

    house = House(store, plan(due_by(date(2023, 3, 17))), composer=Scribe(COMPOSER, fail))
    house.live(at(3, 4))
    assert {row.reason for row in house.rows(None) if row.name == "before:14d"} == {"no template for reminder"}
