"""Nothing is sent unprotected where protection is configured, nor to somebody who does not prove who they are."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from scheduler.mail.smtp import Security
from tests.support.mail_servers import make_certificate
from tests.support.scripted_smtp import CLOSE, FREEZE, RESET, TLS_NOT, Answer, ScriptedServer
from tests.support.smtp_mailers import SHORT_TIMEOUTS, mail, mailer


def spoken(server: ScriptedServer) -> set[str]:
    return {command.split(" ")[0].upper() for command in server.commands}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_goes_over_a_protected_connection(
    security: Security, server_context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Also many of them, with a login, over one connection."""
    with (
        ScriptedServer(context=server_context, is_implicit=security == "tls") as server,
        mailer(
            server.port, host="localhost", security=security, context=trusting, username="u", password="geheim-1"
        ) as it,
    ):
        assert [it.send(mail(number)).state for number in range(5)] == ["sent"] * 5
    assert len(server.received) == 5
    assert [command.split(" ")[0].upper() for command in server.commands].count("EHLO") == (
        2 if security == "starttls" else 1
    )


def test_a_large_mail_goes_through_tls_whole(server_context: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    data = (b"x" * 70 + b"\r\n") * 50_000
    with (
        ScriptedServer(context=server_context) as server,
        mailer(server.port, host="localhost", security="starttls", context=trusting) as it,
    ):
        assert it.send(mail(data=data)).state == "sent"
    assert server.received[0].data == data


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_lets_the_account_rest(
    security: Security, server_context: ssl.SSLContext
) -> None:
    """The checks of an ordinary system are on; neither login nor mail is shown."""
    with (
        ScriptedServer(context=server_context, is_implicit=security == "tls") as server,
        mailer(server.port, host="localhost", security=security, username="u", password="geheim-1") as it,
    ):
        outcome = it.send(mail())
    assert (outcome.state, outcome.account) == ("deferred", "pause")
    assert outcome.reply == "tls: the certificate of localhost is not accepted: self-signed certificate"
    assert spoken(server) <= {"EHLO", "STARTTLS"}


@pytest.mark.parametrize(
    ("names", "is_expired", "words"),
    [("DNS:other.example", False, "ostname mismatch"), ("DNS:localhost", True, "certificate has expired")],
)
def test_a_certificate_for_another_name_or_another_day_lets_the_account_rest(
    tmp_path: Path, names: str, is_expired: bool, words: str
) -> None:
    """Although somebody vouches for it."""
    certificate, key = make_certificate(tmp_path, names, is_expired=is_expired)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with (
        ScriptedServer(context=context) as server,
        mailer(server.port, host="localhost", security="starttls", context=trusting) as it,
    ):
        outcome = it.send(mail())
    assert outcome.account == "pause"
    assert words in outcome.reply


def test_a_server_without_starttls_gets_nothing() -> None:
    with ScriptedServer() as server, mailer(server.port, security="starttls", username="u", password="geheim-1") as it:
        outcome = it.send(mail())
    assert (outcome.state, outcome.account) == ("deferred", "pause")
    assert outcome.reply == "tls: 127.0.0.1 does not offer STARTTLS; nothing is sent unprotected"
    assert spoken(server) == {"EHLO"}


@pytest.mark.parametrize("answer", ["454 4.7.5 not now", "502 5.5.1 what?", "501 no"])
def test_a_refused_starttls_is_not_gone_without(
    answer: str, server_context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    with (
        ScriptedServer({"STARTTLS": answer}, context=server_context) as server,
        mailer(server.port, host="localhost", security="starttls", context=trusting) as it,
    ):
        outcome = it.send(mail())
    assert (outcome.state, outcome.account, outcome.reply) == ("deferred", "pause", answer)
    assert spoken(server) == {"EHLO", "STARTTLS"}


@pytest.mark.parametrize("fault", [CLOSE, RESET, FREEZE, TLS_NOT], ids=repr)
def test_tls_that_does_not_come_about(fault: Answer, server_context: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """The server is not well: the account rests and the mail waits."""
    with (
        ScriptedServer({"STARTTLS": [fault]}, context=server_context) as server,
        mailer(server.port, host="localhost", security="starttls", context=trusting, timeouts=SHORT_TIMEOUTS) as it,
    ):
        outcome = it.send(mail(1))
        assert (outcome.state, outcome.account, outcome.pace) == ("deferred", "pause", "soon")
        assert outcome.reply.startswith("tls: ")
        assert it.send(mail(2)).state == "sent"
    assert len(server.received) == 1


def test_words_from_before_the_protection_are_not_believed(
    server_context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Somebody in between could add an answer to the unprotected part (CVE-2021-38371)."""
    answers = {"STARTTLS": b"220 go ahead\r\n250-mx\r\n250 AUTH PLAIN\r\n"}
    with (
        ScriptedServer(answers, context=server_context) as server,
        mailer(
            server.port, host="localhost", security="starttls", context=trusting, username="u", password="geheim-1"
        ) as it,
    ):
        outcome = it.send(mail())
    assert (outcome.state, outcome.account) == ("deferred", "pause")
    assert spoken(server) == {"EHLO", "STARTTLS"}


def test_what_was_offered_without_protection_counts_no_more(
    server_context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """A login offered only before TLS is not used after it."""
    answers = {"EHLO": ["250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN", "250 mx"]}
    with (
        ScriptedServer(answers, context=server_context) as server,
        mailer(
            server.port, host="localhost", security="starttls", context=trusting, username="u", password="geheim-1"
        ) as it,
    ):
        outcome = it.send(mail())
    assert outcome.account == "pause"
    assert "no login" in outcome.reply
    assert "AUTH" not in spoken(server)


def test_a_plain_server_where_tls_is_expected(trusting: ssl.SSLContext) -> None:
    """The usual mix-up of ports 465 and 587."""
    with ScriptedServer() as server, mailer(server.port, host="localhost", security="tls", context=trusting) as it:
        outcome = it.send(mail())
    assert (outcome.state, outcome.account) == ("deferred", "pause")
    assert outcome.reply.startswith("tls: no TLS with localhost: ")


def test_a_server_that_is_silent_where_tls_is_expected(trusting: ssl.SSLContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with mailer(port, host="127.0.0.1", security="tls", context=trusting, timeouts=SHORT_TIMEOUTS) as it:
            outcome = it.send(mail())
    assert (outcome.state, outcome.account, outcome.reply) == ("deferred", "pause", "tls: no answer in time")


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "content"])
@pytest.mark.parametrize("fault", [CLOSE, RESET, FREEZE], ids=repr)
def test_faults_are_the_same_inside_tls(
    verb: str, fault: Answer, server_context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    with (
        ScriptedServer({verb: [fault]}, context=server_context, is_implicit=True) as server,
        mailer(server.port, host="localhost", security="tls", context=trusting, timeouts=SHORT_TIMEOUTS) as it,
    ):
        assert it.send(mail(1)).state == ("ambiguous" if verb == "content" else "deferred")
        assert it.send(mail(2)).state == "sent"


def test_two_answers_at_once_are_seen_inside_tls(server_context: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    with (
        ScriptedServer({"RCPT": [b"250 ok\r\n354 go on\r\n"]}, context=server_context, is_implicit=True) as server,
        mailer(server.port, host="localhost", security="tls", context=trusting) as it,
    ):
        assert it.send(mail(1)).state == "deferred"
        assert it.send(mail(2)).state == "sent"
    assert len(server.received) == 1


def test_no_thread_is_left_behind() -> None:
    """The servers of these tests end with their test."""
    assert threading.active_count() < 10
