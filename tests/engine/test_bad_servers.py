"""A real record and real connections, and a mail server that misbehaves once."""

from __future__ import annotations

from collections import Counter

import pytest

from scheduler.ports import AccountState
from scheduler.store import SqlStore
from tests.support.daemon_fixture import DaemonFixture
from tests.support.plan_builders import at
from tests.support.scripted_smtp import CLOSE, ENDLESS_LINES, Answer, ScriptedServer
from tests.support.smtp_mailers import SHORT_TIMEOUTS, mailer

HALF = b"250-the first line\r\n250 and then noth"


@pytest.mark.parametrize("verb", ["greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "content"])
@pytest.mark.parametrize("fault", [CLOSE, HALF, ENDLESS_LINES], ids=repr)
def test_nothing_is_lost_and_nothing_comes_twice_but_the_one_that_was_unclear(
    store: SqlStore, verb: str, fault: Answer
) -> None:
    """Three mails are due; what the server had in hand when it fell silent goes out once more, byte for byte."""
    with (
        ScriptedServer({verb: [fault]}) as server,
        mailer(server.port, username="u", password="geheim-1", timeouts=SHORT_TIMEOUTS) as it,
    ):
        daemon = DaemonFixture(store, mailer=it)
        daemon.live(at(3, 3, 17))
    mails = daemon.mails(rung="before:14d")
    assert [mail.state for mail in mails] == ["sent"] * 3
    assert daemon.states(None)["before:14d"] == "sent"
    copies = Counter(received.data for received in server.received)
    assert set(copies) == {mail.mail.data for mail in mails}
    assert sorted(copies.values()) == ([1, 1, 2] if verb == "content" else [1, 1, 1])
    assert sum(mail.unclear for mail in mails) == (verb == "content")


@pytest.mark.parametrize(
    ("verb", "refusal"),
    [
        ("greeting", "554 No SMTP service here"),
        ("EHLO", "550 5.7.1 not for you"),
        ("AUTH", "504 5.5.4 Encryption required for requested authentication mechanism"),
        ("MAIL", "550 5.7.1 no"),
        ("RCPT", "554 5.7.1 Service unavailable; Client host [203.0.113.5] blocked using zen.spamhaus.org"),
        ("content", "550 5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM."),
    ],
)
def test_a_server_that_refuses_us_for_a_while_costs_time_and_nothing_else(
    store: SqlStore, verb: str, refusal: str
) -> None:
    """Each pause is longer, up to an hour; nobody has to start the account again, and no address is dead."""
    refusals: list[Answer] = [refusal] * 5
    with ScriptedServer({verb: refusals}) as server, mailer(server.port, username="u", password="geheim-1") as it:
        daemon = DaemonFixture(store, mailer=it)
        daemon.live(at(3, 3, 17))
    mails = daemon.mails(rung="before:14d")
    assert [mail.state for mail in mails] == ["sent"] * 3
    assert daemon.facts() == []
    told = [text.partition(" for ")[2] for text in daemon.logged("trouble") if "rests" in text]
    assert told == [f"{minutes} minutes: {refusal}" for minutes in (15, 30, 60, 60, 60)]
    with store.reading() as view:
        assert view.accounts.state(it.account) == AccountState(name=it.account)
