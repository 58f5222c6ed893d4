"""A real record and real connections, and a mail server that misbehaves once."""

from __future__ import annotations

from collections import Counter

import pytest

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
