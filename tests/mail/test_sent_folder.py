"""The sent folder of a real IMAP server is looked into, and a server that is unwell is named in time."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.mail.sent_folder import ImapSentFolder
from scheduler.mail.smtp import Account, Security
from scheduler.ports import SentFolder
from tests.contracts.sent_folders import Keep, SentFolderContract
from tests.support.dovecot import PASSWORD, Dovecot, run_dovecot
from tests.support.polling import wait_until
from tests.support.scripted_smtp import DRIP, ScriptedServer

ID = "<a1@hanchot.example>"


def a_folder(
    server: Dovecot | int,
    name: str = "Sent",
    *,
    security: Security = "none",
    username: str = "office",
    password: str = PASSWORD,
    context: ssl.SSLContext | None = None,
    timeout: float = 20.0,
) -> ImapSentFolder:
    """Return a folder of a server of the tests, or of whatever listens on a port."""
    port = server if isinstance(server, int) else server.tls_port if security == "tls" else server.port
    account = Account(host="localhost", port=port, security=security, username=username, password=password)
    return ImapSentFolder(account, name, context=context, timeout=timeout)


@pytest.fixture
def account(tmp_path: Path, dovecot: Dovecot) -> str:
    """Return an account with an empty sent folder."""
    dovecot.keep(tmp_path.name, ".Sent", "<0@hanchot.example>").unlink()
    return tmp_path.name


def complaint(folder: ImapSentFolder) -> tuple[str, str]:
    """Return what is said, and the way out, where a look fails."""
    with pytest.raises(UserError) as refused:
        folder.has(ID)
    [problem] = refused.value.problems
    assert PASSWORD not in str(refused.value)
    assert problem.hint is not None
    return problem.message, problem.hint


class TestImapSentFolder(SentFolderContract):
    @pytest.fixture
    def sent_folder(self, dovecot: Dovecot, account: str) -> SentFolder:
        return a_folder(dovecot, username=account)

    @pytest.fixture
    def keep(self, dovecot: Dovecot, account: str) -> Keep:
        return lambda message_id: dovecot.keep(account, ".Sent", message_id)

    @pytest.fixture
    def broken(self, dovecot: Dovecot, account: str) -> SentFolder:
        return a_folder(dovecot, "Nowhere", username=account)


# ---- a real server


def test_looking_leaves_a_mail_as_it_was(dovecot: Dovecot, account: str) -> None:
    """Not read, not even seen: it still lies among the new ones."""
    file = dovecot.keep(account, ".Sent", ID)
    folder = a_folder(dovecot, username=account)
    folder.check()
    assert folder.has(ID)
    assert list(file.parent.iterdir()) == [file]
    assert list((file.parent.parent / "cur").iterdir()) == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_look_over_a_protected_connection(security: Security, dovecot: Dovecot, account: str) -> None:
    dovecot.keep(account, ".Sent", ID)
    assert a_folder(dovecot, username=account, security=security, context=dovecot.trusting).has(ID)


@pytest.mark.parametrize(
    ("name", "on_disk"),
    [
        ("[Gmail]/Thư đã gửi", ".[Gmail].Th&AbA- &AREA4w- g&Hu0-i"),
        ("Gửi & nhận", ".G&Hu0-i &- nh&Hq0-n"),
        ('A "sent" \\ folder', '.A "sent" \\ folder'),
    ],
)
def test_a_folder_may_have_any_name(name: str, on_disk: str, dovecot: Dovecot, account: str) -> None:
    """IMAP encodes names with diacritics in a way of its own."""
    dovecot.keep(account, on_disk, ID)
    assert a_folder(dovecot, name, username=account).has(ID)


def test_a_folder_that_is_not_there_is_told_with_the_near_names(dovecot: Dovecot, account: str) -> None:
    dovecot.keep(account, ".[Gmail].Th&AbA- &AREA4w- g&Hu0-i", ID)
    message, hint = complaint(a_folder(dovecot, "[Gmail]/Thư đã gởi", username=account))
    assert message == f"localhost port {dovecot.port} has no folder '[Gmail]/Thư đã gởi'"
    assert hint == "check inbox.sent; did you mean [Gmail]/Thư đã gửi?"


def test_a_wrong_password_is_told_in_the_servers_words(dovecot: Dovecot, account: str) -> None:
    message, hint = complaint(a_folder(dovecot, username=account, password="wrong"))
    assert message.endswith("does not take the login: [AUTHENTICATIONFAILED] Authentication failed.")
    assert "username and password" in hint


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(security: Security, dovecot: Dovecot, account: str) -> None:
    """The checks of an ordinary system are on."""
    message, _ = complaint(a_folder(dovecot, username=account, security=security))
    assert message.endswith("its certificate is not accepted: self-signed certificate")


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_frozen_server_is_given_up_in_time(security: Security, dovecot: Dovecot, account: str) -> None:
    folder = a_folder(dovecot, username=account, security=security, context=dovecot.trusting, timeout=0.3)
    started = time.monotonic()
    with dovecot.frozen():
        message, _ = complaint(folder)
    assert message.endswith("gave no answer within 0.3 seconds")
    assert time.monotonic() - started < 10
    assert not a_folder(dovecot, username=account).has(ID)


def test_a_server_without_starttls_gets_no_password(account: str) -> None:
    with run_dovecot(tls="no") as server:
        message, _ = complaint(a_folder(server, username=account, security="starttls"))
        assert message.endswith("it does not offer STARTTLS; nothing is sent unprotected")
        log = server.folder / "log"
        wait_until(lambda: log.read_text().count("Disconnected") == 2, "Dovecot logs this connection and the first")
        text = log.read_text()
    assert "Login:" not in text
    assert "auth failed" not in text


# ---- something that is no good server


def test_a_server_that_trickles_is_given_up_in_time() -> None:
    """Each byte would start the timeout of a socket anew."""
    with ScriptedServer({"greeting": DRIP}) as server:
        message, _ = complaint(a_folder(server.port, timeout=0.5))
    assert message.endswith("gave no answer within 0.5 seconds")


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_what_speaks_another_language_is_told(security: Security) -> None:
    with ScriptedServer() as server:
        port = server.port
        message, hint = complaint(a_folder(port, security=security))
    assert message.startswith(f"localhost port {port}: ")
    assert "security in [inbox]" in hint


def test_a_port_on_which_nobody_listens_is_told() -> None:
    with ScriptedServer() as server:
        port = server.port
    assert complaint(a_folder(port))[0] == f"localhost port {port}: cannot be reached: Connection refused"


def test_a_host_that_does_not_exist_is_told() -> None:
    account = Account(host="imap.invalid", port=993, security="tls", username="u", password=PASSWORD)
    assert "its address cannot be found" in complaint(ImapSentFolder(account, "Sent"))[0]


@contextmanager
def echoing_server() -> Iterator[int]:
    """Run a server that knows LOGIN only and repeats what it hears, and yield its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb", buffering=0) as stream:
            stream.write(b"* OK hello\r\n")
            while line := stream.readline().strip():
                tag, _, command = line.partition(b" ")
                if command == b"CAPABILITY":
                    stream.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
                elif command == b"LOGOUT":
                    stream.write(b"* BYE bye\r\n" + tag + b" OK done\r\n")
                else:
                    stream.write(tag + b" NO what is " + command + b"\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        thread.join(10)
        listener.close()
        assert not thread.is_alive()


def test_a_password_that_the_server_repeats_is_not_shown() -> None:
    with echoing_server() as port:
        message, _ = complaint(a_folder(port, password="geheim-1"))
    assert message.endswith('it does not take the login: what is LOGIN office "***"')


def test_a_login_that_an_old_server_cannot_take_is_refused_without_showing_it() -> None:
    with echoing_server() as port:
        message, hint = complaint(a_folder(port, password="mật"))
    assert message.endswith("it takes a login in plain ASCII only")
    assert "ậ" not in message + hint
