"""The mail server is away for three days over a deadline, and comes back."""

from __future__ import annotations

import socket
from collections import Counter
from contextlib import closing

from scheduler.plan.messages.message import Message, OutageMessage
from scheduler.store import open_store
from tests.support.daemon_fixture import COMPOSER, DaemonFixture
from tests.support.fakes import SpyComposer
from tests.support.plan_builders import at
from tests.support.scripted_smtp import ScriptedServer
from tests.support.smtp_mailers import mailer


def test_a_mail_server_away_over_a_deadline_leaves_one_summary_and_nothing_stale(file_url: str) -> None:
    """Who has submitted meanwhile is not written to; the others get the newest notice and none before it."""
    messages: list[Message] = []
    with closing(open_store(file_url)) as store, socket.socket() as port:
        port.bind(("127.0.0.1", 0))  # nobody listens there
        with mailer(port.getsockname()[1]) as post:
            daemon = DaemonFixture(
                store, start=at(3, 17, 7), mailer=post, composer=SpyComposer(COMPOSER, messages.append)
            )
            daemon.live(at(3, 20, 9))
            daemon.record("received", "gamma", notify=False)
            daemon.live(at(3, 20, 10))
            assert {mail.state for mail in daemon.mails(rung="overdue:1", party="gamma")} == {"queued"}
            with ScriptedServer(bound=port) as server:
                daemon.live(at(3, 20, 17))
    assert all("cannot reach 127.0.0.1" in text for text in daemon.logged("trouble"))
    assert Counter(received.recipient for received in server.received) == {
        "officer@beta.example": 1,
        "head@beta.example": 1,
        "officer@lead.example": 1,
        "head@lead.example": 1,
        "ops@cum.example": 1,
    }
    assert (daemon.row("named-day").state, daemon.row("overdue:1").state) == ("missed", "sent")
    assert (daemon.row("overdue:1", "gamma").state, str(daemon.row("overdue:1", "gamma").reason)[:9]) == (
        "skipped",
        "received ",
    )
    (summary,) = [message.outage for message in messages if isinstance(message, OutageMessage)]
    stale = {("lead", "named-day", "missed"), ("beta", "named-day", "missed"), ("gamma", "named-day", "missed")}
    assert {(entry.party.id, entry.rung, entry.outcome) for entry in summary.entries} == stale
