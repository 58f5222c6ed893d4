"""A mail whose answer was lost is looked for in the sent folder before it goes out once more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.engine.mails.delivery import HOLD
from scheduler.engine.mails.mail_queue import LEASE
from scheduler.mail.sent_folder import TIMEOUT
from scheduler.ports import Mail, MessageRow, Outcome
from scheduler.store import SqlStore
from tests.support.daemon_fixture import DaemonFixture
from tests.support.fakes import Crash, FakeSentFolder
from tests.support.plan_builders import at

SENT = Outcome(state="sent", reply="250 ok")
LATER = Outcome(state="deferred", reply="451 4.3.0 try later")
LOST = Outcome(state="ambiguous", reply="the connection died after the mail was handed over")


@pytest.fixture
def sent_folder() -> FakeSentFolder:
    return FakeSentFolder()


@pytest.fixture
def unclear(store: SqlStore, sent_folder: FakeSentFolder) -> DaemonFixture:
    """Return a daemon in which nobody knows of three mails whether they have left; the next attempt would succeed."""
    daemon = DaemonFixture(store, sent_folder=sent_folder)
    daemon.live(at(3, 9, 18))
    daemon.mailer.sent.clear()
    daemon.mailer.outcome = LOST
    daemon.tick(at(3, 10, 8))
    daemon.mailer.outcome = SENT
    return daemon


def mails(daemon: DaemonFixture) -> list[MessageRow]:
    return daemon.mails(rung="before:7d")


def beta(daemon: DaemonFixture) -> MessageRow:
    [mail] = daemon.mails(rung="before:7d", party="beta")
    return mail


def test_a_mail_that_is_found_is_sent_and_does_not_go_out_again(
    unclear: DaemonFixture, sent_folder: FakeSentFolder
) -> None:
    sent_folder.ids = {mail.mail.message_id for mail in mails(unclear)}
    unclear.live(at(3, 10, 9))
    assert len(unclear.mailer.sent) == 3
    assert {(mail.state, mail.attempts) for mail in mails(unclear)} == {("sent", 1)}
    assert unclear.row("before:7d").state == "sent"
    assert "found in the sent folder" in str(unclear.row("before:7d").reason)
    assert beta(unclear).reply == LOST.reply


def test_a_mail_that_is_not_found_goes_out_once_more_with_the_same_bytes(
    unclear: DaemonFixture, sent_folder: FakeSentFolder
) -> None:
    sent_folder.ids = {"<another@plan.example>"}
    unclear.live(at(3, 10, 9))
    assert unclear.left() == ["03-10 08:00 before:7d", "03-10 08:10 before:7d"]
    assert len({mail.data for _, mail in unclear.mailer.sent if mail.address == "officer@beta.example"}) == 1
    assert (beta(unclear).state, str(beta(unclear).reason), beta(unclear).attempts) == ("sent", "", 2)


def test_a_folder_that_cannot_be_looked_into_is_told_once_and_stops_nothing(
    unclear: DaemonFixture, sent_folder: FakeSentFolder
) -> None:
    sent_folder.is_down = True
    unclear.live(at(3, 10, 9))
    assert len(sent_folder.looks) == 1
    [line] = unclear.logged("trouble")
    assert "the mailbox does not answer" in line
    assert "look at [inbox]" in line
    assert len(unclear.mailer.sent) == 6
    assert {mail.state for mail in mails(unclear)} == {"sent"}


def test_each_later_attempt_looks_anew(unclear: DaemonFixture, sent_folder: FakeSentFolder) -> None:
    """The trouble that made the mail unclear may last; it is over for both servers at once."""
    sent_folder.is_down, unclear.mailer.outcome = True, LATER
    unclear.live(at(3, 10, 8, 10))
    assert {mail.state for mail in mails(unclear)} == {"queued"}
    sent_folder.is_down, sent_folder.ids = False, {mail.mail.message_id for mail in mails(unclear)}
    unclear.live(at(3, 10, 9))
    assert len(unclear.mailer.sent) == 6
    assert {(mail.state, mail.attempts) for mail in mails(unclear)} == {("sent", 2)}


def test_what_has_left_is_sent_even_if_the_party_has_answered_since(
    unclear: DaemonFixture, sent_folder: FakeSentFolder
) -> None:
    """The record says what happened; only what is not found is looked at again."""
    sent_folder.ids = {beta(unclear).mail.message_id}
    unclear.slip_in("received", "beta")
    unclear.slip_in("received", "gamma")
    unclear.live(at(3, 10, 9))
    assert {mail.party: mail.state for mail in mails(unclear)} == {"lead": "sent", "beta": "sent", "gamma": "skipped"}


def test_a_mail_that_a_person_sends_once_more_is_looked_for_first(
    unclear: DaemonFixture, sent_folder: FakeSentFolder
) -> None:
    unclear.mailer.outcome = LOST
    unclear.live(at(3, 10, 9))
    mail = beta(unclear)
    assert mail.state == "ambiguous"
    sent_folder.ids = {mail.mail.message_id}
    with unclear.store.transaction() as unit:
        assert unit.outbox.retry(mail.id, now=at(3, 10, 9))
    unclear.tick(at(3, 10, 9, 1))
    assert (beta(unclear).state, beta(unclear).attempts) == ("sent", 2)


def test_a_look_and_the_mail_after_it_fit_into_the_lease() -> None:
    """As the last ones of a page that was worked on as long as may be."""
    assert HOLD + timedelta(seconds=TIMEOUT) + timedelta(minutes=10) < LEASE


def test_nobody_looks_for_a_mail_that_was_answered(store: SqlStore) -> None:
    sent_folder = FakeSentFolder()
    daemon = DaemonFixture(store, sent_folder=sent_folder)
    daemon.mailer.outcome = LATER
    daemon.tick(at(3, 3, 8))
    daemon.mailer.outcome = SENT
    daemon.live(at(3, 4))
    assert {mail.state for mail in daemon.mails()} == {"sent"}
    assert sent_folder.looks == []


def test_what_a_daemon_that_died_may_have_handed_over_is_looked_for(
    store: SqlStore, sent_folder: FakeSentFolder
) -> None:
    def die(mail: Mail) -> None:
        daemon.mailer.sent.append((daemon.clock.now(), mail))
        raise Crash

    daemon = DaemonFixture(store, sent_folder=sent_folder)
    daemon.live(at(3, 9, 18))
    daemon.mailer.sent.clear()
    daemon.mailer.before = die
    with pytest.raises(Crash):
        daemon.tick(at(3, 10, 8))
    [(_, handed_over)] = daemon.mailer.sent
    sent_folder.ids = {handed_over.message_id}
    daemon.mailer.before = lambda _: None
    daemon.ticker = daemon.new_ticker(name="second", sent_folder=sent_folder)
    daemon.live(at(3, 10, 9))
    assert sorted(daemon.mailer.ids) == sorted(mail.mail.message_id for mail in mails(daemon))  # none of them twice
    assert {mail.state for mail in mails(daemon)} == {"sent"}
