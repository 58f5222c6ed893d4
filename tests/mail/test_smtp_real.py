"""Mail through programs that other people use: Postfix, and its smtp-sink with its faults."""

from __future__ import annotations

import ssl
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir

import pytest

from scheduler import wording
from scheduler.ports import Outcome
from tests.mail.golden_mails import MAILS, golden_file, readable
from tests.support.mail_servers import Postfix, run_sink
from tests.support.polling import wait_until
from tests.support.smtp_mailers import SHORT_TIMEOUTS, mail, mailer


@pytest.mark.parametrize("language", wording.languages())
def test_every_kind_of_mail_comes_out_of_postfix_equal_to_its_golden_file(postfix: Postfix, language: str) -> None:
    """Read back from the mailbox; over STARTTLS, the certificate checked; nothing inside was touched either."""
    mails = {name: mail for name, mail in MAILS.items() if name.startswith(f"{language}/")}
    context = ssl.create_default_context(cafile=str(postfix.certificate))
    with mailer(postfix.port, host="localhost", security="starttls", context=context) as it:
        outcomes = [it.send(mail) for mail in mails.values()]
    assert {outcome.state for outcome in outcomes} == {"sent"}
    assert all("queued as" in outcome.reply for outcome in outcomes)
    for data in (arrived.replace(b"\r\n", b"\n") for arrived in postfix.read_mails(len(mails))):
        (name,) = (name for name, mail in mails.items() if data.endswith(mail.data.replace(b"\r\n", b"\n")))
        assert f"Delivered-To: {mails.pop(name).address}".encode() in data
        assert readable(data) == golden_file(name).read_text(encoding="utf-8")
    assert mails == {}


def test_postfix_refuses_an_address_a_size_and_nothing_else(postfix: Postfix) -> None:
    """Over one connection: after each refusal it goes on."""
    with mailer(postfix.port) as it:
        gone = it.send(mail(1, address="a@gone.example"))
        foreign = it.send(mail(2, address="a@elsewhere.invalid"))
        large = it.send(mail(3, data=b"x" * 70 + b"\r\n" * 1_000_000))
        fine = it.send(mail(4))
    assert (gone.state, gone.is_dead) == ("failed", True)
    assert gone.reply.startswith("550 5.1.1 <a@gone.example>")
    assert (foreign.state, foreign.account, foreign.is_dead) == ("deferred", "pause", False)
    assert foreign.reply == "554 5.7.1 <a@elsewhere.invalid>: Relay access denied"
    assert (large.state, large.pace) == ("deferred", "slowly")
    assert large.reply.startswith("552 5.3.4 ")
    assert fine.state == "sent"
    (arrived,) = postfix.read_mails(1)
    assert arrived.replace(b"\r\n", b"\n").endswith(b"\n\n.hidden\n..\n.\nend\n")


def test_postfix_ends_a_long_session_and_the_mails_go_on(postfix: Postfix) -> None:
    with mailer(postfix.port, per_connection=10) as it:
        assert {it.send(mail(number)).state for number in range(35)} == {"sent"}
    assert len(postfix.read_mails(35)) == 35


def test_mails_arrive_in_the_sink_byte_for_byte(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for folder in takewhile(lambda folder: folder != Path(gettempdir()), tmp_path.parents):
        folder.chmod(0o755)
    data = mail().data.replace(b"\r\n.\r\nend", b"\r\n.end")  # smtp-sink writes a lone dot as the end of its file
    with run_sink("-d", str(tmp_path / "%M.")) as port, mailer(port) as it:
        assert it.send(mail(data=data)).state == "sent"
        wait_until(lambda: any(tmp_path.iterdir()), "the sink writes its file")
        (file,) = tmp_path.iterdir()
        wait_until(lambda: b"end" in file.read_bytes(), "the sink writes the mail")
        assert b"Subject: x\n" in file.read_bytes()


FAULTS: dict[str, tuple[tuple[str, ...], Outcome]] = {
    "unknown user": (
        ("-f", "RCPT", "-B", "550 5.1.1 User unknown"),
        Outcome(state="failed", reply="550 5.1.1 User unknown", is_dead=True),
    ),
    "greylisting": (
        ("-r", "RCPT", "-b", "450 4.2.0 Greylisted"),
        Outcome(state="deferred", reply="450 4.2.0 Greylisted"),
    ),
    "421 for the sender": (
        ("-r", "MAIL", "-b", "421 4.7.0 Try again later"),
        Outcome(state="deferred", reply="421 4.7.0 Try again later"),
    ),
    "refused before the mail": (
        ("-f", "DATA", "-B", "554 5.7.1 Rejected"),
        Outcome(state="failed", reply="554 5.7.1 Rejected"),
    ),
    "no room after the mail": (
        ("-r", ".", "-b", "452 4.3.1 Insufficient system storage"),
        Outcome(state="deferred", reply="452 4.3.1 Insufficient system storage", pace="slowly"),
    ),
    "limit reached": (
        ("-f", ".", "-B", "550 5.4.5 Daily user sending limit exceeded"),
        Outcome(
            state="deferred", reply="550 5.4.5 Daily user sending limit exceeded", pace="slowly", account="pause"
        ),
    ),
    "closed at MAIL": (("-q", "MAIL"), Outcome(state="deferred", reply="sender: the server closed the connection")),
    "closed at RCPT": (("-q", "RCPT"), Outcome(state="deferred", reply="recipient: the server closed the connection")),
    "closed at DATA": (("-q", "DATA"), Outcome(state="deferred", reply="data: the server closed the connection")),
    "closed after the mail": (
        ("-q", "."),
        Outcome(state="ambiguous", reply="content: the server closed the connection"),
    ),
    "frozen at DATA": (("-w", "600"), Outcome(state="deferred", reply="data: no answer in time")),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_the_faults_of_the_sink(fault: str) -> None:
    options, expected = FAULTS[fault]
    with run_sink(*options) as port, mailer(port, timeouts=replace(SHORT_TIMEOUTS, command=1.0, final=1.0)) as it:
        assert it.send(mail()) == expected


def test_a_poor_server_is_enough() -> None:
    """Without ESMTP, without pipelining, without eight bits."""
    with run_sink("-e", "-p", "-8") as port, mailer(port) as it:
        assert [it.send(mail(number)).state for number in range(3)] == ["sent"] * 3
